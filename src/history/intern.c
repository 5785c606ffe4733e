/* intern.c - a block of memory that is used up from its start, and sets of byte strings in it. */
#include "history/intern.h"

#include <assert.h>

enum { UNIT = 8, LOAD = 2 /* strings a bucket before a set grows */ };

/* A name is the place of the node in the arena, in units. */
struct node {
	uint32_t next;  /* in its bucket */
	uint32_t older; /* the one that was added before it */
	uint32_t size;
	uint32_t hash;
	uint8_t data[];
};

_Static_assert(sizeof(struct node) % UNIT == 0, "the bytes of a node begin aligned");

struct ec_arena ec_arena_over(void *block, size_t size)
{
	const size_t most = (size_t)UNIT * (UINT32_MAX - 1);
	assert((uintptr_t)block % UNIT == 0);
	return (struct ec_arena){.at = block, .size = size < most ? size : most, .used = UNIT};
}

void *ec_arena_take(struct ec_arena *arena, size_t size)
{
	assert(arena->used % UNIT == 0);
	if (arena->used > arena->size || size > arena->size - arena->used ||
	    arena->size - arena->used - size < UNIT) {
		arena->full = true;
		return NULL;
	}
	void *at = arena->at + arena->used;
	arena->used += (size + UNIT - 1) / UNIT * UNIT;
	if (arena->used > arena->peak)
		arena->peak = arena->used;
	return at;
}

void *ec_arena_end(struct ec_arena *arena, size_t size)
{
	size_t left = arena->used > arena->size ? 0 : arena->size - arena->used;
	if (left < 128 || size > (left - 128) / 2) {
		arena->full = true;
		return NULL;
	}
	return arena->at + arena->size - size;
}

static struct node *node_at(const struct ec_intern *set, uint32_t name)
{
	assert(name != 0);
	return (struct node *)(set->arena->at + (size_t)name * UNIT);
}

/* Mixes eight bytes at a time by multiplication; it need not withstand anyone. */
static uint32_t hash_of(const uint8_t *data, size_t size)
{
	const uint64_t factor = 0x9e3779b97f4a7c15;
	uint64_t hash = size * factor;
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;
		memcpy(&word, data + i, size - i < 8 ? size - i : 8);
		hash = (hash ^ word) * factor;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

static bool buckets_take(struct ec_intern *set, uint32_t buckets)
{
	uint32_t *bucket = ec_arena_take(set->arena, buckets * sizeof *bucket);
	if (!bucket)
		return false;
	memset(bucket, 0, buckets * sizeof *bucket);
	set->bucket = bucket;
	set->buckets = buckets;
	return true;
}

bool ec_intern_init(struct ec_intern *set, struct ec_arena *arena, uint32_t buckets)
{
	assert(buckets && (buckets & (buckets - 1)) == 0);
	*set = (struct ec_intern){.arena = arena};
	return buckets_take(set, buckets);
}

static void node_link(struct ec_intern *set, uint32_t name)
{
	struct node *node = node_at(set, name);
	uint32_t *bucket = &set->bucket[node->hash & (set->buckets - 1)];
	node->next = *bucket;
	*bucket = name;
}

/* The old buckets stay where they are, unused: all of them together are as many as the new. */
static void grow(struct ec_intern *set)
{
	if (set->buckets > UINT32_MAX / 4 || !buckets_take(set, set->buckets * 2))
		return;
	for (uint32_t name = set->newest; name; name = node_at(set, name)->older)
		node_link(set, name);
}

uint32_t ec_intern_add(struct ec_intern *set, const void *data, size_t size, bool *added)
{
	uint32_t hash = hash_of(data, size);
	uint32_t name = set->bucket[hash & (set->buckets - 1)];
	if (added)
		*added = false;
	for (; name; name = node_at(set, name)->next) {
		const struct node *node = node_at(set, name);
		if (node->hash == hash && node->size == size && !memcmp(node->data, data, size))
			return name;
	}
	if (size > UINT32_MAX / 2) {
		set->arena->full = true;
		return 0;
	}
	struct node *node = ec_arena_take(set->arena, sizeof *node + size);
	if (!node)
		return 0;
	name = (uint32_t)(((uint8_t *)node - set->arena->at) / UNIT);
	*node = (struct node){.older = set->newest, .size = (uint32_t)size, .hash = hash};
	memcpy(node->data, data, size);
	set->newest = name;
	node_link(set, name);
	if (added)
		*added = true;
	if (++set->count / LOAD > set->buckets)
		grow(set);
	return name;
}

struct ec_bytes ec_intern_bytes(const struct ec_intern *set, uint32_t name)
{
	const struct node *node = node_at(set, name);
	return (struct ec_bytes){.data = node->data, .size = node->size};
}

void ec_intern_undo(struct ec_intern *set, const struct ec_intern *before, size_t used)
{
	if (set->buckets != before->buckets) { /* it grew since: the old ones are made again */
		*set = *before;
		memset(set->bucket, 0, set->buckets * sizeof *set->bucket);
		for (uint32_t name = set->newest; name; name = node_at(set, name)->older)
			node_link(set, name);
	}
	while (set->newest != before->newest) {
		const struct node *node = node_at(set, set->newest);
		uint32_t *bucket = &set->bucket[node->hash & (set->buckets - 1)];
		assert(*bucket == set->newest);
		*bucket = node->next;
		set->newest = node->older;
		set->count--;
	}
	set->arena->used = used;
}
