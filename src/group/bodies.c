/* bodies.c - batches that this member holds.
 *
 * Slots in a fixed array, found by digest; the undelivered ones stand in one list by arrival, those
 * of them that are not submitted also in a list of their source.
 *
 * (I1) A slot is free, or in the list by arrival, or in the ring of recent ones.
 * (I2) A body is in its source's list if and only if it is undelivered and not submitted.
 * (I3) A digest is in `delivered` if and only if it is in the ring of digests.
 */
#include "group/bodies.h"

#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

static const uint32_t NONE = UINT32_MAX;
enum { SLOTS = BODIES_UNDELIVERED_MAX + BODIES_RECENT_MAX };

struct slot {
	struct body body;                     /* first: a body's address is its slot's */
	uint32_t before, after;               /* by arrival; after: next free one */
	uint32_t source_before, source_after; /* not submitted, of the source */
};

struct source {
	uint32_t first, last, count; /* count: undelivered */
	uint64_t bytes;
};

struct bodies {
	uint64_t bytes_max, bytes;
	uint32_t free, used, oldest, newest, count, waiting; /* waiting: not submitted */
	uint32_t turn;                                       /* the source whose turn it is */
	uint32_t announce; /* the oldest undelivered one that was not announced; NONE */
	struct ec_table *held, *delivered;
	uint32_t recent[BODIES_RECENT_MAX], recent_first, recent_count;
	uint64_t recent_bytes;
	ec_hash digest[BODIES_DIGESTS_MAX]; /* a ring */
	uint64_t digests;
	struct source source[BODIES_SOURCES];
	struct slot slot[SLOTS];
};

struct bodies *bodies_new(uint64_t bytes_max, uint64_t secret)
{
	struct bodies *bodies = calloc(1, sizeof *bodies);
	struct ec_table *held = calloc(1, ec_table_size(SLOTS));
	struct ec_table *delivered = calloc(1, ec_table_size(BODIES_DIGESTS_MAX));
	if (!bodies || !held || !delivered) {
		free(bodies);
		free(held);
		free(delivered);
		return NULL;
	}
	ec_table_init(held, SLOTS, secret);
	ec_table_init(delivered, BODIES_DIGESTS_MAX, secret);
	bodies->held = held;
	bodies->delivered = delivered;
	bodies->bytes_max = bytes_max;
	bodies->free = bodies->oldest = bodies->newest = bodies->announce = NONE;
	for (uint32_t i = 0; i < BODIES_SOURCES; i++)
		bodies->source[i].first = bodies->source[i].last = NONE;
	return bodies;
}

static uint32_t index_of(const struct bodies *bodies, const struct body *body)
{
	const struct slot *slot = (const struct slot *)(const void *)body;
	assert(slot >= bodies->slot && slot < bodies->slot + SLOTS);
	return (uint32_t)(slot - bodies->slot);
}

static void source_push(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	struct source *source = &bodies->source[slot->body.source];
	slot->source_before = source->last;
	slot->source_after = NONE;
	if (source->last == NONE)
		source->first = at;
	else
		bodies->slot[source->last].source_after = at;
	source->last = at;
	bodies->waiting++;
}

static void source_unlink(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	struct source *source = &bodies->source[slot->body.source];
	if (slot->source_before == NONE)
		source->first = slot->source_after;
	else
		bodies->slot[slot->source_before].source_after = slot->source_after;
	if (slot->source_after == NONE)
		source->last = slot->source_before;
	else
		bodies->slot[slot->source_after].source_before = slot->source_before;
	assert(bodies->waiting > 0);
	bodies->waiting--;
}

static void arrival_push(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	slot->before = bodies->newest;
	slot->after = NONE;
	if (bodies->newest == NONE)
		bodies->oldest = at;
	else
		bodies->slot[bodies->newest].after = at;
	bodies->newest = at;
	if (bodies->announce == NONE)
		bodies->announce = at;
	bodies->count++;
	bodies->bytes += slot->body.bytes.size;
	bodies->source[slot->body.source].count++;
	bodies->source[slot->body.source].bytes += slot->body.bytes.size;
}

static void arrival_unlink(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	struct source *source = &bodies->source[slot->body.source];
	if (bodies->announce == at)
		bodies->announce = slot->after;
	if (slot->before == NONE)
		bodies->oldest = slot->after;
	else
		bodies->slot[slot->before].after = slot->after;
	if (slot->after == NONE)
		bodies->newest = slot->before;
	else
		bodies->slot[slot->after].before = slot->before;
	assert(bodies->count > 0 && source->count > 0);
	bodies->count--;
	bodies->bytes -= slot->body.bytes.size;
	source->count--;
	source->bytes -= slot->body.bytes.size;
	if (!slot->body.submitted)
		source_unlink(bodies, at);
}

