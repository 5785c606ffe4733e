/* log_record_fuzz.c - any payloads, any damage: what was written before the damage is read back,
 * nothing damaged ever is, and bytes of strangers are no records. */
#include "node/log_record.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM = 1 << 16, RECORDS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes as they come: whatever is read is within them. */
static void strange_bytes(const uint8_t *data, size_t size)
{
	struct log_chain chain = {.tag = 0};
	struct log_record record;
	if (size >= sizeof chain.tag)
		memcpy(&chain.tag, data, sizeof chain.tag);
	if (log_record_read(&chain, data, size, &record))
		assert(record.space <= size && record.payload_size <= record.space);
	if (log_record_find(chain.tag, data, size, 0, 0, &record))
		assert(record.payload >= data &&
		       record.payload + record.payload_size <= data + size);
}

/* Records with the input as payloads; then byte `at` is changed. */
static void damaged_log(const uint8_t *data, size_t size)
{
	static uint8_t log[ROOM];
	size_t end[RECORDS_MAX], used = 0, count = 0;
	struct log_chain chain = {.tag = 0x1122334455667788}, begin = chain;
	size_t at = (size_t)(data[0] | data[1] << 8);
	uint8_t change = data[2] ? data[2] : 1;
	for (size_t from = 3; from < size && count < RECORDS_MAX; count++) {
		size_t part = data[from] % (size - from + 1);
		if (used + log_record_space(part) > ROOM)
			break;
		log_record_write(&chain, count / 2, data + from, part, log + used);
		used += log_record_space(part);
		end[count] = used;
		from += part + 1;
	}
	memset(log + used, 0, ROOM - used);
	if (used)
		log[at %= used] ^= change;
	struct log_record record;
	size_t offset = 0, index = 0;
	while (index < count && log_record_read(&begin, log + offset, ROOM - offset, &record)) {
		offset += record.space;
		assert(offset == end[index]);
		/* The damage is behind it, or in the padding, which nobody reads. */
		assert(at >= offset || at >= offset - RECORD_ALIGN || at < offset - record.space);
		index++;
	}
	assert(index == count || at < end[index]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	strange_bytes(data, size);
	if (size >= 4)
		damaged_log(data, size);
	return 0;
}
