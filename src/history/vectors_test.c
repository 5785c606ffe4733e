/* vectors_test.c - the histories that come with porcupine, judged as its own tests judge them. */
#include "base/shared_test.h"
#include "base/test.h"
#include "history/check.h"
#include "history/read.h"

#include <string.h>

/* Jepsen's etcd logs that have an order, by number, of 0 to 102 without 95 (the cluster did not
 * start): what porcupine_test.go expects. */
static const int in_order[] = {2,  5,  7,  18, 25, 31, 38, 45, 48,  49,  51, 53,
                               56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102};

enum { LOGS = 103, NOT_STARTED = 95, MEMORY = 64 << 20, FILE_MAX = 4 << 20 };

static const uint64_t steps_max = 20000000;

static const struct ec_history_format *verdict_of(const char *path, enum ec_verdict *verdict)
{
	static char text[FILE_MAX];
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t size = fread(text, 1, sizeof text, file);
	fclose(file);
	void *block = malloc(MEMORY);
	assert_non_null(block);
	struct ec_arena arena = ec_arena_over(block, MEMORY);
	struct ec_history history;
	struct ec_read_error error;
	struct ec_check_result result;
	const struct ec_history_format *format = ec_history_format_guess(text, size);
	assert_non_null(format);
	if (!ec_history_read(&history, &arena, format, text, size, &error))
		fail_msg("%s:%u: %s", path, error.line, error.why);
	ec_check(&history, format->model, steps_max, &result);
	*verdict = result.verdict;
	if (*verdict == EC_VIOLATED)
		assert_in_range(result.evidence.stuck_size, 1, result.evidence.core_size);
	free(block);
	return format;
}

static enum ec_verdict expected(int log)
{
	for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++)
		if (in_order[i] == log)
			return EC_LINEARIZABLE;
	return EC_VIOLATED;
}

static void test_etcd_logs_of_jepsen(void **state)
{
	(void)state;
	char folder[512], path[600];
	int judged = 0;
	if (!ec_shared_path(folder, sizeof folder, "vectors/porcupine-histories/test_data/jepsen"))
		return;
	for (int log = 0; log < LOGS; log++) {
		enum ec_verdict verdict;
		if (log == NOT_STARTED)
			continue;
		snprintf(path, sizeof path, "%s/etcd_%03d.log", folder, log);
		assert_ptr_equal(verdict_of(path, &verdict), &ec_format_jepsen);
		if (verdict != expected(log))
			fail_msg("%s: verdict %u, expected %u", path, verdict, expected(log));
		judged++;
	}
	assert_int_equal(judged, 102);
}

static void test_stores_of_porcupine(void **state)
{
	(void)state;
	static const char *const name[] = {"c01-ok",  "c10-ok",  "c50-ok",
	                                   "c01-bad", "c10-bad", "c50-bad"};
	char folder[512], path[600];
	if (!ec_shared_path(folder, sizeof folder, "vectors/porcupine-histories/test_data/kv"))
		return;
	for (int i = 0; i < 6; i++) {
		enum ec_verdict verdict;
		snprintf(path, sizeof path, "%s/%s.txt", folder, name[i]);
		assert_ptr_equal(verdict_of(path, &verdict), &ec_format_kv);
		assert_int_equal(verdict, i < 3 ? EC_LINEARIZABLE : EC_VIOLATED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_etcd_logs_of_jepsen),
	                                   cmocka_unit_test(test_stores_of_porcupine)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
