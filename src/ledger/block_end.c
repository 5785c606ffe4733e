/* block_end.c - the header of a block: every root, made once, when the block ends. */
#include "ledger/inside.h"

#include <assert.h>
#include <stdlib.h>

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
	if (ledger_rooted(ledger, ledger->position))
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
	if (ledger_rooted(ledger, ledger->position))
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
