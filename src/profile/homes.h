/* homes.h - homes that nobody lives in: load and PV from a seed, the same on every machine.
 *
 * Load is BDEW H0 times lognormal noise with memory, and appliances that start by chance; PV is a
 * clear sky over a tilted panel, under clouds that a neighbourhood shares.  What comes out are the
 * registers of a meter: cumulative whole Wh.  Energy is summed exactly, in whole microwatt-hours;
 * only the register is rounded.  For hosts and trials; floats are welcome here and nowhere below.
 */
#ifndef EC_PROFILE_HOMES_H
#define EC_PROFILE_HOMES_H

#include "profile/h0.h"
#include "profile/solar.h"

#include <stdbool.h>

/* A neighbourhood: equal values give equal homes. */
struct ec_homes {
	uint64_t seed;
	struct ec_solar_place place;
	double utc_offset_hours; /* of the local clock, by which days begin and people live */
	bool clear_sky;          /* no clouds */
};

/* A neighbourhood at 48.1 north, 11.6 east, on summer time. */
struct ec_homes ec_homes_of_seed(uint64_t seed);

/* One home of it. */
struct ec_home {
	double year_kwh;
	struct ec_panel panel; /* peak_w 0: it has none */
};

/* Home `index` of the neighbourhood; three of four have panels. */
struct ec_home ec_home_of(const struct ec_homes *homes, uint32_t index);

/* Mean power of a home over the 96 quarter-hours of a local day, 1..365, in mW, never below 0.  Any
 * day can be asked for on its own. */
void ec_home_day(const struct ec_homes *homes, uint32_t index, uint32_t day,
                 uint64_t load_mw[static EC_DAY_QUARTERS], uint64_t pv_mw[static EC_DAY_QUARTERS]);

/* A home's two meters, walking through time; after day 365 comes day 1. */
struct ec_home_walk {
	struct ec_homes homes;
	uint32_t index;
	uint32_t day;     /* of the quarter-hour that comes next */
	uint32_t quarter; /* 0..95 */
	uint64_t load_uwh, pv_uwh;
	uint64_t load_mw[EC_DAY_QUARTERS], pv_mw[EC_DAY_QUARTERS];
};

/* Both registers at 0 when `quarter` of `day` begins. */
void ec_home_walk_start(struct ec_home_walk *walk, const struct ec_homes *homes, uint32_t index,
                        uint32_t day, uint32_t quarter);

/* Counts the next quarter-hour. */
void ec_home_walk_next(struct ec_home_walk *walk);

/* What was used since the walk's start, in whole Wh, rounded to the nearest. */
uint64_t ec_home_load_wh(const struct ec_home_walk *walk);

/* What the panels made, likewise; 0 of a home without. */
uint64_t ec_home_pv_wh(const struct ec_home_walk *walk);

#endif
