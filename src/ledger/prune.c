/* prune.c - bodies of old blocks leave the store; the history and the era links stay. */
#include "ledger/inside.h"
#include "base/codec.h"

#include <assert.h>

void block_forget(struct ec_ledger *ledger, uint64_t seq)
{
	struct ec_store *store = ledger->store;
	struct table_name name = table_name(AREA_KEPT, TABLE_BLOCK, seq);
	struct stored_block block;
	struct ec_bytes value;
	if (!store->get(store, name.at, name.size, &value))
		return;
	struct ec_bytes ids = bytes_copy(value.data, value.size);
	bool whole = stored_block_read(ids, &block);
	assert(whole); /* durable state that does not add up stops a node */
	(void)whole;
	for (uint32_t i = 0; i < block.count; i++)
		id_forget(ledger, block.ids + (size_t)i * 32, seq);
	for (uint32_t i = 0; i < block.slots; i++) {
		struct table_name part = table_name_part(AREA_KEPT, TABLE_BATCH, seq, i);
		store->del(store, part.at, part.size);
	}
	store->del(store, name.at, name.size);
	bytes_free(&ids);
}

/* Certificates that cover no block any more. */
static void certificates_prune(struct ec_ledger *ledger)
{
	struct ec_store *store = ledger->store;
	uint64_t seq;
	while (table_next(ledger, TABLE_CERTIFICATE, 0, &seq) &&
	       seq <= ledger->persisted.pruned_seq) {
		struct table_name name = table_name(AREA_KEPT, TABLE_CERTIFICATE, seq);
		store->del(store, name.at, name.size);
	}
}

/* After a state transfer there may be many: they go in turns, faster than new ones come. */
void prune(struct ec_ledger *ledger, uint64_t seq)
{
	uint64_t kept = ledger->genesis->blocks_kept, limit = seq > kept ? seq - kept : 0;
	uint64_t steps = 2 * (seq - ledger->persisted.seq) + BLOCK_POSITIONS, next;
	uint64_t *pruned = &ledger->persisted.pruned_seq;
	if (*pruned >= limit)
		return;
	for (; *pruned < limit && steps > 0; steps--) {
		if (!table_next(ledger, TABLE_BLOCK, *pruned, &next) || next > limit)
			next = limit; /* those between were never here */
		block_forget(ledger, next);
		*pruned = next;
	}
	certificates_prune(ledger);
}

uint64_t ec_ledger_pruned(const struct ec_ledger *ledger)
{
	return ledger->persisted.pruned_seq;
}
