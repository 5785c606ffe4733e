/* ghostdag_hostile_world.h - one member of GHOSTDAG among liars who know every key. */
#ifndef EC_GHOSTDAG_HOSTILE_WORLD_H
#define EC_GHOSTDAG_HOSTILE_WORLD_H

#include "consensus/protocol_hostile_world.h"

/* Lives what the data decide; see hostile_run(). */
struct hostile_counts ghostdag_hostile_run(const uint8_t *data, size_t size);

#endif
