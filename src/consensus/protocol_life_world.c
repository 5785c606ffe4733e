/* protocol_life_world.c - members of any protocol in one memory, for its tests: queues, links that
 * break, crashes, new lives, keys. */
#include "consensus/protocol_world.h"

#include "crypto/dealer_fake.h"
#include "crypto/hash.h"

#include <stdlib.h>

extern const struct ec_threshold_crypto sim_threshold_cheap; /* the simulator's; linked in */

/* Signatures that cost little: whoever knows the key could make them, and tests do not try. */
static void fake_sign(const struct ec_secret *secret, const void *message, size_t size,
                      uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_hash hash = ec_hmac_sha256(secret->key, sizeof secret->key, message, size);
	memcpy(signature, hash.b, 32);
	memcpy(signature + 32, hash.b, 32);
}

static bool fake_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                        const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_hash hash = ec_hmac_sha256(key, EC_KEY_SIZE, message, size);
	return memcmp(signature, hash.b, 32) == 0 && memcmp(signature + 32, hash.b, 32) == 0;
}

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

void world_message_drop(struct world_message *message)
{
	ec_drop(message->head);
	ec_drop(message->body);
	ec_drop(message->proof);
}

void world_effect_drop(const struct ec_effect *effect)
{
	ec_drop(effect->head);
	ec_drop(effect->body);
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

static void effects_lose(struct world_member *member)
{
	while (member->effects.count) {
		world_effect_drop(world_at(&member->effects, 0));
		world_shift(&member->effects);
	}
}

static void records_lose(struct world_member *member, uint32_t count)
{
	while (count--) {
		struct world_record *record = world_at(&member->records, --member->records.count);
		ec_drop(record->head);
		ec_drop(record->body);
	}
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

void world_join(struct world *world, ec_node a, ec_node b)
{
	world->severed[a][b] = world->severed[b][a] = false;
	link_new(world, a, b);
}

void world_isolate(struct world *world, ec_node node)
{
	world_part(world, (uint64_t)1 << node);
}

void world_part(struct world *world, uint64_t set)
{
	for (ec_node a = 0; a < world->n; a++)
		for (ec_node b = 0; b < a; b++)
			if ((set >> a & 1) != (set >> b & 1))
				world_sever(world, a, b);
}

void world_join_set(struct world *world, uint64_t set)
{
	for (ec_node a = 0; a < world->n; a++)
		for (ec_node b = 0; b < a; b++)
			if ((set >> a & 1) && (set >> b & 1))
				world_join(world, a, b);
}

void world_heal(struct world *world)
{
	for (ec_node a = 0; a < world->n; a++)
		for (ec_node b = 0; b < a; b++)
			if (world->severed[a][b])
				world_join(world, a, b);
}

void world_corrupt(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	member->byzantine = true;
	member->wake = 0;
	effects_lose(member);
}

void world_crash(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	for (ec_node other = 0; other < world->n; other++) {
		queue_lose(&world->link[node][other], other == node ? 0 : UINT32_MAX);
		queue_lose(&world->link[other][node], 0);
	}
	effects_lose(member);
	/* Of what was handed to the disk some may be durable though nothing after it was said. */
	if (member->saving && world->forgets)
		records_lose(member, member->saving);
	else if (member->saving)
		records_lose(member, (uint32_t)ec_prng_below(&world->prng, member->saving + 1));
	member->saving = 0;
	member->wake = 0;
	world->pin_told &= ~((uint64_t)1 << node);
	world_state_release(world, member->state);
	member->up = false;
}

static void record_give(struct world *world, ec_node node, const struct world_record *record)
{
	world_input(world, node,
	            (struct ec_input){.kind = EC_RECORD,
	                              .seq = record->seq,
	                              .head = record->head,
	                              .body = record->body,
	                              .digest = world_digest(record->body)});
}

/* The last CUT, then the others that it does not replace; then START. */
static void records_replay(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	const struct world_record *cut = NULL;
	uint32_t count = member->records.count, last = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct world_record *record = world_at(&member->records, i);
		cut = record->cut ? record : cut;
		last = record->cut ? i : last;
	}
	if (cut)
		record_give(world, node, cut);
	for (uint32_t i = 0; i < count; i++) {
		const struct world_record *record = world_at(&member->records, i);
		if (!record->cut && !(cut && i < last && record->seq <= cut->seq))
			record_give(world, node, record);
	}
	world_input(world, node,
	            (struct ec_input){.kind = EC_START,
	                              .seq = member->applied + world->is.base,
	                              .digest = member->at[member->applied].state});
}

static void member_begin(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	member->up = true;
	member->life++;
	member->wake = member->view = 0;
	memset(member->config.seed, (int)member->life, sizeof member->config.seed);
	member->config.seed[0] = (uint8_t)node;
	memset(member->state, 0, world->limits.state);
	world->of->protocol->init(member->state, &member->config);
	world_app_restart(world, node);
	records_replay(world, node);
	world_disk(world, node, 0);
}

void world_restart(struct world *world, ec_node node)
{
	member_begin(world, node);
	for (ec_node other = 0; other < world->n; other++)
		if (other != node)
			link_new(world, node, other);
}

void world_repair(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		world->member[node].stalled = false;
		world_disk(world, node, UINT32_MAX);
	}
	for (ec_node node = 0; node < world->n; node++)
		if (!world->member[node].up)
			world_restart(world, node);
	world_heal(world);
}

