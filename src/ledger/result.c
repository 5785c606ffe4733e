/* result.c - the names and sentences of results. */
#include "ledger/result.h"

static const struct {
	const char *name, *text;
} results[] = {
#define X(code, value, name, text) [value] = {name, text},
	EC_RESULTS(X)
#undef X
};

bool ec_result_turned_away(unsigned code)
{
	return code == EC_RESULT_USED || code == EC_RESULT_OLD || code == EC_RESULT_GAP ||
	       code == EC_RESULT_EXPIRED || code == EC_RESULT_STRANGER;
}

const char *ec_result_name(unsigned code)
{
	return code < EC_RESULT_COUNT ? results[code].name : "?";
}

const char *ec_result_text(unsigned code)
{
	return code < EC_RESULT_COUNT ? results[code].text : "a result of no known code";
}
