/* multipaxos_hostile_world.c - what a member of Multi-Paxos is told: what one of Paxos is. */
#include "consensus/multipaxos/multipaxos_hostile_world.h"

#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos_hostile_world.h"

struct hostile_counts multipaxos_hostile_run(const uint8_t *data, size_t size)
{
	return paxos_hostile_run_of(&ec_multipaxos, data, size);
}
