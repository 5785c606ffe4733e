/* merkle.c - the Merkle tree of RFC 9162, section 2.1. */
#include "crypto/merkle.h"

#include <assert.h>

ec_hash ec_merkle_leaf(const void *data, size_t size)
{
	const struct ec_part parts[] = {{"\x00", 1}, {data, size}};
	return ec_sha256_parts(parts, 2);
}

ec_hash ec_merkle_node(const ec_hash *left, const ec_hash *right)
{
	const struct ec_part parts[] = {{"\x01", 1}, {left->b, 32}, {right->b, 32}};
	return ec_sha256_parts(parts, 3);
}

void ec_frontier_add(struct ec_frontier *frontier, const ec_hash *leaf)
{
	ec_hash carry = *leaf;
	uint32_t top = (uint32_t)__builtin_popcountll(frontier->count);
	for (uint64_t bits = frontier->count; bits & 1; bits >>= 1)
		carry = ec_merkle_node(&frontier->full[--top], &carry);
	frontier->full[top] = carry;
	frontier->count++;
}

ec_hash ec_frontier_root(const struct ec_frontier *frontier)
{
	uint32_t top = (uint32_t)__builtin_popcountll(frontier->count);
	if (top == 0)
		return ec_sha256("", 0);
	ec_hash root = frontier->full[--top];
	while (top > 0)
		root = ec_merkle_node(&frontier->full[--top], &root);
	return root;
}

ec_hash ec_merkle_root(const ec_hash *leaves, uint64_t count)
{
	struct ec_frontier frontier = {0};
	for (uint64_t i = 0; i < count; i++)
		ec_frontier_add(&frontier, &leaves[i]);
	return ec_frontier_root(&frontier);
}

/* The root of leaves [first, first + count) out of kept full subtrees; `first` is a multiple of the
 * smallest power of two that is not below count. */
static bool range_root(ec_merkle_node_at *node, void *self, uint64_t first, uint64_t count,
                       ec_hash *root)
{
	assert(count > 0);
	bool any = false;
	while (count) { /* the smallest full subtree stands last */
		uint32_t level = (uint32_t)__builtin_ctzll(count);
		uint64_t size = (uint64_t)1 << level;
		ec_hash part;
		count -= size;
		if (!node(self, level, (first + count) >> level, &part))
			return false;
		*root = any ? ec_merkle_node(&part, root) : part;
		any = true;
	}
	return true;
}

/* The largest power of two below count. */
static uint64_t split_of(uint64_t count)
{
	assert(count > 1);
	return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

uint32_t ec_merkle_path_from(ec_merkle_node_at *node, void *self, uint64_t count, uint64_t index,
                             ec_hash path[static EC_MERKLE_PATH_MAX])
{
	assert(index < count);
	ec_hash down[EC_MERKLE_PATH_MAX];
	uint32_t length = 0;
	uint64_t first = 0;
	while (count > 1) {
		uint64_t split = split_of(count);
		bool right = index - first >= split;
		if (!range_root(node, self, right ? first : first + split,
		                right ? split : count - split, &down[length]))
			return UINT32_MAX;
		length++;
		first += right ? split : 0;
		count = right ? count - split : split;
	}
	for (uint32_t i = 0; i < length; i++)
		path[i] = down[length - 1 - i];
	return length;
}

uint32_t ec_merkle_consistency_from(ec_merkle_node_at *node, void *self, uint64_t old_count,
                                    uint64_t new_count, ec_hash path[static EC_MERKLE_PATH_MAX])
{
	assert(old_count >= 1 && old_count <= new_count);
	ec_hash down[EC_MERKLE_PATH_MAX];
	uint32_t length = 0;
	uint64_t first = 0, count = new_count, old = old_count;
	bool known =
		true; /* the old tree stands whole at the left edge: its root is not repeated */
	while (old != count) {
		uint64_t split = split_of(count);
		bool right = old > split;
		if (!range_root(node, self, right ? first : first + split,
		                right ? split : count - split, &down[length]))
			return UINT32_MAX;
		length++;
		if (right) {
			first += split;
			old -= split;
			count -= split;
			known = false;
		} else {
			count = split;
		}
	}
	if (!known && !range_root(node, self, first, count, &down[length++]))
		return UINT32_MAX;
	for (uint32_t i = 0; i < length; i++)
		path[i] = down[length - 1 - i];
	return length;
}

struct leaves {
	const ec_hash *leaves;
	uint64_t count;
};

static bool node_of_leaves(void *self, uint32_t level, uint64_t index, ec_hash *out)
{
	const struct leaves *leaves = self;
	uint64_t size = (uint64_t)1 << level;
	assert((index + 1) * size <= leaves->count);
	*out = ec_merkle_root(leaves->leaves + index * size, size);
	return true;
}

uint32_t ec_merkle_path(const ec_hash *leaves, uint64_t count, uint64_t index,
                        ec_hash path[static EC_MERKLE_PATH_MAX])
{
	struct leaves self = {leaves, count};
	return ec_merkle_path_from(node_of_leaves, &self, count, index, path);
}

bool ec_merkle_path_root(const ec_hash *leaf, uint64_t index, uint64_t count, const ec_hash *path,
                         uint32_t length, ec_hash *root)
{
	if (index >= count)
		return false;
	uint64_t place = index, last = count - 1;
	ec_hash hash = *leaf;
	for (uint32_t i = 0; i < length; i++) {
		if (last == 0)
			return false;
		if ((place & 1) || place == last) {
			hash = ec_merkle_node(&path[i], &hash);
			while (!(place & 1) && place != 0) {
				place >>= 1;
				last >>= 1;
			}
		} else {
			hash = ec_merkle_node(&hash, &path[i]);
		}
		place >>= 1;
		last >>= 1;
	}
	*root = hash;
	return last == 0;
}

bool ec_merkle_consistent(uint64_t old_count, const ec_hash *old_root, uint64_t new_count,
                          const ec_hash *new_root, const ec_hash *path, uint32_t length)
{
	if (old_count == 0 || old_count > new_count)
		return false;
	if (old_count == new_count)
		return length == 0 && ec_hash_equal(old_root, new_root);
	bool whole = (old_count & (old_count - 1)) == 0; /* the old root itself begins the path */
	if (!whole && length == 0)
		return false;
	uint64_t place = old_count - 1, last = new_count - 1;
	while (place & 1) {
		place >>= 1;
		last >>= 1;
	}
	ec_hash old_hash = whole ? *old_root : path[0];
	ec_hash new_hash = old_hash;
	for (uint32_t i = whole ? 0 : 1; i < length; i++) {
		if (last == 0)
			return false;
		if ((place & 1) || place == last) {
			old_hash = ec_merkle_node(&path[i], &old_hash);
			new_hash = ec_merkle_node(&path[i], &new_hash);
			while (!(place & 1) && place != 0) {
				place >>= 1;
				last >>= 1;
			}
		} else {
			new_hash = ec_merkle_node(&new_hash, &path[i]);
		}
		place >>= 1;
		last >>= 1;
	}
	return last == 0 && ec_hash_equal(&old_hash, old_root) &&
	       ec_hash_equal(&new_hash, new_root);
}
