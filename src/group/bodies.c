/* bodies.c - batches that this member holds.
 *
 * Slots in a fixed array, found by digest; the undelivered ones stand in one list by arrival and in
 * one of their source, those of them that are not submitted also in another of it.
 *
 * (I1) A slot is free, or in the list by arrival, or in the ring of recent ones.
 * (I2) A body is in TO_SUBMIT of its source if and only if it is undelivered and not submitted.
 * (I3) Whoever is a stray (see bodies_stray()) stands at `stray` or behind it, by arrival.
 * (I4) A digest is in `delivered` if and only if it is in the ring of digests.
 */
#include "group/bodies_state.h"

#include <assert.h>
#include <stdlib.h>

static const struct list EMPTY = {NONE, NONE};

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
	bodies->free = bodies->announce = bodies->stray = NONE;
	bodies->undelivered = EMPTY;
	for (uint32_t i = 0; i < BODIES_SOURCES; i++)
		bodies->source[i].undelivered = bodies->source[i].unsubmitted = EMPTY;
	return bodies;
}

static uint32_t index_of(const struct bodies *bodies, const struct body *body)
{
	const struct slot *slot = (const struct slot *)(const void *)body;
	assert(slot >= bodies->slot && slot < bodies->slot + SLOTS);
	return (uint32_t)(slot - bodies->slot);
}

static void list_push(struct bodies *bodies, struct list *list, int kind, uint32_t at)
{
	bodies->slot[at].in[kind].before = list->last;
	bodies->slot[at].in[kind].after = NONE;
	if (list->last == NONE)
		list->first = at;
	else
		bodies->slot[list->last].in[kind].after = at;
	list->last = at;
}

static void list_unlink(struct bodies *bodies, struct list *list, int kind, uint32_t at)
{
	uint32_t before = bodies->slot[at].in[kind].before;
	uint32_t after = bodies->slot[at].in[kind].after;
	if (before == NONE)
		list->first = after;
	else
		bodies->slot[before].in[kind].after = after;
	if (after == NONE)
		list->last = before;
	else
		bodies->slot[after].in[kind].before = before;
}

static void submit_unlink(struct bodies *bodies, uint32_t at)
{
	struct source *source = &bodies->source[bodies->slot[at].body.source];
	list_unlink(bodies, &source->unsubmitted, TO_SUBMIT, at);
	assert(bodies->waiting > 0 && source->waiting > 0);
	bodies->waiting--;
	source->waiting--;
}

/* Whoever is first in its row has been passed over since it came, or since the one before it was
 * delivered; those behind it not for longer. */
static void passed_find(struct bodies *bodies)
{
	bodies->passed = 0;
	for (uint32_t i = 0; i < BODIES_SOURCES; i++) {
		const struct source *source = &bodies->source[i];
		if (source->undelivered.first == NONE)
			continue;
		uint64_t since = bodies->slot[source->undelivered.first].body.began;
		if (since < source->served)
			since = source->served;
		if (!bodies->passed || since < bodies->passed)
			bodies->passed = since;
	}
}

/* At the end of the row of its source. */
static void row_enter(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	struct source *source = &bodies->source[slot->body.source];
	list_push(bodies, &source->undelivered, OF_SOURCE, at);
	source->count++;
	source->bytes += slot->body.bytes.size;
	if (slot->body.submitted)
		return;
	list_push(bodies, &source->unsubmitted, TO_SUBMIT, at);
	bodies->waiting++;
	source->waiting++;
}

/* What stands behind it waits for the leader from now, if it was the first. */
static void row_leave(struct bodies *bodies, uint32_t at, uint64_t awake)
{
	struct slot *slot = &bodies->slot[at];
	struct source *source = &bodies->source[slot->body.source];
	assert(source->count > 0);
	if (source->undelivered.first == at)
		source->served = awake;
	list_unlink(bodies, &source->undelivered, OF_SOURCE, at);
	if (!slot->body.submitted)
		submit_unlink(bodies, at);
	source->count--;
	source->bytes -= slot->body.bytes.size;
}

static void wait_begin(struct bodies *bodies, uint32_t at)
{
	list_push(bodies, &bodies->undelivered, BY_ARRIVAL, at);
	row_enter(bodies, at);
	if (bodies->announce == NONE)
		bodies->announce = at;
	if (bodies->stray == NONE)
		bodies->stray = at;
	bodies->count++;
	bodies->bytes += bodies->slot[at].body.bytes.size;
	passed_find(bodies);
}

