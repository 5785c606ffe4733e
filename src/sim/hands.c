/* hands.c - a world moved by hand. */
#include "sim/hands.h"

#include "crypto/hash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { SETTLE_MAX = 100000, TICK_MAX = 10000, KIND_SIZE = 256 };

static bool in(uint64_t set, uint32_t host)
{
	return set >> host & 1;
}

void sim_hands_start(struct sim_world *world)
{
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			world->link[a][b].up = a != b; /* what is said at START is heard */
	for (uint32_t h = 0; h < world->hosts; h++)
		sim_start(world, world->host[h]);
}

static uint32_t batch_named(struct sim_world *world, const char *text, uint64_t era)
{
	struct ec_bytes body = {.data = (const uint8_t *)text, .size = strlen(text)};
	uint32_t batch = sim_batch_find(world, body);
	return batch != UINT32_MAX ? batch : sim_batch_new(world, text, era);
}

void sim_hands_batch(struct sim_world *world, uint64_t set, const char *text, uint64_t era)
{
	uint32_t batch = batch_named(world, text, era);
	for (uint32_t h = 0; h < world->hosts; h++) {
		if (!in(set, h) || !world->host[h]->up)
			continue;
		sim_batch_arrive(world, world->host[h], batch);
		sim_pump(world, world->host[h]);
	}
}

/* Whether the words of a message begin with `kind`. */
static bool is_kind(const struct sim_world *world, const struct sim_item *item, const char *kind)
{
	char text[KIND_SIZE];
	struct ec_text words = ec_text_over(text, sizeof text);
	size_t size = strlen(kind);
	sim_protocol_of(world, item->era)->show_head(item->head, &words);
	return strncmp(text, kind, size) == 0 && (size == 0 || text[size] == ' ' || !text[size]);
}

/* Returns: whether anything arrived. */
static bool link_deliver(struct sim_world *world, uint32_t from, uint32_t to, const char *kind,
                         bool again)
{
	struct sim_queue *queue = &world->link[from][to].queue;
	struct sim_host *host = world->host[to];
	bool moved = false;
	while (queue->count && host->up && is_kind(world, sim_queue_at(queue, 0), kind)) {
		struct sim_instance *instance = sim_instance_at(host, sim_queue_at(queue, 0)->era);
		if (instance && !sim_room(instance))
			break;
		if (again) {
			sim_receive(world, host, sim_item_copy(sim_queue_at(queue, 0)));
			return true;
		}
		sim_receive(world, host, sim_queue_pop(queue));
		moved = true;
	}
	return moved;
}

void sim_hands_deliver(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                       bool again)
{
	bool moved = false;
	uint32_t count[SIM_HOSTS_MAX][SIM_HOSTS_MAX]; /* what was there when the verb was said */
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			count[a][b] = world->link[a][b].queue.count;
	for (uint32_t b = 0; b < world->hosts; b++)
		for (uint32_t a = 0; a < world->hosts; a++)
			if (in(from, a) && in(to, b) && count[a][b])
				moved |= link_deliver(world, a, b, kind, again);
	if (!moved)
		sim_say(world, "nothing to deliver");
}

static bool settle_once(struct sim_world *world)
{
	bool moved = false;
	for (uint32_t b = 0; b < world->hosts; b++)
		for (uint32_t a = 0; a < world->hosts; a++)
			moved |= link_deliver(world, a, b, "", false);
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct sim_host *host = world->host[h];
		for (int i = 0; i < 2; i++) {
			struct sim_instance *instance = &host->instance[i];
			if (!instance->state)
				continue;
			if (instance->snapping) {
				sim_hands_snapped(world, host);
				moved = true;
			}
			if (instance->fetch.on) {
				sim_fetching(world, host, instance);
				moved = true;
			}
		}
	}
	return moved;
}

void sim_hands_settle(struct sim_world *world)
{
	for (uint32_t i = 0; settle_once(world) && !world->violated; i++)
		if (i == SETTLE_MAX)
			sim_violate(world, "progress", "the world never comes to rest");
}

