/* deliver_fuzz.c - whatever is ordered, two ledgers agree, one of which revises the order first.
 *
 * The input is a row of batches, each behind two bytes of length.  The group is unsigned, so that
 * changed envelopes stay envelopes. */
#include "ledger/test_day.h"

static uint64_t total(const struct day *day)
{
	return ec_ledger_at(day->ledger).envelopes;
}

/* The last two change places, and back. */
static void revise(struct ec_ledger *ledger, uint64_t position, struct ec_bytes batch,
                   struct ec_bytes before)
{
	ec_ledger_undo(ledger, position - 2);
	ec_ledger_deliver(ledger, position - 1, batch);
	if (!ec_ledger_at(ledger).closed)
		ec_ledger_deliver(ledger, position, before);
	ec_ledger_undo(ledger, position - 2);
	ec_ledger_deliver(ledger, position - 1, before);
}

/* Delivers to both; of the second the last position is tentative until the next one came. */
static void step(struct day *a, struct day *b, struct ec_bytes batch, struct ec_bytes before)
{
	uint64_t position = ec_ledger_at(a->ledger).position + 1;
	bool ended = ec_ledger_deliver(a->ledger, position, batch);
	bool same = ec_ledger_deliver(b->ledger, position, batch) == ended;
	assert(same);
	if (position > 1 && batch.size % 2) {
		revise(b->ledger, position, batch, before);
		same = ec_ledger_deliver(b->ledger, position, batch) == ended;
		assert(same);
	}
	struct ec_ledger_at x = ec_ledger_at(a->ledger), y = ec_ledger_at(b->ledger);
	assert(x.due_ns == y.due_ns && x.closed == y.closed && total(a) == total(b));
	if (x.seq > 0) {
		ec_hash header;
		same = ec_ledger_tentative(b->ledger, x.seq, &position, &header) &&
		       position == x.block_position && ec_hash_equal(&header, &x.header);
		assert(same);
	}
	while (ec_ledger_final(b->ledger, x.position - 1))
		;
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
	ec_ledger_revisable(b.ledger, true);
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
