/* grid_meter.c - the meter between a home and the grid. */
#include "profile/grid_meter.h"

#include <assert.h>
#include <stddef.h>
#include <time.h>

enum { QUARTER_S = 900, DAY_S = 86400 };

void ec_supply_home(struct ec_supply *supply, const struct ec_homes *homes, uint32_t index,
                    int64_t begin_s)
{
	time_t local_s = (time_t)(begin_s + (int64_t)(homes->utc_offset_hours * 3600));
	struct tm civil;
	gmtime_r(&local_s, &civil);
	uint32_t day = (uint32_t)civil.tm_yday + 1;
	uint32_t quarter = (uint32_t)(civil.tm_hour * 4 + civil.tm_min / 15);
	*supply = (struct ec_supply){0};
	ec_home_walk_start(&supply->walk, homes, index, day > EC_YEAR_DAYS ? EC_YEAR_DAYS : day,
	                   quarter);
}

/* Seconds since the last midnight, as it were: 0..86399. */
static uint64_t day_part(int64_t seconds)
{
	int64_t part = seconds % DAY_S;
	return (uint64_t)(part < 0 ? part + DAY_S : part);
}

void ec_supply_series(struct ec_supply *supply, const struct ec_series *load, uint32_t load_column,
                      const struct ec_series *pv, uint32_t pv_column, int64_t begin_s)
{
	uint64_t elapsed_s = day_part(begin_s - load->start_s);
	int64_t ahead_s = pv ? load->start_s - pv->start_s : 0;
	assert(load_column < load->columns);
	*supply = (struct ec_supply){
		.load = load, .pv = pv, .load_column = load_column, .pv_column = pv_column};
	if (pv)
		assert(pv_column < pv->columns);
	supply->elapsed_s = elapsed_s;
	supply->pv_ahead_s = ahead_s < 0 ? day_part(ahead_s) : (uint64_t)ahead_s;
	supply->load_wh = ec_series_register_wh(load, load_column, elapsed_s);
	if (pv)
		supply->pv_wh =
			ec_series_register_wh(pv, pv_column, elapsed_s + supply->pv_ahead_s);
}

void ec_supply_next(struct ec_supply *supply, uint64_t *load_wh, uint64_t *pv_wh)
{
	uint64_t load_was = supply->load_wh, pv_was = supply->pv_wh;
	if (supply->load) {
		supply->elapsed_s += QUARTER_S;
		supply->load_wh =
			ec_series_register_wh(supply->load, supply->load_column, supply->elapsed_s);
		if (supply->pv)
			supply->pv_wh =
				ec_series_register_wh(supply->pv, supply->pv_column,
			                              supply->elapsed_s + supply->pv_ahead_s);
	} else {
		ec_home_walk_next(&supply->walk);
		supply->load_wh = ec_home_load_wh(&supply->walk);
		supply->pv_wh = ec_home_pv_wh(&supply->walk);
	}
	assert(supply->load_wh >= load_was && supply->pv_wh >= pv_was);
	*load_wh = supply->load_wh - load_was;
	*pv_wh = supply->pv_wh - pv_was;
}

void ec_grid_meter_start(struct ec_grid_meter *meter, const struct ec_supply *supply,
                         uint64_t begin_s)
{
	assert(begin_s % QUARTER_S == 0);
	*meter = (struct ec_grid_meter){.supply = *supply, .time_s = begin_s};
}

void ec_grid_meter_to(struct ec_grid_meter *meter, uint64_t time_s)
{
	uint64_t load_wh, pv_wh;
	assert(time_s % QUARTER_S == 0);
	while (meter->time_s < time_s) {
		ec_supply_next(&meter->supply, &load_wh, &pv_wh);
		if (load_wh > pv_wh)
			meter->import_wh += load_wh - pv_wh;
		else
			meter->export_wh += pv_wh - load_wh;
		meter->time_s += QUARTER_S;
	}
}
