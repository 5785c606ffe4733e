/* homes.c - load and PV of homes from a seed. */
#include "profile/homes.h"

#include "base/prng.h"

#include <assert.h>
#include <math.h>

static const double PI = 3.14159265358979323846;
static const double NOISE_SIGMA = 0.4;   /* of the logarithm of the load */
static const double NOISE_MEMORY = 0.85; /* from one quarter-hour to the next */
static const double CLOUD_MEMORY = 0.9;

/* What a number is drawn for: each has a stream of its own. */
enum stream { HOME, NOISE, APPLIANCES, CLOUDS };

static const struct appliance {
	double starts_a_day;
	double energy_wh;
	uint32_t quarters;    /* how long it runs */
	uint32_t from, until; /* quarter-hours in which it may start */
} appliances[] = {
	{.starts_a_day = 0.5,
         .energy_wh = 1000,
         .quarters = 6,
         .from = 76,
         .until = 88}, /* dishes */
	{.starts_a_day = 0.35,
         .energy_wh = 800,
         .quarters = 6,
         .from = 32,
         .until = 76}, /* washing */
	{.starts_a_day = 0.5, .energy_wh = 1200, .quarters = 4, .from = 44, .until = 76}, /* oven */
	{.starts_a_day = 2.5,
         .energy_wh = 110,
         .quarters = 1,
         .from = 26,
         .until = 86}, /* kettle */
};
enum { APPLIANCES_COUNT = sizeof appliances / sizeof appliances[0], STARTS_MAX = 16 };

/* A generator for one purpose, home and day: any of them can be asked for alone. */
static struct ec_prng draw(const struct ec_homes *homes, enum stream stream, uint64_t index,
                           uint64_t day)
{
	struct ec_prng prng;
	ec_prng_seed(&prng, homes->seed);
	ec_prng_seed(&prng, ec_prng_next(&prng) ^ (index << 20 | day << 4 | stream));
	return prng;
}

/* Uniform in (0, 1). */
static double uniform(struct ec_prng *prng)
{
	return ((double)(ec_prng_next(prng) >> 11) + 0.5) * 0x1p-53;
}

/* Normal with mean 0 and deviation 1 (Box and Muller). */
static double normal(struct ec_prng *prng)
{
	double radius = sqrt(-2 * log(uniform(prng)));
	return radius * cos(2 * PI * uniform(prng));
}

struct ec_homes ec_homes_of_seed(uint64_t seed)
{
	return (struct ec_homes){.seed = seed,
	                         .place = {.latitude_deg = 48.1, .longitude_deg = 11.6},
	                         .utc_offset_hours = 2};
}

struct ec_home ec_home_of(const struct ec_homes *homes, uint32_t index)
{
	struct ec_prng prng = draw(homes, HOME, index, 0);
	struct ec_home home = {0};
	home.year_kwh = fmin(8000, fmax(1500, 3300 * exp(0.35 * normal(&prng))));
	double peak_w = 1000 * floor(3 + 8 * uniform(&prng));
	home.panel.tilt_deg = 20 + 25 * uniform(&prng);
	home.panel.azimuth_deg = 120 + 120 * uniform(&prng);
	if (uniform(&prng) < 0.75)
		home.panel.peak_w = peak_w;
	return home;
}

/* What the appliances of a home use a year, if their energy is scaled by `scale`. */
static double appliances_year_kwh(double scale)
{
	double wh = 0;
	for (uint32_t i = 0; i < APPLIANCES_COUNT; i++)
		wh += appliances[i].starts_a_day * appliances[i].energy_wh;
	return wh * scale * EC_YEAR_DAYS / 1000;
}

/* Smaller homes have smaller appliances. */
static double appliances_scale(const struct ec_home *home)
{
	return home->year_kwh / 4000;
}

/* How often something starts that starts `mean` times a day on average (Poisson, by Knuth). */
static uint32_t starts(struct ec_prng *prng, double mean)
{
	double limit = exp(-mean), product = uniform(prng);
	uint32_t count = 0;
	for (; product > limit && count < STARTS_MAX; count++)
		product *= uniform(prng);
	return count;
}

static void appliances_add(const struct ec_homes *homes, uint32_t index, uint32_t day, double scale,
                           double load_w[static EC_DAY_QUARTERS])
{
	struct ec_prng prng = draw(homes, APPLIANCES, index, day);
	for (uint32_t i = 0; i < APPLIANCES_COUNT; i++) {
		const struct appliance *it = &appliances[i];
		double power_w = it->energy_wh * scale / (0.25 * it->quarters);
		assert(it->until + it->quarters <= EC_DAY_QUARTERS);
		for (uint32_t count = starts(&prng, it->starts_a_day); count > 0; count--) {
			uint32_t first =
				it->from + (uint32_t)ec_prng_below(&prng, it->until - it->from + 1);
			for (uint32_t k = 0; k < it->quarters; k++)
				load_w[first + k] += power_w;
		}
	}
}

