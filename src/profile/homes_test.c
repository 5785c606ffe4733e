/* homes_test.c - the profiles' check values, and what synthetic homes must be like. */
#include "profile/homes.h"

#include "base/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.9g, expected %.9g within %g", value, expected, tolerance);
}

static void h0_meets_its_check_values(void **state)
{
	(void)state;
	static const struct {
		uint32_t day;
		double factor;
	} checks[] = {{1, 1.2420}, {60, 1.1773}, {121, 0.9492}, {202, 0.7847}, {365, 1.2572}};
	double sum = 0, least = 2, most = 0;
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		assert_near(ec_h0_factor(checks[i].day), checks[i].factor, 0.00005);
	for (uint32_t day = 1; day <= EC_YEAR_DAYS; day++) {
		double factor = ec_h0_factor(day);
		sum += factor;
		least = fmin(least, factor);
		most = fmax(most, factor);
	}
	assert_near(sum / 365, 1.00446, 0.000006);
	assert_near(least, ec_h0_factor(202), 0);
	assert_near(most, ec_h0_factor(365), 0);
	/* 997.4 and 998.6 from quarter-hours; the table of whole watts an hour comes within 0.03 %.
	 */
	assert_near(ec_h0_year_kwh(), 997.4, 0.3);
	assert_near(ec_h0_year_static_kwh(), 998.6, 0.3);
	double year_kwh = 0;
	for (uint32_t day = 1; day <= EC_YEAR_DAYS; day++)
		for (uint32_t quarter = 0; quarter < EC_DAY_QUARTERS; quarter++)
			year_kwh += ec_h0_power_w(day, quarter) / 4000;
	assert_near(year_kwh, 1000, 1e-9);
}

static void h0_days_have_their_types(void **state)
{
	(void)state;
	assert_int_equal(ec_h0_day_type(1), EC_SUNDAY);    /* 1 January 2023 */
	assert_int_equal(ec_h0_day_type(2), EC_WORKDAY);   /* a Monday */
	assert_int_equal(ec_h0_day_type(7), EC_SATURDAY);  /* the week's end */
	assert_int_equal(ec_h0_day_type(172), EC_WORKDAY); /* 21 June, a Wednesday */
	assert_int_equal(ec_h0_day_type(365), EC_SUNDAY);  /* 31 December */
	/* The seasons change where they should: 20 and 21 March, 14 and 15 May, ... */
	double scale = 1000 / ec_h0_year_kwh();
	static const struct {
		uint32_t day;
		double eight_w;
	} edges[] = {{79, 134},  {80, 137},  {134, 111}, {135, 142},
	             {257, 142}, {258, 137}, {304, 137}, {305, 134}};
	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
		assert_near(ec_h0_power_w(edges[i].day, 32) / ec_h0_factor(edges[i].day) / scale,
		            edges[i].eight_w, 1e-9);
}

static void clear_sky_meets_its_check_values(void **state)
{
	(void)state;
	static const double checks[][2] = {{5, 48.629868794},
	                                   {10, 135.741748092},
	                                   {30, 487.894132885},
	                                   {50, 778.766689344},
	                                   {90, 1035.092032534}};
	for (size_t i = 0; i < 5; i++)
		assert_near(ec_clear_sky_w_m2(sin(checks[i][0] * M_PI / 180)), checks[i][1], 5e-10);
	assert_near(ec_clear_sky_w_m2(0), 0, 0);
	assert_near(ec_clear_sky_w_m2(-0.5), 0, 0);
	static const struct {
		uint32_t day;
		double kwh_m2, peak_w_m2;
	} site[] = {{15, 1.703, 327.2},
	            {80, 4.902, 670.3},
	            {172, 8.731, 934.9},
	            {266, 4.953, 674.8},
	            {355, 1.425, 288.8}};
	for (size_t i = 0; i < sizeof site / sizeof site[0]; i++) {
		double kwh = 0, peak = 0;
		for (uint32_t quarter = 0; quarter < EC_DAY_QUARTERS; quarter++) {
			struct ec_sun sun =
				ec_sun_at((struct ec_solar_place){.latitude_deg = 48.1,
			                                          .longitude_deg = 11.6},
			                  site[i].day, (quarter + 0.5) / 4);
			double w_m2 = ec_clear_sky_w_m2(sun.cos_zenith);
			kwh += w_m2 / 4000;
			peak = fmax(peak, w_m2);
		}
		assert_near(kwh, site[i].kwh_m2, 0.0005);
		assert_near(peak, site[i].peak_w_m2, 0.05);
	}
}

static void a_panel_follows_the_sun(void **state)
{
	(void)state;
	struct ec_solar_place place = {.latitude_deg = 48.1, .longitude_deg = 11.6};
	struct ec_panel east = {.peak_w = 5000, .tilt_deg = 35, .azimuth_deg = 90};
	struct ec_panel west = {.peak_w = 5000, .tilt_deg = 35, .azimuth_deg = 270};
	struct ec_sun morning = ec_sun_at(place, 172, 6), evening = ec_sun_at(place, 172, 16.5);
	struct ec_sun noon = ec_sun_at(place, 172, 11.25), night = ec_sun_at(place, 172, 23.5);
	assert_true(sin(morning.azimuth_rad) > 0.9 && sin(evening.azimuth_rad) < -0.9);
	assert_true(cos(noon.azimuth_rad) < -0.99);
	assert_true(ec_panel_power_w(&east, &morning, 1, 15) >
	            3 * ec_panel_power_w(&west, &morning, 1, 15));
	assert_true(ec_panel_power_w(&west, &evening, 1, 15) >
	            3 * ec_panel_power_w(&east, &evening, 1, 15));
	assert_near(ec_panel_power_w(&east, &night, 1, 15), 0, 0);
	struct ec_panel south = {.peak_w = 5000, .tilt_deg = 30, .azimuth_deg = 180};
	double peak_w = ec_panel_power_w(&south, &noon, 1, 25);
	assert_true(peak_w > 3500 && peak_w < 4600);
	assert_true(ec_panel_power_w(&south, &noon, 0.25, 25) < 0.4 * peak_w);
}

