/* log_record.c - one record of the write-ahead log, as it lies in a segment. */
#include "node/log_record.h"

#include "base/codec.h"
#include "crypto/hash.h"
#include "node/crc32c.h"

#include <assert.h>

enum { CRC_AT = 8, CRC_FROM = 12, CHAIN_AT = 32, CHAIN_FROM = 12 };
_Static_assert(CHAIN_AT + RECORD_CHAIN_SIZE == RECORD_HEAD_SIZE, "the chain ends the head");
_Static_assert(RECORD_HEAD_SIZE % RECORD_ALIGN == 0, "payloads begin aligned");

size_t log_record_space(size_t payload_size)
{
	assert(payload_size <= RECORD_PAYLOAD_MAX);
	return (RECORD_HEAD_SIZE + payload_size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

/* The chain value of a record whose head stands at `head`. */
static void chain_after(const struct log_chain *before, const uint8_t *head, const void *payload,
                        size_t size, uint8_t value[static RECORD_CHAIN_SIZE])
{
	const struct ec_part parts[] = {
		{before->value, RECORD_CHAIN_SIZE},
		{head + CHAIN_FROM, CHAIN_AT - CHAIN_FROM},
		{payload, size},
	};
	ec_hash hash = ec_sha256_parts(parts, 3);
	memcpy(value, hash.b, RECORD_CHAIN_SIZE);
}

void log_record_write(struct log_chain *chain, uint64_t durable, const void *payload, size_t size,
                      uint8_t *out)
{
	size_t space = log_record_space(size);
	assert(durable <= chain->seq);
	struct ec_writer writer = ec_writer_over(out, RECORD_HEAD_SIZE);
	ec_write_u64(&writer, chain->tag);
	ec_write_u32(&writer, 0);
	ec_write_u32(&writer, (uint32_t)size);
	ec_write_u64(&writer, chain->seq + 1);
	ec_write_u64(&writer, durable);
	assert(ec_writer_ok(&writer) && writer.size == CHAIN_AT);
	chain_after(chain, out, payload, size, chain->value);
	memcpy(out + CHAIN_AT, chain->value, RECORD_CHAIN_SIZE);
	if (size)
		memcpy(out + RECORD_HEAD_SIZE, payload, size);
	memset(out + RECORD_HEAD_SIZE + size, 0, space - RECORD_HEAD_SIZE - size);
	uint32_t crc = crc32c(0, out + CRC_FROM, RECORD_HEAD_SIZE - CRC_FROM + size);
	writer = ec_writer_over(out + CRC_AT, 4);
	ec_write_u32(&writer, crc);
	chain->seq++;
}

bool log_record_whole(uint64_t tag, const uint8_t *at, size_t left, struct log_record *out)
{
	if (left < RECORD_HEAD_SIZE)
		return false;
	struct ec_reader reader = ec_reader_over(at, RECORD_HEAD_SIZE);
	if (ec_read_u64(&reader) != tag)
		return false;
	uint32_t crc = ec_read_u32(&reader);
	size_t size = ec_read_u32(&reader);
	out->seq = ec_read_u64(&reader);
	out->durable = ec_read_u64(&reader);
	if (size > RECORD_PAYLOAD_MAX || log_record_space(size) > left)
		return false;
	out->payload = at + RECORD_HEAD_SIZE;
	out->payload_size = size;
	out->space = log_record_space(size);
	return crc32c(0, at + CRC_FROM, RECORD_HEAD_SIZE - CRC_FROM + size) == crc;
}

bool log_record_read(struct log_chain *chain, const uint8_t *at, size_t left,
                     struct log_record *out)
{
	uint8_t value[RECORD_CHAIN_SIZE];
	if (!log_record_whole(chain->tag, at, left, out) || out->seq != chain->seq + 1)
		return false;
	chain_after(chain, at, out->payload, out->payload_size, value);
	if (memcmp(value, at + CHAIN_AT, sizeof value) != 0)
		return false;
	memcpy(chain->value, value, sizeof value);
	chain->seq++;
	return true;
}

bool log_record_find(uint64_t tag, const uint8_t *at, size_t left, uint64_t seq_min,
                     uint64_t durable_min, struct log_record *out)
{
	for (; left >= RECORD_HEAD_SIZE; at += RECORD_ALIGN, left -= RECORD_ALIGN)
		if (log_record_whole(tag, at, left, out) && out->seq >= seq_min &&
		    out->durable >= durable_min)
			return true;
	return false;
}
