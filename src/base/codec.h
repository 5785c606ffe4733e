/* codec.h - a bounded reader and writer of fixed little-endian fields: consensus heads, frames,
 * records.  An error sticks: read everything, then ask once.  Outside formats use base/cbor.h. */
#ifndef EC_CODEC_H
#define EC_CODEC_H

#include "base/bytes.h"

struct ec_reader {
	const uint8_t *at;
	size_t left;
	bool bad; /* something was missing; every later read gives 0 */
};

/* A reader over `size` bytes, which it borrows. */
struct ec_reader ec_reader_over(const void *data, size_t size);

/* Each takes a field of its width, little-endian; the hash as its 32 bytes.  Returns: 0 when the
 * reader is bad or fewer bytes are left, which makes it bad. */
uint8_t ec_read_u8(struct ec_reader *reader);
uint16_t ec_read_u16(struct ec_reader *reader);
uint32_t ec_read_u32(struct ec_reader *reader);
uint64_t ec_read_u64(struct ec_reader *reader);
ec_hash ec_read_hash(struct ec_reader *reader);

/* `size` bytes in place, or NULL when fewer are left, which makes the reader bad. */
const uint8_t *ec_read_raw(struct ec_reader *reader, size_t size);

/* A u32 length, then that many bytes in place.  Out: size, at most size_max, else the reader is
 * bad. */
const uint8_t *ec_read_block(struct ec_reader *reader, size_t size_max, size_t *size);

/* Whether nothing was missing and nothing is left over. */
bool ec_reader_done(const struct ec_reader *reader);

struct ec_writer {
	uint8_t *at; /* NULL: only counts */
	size_t size; /* written so far, also what did not fit */
	size_t size_max;
};

/* A writer into `data`, which it borrows; NULL: it only counts, and size_max is what ec_writer_ok
 * compares with. */
struct ec_writer ec_writer_over(void *data, size_t size_max);

/* Each appends a field of its width, little-endian; the hash and raw bytes as they stand; a block
 * as a u32 length and its bytes, as ec_read_block takes it.  What does not fit is counted, not
 * written. */
void ec_write_u8(struct ec_writer *writer, uint8_t value);
void ec_write_u16(struct ec_writer *writer, uint16_t value);
void ec_write_u32(struct ec_writer *writer, uint32_t value);
void ec_write_u64(struct ec_writer *writer, uint64_t value);
void ec_write_hash(struct ec_writer *writer, const ec_hash *value);
void ec_write_raw(struct ec_writer *writer, const void *data, size_t size);
void ec_write_block(struct ec_writer *writer, const void *data, size_t size);

/* Whether all of it fitted. */
bool ec_writer_ok(const struct ec_writer *writer);

#endif
