/* store_found.h - what a reader of LMDB found of late, by name: for store_lmdb.c.
 *
 * Some names are asked for again and again, as accounts are with each transaction of theirs. */
#ifndef EC_NODE_STORE_FOUND_H
#define EC_NODE_STORE_FOUND_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

enum { FOUND_PLACES = 512, FOUND_NAME_MAX = 40 };

struct found {
	MDB_val value;
	uint8_t name_size; /* 0: none */
	uint8_t name[FOUND_NAME_MAX];
};

/* All zero: empty. */
struct founds {
	struct found at[FOUND_PLACES];
};

/* The place of a name, which holds it, another one or none.  NULL: it is too long to be kept. */
struct found *found_place(struct founds *founds, MDB_val name);

/* Whether the place holds this name.  In: a place of it. */
bool found_is(const struct found *found, MDB_val name);

/* Has the place hold this name and value, which stays where it is, instead of what was there. */
void found_keep(struct found *found, MDB_val name, MDB_val value);

/* Forgets all, as values do not outlive their transaction. */
void founds_drop(struct founds *founds);

#endif
