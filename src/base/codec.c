/* codec.c - fixed little-endian fields, bounded in both directions. */
#include "base/codec.h"

#include <assert.h>

struct ec_reader ec_reader_over(const void *data, size_t size)
{
	return (struct ec_reader){.at = data, .left = size};
}

const uint8_t *ec_read_raw(struct ec_reader *reader, size_t size)
{
	if (reader->bad || reader->left < size) {
		reader->bad = true;
		return NULL;
	}
	const uint8_t *at = reader->at;
	if (size) {
		reader->at += size;
		reader->left -= size;
	}
	return at;
}

static uint64_t read_number(struct ec_reader *reader, size_t size)
{
	const uint8_t *at = ec_read_raw(reader, size);
	uint64_t value = 0;
	for (size_t i = 0; at && i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

uint8_t ec_read_u8(struct ec_reader *reader)
{
	return (uint8_t)read_number(reader, 1);
}

uint16_t ec_read_u16(struct ec_reader *reader)
{
	return (uint16_t)read_number(reader, 2);
}

uint32_t ec_read_u32(struct ec_reader *reader)
{
	return (uint32_t)read_number(reader, 4);
}

uint64_t ec_read_u64(struct ec_reader *reader)
{
	return read_number(reader, 8);
}

ec_hash ec_read_hash(struct ec_reader *reader)
{
	ec_hash hash = {0};
	const uint8_t *at = ec_read_raw(reader, sizeof hash.b);
	if (at)
		memcpy(hash.b, at, sizeof hash.b);
	return hash;
}

const uint8_t *ec_read_block(struct ec_reader *reader, size_t size_max, size_t *size)
{
	*size = ec_read_u32(reader);
	if (*size > size_max)
		reader->bad = true;
	const uint8_t *at = ec_read_raw(reader, *size);
	if (!at)
		*size = 0;
	return at;
}

bool ec_reader_done(const struct ec_reader *reader)
{
	return !reader->bad && reader->left == 0;
}

struct ec_writer ec_writer_over(void *data, size_t size_max)
{
	return (struct ec_writer){.at = data, .size_max = size_max};
}

void ec_write_raw(struct ec_writer *writer, const void *data, size_t size)
{
	assert(size <= SIZE_MAX - writer->size);
	if (size && writer->at && writer->size + size <= writer->size_max)
		memcpy(writer->at + writer->size, data, size);
	writer->size += size;
}

static void write_number(struct ec_writer *writer, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	ec_write_raw(writer, bytes, size);
}

void ec_write_u8(struct ec_writer *writer, uint8_t value)
{
	write_number(writer, value, 1);
}

void ec_write_u16(struct ec_writer *writer, uint16_t value)
{
	write_number(writer, value, 2);
}

void ec_write_u32(struct ec_writer *writer, uint32_t value)
{
	write_number(writer, value, 4);
}

void ec_write_u64(struct ec_writer *writer, uint64_t value)
{
	write_number(writer, value, 8);
}

void ec_write_hash(struct ec_writer *writer, const ec_hash *value)
{
	ec_write_raw(writer, value->b, sizeof value->b);
}

void ec_write_block(struct ec_writer *writer, const void *data, size_t size)
{
	assert(size <= UINT32_MAX);
	ec_write_u32(writer, (uint32_t)size);
	ec_write_raw(writer, data, size);
}

bool ec_writer_ok(const struct ec_writer *writer)
{
	return writer->size <= writer->size_max;
}
