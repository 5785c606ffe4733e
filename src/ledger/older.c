/* older.c - blocks from before the state that a transfer brought: from others, newest first.
 *
 * Each block is named by the header above it, and judged by that hash alone: its header by the
 * hash, its envelopes and results by the header's roots, the history before it by its history root.
 *
 *     header of seq + 1 --previous--> header of seq --previous--> header of seq - 1 ...
 *                                       |  batch root, result root, history root
 *
 * (O1) Every block from older.seq + 1 to the newest is here, or was never kept.
 * (O2) A block's record, ids, batches and history come in one turn of the store.
 *
 * Where a batch stood among the positions of its block, and what its submitter claimed, no header
 * says: a block that came so proves what its envelopes became, and is not executed again.
 */
#include "ledger/inside.h"
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

#define KIND "edgecord/older/1"

enum { WALK_STEPS = 256, SYNC_BYTES = 1 << 20 };

uint64_t older_floor(const struct ec_ledger *ledger)
{
	uint64_t kept = ledger->genesis->blocks_kept, pruned = ledger->persisted.pruned_seq;
	uint64_t old = ledger->seq > kept ? ledger->seq - kept : 0;
	return old > pruned ? old : pruned;
}

bool older_missing(const struct ec_ledger *ledger)
{
	return !ledger_order_only(ledger) && ledger->older.seq > older_floor(ledger);
}

uint64_t ec_ledger_older_missing(const struct ec_ledger *ledger)
{
	return older_missing(ledger) ? ledger->older.seq : 0;
}

static void older_write(struct ec_ledger *ledger)
{
	struct table_name name = table_name(AREA_KEPT, TABLE_META, 0);
	uint8_t bytes[8 + 32];
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	ec_write_u64(&writer, ledger->older.seq);
	ec_write_hash(&writer, &ledger->older.hash);
	ledger->store->put(ledger->store, name.at, name.size, bytes, writer.size);
}

bool older_load(struct ec_ledger *ledger)
{
	struct table_name name = table_name(AREA_KEPT, TABLE_META, 0);
	struct ec_bytes value;
	if (!ledger->store->get(ledger->store, name.at, name.size, &value))
		return false;
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	ledger->older = (struct older){.seq = ec_read_u64(&reader), .hash = ec_read_hash(&reader)};
	return ec_reader_done(&reader);
}

void older_begin(struct ec_ledger *ledger, uint64_t seq, const ec_hash *hash)
{
	ledger->older = (struct older){.seq = seq, .hash = *hash};
	older_write(ledger);
}

static void older_descend(struct ec_ledger *ledger, const struct ec_header *header)
{
	assert(header->seq == ledger->older.seq);
	ledger->older.seq--;
	ledger->older.hash = header->previous;
}

static void another_note(struct ec_ledger *ledger, struct ec_bytes own)
{
	struct another *another = &ledger->another;
	if (own.size > sizeof another->own)
		return;
	*another = (struct another){
		.seq = ledger->older.seq, .theirs = ledger->older.hash, .own_size = own.size};
	memcpy(another->own, own.data, own.size);
}

bool ec_ledger_older_differs(const struct ec_ledger *ledger, uint64_t *seq, ec_hash *theirs,
                             struct ec_bytes *own)
{
	const struct another *another = &ledger->another;
	if (!another->seq)
		return false;
	*seq = another->seq;
	*theirs = another->theirs;
	*own = ec_pool_copy(ledger->config.pool, another->own, another->own_size);
	return true;
}

/* Whether the wanted block is here already, from before the transfer.  One of another history is
 * noted and forgotten. */
static bool own_found(struct ec_ledger *ledger, struct ec_header *header)
{
	struct stored_block block;
	if (!stored_block(ledger, ledger->older.seq, &block))
		return false;
	ec_hash hash = ec_header_hash(block.header);
	if (ec_hash_equal(&hash, &ledger->older.hash) && ec_header_read(block.header, header))
		return true;
	another_note(ledger, block.header);
	block_forget(ledger, ledger->older.seq);
	return false;
}

bool ec_ledger_older_wanted(struct ec_ledger *ledger, uint64_t *seq, ec_hash *hash)
{
	struct ec_header header;
	uint32_t steps = 0;
	bool here = true;
	while (older_missing(ledger) && steps < WALK_STEPS && (here = own_found(ledger, &header))) {
		older_descend(ledger, &header);
		steps++;
	}
	if (steps > 0)
		older_write(ledger);
	*seq = ledger->older.seq;
	*hash = ledger->older.hash;
	return !here;
}

static uint32_t slot_end(const struct stored_block *block, uint32_t slot)
{
	return slot + 1 < block->slots ? block->first[slot + 1] : block->count;
}

