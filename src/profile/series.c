/* series.c - power at equal intervals, and exact registers over it. */
#include "profile/series.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

static const uint64_t WH_UWS = 3600000000u; /* microwatt-seconds in a watt-hour */

struct ec_series *ec_series_new(uint32_t columns, uint32_t intervals, uint32_t interval_s)
{
	assert(columns > 0 && columns <= EC_SERIES_COLUMNS_MAX && interval_s > 0);
	assert(intervals > 0 && intervals <= EC_SERIES_INTERVALS_MAX);
	struct ec_series *series = calloc(1, sizeof *series);
	if (!series)
		return NULL;
	series->columns = columns;
	series->intervals = intervals;
	series->interval_s = interval_s;
	series->name = calloc(columns, sizeof *series->name);
	series->power_uw = calloc((size_t)intervals * columns, sizeof *series->power_uw);
	series->energy_uws = calloc(((size_t)intervals + 1) * columns, sizeof *series->energy_uws);
	if (series->name && series->power_uw && series->energy_uws)
		return series;
	ec_series_free(series);
	return NULL;
}

void ec_series_free(struct ec_series *series)
{
	if (!series)
		return;
	free(series->name);
	free(series->power_uw);
	free(series->energy_uws);
	free(series);
}

int ec_series_sum(struct ec_series *series)
{
	uint32_t columns = series->columns;
	bool fits = true;
	for (size_t at = 0; at < (size_t)series->intervals * columns; at++) {
		uint64_t energy, *sum = series->energy_uws;
		fits = !__builtin_mul_overflow(series->power_uw[at], series->interval_s, &energy) &&
		       !__builtin_add_overflow(sum[at], energy, &sum[at + columns]) && fits;
	}
	return fits;
}

uint64_t ec_series_register_wh(const struct ec_series *series, uint32_t column, uint64_t elapsed_s)
{
	assert(column < series->columns);
	uint64_t whole_s = (uint64_t)series->intervals * series->interval_s;
	uint64_t rounds = elapsed_s / whole_s, within_s = elapsed_s % whole_s;
	uint64_t interval = within_s / series->interval_s;
	size_t at = (size_t)interval * series->columns + column;
	wide total = series->energy_uws[(size_t)series->intervals * series->columns + column];
	wide energy = rounds * total + series->energy_uws[at] +
	              (wide)series->power_uw[at] * (within_s % series->interval_s);
	return (uint64_t)((energy + WH_UWS / 2) / WH_UWS);
}
