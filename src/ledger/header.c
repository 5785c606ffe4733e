/* header.c - what a block commits to. */
#include "ledger/header.h"
#include "ledger/field.h"

#include <assert.h>

#define KIND "edgecord/header/1"

static uint64_t count_read(struct ec_cbor *cbor)
{
	uint64_t count = ec_cbor_uint(cbor, FIELD_UINT_MAX);
	if (count == 0)
		ec_cbor_refuse(cbor);
	return count;
}

/* A hash, or no bytes for none (zero). */
static ec_hash next_roster_read(struct ec_cbor *cbor)
{
	ec_hash hash = {0};
	struct ec_view view = ec_cbor_bytes(cbor, sizeof hash.b);
	if (view.size == sizeof hash.b)
		memcpy(hash.b, view.data, sizeof hash.b);
	if ((view.size != 0 && view.size != sizeof hash.b) ||
	    (view.size != 0 && ec_hash_zero(&hash)))
		ec_cbor_refuse(cbor);
	return hash;
}

bool ec_header_read(struct ec_bytes bytes, struct ec_header *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	field_begin(&cbor, 14, KIND);
	out->genesis = ec_cbor_hash(&cbor);
	out->era = count_read(&cbor);
	out->seq = count_read(&cbor);
	out->position = count_read(&cbor);
	out->previous = ec_cbor_hash(&cbor);
	out->history_root = ec_cbor_hash(&cbor);
	out->batch_root = ec_cbor_hash(&cbor);
	out->envelopes = ec_cbor_uint(&cbor, FIELD_UINT_MAX);
	out->result_root = ec_cbor_hash(&cbor);
	out->state_root = ec_cbor_hash(&cbor);
	out->stamp_ns = ec_cbor_uint(&cbor, FIELD_UINT_MAX);
	out->roster = ec_cbor_hash(&cbor);
	out->next_roster = next_roster_read(&cbor);
	return ec_cbor_done(&cbor);
}

size_t ec_header_write(const struct ec_header *header, uint8_t out[static EC_HEADER_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_HEADER_SIZE_MAX);
	field_begin_write(&writer, 14, KIND);
	ec_cbor_write_hash(&writer, &header->genesis);
	ec_cbor_write_uint(&writer, header->era);
	ec_cbor_write_uint(&writer, header->seq);
	ec_cbor_write_uint(&writer, header->position);
	ec_cbor_write_hash(&writer, &header->previous);
	ec_cbor_write_hash(&writer, &header->history_root);
	ec_cbor_write_hash(&writer, &header->batch_root);
	ec_cbor_write_uint(&writer, header->envelopes);
	ec_cbor_write_hash(&writer, &header->result_root);
	ec_cbor_write_hash(&writer, &header->state_root);
	ec_cbor_write_uint(&writer, header->stamp_ns);
	ec_cbor_write_hash(&writer, &header->roster);
	bool next = !ec_hash_zero(&header->next_roster);
	ec_cbor_write_bytes(&writer, header->next_roster.b, next ? 32 : 0);
	assert(ec_cbor_writer_ok(&writer));
	return writer.out.size;
}

bool ec_header_rooted(const struct ec_header *header, const struct ec_genesis *genesis)
{
	bool all = !(genesis->flags & (EC_GENESIS_ORDER_ONLY | EC_GENESIS_ROOTS_APART));
	return all || !ec_hash_zero(&header->state_root);
}

ec_hash ec_header_hash(struct ec_bytes bytes)
{
	return ec_sha256(bytes.data, bytes.size);
}
