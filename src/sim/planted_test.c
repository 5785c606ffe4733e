/* planted_test.c - the hunt of planted bugs: what is caught, what is not, and the tests it names.
 */
#include "base/test.h"
#include "sim/planted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether a file registers this test, for one protocol or for two. */
static bool registered(const char *path, const char *test)
{
	char line[256], wanted[200], of_both[200];
	bool found = false;
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("%s: not there", path);
	snprintf(wanted, sizeof wanted, "cmocka_unit_test(%s)", test);
	snprintf(of_both, sizeof of_both, "OF_BOTH(%s)", test);
	while (!found && fgets(line, sizeof line, file))
		found = strstr(line, wanted) || strstr(line, of_both);
	fclose(file);
	return found;
}

static void every_test_that_is_named_exists(void **state)
{
	const struct sim_planted_test *test;
	unsigned count = 0;
	(void)state;
	for (; (test = sim_planted_test_at(count)); count++) {
		const struct sim_protocol_entry *entry = sim_protocol_find(test->protocol);
		assert_non_null(entry);
		for (uint32_t bug = 0; bug < test->bug; bug++)
			assert_non_null(entry->protocol->bugs[bug]);
		if (!registered(test->file, test->test))
			fail_msg("%s has no test %s", test->file, test->test);
	}
	assert_true(count > 0);
	assert_false(registered("src/sim/planted_test.c", "no_such_test"));
}

/* What a hunt prints, with its exit code.  In: room for what it says. */
static int hunt(const char *protocol, uint64_t seeds, char *said, size_t size)
{
	struct sim_planted_order order = {.entry = sim_protocol_find(protocol),
	                                  .root = ".",
	                                  .first = 1,
	                                  .seeds = seeds,
	                                  .jobs = 2,
	                                  .json = true};
	FILE *file = tmpfile();
	assert_true(file && order.entry);
	fflush(stdout);
	int out = dup(STDOUT_FILENO);
	dup2(fileno(file), STDOUT_FILENO);
	int code = sim_planted(&order);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(file);
	said[fread(said, 1, size - 1, file)] = 0;
	fclose(file);
	return code;
}

static void scripts_and_worlds_catch_and_nothing_is_found_without(void **state)
{
	static char said[1 << 14];
	(void)state;
	assert_int_equal(hunt("longest", 20, said, sizeof said), 0);
	assert_non_null(strstr(said, "\"bug\":1,\"name\":\"takes back by height\",\"caught\":true,"
	                             "\"how\":\"script\",\"property\":\"agreement\""));
	assert_non_null(
		strstr(said, "\"how\":\"world\",\"property\":\"agreement\",\"where\":\"seed "));
	assert_non_null(strstr(said, "\"caught\":4,\"missed\":0,\"clean\":true"));
}

/* One world does not meet the first bug of the sequencer. */
static void what_is_not_caught_is_said(void **state)
{
	static char said[1 << 14];
	(void)state;
	assert_int_equal(hunt("sequencer", 1, said, sizeof said), 1);
	assert_non_null(strstr(said, "\"bug\":1,\"name\":\"speaks before it saves\","
	                             "\"caught\":false,\"how\":\"\",\"property\":\"\""));
	assert_non_null(strstr(said, "\"caught\":1,\"missed\":1,\"clean\":false"));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(every_test_that_is_named_exists),
		cmocka_unit_test(scripts_and_worlds_catch_and_nothing_is_found_without),
		cmocka_unit_test(what_is_not_caught_is_said),
	};
	return cmocka_run_group_tests(all, NULL, NULL);
}
