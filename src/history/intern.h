/* intern.h - a block of memory that is used up from its start, and sets of byte strings in it. */
#ifndef EC_HISTORY_INTERN_H
#define EC_HISTORY_INTERN_H

#include "base/bytes.h"

/* A block that its owner gives and takes back whole.  What is taken of it is given back in the
 * opposite order, by setting `used` to what it was. */
struct ec_arena {
	uint8_t *at; /* aligned to 8 bytes */
	size_t size, used, peak;
	bool full; /* something did not fit; stays until the owner clears it */
};

/* An arena over a block of `size` bytes, at most 32 GiB of which are used. */
struct ec_arena ec_arena_over(void *block, size_t size);

/* The next `size` bytes, aligned to 8, not initialised.  Returns: NULL, and sets `full`, when there
 * are not so many. */
void *ec_arena_take(struct ec_arena *arena, size_t size);

/* The last `size` bytes, to write to until the next take of at most so many and 64 more; nothing is
 * taken.  Returns: NULL, and sets `full`, when there is no room for both. */
void *ec_arena_end(struct ec_arena *arena, size_t size);

/* A set of byte strings, each once, named by numbers from 1: equal strings have equal names. */
struct ec_intern {
	struct ec_arena *arena;
	uint32_t *bucket;
	uint32_t buckets, count, newest;
};

/* Makes an empty set.  In: buckets at first, a power of two.  Returns: false when the arena is
 * full. */
bool ec_intern_init(struct ec_intern *set, struct ec_arena *arena, uint32_t buckets);

/* The name of a string, which is added if it is not there.  Out: added, whether it was; may be
 * NULL.  Returns: 0 when the arena is full. */
uint32_t ec_intern_add(struct ec_intern *set, const void *data, size_t size, bool *added);

/* The string of a name; eternal as long as the arena is.  In: a name of this set. */
struct ec_bytes ec_intern_bytes(const struct ec_intern *set, uint32_t name);

/* Takes out what was added since the set was this and `arena->used` was so much. */
void ec_intern_undo(struct ec_intern *set, const struct ec_intern *before, size_t used);

#endif
