/* series.h - measured power of several homes at equal intervals, and the registers that it fills.
 */
#ifndef EC_PROFILE_SERIES_H
#define EC_PROFILE_SERIES_H

#include <stdint.h>

enum {
	EC_SERIES_NAME_SIZE = 64,
	EC_SERIES_COLUMNS_MAX = 1024,
	EC_SERIES_INTERVALS_MAX = 1 << 22,
	EC_SERIES_CELLS_MAX = 1 << 25,
};

/* A matrix of mean powers.  From ec_series_new() or ec_import(), ended by ec_series_free(). */
struct ec_series {
	uint32_t columns, intervals;
	uint32_t interval_s;
	int64_t start_s; /* UTC, since 1970; interval k begins at start_s + k * interval_s */
	char (*name)[EC_SERIES_NAME_SIZE];
	uint64_t *power_uw;   /* of column c in interval k: [k * columns + c] */
	uint64_t *energy_uws; /* from the start to the begin of interval k: [k * columns + c] */
};

/* A series of zeros.  In: all numbers above 0 and within the limits.  Returns: NULL without
 * memory. */
struct ec_series *ec_series_new(uint32_t columns, uint32_t intervals, uint32_t interval_s);

/* NULL is good. */
void ec_series_free(struct ec_series *series);

/* Sums up energy_uws after power_uw is filled.  Returns: 0 when a sum is beyond 2^64, else 1. */
int ec_series_sum(struct ec_series *series);

/* The register of a column in whole Wh, rounded to the nearest, `elapsed_s` seconds after the
 * start; 0 at the start.  After the last interval the series begins again.  Exact in between: power
 * is the same all through an interval. */
uint64_t ec_series_register_wh(const struct ec_series *series, uint32_t column, uint64_t elapsed_s);

#endif
