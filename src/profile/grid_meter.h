/* grid_meter.h - the meter between a home and the grid: load less PV, in whole Wh a quarter-hour.
 *
 * What a home uses and makes comes from a neighbourhood of a seed, or from files.  In each
 * quarter-hour only the difference passes the meter: into the import register when load is greater,
 * else into the export register. */
#ifndef EC_PROFILE_GRID_METER_H
#define EC_PROFILE_GRID_METER_H

#include "profile/homes.h"
#include "profile/series.h"

/* What a home uses and makes, quarter-hour by quarter-hour, and what comes next. */
struct ec_supply {
	const struct ec_series *load, *pv; /* NULL: from the walk; pv NULL beside a load: no PV */
	uint32_t load_column, pv_column;
	uint64_t elapsed_s, pv_ahead_s; /* in the load at the begin of the next quarter-hour; PV's
	                                 * is as much ahead */
	struct ec_home_walk walk;
	uint64_t load_wh, pv_wh; /* registers at the begin of the next quarter-hour */
};

/* Home `index` of a neighbourhood, from the quarter-hour that begins at begin_s on (UTC). */
void ec_supply_home(struct ec_supply *supply, const struct ec_homes *homes, uint32_t index,
                    int64_t begin_s);

/* Columns of series, which outlive it; pv may be NULL.  The first day that is played is the first
 * of the load that has this time of day; PV is of the same date where it has it, else of the same
 * time of day. */
void ec_supply_series(struct ec_supply *supply, const struct ec_series *load, uint32_t load_column,
                      const struct ec_series *pv, uint32_t pv_column, int64_t begin_s);

/* The energies of the next quarter-hour, which is then over. */
void ec_supply_next(struct ec_supply *supply, uint64_t *load_wh, uint64_t *pv_wh);

struct ec_grid_meter {
	struct ec_supply supply;
	uint64_t time_s; /* where the registers stand: the begin of the next quarter-hour */
	uint64_t import_wh, export_wh;
};

/* Both registers at 0 at begin_s, where the supply stands. */
void ec_grid_meter_start(struct ec_grid_meter *meter, const struct ec_supply *supply,
                         uint64_t begin_s);

/* Counts up to an instant.  In: time_s: a whole number of quarter-hours after its begin. */
void ec_grid_meter_to(struct ec_grid_meter *meter, uint64_t time_s);

#endif
