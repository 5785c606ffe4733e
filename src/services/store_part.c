/* store_part.c - the bytes of the history of a store: changes, and the parts that they stand in. */
#include "services/store.h"

#include <assert.h>

struct ec_name ec_store_name_changes(uint64_t group, uint64_t part)
{
	struct ec_name name = ec_name_of("changes/");
	ec_name_add_u64(&name, group);
	ec_name_add_u64(&name, part);
	return name;
}

struct ec_name ec_store_name_change(uint64_t revision, uint64_t index)
{
	struct ec_name name = ec_name_of("change/");
	ec_name_add_u64(&name, revision);
	ec_name_add_u64(&name, index);
	return name;
}

bool ec_store_change_read(struct ec_bytes bytes, struct ec_store_change *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	ec_cbor_array_exact(&cbor, 6);
	out->kind = (enum ec_store_change_kind)ec_cbor_uint(&cbor, EC_STORE_CHANGE_KINDS - 1);
	out->key = ec_cbor_bytes(&cbor, EC_STORE_KEY_MAX);
	out->create = ec_cbor_uint(&cbor, INT64_MAX);
	out->version = ec_cbor_uint(&cbor, INT64_MAX);
	out->lease = ec_cbor_uint(&cbor, INT64_MAX);
	out->value = ec_cbor_bytes(&cbor, EC_STORE_VALUE_MAX);
	return ec_cbor_done(&cbor) && out->key.size > 0;
}

size_t ec_store_change_write(const struct ec_store_change *change,
                             uint8_t out[static EC_STORE_RECORD_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_STORE_RECORD_MAX);
	ec_cbor_write_array(&writer, 6);
	ec_cbor_write_uint(&writer, change->kind);
	ec_cbor_write_bytes(&writer, change->key.data, change->key.size);
	ec_cbor_write_uint(&writer, change->create);
	ec_cbor_write_uint(&writer, change->version);
	ec_cbor_write_uint(&writer, change->lease);
	ec_cbor_write_bytes(&writer, change->value.data, change->value.size);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}

bool ec_store_part_begin(struct ec_bytes bytes, struct ec_store_part *part)
{
	*part = (struct ec_store_part){.cbor = ec_cbor_over(bytes.data, bytes.size)};
	part->left = ec_cbor_array(&part->cbor, UINT16_MAX);
	return !part->cbor.error;
}

bool ec_store_part_next(struct ec_store_part *part)
{
	if (part->left == 0 || part->cbor.error)
		return false;
	uint32_t at = part->cbor.at;
	part->left--;
	ec_cbor_array_exact(&part->cbor, 3);
	part->revision = ec_cbor_uint(&part->cbor, INT64_MAX);
	part->index = ec_cbor_uint(&part->cbor, INT64_MAX);
	struct ec_view record = ec_cbor_span(&part->cbor);
	part->record = (struct ec_bytes){.data = record.data, .size = record.size};
	part->size = part->cbor.at - at;
	return !part->cbor.error;
}

size_t ec_store_part_change_write(uint64_t revision, uint64_t index,
                                  const struct ec_store_change *change,
                                  uint8_t out[static EC_STORE_CHANGE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_STORE_CHANGE_MAX);
	ec_cbor_write_array(&writer, 3);
	ec_cbor_write_uint(&writer, revision);
	ec_cbor_write_uint(&writer, index);
	assert(ec_writer_ok(&writer.out)); /* what the array begins with; the record ends it */
	return writer.out.size + ec_store_change_write(change, out + writer.out.size);
}

struct ec_bytes ec_store_part_close(uint8_t *bytes, uint32_t changes, size_t size)
{
	uint8_t head[EC_STORE_PART_HEAD];
	struct ec_cbor_writer writer = ec_cbor_writer_over(head, sizeof head);
	ec_cbor_write_array(&writer, changes);
	assert(ec_writer_ok(&writer.out)); /* what the array begins with; its items stand behind */
	uint8_t *at = bytes + EC_STORE_PART_HEAD - writer.out.size;
	memcpy(at, head, writer.out.size);
	return (struct ec_bytes){.data = at, .size = writer.out.size + size};
}