/* The member whose wake time comes first, by `until` at the latest. */
static struct sim_instance *next_to_wake(struct sim_world *world, uint64_t until,
                                         struct sim_host **host, uint64_t *when)
{
	struct sim_instance *first = NULL;
	*when = UINT64_MAX;
	for (uint32_t h = 0; h < world->hosts; h++)
		for (int i = 0; i < 2; i++) {
			struct sim_instance *instance = &world->host[h]->instance[i];
			if (!instance->state || !instance->wake)
				continue;
			uint64_t at = world->now + sim_until(world, world->host[h], instance->wake);
			if (at > until || at >= *when)
				continue;
			first = instance;
			*host = world->host[h];
			*when = at;
		}
	return first;
}

void sim_hands_tick(struct sim_world *world, uint64_t ns)
{
	uint64_t until = world->now + ns, when;
	struct sim_host *host;
	struct sim_instance *instance;
	for (uint32_t i = 0; i < TICK_MAX && !world->violated; i++) {
		instance = next_to_wake(world, until, &host, &when);
		if (!instance || !sim_room(instance))
			break;
		world->now = when > world->now ? when : world->now;
		sim_step(world, host, instance, &(struct ec_input){.kind = EC_WAKE});
	}
	world->now = until;
}

void sim_hands_save(struct sim_world *world, struct sim_host *host, uint32_t count)
{
	for (int i = 0; i < 2; i++) {
		struct sim_instance *instance = &host->instance[i];
		uint32_t unsynced = instance->state ? sim_disk_unsynced(&instance->disk) : 0;
		if (unsynced)
			sim_saved(world, host, instance, count < unsynced ? count : unsynced);
	}
	sim_pump(world, host);
}

void sim_hands_stall(struct sim_world *world, struct sim_host *host, bool stalled)
{
	for (int i = 0; i < 2; i++)
		host->instance[i].disk.stalled = stalled;
	if (!stalled)
		sim_hands_save(world, host, UINT32_MAX);
}

void sim_hands_crash(struct sim_world *world, struct sim_host *host, uint32_t keep)
{
	char name[8];
	uint32_t lost = sim_crash(world, host, keep);
	sim_say(world, "%s lost %u effects", sim_name(host, name), lost);
}

void sim_hands_cut(struct sim_world *world, uint64_t one, uint64_t other)
{
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			if (a != b && in(one, a) && in(other, b)) {
				sim_link_break(world, a, b, true);
				world->link[a][b].cut = true;
			}
}

/* Says which links are new, then tells both ends of each. */
static void links_new(struct sim_world *world, uint64_t set)
{
	struct {
		uint32_t a, b;
	} pairs[SIM_HOSTS_MAX * SIM_HOSTS_MAX / 2];
	char line[1024], x[8], y[8];
	struct ec_text text = ec_text_over(line, sizeof line);
	uint32_t count = 0;
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = a + 1; b < world->hosts; b++) {
			bool meant = in(set, a) || in(set, b);
			if (!meant || !sim_link_may(world, a, b))
				continue;
			world->link[a][b].up = world->link[b][a].up = true;
			pairs[count].a = a;
			pairs[count++].b = b;
			ec_text_add(&text, " %s-%s", sim_name(world->host[a], x),
			            sim_name(world->host[b], y));
		}
	if (count)
		sim_say(world, "link%s", line);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t a = pairs[i].a, b = pairs[i].b;
		sim_receive(world, world->host[a], (struct sim_item){.link = true, .from_host = b});
		sim_receive(world, world->host[b], (struct sim_item){.link = true, .from_host = a});
	}
}

void sim_hands_mend(struct sim_world *world, uint64_t set)
{
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			if (in(set, a) || in(set, b))
				world->link[a][b].cut = false;
	links_new(world, set);
}

void sim_hands_restart(struct sim_world *world, struct sim_host *host)
{
	sim_start(world, host);
	links_new(world, (uint64_t)1 << host->index);
}

void sim_hands_show(struct sim_world *world, struct sim_host *host)
{
	char state[512], name[8];
	struct ec_text text = ec_text_over(state, sizeof state);
	struct sim_instance *instance = sim_current(host);
	if (instance && instance->state)
		instance->protocol->show(instance->state, &text);
	else
		ec_text_add(&text, "is down");
	sim_say(world, "%s %s", sim_name(host, name), state);
}

