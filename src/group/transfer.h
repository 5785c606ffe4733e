/* transfer.h - state transfer: what its files share. */
#ifndef EC_GROUP_TRANSFER_H
#define EC_GROUP_TRANSFER_H

#include "group/state.h"

/* Whether the links lead from the genesis to the roster that certified this very header. */
bool snapshot_proven(const struct ec_member *m, const struct ec_snapshot *snapshot,
                     const ec_hash *header);

/* A peer sent what does not hold: it is named, and not asked for anything again. */
void liar_name(struct ec_member *m, uint32_t peer, const char *what);

#endif
