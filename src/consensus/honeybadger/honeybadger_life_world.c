/* honeybadger_life_world.c - members of HoneyBadgerBFT in one memory, for tests: links that break,
 * crashes, new lives, keys. */
#include "consensus/honeybadger/honeybadger_world.h"

#include "crypto/dealer_fake.h"
#include "crypto/hash.h"

#include <stdlib.h>

extern const struct ec_threshold_crypto sim_threshold_cheap; /* the simulator's; linked in */

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
	for (; keep_ab; keep_ab--)
		world_deliver(world, a, b);
	for (; keep_ba; keep_ba--)
		world_deliver(world, b, a);
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

void world_isolate(struct world *world, ec_node node)
{
	for (ec_node other = 0; other < world->n; other++)
		if (other != node)
			world_sever(world, node, other);
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
	uint32_t count = ec_honeybadger.held(member->state, world->held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(world->held[i]);
}

void world_corrupt(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	member->byzantine = true;
	member->wake = 0;
	while (member->effects.count) {
		world_effect_drop(world_at(&member->effects, 0));
		world_shift(&member->effects);
	}
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
	member->snapping = 0;
	member->fetch.kind = 0;
	state_release(world, member);
	member->up = false;
	member->wake = 0;
}

/* The application stands at its last checkpoint or anywhere up to what it had applied. */
static void application_restart(struct world *world, struct world_member *member)
{
	ec_seq stands = member->durable;
	if (!member->forgetful && ec_prng_chance(&world->prng, 1, 2))
		stands += ec_prng_below(&world->prng, member->applied - stands + 1);
	member->applied = member->durable = stands;
	memset(member->has, 0, sizeof member->has);
	for (ec_seq seq = 1; seq <= stands; seq++) {
		int batch = world_batch_find(world, &member->history[seq]);
		if (batch >= 0)
			member->has[batch] = true;
	}
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
			bool older = cut != UINT32_MAX && i < cut;
			bool forgotten = older && (record->cut || record->seq <= cut_seq);
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
	memset(member->submitted, 0, sizeof member->submitted);
	memset(member->config.seed, (int)member->life, sizeof member->config.seed);
	member->config.seed[0] = (uint8_t)node;
	ec_honeybadger.init(member->state, &member->config);
	application_restart(world, member);
	records_replay(world, node);
	world_step(world, node,
	           (struct ec_input){.kind = EC_START,
	                             .seq = member->applied + world->is.base,
	                             .digest = member->chain[member->applied]});
}

void world_restart(struct world *world, ec_node node)
{
	member_begin(world, node);
	for (ec_node other = 0; other < world->n; other++)
		if (other != node)
			link_new(world, node, other);
}

static void member_new(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	uint32_t voters = world->is.voters;
	struct ec_roster_member *seat = &world->roster_member[node];
	memset(seat->key, (int)node + 1, sizeof seat->key);
	seat->weight = 1;
	seat->roles = node < voters ? EC_VOTER | EC_LEADER : 0;
	member->config = (struct ec_config){.self = node,
	                                    .notes = world->is.notes,
	                                    .bug = world->is.bug,
	                                    .base = world->is.base,
	                                    .roster = &world->roster,
	                                    .crypto = &world->crypto,
	                                    .keys = world->is.keys ? &world->keys : NULL,
	                                    .domain = world->domain,
	                                    .options = &world->options};
	if (world->is.keys && node < voters && !(world->is.shareless >> node & 1)) {
		member->shares = (struct ec_shares){world->coin[node], world->seal[node]};
		member->config.shares = &member->shares;
	}
	member->effects.size = sizeof(struct ec_effect);
	member->records.size = sizeof(struct world_record);
	for (ec_node to = 0; to < world->n; to++)
		world->link[node][to].size = sizeof(struct world_message);
}

static void keys_deal(struct world *world)
{
	uint32_t voters = world->is.voters, needed = (voters - 1) / 3 + 1;
	world->crypto.threshold = world->is.keys == WORLD_TRUE_KEYS ? &ec_threshold_ristretto255
	                                                            : &sim_threshold_cheap;
	if (!world->is.keys)
		return;
	fake_deal(world->crypto.threshold, 1, voters, needed, &world->keys.coin, world->coin);
	fake_deal(world->crypto.threshold, 2, voters, needed, &world->keys.seal, world->seal);
}

struct world *world_new(struct world_options is)
{
	struct world *world = calloc(1, sizeof *world);
	is.voters = is.voters ? is.voters : is.n;
	world->is = is;
	world->n = is.n;
	world->member = calloc(is.n, sizeof *world->member);
	world->options = (struct honeybadger_options){
		.interval = is.interval ? is.interval : 8,
		.batch_bytes_max = is.batch_bytes_max ? is.batch_bytes_max : 256,
		.proposal_bytes_max = is.proposal_bytes_max ? is.proposal_bytes_max : 1024,
		.coins = is.thrown ? HONEYBADGER_THROWN : HONEYBADGER_SCHEDULED};
	world->domain = ec_sha256("world", 5);
	world->roster = (struct ec_roster){.n = is.n, .member = world->roster_member};
	world->pool = ec_pool_new(0);
	world->now = 1000000;
	world->epochs = is.epochs ? is.epochs : is.n > 8 ? 32 : 1024;
	world->said = calloc(world->epochs * is.n * is.n, sizeof *world->said);
	ec_crypto_start();
	ec_prng_seed(&world->prng, is.seed);
	keys_deal(world);
	for (ec_node node = 0; node < is.n; node++)
		member_new(world, node);
	world->limits = ec_honeybadger.limits(&world->member[0].config);
	world->effect = calloc(world->limits.effects_per_step, sizeof *world->effect);
	world->twin_effect = calloc(world->limits.effects_per_step, sizeof *world->effect);
	world->twin = calloc(1, world->limits.state);
	world->held = calloc(world->limits.buffers_held, sizeof *world->held);
	for (ec_node node = 0; node < is.n; node++) {
		world->member[node].state = calloc(1, world->limits.state);
		member_begin(world, node);
	}
	return world;
}

static void member_free(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	if (member->up)
		world_crash(world, node);
	for (uint32_t i = 0; i < member->records.count; i++) {
		struct world_record *record = world_at(&member->records, i);
		ec_drop(record->head);
		ec_drop(record->body);
	}
	free(member->effects.item);
	free(member->records.item);
	free(member->state);
}

const char *world_free(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++)
		member_free(world, node);
	for (ec_node from = 0; from < world->n; from++)
		for (ec_node to = 0; to < world->n; to++) {
			queue_lose(&world->link[from][to], 0);
			free(world->link[from][to].item);
		}
	for (uint32_t i = 0; i < 32; i++)
		world_message_drop(&world->stale[i].message);
	for (uint32_t i = 0; i < world->batches; i++)
		ec_drop(world->batch[i]);
	if (ec_pool_live(world->pool))
		world_violate(world, "ownership: buffers are left");
	else
		ec_pool_free(world->pool);
	const char *violation = world->violation;
	free(world->member);
	free(world->effect);
	free(world->twin_effect);
	free(world->twin);
	free(world->held);
	free(world->said);
	free(world);
	return violation;
}

static void instance_release(struct world *world, void *state)
{
	uint32_t count = ec_honeybadger.held(state, world->held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(world->held[i]);
}

void world_audit(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	void *lived = member->state;
	struct world_queue effects = member->effects;
	uint64_t wake = member->wake;
	uint32_t want = member->want;
	char line[160];
	struct ec_text why = ec_text_over(line, sizeof line);
	assert(!member->saving && !effects.count);
	member->effects = (struct world_queue){.size = sizeof(struct ec_effect)};
	member->state = calloc(1, world->limits.state);
	world->auditing = true;
	ec_honeybadger.init(member->state, &member->config);
	records_replay(world, node);
	world_input(world, node,
	            (struct ec_input){.kind = EC_START,
	                              .seq = member->applied + world->is.base,
	                              .digest = member->chain[member->applied]});
	world->auditing = false;
	if (!honeybadger_promises_equal(lived, member->state, &why))
		world_violate(world, "promise: records do not bind as memory does");
	while (member->effects.count) {
		world_effect_drop(world_at(&member->effects, 0));
		world_shift(&member->effects);
	}
	instance_release(world, member->state);
	free(member->effects.item);
	free(member->state);
	member->state = lived;
	member->effects = effects;
	member->wake = wake;
	member->want = want;
}
