/* layer.h - what changed since the last persist, by name and position, over a store.  Inside
 * ledger/.
 *
 *     newest ── version at 9 ── version at 7 ──┐
 *                                               store: as persisted
 *
 * (L1) A name's versions stand newest first, at descending positions, none doubled.
 * (L2) The journal lists every version once, oldest position first: what undo and settle walk.
 */
#ifndef EC_LEDGER_LAYER_H
#define EC_LEDGER_LAYER_H

#include "crypto/hash.h"
#include "ledger/names.h"
#include "ledger/store.h"

enum { LAYER_PREFIX_MAX = 8 };

struct layer_version {
	struct layer_version *below;
	uint64_t position;
	size_t size;
	bool gone; /* deleted at this position */
	uint8_t data[];
};

/* The record of a name in the layer.  Most have one version, which stands behind the record: `own`
 * is that place, with room for `own_room` bytes of a value. */
struct layer_touch {
	struct layer_version *top;
	struct layer_version *own; /* NULL: the first value was too large for one */
	uint32_t own_room;
	bool own_used;
	ec_hash place; /* H(name), once it was asked for */
	bool placed;
	uint64_t collected; /* the last collection of changes that met it */
	bool settling;      /* during settle: it stands once among those to be written */
};

struct layer_change {
	uint64_t position;
	struct named *named;
};

struct layer {
	struct ec_store *store;
	uint8_t prefix[LAYER_PREFIX_MAX]; /* of its names in the store */
	size_t prefix_size;
	struct names *names;
	bool ordered;
	struct layer_change *journal;
	size_t journal_first, journal_end, journal_capacity;
	uint64_t bytes; /* that versions hold */
	uint64_t
		stored; /* bytes of names and values in the store, if ordered; the owner keeps it */
};

/* An empty layer over the names of a store, which stays the caller's, that begin with `prefix`,
 * 1..LAYER_PREFIX_MAX bytes.  In: ordered: whether layer_next() will be asked, and layer->stored
 * is kept.  Ended by layer_end(). */
void layer_start(struct layer *layer, struct ec_store *store, const void *prefix,
                 size_t prefix_size, bool ordered);

/* Frees every version; what was not settled is lost. */
void layer_end(struct layer *layer);

/* The newest value.  Borrowed until the layer or the store changes.  Returns: false when there is
 * none, or it is deleted. */
bool layer_get(const struct layer *layer, const void *name, size_t name_size,
               struct ec_bytes *value);

/* The value as it was after `position`, which is at or above the last settled one.  Borrowed and
 * returned as layer_get()'s. */
bool layer_get_at(const struct layer *layer, uint64_t position, const void *name, size_t name_size,
                  struct ec_bytes *value);

/* The first name above `after`, bytewise, with its newest value; after_size 0: the first of all.
 * Borrowed until the layer or the store changes.  Returns: false when there is none. */
bool layer_next(const struct layer *layer, const void *after, size_t after_size,
                struct ec_bytes *name, struct ec_bytes *value);

/* The same as it was after `position`, at or above the last settled one. */
bool layer_next_at(const struct layer *layer, uint64_t position, const void *after,
                   size_t after_size, struct ec_bytes *name, struct ec_bytes *value);

/* A new version; one at the same position is replaced.  Name and value are copied.  In: position at
 * or above that of every version; value NULL: deleted. */
void layer_put(struct layer *layer, uint64_t position, const void *name, size_t name_size,
               const void *value, size_t value_size);

/* Takes back every version above `position`. */
void layer_undo(struct layer *layer, uint64_t position);

/* Moves the state as of `position` into the store, which is not synced here; versions up to it
 * leave the layer. */
void layer_settle(struct layer *layer, uint64_t position);

/* SHA-256 of a name of the layer, made once a name.  Borrowed while the name has a version. */
const ec_hash *layer_place(struct named *named);

#endif