/* A block's batches with their results, from the store. */
static bool batches_put(struct ec_ledger *ledger, uint64_t seq, const struct stored_block *block,
                        struct ec_cbor_writer *writer)
{
	struct ec_bytes batch;
	uint32_t batches = 0;
	for (uint32_t i = 0; i < block->slots; i++)
		batches += block->first[i] < slot_end(block, i);
	ec_cbor_write_array(writer, batches);
	for (uint32_t i = 0; i < block->slots; i++) {
		uint32_t end = slot_end(block, i);
		if (block->first[i] == end)
			continue;
		struct table_name name = table_name_part(AREA_KEPT, TABLE_BATCH, seq, i);
		if (!ledger->store->get(ledger->store, name.at, name.size, &batch))
			return false;
		ec_cbor_write_array(writer, 2);
		ec_cbor_write_bytes(writer, batch.data, batch.size);
		ec_cbor_write_array(writer, end - block->first[i]);
		for (uint32_t e = block->first[i]; e < end; e++) {
			struct ec_bytes result = stored_result(block, e);
			ec_cbor_write_bytes(writer, result.data, result.size);
		}
	}
	return true;
}

/* One block, and the history before it.  Returns: false when a part of it is not here. */
static bool block_put(struct ec_ledger *ledger, uint64_t seq, const struct stored_block *block,
                      struct ec_cbor_writer *writer)
{
	struct ec_frontier frontier;
	if (!history_load(ledger, seq - 1, &frontier))
		return false;
	field_begin_write(writer, 4, KIND);
	ec_cbor_write_bytes(writer, block->header.data, block->header.size);
	field_path_write(writer, frontier.full, (uint32_t)__builtin_popcountll(frontier.count));
	return batches_put(ledger, seq, block, writer);
}

/* The blocks of a run downwards, each with its size before it.  In: all of them are here. */
static void run_put(struct ec_ledger *ledger, uint64_t seq, uint64_t last, uint8_t *at, size_t size)
{
	for (; seq >= last; seq--) {
		struct stored_block block;
		bool here = stored_block(ledger, seq, &block) && size >= 4;
		assert(here);
		(void)here;
		struct ec_cbor_writer item = ec_cbor_writer_over(at + 4, size - 4);
		block_put(ledger, seq, &block, &item);
		assert(ec_cbor_writer_ok(&item));
		struct ec_writer head = ec_writer_over(at, 4);
		ec_write_u32(&head, (uint32_t)item.out.size);
		at += 4 + item.out.size;
		size -= 4 + item.out.size;
	}
	assert(size == 0);
}

/* The lowest block of a run of at most `size_max` bytes that goes down from `seq`.  Returns: 0 when
 * not even the first is here.  Out: the size of the run. */
static uint64_t run_last(struct ec_ledger *ledger, uint64_t seq, size_t size_max, size_t *size)
{
	uint64_t last = 0;
	*size = 0;
	for (; seq > 0; seq--) {
		struct stored_block block;
		struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
		if (!stored_block(ledger, seq, &block) || !block_put(ledger, seq, &block, &count) ||
		    count.out.size > UINT32_MAX)
			break;
		size_t with = *size + 4 + count.out.size;
		if (last > 0 && with > size_max)
			break;
		*size = with;
		last = seq;
	}
	return last;
}

bool ec_ledger_older_give(struct ec_ledger *ledger, uint64_t seq, const ec_hash *hash,
                          size_t size_max, struct ec_bytes *blocks)
{
	struct stored_block block;
	size_t size;
	if (!stored_block(ledger, seq, &block))
		return false;
	ec_hash own = ec_header_hash(block.header);
	uint64_t last = ec_hash_equal(&own, hash) ? run_last(ledger, seq, size_max, &size) : 0;
	if (last == 0)
		return false;
	*blocks = ec_pool_take(ledger->config.pool, size);
	run_put(ledger, seq, last, ec_writable(*blocks), size);
	return true;
}

/* The result of one envelope; its leaf is made of what was read, so that the root judges it. */
static bool result_read(struct ec_cbor *cbor, const struct entry *entry, struct block *block)
{
	struct ec_view bytes = ec_cbor_bytes(cbor, EC_DETAIL_MAX + 16);
	if (cbor->error || bytes.size == 0)
		return false;
	struct ec_cbor result = ec_cbor_over(bytes.data, bytes.size);
	ec_cbor_array_exact(&result, 2);
	unsigned code = (unsigned)ec_cbor_uint(&result, EC_RESULT_COUNT);
	struct ec_view detail = ec_cbor_span(&result);
	if (!ec_cbor_done(&result) || detail.size > EC_DETAIL_MAX)
		return false;
	entry_add(block, entry);
	block_result(block, entry, code, detail.data, detail.size);
	return true;
}

