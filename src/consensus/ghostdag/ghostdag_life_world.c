/* ghostdag_life_world.c - members of GHOSTDAG in one memory, for tests: queues, links that break,
 * crashes, new lives. */
#include "consensus/ghostdag/ghostdag_world.h"

#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>

void *world_push(struct world_queue *queue, const void *item)
{
	if (queue->first + queue->count == queue->capacity) {
		if (queue->first > queue->capacity / 2) {
			memmove(queue->item, (char *)queue->item + queue->first * queue->size,
			        queue->count * queue->size);
			queue->first = 0;
		} else {
			queue->capacity = queue->capacity ? 2 * queue->capacity : 16;
			queue->item = realloc(queue->item, queue->capacity * queue->size);
		}
	}
	void *at = (char *)queue->item + (queue->first + queue->count++) * queue->size;
	memcpy(at, item, queue->size);
	return at;
}

void *world_at(const struct world_queue *queue, uint32_t index)
{
	return (char *)queue->item + (queue->first + index) * queue->size;
}

void world_shift(struct world_queue *queue)
{
	queue->first++;
	queue->count--;
}

void world_print(const struct world *world)
{
	char line[512];
	for (ec_node node = 0; node < world->n; node++) {
		struct ec_text text = ec_text_over(line, sizeof line);
		if (world->member[node].up)
			ec_ghostdag.show(world->member[node].state, &text);
		printf("%c: %s\n", 'a' + (int)node, line);
	}
}

static void link_new(struct world *world, ec_node a, ec_node b)
{
	if (world->severed[a][b] || world->severed[b][a] || !world->member[a].up ||
	    !world->member[b].up)
		return;
	if (!world->member[a].byzantine)
		world_step(world, a, (struct ec_input){.kind = EC_LINK, .from = b});
	if (!world->member[b].byzantine)
		world_step(world, b, (struct ec_input){.kind = EC_LINK, .from = a});
}

/* Loses what is under way but the first `keep`. */
static void queue_lose(struct world_queue *link, uint32_t keep)
{
	while (link->count > keep)
		world_message_drop(world_at(link, --link->count));
}

void world_break(struct world *world, ec_node a, ec_node b, uint32_t keep_ab, uint32_t keep_ba)
{
	queue_lose(&world->link[a][b], keep_ab);
	queue_lose(&world->link[b][a], keep_ba);
	while (world_deliver(world, a, b) || world_deliver(world, b, a))
		if (keep_ab + keep_ba-- == 0)
			break;
	queue_lose(&world->link[a][b], 0);
	queue_lose(&world->link[b][a], 0);
	link_new(world, a, b);
}

void world_sever(struct world *world, ec_node a, ec_node b)
{
	queue_lose(&world->link[a][b], 0);
	queue_lose(&world->link[b][a], 0);
	world->severed[a][b] = world->severed[b][a] = true;
}

void world_join(struct world *world, ec_node a, ec_node b)
{
	world->severed[a][b] = world->severed[b][a] = false;
	link_new(world, a, b);
}

void world_isolate(struct world *world, ec_node node)
{
	for (ec_node other = 0; other < world->n; other++)
		if (other != node)
			world_sever(world, node, other);
}

void world_part(struct world *world, uint64_t set)
{
	for (ec_node a = 0; a < world->n; a++)
		for (ec_node b = 0; b < a; b++)
			if ((set >> a & 1) != (set >> b & 1))
				world_sever(world, a, b);
}

void world_heal(struct world *world)
{
	for (ec_node a = 0; a < world->n; a++)
		for (ec_node b = 0; b < a; b++) {
			bool was = world->severed[a][b];
			world->severed[a][b] = world->severed[b][a] = false;
			if (was)
				link_new(world, a, b);
		}
}

static void state_release(struct world *world, struct world_member *member)
{
	uint32_t count = ec_ghostdag.held(member->state, world->held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(world->held[i]);
}

void world_crash(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	for (ec_node other = 0; other < world->n; other++) {
		queue_lose(&world->link[node][other], other == node ? 0 : UINT32_MAX);
		queue_lose(&world->link[other][node], 0);
	}
	while (member->effects.count) {
		world_effect_drop(world_at(&member->effects, 0));
		world_shift(&member->effects);
	}
	/* Of what was handed to the disk some may be durable though nothing after it was said. */
	uint32_t lost =
		member->saving ? (uint32_t)ec_prng_below(&world->prng, member->saving + 1) : 0;
	while (lost--) {
		struct world_record *record = world_at(&member->records, --member->records.count);
		ec_drop(record->head);
		ec_drop(record->body);
	}
	member->saving = 0;
	world->pin_told &= ~((uint64_t)1 << node);
	state_release(world, member);
	member->up = false;
}

/* The application stands at its last checkpoint or anywhere up to what was final. */
static void application_restart(struct world *world, struct world_member *member)
{
	ec_seq stands = member->durable;
	if (ec_prng_chance(&world->prng, 1, 2))
		stands += ec_prng_below(&world->prng, member->final - stands + 1);
	member->tip = member->final = stands;
	memset(member->submitted, 0, sizeof member->submitted);
}

static void records_replay(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	uint32_t cut = UINT32_MAX, count = member->records.count;
	ec_seq cut_seq = 0;
	for (uint32_t i = 0; i < count; i++)
		if (((struct world_record *)world_at(&member->records, i))->cut)
			cut = i;
	if (cut != UINT32_MAX)
		cut_seq = ((struct world_record *)world_at(&member->records, cut))->seq;
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < count; i++) {
			struct world_record *record = world_at(&member->records, i);
			bool forgotten = cut != UINT32_MAX && i < cut && record->seq <= cut_seq;
			if ((pass == 0) != (i == cut) || forgotten)
				continue;
			world_input(world, node,
			            (struct ec_input){.kind = EC_RECORD,
			                              .seq = record->seq,
			                              .head = record->head,
			                              .body = record->body,
			                              .digest = world_digest(record->body)});
		}
}

