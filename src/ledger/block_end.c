/* block_end.c - the header of a block: every root, made once, when the block ends. */
#include "ledger/inside.h"

#include <assert.h>
#include <stdlib.h>

/* Whether the block that ends now has a state root.  Where roots are apart every member must find
 * the same blocks, state that is moved must have one (it is moved at multiples of 64), an era must
 * begin with one, and a group that has gone quiet must come to one: by a batch of no envelopes. */
static bool rooted(const struct ec_ledger *ledger, const struct block *block)
{
	bool sixty_fourth = ledger->position % BLOCK_POSITIONS == 0;
	if (ledger_order_only(ledger))
		return sixty_fourth;
	return !(ledger->genesis->flags & EC_GENESIS_ROOTS_APART) || sixty_fourth ||
	       block->count == 0 || ledger->next_membership;
}

static struct ec_header header_of(struct ec_ledger *ledger, const struct block *block)
{
	struct ec_header header = {
		.genesis = ledger->genesis->hash,
		.era = ledger->membership->era,
		.seq = block->seq,
		.position = block_last_position(block),
		.previous = ledger->block_hash,
		.history_root = ec_frontier_root(&ledger->history),
		.batch_root = ec_merkle_root(block->batch_leaf, block->count),
		.envelopes = block->count,
		.result_root = ec_merkle_root(block->result_leaf, block->count),
		.stamp_ns = ledger->stamp_ns,
		.roster = ledger->membership->hash,
	};
	if (block->rooted)
		header.state_root = tree_root(&ledger->tree);
	if (ledger->next_membership)
		header.next_roster = ledger->next_membership->hash;
	return header;
}

static void blocks_add(struct ec_ledger *ledger, struct block *block)
{
	if (ledger->blocks_count == ledger->blocks_capacity) {
		ledger->blocks_capacity = ledger->blocks_capacity * 2 + 16;
		ledger->blocks = realloc(ledger->blocks, ledger->blocks_capacity * sizeof block);
		if (!ledger->blocks)
			abort();
	}
	ledger->blocks[ledger->blocks_count++] = block;
	ledger->blocks_bytes += block_bytes(block);
}

void block_end(struct ec_ledger *ledger)
{
	struct block *block = ledger->open;
	assert(block->seq == ledger->seq + 1);
	assert(ledger->stamp_ns > ledger->block_stamp_ns || ledger->seq == 0);
	assert(block_last_position(block) == ledger->position);
	block->rooted = rooted(ledger, block);
	if (block->rooted)
		tree_move(ledger, ledger->position);
	struct ec_header header = header_of(ledger, block);
	block->header_size = ec_header_write(&header, block->header);
	block->hash = ec_sha256(block->header, block->header_size);
	block->stamp_ns = ledger->stamp_ns;
	history_add(ledger, block);
	blocks_add(ledger, block);
	ledger->open = NULL;
	ledger->seq = block->seq;
	ledger->block_position = ledger->position;
	ledger->block_stamp_ns = ledger->stamp_ns;
	ledger->block_hash = block->hash;
	if (ledger->next_membership)
		era_end_add(ledger, block);
}
