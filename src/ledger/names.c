/* names.c - byte strings in a hash table, threaded in order by a skip list. */
#include "ledger/names.h"

#include <assert.h>
#include <stdlib.h>

enum { LEVELS_MAX = 12, BUCKETS_MIN = 64, FINGERS = 4 };

/* Where one was put: names that grow come right behind it, and need no search.  Of no use once any
 * was removed. */
struct finger {
	struct named *at;                /* NULL: none */
	struct named **link[LEVELS_MAX]; /* before it or earlier, one a level */
	uint64_t used;                   /* when, in puts of this map */
};

struct names {
	size_t record_size;
	bool ordered;
	uint64_t count, random;
	uint64_t buckets; /* a power of two */
	struct named **bucket;
	struct named *first[LEVELS_MAX];
	struct finger finger[FINGERS];
	uint64_t puts;
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

static bool same_begin(const struct named *named, const void *name, size_t size)
{
	uint32_t a, b;
	if (named->name_size < sizeof a || size < sizeof b)
		return false;
	memcpy(&a, named->name, sizeof a);
	memcpy(&b, name, sizeof b);
	return a == b;
}

/* The finger at the last one below `name`; -1: none is there. */
static int finger_before(const struct names *names, const void *name, size_t size)
{
	for (int i = 0; i < FINGERS; i++) {
		const struct named *at = names->finger[i].at;
		if (!at || !same_begin(at, name, size) ||
		    names_compare(at->name, at->name_size, name, size) >= 0)
			continue;
		const struct named *next = at->next[0];
		if (!next || names_compare(next->name, next->name_size, name, size) > 0)
			return i;
	}
	return -1;
}

static void fingers_drop(struct names *names)
{
	for (int i = 0; i < FINGERS; i++)
		names->finger[i].at = NULL;
}

/* The finger that was used least of late. */
static int finger_oldest(const struct names *names)
{
	int oldest = 0;
	for (int i = 1; i < FINGERS; i++)
		if (names->finger[i].used < names->finger[oldest].used)
			oldest = i;
	return oldest;
}

/* Threads a new one in order. */
static void thread(struct names *names, struct named *named)
{
	int f = finger_before(names, named->name, named->name_size);
	struct finger *finger = &names->finger[f < 0 ? finger_oldest(names) : f];
	if (f < 0)
		links_before(names, named->name, named->name_size, finger->link);
	for (uint16_t i = 0; i < named->levels; i++) {
		struct named **link = finger->link[i];
		if (f >= 0 && i < finger->at->levels)
			link = &finger->at->next[i];
		while (f >= 0 && *link &&
		       names_compare((*link)->name, (*link)->name_size, named->name,
		                     named->name_size) < 0)
			link = &(*link)->next[i];
		named->next[i] = *link;
		*link = named;
		finger->link[i] = link;
	}
	finger->at = named;
	finger->used = ++names->puts;
}

struct named *names_put(struct names *names, const void *name, size_t size)
{
	return names_put_wide(names, name, size, 0);
}

struct named *names_put_wide(struct names *names, const void *name, size_t size, size_t room)
{
	assert(size > 0 && size <= UINT16_MAX);
	uint64_t hash = hash_of(names, name, size);
	struct named *named = find_hashed(names, hash, name, size);
	if (named)
		return named;
	uint16_t levels = names->ordered ? levels_draw(names) : 0;
	size_t links = levels * sizeof(struct named *), padded = (size + 7) & ~(size_t)7;
	named = memory(1, sizeof *named + links + padded + names->record_size + room);
	/* The name comes first: a search looks at nothing else. */
	uint8_t *behind = (uint8_t *)(named + 1) + links;
	memcpy(behind, name, size);
	named->hash = hash;
	named->record = behind + padded;
	named->name = behind;
	named->name_size = (uint16_t)size;
	named->levels = levels;
	if (names->count >= names->buckets)
		grow(names);
	struct named **bucket = &names->bucket[hash & (names->buckets - 1)];
	named->chain = *bucket;
	*bucket = named;
	names->count++;
	if (levels)
		thread(names, named);
	return named;
}

struct named *names_after(const struct names *names, const void *name, size_t size)
{
	assert(names->ordered);
	int f = finger_before(names, name, size);
	if (f >= 0)
		return names->finger[f].at->next[0];
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
	if (names->ordered)
		fingers_drop(names);
	names->count--;
	free(named);
}

/* Takes those that leave out of the order. */
static void order_sweep(struct names *names, bool (*leaves)(const void *record))
{
	struct named **link[LEVELS_MAX];
	for (int i = 0; i < LEVELS_MAX; i++)
		link[i] = &names->first[i];
	for (struct named *named = names->first[0]; named; named = named->next[0]) {
		bool left = leaves(named->record);
		for (uint16_t i = 0; i < named->levels; i++) {
			assert(*link[i] == named);
			if (left)
				*link[i] = named->next[i];
			else
				link[i] = &named->next[i];
		}
	}
	fingers_drop(names);
}

void names_sweep(struct names *names, bool (*leaves)(const void *record))
{
	if (names->ordered)
		order_sweep(names, leaves);
	for (uint64_t i = 0; i < names->buckets; i++) {
		struct named **link = &names->bucket[i];
		while (*link) {
			struct named *named = *link;
			if (!leaves(named->record)) {
				link = &named->chain;
				continue;
			}
			*link = named->chain;
			names->count--;
			free(named);
		}
	}
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

/* One to be sorted, with the beginning of its name, which mostly decides. */
struct row {
	uint64_t begin;
	struct named *named;
};

static uint64_t begin_of(const struct named *named)
{
	uint64_t begin = 0;
	for (size_t i = 0; i < sizeof begin; i++)
		begin = begin << 8 | (i < named->name_size ? named->name[i] : 0);
	return begin;
}

static int row_order(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	if (left->begin != right->begin)
		return left->begin < right->begin ? -1 : 1;
	return names_compare(left->named->name, left->named->name_size, right->named->name,
	                     right->named->name_size);
}

void names_sort(struct named **named, size_t count)
{
	struct row *row = memory(count + 1, sizeof *row);
	for (size_t i = 0; i < count; i++)
		row[i] = (struct row){.begin = begin_of(named[i]), .named = named[i]};
	qsort(row, count, sizeof *row, row_order);
	for (size_t i = 0; i < count; i++)
		named[i] = row[i].named;
	free(row);
}
