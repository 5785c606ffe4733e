/* clearing.c - the uniform price of a periodic double auction.
 *
 * (C1) Every order that traded has a limit that admits the price.
 * (C2) No order that is left could trade with another: the first bid left is below the first offer.
 * (C3) low <= high. */
#include "services/clearing.h"

#include <assert.h>

void ec_clearing_start(struct ec_clearing *clearing)
{
	*clearing = (struct ec_clearing){0};
}

static bool empty(const struct ec_clearing_side *side)
{
	return side->left_wh == 0 && !side->ended;
}

enum ec_side_of ec_clearing_wants(const struct ec_clearing *clearing)
{
	if (empty(&clearing->side[EC_BID]))
		return EC_BID;
	return empty(&clearing->side[EC_OFFER]) ? EC_OFFER : EC_NO_SIDE;
}

/* Trades what stands first on both sides while it crosses. */
static void match(struct ec_clearing *clearing)
{
	struct ec_clearing_side *bid = &clearing->side[EC_BID];
	struct ec_clearing_side *offer = &clearing->side[EC_OFFER];
	if (bid->left_wh == 0 || offer->left_wh == 0 || bid->price < offer->price)
		return;
	uint64_t energy = bid->left_wh < offer->left_wh ? bid->left_wh : offer->left_wh;
	bid->left_wh -= energy;
	offer->left_wh -= energy;
	bid->last_price = bid->price;
	offer->last_price = offer->price;
	clearing->volume_wh += energy;
}

void ec_clearing_give(struct ec_clearing *clearing, int64_t price, uint64_t energy_wh)
{
	enum ec_side_of of = ec_clearing_wants(clearing);
	assert(of != EC_NO_SIDE);
	assert(energy_wh > 0);
	clearing->side[of].price = price;
	clearing->side[of].left_wh = energy_wh;
	match(clearing);
}

void ec_clearing_end(struct ec_clearing *clearing)
{
	enum ec_side_of of = ec_clearing_wants(clearing);
	assert(of != EC_NO_SIDE);
	clearing->side[of].ended = true;
}

void ec_clearing_interval(const struct ec_clearing *clearing, int64_t *low, int64_t *high)
{
	const struct ec_clearing_side *bid = &clearing->side[EC_BID];
	const struct ec_clearing_side *offer = &clearing->side[EC_OFFER];
	assert(ec_clearing_wants(clearing) == EC_NO_SIDE);
	assert(clearing->volume_wh > 0);
	*low = offer->last_price;
	*high = bid->last_price;
	if (bid->left_wh && bid->price > *low)
		*low = bid->price;
	if (offer->left_wh && offer->price < *high)
		*high = offer->price;
	assert(*low <= *high);
}

int64_t ec_clearing_price(int64_t low, int64_t high)
{
	assert(low <= high);
	int64_t price = low + (high - low) / 2;
#ifdef EC_PLANTED
	price++; /* a member built to compute another price: a micro-EUR more */
#endif
	return price;
}

#ifdef EC_PLANTED
const char ec_planted_price[] = "this build computes another price";
#endif
