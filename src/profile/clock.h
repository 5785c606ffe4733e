/* clock.h - times in files: ISO 8601, and the local clocks of Europe. */
#ifndef EC_PROFILE_CLOCK_H
#define EC_PROFILE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EC_CLOCK_TEXT_SIZE = 32 };

/* What a time in a file says. */
struct ec_civil {
	int64_t seconds;  /* since 1970-01-01T00:00, as the clock on the wall counts */
	bool has_offset;  /* the file says what clock it is */
	int32_t offset_s; /* of that clock, east is positive */
};

/* Reads "2021-02-14T23:00[:00[.000]][Z|+01:00|+0100|+01]", with T, t or a space between.  Returns:
 * whether all of it is that, and the date exists. */
bool ec_civil_read(const char *text, size_t size, struct ec_civil *civil);

/* Writes seconds since 1970 as "2021-02-14T23:00", with seconds when there are any. */
void ec_civil_write(int64_t seconds, char text[static EC_CLOCK_TEXT_SIZE]);

/* A clock on the wall: fixed, or an hour ahead from the last Sunday of March to the last Sunday of
 * October, 01:00 UTC both, as in the European Union and its neighbours. */
struct ec_zone {
	int32_t offset_s; /* in winter */
	bool summer_time;
};

/* Finds "UTC", "Z", "+01:00", "WET", "CET", "EET", or a city as "Europe/Brussels". */
bool ec_zone_find(const char *name, struct ec_zone *zone);

/* The instant of a time on such a clock.  second: which of the two, for the hour that comes twice.
 * Returns: how often it comes: 0 in the hour left out, 2 in the hour that comes twice. */
int ec_zone_instant(const struct ec_zone *zone, int64_t civil_s, bool second, int64_t *utc_s);

/* The instants in UTC, in the year of `civil_s`, when summer time begins and ends. */
void ec_summer_time(int64_t civil_s, int64_t *begin_s, int64_t *end_s);

#endif
