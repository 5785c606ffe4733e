/* import_unit.c - an import's fourth step: the unit that is said, and whether the numbers fit it.
 *
 * A home uses 20 W to 20 kW on average over weeks.  A file of means far below or above that, taken
 * as W, is in kW, or the reverse: bills would be wrong by a thousand. */
#include "profile/import_steps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double MEAN_LOW_W = 10, MEAN_HIGH_W = 50000;
static const double PEAK_HIGH_W = 100000; /* 145 A in each of three phases */
static const double PU_MAX = 1.5;

/* The unit at the end of a name: "load_kW", "load kW", "load [kW]", "load (kW)". */
static enum ec_unit unit_in_name(const char *name)
{
	char word[EC_SERIES_NAME_SIZE];
	size_t size = strlen(name);
	enum ec_unit unit;
	if (size && strchr("])", name[size - 1]))
		size--;
	size_t begin = size;
	while (begin > 0 && !strchr("_ [(-", name[begin - 1]))
		begin--;
	if (begin == 0 || size - begin >= sizeof word)
		return EC_UNIT_UNKNOWN;
	snprintf(word, sizeof word, "%.*s", (int)(size - begin), name + begin);
	return ec_unit_read(word, &unit) ? unit : EC_UNIT_UNKNOWN;
}

/* The unit at the end of a file's name: "load_15min_W.csv.gz". */
static enum ec_unit unit_in_file(const char *file)
{
	char name[256];
	snprintf(name, sizeof name, "%s", file);
	char *dot = strchr(name, '.');
	if (dot)
		*dot = 0;
	return unit_in_name(name);
}

/* The unit that all columns name.  Returns: false, refused, when they name different ones. */
static bool unit_in_columns(struct import *import, enum ec_unit *unit)
{
	int named = -1;
	for (uint32_t i = 0; i < import->columns; i++) {
		enum ec_unit here = unit_in_name(import->name[i]);
		if (here == EC_UNIT_UNKNOWN)
			continue;
		if (named >= 0 && here != *unit)
			return import_refuse(import, 1, (int)i,
			                     "is in %s, but '%s' is in %s: import them one after "
			                     "the other, with the begin of their names",
			                     ec_unit_name(here), import->name[named],
			                     ec_unit_name(*unit));
		*unit = here;
		named = (int)i;
	}
	return true;
}

/* Watts of 1 in a unit. */
static double unit_w(const struct import *import, enum ec_unit unit)
{
	switch (unit) {
	case EC_UNIT_KW:
		return 1000;
	case EC_UNIT_WH:
		return 3600.0 / import->interval_s;
	case EC_UNIT_KWH:
		return 3600000.0 / import->interval_s;
	case EC_UNIT_PU:
		return import->options->rated_w;
	default:
		return 1;
	}
}

static const char *unit_option(const struct import *import)
{
	return import->options->unit_option ? import->options->unit_option : "--unit";
}

struct magnitude {
	double mean; /* of the absolute values, in the file's unit */
	double peak;
	uint32_t peak_line;
};

static struct magnitude magnitude_of(const struct import *import, uint32_t column)
{
	struct magnitude magnitude = {0};
	uint32_t count = 0;
	for (uint32_t i = 0; i < import->intervals; i++) {
		int64_t value = import->value[(size_t)i * import->columns + column];
		if (value == EC_CELL_EMPTY)
			continue;
		double size = fabs((double)value * 1e-9);
		magnitude.mean += size;
		count++;
		if (size > magnitude.peak) {
			magnitude.peak = size;
			magnitude.peak_line = import->line[i];
		}
	}
	if (count)
		magnitude.mean /= count;
	return magnitude;
}

static int by_size(const void *left, const void *right)
{
	const double *a = left, *b = right;
	return *a < *b ? -1 : *a > *b;
}

/* The middle one of the columns' means that are not 0. */
static double middle_mean(const struct magnitude *magnitudes, uint32_t columns)
{
	double means[EC_SERIES_COLUMNS_MAX];
	uint32_t count = 0;
	for (uint32_t i = 0; i < columns; i++)
		if (magnitudes[i].mean > 0)
			means[count++] = magnitudes[i].mean;
	qsort(means, count, sizeof means[0], by_size);
	return count ? means[count / 2] : 0;
}

/* A unit a thousand times larger or smaller; the same when there is none. */
static enum ec_unit unit_other(enum ec_unit unit)
{
	static const enum ec_unit others[EC_UNITS] = {[EC_UNIT_W] = EC_UNIT_KW,
	                                              [EC_UNIT_KW] = EC_UNIT_W,
	                                              [EC_UNIT_WH] = EC_UNIT_KWH,
	                                              [EC_UNIT_KWH] = EC_UNIT_WH};
	return others[unit];
}

static bool plausible(double mean_w)
{
	return mean_w == 0 || (mean_w >= MEAN_LOW_W && mean_w <= MEAN_HIGH_W);
}

/* Warns when the user said the unit, else refuses, if a mean, that of `column` or of all, fits
 * another unit only. */
