/* ghostdag_world.c - what GHOSTDAG gives to the world of its tests: the graph of all blocks that
 * were ever said, by which the order of members is judged. */
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdlib.h>

enum { GRAPH = 16384 };

struct ghostdag_options *ghostdag_options(const struct world *world)
{
	return world->options;
}

const struct dag *ghostdag_said(const struct world *world)
{
	return world->own;
}

static void options(const struct world_options *is, void *opaque)
{
	struct ghostdag_options *options = opaque;
	if (is->interval || !options->interval)
		options->interval = is->interval ? is->interval : 8;
	options->batch_bytes_max = 4096;
	options->pinned |= is->pins;
}

static void begin(struct world *world)
{
	const struct ghostdag_options *is = world->options;
	struct dag_params graph = {.parents_max = DAG_PARENTS_MAX, .capacity = GRAPH};
	graph.k = is->k ? is->k : 2 * world->n + 10;
	graph.mergeset_max = is->mergeset_max ? is->mergeset_max : 4 * world->n + 32;
	graph.merge_depth = is->merge_depth ? is->merge_depth : (world->n > 4 ? 16 * world->n : 64);
	world->own = calloc(1, dag_size(&graph));
	dag_init(world->own, &graph, 5, &world->domain);
}

static void end(struct world *world)
{
	free(world->own);
}

/* Every block that is said, in the world's own graph. */
static void said(struct world *world, ec_node from, struct ec_bytes head, struct ec_bytes body)
{
	struct message m;
	ec_hash digest = world_digest(body);
	uint32_t parents[NAMES_MAX], number;
	(void)from;
	if (!ghostdag_message_read(head, &m) || m.kind != BLOCK)
		return;
	for (uint32_t i = 0; i < m.names; i++)
		parents[i] = dag_find(world->own, &m.name[i]);
	ec_hash id = ghostdag_id(&world->domain, head, &digest);
	if (m.names)
		dag_add(world->own, &id, parents, m.names, 1, &number);
}

static void delivered(struct world *world, ec_node node, const struct ec_effect *effect)
{
	(void)node;
	if (effect->head.size != sizeof(ec_hash))
		world_violate(world, "contract: a delivery without its block of the chain");
}

ec_hash ghostdag_forge(struct world *world, ec_node from, ec_node to, struct message *message,
                       const char *text)
{
	struct ec_bytes body = ec_pool_copy(world->pool, text, strlen(text));
	struct ec_bytes head = ghostdag_message_write(world->pool, message);
	ec_hash digest = world_digest(body);
	ec_hash id = ghostdag_id(&world->domain, head, &digest);
	said(world, from, head, body);
	world_tell(world, from, to, EC_SIGN, head, body);
	ec_drop(head);
	ec_drop(body);
	return id;
}

void ghostdag_order_judge(struct world *world)
{
	struct dag *graph = world->own;
	static ec_hash order[WORLD_SEQS];
	uint32_t top = dag_best(graph, 0);
	for (uint32_t at = top; dag_at(graph, at)->selected != DAG_NONE;
	     at = dag_at(graph, at)->selected)
		for (ec_seq seq = dag_at(graph, at)->past;
		     seq > dag_at(graph, dag_at(graph, at)->selected)->past; seq--)
			order[seq] = dag_at(graph, at)->id;
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine)
			continue;
		if (member->applied != dag_at(graph, top)->past)
			world_violate(world, "order: a member does not follow the heaviest tip");
		for (ec_seq seq = 1; seq <= member->applied && !world->violation; seq++)
			if (!ec_hash_equal(&member->at[seq].head, &order[seq]))
				world_violate(world, "order: not that of the heaviest tip");
		if (!world->violation &&
		    !ec_hash_equal(&member->at[member->applied].state,
		                   &world->member[0].at[member->applied].state) &&
		    world->member[0].up && !world->member[0].byzantine)
			world_violate(world, "order: two members have one graph and two orders");
	}
}

const struct world_protocol ghostdag_world = {.protocol = &ec_ghostdag,
                                              .options = options,
                                              .promises_equal = ghostdag_promises_equal,
                                              .invariants_every = 16,
                                              .begin = begin,
                                              .end = end,
                                              .said = said,
                                              .delivered = delivered};
