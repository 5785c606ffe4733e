/* log_record.h - one record of the write-ahead log, as it lies in a segment.
 *
 *    0  u64  tag       of this log: drawn at random, told to nobody, so that nothing that a client
 *                      sends can look like a record
 *    8  u32  crc       CRC-32C of what follows it, to the end of the payload
 *   12  u32  size      of the payload
 *   16  u64  seq       counts all records of the log from 1
 *   24  u64  durable   all records up to this seq were synced before this one was written
 *   32  u8[16] chain   first half of SHA-256(chain of the record before || bytes 12..32 || payload)
 *   48  payload, then zeros up to a multiple of 8
 *
 * Little-endian.  A payload of no bytes is a seal: it carries nothing but its `durable`.
 */
#ifndef EC_NODE_LOG_RECORD_H
#define EC_NODE_LOG_RECORD_H

#include "base/bytes.h"

enum {
	RECORD_HEAD_SIZE = 48,
	RECORD_ALIGN = 8,
	RECORD_CHAIN_SIZE = 16,
	RECORD_PAYLOAD_MAX = 64 << 20,
};

/* What a record must follow. */
struct log_chain {
	uint64_t tag;
	uint64_t seq; /* of the last record; 0: none */
	uint8_t value[RECORD_CHAIN_SIZE];
};

struct log_record {
	uint64_t seq, durable;
	const uint8_t *payload; /* inside the bytes read */
	size_t payload_size;
	size_t space; /* head, payload and padding */
};

/* Bytes that a record with such a payload takes.  In: payload_size <= RECORD_PAYLOAD_MAX. */
size_t log_record_space(size_t payload_size);

/* Writes the next record to out[0..log_record_space(size)) and moves the chain on. */
void log_record_write(struct log_chain *chain, uint64_t durable, const void *payload, size_t size,
                      uint8_t *out);

/* Reads the record that follows the chain at `at`, and moves the chain on.  Returns: false when
 * something else stands there; the chain is as before. */
bool log_record_read(struct log_chain *chain, const uint8_t *at, size_t left,
                     struct log_record *out);

/* Reads a record of this log at `at`, whatever it follows: tag, size and CRC agree.  Returns: false
 * when there is none. */
bool log_record_whole(uint64_t tag, const uint8_t *at, size_t left, struct log_record *out);

/* Looks for any whole record of this log, seq at least `seq_min`, at `at` or after it in steps of
 * RECORD_ALIGN, whatever it follows; durable at least `durable_min`.  Returns: false for none. */
bool log_record_find(uint64_t tag, const uint8_t *at, size_t left, uint64_t seq_min,
                     uint64_t durable_min, struct log_record *out);

#endif
