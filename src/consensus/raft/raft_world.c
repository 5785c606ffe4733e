/* raft_world.c - what Raft gives to the world of its tests. */
#include "consensus/raft/raft_world.h"

static void options(const struct world_options *is, void *opaque)
{
	struct raft_options *options = opaque;
	if (!options->interval)
		options->interval = is->interval ? is->interval : 8;
	if (!options->window)
		options->window = 8 * options->interval;
	if (!options->inflight)
		options->inflight = 16;
	options->batch_bytes_max = is->batch_bytes_max ? is->batch_bytes_max : 4096;
}

const struct raft *raft_of(const struct world *world, ec_node node)
{
	return world->member[node].state;
}

ec_node raft_leader_of(const struct world *world)
{
	ec_node leader = EC_ALL;
	uint64_t term = 0;
	for (ec_node node = 0; node < world->n; node++) {
		if (!world->member[node].up || world->member[node].byzantine)
			continue;
		const struct raft *self = raft_of(world, node);
		if (self->role == LEADER && self->term > term) {
			leader = node;
			term = self->term;
		}
	}
	return leader;
}

ec_node raft_leader_await(struct world *world)
{
	for (uint32_t ms = 0; ms < 10000; ms += 10) {
		ec_node leader = raft_leader_of(world);
		if (leader != EC_ALL &&
		    raft_of(world, leader)->commit >= raft_of(world, leader)->begun)
			return leader;
		world_pass(world, 10);
	}
	return EC_ALL;
}

void raft_forge(struct world *world, ec_node from, ec_node to, struct message message,
                struct ec_bytes body)
{
	memcpy(&message.tag, world->domain.b, sizeof message.tag);
	struct ec_bytes head = raft_message_write(world->pool, &message);
	world_tell(world, from, to, 0, head, body);
	ec_drop(head);
}

const struct world_protocol raft_world = {
	.protocol = &ec_raft, .options = options, .promises_equal = raft_promises_equal};
