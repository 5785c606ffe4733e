/* multipaxos_world.c - what Multi-Paxos gives to the world of its tests. */
#include "consensus/multipaxos/multipaxos_world.h"

static void options(const struct world_options *is, void *opaque)
{
	struct paxos_options *options = opaque; /* it begins with them */
	if (!options->interval)
		options->interval = is->interval ? is->interval : 8;
	if (!options->batch_bytes_max)
		options->batch_bytes_max = is->batch_bytes_max ? is->batch_bytes_max : 4096;
	if (!options->timeout_ns)
		options->timeout_ns = (uint64_t)200 * 1000 * 1000;
}

const struct world_protocol multipaxos_world = {.protocol = &ec_multipaxos,
                                                .options = options,
                                                .promises_equal = multipaxos_promises_equal};
