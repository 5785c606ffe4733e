/* clock_test.c - times in files, local clocks, fields and numbers. */
#include "profile/clock.h"

#include "base/test.h"
#include "profile/csv.h"

#include <string.h>
#include <time.h>

static int64_t civil(const char *text)
{
	struct ec_civil read;
	assert_true(ec_civil_read(text, strlen(text), &read));
	return read.seconds;
}

static void times_are_read_in_all_their_forms(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds;
		int offset_s; /* -1: none */
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0, 0},
		{"2021-02-14T23:00:00Z", 1613343600, 0},
		{"2021-02-14 23:00", 1613343600, -1},
		{"2021-02-14t23:00:01+01:00", 1613343601, 3600},
		{"2021-02-14 23:00:00.000-0530", 1613343600, -19800},
		{"2021-02-14T23:00+01", 1613343600, 3600},
		{"2000-02-29T12:00", 951825600, -1},
		{"1969-12-31T23:59:59", -1, -1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ec_civil read;
		if (!ec_civil_read(cases[i].text, strlen(cases[i].text), &read))
			fail_msg("%s", cases[i].text);
		assert_true(read.seconds == cases[i].seconds);
		assert_int_equal(read.has_offset, cases[i].offset_s != -1);
		if (read.has_offset)
			assert_int_equal(read.offset_s, cases[i].offset_s);
	}
	static const char *const bad[] = {"",
	                                  "2021",
	                                  "2021-02-14",
	                                  "2021-02-30T00:00",
	                                  "2021-13-01T00:00",
	                                  "2021-02-14T24:00",
	                                  "2021-02-14T23:60",
	                                  "2021-02-14X23:00",
	                                  "2021-02-14T23:00Zx",
	                                  "2021-02-14T23:00:00.5",
	                                  "2021-02-14T23:00+15:00",
	                                  "1900-02-29T00:00",
	                                  "14.02.2021 23:00",
	                                  "2021-2-14T23:00",
	                                  "2021-02-00T00:00"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ec_civil read;
		if (ec_civil_read(bad[i], strlen(bad[i]), &read))
			fail_msg("'%s' is taken as a time", bad[i]);
	}
}

/* Against the C library, every 11 hours of 400 years. */
static void days_are_those_of_the_calendar(void **state)
{
	(void)state;
	for (int64_t at = -7000000000; at < 7000000000; at += 39600) {
		char ours[EC_CLOCK_TEXT_SIZE], theirs[EC_CLOCK_TEXT_SIZE];
		time_t seconds = at;
		struct tm parts;
		assert_non_null(gmtime_r(&seconds, &parts));
		strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M", &parts);
		if (parts.tm_sec)
			strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S", &parts);
		ec_civil_write(at, ours);
		assert_string_equal(ours, theirs);
		assert_true(civil(ours) == at);
	}
}

static void local_clocks_change_twice_a_year(void **state)
{
	(void)state;
	struct ec_zone zone;
	int64_t utc;
	assert_true(ec_zone_find("Europe/Brussels", &zone));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-01-10T12:00"), false, &utc), 1);
	assert_true(utc == civil("2022-01-10T11:00"));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-07-10T12:00"), false, &utc), 1);
	assert_true(utc == civil("2022-07-10T10:00"));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-03-27T01:59"), false, &utc), 1);
	assert_int_equal(ec_zone_instant(&zone, civil("2022-03-27T02:00"), false, &utc), 0);
	assert_int_equal(ec_zone_instant(&zone, civil("2022-03-27T02:59"), false, &utc), 0);
	assert_int_equal(ec_zone_instant(&zone, civil("2022-03-27T03:00"), false, &utc), 1);
	assert_true(utc == civil("2022-03-27T01:00"));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-10-30T02:30"), false, &utc), 2);
	assert_true(utc == civil("2022-10-30T00:30"));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-10-30T02:30"), true, &utc), 2);
	assert_true(utc == civil("2022-10-30T01:30"));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-10-30T03:00"), true, &utc), 1);
	assert_true(utc == civil("2022-10-30T02:00"));
	assert_true(ec_zone_find("eet", &zone));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-03-27T03:30"), false, &utc), 0);
	assert_true(ec_zone_find("+05:30", &zone));
	assert_int_equal(ec_zone_instant(&zone, civil("2022-03-27T02:30"), false, &utc), 1);
	assert_true(utc == civil("2022-03-26T21:00"));
	assert_true(ec_zone_find("utc", &zone) && zone.offset_s == 0 && !zone.summer_time);
	assert_false(ec_zone_find("Mars/Olympus", &zone));
	assert_false(ec_zone_find("", &zone));
	assert_false(ec_zone_find("Europe/Berlin Europe/Brussels Europe/Budapest", &zone));
}

static void numbers_are_read_to_the_ninth_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t nano;
	} cases[] = {
		{"0", 0},
		{"158", 158000000000},
		{"-0.25", -250000000},
		{"1,5", 1500000000},
		{"3e-05", 30000},
		{"1.5E3", 1500000000000},
		{".5", 500000000},
		{"5.", 5000000000},
		{"+7", 7000000000},
		{"0.1234567894", 123456789},
		{"0.1234567895", 123456790},
		{"0.00000000000000000000001", 0},
		{"9000000000", 9000000000000000000},
		{"0e999", 0},
		{"1e-999", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t nano;
		if (!ec_nano_read(cases[i].text, &nano) || nano != cases[i].nano)
			fail_msg("%s", cases[i].text);
	}
	static const char *const bad[] = {"",
	                                  "-",
	                                  ".",
	                                  "1e",
	                                  "1e+",
	                                  "1.2.3",
	                                  "1.234,5",
	                                  "12x",
	                                  "0x10",
	                                  "inf",
	                                  "99999999999",
	                                  "1e30",
	                                  "99999999999999999999999"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t nano;
		if (ec_nano_read(bad[i], &nano))
			fail_msg("'%s' is taken as a number", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_in_all_their_forms),
		cmocka_unit_test(days_are_those_of_the_calendar),
		cmocka_unit_test(local_clocks_change_twice_a_year),
		cmocka_unit_test(numbers_are_read_to_the_ninth_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
