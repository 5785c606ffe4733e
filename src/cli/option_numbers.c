/* option_numbers.c - numbers of the command line. */
#include "cli/option_numbers.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

bool ec_whole_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;
	errno = 0;
	unsigned long long read = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || read < min || read > max)
		return false;
	*value = read;
	return true;
}

uint64_t ec_option_whole(struct argp_state *state, const char *option, const char *text,
                         uint64_t min, uint64_t max)
{
	uint64_t value = 0;
	if (!ec_whole_number(text, min, max, &value))
		argp_error(state,
		           "--%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'",
		           option, min, max, text);
	return value;
}

double ec_option_real(struct argp_state *state, const char *option, const char *text, double min,
                      double max)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !(value >= min && value <= max))
		argp_error(state, "--%s takes a number from %g to %g, not '%s'", option, min, max,
		           text);
	return value;
}
