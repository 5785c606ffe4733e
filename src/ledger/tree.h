/* tree.h - the state tree (docs/formats.md, State): a compact binary Merkle tree kept in pages.
 * Inside ledger/.
 *
 * A page holds four levels below a prefix of whole nibbles: 16 slots, each nothing, one leaf, or
 * another page.  Pages that changed stay in memory until tree_flush(); of the others a bounded
 * number does.  The tree is a function of the set of leaves alone: to take changes back is to
 * apply the opposite ones.
 *
 *     page ""      slots 0 .. f
 *                    |      `- page "f"   slots 0 .. f
 *                    leaf
 *
 * (T1) A page other than the topmost has two leaves or more below it.
 * (T2) node[h] is the root of the slots under heap place h, unless h is stale.
 * (T3) below[i] is NULL, or the page below slot i: who frees a page forgets it there first.
 */
#ifndef EC_LEDGER_TREE_H
#define EC_LEDGER_TREE_H

#include "crypto/merkle.h"
#include "ledger/names.h"
#include "ledger/store.h"

enum {
	TREE_SLOTS = 16,
	TREE_DEPTH_MAX = 64, /* pages on the way to a leaf: nibbles of a place */
	TREE_PATH_MAX = 256, /* siblings of a path */
	TREE_PREFIX_MAX = 8,
	TREE_CLEAN_PAGES_MAX = 8192, /* pages kept in memory though the store has them: 14 MB */
};

struct tree_leaf {
	uint8_t *name; /* from malloc */
	uint16_t name_size;
};

struct tree_page {
	bool stored, dirty;
	bool asked;             /* for, since pages were last forgotten */
	uint16_t leaves, pages; /* bitmaps over the slots */
	uint32_t stale;         /* over heap places 1..15: node[] is to be made again */
	ec_hash slot[TREE_SLOTS];
	ec_hash node[TREE_SLOTS]; /* heap: 1 is the page's root, the children of h are 2h, 2h + 1 */
	struct tree_leaf leaf[TREE_SLOTS];
	struct tree_page *below[TREE_SLOTS]; /* in memory, as far as it is known */
};

struct tree {
	struct ec_store *store;
	uint8_t prefix[TREE_PREFIX_MAX]; /* of its pages' names in the store */
	size_t prefix_size;
	struct names *pages; /* records: struct tree_page *, by depth and nibbles */
	uint64_t dirty;      /* how many of them */
	uint64_t clean_max;  /* of the others; tree_start() sets TREE_CLEAN_PAGES_MAX */
};

/* The tree whose pages stand in a store, which stays the caller's, under names that begin with
 * `prefix`, at most TREE_PREFIX_MAX bytes; empty when there are none.  Ended by tree_end(). */
void tree_start(struct tree *tree, struct ec_store *store, const void *prefix, size_t prefix_size);

/* Frees every page in memory; what was not flushed is lost. */
void tree_end(struct tree *tree);

/* One name that now has another value, or none. */
struct tree_change {
	ec_hash place; /* H(name) */
	ec_hash leaf;  /* tree_leaf_hash(); of no meaning when gone */
	const uint8_t *name;
	uint16_t name_size;
	bool gone;
};

/* The hash of a leaf: H(0x00 || place || H(value)). */
ec_hash tree_leaf_hash(const ec_hash *place, const void *value, size_t value_size);

/* The same where the value is known by its hash alone. */
ec_hash tree_leaf_of(const ec_hash *place, const ec_hash *value_hash);

/* Applies changes, at most one a place.  Sorts them, by place; copies their names. */
void tree_update(struct tree *tree, struct tree_change *changes, size_t count);

/* The root over all leaves: one leaf is its own root, of none it is zero. */
ec_hash tree_root(struct tree *tree);

/* The siblings from the root downwards on the way to `place`.
 * Returns: how many.  Out: what stands at the end: the name of a leaf, borrowed, NULL when nothing
 * does. */
uint32_t tree_path(struct tree *tree, const ec_hash *place, ec_hash path[static TREE_PATH_MAX],
                   const struct tree_leaf **end);

/* As tree_path() but at most `bits` long.  Out: whether more than one leaf is below. */
uint32_t tree_path_to(struct tree *tree, const ec_hash *place, uint32_t bits,
                      ec_hash path[static TREE_PATH_MAX], const struct tree_leaf **end, bool *many);

/* The first leaf at a place at or above `place`.  Out: its place and leaf, borrowed.
 * Returns: false when there is none. */
bool tree_from(struct tree *tree, const ec_hash *place, ec_hash *found,
               const struct tree_leaf **leaf);

/* Writes what changed into the store, which is not synced here. */
void tree_flush(struct tree *tree);

/* Forgets pages that the store has, beyond tree->clean_max: those that nobody asked for since
 * pages were last forgotten; if these are too few, all but the upper three levels'. */
void tree_trim(struct tree *tree);

/* A page below the first `depth` nibbles of a place.  Returns: NULL when there is none; `make`: a
 * new one then. */
struct tree_page *tree_page(struct tree *tree, const ec_hash *place, uint32_t depth, bool make);

/* The same by way of the page above it, in memory, of depth - 1: no search once it was found, and
 * none in the store where the slot above holds no page. */
struct tree_page *tree_page_below(struct tree *tree, struct tree_page *above, const ec_hash *place,
                                  uint32_t depth, bool make);

/* Takes that page out; it is there, in memory, and has nothing in its slots. */
void tree_page_remove(struct tree *tree, const ec_hash *place, uint32_t depth);

/* Notes that a page changed, so that the next flush writes it. */
void tree_page_touch(struct tree *tree, struct tree_page *page);

/* Makes stale nodes again.  Out: the root below heap place `heap`. */
ec_hash tree_page_node(struct tree_page *page, uint32_t heap);

/* How many leaves are in the slots under a heap place of a page, those of deeper pages left out. */
uint32_t tree_page_leaves(const struct tree_page *page, uint32_t heap);

/* How many deeper pages are in the slots under a heap place. */
uint32_t tree_page_pages(const struct tree_page *page, uint32_t heap);

/* The slot on the way to a place in its page of this depth: a nibble, the high one first. */
static inline uint32_t tree_nibble(const ec_hash *place, uint32_t depth)
{
	return place->b[depth / 2] >> (depth & 1 ? 0 : 4) & 15;
}

/* Bit number `bit`, 0..255, of a place, the highest of the first byte first: true is right. */
static inline bool tree_bit(const ec_hash *place, uint32_t bit)
{
	return place->b[bit / 8] >> (7 - bit % 8) & 1;
}

#endif