static void slot_release(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	ec_table_remove(bodies->held, &slot->body.digest);
	ec_drop(slot->body.bytes);
	slot->body = (struct body){0};
	slot->after = bodies->free;
	bodies->free = at;
}

bool bodies_room(const struct bodies *bodies, uint32_t source, size_t size)
{
	assert(source < BODIES_SOURCES);
	const struct source *of = &bodies->source[source];
	return of->bytes + size <= bodies->bytes_max && of->count < BODIES_UNDELIVERED_MAX / 8 &&
	       bodies->count < BODIES_UNDELIVERED_MAX;
}

struct body *bodies_find(struct bodies *bodies, const ec_hash *digest)
{
	uint32_t at = ec_table_find(bodies->held, digest);
	return at == NONE ? NULL : &bodies->slot[at].body;
}

bool bodies_knows(const struct bodies *bodies, const ec_hash *digest)
{
	return ec_table_find(bodies->held, digest) != NONE ||
	       ec_table_find(bodies->delivered, digest) != NONE;
}

bool bodies_was_delivered(const struct bodies *bodies, const ec_hash *digest)
{
	return ec_table_find(bodies->delivered, digest) != NONE;
}

static void recent_drop(struct bodies *bodies)
{
	assert(bodies->recent_count > 0);
	uint32_t at = bodies->recent[bodies->recent_first];
	bodies->recent_first = (bodies->recent_first + 1) % BODIES_RECENT_MAX;
	bodies->recent_count--;
	bodies->recent_bytes -= bodies->slot[at].body.bytes.size;
	slot_release(bodies, at);
}

static void recent_push(struct bodies *bodies, uint32_t at)
{
	size_t size = bodies->slot[at].body.bytes.size;
	while (bodies->recent_count == BODIES_RECENT_MAX ||
	       (bodies->recent_count && bodies->recent_bytes + size > BODIES_RECENT_BYTES_MAX))
		recent_drop(bodies);
	bodies->recent[(bodies->recent_first + bodies->recent_count++) % BODIES_RECENT_MAX] = at;
	bodies->recent_bytes += size;
	bodies->slot[at].body.delivered = true;
}

static void digest_add(struct bodies *bodies, const ec_hash *digest)
{
	ec_hash *place = &bodies->digest[bodies->digests % BODIES_DIGESTS_MAX];
	if (bodies->digests >= BODIES_DIGESTS_MAX)
		ec_table_remove(bodies->delivered, place);
	*place = *digest;
	ec_table_put(bodies->delivered, digest, (uint32_t)(bodies->digests % BODIES_DIGESTS_MAX));
	bodies->digests++;
}

bool bodies_delivered(struct bodies *bodies, const ec_hash *digest)
{
	struct body *body = bodies_find(bodies, digest);
	if (body && !body->delivered) {
		uint32_t at = index_of(bodies, body);
		arrival_unlink(bodies, at);
		recent_push(bodies, at);
	}
	if (ec_table_find(bodies->delivered, digest) != NONE)
		return true;
	digest_add(bodies, digest);
	return false;
}

static uint32_t slot_take(struct bodies *bodies, const struct body *body)
{
	uint32_t at = bodies->free;
	if (at == NONE)
		at = bodies->used++;
	else
		bodies->free = bodies->slot[at].after;
	assert(at < SLOTS);
	bodies->slot[at].body = *body;
	bodies->slot[at].body.submitted = bodies->slot[at].body.delivered = false;
	ec_keep(body->bytes);
	ec_table_put(bodies->held, &body->digest, at);
	return at;
}

void bodies_keep(struct bodies *bodies, const struct body *body)
{
	if (ec_table_find(bodies->held, &body->digest) != NONE)
		return;
	while (bodies->recent_count == BODIES_RECENT_MAX)
		recent_drop(bodies);
	recent_push(bodies, slot_take(bodies, body));
}

enum bodies_put bodies_put(struct bodies *bodies, const struct body *body, bool wanted)
{
	assert(body->arrived > 0 && body->source < BODIES_SOURCES);
	if (ec_table_find(bodies->held, &body->digest) != NONE)
		return BODIES_HELD;
	bool late = ec_table_find(bodies->delivered, &body->digest) != NONE;
	if (late && !wanted)
		return BODIES_LATE;
	if (!bodies_room(bodies, body->source, body->bytes.size) &&
	    !(wanted && bodies->count < BODIES_UNDELIVERED_MAX))
		return BODIES_FULL;
	uint32_t at = slot_take(bodies, body);
	arrival_push(bodies, at);
	source_push(bodies, at);
	if (late)
		bodies_delivered(bodies, &body->digest);
	return BODIES_NEW;
}