static bool batch_read(struct ec_ledger *ledger, struct ec_bytes whole, struct ec_cbor *cbor,
                       uint64_t envelopes, struct block *block)
{
	struct ec_batch batch;
	struct block_slot *slot = &block->slot[block->slots];
	ec_cbor_array_exact(cbor, 2);
	struct ec_bytes bytes = field_slice(whole, ec_cbor_bytes(cbor, whole.size));
	uint32_t results = ec_cbor_array(cbor, UINT32_MAX);
	if (cbor->error || bytes.size == 0 || !entries_read(ledger, bytes, &batch) ||
	    batch.count != results || results == 0 || results > envelopes - block->count)
		return false;
	*slot = (struct block_slot){
		.batch = ec_keep(bytes), .first = block->count, .count = results};
	block->slots++;
	for (uint32_t i = 0; i < results; i++)
		if (!result_read(cbor, &ledger->entries[i], block))
			return false;
	return true;
}

static bool roots_hold(const struct block *block, const struct ec_header *header)
{
	ec_hash batches = ec_merkle_root(block->batch_leaf, block->count);
	ec_hash results = ec_merkle_root(block->result_leaf, block->count);
	return block->count == header->envelopes && ec_hash_equal(&batches, &header->batch_root) &&
	       ec_hash_equal(&results, &header->result_root);
}

/* Reads the wanted block into `block`, and the history before it.  Returns: whether everything
 * about it holds. */
static bool block_read(struct ec_ledger *ledger, struct ec_bytes bytes, struct ec_header *header,
                       struct ec_frontier *before, struct block *block)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	field_begin(&cbor, 4, KIND);
	struct ec_bytes head = field_slice(bytes, ec_cbor_bytes(&cbor, EC_HEADER_SIZE_MAX));
	block->hash = ec_header_hash(head);
	if (cbor.error || !ec_hash_equal(&block->hash, &ledger->older.hash) ||
	    !ec_header_read(head, header) || header->seq != block->seq)
		return false;
	block->header_size = head.size;
	memcpy(block->header, head.data, head.size);
	block->stamp_ns = header->stamp_ns;
	if (!history_read(&cbor, header, before))
		return false;
	history_complete(before, block);
	uint32_t batches = ec_cbor_array(&cbor, BLOCK_POSITIONS);
	for (uint32_t i = 0; i < batches; i++)
		if (!batch_read(ledger, bytes, &cbor, header->envelopes, block))
			return false;
	block->first_position = header->position + 1 - block->slots;
	return ec_cbor_done(&cbor) && roots_hold(block, header);
}

static unsigned result_code(const struct block *block, uint32_t index)
{
	struct ec_bytes result = block_result_bytes(block, index);
	struct ec_cbor cbor = ec_cbor_over(result.data, result.size);
	ec_cbor_array_exact(&cbor, 2);
	return (unsigned)ec_cbor_uint(&cbor, EC_RESULT_COUNT);
}

static void block_take(struct ec_ledger *ledger, const struct block *block)
{
	for (uint32_t i = 0; i < block->count; i++)
		id_take(ledger, &block->id[i],
		        &(const struct id_place){
				.seq = block->seq, .index = i, .code = result_code(block, i)});
	block_write(ledger, block);
}

static bool wanted_take(struct ec_ledger *ledger, struct ec_bytes bytes)
{
	struct ec_header header;
	struct ec_frontier before;
	struct block *block = block_new(ledger->older.seq, 0);
	bool good = block_read(ledger, bytes, &header, &before, block);
	if (good) {
		block_take(ledger, block);
		history_frontier_put(ledger, &before);
		older_descend(ledger, &header);
		ledger->older.unsynced += bytes.size;
	}
	block_free(block);
	return good;
}

bool ec_ledger_older_take(struct ec_ledger *ledger, struct ec_bytes blocks)
{
	struct ec_reader reader = ec_reader_over(blocks.data, blocks.size);
	struct ec_header own;
	bool good = blocks.size > 0;
	while (good && older_missing(ledger) && !ec_reader_done(&reader) &&
	       !own_found(ledger, &own)) {
		size_t size;
		const uint8_t *at = ec_read_block(&reader, blocks.size, &size);
		good = at &&
		       wanted_take(ledger, ec_slice(blocks, (size_t)(at - blocks.data), size));
	}
	older_write(ledger);
	if (ledger->older.unsynced >= SYNC_BYTES || !older_missing(ledger)) {
		ledger->store->sync(ledger->store); /* a failure shows again at the next persist */
		ledger->older.unsynced = 0;
	}
	return good;
}
