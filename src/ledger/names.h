/* names.h - a map from byte strings to records, found by hash and walked in order.  Inside ledger/.
 *
 * A skip list (Pugh, 1990) threaded through a hash table: get costs one probe, the order costs only
 * those who insert, and little where names grow: some of the last places are kept.  Nothing that a
 * member computes depends on the hash or on the levels.
 */
#ifndef EC_LEDGER_NAMES_H
#define EC_LEDGER_NAMES_H

#include "base/bytes.h"

struct names;

/* One name.  Its record, `record_size` zero bytes at first, stands behind it. */
struct named {
	struct named *chain; /* in its bucket */
	uint64_t hash;
	const uint8_t *name;
	void *record;
	uint16_t name_size, levels;
	struct named *next[];
};

/* An empty map, ended by names_free(); aborts when there is no memory.  In: the size of a record in
 * bytes; whether names_after() will be asked: without order an insert is cheaper. */
struct names *names_new(size_t record_size, bool ordered);

/* Frees it; calls `end`, unless that is NULL, for every record first.  A map that is NULL is left
 * alone. */
void names_free(struct names *names, void (*end)(void *record));

/* How many names there are. */
uint64_t names_count(const struct names *names);

/* The one with this name, which stays where it is until it is removed; NULL: not there. */
struct named *names_find(const struct names *names, const void *name, size_t size);

/* The one with this name, made when it is not there.  In: size at most UINT16_MAX; copied. */
struct named *names_put(struct names *names, const void *name, size_t size);

/* The same; one that is made has `room` more zero bytes behind its record. */
struct named *names_put_wide(struct names *names, const void *name, size_t size, size_t room);

/* The first above `name`, bytewise; size 0: the first of all.  NULL: none.  In: an ordered map. */
struct named *names_after(const struct names *names, const void *name, size_t size);

/* Takes it out and frees it; its record is the caller's to end before. */
void names_remove(struct names *names, struct named *named);

/* Takes out and frees every one whose record leaves, in one walk over all; such records are the
 * caller's to end before.  In: leaves: asked more than once about a record. */
void names_sweep(struct names *names, bool (*leaves)(const void *record));

/* Calls for every one, in no order; `each` may remove the one that it is given. */
void names_each(struct names *names, void (*each)(void *self, struct named *named), void *self);

/* Sorts an array of them by their names; aborts when there is no memory. */
void names_sort(struct named **named, size_t count);

/* The order of names: bytewise, then the shorter first.  Returns: below 0, 0 or above 0. */
int names_compare(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
