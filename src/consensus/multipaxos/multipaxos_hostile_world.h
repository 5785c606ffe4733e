/* multipaxos_hostile_world.h - one member of Multi-Paxos that hears anything from anybody. */
#ifndef EC_MULTIPAXOS_HOSTILE_WORLD_H
#define EC_MULTIPAXOS_HOSTILE_WORLD_H

#include "consensus/protocol_hostile_world.h"

/* Lives what the data decide; see hostile_run(). */
struct hostile_counts multipaxos_hostile_run(const uint8_t *data, size_t size);

#endif
