/* multipaxos_world.c - what Multi-Paxos gives to the world of its tests, besides what Paxos does.
 */
#include "consensus/multipaxos/multipaxos_world.h"

const struct world_protocol multipaxos_world = {.protocol = &ec_multipaxos,
                                                .options = paxos_world_options,
                                                .promises_equal = multipaxos_promises_equal};
