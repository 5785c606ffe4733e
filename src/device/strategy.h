/* strategy.h - what a home bids or offers for a slot: a price taker with a limit of its own. */
#ifndef EC_DEVICE_STRATEGY_H
#define EC_DEVICE_STRATEGY_H

#include <stdbool.h>
#include <stdint.h>

struct ec_strategy {
	uint64_t seed; /* of this home: equal seeds act alike */
	int64_t retail_ueur_kwh, feed_in_ueur_kwh;
	uint32_t error_percent; /* by how much a forecast may be wrong, either way; 0..100 */
};

struct ec_strategy_order {
	bool offer; /* else a bid */
	uint64_t energy_wh;
	int64_t price_ueur_kwh;
};

/* The order for a slot from the load and PV that are expected in it.  Its limit lies between the
 * tariffs: a buyer never pays more than the supplier takes, a seller never gets less than it gives.
 * Returns: false when there is nothing to trade. */
bool ec_strategy_order(const struct ec_strategy *strategy, uint64_t slot_s, uint64_t load_wh,
                       uint64_t pv_wh, struct ec_strategy_order *out);

#endif
