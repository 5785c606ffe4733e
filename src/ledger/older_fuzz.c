/* older_fuzz.c - whatever comes in place of older blocks, nothing but the true ones is kept.
 *
 * One ledger has the blocks, the other the state of the newest.  The group is unsigned, so that
 * changed envelopes stay envelopes. */
#include "ledger/test_day.h"

enum { BLOCKS = 4 };

static ec_hash ids[BLOCKS];

static struct day ledger_new(const struct day *first)
{
	struct day day = *first;
	day.store = ec_store_memory();
	day_open(&day);
	return day;
}

/* What is found is what the other has; or a later repeat, while the first place is not here. */
static void compare(struct day *has, struct day *gets)
{
	for (uint32_t i = 0; i < BLOCKS; i++) {
		uint64_t seq[2];
		uint32_t index[2];
		unsigned code[2];
		if (ec_ledger_result(gets->ledger, &ids[i], &code[0], &seq[0], &index[0]) !=
		    EC_FOUND)
			continue;
		enum ec_lookup found =
			ec_ledger_result(has->ledger, &ids[i], &code[1], &seq[1], &index[1]);
		assert(found == EC_FOUND && seq[0] >= seq[1]);
		if (seq[0] == seq[1])
			assert(index[0] == index[1] && code[0] == code[1]);
		else
			assert(code[0] == EC_RESULT_USED && ec_ledger_older_missing(gets->ledger));
		(void)found;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct day has, gets;
	if (!has.pool && ec_crypto_start()) {
		has = day_begin(EC_GENESIS_UNSIGNED, NULL);
		for (uint32_t i = 0; i < BLOCKS; i++)
			day_note_deliver(&has, i % 2, 0, 1 + i / 3, &ids[i]);
	}
	if (!gets.ledger) {
		gets = ledger_new(&has);
		day_transfer(&has, &gets);
	}
	uint64_t live = ec_pool_live(has.pool);
	assert(ec_ledger_older_missing(gets.ledger) == BLOCKS);
	struct ec_bytes blocks = ec_pool_copy(has.pool, data, size);
	bool good = ec_ledger_older_take(gets.ledger, blocks);
	ec_drop(blocks);
	bool some = ec_ledger_older_missing(gets.ledger) < BLOCKS;
	assert(some || !good);
	assert(ec_pool_live(has.pool) == live);
	if (!some)
		return 0; /* it stands where it stood */
	compare(&has, &gets);
	bool adds_up = ec_ledger_persist(gets.ledger, UINT64_MAX, NULL, 0);
	assert(adds_up);
	(void)adds_up;
	ec_ledger_close(gets.ledger);
	gets.store->close(gets.store);
	gets.ledger = NULL;
	return 0;
}