static void member_begin(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	member->up = true;
	member->life++;
	member->wake = member->want = 0;
	memset(member->config.seed, (int)member->life, sizeof member->config.seed);
	ec_ghostdag.init(member->state, &member->config);
	application_restart(world, member);
	records_replay(world, node);
	world_step(world, node,
	           (struct ec_input){.kind = EC_START,
	                             .seq = member->tip,
	                             .digest = member->at[member->tip].state});
}

void world_restart(struct world *world, ec_node node)
{
	member_begin(world, node);
	for (ec_node other = 0; other < world->n; other++)
		if (other != node)
			link_new(world, node, other);
}

static void member_new(struct world *world, ec_node node, const struct world_options *options)
{
	struct world_member *member = &world->member[node];
	uint32_t voters = options->voters ? options->voters : options->n;
	uint8_t seed[32] = {(uint8_t)(node + 1)};
	ec_secret_from_seed(&member->secret, seed);
	struct ec_roster_member *seat = &world->roster_member[node];
	memcpy(seat->key, member->secret.key, sizeof seat->key);
	seat->weight = 1;
	seat->roles = node < voters ? EC_VOTER | EC_LEADER : 0;
	member->at = calloc(WORLD_SEQS, sizeof *member->at);
	member->config = (struct ec_config){.self = node,
	                                    .notes = options->notes,
	                                    .bug = options->bug,
	                                    .roster = &world->roster,
	                                    .crypto = &world_crypto,
	                                    .domain = world->domain,
	                                    .options = &world->options};
	member->effects.size = sizeof(struct ec_effect);
	member->records.size = sizeof(struct world_record);
	for (ec_node to = 0; to < options->n; to++)
		world->link[node][to].size = sizeof(struct world_message);
}

struct world *world_new(struct world_options options)
{
	struct world *world = calloc(1, sizeof *world);
	struct dag_params graph = {.parents_max = DAG_PARENTS_MAX, .capacity = WORLD_GRAPH};
	world->n = options.n;
	world->member = calloc(options.n, sizeof *world->member);
	world->options = options.options;
	world->pins = options.pins;
	world->options.pinned = options.pins;
	world->options.batch_bytes_max = 4096;
	if (!world->options.interval)
		world->options.interval = 8;
	world->roster = (struct ec_roster){.n = options.n, .member = world->roster_member};
	world->domain = ec_sha256("world", 5);
	world->pool = ec_pool_new(0);
	world->twins = options.twins;
	world->now = 1000000;
	ec_crypto_start();
	ec_prng_seed(&world->prng, options.seed);
	for (ec_node node = 0; node < options.n; node++)
		member_new(world, node, &options);
	world->limits = ec_ghostdag.limits(&world->member[0].config);
	graph.k = world->options.k ? world->options.k : 2 * world->n + 10;
	graph.mergeset_max =
		world->options.mergeset_max ? world->options.mergeset_max : 4 * world->n + 32;
	graph.merge_depth = world->options.merge_depth ? world->options.merge_depth
	                                               : (world->n > 4 ? 16 * world->n : 64);
	world->graph = calloc(1, dag_size(&graph));
	dag_init(world->graph, &graph, 5, &world->domain);
	world->effect = calloc(world->limits.effects_per_step, sizeof *world->effect);
	world->twin_effect = calloc(world->limits.effects_per_step, sizeof *world->effect);
	world->twin = calloc(1, world->limits.state);
	world->held = calloc(world->limits.buffers_held, sizeof *world->held);
	for (ec_node node = 0; node < options.n; node++) {
		world->member[node].state = calloc(1, world->limits.state);
		member_begin(world, node);
	}
	return world;
}

const char *world_free(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		struct world_member *member = &world->member[node];
		if (member->up)
			world_crash(world, node);
		for (uint32_t i = 0; i < member->records.count; i++) {
			struct world_record *record = world_at(&member->records, i);
			ec_drop(record->head);
			ec_drop(record->body);
		}
		free(member->at);
		free(member->effects.item);
		free(member->records.item);
		free(member->state);
	}
	for (ec_node from = 0; from < world->n; from++)
		for (ec_node to = 0; to < world->n; to++) {
			queue_lose(&world->link[from][to], 0);
			free(world->link[from][to].item);
		}
	for (uint32_t i = 0; i < world->batches; i++)
		ec_drop(world->batch[i]);
	if (ec_pool_live(world->pool))
		world_violate(world, "ownership: buffers are left");
	else
		ec_pool_free(world->pool);
	const char *violation = world->violation;
	free(world->member);
	free(world->graph);
	free(world->effect);
	free(world->twin_effect);
	free(world->twin);
	free(world->held);
	free(world);
	return violation;
}
