/* multipaxos_world.h - what Multi-Paxos gives to the world of its tests, besides what Paxos does.
 */
#ifndef EC_MULTIPAXOS_WORLD_H
#define EC_MULTIPAXOS_WORLD_H

#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos_world.h"

extern const struct world_protocol multipaxos_world;

#endif
