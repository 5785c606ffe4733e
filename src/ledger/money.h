/* money.h - balances in the state, and their recount.  Inside ledger/. */
#ifndef EC_LEDGER_MONEY_H
#define EC_LEDGER_MONEY_H

#include "ledger/scratch.h"

/* Whether all balances in the store, under `prefix` (of state names), are numbers and sum to zero.
 * Out: why not, for a person. */
bool money_adds_up(struct ec_store *store, const uint8_t *prefix, size_t prefix_size, char *why,
                   size_t why_size);

#endif
