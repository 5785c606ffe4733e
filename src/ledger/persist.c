/* persist.c - ended blocks into the store, all or nothing.
 *
 * The store then holds the ledger as of one block, whatever came after it: the tree goes to that
 * block (it is a function of the set alone), the layers settle up to it.
 */
#include "ledger/inside.h"
#include "base/codec.h"
#include "ledger/field.h"
#include "ledger/money.h"

#include <assert.h>
#include <stdlib.h>

/* A block's record: everything but the batches. */
static void record_put(struct ec_writer *writer, const struct block *block)
{
	ec_write_u64(writer, block->first_position);
	ec_write_u64(writer, block->stamp_ns);
	ec_write_block(writer, block->header, block->header_size);
	ec_write_u32(writer, block->slots);
	for (uint32_t i = 0; i < block->slots; i++) {
		ec_write_u32(writer, block->slot[i].first);
		ec_write_u32(writer, block->slot[i].count);
	}
	ec_write_u32(writer, block->count);
	ec_write_raw(writer, block->id, block->count * sizeof(ec_hash));
	ec_write_raw(writer, block->batch_leaf, block->count * sizeof(ec_hash));
	ec_write_raw(writer, block->result_leaf, block->count * sizeof(ec_hash));
	for (uint32_t i = 0; i < block->count; i++)
		ec_write_u32(writer, block->result_end[i]);
	ec_write_block(writer, block->results, block->results_size);
}

void block_write(struct ec_ledger *ledger, const struct block *block)
{
	struct ec_store *store = ledger->store;
	struct ec_writer count = ec_writer_over(NULL, 0);
	record_put(&count, block);
	uint8_t *bytes = malloc(count.size);
	if (!bytes)
		abort();
	struct ec_writer writer = ec_writer_over(bytes, count.size);
	record_put(&writer, block);
	assert(ec_writer_ok(&writer));
	struct table_name name = table_name(AREA_KEPT, TABLE_BLOCK, block->seq);
	store->put(store, name.at, name.size, bytes, writer.size);
	free(bytes);
	for (uint32_t i = 0; i < block->slots; i++) {
		struct ec_bytes batch = block->slot[i].batch;
		if (batch.size == 0)
			continue;
		name = table_name_part(AREA_KEPT, TABLE_BATCH, block->seq, i);
		store->put(store, name.at, name.size, batch.data, batch.size);
	}
	history_put(ledger, block->seq, block->node, block->nodes);
}

static void certificate_write(struct ec_ledger *ledger, uint64_t seq)
{
	if (!ledger->certificate_dirty || ledger->certified_seq > seq)
		return;
	struct table_name name = table_name(ledger->area, TABLE_CERTIFICATE, 0);
	certified_write(ledger, &name, ledger->certified_seq, ledger->certified_header,
	                ledger->certificate);
	ledger->certificate_dirty = false;
}

/* The blocks up to `seq` leave memory. */
static void blocks_drop(struct ec_ledger *ledger, uint64_t seq)
{
	size_t count = (size_t)(seq - ledger->persisted.seq);
	const struct block *last = ledger->blocks[count - 1];
	struct meta *meta = &ledger->persisted;
	meta->seq = seq;
	meta->position = block_last_position(last);
	meta->stamp_ns = last->stamp_ns;
	meta->hash = last->hash;
	meta->rooted = last->rooted;
	meta->header_size = last->header_size;
	memcpy(meta->header, last->header, last->header_size);
	for (size_t i = 0; i < count; i++) {
		ledger->blocks_bytes -= block_bytes(ledger->blocks[i]);
		block_free(ledger->blocks[i]);
	}
	ledger->blocks_count -= count;
	memmove(ledger->blocks, ledger->blocks + count, ledger->blocks_count * sizeof last);
}

static void settle(struct ec_ledger *ledger, uint64_t seq)
{
	const struct block *last = block_at(ledger, seq);
	uint64_t position = block_last_position(last);
	tree_move(ledger, position);
	tree_flush(&ledger->tree);
	layer_settle(&ledger->state, position);
	layer_settle(&ledger->ids, position);
	for (uint64_t i = ledger->persisted.seq + 1; i <= seq; i++)
		block_write(ledger, block_at(ledger, i));
	prune(ledger, seq);
	blocks_drop(ledger, seq);
	ledger->persisted.state_bytes = ledger->state.stored;
	meta_write(ledger, ledger->area, &ledger->persisted);
}

bool ec_ledger_persist(struct ec_ledger *ledger, uint64_t seq, char *why, size_t why_size)
{
	const uint8_t prefix[] = {ledger->area, TABLE_STATE};
	struct ec_store *store = ledger->store;
	if (seq > ledger->final_seq)
		seq = ledger->final_seq;
	if (seq > ledger->persisted.seq)
		settle(ledger, seq);
	era_ends_write(ledger, ledger->persisted.seq);
	certificate_write(ledger, ledger->persisted.seq);
	restore_sweep(ledger);
	serving_age(ledger);
	if (!money_adds_up(store, prefix, sizeof prefix, why, why_size))
		return false;
	return store->sync(store) || field_refuse(why, why_size, "the store could not be written");
}
