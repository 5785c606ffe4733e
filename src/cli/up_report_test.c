/* up_report_test.c - the summary of `up` has every line that people and programs look for. */
#include "base/test.h"
#include "cli/up.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A network of a cell and a cloud, none of whose nodes answers any more. */
static struct up *up_new(void)
{
	struct up *up = calloc(1, sizeof *up);
	up->network = calloc(1, sizeof *up->network);
	up->network->groups = 3;
	up->network->has_cloud = true;
	snprintf(up->network->folder, sizeof up->network->folder, "/nonexistent");
	for (uint32_t g = 0; g < 3; g++)
		up->network->group[g].nodes = 4;
	for (uint32_t g = 0; g < 2; g++) {
		struct up_cell_sight *cell = &up->sight.cell[g];
		cell->recounted = cell->balanced = true;
		cell->missing = 3;
		cell->bill_lines = 50;
		cell->metering.readings = 1000;
		cell->market = (struct ec_market_total){
			.trades = 10, .energy_wh = 700, .slots = 8, .amount_nano_eur = 2500000000};
		cell->market.price_min = g ? -30000 : -80000;
		cell->market.price_max = g ? -20000 : -50000;
	}
	for (uint32_t i = 0; i < 4; i++) {
		up->sight.node[0][i].certificates = 40 + i;
		up->sight.node[1][i].certificates = 20;
		up->sight.node[2][i].certificates = 5;
		up->sight.node[0][i].usage.cpu_ns = 1000000000;
	}
	ec_histogram_add(&up->sight.commits, 2000000, 100);
	up->sight.anchors = 7;
	up->sight.memory_max_bytes = 9500000;
	up->started_ns = 1;
	up->first_trade_ns = 4200000001;
	return up;
}

static void up_free(struct up *up)
{
	free(up->network);
	free(up);
}

/* Sums up with standard output in a file.  Returns: what was printed, from malloc. */
static char *printed(struct up *up, bool *good)
{
	char path[] = "/tmp/ec_up_report.XXXXXX", *text = calloc(1, 1 << 16);
	int file = mkstemp(path), before = dup(STDOUT_FILENO);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	*good = up_summary(up);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	assert_true(pread(file, text, (1 << 16) - 1, 0) > 0);
	close(before);
	close(file);
	unlink(path);
	return text;
}

static void every_line_of_the_summary(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"\nreadings committed       2000 (6 missing)\n",
		"\ntrades committed         20 in 16 cleared slots\n",
		"\nenergy traded            1400 Wh for 5.00 EUR\n",
		"\nprice                    -8.00 to -2.00 ct/kWh\n",
		"\ncommit latency           p50 ",
		" ms, p99 ",
		"\ncertificates             68\n", /* the most that one member saw, of each group */
		"\nanchors                  7\n",
		"\nmemory                   9.5 MB in the largest of 12 nodes\n",
		"\ndisk                     0.0 MB\n",
		"\nprocessor                2.00 s per 1,000 readings",
		"\nfirst trade              4.2 s after the start\n",
		"\nbills                    100 lines added up\n",
		"\nmoney conserved: yes\n"};
	struct up *up = up_new();
	bool good;
	char *text = printed(up, &good);
	assert_true(good);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (!strstr(text, lines[i]))
			fail_msg("'%s' is not in '%s'", lines[i], text);
	free(text);
	up_free(up);
}

/* Why it then does not end well. */
static void a_day_without_readings(void **state)
{
	(void)state;
	struct up *up = up_new();
	bool good;
	for (uint32_t g = 0; g < 2; g++)
		up->sight.cell[g].metering.readings = 0;
	char *text = printed(up, &good);
	assert_false(good);
	assert_non_null(strstr(text, "\nno reading was committed: "));
	assert_non_null(strstr(text, "\nmoney conserved: yes\n"));
	free(text);
	up_free(up);
}

static void money_that_is_not_conserved(void **state)
{
	(void)state;
	for (int what = 0; what < 4; what++) {
		struct up *up = up_new();
		struct up_cell_sight *cell = &up->sight.cell[1];
		bool good;
		cell->balanced = what != 0;
		cell->settlement.blocked = what == 1;
		cell->bills = what == 2 ? UP_BILLS_DIFFER : UP_BILLS_AGREE;
		up->sight.node[0][2].diverged = what == 3;
		char *text = printed(up, &good);
		assert_false(good);
		assert_non_null(strstr(text, "\nmoney conserved: NO\n"));
		free(text);
		up_free(up);
	}
}

static void every_key_of_the_object(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"readings_committed", "trades_committed", "energy_traded_wh",
		"money_conserved",    "commit_ms_p50",    "commit_ms_p99",
		"certificates",       "anchors",          "rss_max_bytes",
		"disk_bytes",         "slots_missing",    "cpu_s_per_1000_readings"};
	struct up *up = up_new();
	bool good;
	up->options.json = true;
	char *text = printed(up, &good);
	json_t *json = json_loads(text, 0, NULL);
	assert_non_null(json);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!json_object_get(json, keys[i]))
			fail_msg("'%s' is missing", keys[i]);
	assert_int_equal(json_integer_value(json_object_get(json, "certificates")), 68);
	assert_true(json_is_true(json_object_get(json, "money_conserved")));
	json_decref(json);
	free(text);
	up_free(up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_of_the_summary),
		cmocka_unit_test(a_day_without_readings),
		cmocka_unit_test(money_that_is_not_conserved),
		cmocka_unit_test(every_key_of_the_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