static bool mean_check(struct import *import, int column, bool all,
                       const struct magnitude *magnitude, double mean)
{
	enum ec_unit unit = import->facts.unit, other = unit_other(unit);
	double mean_w = mean * unit_w(import, unit);
	if (plausible(mean_w))
		return true;
	/* Energy is named where power is meant, too: kWh on numbers that are kW. */
	bool fits = plausible(mean * unit_w(import, other));
	if (import->options->unit != EC_UNIT_UNKNOWN || !fits) {
		import_warn(import, "taken as %s, %s uses %.4g W on average%s%s",
		            ec_unit_name(unit), all ? "a column" : import->name[column], mean_w,
		            fits ? ": it looks like " : "", fits ? ec_unit_name(other) : "");
		return true;
	}
	return import_refuse(
		import, magnitude->peak_line, column,
		"%.4g is taken as %s, but that is %.4g W on average: it looks like %s; "
		"say %s %s, or %s %s if it is right",
		magnitude->peak, ec_unit_name(unit), mean_w, ec_unit_name(other),
		unit_option(import), ec_unit_name(other), unit_option(import), ec_unit_name(unit));
}

/* Warns of single values that no home's connection carries; a group refuses such readings. */
static void peaks_check(struct import *import, const struct magnitude *magnitudes)
{
	for (uint32_t i = 0; i < import->columns; i++) {
		double peak_w = magnitudes[i].peak * unit_w(import, import->facts.unit);
		if (peak_w > PEAK_HIGH_W)
			import_warn(import,
			            "line %u: column %u '%s' reaches %.4g W, more than any home's "
			            "connection carries",
			            magnitudes[i].peak_line, import->place[i], import->name[i],
			            peak_w);
	}
}

/* The magnitude of all columns together, then of any that is a thousand times off the others. */
static bool power_check(struct import *import, const struct magnitude *magnitudes)
{
	double middle = middle_mean(magnitudes, import->columns);
	if (!mean_check(import, 0, true, &magnitudes[0], middle))
		return false;
	if (!plausible(middle * unit_w(import, import->facts.unit)))
		return true; /* said once for all */
	for (uint32_t i = 0; i < import->columns; i++) {
		double mean = magnitudes[i].mean;
		bool off = mean > 0 && (mean < middle / 200 || mean > middle * 200);
		if (off && !mean_check(import, (int)i, false, &magnitudes[i], mean))
			return false;
	}
	return true;
}

static bool pu_check(struct import *import, const struct magnitude *magnitudes)
{
	if (!(import->options->rated_w > 0))
		return import_refuse(import, 1, 0,
		                     "is a part of the rated power, which is not said: --kwp N");
	for (uint32_t i = 0; i < import->columns; i++)
		if (magnitudes[i].peak > PU_MAX)
			return import_refuse(import, magnitudes[i].peak_line, (int)i,
			                     "%.4g times the rated power is no panel: say %s kW "
			                     "or %s W",
			                     magnitudes[i].peak, unit_option(import),
			                     unit_option(import));
	return true;
}

/* Much for a home, but not for the same numbers as power: often kWh is written on kW. */
static void energy_check(struct import *import, double mean)
{
	enum ec_unit unit = import->facts.unit;
	bool thousands = unit == EC_UNIT_KWH;
	double mean_w = mean * unit_w(import, unit), as_power_w = mean * (thousands ? 1000 : 1);
	if ((thousands || unit == EC_UNIT_WH) && mean_w > 1000 && plausible(as_power_w))
		import_warn(
			import,
			"as %s in an interval a column uses %.4g W on average, much for a home; as "
			"%s it is %.4g W: is it %s %s?",
			ec_unit_name(unit), mean_w, thousands ? "kW" : "W", as_power_w,
			unit_option(import), thousands ? "kW" : "W");
}

/* Whether all values can be parts of a rated power. */
static bool all_parts(const struct import *import, const struct magnitude *magnitudes)
{
	for (uint32_t i = 0; i < import->columns; i++)
		if (magnitudes[i].peak > PU_MAX)
			return false;
	return true;
}

/* Out: by, who says so.  Returns: false when refused. */
static bool unit_find(struct import *import, const struct magnitude *magnitudes, const char **by)
{
	enum ec_unit *unit = &import->facts.unit;
	*unit = import->options->unit;
	*by = "the option says so";
	if (*unit != EC_UNIT_UNKNOWN)
		return true;
	*by = "the columns say so";
	if (!unit_in_columns(import, unit))
		return false;
	if (*unit == EC_UNIT_UNKNOWN) {
		*by = "the file's name says so";
		*unit = unit_in_file(import->file);
	}
	if (*unit == EC_UNIT_UNKNOWN && import->options->rated_w > 0 &&
	    all_parts(import, magnitudes)) {
		*by = "the rated power is given";
		*unit = EC_UNIT_PU;
	}
	if (*unit == EC_UNIT_UNKNOWN) {
		*by = "nothing else is said";
		*unit = EC_UNIT_W;
	}
	return true;
}

bool import_unit(struct import *import)
{
	struct magnitude magnitudes[EC_SERIES_COLUMNS_MAX] = {0};
	const char *by;
	for (uint32_t i = 0; i < import->columns; i++)
		magnitudes[i] = magnitude_of(import, i);
	if (!unit_find(import, magnitudes, &by))
		return false;
	enum ec_unit unit = import->facts.unit;
	if (!(unit == EC_UNIT_PU ? pu_check : power_check)(import, magnitudes))
		return false;
	peaks_check(import, magnitudes);
	energy_check(import, middle_mean(magnitudes, import->columns));
	import_state(import, "unit: %s, %s; %.4g W a column on average", ec_unit_name(unit), by,
	             middle_mean(magnitudes, import->columns) * unit_w(import, unit));
	return true;
}
