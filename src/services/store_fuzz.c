/* store_fuzz.c - any bytes as payloads of the store, as details, and as records that others read.
 *
 * The first byte says what the rest is.  What is accepted must come back the same when it is
 * written again. */
#include "services/services.h"
#include "services/store.h"

#include <stdlib.h>

static uint8_t again[1 << 21];

static void must_be(struct ec_bytes is, size_t size)
{
	if (is.size != size || memcmp(is.data, again, size) != 0)
		abort();
}

static void payload(struct ec_bytes bytes)
{
	static struct ec_store_txn txn;
	struct ec_store_lease_say say;
	struct ec_store_own_say own;
	struct ec_store_restore_say restore;
	struct ec_cbor cbor = ec_cbor_over(bytes.data, bytes.size);
	uint32_t items = ec_cbor_array(&cbor, 16);
	uint64_t kind = ec_cbor_uint(&cbor, 99);
	if (cbor.error || items == 0)
		return;
	if (kind == EC_STORE_KIND_TXN && ec_store_txn_read(cbor, items - 1, &txn))
		must_be(bytes, ec_store_txn_write(&txn, again, sizeof again));
	if (kind == EC_STORE_KIND_LEASE && ec_store_lease_say_read(cbor, items - 1, &say))
		must_be(bytes, ec_store_lease_say_write(&say, again, sizeof again));
	if (kind == EC_STORE_KIND_OWN && ec_store_own_say_read(cbor, items - 1, &own))
		must_be(bytes, ec_store_own_say_write(&own, again, sizeof again));
	if (kind == EC_STORE_KIND_RESTORE && ec_store_restore_say_read(cbor, items - 1, &restore))
		must_be(bytes, ec_store_restore_say_write(&restore, again, sizeof again));
}

static void part(struct ec_bytes bytes)
{
	struct ec_store_part part;
	struct ec_store_change change;
	uint32_t changes = 0;
	size_t size = 0;
	if (bytes.size > EC_VALUE_MAX || !ec_store_part_begin(bytes, &part) || part.left == 0)
		return;
	for (; ec_store_part_next(&part); changes++) {
		if (!ec_store_change_read(part.record, &change))
			return;
		size += ec_store_part_change_write(part.revision, part.index, &change,
		                                   again + EC_STORE_PART_HEAD + size);
	}
	if (!ec_cbor_done(&part.cbor))
		return;
	struct ec_bytes is = ec_store_part_close(again, changes, size);
	if (is.size != bytes.size || memcmp(is.data, bytes.data, is.size) != 0)
		abort();
}

static void records(struct ec_bytes bytes)
{
	struct ec_store_key key;
	struct ec_store_change change;
	struct ec_store_head head;
	struct ec_store_lease lease;
	struct ec_store_outcome outcome;
	struct ec_store_owner owner;
	if (ec_store_owner_read(bytes, &owner))
		must_be(bytes, ec_store_owner_write(&owner, again));
	if (ec_store_key_read(bytes, &key))
		must_be(bytes, ec_store_key_write(&key, again));
	if (ec_store_change_read(bytes, &change))
		must_be(bytes, ec_store_change_write(&change, again));
	if (ec_store_head_read(bytes, &head))
		must_be(bytes, ec_store_head_write(&head, again));
	if (ec_store_lease_read(bytes, &lease))
		must_be(bytes, ec_store_lease_write(&lease, again));
	if (ec_store_outcome_read(bytes, &outcome))
		must_be(bytes, ec_store_outcome_write(&outcome, again, sizeof again));
	part(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct ec_bytes bytes = {.data = data + 1, .size = size - 1};
	if (data[0] % 2 == 0)
		payload(bytes);
	else
		records(bytes);
	return 0;
}
