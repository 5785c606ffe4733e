/* final.c - which blocks are final, where the order may be revised.
 *
 * Blocks end by rules that read nothing but the order, so a block whose last position is final is
 * final as a whole, with its header and results.
 *
 * (U1) Nothing of the tail, which is what comes after the last final block, is written to the
 *      store, certified, served or shown: ec_ledger_at(), ec_ledger_get() and proofs stand at
 *      final_seq.
 * (U2) After an undo the ledger is what it would be had it got the order that is left alone.
 */
#include "ledger/inside.h"

#include <assert.h>

void ec_ledger_revisable(struct ec_ledger *ledger, bool revisable)
{
	assert(ledger->final_position == ledger->position);
	ledger->revisable = revisable;
	final_stand(ledger);
}

void final_stand(struct ec_ledger *ledger)
{
	ledger->final_seq = ledger->seq;
	ledger->final_position = ledger->position;
}

bool ec_ledger_final(struct ec_ledger *ledger, uint64_t position)
{
	assert(ledger->revisable && position <= ledger->position);
	if (position > ledger->final_position)
		ledger->final_position = position;
	const struct block *next = block_at(ledger, ledger->final_seq + 1);
	if (!next || block_last_position(next) > ledger->final_position)
		return false;
	ledger->final_seq++;
	return true;
}

struct final_block final_block(const struct ec_ledger *ledger)
{
	const struct block *block = block_at(ledger, ledger->final_seq);
	const struct meta *persisted = &ledger->persisted;
	assert(block || ledger->final_seq == persisted->seq);
	if (!block)
		return (struct final_block){persisted->position, persisted->stamp_ns,
		                            persisted->hash};
	return (struct final_block){block_last_position(block), block->stamp_ns, block->hash};
}

bool ec_ledger_tentative(const struct ec_ledger *ledger, uint64_t seq, uint64_t *position,
                         ec_hash *header)
{
	const struct block *block = block_at(ledger, seq);
	if (!block)
		return false;
	*position = block_last_position(block);
	*header = block->hash;
	return true;
}

uint64_t ec_ledger_block_ending(const struct ec_ledger *ledger, uint64_t position)
{
	for (uint64_t seq = ledger->final_seq; seq > ledger->persisted.seq; seq--) {
		uint64_t last = block_last_position(block_at(ledger, seq));
		if (last <= position)
			return last == position ? seq : 0;
	}
	return ledger->persisted.position == position ? ledger->persisted.seq : 0;
}
