/* history.c - the tree over all headers: every subtree that was completed, kept for ever.
 *
 * Header number seq is leaf seq - 1 and completes the subtrees of 1, 2, 4 ... 2^k headers that end
 * with it, 2^k being the largest power of two that divides seq.  Their roots, smallest first, are
 * one value in the store under seq; a hash of zeros was never learnt (state transfer brings only
 * some).
 */
#include "ledger/inside.h"

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
	struct table_name name = table_name(ledger->area, TABLE_HISTORY, seq);
	struct ec_bytes value;
	if (!ledger->store->get(ledger->store, name.at, name.size, &value) ||
	    value.size < (level + 1) * sizeof out->b)
		return false;
	memcpy(out->b, value.data + level * sizeof out->b, sizeof out->b);
	return !ec_hash_zero(out);
}

void history_add(struct ec_ledger *ledger, struct block *block)
{
	struct ec_frontier *history = &ledger->history;
	assert(history->count + 1 == block->seq);
	ec_hash carry = ec_merkle_leaf(block->hash.b, sizeof block->hash.b);
	uint32_t top = (uint32_t)__builtin_popcountll(history->count);
	block->nodes = 0;
	block->node[block->nodes++] = carry;
	for (uint64_t bits = history->count; bits & 1; bits >>= 1) {
		carry = ec_merkle_node(&history->full[--top], &carry);
		block->node[block->nodes++] = carry;
	}
	history->full[top] = carry;
	history->count++;
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