void sim_hands_again(struct sim_world *world, struct sim_host *host)
{
	for (int i = 0; i < 2; i++)
		if (host->instance[i].state && sim_room(&host->instance[i]))
			sim_step(world, host, &host->instance[i],
			         &(struct ec_input){.kind = EC_WAKE});
}

void sim_hands_snapped(struct sim_world *world, struct sim_host *host)
{
	for (int i = 0; i < 2; i++) {
		struct sim_instance *instance = &host->instance[i];
		ec_seq seq = instance->snapping;
		instance->snapping = 0;
		if (instance->state && seq)
			sim_snapped(world, host, instance->era, seq);
	}
}

bool sim_hands_fetched(struct sim_world *world, struct sim_host *host, bool ok)
{
	struct sim_instance *instance = sim_current(host);
	if (!instance || !instance->state || !instance->fetch.on)
		return false;
	if (!ok)
		sim_fetched(world, host, instance, NULL);
	while (ok && instance->state && instance->fetch.on)
		sim_fetching(world, host, instance);
	return true;
}

bool sim_hands_pin(struct sim_world *world, struct sim_host *host, const struct sim_host *like,
                   ec_seq seq)
{
	struct sim_instance *instance = sim_current(host);
	const struct sim_tentative *entry = sim_tentative_at(like, seq);
	if (!instance || !instance->state || !entry)
		return false;
	sim_step(world, host, instance,
	         &(struct ec_input){.kind = EC_PINNED,
	                            .seq = seq,
	                            .digest = entry->after.digest,
	                            .head = entry->head});
	return true;
}

static void instance_copy(struct sim_world *world, struct sim_instance *to,
                          const struct sim_instance *from)
{
	*to = *from;
	to->disk = (struct sim_disk){.stalled = from->disk.stalled};
	for (uint32_t i = 0; i < from->disk.count; i++) {
		ec_keep(from->disk.record[i].head);
		ec_keep(from->disk.record[i].body);
		sim_disk_append(&to->disk, from->disk.record[i]);
	}
	to->disk.durable = from->disk.durable;
	if (!from->state)
		return;
	size_t flush_size = ec_flush_size(4 * from->limits.effects_per_step);
	to->state = malloc(from->limits.state);
	to->flush = malloc(flush_size);
	assert(to->state && to->flush);
	memcpy(to->state, from->state, from->limits.state);
	memcpy(to->flush, from->flush, flush_size);
	uint32_t held = to->protocol->held(to->state, world->held);
	held += ec_flush_held(to->flush, world->held + held);
	for (uint32_t i = 0; i < held; i++)
		ec_keep(world->held[i]);
}

static void tail_copy(struct sim_host *to, const struct sim_host *from)
{
	size_t size = from->tail_count * sizeof *from->tail;
	to->tail = size ? malloc(size) : NULL;
	to->tail_capacity = from->tail_count;
	assert(!size || to->tail);
	for (uint32_t i = 0; i < from->tail_count; i++) {
		to->tail[i] = from->tail[i];
		ec_keep(to->tail[i].head);
		ec_keep(to->tail[i].body);
	}
}

bool sim_hands_fork(struct sim_world *world, struct sim_host *host, uint64_t one, uint64_t other)
{
	if (host->byzantine || !host->up || world->hosts == SIM_HOSTS_MAX)
		return false;
	struct sim_host *twin = malloc(sizeof *twin);
	assert(twin);
	*twin = *host;
	twin->index = world->hosts;
	twin->twin = true;
	twin->byzantine = host->byzantine = true;
	twin->self = twin->early = twin->past = (struct sim_queue){0};
	twin->said = NULL;
	tail_copy(twin, host);
	twin->history = NULL;
	twin->history_count = twin->history_capacity = 0;
	for (int i = 0; i < 2; i++)
		instance_copy(world, &twin->instance[i], &host->instance[i]);
	host->faces = one;
	twin->faces = other;
	for (uint32_t h = 0; h < world->hosts; h++) /* twins keep to their own side */
		if (world->host[h]->twin) {
			twin->faces |= (uint64_t)1 << h;
			world->host[h]->faces |= (uint64_t)1 << twin->index;
		}
	world->host[world->hosts++] = twin;
	for (uint32_t h = 0; h < world->hosts; h++) {
		if (h == twin->index)
			continue;
		world->link[h][twin->index].up = world->link[h][host->index].up;
		world->link[twin->index][h].up = world->link[host->index][h].up;
	}
	return true;
}

