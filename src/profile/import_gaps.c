/* import_gaps.c - an import's fifth step: values that are missing are refused, or filled and
 * stated.
 */
#include "profile/import_steps.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 24 * 3600, SHORT_GAP_S = 2 * 3600 };

/* A run of intervals of one column without a value. */
struct gap {
	uint32_t first, count;
	uint32_t column;
};

static int64_t *value_at(const struct import *import, uint32_t interval, uint32_t column)
{
	return &import->value[(size_t)interval * import->columns + column];
}

/* Whether no column has a value there. */
static bool row_missing(const struct import *import, uint32_t interval)
{
	return import->line[interval] == 0;
}

/* The next gap of a column from an interval on.  Returns: false when there is none. */
static bool gap_find(const struct import *import, struct gap *gap)
{
	uint32_t at = gap->first;
	while (at < import->intervals && *value_at(import, at, gap->column) != EC_CELL_EMPTY)
		at++;
	gap->first = at;
	while (at < import->intervals && *value_at(import, at, gap->column) == EC_CELL_EMPTY)
		at++;
	gap->count = at - gap->first;
	return gap->count > 0;
}

static bool gap_refuse(struct import *import, const struct gap *gap)
{
	char from[EC_CLOCK_TEXT_SIZE], until[EC_CLOCK_TEXT_SIZE];
	int64_t step = import->interval_s;
	uint32_t line = 0;
	for (uint32_t i = gap->first + gap->count; i > 0 && !line; i--)
		line = import->line[i - 1]; /* the last row before its end */
	ec_civil_write(import->start_s + gap->first * step, from);
	ec_civil_write(import->start_s + (gap->first + gap->count) * step, until);
	uint64_t length_s = (uint64_t)gap->count * import->interval_s;
	return import_refuse(import, line, row_missing(import, gap->first) ? -1 : (int)gap->column,
	                     "no value from %sZ until %sZ (%llu.%llu h): --gaps fill repeats the "
	                     "day before, --gaps zero takes it as nothing",
	                     from, until, (unsigned long long)length_s / 3600,
	                     (unsigned long long)length_s % 3600 / 360);
}

/* The value a day before, else a day after, else the nearest before, else after; else 0. */
static int64_t substitute(const struct import *import, const int64_t *known, const struct gap *gap,
                          uint32_t interval)
{
	uint32_t day = DAY_S / import->interval_s;
	size_t columns = import->columns, at = interval * columns + gap->column;
	if (import->options->gaps == EC_GAPS_ZERO)
		return 0;
	/* A day before may have been filled itself: a long gap repeats one day again and again. */
	if (day && interval >= day && import->value[at - day * columns] != EC_CELL_EMPTY)
		return import->value[at - day * columns];
	if (day && interval + day < import->intervals && known[at + day * columns] != EC_CELL_EMPTY)
		return known[at + day * columns];
	if (gap->first > 0)
		return *value_at(import, gap->first - 1, gap->column);
	if (gap->first + gap->count < import->intervals)
		return *value_at(import, gap->first + gap->count, gap->column);
	return 0;
}

static bool column_fill(struct import *import, const int64_t *known, uint32_t column,
                        uint32_t *longest)
{
	struct gap gap = {.column = column};
	while (gap_find(import, &gap)) {
		uint64_t length_s = (uint64_t)gap.count * import->interval_s;
		bool too_long = length_s > SHORT_GAP_S && import->options->gaps == EC_GAPS_SHORT;
		if (too_long || import->options->gaps == EC_GAPS_REFUSE)
			return gap_refuse(import, &gap);
		for (uint32_t i = gap.first; i < gap.first + gap.count; i++)
			*value_at(import, i, column) = substitute(import, known, &gap, i);
		import->facts.filled += gap.count;
		*longest = gap.count > *longest ? gap.count : *longest;
		gap.first += gap.count;
	}
	return true;
}

bool import_gaps(struct import *import)
{
	size_t size = (size_t)import->intervals * import->columns * sizeof *import->value;
	int64_t *known = malloc(size);
	uint32_t longest = 0;
	bool good = true;
	if (!known)
		return import_refuse(import, 0, -1, "there is not enough memory for it");
	memcpy(known, import->value, size);
	for (uint32_t column = 0; column < import->columns && good; column++)
		good = column_fill(import, known, column, &longest);
	free(known);
	if (!good)
		return false;
	if (import->facts.filled)
		import_warn(import, "%u values were missing, up to %u in a row, and %s",
		            import->facts.filled, longest,
		            import->options->gaps == EC_GAPS_ZERO
		                    ? "are taken as 0"
		                    : "are filled from a day before or after, else from the "
		                      "nearest, else as 0");
	else
		import_state(import, "gaps: none");
	return true;
}
