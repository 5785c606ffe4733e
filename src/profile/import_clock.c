/* import_clock.c - an import's second step: which instant each row means, and their order.
 *
 * Times with an offset are clear.  Times without one are taken by --tz; without it as UTC, unless
 * they show the two marks of a clock that changes: on the last Sunday of March an hour is left out,
 * on the last Sunday of October one comes twice. */
#include "profile/import_steps.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600 };

static int by_civil(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	if (a->civil_s != b->civil_s)
		return a->civil_s < b->civil_s ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int by_instant(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	if (a->utc_s != b->utc_s)
		return a->utc_s < b->utc_s ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* Whether two rows that follow each other by the clock step over the hour left out in March, or
 * repeat one of October. */
static bool clock_changed(const struct row *before, const struct row *after)
{
	int64_t begin, end, step = after->civil_s - before->civil_s;
	ec_summer_time(after->civil_s, &begin, &end);
	/* Summer time begins at 1, 2 or 3 o'clock on clocks of western, central, eastern Europe. */
	for (int64_t at = begin; at <= begin + 2 * HOUR_S; at += HOUR_S)
		if (before->civil_s < at && after->civil_s == at + HOUR_S && step <= 2 * HOUR_S)
			return true;
	bool in_october = after->civil_s >= end && after->civil_s < end + 3 * HOUR_S;
	return step == 0 && in_october;
}

static bool refuse_clock_change(struct import *import, const struct row *before,
                                const struct row *after)
{
	char first[EC_CLOCK_TEXT_SIZE], second[EC_CLOCK_TEXT_SIZE];
	ec_civil_write(before->civil_s, first);
	ec_civil_write(after->civil_s, second);
	return import_refuse(import, after->line, -1,
	                     "%s comes after %s: local time over a clock change; say whose with "
	                     "--tz CET (or WET, EET, Europe/Brussels, ...)",
	                     second, first);
}

/* The hour that comes twice, as its rows come: who is which stands in the file's order alone. */
struct doubled {
	int64_t civil_s;              /* of the last pair; the hour's end below: a new one */
	uint32_t first, second;       /* lines of it */
	uint32_t first_of_the_second; /* line at which the second hour begins */
};

/* Whether a pair of rows with one time goes on as in a file in order of time: all rows of the first
 * hour, then all of the second, both ascending. */
static bool pair_in_order(struct doubled *hour, const struct row *first, const struct row *second)
{
	bool begins = !hour->second || first->civil_s - hour->civil_s >= HOUR_S;
	bool good = begins || (first->line > hour->first && second->line > hour->second);
	if (begins)
		hour->first_of_the_second = second->line;
	good = good && first->line < hour->first_of_the_second;
	hour->civil_s = first->civil_s;
	hour->first = first->line;
	hour->second = second->line;
	return good;
}

static bool refuse_shuffled(struct import *import, const struct row *row)
{
	char time[EC_CLOCK_TEXT_SIZE];
	ec_civil_write(row->civil_s, time);
	return import_refuse(import, row->line, -1,
	                     "%s comes twice on the clock of %s, and the rows are not in order of "
	                     "time: nothing says which is which; sort the file by time as it "
	                     "was measured, or give times with an offset (+02:00, +01:00)",
	                     time, import->options->tz);
}

static bool instants_by_zone(struct import *import, const struct ec_zone *zone)
{
	const struct row *before = NULL;
	struct doubled hour = {0};
	for (uint32_t i = 0; i < import->rows; i++) {
		struct row *row = &import->row[i];
		bool second = before && before->civil_s == row->civil_s;
		char time[EC_CLOCK_TEXT_SIZE];
		int times = ec_zone_instant(zone, row->civil_s, second, &row->utc_s);
		if (times == 2 && second && !pair_in_order(&hour, before, row))
			return refuse_shuffled(import, row);
		if (times == 0) {
			ec_civil_write(row->civil_s, time);
			return import_refuse(import, row->line, -1,
			                     "%s does not exist on the clock of %s: that hour is "
			                     "left out; is it --tz UTC?",
			                     time, import->options->tz);
		}
		before = row;
	}
	import_state(import, "clock: times without offset, by %s%s", import->options->tz,
	             zone->summer_time ? ", with summer time as in Europe since 1996" : "");
	return true;
}

static bool instants_without_zone(struct import *import)
{
	bool crosses = false;
	for (uint32_t i = 1; i < import->rows; i++) {
		const struct row *before = &import->row[i - 1], *after = &import->row[i];
		int64_t begin, end;
		if (clock_changed(before, after))
			return refuse_clock_change(import, before, after);
		ec_summer_time(after->civil_s, &begin, &end);
		crosses = crosses || (before->civil_s < begin && after->civil_s >= begin) ||
		          (before->civil_s < end && after->civil_s >= end);
	}
	import_state(import, "clock: times without offset, taken as UTC%s; --tz says otherwise",
	             crosses ? "; their clock does not change in March or October" : "");
	return true;
}

bool import_clock(struct import *import)
{
	struct ec_zone zone;
	const char *tz = import->options->tz;
	for (uint32_t i = 1; i < import->rows; i++)
		import->facts.out_of_order += import->row[i].utc_s < import->row[i - 1].utc_s;
	if (tz && !ec_zone_find(tz, &zone))
		return import_refuse(import, 0, -1,
		                     "--tz %s is not known: UTC, +01:00, WET, CET, EET, or a "
		                     "European capital as Europe/Brussels; for another clock give "
		                     "times with an offset",
		                     tz);
	if (import->has_offset) {
		import_state(import, "clock: by the offsets in the file%s",
		             tz ? "; --tz has no part in it" : "");
	} else {
		qsort(import->row, import->rows, sizeof *import->row, by_civil);
		if (!(tz ? instants_by_zone(import, &zone) : instants_without_zone(import)))
			return false;
	}
	qsort(import->row, import->rows, sizeof *import->row, by_instant);
	return true;
}
