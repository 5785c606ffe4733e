/* envelope_fuzz.c - whatever the bytes, the readers of envelopes, batches, rosters, genesis files
 * and headers answer, and what they take they would write the same.  The first byte picks the
 * reader. */
#include "ledger/envelope_scan.h"
#include "ledger/header.h"

#include <assert.h>
#include <stdlib.h>

static void try_envelope(struct ec_bytes bytes)
{
	struct ec_envelope envelope, parsed;
	char why[128];
	bool scanned = envelope_scan(bytes, &envelope);
	assert(envelope_parse(bytes, &parsed, why, sizeof why) == scanned);
	if (scanned) {
		assert(memcmp(envelope.author, parsed.author, sizeof parsed.author) == 0);
		assert(memcmp(envelope.signature, parsed.signature, EC_SIGNATURE_SIZE) == 0);
		assert(ec_hash_equal(&envelope.genesis, &parsed.genesis));
		assert(envelope.lane == parsed.lane && envelope.sequence == parsed.sequence);
		assert(envelope.expiry_ns == parsed.expiry_ns);
		assert(ec_bytes_equal(envelope.payload, parsed.payload));
		assert(ec_bytes_equal(envelope.protected_header, parsed.protected_header));
	}
	if (!ec_envelope_read(bytes, &envelope, why, sizeof why))
		return;
	assert(envelope.sequence > 0 && envelope.payload.size > 0);
	struct ec_cbor body = envelope.body;
	for (uint64_t i = 0; i < envelope.body_items; i++)
		ec_cbor_skip(&body);
	assert(ec_cbor_done(&body));
}

static void try_batch(struct ec_bytes bytes)
{
	struct ec_batch batch;
	struct ec_batch_item item, items[64];
	uint64_t count = 0;
	if (!ec_batch_read(bytes, 64, &batch))
		return;
	struct ec_batch head = batch;
	while (ec_batch_next(&batch, &item)) {
		try_envelope(item.envelope);
		items[count++] = item;
	}
	if (batch.at.error)
		return;
	assert(count == head.count);
	uint8_t *again = malloc(bytes.size);
	assert(again && ec_batch_write(&head, items, again, bytes.size) == bytes.size);
	assert(memcmp(again, bytes.data, bytes.size) == 0);
	free(again);
}

static void try_roster(struct ec_bytes bytes)
{
	char why[128];
	struct ec_membership *membership = ec_membership_read(bytes, why, sizeof why);
	if (!membership)
		return;
	size_t size;
	uint8_t *again = ec_membership_write(membership, &size);
	assert(size == bytes.size && memcmp(again, bytes.data, size) == 0);
	free(again);
	ec_membership_free(membership);
}

static void try_genesis(struct ec_bytes bytes)
{
	char why[128];
	struct ec_genesis *genesis = ec_genesis_read(bytes.data, bytes.size, why, sizeof why);
	if (!genesis)
		return;
	size_t size;
	uint8_t *again = ec_genesis_write(genesis, &size);
	assert(size == bytes.size && memcmp(again, bytes.data, size) == 0);
	free(again);
	ec_genesis_free(genesis);
}

static void try_header(struct ec_bytes bytes)
{
	struct ec_header header;
	uint8_t again[EC_HEADER_SIZE_MAX];
	if (!ec_header_read(bytes, &header))
		return;
	assert(ec_header_write(&header, again) == bytes.size);
	assert(memcmp(again, bytes.data, bytes.size) == 0);
}

static void try_certificate(struct ec_bytes bytes)
{
	static uint8_t again[EC_CERTIFICATE_SIZE_MAX];
	struct ec_certificate certificate;
	if (!ec_certificate_read(bytes, &certificate))
		return;
	assert(ec_certificate_write(&certificate, again, sizeof again) == bytes.size);
	assert(memcmp(again, bytes.data, bytes.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct ec_bytes) = {
		try_envelope, try_batch, try_roster, try_genesis, try_header, try_certificate};
	if (size == 0)
		return 0;
	struct ec_bytes rest = {.data = data + 1, .size = size - 1};
	readers[data[0] % (sizeof readers / sizeof readers[0])](rest);
	return 0;
}
