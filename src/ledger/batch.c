/* batch.c - what consensus orders: envelopes with their salts, and the submitter's clock claim. */
#include "ledger/envelope.h"
#include "ledger/field.h"

#include <assert.h>

#define KIND "edgecord/batch/1"

static const char CLAIM[] = "edgecord/claim/1";
_Static_assert(sizeof CLAIM - 1 + 32 + 8 == EC_CLAIM_TEXT_SIZE, "context, genesis, stamp");

void ec_batch_claim_text(const ec_hash *genesis, uint64_t stamp_ns,
                         uint8_t out[static EC_CLAIM_TEXT_SIZE])
{
	struct ec_writer writer = ec_writer_over(out, EC_CLAIM_TEXT_SIZE);
	ec_write_raw(&writer, CLAIM, sizeof CLAIM - 1);
	ec_write_hash(&writer, genesis);
	ec_write_u64(&writer, stamp_ns);
	assert(ec_writer_ok(&writer));
}

bool ec_batch_read(struct ec_bytes bytes, uint64_t envelopes_max, struct ec_batch *out)
{
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	uint32_t max = envelopes_max > UINT32_MAX ? UINT32_MAX : (uint32_t)envelopes_max;
	field_begin(&cbor, 6, KIND);
	out->submitter = (uint32_t)ec_cbor_uint(&cbor, EC_MEMBERS_MAX - 1);
	out->stamp_ns = ec_cbor_uint(&cbor, FIELD_TIME_MAX);
	ec_cbor_bytes_exact(&cbor, out->claim, sizeof out->claim);
	out->close = ec_cbor_bool(&cbor);
	out->count = ec_cbor_array(&cbor, max);
	out->left = out->count;
	out->whole = bytes;
	out->at = cbor;
	if (out->count == 0)
		return ec_cbor_done(&out->at);
	return cbor.error == EC_CBOR_OK;
}

bool ec_batch_next(struct ec_batch *batch, struct ec_batch_item *item)
{
	if (batch->left == 0 || batch->at.error != EC_CBOR_OK)
		return false;
	ec_cbor_array_exact(&batch->at, 2);
	struct ec_view envelope = ec_cbor_bytes(&batch->at, batch->whole.size);
	ec_cbor_bytes_exact(&batch->at, item->salt, sizeof item->salt);
	batch->left--;
	if (batch->left == 0)
		ec_cbor_done(&batch->at);
	item->envelope = field_slice(batch->whole, envelope);
	return batch->at.error == EC_CBOR_OK;
}

bool ec_batch_check(const struct ec_genesis *genesis, const struct ec_crypto *crypto,
                    struct ec_bytes bytes, uint32_t *signatures)
{
	struct ec_batch batch;
	struct ec_batch_item item;
	struct ec_envelope envelope;
	*signatures = 0;
	if (!ec_batch_read(bytes, genesis->batch_envelopes_max, &batch))
		return false;
	while (ec_batch_next(&batch, &item)) {
		if (!ec_envelope_check(genesis, crypto, item.envelope, &envelope, NULL, 0))
			return false;
		*signatures += !(genesis->flags & EC_GENESIS_UNSIGNED);
	}
	return batch.at.error == EC_CBOR_OK;
}

size_t ec_batch_write(const struct ec_batch *head, const struct ec_batch_item *items, uint8_t *out,
                      size_t size_max)
{
	assert(head->count <= UINT32_MAX && head->submitter < EC_MEMBERS_MAX);
	assert(head->stamp_ns <= FIELD_TIME_MAX);
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, size_max);
	field_begin_write(&writer, 6, KIND);
	ec_cbor_write_uint(&writer, head->submitter);
	ec_cbor_write_uint(&writer, head->stamp_ns);
	ec_cbor_write_bytes(&writer, head->claim, sizeof head->claim);
	ec_cbor_write_bool(&writer, head->close);
	ec_cbor_write_array(&writer, (uint32_t)head->count);
	for (uint64_t i = 0; i < head->count; i++) {
		ec_cbor_write_array(&writer, 2);
		ec_cbor_write_bytes(&writer, items[i].envelope.data, items[i].envelope.size);
		ec_cbor_write_bytes(&writer, items[i].salt, EC_SALT_SIZE);
	}
	return writer.out.size;
}
