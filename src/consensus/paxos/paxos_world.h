/* paxos_world.h - what Paxos gives to the world of its tests, and Multi-Paxos, too. */
#ifndef EC_PAXOS_WORLD_H
#define EC_PAXOS_WORLD_H

#include "consensus/paxos/paxos.h"
#include "consensus/paxos/messages.h"
#include "consensus/protocol_random_world.h"

extern const struct world_protocol paxos_world;

/* Fills in what tests leave out of the options of either. */
void paxos_world_options(const struct world_options *is, void *options);

/* A message of the group in the name of `from`; with that batch, -1: none. */
void paxos_world_tell(struct world *world, ec_node from, ec_node to, struct message message,
                      int batch);

/* Lives random worlds of either.  Returns: NULL, or the violation.  Out: whether enough came of it,
 * or the environment chose the seeds. */
const char *paxos_world_random(const struct world_protocol *of, bool *enough);

#endif
