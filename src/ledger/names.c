/* names.c - byte strings in a hash table, threaded in order by a skip list. */
#include "ledger/names.h"

#include <assert.h>
#include <stdlib.h>

enum { LEVELS_MAX = 12, BUCKETS_MIN = 64 };

struct names {
	size_t record_size;
	bool ordered;
	uint64_t count, random;
	uint64_t buckets; /* a power of two */
	struct named **bucket;
	struct named *first[LEVELS_MAX];
};

static void *memory(size_t count, size_t size)
{
	void *at = calloc(count, size);
	if (!at)
		abort();
	return at;
}

struct names *names_new(size_t record_size, bool ordered)
{
	struct names *names = memory(1, sizeof *names);
	names->record_size = record_size;
	names->ordered = ordered;
	names->random = 0x9e3779b97f4a7c15;
	names->buckets = BUCKETS_MIN;
	names->bucket = memory(names->buckets, sizeof(struct named *));
	return names;
}

void names_free(struct names *names, void (*end)(void *record))
{
	if (!names)
		return;
	for (uint64_t i = 0; i < names->buckets; i++) {
		struct named *named = names->bucket[i];
		while (named) {
			struct named *chain = named->chain;
			if (end)
				end(named->record);
			free(named);
			named = chain;
		}
	}
	free(names->bucket);
	free(names);
}

uint64_t names_count(const struct names *names)
{
	return names->count;
}

int names_compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
	size_t common = a_size < b_size ? a_size : b_size;
	int order = common ? memcmp(a, b, common) : 0;
	if (order != 0)
		return order;
	return a_size < b_size ? -1 : a_size > b_size;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Seeded by the map's own address, so that names cannot be chosen to share a bucket. */
static uint64_t hash_of(const struct names *names, const uint8_t *name, size_t size)
{
	uint64_t hash = (uint64_t)(uintptr_t)names ^ size * 0xe7037ed1a0b428db, word;
	for (; size >= sizeof word; size -= sizeof word, name += sizeof word) {
		memcpy(&word, name, sizeof word);
		hash = mix(hash ^ word, 0xa0761d6478bd642f);
	}
	word = 0;
	if (size)
		memcpy(&word, name, size);
	return mix(hash ^ word, 0x8ebc6af09c88c6e3);
}

static struct named *find_hashed(const struct names *names, uint64_t hash, const void *name,
                                 size_t size)
{
	struct named *named = names->bucket[hash & (names->buckets - 1)];
	while (named && !(named->hash == hash && named->name_size == size &&
	                  memcmp(named->name, name, size) == 0))
		named = named->chain;
	return named;
}

struct named *names_find(const struct names *names, const void *name, size_t size)
{
	return size ? find_hashed(names, hash_of(names, name, size), name, size) : NULL;
}

static void grow(struct names *names)
{
	uint64_t buckets = names->buckets * 2;
	struct named **bucket = memory(buckets, sizeof(struct named *));
	for (uint64_t i = 0; i < names->buckets; i++) {
		struct named *named = names->bucket[i];
		while (named) {
			struct named *chain = named->chain;
			named->chain = bucket[named->hash & (buckets - 1)];
			bucket[named->hash & (buckets - 1)] = named;
			named = chain;
		}
	}
	free(names->bucket);
	names->bucket = bucket;
	names->buckets = buckets;
}

/* One level for three names in four, two for the next three in sixteen, and so on. */
static uint16_t levels_draw(struct names *names)
{
	names->random ^= names->random << 13;
	names->random ^= names->random >> 7;
	names->random ^= names->random << 17;
	uint16_t levels = 1;
	for (uint64_t bits = names->random; levels < LEVELS_MAX && (bits & 3) == 0; bits >>= 2)
		levels++;
	return levels;
}

/* The links, one a level, that point past everything below `name`: where it stands or would. */
static void links_before(struct names *names, const void *name, size_t size,
                         struct named **link[LEVELS_MAX])
{
	struct named **next = names->first;
	for (int level = LEVELS_MAX - 1; level >= 0; level--) {
		while (next[level] &&
		       names_compare(next[level]->name, next[level]->name_size, name, size) < 0)
			next = next[level]->next;
		link[level] = &next[level];
	}
}

struct named *names_put(struct names *names, const void *name, size_t size)
{
	assert(size > 0 && size <= UINT16_MAX);
	uint64_t hash = hash_of(names, name, size);
	struct named *named = find_hashed(names, hash, name, size);
	if (named)
		return named;
	uint16_t levels = names->ordered ? levels_draw(names) : 0;
	size_t links = levels * sizeof(struct named *);
	named = memory(1, sizeof *named + links + names->record_size + size);
	uint8_t *behind = (uint8_t *)(named + 1) + links;
	memcpy(behind + names->record_size, name, size);
	named->hash = hash;
	named->record = behind;
	named->name = behind + names->record_size;
	named->name_size = (uint16_t)size;
	named->levels = levels;
	if (names->count >= names->buckets)
		grow(names);
	struct named **bucket = &names->bucket[hash & (names->buckets - 1)];
	named->chain = *bucket;
	*bucket = named;
	names->count++;
	struct named **link[LEVELS_MAX];
	if (levels)
		links_before(names, name, size, link);
	for (uint16_t i = 0; i < levels; i++) {
		named->next[i] = *link[i];
		*link[i] = named;
	}
	return named;
}

struct named *names_after(const struct names *names, const void *name, size_t size)
{
	assert(names->ordered);
	struct named *const *next = names->first;
	for (int level = LEVELS_MAX - 1; level >= 0; level--)
		while (next[level] &&
		       names_compare(next[level]->name, next[level]->name_size, name, size) <= 0)
			next = next[level]->next;
	return next[0];
}

void names_remove(struct names *names, struct named *named)
{
	struct named **bucket = &names->bucket[named->hash & (names->buckets - 1)];
	while (*bucket != named) {
		assert(*bucket);
		bucket = &(*bucket)->chain;
	}
	*bucket = named->chain;
	struct named **link[LEVELS_MAX];
	if (named->levels)
		links_before(names, named->name, named->name_size, link);
	for (uint16_t i = 0; i < named->levels; i++) {
		assert(*link[i] == named);
		*link[i] = named->next[i];
	}
	names->count--;
	free(named);
}

void names_each(struct names *names, void (*each)(void *self, struct named *named), void *self)
{
	for (uint64_t i = 0; i < names->buckets; i++) {
		struct named *named = names->bucket[i];
		while (named) {
			struct named *chain = named->chain;
			each(self, named);
			named = chain;
		}
	}
}
