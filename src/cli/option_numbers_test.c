/* option_numbers_test.c - what is a number of the command line, and what is none. */
#include "cli/option_numbers.h"

#include "base/test.h"

static void whole_numbers_are_digits_within_their_bounds(void **state)
{
	(void)state;
	uint64_t value = 7;
	assert_true(ec_whole_number("0", 0, 9, &value) && value == 0);
	assert_true(ec_whole_number("9", 0, 9, &value) && value == 9);
	assert_true(ec_whole_number("18446744073709551615", 0, UINT64_MAX, &value));
	assert_true(value == UINT64_MAX);
	static const char *const none[] = {"",   "x",  "5x",  " 5",  "+5",
	                                   "-5", "10", "0x5", "5.0", "18446744073709551616"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		value = 7;
		assert_false(ec_whole_number(none[i], 0, 9, &value));
		assert_int_equal(value, 7);
	}
	assert_false(ec_whole_number("18446744073709551616", 0, UINT64_MAX, &value));
	assert_false(ec_whole_number("4", 5, 9, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_digits_within_their_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
