/* result.c - names of results. */
#include "ledger/result.h"

const char *ec_result_name(unsigned code)
{
	switch (code) {
#define CASE(code, value, name, text) \
	case value:                   \
		return name;
		EC_RESULTS(CASE)
#undef CASE
	default:
		return "?";
	}
}

const char *ec_result_text(unsigned code)
{
	switch (code) {
#define CASE(code, value, name, text) \
	case value:                   \
		return text;
		EC_RESULTS(CASE)
#undef CASE
	default:
		return "unknown result code";
	}
}
