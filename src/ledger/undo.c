/* undo.c - takes back positions: the tree first, then the versions that it needs for that. */
#include "ledger/inside.h"

#include <assert.h>

/* How many blocks in memory end at or below `position`. */
static size_t blocks_left(const struct ec_ledger *ledger, uint64_t position)
{
	size_t count = ledger->blocks_count;
	while (count > 0 && block_last_position(ledger->blocks[count - 1]) > position)
		count--;
	return count;
}

/* Cuts the open block after `position`; of an empty one nothing stays. */
static void open_cut(struct ec_ledger *ledger, uint64_t position)
{
	struct block *block = ledger->open;
	while (block && block->slots > 0 && block_last_position(block) > position) {
		const struct block_slot *slot = &block->slot[block->slots - 1];
		ledger->envelopes -= slot->count;
		ledger->executed -= slot->done;
		block_cut(block, block->slots - 1);
	}
	if (block && block->slots == 0) {
		block_free(block);
		ledger->open = NULL;
	}
}

/* Opens again, newest first, every block that ended after `position`. */
static void blocks_cut(struct ec_ledger *ledger, size_t left, uint64_t position)
{
	open_cut(ledger, position);
	while (ledger->blocks_count > left) {
		assert(!ledger->open);
		if (ledger->next_membership)
			era_end_drop(ledger);
		ledger->open = ledger->blocks[--ledger->blocks_count];
		ledger->blocks_bytes -= block_bytes(ledger->open);
		ledger->seq--;
		open_cut(ledger, position);
	}
}

void ledger_stand(struct ec_ledger *ledger)
{
	const struct block *last = block_at(ledger, ledger->seq), *open = ledger->open;
	ledger->block_position = last ? block_last_position(last) : ledger->persisted.position;
	ledger->block_stamp_ns = last ? last->stamp_ns : ledger->persisted.stamp_ns;
	ledger->block_hash = last ? last->hash : ledger->persisted.hash;
	ledger->stamp_ns = open ? open->slot[open->slots - 1].stamp_ns : ledger->block_stamp_ns;
	ledger->turning = open ? open->slot[open->slots - 1].turning : false;
	bool whole = history_load(ledger, ledger->seq, &ledger->history);
	assert(whole);
	(void)whole;
	clock_load(ledger);
	count_load(ledger);
	execute_due(ledger);
}

void ec_ledger_undo(struct ec_ledger *ledger, uint64_t position)
{
	assert(position >= ledger->persisted.position && position <= ledger->position);
	if (ledger->revisable)
		assert(position >= ledger->final_position);
	if (position == ledger->position)
		return;
	size_t left = blocks_left(ledger, position);
	uint64_t stays =
		left ? block_last_position(ledger->blocks[left - 1]) : ledger->persisted.position;
	if (ledger->tree_position > stays)
		tree_move(ledger, stays);
	layer_undo(&ledger->state, position);
	layer_undo(&ledger->ids, position);
	blocks_cut(ledger, left, position);
	ledger->position = position;
	ledger_stand(ledger);
	if (!ledger->revisable)
		final_stand(ledger);
}
