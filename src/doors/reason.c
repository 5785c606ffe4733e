/* reason.c - the list of reasons, read three ways. */
#include "doors/reason.h"

const char *ec_reason_name(unsigned reason)
{
	switch (reason) {
#define CASE(reason, value, name, status, text, remedy) \
	case value:                                     \
		return name;
		EC_REASONS(CASE)
#undef CASE
	default:
		return "unknown";
	}
}

const char *ec_reason_text(unsigned reason)
{
	switch (reason) {
#define CASE(reason, value, name, status, text, remedy) \
	case value:                                     \
		return text;
		EC_REASONS(CASE)
#undef CASE
	default:
		return "a reason that this program does not know";
	}
}

const char *ec_reason_remedy(unsigned reason)
{
	switch (reason) {
#define CASE(reason, value, name, status, text, remedy) \
	case value:                                     \
		return remedy;
		EC_REASONS(CASE)
#undef CASE
	default:
		return "update this program";
	}
}

unsigned ec_reason_status(unsigned reason)
{
	switch (reason) {
#define CASE(reason, value, name, status, text, remedy) \
	case value:                                     \
		return status;
		EC_REASONS(CASE)
#undef CASE
	default:
		return 500;
	}
}
