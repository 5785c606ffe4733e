/* grid_meter_test.c - what passes the meter is load less PV, whoever reads it how often. */
#include "profile/grid_meter.h"

#include "base/test.h"

enum { BEGIN_S = 1782025200, DAY = 96 * 900 }; /* 21 June 2026, 09:00 two hours ahead of UTC */

static void registers_are_net_of_every_quarter_hour(void **state)
{
	(void)state;
	struct ec_homes homes = ec_homes_of_seed(1);
	uint64_t exported = 0;
	for (uint32_t index = 0; index < 8; index++) {
		struct ec_supply supply;
		struct ec_grid_meter meter, at_once;
		uint64_t import_wh = 0, export_wh = 0, load_wh, pv_wh;
		ec_supply_home(&supply, &homes, index, BEGIN_S);
		assert_int_equal(supply.walk.quarter, 36);
		assert_int_equal(supply.walk.day, 172);
		ec_grid_meter_start(&meter, &supply, BEGIN_S);
		at_once = meter;
		for (uint64_t end = BEGIN_S + 900; end <= BEGIN_S + DAY; end += 900) {
			ec_supply_next(&supply, &load_wh, &pv_wh);
			import_wh += load_wh > pv_wh ? load_wh - pv_wh : 0;
			export_wh += pv_wh > load_wh ? pv_wh - load_wh : 0;
			ec_grid_meter_to(&meter, end);
			assert_int_equal(meter.import_wh, import_wh);
			assert_int_equal(meter.export_wh, export_wh);
		}
		ec_grid_meter_to(&at_once, BEGIN_S + DAY);
		assert_int_equal(at_once.import_wh, import_wh);
		assert_int_equal(at_once.export_wh, export_wh);
		assert_in_range(import_wh, 500, 60000);
		exported += export_wh;
	}
	assert_true(exported > 10000);
}

static void a_series_is_played_at_its_time_of_day_and_again(void **state)
{
	(void)state;
	struct ec_series *load = ec_series_new(2, 96, 900), *pv = ec_series_new(1, 96, 900);
	struct ec_supply supply;
	struct ec_grid_meter meter;
	load->start_s = pv->start_s = 1600000000 / 86400 * 86400; /* midnight, years ago */
	for (uint32_t i = 0; i < 96; i++) {
		load->power_uw[i * 2 + 1] = (uint64_t)(4 * i) * 1000000; /* i Wh a quarter-hour */
		pv->power_uw[i] = i == 30 ? (uint64_t)4 * 100 * 1000000 : 0;
	}
	assert_true(ec_series_sum(load) && ec_series_sum(pv));
	ec_supply_series(&supply, load, 1, pv, 0, BEGIN_S);
	uint64_t load_wh, pv_wh;
	ec_supply_next(&supply, &load_wh, &pv_wh);
	assert_int_equal(load_wh, 28); /* 07:00 UTC */
	ec_supply_series(&supply, load, 1, pv, 0, BEGIN_S);
	ec_grid_meter_start(&meter, &supply, BEGIN_S);
	ec_grid_meter_to(&meter, BEGIN_S + DAY);
	assert_int_equal(meter.import_wh, 95 * 96 / 2 - 30);
	assert_int_equal(meter.export_wh, 70);
	ec_grid_meter_to(&meter, BEGIN_S + 3 * DAY);
	assert_int_equal(meter.import_wh, 3 * (95 * 96 / 2 - 30));
	assert_int_equal(meter.export_wh, 3 * 70);
	pv->start_s += 6 * 3600; /* a file that begins later in the day */
	ec_supply_series(&supply, load, 1, pv, 0, BEGIN_S);
	ec_grid_meter_start(&meter, &supply, BEGIN_S);
	ec_grid_meter_to(&meter, BEGIN_S + DAY);
	assert_int_equal(meter.import_wh, 95 * 96 / 2 - 54); /* its quarter 30 is then quarter 54 */
	assert_int_equal(meter.export_wh, 46);
	ec_series_free(load);
	ec_series_free(pv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_net_of_every_quarter_hour),
		cmocka_unit_test(a_series_is_played_at_its_time_of_day_and_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
