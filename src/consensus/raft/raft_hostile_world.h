/* raft_hostile_world.h - one member of Raft among liars. */
#ifndef EC_RAFT_HOSTILE_WORLD_H
#define EC_RAFT_HOSTILE_WORLD_H

#include "consensus/protocol_hostile_world.h"

/* Lives what the data decide; see hostile_run(). */
struct hostile_counts raft_hostile_run(const uint8_t *data, size_t size);

#endif