void world_audit(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	void *lived = member->state;
	struct world_queue effects = member->effects;
	uint64_t wake = member->wake, view = member->view;
	uint32_t want = member->want;
	ec_node lead = member->lead;
	char line[160];
	struct ec_text why = ec_text_over(line, sizeof line);
	assert(!member->saving && !effects.count);
	member->effects = (struct world_queue){.size = sizeof(struct ec_effect)};
	member->state = calloc(1, world->limits.state);
	member->view = 0;
	world->auditing = true;
	world->of->protocol->init(member->state, &member->config);
	records_replay(world, node);
	world->auditing = false;
	if (!world->of->promises_equal(lived, member->state, &why))
		world_violate(world, "promise: records do not bind as memory does");
	effects_lose(member);
	world_state_release(world, member->state);
	free(member->effects.item);
	free(member->state);
	member->state = lived;
	member->effects = effects;
	member->wake = wake;
	member->view = view;
	member->want = want;
	member->lead = lead;
}

static void member_new(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	const struct world_options *is = &world->is;
	bool votes = node < is->voters;
	uint8_t seed[32] = {(uint8_t)(node + 1)};
	ec_secret_from_seed(&member->secret, seed);
	struct ec_roster_member *seat = &world->roster_member[node];
	memcpy(seat->key, member->secret.key, sizeof seat->key);
	seat->weight = 1;
	seat->roles = votes ? EC_VOTER : 0;
	if (votes && (!is->leaders || is->leaders >> node & 1))
		seat->roles |= EC_LEADER;
	member->config = (struct ec_config){.self = node,
	                                    .notes = is->notes,
	                                    .bug = is->bug,
	                                    .base = is->base,
	                                    .roster = &world->roster,
	                                    .crypto = &world->crypto,
	                                    .keys = is->keys ? &world->keys : NULL,
	                                    .domain = world->domain,
	                                    .options = world->options};
	if (is->keys && votes && !(is->shareless >> node & 1)) {
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
	world->crypto = (struct ec_crypto){.verify = fake_verify, .sign = fake_sign};
	world->crypto.threshold = world->is.keys == WORLD_TRUE_KEYS ? &ec_threshold_ristretto255
	                                                            : &sim_threshold_cheap;
	if (!world->is.keys)
		return;
	fake_deal(world->crypto.threshold, 1, voters, needed, &world->keys.coin, world->coin);
	fake_deal(world->crypto.threshold, 2, voters, needed, &world->keys.seal, world->seal);
}

static void options_fill(struct world *world)
{
	size_t size = world->of->protocol->options_size;
	world->options = calloc(1, size + 1);
	if (world->is.options)
		memcpy(world->options, world->is.options, size);
	world->is.options = NULL;
	if (world->of->options)
		world->of->options(&world->is, world->options);
}

static void room_make(struct world *world)
{
	const struct ec_protocol *protocol = world->of->protocol;
	const struct ec_config *config = &world->member[0].config;
	assert(!protocol->misfit(config));
	world->interval = protocol->terms(config).interval;
	assert(world->interval);
	world->limits = protocol->limits(config);
	world->effect = calloc(world->limits.effects_per_step, sizeof *world->effect);
	world->twin_effect = calloc(world->limits.effects_per_step, sizeof *world->effect);
	world->twin = calloc(1, world->limits.state);
	/* One that holds more than it said is found, if not by much. */
	world->held = calloc(2 * world->limits.buffers_held + 64, sizeof *world->held);
	for (ec_node node = 0; node < world->n; node++)
		world->member[node].state = calloc(1, world->limits.state);
}

struct world *world_new(const struct world_protocol *of, struct world_options is)
{
	struct world *world = calloc(1, sizeof *world);
	const char *domain = is.domain ? is.domain : "world";
	assert(of->protocol->order != EC_PARTIAL && is.n <= WORLD_MEMBERS);
	is.voters = is.voters ? is.voters : is.n;
	world->of = of;
	world->is = is;
	world->n = is.n;
	world->member = calloc(is.n, sizeof *world->member);
	world->roster = (struct ec_roster){.n = is.n, .member = world->roster_member};
	world->domain = ec_sha256(domain, strlen(domain));
	world->pool = ec_pool_new(0);
	world->now = 1000000;
	ec_crypto_start();
	ec_prng_seed(&world->prng, is.seed);
	options_fill(world);
	keys_deal(world);
	for (ec_node node = 0; node < is.n; node++)
		member_new(world, node);
	room_make(world);
	if (of->begin)
		of->begin(world);
	for (ec_node node = 0; node < is.n; node++)
		member_begin(world, node);
	return world;
}

static void member_free(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	if (member->up)
		world_crash(world, node);
	records_lose(member, member->records.count);
	free(member->effects.item);
	free(member->records.item);
	free(member->state);
	free(member->at);
	for (ec_node to = 0; to < world->n; to++) {
		queue_lose(&world->link[node][to], 0);
		free(world->link[node][to].item);
	}
}

const char *world_free(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++)
		member_free(world, node);
	for (uint32_t i = 0; i < WORLD_STALE; i++)
		world_message_drop(&world->stale[i].message);
	for (uint32_t i = 0; i < world->batches; i++)
		ec_drop(world->batch[i]);
	if (world->of->end)
		world->of->end(world);
	if (ec_pool_live(world->pool))
		world_violate(world, "ownership: buffers are left");
	else
		ec_pool_free(world->pool);
	if (world->misheard)
		world_violate(world, "check: a correct voter's message was refused");
	const char *violation = world->violation;
	free(world->member);
	free(world->agreed);
	free(world->options);
	free(world->effect);
	free(world->twin_effect);
	free(world->twin);
	free(world->held);
	free(world);
	return violation;
}

