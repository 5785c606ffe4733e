/* paxos_world.c - what Paxos gives to the world of its tests, and Multi-Paxos, too. */
#include "consensus/paxos/paxos_world.h"

void paxos_world_options(const struct world_options *is, void *opaque)
{
	struct paxos_options *options = opaque; /* those of Multi-Paxos begin with it */
	if (!options->interval)
		options->interval = is->interval ? is->interval : 8;
	if (!options->batch_bytes_max)
		options->batch_bytes_max = is->batch_bytes_max ? is->batch_bytes_max : 4096;
	if (!options->timeout_ns)
		options->timeout_ns = (uint64_t)200 * 1000 * 1000;
}

const struct world_protocol paxos_world = {.protocol = &ec_paxos,
                                           .options = paxos_world_options,
                                           .promises_equal = paxos_promises_equal};

void paxos_world_tell(struct world *world, ec_node from, ec_node to, struct message message,
                      int batch)
{
	message.group = group_of(&world->domain);
	struct ec_bytes head = paxos_message_write(world->pool, &message);
	world_tell(world, from, to, 0, head, batch < 0 ? EC_NO_BYTES : world->batch[batch]);
	ec_drop(head);
}

static void draw(uint64_t seed, struct world_options *is, void *opaque)
{
	struct paxos_options *options = opaque;
	is->interval = seed % 2 ? 4 : 8;
	options->window = seed % 3 ? 0 : is->interval;
	if (seed % 4 == 1) /* any that meet */
		options->quorums = (struct paxos_quorums){is->n - 1, 2};
	if (seed % 4 == 3)
		options->quorums = (struct paxos_quorums){2, is->n - 1};
}

const char *paxos_world_random(const struct world_protocol *of, bool *enough)
{
	const struct world_random schedules = {.of = of,
	                                       .seeds = 300,
	                                       .moves = 1500,
	                                       .batches = 200,
	                                       .heard = 20,
	                                       .down = 2,
	                                       .time_ms = 200,
	                                       .time_in = 3,
	                                       .parts_in = 5,
	                                       .twice = true,
	                                       .finish_ms = 60000,
	                                       .draw = draw};
	struct world_sums sums;
	bool asked;
	const char *violation = world_random(&schedules, &sums, &asked);
	*enough = asked || (sums.fetches > 50 && sums.sent[PREPARE] > 500 &&
	                    sums.sent[REFUSE] > 50 && sums.sent[LEARN] > 500);
	return violation;
}
