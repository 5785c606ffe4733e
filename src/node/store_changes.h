/* store_changes.h - what was put into a store and deleted since its last commit, to be done again.
 */
#ifndef EC_NODE_STORE_CHANGES_H
#define EC_NODE_STORE_CHANGES_H

#include "base/bytes.h"

struct changes_part;

struct changes {
	struct changes_part *first, *last;
	size_t size; /* bytes of names and values */
};

/* One of them; borrowed from the list. */
struct change {
	struct ec_bytes name, value;
	bool deletes; /* then without a value */
};

/* Adds one, copied.  Returns: false when there is no memory. */
bool changes_add(struct changes *changes, const struct change *change);

/* Calls `each` for all, oldest first, until it returns false.  Returns: whether none did. */
bool changes_each(const struct changes *changes,
                  bool (*each)(void *self, const struct change *change), void *self);

/* Frees all; the list is empty then. */
void changes_drop(struct changes *changes);

#endif
