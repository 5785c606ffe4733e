/* block.c - a block under construction: positions, envelopes, results. */
#include "ledger/inside.h"
#include "base/cbor.h"

#include <assert.h>
#include <stdlib.h>

struct block *block_new(uint64_t seq, uint64_t first_position)
{
	struct block *block = calloc(1, sizeof *block);
	if (!block)
		abort();
	block->seq = seq;
	block->first_position = first_position;
	return block;
}

void block_free(struct block *block)
{
	if (!block)
		return;
	for (uint32_t i = 0; i < block->slots; i++)
		ec_drop(block->slot[i].batch);
	free(block->id);
	free(block->batch_leaf);
	free(block->result_leaf);
	free(block->result_end);
	free(block->results);
	free(block);
}

static void *resize(void *at, size_t count, size_t size)
{
	at = realloc(at, count * size);
	if (!at)
		abort();
	return at;
}

void block_add(struct block *block, const ec_hash *id, const ec_hash *batch_leaf)
{
	if (block->count == block->capacity) {
		block->capacity = block->capacity ? block->capacity * 2 : 16;
		block->id = resize(block->id, block->capacity, sizeof(ec_hash));
		block->batch_leaf = resize(block->batch_leaf, block->capacity, sizeof(ec_hash));
		block->result_leaf = resize(block->result_leaf, block->capacity, sizeof(ec_hash));
		block->result_end = resize(block->result_end, block->capacity, sizeof(uint32_t));
	}
	block->id[block->count] = *id;
	block->batch_leaf[block->count] = *batch_leaf;
	block->count++;
}

void block_result(struct block *block, const struct entry *entry, unsigned code,
                  const uint8_t *detail, size_t detail_size)
{
	static const uint8_t null[] = {0xf6};
	uint8_t bytes[EC_DETAIL_MAX + 16];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, code);
	ec_cbor_write_item(&writer, detail_size ? detail : null, detail_size ? detail_size : 1);
	assert(ec_cbor_writer_ok(&writer) && block->count > 0);
	size_t size = writer.out.size;
	if (block->results_size + size > block->results_capacity) {
		block->results_capacity = 2 * block->results_capacity + 1024;
		block->results = resize(block->results, block->results_capacity, 1);
	}
	memcpy(block->results + block->results_size, bytes, size);
	block->results_size += size;
	assert(block->results_size <= UINT32_MAX);
	block->result_end[block->count - 1] = (uint32_t)block->results_size;
	const struct ec_part parts[] = {
		{"\x00", 1}, {entry->salt, EC_SALT_SIZE}, {entry->id.b, 32}, {bytes, size}};
	block->result_leaf[block->count - 1] = ec_sha256_parts(parts, 4);
}

struct ec_bytes block_result_bytes(const struct block *block, uint32_t index)
{
	assert(index < block->count);
	uint32_t start = index ? block->result_end[index - 1] : 0;
	return (struct ec_bytes){.data = block->results + start,
	                         .size = block->result_end[index] - start};
}

void block_cut(struct block *block, uint32_t slots)
{
	assert(slots <= block->slots);
	while (block->slots > slots) {
		struct block_slot *slot = &block->slot[--block->slots];
		block->count = slot->first;
		ec_drop(slot->batch);
	}
	block->results_size = block->count ? block->result_end[block->count - 1] : 0;
	block->header_size = 0;
	block->nodes = 0;
}

uint64_t block_last_position(const struct block *block)
{
	return block->first_position + block->slots - 1;
}

uint64_t block_bytes(const struct block *block)
{
	uint64_t bytes = sizeof *block + block->results_size;
	for (uint32_t i = 0; i < block->slots; i++)
		bytes += block->slot[i].batch.size;
	return bytes + (uint64_t)block->count * (3 * sizeof(ec_hash) + sizeof(uint32_t));
}

struct block *block_at(const struct ec_ledger *ledger, uint64_t seq)
{
	if (seq <= ledger->persisted.seq || seq > ledger->seq)
		return NULL;
	return ledger->blocks[seq - ledger->persisted.seq - 1];
}

bool block_rooted(const struct ec_ledger *ledger, uint64_t seq)
{
	const struct block *block = block_at(ledger, seq);
	return block ? block->rooted : seq == ledger->persisted.seq && ledger->persisted.rooted;
}

uint64_t block_newest_rooted(const struct ec_ledger *ledger, uint64_t seq_max)
{
	uint64_t seq = seq_max < ledger->seq ? seq_max : ledger->seq;
	for (; seq >= ledger->persisted.seq && seq > 0; seq--)
		if (block_rooted(ledger, seq))
			return seq;
	return 0;
}
