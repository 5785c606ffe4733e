/* meta.c - the names of a ledger's tables in its store, and the record that says where it stands.
 */
#include "ledger/inside.h"
#include "base/codec.h"
#include "ledger/field.h"

#include <assert.h>
#include <stdlib.h>

enum { ROSTER_SIZE_MAX = EC_VALUE_MAX };

struct table_name table_name(uint8_t area, enum ledger_table table, uint64_t number)
{
	struct table_name name = {.at = {area, (uint8_t)table}, .size = 2 + 8};
	for (int i = 0; i < 8; i++)
		name.at[2 + i] = (uint8_t)(number >> 8 * (7 - i));
	return name;
}

struct table_name table_name_part(uint8_t area, enum ledger_table table, uint64_t number,
                                  uint32_t part)
{
	struct table_name name = table_name(area, table, number);
	for (int i = 0; i < 4; i++)
		name.at[name.size++] = (uint8_t)(part >> 8 * (3 - i));
	return name;
}

bool table_next(struct ec_ledger *ledger, enum ledger_table table, uint64_t after, uint64_t *number)
{
	struct table_name from = table_name(AREA_KEPT, table, after);
	struct ec_bytes name, value;
	if (!ledger->store->next(ledger->store, from.at, from.size, &name, &value) ||
	    name.size != from.size || memcmp(name.data, from.at, 2) != 0)
		return false;
	*number = 0;
	for (int i = 0; i < 8; i++)
		*number = *number << 8 | name.data[2 + i];
	return true;
}

struct ec_bytes bytes_copy(const void *data, size_t size)
{
	if (size == 0)
		return EC_NO_BYTES;
	uint8_t *copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	return (struct ec_bytes){.data = copy, .size = size};
}

void bytes_free(struct ec_bytes *bytes)
{
	free((void *)(uintptr_t)bytes->data);
	*bytes = EC_NO_BYTES;
}

void meta_write(struct ec_ledger *ledger, uint8_t area, const struct meta *meta)
{
	uint8_t bytes[256 + EC_HEADER_SIZE_MAX];
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	struct table_name name = table_name(area, TABLE_META, 0);
	ec_write_hash(&writer, &ledger->genesis->hash);
	ec_write_u64(&writer, meta->seq);
	ec_write_u64(&writer, meta->position);
	ec_write_u64(&writer, meta->stamp_ns);
	ec_write_hash(&writer, &meta->hash);
	ec_write_u64(&writer, meta->pruned_seq);
	ec_write_u64(&writer, meta->state_bytes);
	ec_write_block(&writer, meta->header, meta->header_size);
	assert(ec_writer_ok(&writer));
	ledger->store->put(ledger->store, name.at, name.size, bytes, writer.size);
}

bool meta_read(struct ec_ledger *ledger, char *why, size_t why_size)
{
	struct table_name name = table_name(ledger->area, TABLE_META, 0);
	struct ec_bytes value;
	if (!ledger->store->get(ledger->store, name.at, name.size, &value))
		return field_refuse(why, why_size, "store: it does not say where it stands");
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	struct meta *meta = &ledger->persisted;
	struct ec_header block;
	ec_hash genesis = ec_read_hash(&reader);
	meta->seq = ec_read_u64(&reader);
	meta->position = ec_read_u64(&reader);
	meta->stamp_ns = ec_read_u64(&reader);
	meta->hash = ec_read_hash(&reader);
	meta->pruned_seq = ec_read_u64(&reader);
	meta->state_bytes = ec_read_u64(&reader);
	const uint8_t *header = ec_read_block(&reader, EC_HEADER_SIZE_MAX, &meta->header_size);
	if (!ec_reader_done(&reader))
		return field_refuse(why, why_size, "store: its record of where it stands is torn");
	memcpy(meta->header, header, meta->header_size);
	struct ec_bytes bytes = {.data = meta->header, .size = meta->header_size};
	meta->rooted = ec_header_read(bytes, &block) && ec_header_rooted(&block, ledger->genesis);
	return ec_hash_equal(&genesis, &ledger->genesis->hash) ||
	       field_refuse(why, why_size, "store: it is of another network: its genesis differs");
}

