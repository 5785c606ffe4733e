/* beacons.h - the random beacon, on demand.  Inside group/. */
#ifndef EC_GROUP_BEACONS_H
#define EC_GROUP_BEACONS_H

#include "group/state.h"

/* Asks again for rounds that are under way; ends those that take too long. */
void beacons_turn(struct ec_member *m);
/* When to look again. */
uint64_t beacons_wake(const struct ec_member *m);
/* Drops all that is kept; nobody is told. */
void beacons_free(struct ec_member *m);
/* BEACON_WANT: gives our share, if the block is certified and the peer asks not too often. */
void beacon_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);
/* BEACON_SHARE: a share of a round that is under way; a bad one names its sender a liar. */
void beacon_shared(struct ec_member *m, uint32_t peer, const struct ec_frame *frame);

#endif