static void wait_end(struct bodies *bodies, uint32_t at, uint64_t awake)
{
	struct slot *slot = &bodies->slot[at];
	assert(bodies->count > 0);
	if (bodies->announce == at)
		bodies->announce = slot->in[BY_ARRIVAL].after;
	if (bodies->stray == at)
		bodies->stray = slot->in[BY_ARRIVAL].after;
	list_unlink(bodies, &bodies->undelivered, BY_ARRIVAL, at);
	row_leave(bodies, at, awake);
	bodies->count--;
	bodies->bytes -= slot->body.bytes.size;
	passed_find(bodies);
}

static void slot_release(struct bodies *bodies, uint32_t at)
{
	struct slot *slot = &bodies->slot[at];
	ec_table_remove(bodies->held, &slot->body.digest);
	ec_drop(slot->body.bytes);
	slot->body = (struct body){0};
	slot->in[BY_ARRIVAL].after = bodies->free;
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
	bodies->slot[at].body.idle = true;
}

static void recent_take(struct bodies *bodies, uint32_t at)
{
	uint32_t *recent = bodies->recent, i = 0;
	uint32_t first = bodies->recent_first;
	while (recent[(first + i) % BODIES_RECENT_MAX] != at)
		i++;
	assert(i < bodies->recent_count);
	for (; i + 1 < bodies->recent_count; i++)
		recent[(first + i) % BODIES_RECENT_MAX] =
			recent[(first + i + 1) % BODIES_RECENT_MAX];
	bodies->recent_count--;
	bodies->recent_bytes -= bodies->slot[at].body.bytes.size;
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

bool bodies_delivered(struct bodies *bodies, const ec_hash *digest, uint64_t awake)
{
	struct body *body = bodies_find(bodies, digest);
	if (body && !body->idle) {
		uint32_t at = index_of(bodies, body);
		wait_end(bodies, at, awake);
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
		bodies->free = bodies->slot[at].in[BY_ARRIVAL].after;
	assert(at < SLOTS);
	bodies->slot[at].body = *body;
	bodies->slot[at].body.submitted = bodies->slot[at].body.idle = false;
	ec_keep(body->bytes);
	ec_table_put(bodies->held, &body->digest, at);
	return at;
}

enum bodies_put bodies_keep(struct bodies *bodies, const struct body *body)
{
	if (ec_table_find(bodies->held, &body->digest) != NONE)
		return BODIES_HELD;
	while (bodies->recent_count == BODIES_RECENT_MAX)
		recent_drop(bodies);
	recent_push(bodies, slot_take(bodies, body));
	return BODIES_NEW;
}

void bodies_wait(struct bodies *bodies, struct body *body, uint64_t arrived, uint64_t began)
{
	if (!body->idle || bodies_was_delivered(bodies, &body->digest) ||
	    !bodies_room(bodies, body->source, body->bytes.size))
		return;
	recent_take(bodies, index_of(bodies, body));
	body->arrived = arrived;
	body->began = began;
	body->idle = body->submitted = false;
	wait_begin(bodies, index_of(bodies, body));
}

void bodies_claimed(struct bodies *bodies, struct body *body, uint32_t source, uint64_t awake)
{
	assert(source < BODIES_OWN);
	if (body->idle || body->source == source || body->source == BODIES_OWN ||
	    !bodies_room(bodies, source, body->bytes.size))
		return;
	row_leave(bodies, index_of(bodies, body), awake);
	body->source = source;
	row_enter(bodies, index_of(bodies, body));
	passed_find(bodies);
}

enum bodies_put bodies_put(struct bodies *bodies, const struct body *body)
{
	assert(body->arrived > 0 && body->source < BODIES_SOURCES);
	if (ec_table_find(bodies->held, &body->digest) != NONE)
		return BODIES_HELD;
	if (bodies_was_delivered(bodies, &body->digest))
		return BODIES_LATE;
	if (!bodies_room(bodies, body->source, body->bytes.size))
		return BODIES_FULL;
	wait_begin(bodies, slot_take(bodies, body));
	return BODIES_NEW;
}

void bodies_forget_peer(struct bodies *bodies, uint32_t peer)
{
	assert(peer < EC_PEERS_MAX);
	for (uint32_t i = 0; i < bodies->used; i++)
		bodies->slot[i].body.known[peer / 64] &= ~((uint64_t)1 << peer % 64);
}

void bodies_submitted(struct bodies *bodies, struct body *body)
{
	assert(!body->idle && !body->submitted);
	submit_unlink(bodies, index_of(bodies, body));
	body->submitted = true;
}

struct body *bodies_submit(struct bodies *bodies, uint32_t source)
{
	for (uint32_t i = 0; i < BODIES_SOURCES; i++) {
		uint32_t turn = (bodies->turn + i) % BODIES_SOURCES;
		uint32_t at = bodies->source[turn].unsubmitted.first;
		if (at == NONE || (source != BODIES_SOURCES && source != turn))
			continue;
		bodies->turn = (turn + 1) % BODIES_SOURCES;
		bodies_submitted(bodies, &bodies->slot[at].body);
		return &bodies->slot[at].body;
	}
	return NULL;
}

void bodies_resubmit(struct bodies *bodies, uint64_t arrived, uint64_t began)
{
	uint32_t kept[BODIES_RECENT_MAX], count = bodies->recent_count;
	for (uint32_t i = 0; i < count; i++)
		kept[i] = bodies->recent[(bodies->recent_first + i) % BODIES_RECENT_MAX];
	for (uint32_t i = 0; i < count; i++)
		bodies_wait(bodies, &bodies->slot[kept[i]].body, arrived, began);
	for (uint32_t i = 0; i < BODIES_SOURCES; i++) {
		bodies->source[i].unsubmitted = EMPTY;
		bodies->source[i].waiting = bodies->source[i].count;
	}
	bodies->waiting = bodies->count;
	bodies->stray = bodies->undelivered.first;
	for (uint32_t at = bodies->undelivered.first; at != NONE;
	     at = bodies->slot[at].in[BY_ARRIVAL].after) {
		struct body *body = &bodies->slot[at].body;
		body->submitted = false;
		list_push(bodies, &bodies->source[body->source].unsubmitted, TO_SUBMIT, at);
	}
}

void bodies_unsubmit(struct bodies *bodies, struct body *body)
{
	uint32_t at = index_of(bodies, body);
	if (body->idle || !body->submitted)
		return;
	row_leave(bodies, at, bodies->source[body->source].served);
	body->submitted = false;
	bodies->stray = bodies->undelivered.first;
	row_enter(bodies, at);
	passed_find(bodies);
}

void bodies_clear(struct bodies *bodies)
{
	while (bodies->undelivered.first != NONE) {
		uint32_t at = bodies->undelivered.first;
		wait_end(bodies, at, 0);
		slot_release(bodies, at);
	}
	assert(bodies->count == 0 && bodies->bytes == 0);
}

struct body *bodies_oldest(struct bodies *bodies)
{
	return bodies->undelivered.first == NONE ? NULL
	                                         : &bodies->slot[bodies->undelivered.first].body;
}

struct body *bodies_after(struct bodies *bodies, const struct body *body)
{
	uint32_t after = bodies->slot[index_of(bodies, body)].in[BY_ARRIVAL].after;
	return after == NONE ? NULL : &bodies->slot[after].body;
}

void bodies_ordered(struct bodies *bodies, struct body *body, bool ordered)
{
	if (body->ordered && !ordered)
		bodies->stray = bodies->undelivered.first;
	body->ordered = ordered;
}

struct body *bodies_stray(struct bodies *bodies)
{
	for (; bodies->stray != NONE;
	     bodies->stray = bodies->slot[bodies->stray].in[BY_ARRIVAL].after) {
		struct body *body = &bodies->slot[bodies->stray].body;
		if (!body->submitted && !body->ordered && body->source != BODIES_OWN)
			return body;
	}
	return NULL;
}

struct body *bodies_unannounced(struct bodies *bodies)
{
	return bodies->announce == NONE ? NULL : &bodies->slot[bodies->announce].body;
}

void bodies_reannounce(struct bodies *bodies)
{
	bodies->announce = bodies->undelivered.first;
}

void bodies_announced(struct bodies *bodies)
{
	assert(bodies->announce != NONE);
	bodies->announce = bodies->slot[bodies->announce].in[BY_ARRIVAL].after;
}

uint32_t bodies_waiting(const struct bodies *bodies, uint32_t source)
{
	assert(source <= BODIES_SOURCES);
	return source == BODIES_SOURCES ? bodies->waiting : bodies->source[source].waiting;
}

const struct body *bodies_first_waiting(const struct bodies *bodies, uint32_t source)
{
	assert(source <= BODIES_SOURCES);
	uint32_t at = NONE;
	if (bodies_waiting(bodies, source))
		at = source == BODIES_SOURCES ? bodies->undelivered.first
		                              : bodies->source[source].unsubmitted.first;
	while (at != NONE && bodies->slot[at].body.submitted)
		at = bodies->slot[at].in[BY_ARRIVAL].after;
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

uint64_t bodies_bytes_from(const struct bodies *bodies, uint32_t source)
{
	assert(source < BODIES_SOURCES);
	return bodies->source[source].bytes;
}

uint64_t bodies_passed(const struct bodies *bodies)
{
	return bodies->passed;
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