static void equal_seeds_give_equal_homes(void **state)
{
	(void)state;
	struct ec_homes homes = ec_homes_of_seed(7), others = ec_homes_of_seed(8);
	uint64_t load[4][EC_DAY_QUARTERS], pv[4][EC_DAY_QUARTERS];
	ec_home_day(&homes, 3, 172, load[0], pv[0]);
	ec_home_day(&homes, 3, 172, load[1], pv[1]);
	ec_home_day(&homes, 4, 172, load[2], pv[2]);
	ec_home_day(&others, 3, 172, load[3], pv[3]);
	assert_memory_equal(load[0], load[1], sizeof load[0]);
	assert_memory_equal(pv[0], pv[1], sizeof pv[0]);
	assert_memory_not_equal(load[0], load[2], sizeof load[0]);
	assert_memory_not_equal(load[0], load[3], sizeof load[0]);
}

/* Over many homes and a whole year the sum is what the homes were made to use. */
static void homes_use_what_they_should(void **state)
{
	(void)state;
	enum { HOMES = 40 };
	struct ec_homes homes = ec_homes_of_seed(1);
	double used = 0, wanted = 0, made = 0, peak_w = 0;
	uint32_t panels = 0;
	for (uint32_t i = 0; i < HOMES; i++) {
		struct ec_home home = ec_home_of(&homes, i);
		wanted += home.year_kwh;
		peak_w += home.panel.peak_w;
		panels += home.panel.peak_w > 0;
		assert_true(home.year_kwh >= 1500 && home.year_kwh <= 8000);
		struct ec_home_walk walk;
		ec_home_walk_start(&walk, &homes, i, 1, 0);
		for (uint32_t k = 0; k < EC_YEAR_DAYS * EC_DAY_QUARTERS; k++)
			ec_home_walk_next(&walk);
		assert_int_equal(walk.day, 1);
		used += (double)ec_home_load_wh(&walk) / 1000;
		made += (double)ec_home_pv_wh(&walk) / 1000;
		if (home.panel.peak_w == 0)
			assert_int_equal(ec_home_pv_wh(&walk), 0);
	}
	printf("%d homes: %.0f kWh used of %.0f, %u panels make %.0f kWh per kWp\n", HOMES, used,
	       wanted, panels, made / peak_w * 1000);
	assert_near(used / wanted, 1, 0.03);
	assert_in_range(panels, 20, 38);
	assert_near(made / peak_w * 1000, 900, 350);
}

static void registers_sum_exactly_and_round_once(void **state)
{
	(void)state;
	struct ec_homes homes = ec_homes_of_seed(5);
	struct ec_home_walk walk;
	uint64_t load[EC_DAY_QUARTERS], pv[EC_DAY_QUARTERS], sum_mw = 0, last = 0;
	ec_home_walk_start(&walk, &homes, 2, 364, 40);
	for (uint32_t k = 0; k < 3 * EC_DAY_QUARTERS; k++) {
		ec_home_day(&homes, 2, walk.day, load, pv);
		sum_mw += load[walk.quarter];
		ec_home_walk_next(&walk);
		uint64_t register_wh = ec_home_load_wh(&walk);
		assert_true(register_wh == (sum_mw + 2000) / 4000);
		assert_true(register_wh >= last);
		last = register_wh;
	}
	assert_int_equal(walk.day, 2); /* 364, 365, 1, 2 */
	assert_int_equal(walk.quarter, 40);
}

static void clouds_are_shared_and_can_be_left_out(void **state)
{
	(void)state;
	struct ec_homes homes = ec_homes_of_seed(11), clear = homes;
	clear.clear_sky = true;
	uint64_t load[EC_DAY_QUARTERS], pv[EC_DAY_QUARTERS], bright[EC_DAY_QUARTERS];
	uint64_t with = 0, without = 0;
	uint32_t owner = 0;
	while (ec_home_of(&homes, owner).panel.peak_w == 0)
		owner++;
	for (uint32_t day = 160; day < 190; day++) {
		ec_home_day(&homes, owner, day, load, pv);
		ec_home_day(&clear, owner, day, load, bright);
		for (uint32_t quarter = 0; quarter < EC_DAY_QUARTERS; quarter++) {
			if (bright[quarter] > 100) /* mW: light under clouds is light */
				assert_true(pv[quarter] > 0);
			with += pv[quarter];
			without += bright[quarter];
		}
		assert_int_equal(bright[0], 0); /* midnight */
		assert_true(bright[54] > 0);    /* half past one */
	}
	assert_true(with < 0.9 * (double)without && with > 0.3 * (double)without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h0_meets_its_check_values),
		cmocka_unit_test(h0_days_have_their_types),
		cmocka_unit_test(clear_sky_meets_its_check_values),
		cmocka_unit_test(a_panel_follows_the_sun),
		cmocka_unit_test(equal_seeds_give_equal_homes),
		cmocka_unit_test(homes_use_what_they_should),
		cmocka_unit_test(registers_sum_exactly_and_round_once),
		cmocka_unit_test(clouds_are_shared_and_can_be_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
