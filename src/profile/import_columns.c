/* import_columns.c - an import's last step: columns that are accepted, but worth a word. */
#include "profile/import_steps.h"

#include <math.h>
#include <string.h>

enum { WORDS_MAX = 12 }; /* warnings of one kind; the rest is counted */

static int64_t value_of(const struct import *import, uint32_t interval, uint32_t column)
{
	return import->value[(size_t)interval * import->columns + column];
}

static bool equal(const struct import *import, uint32_t a, uint32_t b)
{
	for (uint32_t i = 0; i < import->intervals; i++)
		if (value_of(import, i, a) != value_of(import, i, b))
			return false;
	return true;
}

static double peak_of(const struct import *import, uint32_t column)
{
	double peak = 0;
	for (uint32_t i = 0; i < import->intervals; i++)
		peak = fmax(peak, fabs((double)value_of(import, i, column)));
	return peak;
}

static bool constant(const struct import *import, uint32_t column)
{
	for (uint32_t i = 1; i < import->intervals; i++)
		if (value_of(import, i, column) != value_of(import, 0, column))
			return false;
	return true;
}

/* Whether b is a with another peak, all along, to a part in a thousand of the peak. */
static bool scaled(const struct import *import, uint32_t a, uint32_t b, double peak_a,
                   double peak_b)
{
	for (uint32_t i = 0; i < import->intervals; i++) {
		double left = (double)value_of(import, i, a) / peak_a;
		double right = (double)value_of(import, i, b) / peak_b;
		if (fabs(left - right) > 0.001)
			return false;
	}
	return true;
}

/* A column against those before it: the first that it repeats is named. */
static void compare_with_earlier(struct import *import, const double *peak, uint32_t column,
                                 uint32_t *scaled_columns)
{
	for (uint32_t other = 0; other < column; other++) {
		if (peak[other] == 0)
			continue;
		if (equal(import, other, column)) {
			if (import->facts.equal_columns++ < WORDS_MAX)
				import_warn(import, "column '%s' repeats '%s' value by value",
				            import->name[column], import->name[other]);
			return;
		}
		if (scaled(import, other, column, peak[other], peak[column])) {
			if ((*scaled_columns)++ < WORDS_MAX)
				import_warn(import, "column '%s' is '%s' times %.4g all along",
				            import->name[column], import->name[other],
				            peak[column] / peak[other]);
			return;
		}
	}
}

static void doubled_names(struct import *import)
{
	for (uint32_t a = 0; a < import->columns; a++)
		for (uint32_t b = 0; b < a; b++)
			if (strcmp(import->name[a], import->name[b]) == 0) {
				import_warn(import, "two columns are named '%s': %u and %u",
				            import->name[a], import->place[b], import->place[a]);
				return;
			}
}

static void negative_count(struct import *import)
{
	int first = -1;
	for (uint32_t column = 0; column < import->columns; column++) {
		for (uint32_t i = 0; i < import->intervals; i++) {
			if (value_of(import, i, column) >= 0)
				continue;
			import->facts.negative++;
			first = first < 0 ? (int)column : first;
		}
	}
	if (first >= 0)
		import_warn(import, "%u values are below zero, the first in '%s': taken as 0",
		            import->facts.negative, import->name[first]);
}

void import_columns(struct import *import)
{
	double peak[EC_SERIES_COLUMNS_MAX];
	uint32_t scaled_columns = 0;
	for (uint32_t column = 0; column < import->columns; column++) {
		peak[column] = peak_of(import, column);
		if (peak[column] == 0)
			import_warn(import, "column '%s' is 0 all along", import->name[column]);
		else if (constant(import, column))
			import_warn(import, "column '%s' never changes", import->name[column]);
		else
			compare_with_earlier(import, peak, column, &scaled_columns);
	}
	if (import->facts.equal_columns > WORDS_MAX)
		import_warn(import, "%u columns repeat others", import->facts.equal_columns);
	if (scaled_columns > WORDS_MAX)
		import_warn(import, "%u columns are others scaled", scaled_columns);
	doubled_names(import);
	negative_count(import);
}