void body_known_set(struct body *body, uint32_t peer)
{
	assert(peer < EC_PEERS_MAX);
	body->known[peer / 64] |= (uint64_t)1 << peer % 64;
}

bool body_known(const struct body *body, uint32_t peer)
{
	assert(peer < EC_PEERS_MAX);
	return body->known[peer / 64] >> peer % 64 & 1;
}

void bodies_forget_peer(struct bodies *bodies, uint32_t peer)
{
	assert(peer < EC_PEERS_MAX);
	for (uint32_t i = 0; i < bodies->used; i++)
		bodies->slot[i].body.known[peer / 64] &= ~((uint64_t)1 << peer % 64);
}

uint32_t body_old_said(struct body *body, uint32_t peer)
{
	uint32_t count = 0;
	assert(peer < EC_PEERS_MAX);
	body->old[peer / 64] |= (uint64_t)1 << peer % 64;
	for (uint32_t i = 0; i < BODIES_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(body->old[i]);
	return count;
}

struct body *bodies_submit(struct bodies *bodies, uint32_t source)
{
	for (uint32_t i = 0; i < BODIES_SOURCES; i++) {
		uint32_t turn = (bodies->turn + i) % BODIES_SOURCES;
		uint32_t at = bodies->source[turn].first;
		if (at == NONE || (source != BODIES_SOURCES && source != turn))
			continue;
		bodies->turn = (turn + 1) % BODIES_SOURCES;
		source_unlink(bodies, at);
		bodies->slot[at].body.submitted = true;
		return &bodies->slot[at].body;
	}
	return NULL;
}

void bodies_resubmit(struct bodies *bodies)
{
	for (uint32_t i = 0; i < BODIES_SOURCES; i++)
		bodies->source[i].first = bodies->source[i].last = NONE;
	bodies->waiting = 0;
	for (uint32_t at = bodies->oldest; at != NONE; at = bodies->slot[at].after) {
		bodies->slot[at].body.submitted = false;
		source_push(bodies, at);
	}
}

void bodies_clear(struct bodies *bodies)
{
	while (bodies->oldest != NONE) {
		uint32_t at = bodies->oldest;
		arrival_unlink(bodies, at);
		slot_release(bodies, at);
	}
	assert(bodies->count == 0 && bodies->bytes == 0);
}

struct body *bodies_oldest(struct bodies *bodies)
{
	return bodies->oldest == NONE ? NULL : &bodies->slot[bodies->oldest].body;
}

struct body *bodies_after(struct bodies *bodies, const struct body *body)
{
	uint32_t after = bodies->slot[index_of(bodies, body)].after;
	return after == NONE ? NULL : &bodies->slot[after].body;
}

struct body *bodies_unannounced(struct bodies *bodies)
{
	return bodies->announce == NONE ? NULL : &bodies->slot[bodies->announce].body;
}

void bodies_reannounce(struct bodies *bodies)
{
	bodies->announce = bodies->oldest;
}

void bodies_announced(struct bodies *bodies)
{
	assert(bodies->announce != NONE);
	bodies->announce = bodies->slot[bodies->announce].after;
}

uint32_t bodies_waiting(const struct bodies *bodies)
{
	return bodies->waiting;
}

const struct body *bodies_first_waiting(const struct bodies *bodies)
{
	uint32_t at = bodies->waiting ? bodies->oldest : NONE;
	while (at != NONE && bodies->slot[at].body.submitted)
		at = bodies->slot[at].after;
	return at == NONE ? NULL : &bodies->slot[at].body;
}

uint32_t bodies_count(const struct bodies *bodies)
{
	return bodies->count;
}

uint32_t bodies_from(const struct bodies *bodies, uint32_t source)
{
	assert(source < BODIES_SOURCES);
	return bodies->source[source].count;
}

uint64_t bodies_bytes(const struct bodies *bodies)
{
	return bodies->bytes;
}

void bodies_free(struct bodies *bodies)
{
	if (!bodies)
		return;
	bodies_clear(bodies);
	while (bodies->recent_count)
		recent_drop(bodies);
	free(bodies->held);
	free(bodies->delivered);
	free(bodies);
}
