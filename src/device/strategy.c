/* strategy.c - bids for what is expected to be missing, offers what is expected to be left. */
#include "device/strategy.h"

#include "base/prng.h"

#include <assert.h>

/* A part of the way from feed-in to retail tariff, in percent. */
enum { BID_FROM = 35, BID_TO = 95, OFFER_FROM = 5, OFFER_TO = 65 };
#define FORECAST_WH_MAX ((uint64_t)1 << 40)

static int64_t between(const struct ec_strategy *strategy, uint64_t percent)
{
	int64_t width = strategy->retail_ueur_kwh - strategy->feed_in_ueur_kwh;
	return strategy->feed_in_ueur_kwh + width * (int64_t)percent / 100;
}

bool ec_strategy_order(const struct ec_strategy *strategy, uint64_t slot_s, uint64_t load_wh,
                       uint64_t pv_wh, struct ec_strategy_order *out)
{
	struct ec_prng prng;
	assert(strategy->retail_ueur_kwh >= strategy->feed_in_ueur_kwh);
	assert(strategy->error_percent <= 100);
	assert(load_wh <= FORECAST_WH_MAX && pv_wh <= FORECAST_WH_MAX);
	if (load_wh == pv_wh)
		return false;
	ec_prng_seed(&prng, strategy->seed * UINT64_C(0x9e3779b97f4a7c15) + slot_s);
	uint64_t spread = ec_prng_below(&prng, 2 * strategy->error_percent + 1);
	uint64_t energy = load_wh > pv_wh ? load_wh - pv_wh : pv_wh - load_wh;
	out->offer = pv_wh > load_wh;
	out->energy_wh = energy * (100 - strategy->error_percent + spread) / 100;
	uint64_t percent = out->offer ? OFFER_FROM + ec_prng_below(&prng, OFFER_TO - OFFER_FROM + 1)
	                              : BID_FROM + ec_prng_below(&prng, BID_TO - BID_FROM + 1);
	out->price_ueur_kwh = between(strategy, percent);
	return out->energy_wh > 0;
}
