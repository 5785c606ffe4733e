/* import_text_test.c - what a file's bytes may not make the importer believe, or a terminal do. */
#include "base/test.h"
#include "profile/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char report_room[4096];

/* Returns: whether eight rows under this head are taken, each with one of two values. */
static bool taken(const char *head, const char *even, size_t even_size, const char *odd)
{
	char path[] = "/tmp/edgecord-import-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "wb");
	assert_non_null(file);
	fprintf(file, "%s\n", head);
	for (int i = 0; i < 8; i++) {
		fprintf(file, "2024-01-01T0%d:00:00Z%c", i, strchr(head, ';') ? ';' : ',');
		if (i % 2)
			fputs(odd, file);
		else
			fwrite(even, 1, even_size, file);
		fputc('\n', file);
	}
	fclose(file);
	struct ec_text report = ec_text_over(report_room, sizeof report_room);
	struct ec_series *series =
		ec_import(&(struct ec_import_options){.path = path}, &report, NULL);
	unlink(path);
	ec_series_free(series);
	return series != NULL;
}

static void assert_refused(const char *head, const char *even, const char *odd, const char *words)
{
	assert_false(taken(head, even, strlen(even), odd));
	if (!strstr(report_room, words))
		fail_msg("expected '%s' in:\n%s", words, report_room);
}

static void thousands_are_not_taken_for_decimals(void **state)
{
	(void)state;
	assert_refused("time,a", "\"1,000\"", "999", ":2: column 2 'a': '1,000' has a comma");
	assert_refused("time;a", "999,5", "1.000", "'1.000' has another mark than ','");
	assert_refused("time;a", "999.5", "1,000", "'1,000' has another mark than '.'");
	assert_true(taken("time;a", "999,5", 5, "1000"));
	assert_true(taken("time;a", "999.5", 5, "1000"));
	assert_true(taken("time,a", "\"999.5\"", 7, "1000"));
}

static void nothing_hides_behind_a_zero_byte(void **state)
{
	(void)state;
	assert_false(taken("time,a", "100\0,7,8", 8, "200"));
	assert_non_null(strstr(report_room, ":2: "));
	assert_non_null(strstr(report_room, "a byte of zero"));
	assert_false(taken("time,a", "100\n\0\0", 6, "200"));
}

static void a_terminal_is_told_text_alone(void **state)
{
	(void)state;
	assert_false(taken("time,\x1b[31mred", "x\x1b]0;", 5, "\r"));
	assert_null(strpbrk(report_room, "\x1b\r"));
	assert_non_null(strstr(report_room, "?[31mred"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_are_not_taken_for_decimals),
		cmocka_unit_test(nothing_hides_behind_a_zero_byte),
		cmocka_unit_test(a_terminal_is_told_text_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