static void load_make(const struct ec_homes *homes, uint32_t index, uint32_t day,
                      const struct ec_home *home, double load_w[static EC_DAY_QUARTERS])
{
	double scale = appliances_scale(home);
	double thousands = (home->year_kwh - appliances_year_kwh(scale)) / 1000;
	struct ec_prng prng = draw(homes, NOISE, index, day);
	double noise = NOISE_SIGMA * normal(&prng);
	double fresh = NOISE_SIGMA * sqrt(1 - NOISE_MEMORY * NOISE_MEMORY);
	assert(thousands > 0);
	for (uint32_t quarter = 0; quarter < EC_DAY_QUARTERS; quarter++) {
		/* The mean of a lognormal is exp(sigma^2 / 2): divided out, the year keeps its sum.
		 */
		double factor = exp(noise - NOISE_SIGMA * NOISE_SIGMA / 2);
		load_w[quarter] = thousands * ec_h0_power_w(day, quarter) * factor;
		noise = NOISE_MEMORY * noise + fresh * normal(&prng);
	}
	appliances_add(homes, index, day, scale, load_w);
}

/* Clear, broken and overcast, shared by the neighbourhood. */
static void clearness_make(const struct ec_homes *homes, uint32_t day,
                           double clearness[static EC_DAY_QUARTERS])
{
	static const double states[] = {0.95, 0.6, 0.25};
	struct ec_prng prng = draw(homes, CLOUDS, 0, day);
	uint64_t state = ec_prng_below(&prng, 3);
	for (uint32_t quarter = 0; quarter < EC_DAY_QUARTERS; quarter++) {
		clearness[quarter] = homes->clear_sky ? 1 : states[state];
		if (uniform(&prng) > CLOUD_MEMORY)
			state = ec_prng_below(&prng, 3);
	}
}

/* Coldest in mid-January and at three in the morning. */
static double air_deg_c(uint32_t day, double local_hours)
{
	return 10 - 10 * cos(2 * PI * (day - 15.0) / 365) +
	       5 * cos(2 * PI * (local_hours - 15) / 24);
}

void ec_home_day(const struct ec_homes *homes, uint32_t index, uint32_t day,
                 uint64_t load_mw[static EC_DAY_QUARTERS], uint64_t pv_mw[static EC_DAY_QUARTERS])
{
	assert(day >= 1 && day <= EC_YEAR_DAYS);
	struct ec_home home = ec_home_of(homes, index);
	double load_w[EC_DAY_QUARTERS], clearness[EC_DAY_QUARTERS];
	load_make(homes, index, day, &home, load_w);
	clearness_make(homes, day, clearness);
	for (uint32_t quarter = 0; quarter < EC_DAY_QUARTERS; quarter++) {
		double middle = (quarter + 0.5) / 4;
		struct ec_sun sun = ec_sun_at(homes->place, day, middle - homes->utc_offset_hours);
		double pv_w = ec_panel_power_w(&home.panel, &sun, clearness[quarter],
		                               air_deg_c(day, middle));
		load_mw[quarter] = (uint64_t)llround(1000 * load_w[quarter]);
		pv_mw[quarter] = (uint64_t)llround(1000 * pv_w);
	}
}

void ec_home_walk_start(struct ec_home_walk *walk, const struct ec_homes *homes, uint32_t index,
                        uint32_t day, uint32_t quarter)
{
	assert(quarter < EC_DAY_QUARTERS);
	*walk = (struct ec_home_walk){
		.homes = *homes, .index = index, .day = day, .quarter = quarter};
	ec_home_day(homes, index, day, walk->load_mw, walk->pv_mw);
}

void ec_home_walk_next(struct ec_home_walk *walk)
{
	/* 1 mW over a quarter-hour is 250 microwatt-hours. */
	walk->load_uwh += 250 * walk->load_mw[walk->quarter];
	walk->pv_uwh += 250 * walk->pv_mw[walk->quarter];
	if (++walk->quarter < EC_DAY_QUARTERS)
		return;
	walk->quarter = 0;
	walk->day = walk->day % EC_YEAR_DAYS + 1;
	ec_home_day(&walk->homes, walk->index, walk->day, walk->load_mw, walk->pv_mw);
}

static uint64_t whole_wh(uint64_t uwh)
{
	return (uwh + 500000) / 1000000;
}

uint64_t ec_home_load_wh(const struct ec_home_walk *walk)
{
	return whole_wh(walk->load_uwh);
}

uint64_t ec_home_pv_wh(const struct ec_home_walk *walk)
{
	return whole_wh(walk->pv_uwh);
}
