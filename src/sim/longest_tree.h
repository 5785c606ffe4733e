/* longest_tree.h - the blocks of the protocol `longest`, each behind one parent, and
 * their heads. */
#ifndef EC_SIM_LONGEST_TREE_H
#define EC_SIM_LONGEST_TREE_H

#include "base/bytes.h"
#include "base/text.h"

enum { LONGEST_BLOCKS = 2048, LONGEST_NONE = UINT32_MAX };

struct longest_block {
	ec_hash name, digest; /* digest: of the body; zero without one */
	uint32_t parent;      /* its place in the tree */
	uint32_t height, rank;
	uint64_t weight; /* of the chain that ends here */
	struct ec_bytes body;
};

/* A flat block; [0] stands before the first. */
struct longest_tree {
	uint32_t count;
	struct longest_block block[LONGEST_BLOCKS];
};

/* The place of a block; LONGEST_NONE: it is not here. */
uint32_t longest_find(const struct longest_tree *tree, const ec_hash *name);

/* The block of a height on the chain that ends with `block`.  In: a height not above its own. */
uint32_t longest_ancestor(const struct longest_tree *tree, uint32_t block, uint32_t height);

/* The last block of both chains. */
uint32_t longest_common(const struct longest_tree *tree, uint32_t a, uint32_t b);

/* Whether one of the blocks of the chain that ends with `block`, above a height, has this body. */
bool longest_has(const struct longest_tree *tree, uint32_t block, uint32_t above,
                 const ec_hash *digest);

/* Whether chain a is to be preferred to b: it weighs more, or as much and its name comes first. */
bool longest_better(const struct longest_tree *tree, uint32_t a, uint32_t b);

/* Adds a block; keeps its body.  In: its own weight, its parent's name, height and rank.  Returns:
 * its place, or LONGEST_NONE when it is here already, has no such parent here, or there is no room.
 */
uint32_t longest_add(struct longest_tree *tree, const ec_hash *parent, uint32_t weight,
                     struct longest_block block);

enum longest_kind { LONGEST_BLOCK = 1, LONGEST_FINAL };

/* Of a message, or of a record. */
struct longest_head {
	enum longest_kind kind;
	uint32_t height, rank;
	ec_hash name; /* of the parent; of what is FINAL that itself */
};

/* Reads any bytes.  Returns: false when they are no head. */
bool longest_head_read(struct ec_bytes bytes, struct longest_head *head);
/* Writes one; owned by the caller. */
struct ec_bytes longest_head_make(struct ec_pool *pool, struct longest_head head);
/* In words, as ec_protocol.show_head. */
void longest_head_show(struct ec_bytes bytes, struct ec_text *text);

/* The blocks of an instance; borrowed. */
const struct longest_tree *longest_tree_of(const void *instance);

#endif
