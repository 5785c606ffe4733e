/* option_numbers.h - numbers of the command line: one way to read them, one way to refuse them. */
#ifndef EC_CLI_OPTION_NUMBERS_H
#define EC_CLI_OPTION_NUMBERS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* A whole number in decimal digits and nothing else.  Returns: false when it is none, or not from
 * min to max. */
bool ec_whole_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* The argument of an option, a whole number from min to max; anything else ends the program with
 * the option's name and its bounds (argp_error).  In: option: without its dashes. */
uint64_t ec_option_whole(struct argp_state *state, const char *option, const char *text,
                         uint64_t min, uint64_t max);

/* Likewise a number with decimals, as strtod(3) reads it; not a number is refused. */
double ec_option_real(struct argp_state *state, const char *option, const char *text, double min,
                      double max);

#endif
