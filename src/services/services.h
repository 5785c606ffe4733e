/* services.h - the services that this program has; a genesis names those that its group runs.
 *
 * The order in a genesis: metering, market, settlement.  Settlement reads what the other two wrote.
 * Each is described in DESIGN.md; what they keep in the state, in read.h under names.h. */
#ifndef EC_SERVICES_SERVICES_H
#define EC_SERVICES_SERVICES_H

#include "ledger/service.h"

extern const struct ec_service ec_metering;   /* kind 1: readings */
extern const struct ec_service ec_market;     /* kind 2: orders */
extern const struct ec_service ec_settlement; /* no kinds: metered against traded */
extern const struct ec_service ec_store;      /* kinds 10, 11: keys and values, leases */

/* All of them, with the anchors of tiers/; NULL ends. */
extern const struct ec_service *const ec_services[];

/* Moves money between two accounts.  Returns: false, and nothing moved, when a balance would leave
 * +-4 x 10^18 nano-EUR. */
bool ec_transfer(struct ec_scratch *scratch, const uint8_t from[static 32],
                 const uint8_t to[static 32], int64_t amount_nano_eur);

#endif
