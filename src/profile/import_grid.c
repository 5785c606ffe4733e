/* import_grid.c - an import's third step: rows become intervals of equal length. */
#include "profile/import_steps.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 24 * 3600 };

/* The step between rows that occurs most often; at most a day.  Steps are few: counted in a small
 * table, the rest are rare ones. */
static uint32_t interval_of(const struct import *import)
{
	struct {
		uint32_t step_s, count;
	} table[64] = {{0}};
	uint32_t known = 0, best = 0;
	for (uint32_t i = 1; i < import->rows; i++) {
		int64_t step_s = import->row[i].utc_s - import->row[i - 1].utc_s;
		uint32_t k = 0;
		if (step_s <= 0 || step_s > DAY_S)
			continue;
		while (k < known && table[k].step_s != step_s)
			k++;
		if (k == known && known < 64)
			table[known++].step_s = (uint32_t)step_s;
		if (k < known)
			table[k].count++;
	}
	for (uint32_t k = 1; k < known; k++)
		if (table[k].count > table[best].count)
			best = k;
	return table[best].step_s;
}

static bool rows_equal(const struct import *import, const struct row *a, const struct row *b)
{
	return memcmp(&import->cell[a->cells], &import->cell[b->cells],
	              import->columns * sizeof *import->cell) == 0;
}

/* Puts a row into its interval; `last` is the row before it by time. */
static bool row_place(struct import *import, const struct row *row, const struct row *last)
{
	uint64_t since_s = (uint64_t)(row->utc_s - import->start_s);
	char time[EC_CLOCK_TEXT_SIZE];
	ec_civil_write(row->civil_s, time);
	if (since_s % import->interval_s)
		return import_refuse(import, row->line, -1,
		                     "%s does not fit intervals of %u s from the first row on; "
		                     "rows must be equally far apart",
		                     time, import->interval_s);
	uint64_t interval = since_s / import->interval_s;
	if (import->line[interval] && rows_equal(import, row, last)) {
		import->facts.repeated_rows++;
		return true;
	}
	if (import->line[interval])
		return import_refuse(import, row->line, -1,
		                     "%s stands in line %u too, with other values: remove one",
		                     time, import->line[interval]);
	import->line[interval] = row->line;
	memcpy(&import->value[interval * import->columns], &import->cell[row->cells],
	       import->columns * sizeof *import->cell);
	return true;
}

static bool intervals_make(struct import *import)
{
	int64_t length_s = import->row[import->rows - 1].utc_s - import->row[0].utc_s;
	uint64_t intervals = (uint64_t)length_s / import->interval_s + 1;
	if (intervals > EC_SERIES_INTERVALS_MAX ||
	    intervals * import->columns > EC_SERIES_CELLS_MAX)
		return import_refuse(
			import, import->row[import->rows - 1].line, -1,
			"first and last time are %lld days apart, too far at intervals "
			"of %u s",
			(long long)(length_s / DAY_S), import->interval_s);
	import->start_s = import->row[0].utc_s;
	import->intervals = (uint32_t)intervals;
	import->line = calloc(intervals, sizeof *import->line);
	import->value = malloc(intervals * import->columns * sizeof *import->value);
	if (!import->line || !import->value)
		return import_refuse(import, 0, -1, "there is not enough memory for it");
	for (size_t i = 0; i < intervals * import->columns; i++)
		import->value[i] = EC_CELL_EMPTY;
	return true;
}

bool import_grid(struct import *import)
{
	char first[EC_CLOCK_TEXT_SIZE], last[EC_CLOCK_TEXT_SIZE];
	import->interval_s = interval_of(import);
	if (import->interval_s == 0)
		return import_refuse(import, import->row[1].line, -1,
		                     "no two rows are a day or less apart");
	if (!intervals_make(import))
		return false;
	for (uint32_t i = 0; i < import->rows; i++)
		if (!row_place(import, &import->row[i], &import->row[i ? i - 1 : 0]))
			return false;
	ec_civil_write(import->start_s, first);
	ec_civil_write(import->row[import->rows - 1].utc_s, last);
	import_state(import, "%s: %u columns, %u rows, every %u s, %sZ to %sZ", import->file,
	             import->columns, import->rows, import->interval_s, first, last);
	if (import->facts.out_of_order)
		import_warn(import, "%u rows were out of order and are sorted",
		            import->facts.out_of_order);
	if (import->facts.repeated_rows)
		import_warn(import, "%u rows stand in the file again with equal values: dropped",
		            import->facts.repeated_rows);
	return true;
}