/* The first message of this kind on a link, not only at its head. */
static struct sim_item *find(struct sim_world *world, uint32_t from, uint32_t to, const char *kind)
{
	struct sim_queue *queue = &world->link[from][to].queue;
	for (uint32_t i = 0; i < queue->count; i++)
		if (is_kind(world, sim_queue_at(queue, i), kind))
			return sim_queue_at(queue, i);
	return NULL;
}

static void sign_again(struct sim_world *world, struct sim_item *item)
{
	struct sim_host *host = world->host[item->from_host];
	host->byzantine = true;
	item->mutant = true;
	if (item->proof.size == 0)
		return;
	ec_drop(item->proof);
	item->proof = sim_sign(world, host, item->era, item->head, &item->digest);
}

static void body_replace(struct sim_world *world, struct sim_item *item, uint32_t batch)
{
	struct ec_bytes head = ec_pool_copy(world->pool, item->head.data, item->head.size);
	uint8_t *digest = memmem(ec_writable(head), head.size, item->digest.b, 32);
	item->digest = world->batch[batch].digest;
	if (digest)
		memcpy(digest, item->digest.b, 32);
	ec_drop(item->head);
	item->head = head;
	ec_drop(item->body);
	item->body = ec_keep(world->batch[batch].body);
}

/* What a script changes in a message. */
struct lie {
	bool (*change)(struct sim_world *world, struct sim_item *item, const struct lie *lie);
	uint32_t batch;
	ec_hash was, is;
	uint32_t byte;
	uint8_t by;
};

/* Returns: whether a first message of the kind on one of these links was changed; it is signed
 * again. */
static bool links_lie(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      const struct lie *lie)
{
	bool found = false;
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			struct sim_item *item =
				in(from, a) && in(to, b) ? find(world, a, b, kind) : NULL;
			if (!item || !lie->change(world, item, lie))
				continue;
			sign_again(world, item);
			found = true;
		}
	return found;
}

static bool body_change(struct sim_world *world, struct sim_item *item, const struct lie *lie)
{
	body_replace(world, item, lie->batch);
	return true;
}

bool sim_hands_equivocate(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                          const char *text)
{
	return links_lie(
		world, from, to, kind,
		&(struct lie){.change = body_change, .batch = batch_named(world, text, 0)});
}

static bool name_change(struct sim_world *world, struct sim_item *item, const struct lie *lie)
{
	bool named = sim_rename(world, &item->head, &lie->was, &lie->is);
	named |= sim_rename(world, &item->body, &lie->was, &lie->is);
	if (named)
		item->digest = sim_digest(world, item->body);
	return named;
}

bool sim_hands_rename(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      const char *was, const char *is)
{
	struct lie lie = {.change = name_change};
	lie.was = world->batch[batch_named(world, was, 0)].digest;
	lie.is = world->batch[batch_named(world, is, 0)].digest;
	return links_lie(world, from, to, kind, &lie);
}

/* The bytes of a message, counted on from its head into its body. */
static bool byte_change(struct sim_world *world, struct sim_item *item, const struct lie *lie)
{
	bool headed = lie->byte < item->head.size;
	struct ec_bytes *bytes = headed ? &item->head : &item->body;
	uint32_t at = headed ? lie->byte : lie->byte - (uint32_t)item->head.size;
	if (at >= bytes->size)
		return false;
	struct ec_bytes copy = ec_pool_copy(world->pool, bytes->data, bytes->size);
	ec_writable(copy)[at] ^= lie->by;
	ec_drop(*bytes);
	*bytes = copy;
	if (!headed)
		item->digest = sim_digest(world, copy);
	return true;
}

bool sim_hands_mutate(struct sim_world *world, uint64_t from, uint64_t to, const char *kind,
                      uint32_t byte, uint8_t by)
{
	return links_lie(world, from, to, kind,
	                 &(struct lie){.change = byte_change, .byte = byte, .by = by});
}
