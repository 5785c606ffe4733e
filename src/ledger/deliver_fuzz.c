/* deliver_fuzz.c - whatever is ordered, two ledgers agree, one of which undoes and delivers again.
 *
 * The input is a row of batches, each behind two bytes of length.  The group is unsigned, so that
 * changed envelopes stay envelopes. */
#include "ledger/test_day.h"

static uint64_t total(const struct day *day)
{
	return ec_ledger_at(day->ledger).envelopes;
}

/* Delivers to both; the second takes some of it back and gets it again. */
static void step(struct day *a, struct day *b, struct ec_bytes batch, struct ec_bytes before)
{
	uint64_t position = ec_ledger_at(a->ledger).position + 1;
	bool ended = ec_ledger_deliver(a->ledger, position, batch);
	bool same = ec_ledger_deliver(b->ledger, position, batch) == ended;
	assert(same);
	if (position > 1 && batch.size % 2) {
		ec_ledger_undo(b->ledger, position - 2);
		ec_ledger_deliver(b->ledger, position - 1, before);
		same = ec_ledger_deliver(b->ledger, position, batch) == ended;
		assert(same);
	}
	struct ec_ledger_at x = ec_ledger_at(a->ledger), y = ec_ledger_at(b->ledger);
	assert(ec_hash_equal(&x.header, &y.header) && x.stamp_ns == y.stamp_ns);
	assert(total(a) == total(b));
}

/* A ledger of the one group, over an empty store. */
static struct day ledger_new(const struct day *first)
{
	struct day day = *first;
	day.store = ec_store_memory();
	day_open(&day);
	return day;
}

static void ledger_end(struct day *day)
{
	ec_ledger_close(day->ledger);
	day->store->close(day->store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ec_bytes before = EC_NO_BYTES;
	static struct day first;
	if (!first.pool && ec_crypto_start())
		first = day_begin(EC_GENESIS_UNSIGNED, NULL);
	struct day a = ledger_new(&first), b = ledger_new(&first);
	for (uint32_t count = 0; size >= 2 && count < 80; count++) {
		size_t length = (size_t)data[0] << 8 | data[1];
		data += 2;
		size -= 2;
		length = length > size ? size : length;
		struct ec_bytes batch = ec_pool_copy(a.pool, data, length);
		data += length;
		size -= length;
		bool over = ec_ledger_at(a.ledger).era_over;
		if (!over)
			step(&a, &b, batch, before);
		ec_drop(before);
		before = batch;
		if (over)
			break;
	}
	ec_drop(before);
	bool adds_up = ec_ledger_persist(a.ledger, UINT64_MAX, NULL, 0);
	assert(adds_up);
	ledger_end(&b);
	ledger_end(&a);
	assert(ec_pool_live(first.pool) == 0);
	return 0;
}
