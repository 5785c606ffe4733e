/* commands_test.c - the table is in order, and a mistyped command meets the right suggestion. */
#include "base/test.h"
#include "cli/commands.h"

#include <string.h>

static void every_command_is_found_once_and_described(void **state)
{
	(void)state;
	for (const struct ec_command *command = ec_commands; command->name; command++) {
		assert_ptr_equal(ec_command_find(command->name), command);
		assert_non_null(command->run);
		assert_true(strlen(command->summary) > 0 && strlen(command->summary) <= 70);
	}
	assert_null(ec_command_find("no-such-command"));
	assert_null(ec_command_find(""));
}

static void a_mistyped_command_is_recognised(void **state)
{
	(void)state;
	assert_string_equal(ec_command_suggest("sin")->name, "sim");
	assert_string_equal(ec_command_suggest("simm")->name, "sim");
	assert_string_equal(ec_command_suggest("si")->name, "sim");
}

static void nothing_is_suggested_for_what_is_far_away(void **state)
{
	(void)state;
	assert_null(ec_command_suggest("xyzzyxyzzy"));
	assert_null(ec_command_suggest(""));
	assert_null(ec_command_suggest("a-name-that-is-longer-than-any-command-could-ever-be"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_found_once_and_described),
		cmocka_unit_test(a_mistyped_command_is_recognised),
		cmocka_unit_test(nothing_is_suggested_for_what_is_far_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
