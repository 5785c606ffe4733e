/* merkle.h - the Merkle tree of RFC 9162, section 2.1, over leaf hashes already made. */
#ifndef EC_CRYPTO_MERKLE_H
#define EC_CRYPTO_MERKLE_H

#include "crypto/hash.h"

enum { EC_MERKLE_PATH_MAX = 64 };

/* The hash of a leaf (2.1.1): SHA-256(0x00 || data). */
ec_hash ec_merkle_leaf(const void *data, size_t size);

/* The hash of an inner node (2.1.1): SHA-256(0x01 || left || right). */
ec_hash ec_merkle_node(const ec_hash *left, const ec_hash *right);

/* The root over `count` leaf hashes; of none: SHA-256 of nothing (2.1.1). */
ec_hash ec_merkle_root(const ec_hash *leaves, uint64_t count);

/* The inclusion path of leaf `index` (2.1.3.1), from the leaf up.  In: index < count.
 * Out: path[0..returned). */
uint32_t ec_merkle_path(const ec_hash *leaves, uint64_t count, uint64_t index,
                        ec_hash path[static EC_MERKLE_PATH_MAX]);

/* The root that a path leads to (2.1.3.2).  Returns: false when index >= count or the path's length
 * is not the one that such a tree has. */
bool ec_merkle_path_root(const ec_hash *leaf, uint64_t index, uint64_t count, const ec_hash *path,
                         uint32_t length, ec_hash *root);

/* Whether the path proves that a tree of `old_count` leaves, at least 1, and `old_root` is a prefix
 * of one of `new_count` and `new_root` (2.1.4.2). */
bool ec_merkle_consistent(uint64_t old_count, const ec_hash *old_root, uint64_t new_count,
                          const ec_hash *new_root, const ec_hash *path, uint32_t length);

/* A tree that only grows and keeps one hash a level: the roots of its full subtrees, largest first,
 * one a set bit of `count`.  All zero: empty. */
struct ec_frontier {
	uint64_t count;
	ec_hash full[EC_MERKLE_PATH_MAX];
};

/* Appends a leaf, by its hash. */
void ec_frontier_add(struct ec_frontier *frontier, const ec_hash *leaf);

/* The root over all leaves so far, as ec_merkle_root over them. */
ec_hash ec_frontier_root(const struct ec_frontier *frontier);

/* Paths out of a tree whose nodes are kept elsewhere.  `node(self, level, index, out)` gives the
 * root of the full subtree of 2^level leaves that starts at leaf index * 2^level; false when it is
 * missing. */
typedef bool ec_merkle_node_at(void *self, uint32_t level, uint64_t index, ec_hash *out);

/* Inclusion path (2.1.3.1) of `index` in the first `count` leaves.  In: index < count.  Out:
 * path[0..returned).  Returns: its length; UINT32_MAX when a node was missing. */
uint32_t ec_merkle_path_from(ec_merkle_node_at *node, void *self, uint64_t count, uint64_t index,
                             ec_hash path[static EC_MERKLE_PATH_MAX]);

/* Consistency path (2.1.4.1) between the trees of the first `old_count` and `new_count` leaves.
 * In: 1 <= old_count <= new_count.  Returns: as ec_merkle_path_from. */
uint32_t ec_merkle_consistency_from(ec_merkle_node_at *node, void *self, uint64_t old_count,
                                    uint64_t new_count, ec_hash path[static EC_MERKLE_PATH_MAX]);

#endif
