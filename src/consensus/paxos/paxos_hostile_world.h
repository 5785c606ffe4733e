/* paxos_hostile_world.h - one member of Paxos that hears anything from anybody. */
#ifndef EC_PAXOS_HOSTILE_WORLD_H
#define EC_PAXOS_HOSTILE_WORLD_H

#include "consensus/protocol_hostile_world.h"

/* Lives what the data decide; see hostile_run(). */
struct hostile_counts paxos_hostile_run(const uint8_t *data, size_t size);

/* The same of Paxos or Multi-Paxos: their messages are the same. */
struct hostile_counts paxos_hostile_run_of(const struct ec_protocol *protocol, const uint8_t *data,
                                           size_t size);

#endif
