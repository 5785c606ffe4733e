/* records.c - what the log of a member holds, and which of it is still needed.
 *
 * (I1) A record is dead only once what replaces it is durable.
 */
#include "group/records.h"

#include "base/codec.h"

#include <assert.h>
#include <stdlib.h>

/* A part of `bytes`. */
static struct ec_bytes block_read(struct ec_reader *reader, struct ec_bytes bytes)
{
	size_t size;
	const uint8_t *at = ec_read_block(reader, RECORD_BYTES_MAX, &size);
	return at ? ec_slice(bytes, (size_t)(at - bytes.data), size) : EC_NO_BYTES;
}

bool record_read(struct ec_bytes bytes, struct record *record)
{
	struct ec_reader reader = ec_reader_over(bytes.data, bytes.size);
	*record = (struct record){.kind = (enum record_kind)ec_read_u8(&reader)};
	record->cut = ec_read_u8(&reader) != 0;
	record->era = ec_read_u64(&reader);
	record->seq = ec_read_u64(&reader);
	record->hash = ec_read_hash(&reader);
	record->head = block_read(&reader, bytes);
	record->body = block_read(&reader, bytes);
	return ec_reader_done(&reader) && record->kind >= 1 && record->kind < RECORD_KINDS;
}

struct ec_bytes record_write(struct ec_pool *pool, const struct record *record)
{
	size_t size = 2 + 8 + 8 + 32 + 4 + record->head.size + 4 + record->body.size;
	assert(record->head.size + record->body.size <= RECORD_BYTES_MAX);
	struct ec_bytes bytes = ec_pool_take(pool, size);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), size);
	ec_write_u8(&writer, (uint8_t)record->kind);
	ec_write_u8(&writer, record->cut);
	ec_write_u64(&writer, record->era);
	ec_write_u64(&writer, record->seq);
	ec_write_hash(&writer, &record->hash);
	ec_write_block(&writer, record->head.data, record->head.size);
	ec_write_block(&writer, record->body.data, record->body.size);
	assert(ec_writer_ok(&writer) && writer.size == size);
	return bytes;
}

struct ec_bytes diverged_write(struct ec_pool *pool, struct ec_bytes header,
                               struct ec_bytes certificate)
{
	size_t size = 4 + header.size + 4 + certificate.size;
	struct ec_bytes bytes = ec_pool_take(pool, size);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), size);
	ec_write_block(&writer, header.data, header.size);
	ec_write_block(&writer, certificate.data, certificate.size);
	assert(ec_writer_ok(&writer) && writer.size == size);
	return bytes;
}

bool diverged_read(struct ec_bytes body, struct ec_bytes *header, struct ec_bytes *certificate)
{
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	struct ec_bytes *const parts[] = {header, certificate};
	for (int i = 0; i < 2; i++)
		*parts[i] = block_read(&reader, body);
	return ec_reader_done(&reader);
}

static struct record_mark *mark_at(const struct records *records, uint32_t i)
{
	assert(i < records->count);
	return &records->at[(records->first + i) % records->capacity];
}

static void grow(struct records *records)
{
	uint32_t capacity = records->capacity ? 2 * records->capacity : 64;
	struct record_mark *at = malloc(capacity * sizeof *at);
	if (!at)
		abort();
	for (uint32_t i = 0; i < records->count; i++)
		at[i] = *mark_at(records, i);
	free(records->at);
	records->at = at;
	records->first = 0;
	records->capacity = capacity;
}

void records_append(struct records *records, const struct record *record)
{
	if (records->count == records->capacity)
		grow(records);
	records->count++;
	*mark_at(records, records->count - 1) = (struct record_mark){
		.kind = record->kind, .cut = record->cut, .era = record->era, .seq = record->seq};
}

/* Whether such a record is of use in its era alone. */
static bool of_its_era(enum record_kind kind)
{
	return kind == RECORD_PROTOCOL || kind == RECORD_WITHHELD;
}

/* Whether a durable `newer` makes `older`, which came before it, needless. */
static bool replaces(const struct record_mark *newer, const struct record_mark *older)
{
	if (newer->kind != older->kind)
		return false;
	if (newer->kind == RECORD_SIGNED || newer->kind == RECORD_WITHHELD)
		return true;
	if (newer->kind == RECORD_GUILTY)
		return newer->era == older->era && newer->seq == older->seq;
	return newer->kind == RECORD_PROTOCOL && newer->cut && newer->era == older->era &&
	       older->seq <= newer->seq;
}

struct record_mark records_durable(struct records *records)
{
	assert(records->durable < records->count);
	struct record_mark mark = *mark_at(records, records->durable);
	mark_at(records, records->durable)->dead |=
		of_its_era(mark.kind) && mark.era < records->era;
	if (mark.cut || mark.kind != RECORD_PROTOCOL)
		for (uint32_t i = 0; i < records->durable; i++)
			mark_at(records, i)->dead |= replaces(&mark, mark_at(records, i));
	records->durable++;
	return mark;
}

void records_era(struct records *records, uint64_t era)
{
	records->era = era;
	for (uint32_t i = 0; i < records->durable; i++) {
		struct record_mark *mark = mark_at(records, i);
		mark->dead |= of_its_era(mark->kind) && mark->era < era;
	}
}

const struct record_mark *records_first(const struct records *records)
{
	return records->durable ? mark_at(records, 0) : NULL;
}

uint32_t records_trim(struct records *records)
{
	uint32_t count = 0;
	while (records->durable && mark_at(records, 0)->dead) {
		records->first = (records->first + 1) % records->capacity;
		records->count--;
		records->durable--;
		count++;
	}
	return count;
}

void records_free(struct records *records)
{
	free(records->at);
	*records = (struct records){0};
}
