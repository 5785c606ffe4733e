/* stored.c - a block's record in the store, read in place. */
#include "ledger/inside.h"
#include "base/codec.h"

bool stored_block_read(struct ec_bytes bytes, struct stored_block *out)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	out->first_position = ec_read_u64(&reader);
	out->stamp_ns = ec_read_u64(&reader);
	out->header.data = ec_read_block(&reader, EC_HEADER_SIZE_MAX, &out->header.size);
	out->header.buffer = NULL;
	out->slots = ec_read_u32(&reader);
	if (out->slots > BLOCK_POSITIONS)
		return false;
	for (uint32_t i = 0; i < out->slots; i++) {
		out->first[i] = ec_read_u32(&reader);
		ec_read_u32(&reader);
	}
	out->count = ec_read_u32(&reader);
	out->ids = ec_read_raw(&reader, (size_t)out->count * 32);
	out->batch_leaves = ec_read_raw(&reader, (size_t)out->count * 32);
	out->result_leaves = ec_read_raw(&reader, (size_t)out->count * 32);
	out->result_ends = ec_read_raw(&reader, (size_t)out->count * 4);
	out->results = ec_read_block(&reader, bytes.size, &out->results_size);
	return ec_reader_done(&reader);
}

bool stored_block(struct ec_ledger *ledger, uint64_t seq, struct stored_block *out)
{
	struct table_name name = table_name(AREA_KEPT, TABLE_BLOCK, seq);
	struct ec_bytes value;
	return ledger->store->get(ledger->store, name.at, name.size, &value) &&
	       stored_block_read(value, out);
}

struct ec_bytes stored_result(const struct stored_block *block, uint32_t index)
{
	struct ec_reader ends = ec_reader_over(block->result_ends, (size_t)block->count * 4);
	uint32_t start = 0;
	if (index > 0) {
		ec_read_raw(&ends, (size_t)(index - 1) * 4);
		start = ec_read_u32(&ends);
	}
	uint32_t end = ec_read_u32(&ends);
	if (ends.bad || end < start || end > block->results_size)
		return EC_NO_BYTES;
	return (struct ec_bytes){.data = block->results + start, .size = end - start};
}
