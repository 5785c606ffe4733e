/* prune.c - bodies of old blocks leave the store; the history and the era links stay. */
#include "ledger/inside.h"
#include "base/codec.h"

#include <assert.h>

/* Forgets where an envelope stands, unless a later block holds it too. */
static void id_forget(struct ec_ledger *ledger, const uint8_t *id, uint64_t seq)
{
	struct ec_store *store = ledger->store;
	uint8_t name[2 + 32] = {ledger->area, TABLE_IDS};
	struct ec_bytes value;
	memcpy(name + 2, id, 32);
	if (!store->get(store, name, sizeof name, &value))
		return;
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	if (ec_read_u64(&reader) == seq)
		store->del(store, name, sizeof name);
}

static void block_forget(struct ec_ledger *ledger, uint64_t seq)
{
	struct ec_store *store = ledger->store;
	struct table_name name = table_name(ledger->area, TABLE_BLOCK, seq);
	struct stored_block block;
	struct ec_bytes value;
	if (!store->get(store, name.at, name.size, &value))
		return; /* it came by state transfer: its body was never here */
	struct ec_bytes ids = bytes_copy(value.data, value.size);
	bool whole = stored_block_read(ids, &block);
	assert(whole); /* durable state that does not add up stops a node */
	(void)whole;
	for (uint32_t i = 0; i < block.count; i++)
		id_forget(ledger, block.ids + (size_t)i * 32, seq);
	for (uint32_t i = 0; i < block.slots; i++) {
		struct table_name part = table_name_part(ledger->area, TABLE_BATCH, seq, i);
		store->del(store, part.at, part.size);
	}
	store->del(store, name.at, name.size);
	bytes_free(&ids);
}

void prune(struct ec_ledger *ledger, uint64_t seq)
{
	uint64_t kept = ledger->genesis->blocks_kept;
	for (; ledger->persisted.pruned_seq + kept < seq; ledger->persisted.pruned_seq++)
		block_forget(ledger, ledger->persisted.pruned_seq + 1);
}
