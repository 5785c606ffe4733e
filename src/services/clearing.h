/* clearing.h - the uniform price of a periodic double auction, order by order.
 *
 * Bids come in descending, offers in ascending order of price.  While the best bid is at least the
 * best offer, they trade; the volume Q* is the greatest at which every buyer and every seller is
 * within his limit.  The equilibrium prices are the interval
 *     low  = max(last accepted offer, first unaccepted bid)
 *     high = min(last accepted bid, first unaccepted offer)
 * where the rest of an order that traded in part is unaccepted, and the price is the middle of it,
 * rounded down.  (A middle of the last accepted pair alone is no equilibrium: a seller left with a
 * rest below it would want to sell more.) */
#ifndef EC_SERVICES_CLEARING_H
#define EC_SERVICES_CLEARING_H

#include <stdbool.h>
#include <stdint.h>

enum ec_side_of { EC_BID = 0, EC_OFFER = 1, EC_NO_SIDE = 2 };

/* What stands first on one side, and what traded last there. */
struct ec_clearing_side {
	uint64_t left_wh;
	int64_t price, last_price;
	bool ended; /* no more orders */
};

struct ec_clearing {
	struct ec_clearing_side side[2];
	uint64_t volume_wh;
};

/* Nothing traded yet, both sides empty. */
void ec_clearing_start(struct ec_clearing *clearing);

/* Which side the next order must come from; EC_NO_SIDE: the result stands. */
enum ec_side_of ec_clearing_wants(const struct ec_clearing *clearing);

/* The next order of that side.  In: energy_wh > 0; price not better than that side's one before. */
void ec_clearing_give(struct ec_clearing *clearing, int64_t price, uint64_t energy_wh);

/* That side has no more orders. */
void ec_clearing_end(struct ec_clearing *clearing);

/* The price interval.  In: the result stands and volume_wh > 0.  low <= high. */
void ec_clearing_interval(const struct ec_clearing *clearing, int64_t *low, int64_t *high);

/* floor((low + high) / 2), also below zero. */
int64_t ec_clearing_price(int64_t low, int64_t high);

#ifdef EC_PLANTED
extern const char ec_planted_price[]; /* marks what must not stand in a program that is shipped */
#endif

#endif
