/* pbft_world.h - what PBFT gives to the world of its tests. */
#ifndef EC_PBFT_WORLD_H
#define EC_PBFT_WORLD_H

#include "consensus/pbft/messages.h"
#include "consensus/pbft/pbft.h"
#include "consensus/protocol_random_world.h"

extern const struct world_protocol pbft_world;

/* The last VIEW-CHANGE that a member sent. */
struct world_message *pbft_change(const struct world *world, ec_node node);

/* A signed message of `from`, told by a test in its name.  Borrows the body. */
void pbft_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                struct ec_bytes body);

#endif
