/* veil_fake.h - a sealed protocol for tests of a member: who receives a batch cannot read it before
 * it has its place.  Member 0 gives the places, in turn to all that offer; no order while it is
 * away, and it is believed.  What it tests is the host. */
#ifndef EC_GROUP_VEIL_FAKE_H
#define EC_GROUP_VEIL_FAKE_H

#include "consensus/consensus.h"

extern const struct ec_protocol veil;

enum { VEIL_OWN_MAX = 8 }; /* batches of one member under way */

/* Whether a message offers a batch for a place. */
bool veil_offers(struct ec_bytes head);

/* A copy without its veil, or with it: twice gives the same bytes. */
struct ec_bytes veil_turned(struct ec_pool *pool, struct ec_bytes body);

/* Whether this life of the instance had parts of keys that members share. */
bool veil_had_shares(const void *self);

#endif
