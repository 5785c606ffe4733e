/* clients.c - envelopes of clients until they are told what became of them.
 *
 * Slots in a fixed array.  All that wait stand in one list by arrival; a table finds the first of
 * those with one id, `same` leads to the others.
 *
 * (I1) Of those with one id at most one is queued or batched; the others have `idle` set.
 * (I2) The queued ones stand in the queue in order of arrival.
 */
#include "group/clients.h"

#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

static const uint32_t NONE = UINT32_MAX;

struct slot {
	struct client client;
	bool queued, idle;
	uint32_t before, after; /* by arrival */
	uint32_t queue_next;
	uint32_t same; /* next with this id; or next free slot */
};

struct clients {
	uint32_t capacity, waiting, used, free;
	uint32_t oldest, newest;
	uint32_t queue_first, queue_last, queue_count;
	size_t bytes, queue_bytes;
	struct ec_table *table;
	struct slot slot[];
};

struct clients *clients_new(uint32_t capacity, uint64_t secret)
{
	assert(capacity >= 1 && capacity < NONE / 8);
	struct clients *clients = calloc(1, sizeof *clients + capacity * sizeof(struct slot));
	struct ec_table *table = calloc(1, ec_table_size(capacity));
	if (!clients || !table) {
		free(clients);
		free(table);
		return NULL;
	}
	ec_table_init(table, capacity, secret);
	clients->table = table;
	clients->capacity = capacity;
	clients->free = clients->oldest = clients->newest = NONE;
	clients->queue_first = clients->queue_last = NONE;
	return clients;
}

static uint32_t slot_take(struct clients *clients)
{
	uint32_t at = clients->free;
	if (at == NONE) {
		assert(clients->used < clients->capacity);
		return clients->used++;
	}
	clients->free = clients->slot[at].same;
	return at;
}

static void queue_push(struct clients *clients, uint32_t at)
{
	struct slot *slot = &clients->slot[at];
	slot->queued = true;
	slot->queue_next = NONE;
	clients->queue_bytes += slot->client.envelope.size;
	if (clients->queue_count++)
		clients->slot[clients->queue_last].queue_next = at;
	else
		clients->queue_first = at;
	clients->queue_last = at;
}

/* A further one with this id waits behind the first, which stands for all of them. */
static void table_add(struct clients *clients, uint32_t at)
{
	struct slot *slot = &clients->slot[at];
	uint32_t first = ec_table_find(clients->table, &slot->client.id);
	slot->idle = first != NONE;
	slot->same = NONE;
	if (first == NONE) {
		ec_table_put(clients->table, &slot->client.id, at);
		queue_push(clients, at);
		return;
	}
	slot->same = clients->slot[first].same;
	clients->slot[first].same = at;
}

bool clients_add(struct clients *clients, const struct client *client)
{
	if (clients->waiting == clients->capacity ||
	    clients->bytes + client->envelope.size > CLIENTS_BYTES_MAX)
		return false;
	uint32_t at = slot_take(clients);
	struct slot *slot = &clients->slot[at];
	*slot = (struct slot){.client = *client, .before = clients->newest, .after = NONE};
	ec_keep(slot->client.envelope);
	if (clients->newest == NONE)
		clients->oldest = at;
	else
		clients->slot[clients->newest].after = at;
	clients->newest = at;
	clients->waiting++;
	clients->bytes += client->envelope.size;
	table_add(clients, at);
	return true;
}

const struct client *clients_queued(const struct clients *clients)
{
	return clients->queue_count ? &clients->slot[clients->queue_first].client : NULL;
}

void clients_batch(struct clients *clients)
{
	assert(clients->queue_count > 0);
	struct slot *slot = &clients->slot[clients->queue_first];
	assert(slot->queued && !slot->idle);
	slot->queued = false;
	clients->queue_bytes -= slot->client.envelope.size;
	clients->queue_first = slot->queue_next;
	if (--clients->queue_count == 0)
		clients->queue_last = NONE;
}

void clients_requeue(struct clients *clients)
{
	clients->queue_first = clients->queue_last = NONE;
	clients->queue_count = 0;
	clients->queue_bytes = 0;
	for (uint32_t at = clients->oldest; at != NONE; at = clients->slot[at].after)
		if (!clients->slot[at].idle)
			queue_push(clients, at);
}

/* Takes it out of the queue where it stands: rare, another gateway's batch had it. */
static void queue_remove(struct clients *clients, uint32_t at)
{
	uint32_t before = NONE;
	for (uint32_t i = clients->queue_first; i != at; i = clients->slot[i].queue_next) {
		assert(i != NONE);
		before = i;
	}
	uint32_t next = clients->slot[at].queue_next;
	clients->queue_bytes -= clients->slot[at].client.envelope.size;
	if (before == NONE)
		clients->queue_first = next;
	else
		clients->slot[before].queue_next = next;
	if (clients->queue_last == at)
		clients->queue_last = before;
	clients->queue_count--;
}

static void slot_release(struct clients *clients, uint32_t at)
{
	struct slot *slot = &clients->slot[at];
	if (slot->before == NONE)
		clients->oldest = slot->after;
	else
		clients->slot[slot->before].after = slot->after;
	if (slot->after == NONE)
		clients->newest = slot->before;
	else
		clients->slot[slot->after].before = slot->before;
	clients->bytes -= slot->client.envelope.size;
	ec_drop(slot->client.envelope);
	slot->client.envelope = EC_NO_BYTES;
	slot->same = clients->free;
	clients->free = at;
	clients->waiting--;
}

bool clients_done(struct clients *clients, const ec_hash *id, uint64_t *token)
{
	uint32_t first = ec_table_find(clients->table, id);
	if (first == NONE)
		return false;
	struct slot *slot = &clients->slot[first];
	uint32_t last = slot->same;
	if (last != NONE) {
		slot->same = clients->slot[last].same;
		*token = clients->slot[last].client.token;
		slot_release(clients, last);
		return true;
	}
	ec_table_remove(clients->table, id);
	if (slot->queued)
		queue_remove(clients, first);
	*token = slot->client.token;
	slot_release(clients, first);
	return true;
}

uint32_t clients_ids(const struct clients *clients, ec_hash *ids)
{
	uint32_t count = 0;
	for (uint32_t at = clients->oldest; at != NONE; at = clients->slot[at].after)
		if (!clients->slot[at].idle)
			ids[count++] = clients->slot[at].client.id;
	assert(count <= clients->waiting);
	return count;
}

uint64_t clients_since(const struct clients *clients)
{
	return clients->waiting ? clients->slot[clients->oldest].client.arrived : 0;
}

uint32_t clients_waiting(const struct clients *clients)
{
	return clients->waiting;
}

uint32_t clients_queue(const struct clients *clients)
{
	return clients->queue_count;
}

size_t clients_bytes(const struct clients *clients)
{
	return clients->bytes;
}

size_t clients_queue_bytes(const struct clients *clients)
{
	return clients->queue_bytes;
}

void clients_free(struct clients *clients)
{
	if (!clients)
		return;
	for (uint32_t at = clients->oldest; at != NONE; at = clients->slot[at].after)
		ec_drop(clients->slot[at].client.envelope);
	free(clients->table);
	free(clients);
}