struct disk {
	uint64_t ends_ns; /* 0: it is idle */
	uint32_t covers;
};

static uint32_t saves_wait(const struct world_member *member)
{
	uint32_t count = member->saving;
	for (uint32_t i = 0; i < member->effects.count; i++) {
		const struct ec_effect *effect = world_at(&member->effects, i);
		count += effect->kind == EC_SAVE;
	}
	return count;
}

static void disk_run(struct world *world, ec_node node, struct disk *disk, uint64_t sync_ns)
{
	if (disk->ends_ns && world->now >= disk->ends_ns) {
		disk->ends_ns = 0;
		for (; disk->covers; disk->covers--)
			world_disk(world, node, 1);
	}
	if (disk->ends_ns)
		return;
	disk->covers = saves_wait(&world->member[node]);
	disk->ends_ns = disk->covers ? world->now + sync_ns : 0;
}

uint64_t world_pass_slow_disks(struct world *world, uint32_t sync_ms, uint64_t ms, ec_seq until)
{
	struct disk disk[WORLD_MEMBERS] = {{0}};
	uint64_t passed = 0;
	for (ec_node node = 0; node < world->n; node++)
		world->member[node].stalled = true;
	for (; passed < ms && world->furthest < until; passed += 10) {
		if (passed % 100 == 0)
			world_batches(world, 1, UINT64_MAX);
		world_pass(world, 10);
		for (ec_node node = 0; node < world->n; node++)
			if (world->member[node].up)
				disk_run(world, node, &disk[node], (uint64_t)sync_ms * 1000000);
	}
	return passed;
}
