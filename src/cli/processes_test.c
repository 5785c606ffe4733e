/* processes_test.c - children are started, noticed when they end, stopped, and measured. */
#include "cli/processes.h"

#include "base/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ec_processes all;

static void wait_ended(struct ec_process **ended)
{
	for (int i = 0; i < 500 && !(*ended = ec_process_ended(&all)); i++)
		usleep(10000);
	assert_non_null(*ended);
}

static void one_that_ends_is_noticed_with_its_code(void **state)
{
	(void)state;
	const char *const arguments[] = {"/bin/sh", "-c", "echo t error why; echo said; exit 7",
	                                 NULL};
	char log[] = "/tmp/processes_test.XXXXXX";
	int file = mkstemp(log);
	assert_true(file >= 0);
	assert_non_null(ec_process_start(&all, "short", log, arguments));
	struct ec_process *ended;
	wait_ended(&ended);
	assert_string_equal(ended->name, "short");
	assert_int_equal(WEXITSTATUS(ended->status), 7);
	char said[32] = "";
	assert_int_equal(read(file, said, sizeof said - 1), 17);
	assert_string_equal(said, "t error why\nsaid\n");
	char words[64];
	ec_process_last_words(ended, words, sizeof words);
	assert_string_equal(words, "t error why");
	close(file);
	unlink(log);
}

static void one_that_will_not_stop_is_killed(void **state)
{
	(void)state;
	const char *const mild[] = {"/bin/sleep", "100", NULL};
	const char *const stubborn[] = {"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done",
	                                NULL};
	assert_non_null(ec_process_start(&all, "mild", "/dev/null", mild));
	struct ec_process *started = ec_process_start(&all, "stubborn", "/dev/null", stubborn);
	assert_non_null(started);
	struct ec_usage usage;
	usleep(100000);
	assert_true(ec_process_usage(started->pid, &usage));
	assert_true(usage.memory_bytes > 4096);
	assert_int_equal(ec_process_stop_all(&all, 300), 1);
	assert_int_equal(started->pid, 0);
}

static void ignore(int number)
{
	(void)number;
}

/* A signal may come before the child has become its program; the parent's handler is not its. */
static void one_that_has_just_begun_is_stopped(void **state)
{
	(void)state;
	const char *const mild[] = {"/bin/sleep", "100", NULL};
	struct sigaction before, action = {.sa_handler = ignore};
	sigaction(SIGTERM, &action, &before);
	for (int i = 0; i < 20; i++) {
		assert_non_null(ec_process_start(&all, "mild", "/dev/null", mild));
		assert_int_equal(ec_process_stop_all(&all, 2000), 0);
	}
	sigaction(SIGTERM, &before, NULL);
}

static void a_name_is_used_again(void **state)
{
	(void)state;
	uint32_t before = all.count;
	const char *const arguments[] = {"/bin/true", NULL};
	assert_non_null(ec_process_start(&all, "short", "/dev/null", arguments));
	assert_int_equal(all.count, before);
	struct ec_process *ended;
	wait_ended(&ended);
	assert_int_equal(ended->status, 0);
}

static void the_bytes_of_a_folder_are_summed(void **state)
{
	(void)state;
	char folder[] = "/tmp/processes_test.XXXXXX", path[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 3000; i++)
		fputs("ten bytes.", file);
	fclose(file);
	sync();
	assert_in_range(ec_folder_bytes(folder), 30000, 65536);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_ends_is_noticed_with_its_code),
		cmocka_unit_test(one_that_will_not_stop_is_killed),
		cmocka_unit_test(one_that_has_just_begun_is_stopped),
		cmocka_unit_test(a_name_is_used_again),
		cmocka_unit_test(the_bytes_of_a_folder_are_summed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
