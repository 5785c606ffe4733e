/* import_clock_test.c - the hour that comes twice in October. */
#include "base/test.h"
#include "profile/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char report[4096];

/* Imports a text as a file of loads in W.  Returns: NULL when it was refused, with `report`. */
static struct ec_series *import_text(const char *text, struct ec_import_options options)
{
	char path[] = "/tmp/ec_import_clock.XXXXXX";
	struct ec_text said = ec_text_over(report, sizeof report);
	int file = mkstemp(path);
	assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
	close(file);
	options.path = path;
	struct ec_series *series = ec_import(&options, &said, NULL);
	unlink(path);
	return series;
}

static void assert_said(const char *words)
{
	if (!strstr(report, words))
		fail_msg("'%s' is not in '%s'", words, report);
}

static void assert_refused(const char *text, struct ec_import_options options, const char *words)
{
	assert_null(import_text(text, options));
	assert_said(words);
}

/* 31 October 2021 of Europe, 100 quarter-hours, the rows in an order of the caller's. */
static void october_day(char *room, size_t room_size, const uint32_t order[static 100])
{
	struct ec_text text = ec_text_over(room, room_size);
	ec_text_add(&text, "time,a\n");
	for (uint32_t i = 0; i < 100; i++) {
		uint32_t at = order[i], clock = at < 12 ? at : at - 4;
		ec_text_add(&text, "2021-10-31 %02u:%02u,%u\n", clock / 4, clock % 4 * 15,
		            300 + at);
	}
}

static void the_hour_that_comes_twice(void **state)
{
	(void)state;
	static char room[65536];
	const struct ec_import_options cet = {.tz = "CET"};
	uint32_t order[100], swapped;
	for (uint32_t i = 0; i < 100; i++)
		order[i] = i;
	october_day(room, sizeof room, order);
	struct ec_series *series = import_text(room, cet);
	assert_int_equal(series->intervals, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(series->power_uw[i], (300 + i) * 1000000ull);
	assert_said("by CET, with summer time as in Europe");
	ec_series_free(series);
	/* Elsewhere rows may be shuffled. */
	for (uint32_t i = 20; i < 60; i++) {
		swapped = order[i];
		order[i] = order[99 - i + 20];
		order[99 - i + 20] = swapped;
	}
	october_day(room, sizeof room, order);
	series = import_text(room, cet);
	assert_int_equal(series->power_uw[50], 350 * 1000000ull);
	ec_series_free(series);
	/* In the hour that comes twice nothing says which row is which. */
	static const uint32_t pairs[][2] = {{8, 9}, {11, 12}, {13, 14}, {9, 15}};
	for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
		for (uint32_t i = 0; i < 100; i++)
			order[i] = i;
		order[pairs[k][0]] = pairs[k][1];
		order[pairs[k][1]] = pairs[k][0];
		october_day(room, sizeof room, order);
		assert_refused(room, cet, "comes twice on the clock of CET, and the rows are not");
	}
	for (uint32_t i = 0; i < 100; i++)
		order[i] = 99 - i;
	october_day(room, sizeof room, order);
	assert_refused(room, cet, "sort the file by time as it was measured");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hour_that_comes_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
