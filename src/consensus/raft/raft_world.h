/* raft_world.h - what Raft gives to the world of its tests. */
#ifndef EC_RAFT_WORLD_H
#define EC_RAFT_WORLD_H

#include "consensus/protocol_random_world.h"
#include "consensus/raft/messages.h"
#include "consensus/raft/raft.h"
#include "consensus/raft/state.h"

extern const struct world_protocol raft_world;

/* The state of a member that is up. */
const struct raft *raft_of(const struct world *world, ec_node node);

/* Who leads in the highest term among those that are up; EC_ALL: nobody. */
ec_node raft_leader_of(const struct world *world);

/* Passes time until somebody leads and has committed in its term, or 10 s are over. */
ec_node raft_leader_await(struct world *world);

/* A message of `from` in the world's group, told by a test in its name.  Borrows the body. */
void raft_forge(struct world *world, ec_node from, ec_node to, struct message message,
                struct ec_bytes body);

#endif
