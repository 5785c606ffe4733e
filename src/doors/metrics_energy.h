/* metrics_energy.h - the figures of the community: readings, orders, the market. */
#ifndef EC_DOORS_METRICS_ENERGY_H
#define EC_DOORS_METRICS_ENERGY_H

#include "base/text.h"
#include "ledger/ledger.h"

/* Adds those of the services that the group has; at most 8 KiB. */
void ec_metrics_energy(const struct ec_genesis *genesis, struct ec_ledger *ledger,
                       struct ec_text *text);

#endif
