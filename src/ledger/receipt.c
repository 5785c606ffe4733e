/* receipt.c - proofs for envelopes, made from the blocks that are kept. */
#include "ledger/proof_write.h"
#include "ledger/field.h"

#include <assert.h>

/* What a receipt is made of; borrowed from a block in memory or in the store. */
struct body {
	struct ec_bytes header, batch, result;
	uint32_t count, index; /* of the envelope in the block */
	uint32_t index_in_batch;
	const ec_hash *batch_leaves, *result_leaves;
};

static bool body_from_memory(const struct block *block, uint32_t index, struct body *body)
{
	uint32_t slot = 0;
	while (slot + 1 < block->slots && block->slot[slot + 1].first <= index)
		slot++;
	*body = (struct body){
		.header = {.data = block->header, .size = block->header_size},
		.batch = block->slot[slot].batch,
		.result = block_result_bytes(block, index),
		.count = block->count,
		.index = index,
		.index_in_batch = index - block->slot[slot].first,
		.batch_leaves = block->batch_leaf,
		.result_leaves = block->result_leaf,
	};
	return true;
}

static bool body_from_store(struct ec_ledger *ledger, uint64_t seq, uint32_t index,
                            struct body *body)
{
	struct stored_block block;
	struct ec_bytes batch;
	uint32_t slot = 0;
	if (!stored_block(ledger, seq, &block) || index >= block.count)
		return false;
	while (slot + 1 < block.slots && block.first[slot + 1] <= index)
		slot++;
	struct table_name name = table_name_part(AREA_KEPT, TABLE_BATCH, seq, slot);
	if (!ledger->store->get(ledger->store, name.at, name.size, &batch))
		return false;
	*body = (struct body){
		.header = block.header,
		.batch = batch,
		.result = stored_result(&block, index),
		.count = block.count,
		.index = index,
		.index_in_batch = index - block.first[slot],
		.batch_leaves = (const ec_hash *)(const void *)block.batch_leaves,
		.result_leaves = (const ec_hash *)(const void *)block.result_leaves,
	};
	return true;
}
_Static_assert(_Alignof(ec_hash) == 1, "hashes in a record are read in place");

static bool item_find(const struct ec_ledger *ledger, const struct body *body,
                      struct ec_batch_item *item)
{
	struct ec_batch batch;
	if (!ec_batch_read(body->batch, ledger->genesis->batch_envelopes_max, &batch))
		return false;
	for (uint32_t i = 0; i <= body->index_in_batch; i++)
		if (!ec_batch_next(&batch, item))
			return false;
	return true;
}

static void claim_put(const struct body *body, const struct ec_batch_item *item,
                      struct ec_cbor_writer *writer)
{
	ec_hash path[EC_MERKLE_PATH_MAX];
	ec_cbor_write_array(writer, 7);
	ec_cbor_write_uint(writer, 0);
	ec_cbor_write_bytes(writer, item->envelope.data, item->envelope.size);
	ec_cbor_write_bytes(writer, item->salt, EC_SALT_SIZE);
	ec_cbor_write_uint(writer, body->index);
	uint32_t length = ec_merkle_path(body->batch_leaves, body->count, body->index, path);
	field_path_write(writer, path, length);
	ec_cbor_write_bytes(writer, body->result.data, body->result.size);
	length = ec_merkle_path(body->result_leaves, body->count, body->index, path);
	field_path_write(writer, path, length);
}

/* The claim, with one owner. */
static struct ec_bytes claim_write(struct ec_ledger *ledger, const struct body *body,
                                   const struct ec_batch_item *item)
{
	size_t size = item->envelope.size + body->result.size + 2 * EC_MERKLE_PATH_MAX * 34 + 256;
	struct ec_bytes claim = ec_pool_take(ledger->config.pool, size);
	struct ec_cbor_writer writer = ec_cbor_writer_over(ec_writable(claim), size);
	claim_put(body, item, &writer);
	assert(ec_cbor_writer_ok(&writer));
	return ec_slice(claim, 0, writer.out.size);
}

/* The proof of an envelope in a block, by what the plan says covers it. */
static enum ec_lookup receipt(struct ec_ledger *ledger, struct proof_plan plan, uint32_t index,
                              struct ec_bytes *proof)
{
	struct body body;
	struct ec_batch_item item;
	const struct block *block = block_at(ledger, plan.seq);
	bool there = block ? body_from_memory(block, index, &body)
	                   : body_from_store(ledger, plan.seq, index, &body);
	if (!there || !item_find(ledger, &body, &item))
		return older_missing(ledger) ? EC_ELSEWHERE : EC_PRUNED;
	plan.header = body.header;
	plan.claim = claim_write(ledger, &body, &item);
	enum ec_lookup found = proof_write(ledger, &plan, proof);
	ec_drop(plan.claim);
	return found;
}

enum ec_lookup ec_ledger_receipt(struct ec_ledger *ledger, const ec_hash *id,
                                 struct ec_bytes *proof)
{
	uint64_t seq;
	uint32_t index;
	enum ec_lookup found = ec_ledger_result(ledger, id, NULL, &seq, &index);
	if (found != EC_FOUND)
		return found;
	if (seq > ledger->certified_seq)
		return EC_NOT_YET;
	return receipt(ledger, (struct proof_plan){.seq = seq}, index, proof);
}

enum ec_lookup ec_ledger_receipt_under(struct ec_ledger *ledger, const ec_hash *id, uint64_t later,
                                       const struct ec_certificate *signatures,
                                       struct ec_bytes *proof)
{
	uint8_t bytes[EC_CERTIFICATE_SIZE_MAX];
	struct ec_bytes header;
	uint64_t seq;
	uint32_t index;
	enum ec_lookup found = ec_ledger_result(ledger, id, NULL, &seq, &index);
	if (found != EC_FOUND)
		return found;
	if (seq > later || later > ledger->final_seq || !signatures->count ||
	    !ec_ledger_header(ledger, later, &header))
		return EC_NOT_YET;
	size_t size = ec_certificate_write(signatures, bytes, sizeof bytes);
	assert(size <= sizeof bytes);
	struct proof_plan plan = {.seq = seq,
	                          .by_seq = later,
	                          .by_header = header,
	                          .by_certificate = {.data = bytes, .size = size}};
	found = receipt(ledger, plan, index, proof);
	ec_drop(header);
	return found;
}
