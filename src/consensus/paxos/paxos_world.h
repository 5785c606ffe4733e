/* paxos_world.h - what Paxos gives to the world of its tests. */
#ifndef EC_PAXOS_WORLD_H
#define EC_PAXOS_WORLD_H

#include "consensus/paxos/paxos.h"
#include "consensus/paxos/messages.h"
#include "consensus/protocol_random_world.h"

extern const struct world_protocol paxos_world;

#endif