void era_end_write(struct ec_ledger *ledger, uint8_t area, uint64_t era, const struct era_end *end)
{
	struct table_name name = table_name(area, TABLE_ERA, era);
	size_t size = 8 + 3 * 4 + end->header.size + end->certificate.size + end->roster.size;
	uint8_t *bytes = malloc(size);
	if (!bytes)
		abort();
	struct ec_writer writer = ec_writer_over(bytes, size);
	ec_write_u64(&writer, end->seq);
	ec_write_block(&writer, end->header.data, end->header.size);
	ec_write_block(&writer, end->certificate.data, end->certificate.size);
	ec_write_block(&writer, end->roster.data, end->roster.size);
	assert(ec_writer_ok(&writer) && writer.size == size);
	ledger->store->put(ledger->store, name.at, name.size, bytes, size);
	free(bytes);
}

void era_ends_write(struct ec_ledger *ledger, uint64_t seq)
{
	for (uint32_t i = 0; i < ledger->ends_count; i++) {
		if (!ledger->ends[i].dirty || ledger->ends[i].seq > seq)
			continue;
		era_end_write(ledger, ledger->area, i + 1, &ledger->ends[i]);
		ledger->ends[i].dirty = false;
	}
}

void certified_write(struct ec_ledger *ledger, const struct table_name *name, uint64_t seq,
                     struct ec_bytes header, struct ec_bytes certificate)
{
	size_t size = 8 + 2 * 4 + header.size + certificate.size;
	uint8_t *bytes = malloc(size);
	if (!bytes)
		abort();
	struct ec_writer writer = ec_writer_over(bytes, size);
	ec_write_u64(&writer, seq);
	ec_write_block(&writer, header.data, header.size);
	ec_write_block(&writer, certificate.data, certificate.size);
	assert(ec_writer_ok(&writer));
	ledger->store->put(ledger->store, name->at, name->size, bytes, writer.size);
	free(bytes);
}

bool certified_read(struct ec_bytes value, uint64_t *seq, struct ec_bytes *header,
                    struct ec_bytes *certificate)
{
	struct ec_reader reader = ec_reader_over(value.data, value.size);
	*seq = ec_read_u64(&reader);
	header->data = ec_read_block(&reader, EC_HEADER_SIZE_MAX, &header->size);
	certificate->data = ec_read_block(&reader, EC_CERTIFICATE_SIZE_MAX, &certificate->size);
	header->buffer = certificate->buffer = NULL;
	return ec_reader_done(&reader);
}

static struct ec_bytes block_copy(struct ec_reader *reader, size_t size_max)
{
	size_t size;
	const uint8_t *at = ec_read_block(reader, size_max, &size);
	return at ? bytes_copy(at, size) : EC_NO_BYTES;
}

bool era_ends_read(struct ec_ledger *ledger)
{
	for (;;) {
		struct table_name name =
			table_name(ledger->area, TABLE_ERA, ledger->ends_count + 1);
		struct ec_bytes value;
		if (!ledger->store->get(ledger->store, name.at, name.size, &value))
			return true;
		size_t size = (ledger->ends_count + 1) * sizeof *ledger->ends;
		if (!(ledger->ends = realloc(ledger->ends, size)))
			abort();
		struct era_end *end = &ledger->ends[ledger->ends_count++];
		struct ec_reader reader = ec_reader_over(value.data, value.size);
		*end = (struct era_end){.seq = ec_read_u64(&reader)};
		end->header = block_copy(&reader, EC_HEADER_SIZE_MAX);
		end->certificate = block_copy(&reader, EC_CERTIFICATE_SIZE_MAX);
		end->roster = block_copy(&reader, ROSTER_SIZE_MAX);
		if (!ec_reader_done(&reader))
			return false;
	}
}
