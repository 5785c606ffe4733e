/* deliver.c - one position of the order: its batch is read, its time made, its envelopes executed.
 *
 * (D1) A batch counts whole or not at all: its form, and that of every envelope, is read before
 *      anything is executed.
 * (D2) The stamp never falls within a block, and grows by one or more from block to block.
 */
#include "ledger/inside.h"
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

static struct entry *entry_next(struct ec_ledger *ledger, uint32_t count)
{
	if (count == ledger->entries_capacity) {
		ledger->entries_capacity = ledger->entries_capacity * 2 + 64;
		size_t size = ledger->entries_capacity * sizeof *ledger->entries;
		if (!(ledger->entries = realloc(ledger->entries, size)))
			abort();
	}
	return &ledger->entries[count];
}

static bool entry_read(const struct ec_ledger *ledger, const struct ec_batch_item *item,
                       struct entry *entry)
{
	struct ec_envelope envelope;
	if (item->envelope.size > ledger->genesis->envelope_bytes_max ||
	    !ec_envelope_read(item->envelope, &envelope, NULL, 0) ||
	    !ec_hash_equal(&envelope.genesis, &ledger->genesis->hash))
		return false;
	entry->envelope = item->envelope;
	entry->payload = envelope.payload;
	entry->kind = envelope.kind;
	memcpy(entry->author, envelope.author, sizeof entry->author);
	memcpy(entry->salt, item->salt, sizeof entry->salt);
	entry->id = envelope.id;
	entry->lane = envelope.lane;
	entry->sequence = envelope.sequence;
	entry->expiry_ns = envelope.expiry_ns;
	return true;
}

/* (D1) */
bool entries_read(struct ec_ledger *ledger, struct ec_bytes bytes, struct ec_batch *batch)
{
	struct ec_batch_item item;
	uint32_t count = 0;
	if (!ec_batch_read(bytes, ledger->genesis->batch_envelopes_max, batch))
		return false;
	while (ec_batch_next(batch, &item))
		if (!entry_read(ledger, &item, entry_next(ledger, count++)))
			return false;
	return batch->at.error == EC_CBOR_OK;
}

/* The stamp after a batch: (D2). */
static void stamp_advance(struct ec_ledger *ledger)
{
	uint64_t least = ledger->stamp_ns, median = clock_median(ledger);
	if (ledger->open->slots == 0)
		least = ledger->block_stamp_ns + 1;
	ledger->stamp_ns = median > least ? median : least;
}

/* Moves the clock; turns what waits for it.  A block's first position turns in any case: a restart
 * at its begin does not know whether the block before left something to turn, and time may stand
 * still where it cannot be later. */
static void time_advance(struct ec_ledger *ledger, uint64_t position)
{
	uint64_t before_ns = ec_genesis_time(ledger->genesis, ledger->stamp_ns);
	stamp_advance(ledger);
	uint64_t now_ns = ec_genesis_time(ledger->genesis, ledger->stamp_ns);
	if (ledger->open->slots == 0 || now_ns != before_ns || ledger->turning)
		execute_turns(ledger, position, before_ns, now_ns);
}

void entry_add(struct block *block, const struct entry *entry)
{
	const struct ec_part parts[] = {{"\x00", 1},
	                                {entry->salt, EC_SALT_SIZE},
	                                {entry->envelope.data, entry->envelope.size}};
	ec_hash leaf = ec_sha256_parts(parts, 3);
	block_add(block, &entry->id, &leaf);
}

static void entry_execute(struct ec_ledger *ledger, const struct entry *entry,
                          struct block_slot *slot, uint64_t position)
{
	struct block *block = ledger->open;
	uint32_t index = block->count;
	entry_add(block, entry);
	unsigned code = execute(ledger, entry, position, index);
	block_result(block, entry, code, ledger->scratch->detail, ledger->scratch->detail_size);
	if (!ledger_order_only(ledger)) {
		id_put(ledger, &entry->id,
		       &(const struct id_place){.seq = block->seq, .index = index, .code = code});
		ledger->tally[entry->kind < EC_TALLY_KINDS ? entry->kind : 0][code]++;
	}
	slot->count++;
	slot->done += code == EC_RESULT_DONE;
}

static void batch_execute(struct ec_ledger *ledger, struct ec_bytes bytes, struct block_slot *slot,
                          uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		entry_execute(ledger, &ledger->entries[i], slot, ledger->position);
	if (count && !ledger_order_only(ledger))
		slot->batch = ec_keep(bytes);
	if (slot->done && ledger_order_only(ledger))
		count_write(ledger, ledger->position);
	ledger->envelopes += slot->count;
	ledger->executed += slot->done;
	if (ledger->voted)
		era_decide(ledger, ledger->position);
}

bool ec_ledger_deliver(struct ec_ledger *ledger, uint64_t position, struct ec_bytes bytes)
{
	struct ec_batch batch = {0};
	assert(position == ledger->position + 1 && !ledger->next_membership);
	bool usable = bytes.size > 0 && entries_read(ledger, bytes, &batch);
	if (!ledger->open)
		ledger->open = block_new(ledger->seq + 1, position);
	struct block *block = ledger->open;
	ledger->position = position;
	if (usable)
		clock_claim(ledger, position, &batch);
	time_advance(ledger, position);
	struct block_slot *slot = &block->slot[block->slots++];
	*slot = (struct block_slot){.first = block->count, .stamp_ns = ledger->stamp_ns};
	if (usable)
		batch_execute(ledger, bytes, slot, (uint32_t)batch.count);
	slot->turning = ledger->turning;
	execute_due(ledger);
	bool ends = (usable && batch.close) || position % BLOCK_POSITIONS == 0 ||
	            ledger->next_membership;
	if (ends)
		block_end(ledger);
	if (!ledger->revisable)
		final_stand(ledger);
	return ends;
}
