/* history.c - the tree over all headers: every subtree that was completed, kept for ever.
 *
 * Header number seq is leaf seq - 1 and completes the subtrees of 1, 2, 4 ... 2^k headers that end
 * with it, 2^k being the largest power of two that divides seq.  Their roots, smallest first, are
 * one value in the store under seq; a hash of zeros was never learnt (state transfer brings only
 * some).
 */
#include "ledger/inside.h"
#include "ledger/field.h"

#include <assert.h>

bool history_node(void *self, uint32_t level, uint64_t index, ec_hash *out)
{
	struct ec_ledger *ledger = self;
	uint64_t seq = (index + 1) << level;
	const struct block *block = block_at(ledger, seq);
	if (block) {
		assert(level < block->nodes);
		*out = block->node[level];
		return true;
	}
	struct table_name name = table_name(AREA_KEPT, TABLE_HISTORY, seq);
	struct ec_bytes value;
	if (!ledger->store->get(ledger->store, name.at, name.size, &value) ||
	    value.size < (level + 1) * sizeof out->b)
		return false;
	memcpy(out->b, value.data + level * sizeof out->b, sizeof out->b);
	return !ec_hash_zero(out);
}

/* The subtrees that a block's header completes, when `before` are those of all earlier ones. */
void history_complete(const struct ec_frontier *before, struct block *block)
{
	assert(before->count + 1 == block->seq);
	ec_hash carry = ec_merkle_leaf(block->hash.b, sizeof block->hash.b);
	uint32_t top = (uint32_t)__builtin_popcountll(before->count);
	block->nodes = 0;
	block->node[block->nodes++] = carry;
	for (uint64_t bits = before->count; bits & 1; bits >>= 1) {
		carry = ec_merkle_node(&before->full[--top], &carry);
		block->node[block->nodes++] = carry;
	}
}

void history_add(struct ec_ledger *ledger, struct block *block)
{
	history_complete(&ledger->history, block);
	ec_frontier_add(&ledger->history, &block->node[0]);
}

/* Where the store has the same subtree, what it has below stays: it may know more. */
void history_put(struct ec_ledger *ledger, uint64_t seq, const ec_hash *nodes, uint32_t count)
{
	struct table_name name = table_name(AREA_KEPT, TABLE_HISTORY, seq);
	struct ec_bytes value;
	size_t size = count * sizeof *nodes;
	assert(count >= 1 && !ec_hash_zero(&nodes[count - 1]));
	if (ec_hash_zero(&nodes[0]) &&
	    ledger->store->get(ledger->store, name.at, name.size, &value) && value.size >= size &&
	    memcmp(value.data + size - sizeof *nodes, &nodes[count - 1], sizeof *nodes) == 0)
		return;
	ledger->store->put(ledger->store, name.at, name.size, nodes, size);
}

/* The subtrees that a frontier names, each where its last header completed it. */
void history_frontier_put(struct ec_ledger *ledger, const struct ec_frontier *frontier)
{
	ec_hash nodes[EC_MERKLE_PATH_MAX] = {0};
	uint64_t first = 0;
	uint32_t top = 0;
	for (uint32_t level = EC_MERKLE_PATH_MAX; level-- > 0;) {
		if (!(frontier->count >> level & 1))
			continue;
		nodes[level] = frontier->full[top++];
		first += (uint64_t)1 << level;
		history_put(ledger, first, nodes, level + 1);
		nodes[level] = (ec_hash){0};
	}
}

bool history_read(struct ec_cbor *cbor, const struct ec_header *header,
                  struct ec_frontier *frontier)
{
	frontier->count = header->seq - 1;
	uint32_t count = field_path(cbor, frontier->full, EC_MERKLE_PATH_MAX);
	if (cbor->error || count != (uint32_t)__builtin_popcountll(frontier->count))
		return false;
	ec_hash root = ec_frontier_root(frontier);
	return ec_hash_equal(&root, &header->history_root);
}

bool history_load(struct ec_ledger *ledger, uint64_t count, struct ec_frontier *frontier)
{
	uint32_t top = 0;
	uint64_t first = 0;
	frontier->count = count;
	for (uint32_t level = 64; level-- > 0;) {
		if (!(count >> level & 1))
			continue;
		if (!history_node(ledger, level, first >> level, &frontier->full[top++]))
			return false;
		first += (uint64_t)1 << level;
	}
	return true;
}
