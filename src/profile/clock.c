/* clock.c - ISO 8601 and European summer time; no table of the system's, no global zone. */
#include "profile/clock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

/* Days since 1970-01-01 of a date in the Gregorian calendar (after Howard Hinnant). */
static int64_t days_of(int64_t year, uint32_t month, uint32_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	uint32_t of_era = (uint32_t)(year - era * 400);
	uint32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	uint32_t days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
	return era * 146097 + days - 719468;
}

static void date_of(int64_t days, int64_t *year, uint32_t *month, uint32_t *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	uint32_t of_era = (uint32_t)(days - era * 146097);
	uint32_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * years + years / 4 - years / 100);
	uint32_t shifted = (5 * of_year + 2) / 153;
	*day = of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = years + era * 400 + (*month <= 2);
}

static int64_t floor_days(int64_t seconds)
{
	return (seconds >= 0 ? seconds : seconds - (DAY_S - 1)) / DAY_S;
}

/* Reads `digits` digits.  Returns: false when they are not there. */
static bool digits_read(const char **at, const char *end, int digits, uint32_t *value)
{
	*value = 0;
	if (end - *at < digits)
		return false;
	for (int i = 0; i < digits; i++) {
		char c = *(*at)++;
		if (c < '0' || c > '9')
			return false;
		*value = *value * 10 + (uint32_t)(c - '0');
	}
	return true;
}

static bool mark_read(const char **at, const char *end, char mark)
{
	if (*at == end || **at != mark)
		return false;
	++*at;
	return true;
}

/* "Z", "+01", "+0100", "+01:00", or nothing. */
static bool offset_read(const char **at, const char *end, struct ec_civil *civil)
{
	uint32_t hours, minutes = 0;
	civil->has_offset = *at != end;
	civil->offset_s = 0;
	if (!civil->has_offset || mark_read(at, end, 'Z') || mark_read(at, end, 'z'))
		return true;
	bool west = **at == '-';
	if (!west && **at != '+')
		return false;
	++*at;
	if (!digits_read(at, end, 2, &hours))
		return false;
	mark_read(at, end, ':');
	if (*at != end && !digits_read(at, end, 2, &minutes))
		return false;
	int32_t offset_s = (int32_t)(hours * HOUR_S + minutes * 60);
	civil->offset_s = west ? -offset_s : offset_s;
	return hours <= 14 && minutes < 60;
}

static bool date_read(const char **at, const char *end, int64_t *days)
{
	uint32_t year, month, day, month_again, day_again;
	int64_t year_again;
	if (!digits_read(at, end, 4, &year) || !mark_read(at, end, '-') ||
	    !digits_read(at, end, 2, &month) || !mark_read(at, end, '-') ||
	    !digits_read(at, end, 2, &day) || month < 1 || month > 12 || day < 1)
		return false;
	*days = days_of(year, month, day);
	date_of(*days, &year_again, &month_again, &day_again);
	return day == day_again; /* else 30 February became March */
}

bool ec_civil_read(const char *text, size_t size, struct ec_civil *civil)
{
	const char *at = text, *end = text + size;
	int64_t days;
	uint32_t hour, minute, second = 0;
	if (!date_read(&at, end, &days))
		return false;
	if (!mark_read(&at, end, 'T') && !mark_read(&at, end, 't') && !mark_read(&at, end, ' '))
		return false;
	if (!digits_read(&at, end, 2, &hour) || !mark_read(&at, end, ':') ||
	    !digits_read(&at, end, 2, &minute))
		return false;
	if (mark_read(&at, end, ':') && !digits_read(&at, end, 2, &second))
		return false;
	if (mark_read(&at, end, '.'))
		while (at != end && *at == '0') /* whole seconds only */
			at++;
	if (hour > 23 || minute > 59 || second > 59 || !offset_read(&at, end, civil))
		return false;
	civil->seconds = days * DAY_S + hour * HOUR_S + minute * 60 + second;
	return at == end;
}

void ec_civil_write(int64_t seconds, char text[static EC_CLOCK_TEXT_SIZE])
{
	int64_t days = floor_days(seconds), year;
	uint32_t month, day, rest = (uint32_t)(seconds - days * DAY_S);
	date_of(days, &year, &month, &day);
	int size = snprintf(text, EC_CLOCK_TEXT_SIZE, "%04d-%02u-%02uT%02u:%02u", (int)year % 10000,
	                    month, day, rest / HOUR_S, rest / 60 % 60);
	if (rest % 60)
		snprintf(text + size, EC_CLOCK_TEXT_SIZE - (size_t)size, ":%02u", rest % 60);
}

bool ec_zone_find(const char *name, struct ec_zone *zone)
{
	static const struct {
		const char *names;
		int32_t hours;
	} table[] = {
		{" WET Europe/London Europe/Dublin Europe/Lisbon ", 0},
		{" CET Europe/Amsterdam Europe/Berlin Europe/Brussels Europe/Budapest "
	         "Europe/Copenhagen Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Oslo "
	         "Europe/Paris Europe/Prague Europe/Rome Europe/Stockholm Europe/Vienna "
	         "Europe/Warsaw Europe/Zagreb Europe/Zurich ",
	         1},
		{" EET Europe/Athens Europe/Bucharest Europe/Helsinki Europe/Kyiv Europe/Riga "
	         "Europe/Sofia Europe/Tallinn Europe/Vilnius ",
	         2},
	};
	char word[40];
	struct ec_civil civil;
	if (snprintf(word, sizeof word, " %s ", name) >= (int)sizeof word || strlen(name) < 1)
		return false;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		if (strcasestr(table[i].names, word)) {
			*zone = (struct ec_zone){table[i].hours * HOUR_S, true};
			return true;
		}
	}
	const char *at = strcasecmp(name, "UTC") == 0 ? "Z" : name;
	const char *end = at + strlen(at);
	if (!offset_read(&at, end, &civil) || at != end)
		return false;
	*zone = (struct ec_zone){civil.offset_s, false};
	return true;
}

/* 01:00 UTC on the last Sunday of a month of 31 days. */
static int64_t last_sunday_s(int64_t year, uint32_t month)
{
	int64_t last = days_of(year, month, 31);
	int64_t weekday = ((last + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 is Sunday */
	return (last - weekday) * DAY_S + HOUR_S;
}

void ec_summer_time(int64_t civil_s, int64_t *begin_s, int64_t *end_s)
{
	int64_t year;
	uint32_t month, day;
	date_of(floor_days(civil_s), &year, &month, &day);
	*begin_s = last_sunday_s(year, 3);
	*end_s = last_sunday_s(year, 10);
}

int ec_zone_instant(const struct ec_zone *zone, int64_t civil_s, bool second, int64_t *utc_s)
{
	int64_t winter = civil_s - zone->offset_s, summer = winter - HOUR_S, begin, end;
	*utc_s = winter;
	if (!zone->summer_time)
		return 1;
	ec_summer_time(civil_s, &begin, &end);
	bool in_winter = winter < begin || winter >= end;
	bool in_summer = summer >= begin && summer < end;
	if (in_summer && !(in_winter && second))
		*utc_s = summer;
	return in_winter + in_summer;
}
