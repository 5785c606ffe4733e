/* ledger_test.c - a ledger's day: blocks, results, windows, money, undo, reopening. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/test_day.h"

struct seen {
	unsigned code[8];
	uint32_t count;
};

static void see(void *self, const ec_hash *id, uint64_t seq, uint32_t index, unsigned code,
                struct ec_bytes detail)
{
	struct seen *seen = self;
	(void)id;
	(void)seq;
	(void)detail;
	assert_int_equal(index, seen->count);
	assert_true(seen->count < 8);
	seen->code[seen->count++] = code;
}

static void blocks_end_at_close_and_at_64(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct ec_batch_item item = day_note(&day, 0, 0, 1, NULL);
	assert_false(day_deliver(&day, 0, false, &item, 1));
	assert_int_equal(ec_ledger_at(day.ledger).seq, 0);
	item = day_note(&day, 0, 0, 2, NULL);
	assert_true(day_deliver(&day, 0, true, &item, 1));
	struct ec_header header = day_header(&day, 1);
	assert_int_equal(header.envelopes, 2);
	assert_int_equal(header.position, 2);
	for (uint64_t position = 3; position < 64; position++)
		assert_false(ec_ledger_deliver(day.ledger, position, EC_NO_BYTES));
	assert_true(ec_ledger_deliver(day.ledger, 64, EC_NO_BYTES));
	struct ec_header second = day_header(&day, 2);
	ec_hash previous = ec_ledger_at(day.ledger).header;
	assert_false(ec_hash_equal(&previous, &second.previous));
	assert_int_equal(second.position, 64);
	assert_true(second.stamp_ns > header.stamp_ns);
	assert_true(ec_hash_equal(&header.genesis, &header.previous));
	day_end(&day);
}

static void sequences_are_used_once(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct seen seen = {0};
	ec_hash first, id;
	day_note_deliver(&day, 0, 5, 100, &first);
	struct ec_batch_item items[] = {
		day_note(&day, 0, 5, 100, NULL), day_note(&day, 0, 5, 37, NULL),
		day_note(&day, 0, 5, 36, NULL),  day_note(&day, 0, 5, 37, NULL),
		day_note(&day, 0, 6, 37, NULL),
	};
	day_deliver(&day, 1, true, items, 5);
	ec_ledger_results(day.ledger, 2, see, &seen);
	static const unsigned expected[] = {EC_RESULT_USED, EC_RESULT_DONE, EC_RESULT_OLD,
	                                    EC_RESULT_USED, EC_RESULT_DONE};
	assert_int_equal(seen.count, 5);
	assert_memory_equal(seen.code, expected, sizeof expected);
	assert_int_equal(day_code(&day, &first), EC_RESULT_DONE);
	day_note_deliver(&day, 0, EC_LANE_STRICT, 2, &id);
	assert_int_equal(day_code(&day, &id), EC_RESULT_GAP);
	day_note_deliver(&day, 0, EC_LANE_STRICT, 1, NULL);
	day_note_deliver(&day, 0, EC_LANE_STRICT, 2, &id);
	assert_int_equal(day_code(&day, &id), EC_RESULT_DONE);
	day_end(&day);
}

static void strangers_are_refused_and_enrolled(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	ec_hash id;
	day.world.author[9] = world_secret('a', 9);
	day_note_deliver(&day, 9, 0, 1, &id);
	assert_int_equal(day_code(&day, &id), EC_RESULT_STRANGER);
	uint8_t payload[128];
	struct ec_cbor_writer writer = ec_cbor_writer_over(payload, sizeof payload);
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_uint(&writer, 3);
	ec_cbor_write_bytes(&writer, day.world.author[9].key, 32);
	ec_cbor_write_uint(&writer, EC_ROLE_METER);
	ec_cbor_write_string(&writer, "late");
	struct ec_batch_item item =
		world_envelope(&day.world, 0, 0, 1, payload, writer.out.size, NULL);
	day_deliver(&day, 0, true, &item, 1);
	day_note_deliver(&day, 9, 0, 1, &id);
	assert_int_equal(day_code(&day, &id), EC_RESULT_DONE);
	item = world_envelope(&day.world, 9, 0, 2, payload, writer.out.size, &id);
	day_deliver(&day, 0, true, &item, 1);
	assert_int_equal(day_code(&day, &id), EC_RESULT_FORBIDDEN);
	day_end(&day);
}

static void the_stamp_is_the_lower_median(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	for (uint32_t i = 0; i < 4; i++)
		day_deliver(&day, i, true, NULL, 0);
	/* Claims are start + 1, 2, 3, 4 ms: the second of four. */
	assert_int_equal(day_header(&day, 2).stamp_ns, day_header(&day, 1).stamp_ns + 1);
	assert_int_equal(day_header(&day, 4).stamp_ns, WORLD_START_NS + 2000000);
	day.stamp_ns = (uint64_t)1 << 61; /* one liar moves nothing but its own claim */
	day_deliver(&day, 3, true, NULL, 0);
	assert_int_equal(day_header(&day, 5).stamp_ns, WORLD_START_NS + 2000001);
	day_end(&day);
}

/* Delivers a TICK in the name of `submitter`, its claim signed by `signer`. */
static void claim(struct day *day, uint32_t submitter, uint32_t signer, uint64_t stamp_ns)
{
	struct ec_batch head = {.submitter = submitter, .stamp_ns = stamp_ns, .close = true};
	uint8_t text[EC_CLAIM_TEXT_SIZE];
	ec_batch_claim_text(&day->world.genesis->hash, stamp_ns, text);
	ec_sign(&day->world.identity[signer], text, sizeof text, head.claim);
	size_t size = ec_batch_write(&head, NULL, NULL, 0);
	struct ec_bytes batch = ec_pool_take(day->pool, size);
	ec_batch_write(&head, NULL, ec_writable(batch), size);
	assert_true(ec_ledger_deliver(day->ledger, ec_ledger_at(day->ledger).position + 1, batch));
	ec_drop(batch);
}

/* Members claim start + 1, 2, 3, 4 ms in turn; the first that half of the weight stands at or below
 * is the time. */
static void claims_weigh_as_their_members(void **state)
{
	static const struct {
		uint64_t weight[4];
		uint32_t median; /* whose claim */
	} cases[] = {{{5, 1, 1, 1}, 0}, {{1, 1, 1, 5}, 3}, {{1, 3, 2, 2}, 1}, {{1, 2, 4, 1}, 2}};
	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct world_plan plan = {.members = 4, .authors = 1, .weight = cases[k].weight};
		struct day day = day_begin_plan(plan, NULL);
		for (uint32_t i = 0; i < 4; i++)
			claim(&day, i, i, WORLD_START_NS + (i + 1) * (uint64_t)1000000);
		uint64_t median = WORLD_START_NS + (cases[k].median + 1) * (uint64_t)1000000;
		assert_in_range(ec_ledger_at(day.ledger).stamp_ns, median, median + 4);
		day_end(&day);
	}
}

static void nobody_claims_a_time_in_another_s_name(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	uint64_t late = WORLD_START_NS + 1000000000, later = late + 1000000000;
	for (uint32_t i = 0; i < 4; i++)
		claim(&day, i, 3, late); /* a proposer that lies for all */
	assert_in_range(ec_ledger_at(day.ledger).stamp_ns, WORLD_START_NS, WORLD_START_NS + 4);
	for (uint32_t i = 0; i < 4; i++)
		claim(&day, i, i, later);
	uint64_t stamp_ns = ec_ledger_at(day.ledger).stamp_ns;
	assert_in_range(stamp_ns, later, later + 4);
	claim(&day, 0, 0, late); /* an old one shown again moves nothing */
	assert_int_equal(ec_ledger_at(day.ledger).stamp_ns, stamp_ns + 1);
	day_end(&day);
}

/* The same deliveries with undos, persists and reopenings between give the same headers. */
static void bend(uint32_t flags)
{
	struct day straight = day_begin(flags, NULL), bent = day_begin(flags, NULL);
	struct ec_prng prng;
	ec_prng_seed(&prng, 7);
	struct ec_bytes log[400];
	for (uint64_t i = 0; i < 400; i++) {
		struct ec_batch_item item[3];
		uint32_t count = (uint32_t)ec_prng_below(&prng, 4);
		for (uint32_t k = 0; k < count; k++)
			item[k] = day_note(&straight, (uint32_t)ec_prng_below(&prng, 4),
			                   ec_prng_below(&prng, 3), 1 + ec_prng_below(&prng, 90),
			                   NULL);
		log[i] = world_batch(&straight.world, straight.pool,
		                     (uint32_t)ec_prng_below(&prng, 4), WORLD_START_NS + i * 1000,
		                     ec_prng_chance(&prng, 1, 5), item, count);
		for (uint32_t k = 0; k < count; k++)
			world_envelope_end(&item[k]);
		ec_ledger_deliver(straight.ledger, i + 1, log[i]);
	}
	uint64_t steps = 0;
	while (ec_ledger_at(bent.ledger).position < 400) {
		struct ec_ledger_at at = ec_ledger_at(bent.ledger);
		assert_true(++steps < 20000);
		uint64_t choice = ec_prng_below(&prng, 100);
		if (choice < 3) {
			uint64_t back = at.position - at.persisted_position;
			ec_ledger_undo(bent.ledger, at.position - ec_prng_below(&prng, back + 1));
		} else if (choice < 6 && at.seq > 0) {
			uint64_t seq = at.seq - ec_prng_below(&prng, at.seq < 3 ? at.seq : 3);
			assert_true(ec_ledger_persist(bent.ledger, seq, NULL, 0));
		} else if (choice < 8) {
			ec_ledger_close(bent.ledger);
			if (choice == 7)
				ec_store_memory_crash(bent.store);
			day_open(&bent);
			assert_int_equal(ec_ledger_at(bent.ledger).position, at.persisted_position);
		} else {
			ec_ledger_deliver(bent.ledger, at.position + 1, log[at.position]);
		}
	}
	struct ec_ledger_at a = ec_ledger_at(straight.ledger), b = ec_ledger_at(bent.ledger);
	assert_true(b.pending_bytes < a.pending_bytes);
	assert_int_equal(a.seq, b.seq);
	assert_true(a.seq > 50);
	assert_true(ec_hash_equal(&a.header, &b.header));
	assert_int_equal(a.stamp_ns, b.stamp_ns);
	for (uint64_t i = 0; i < 400; i++)
		ec_drop(log[i]);
	day_end(&bent);
	day_end(&straight);
}

static void undo_and_reopening_change_nothing(void **state)
{
	(void)state;
	bend(0);
	bend(EC_GENESIS_ROOTS_APART);
}

static void order_only_counts_distinct_ids(void **state)
{
	(void)state;
	struct day day = day_begin(EC_GENESIS_ORDER_ONLY | EC_GENESIS_UNSIGNED, NULL);
	ec_hash hash = {0}, id, got;
	uint64_t ids;
	for (uint64_t i = 1; i <= 100; i++) {
		day_note_deliver(&day, (uint32_t)(i % 4), 0, 1 + i / 4, &id);
		day_note_deliver(&day, (uint32_t)(i % 4), 0, 1 + i / 4, NULL);
		const struct ec_part parts[] = {{hash.b, 32}, {id.b, 32}};
		hash = ec_sha256_parts(parts, 2);
	}
	ec_ledger_count(day.ledger, &ids, &got);
	assert_int_equal(ids, 100);
	assert_true(ec_hash_equal(&hash, &got));
	struct ec_header header = day_header(&day, 200);
	assert_true(ec_hash_zero(&header.state_root));
	assert_true(ec_ledger_persist(day.ledger, 150, NULL, 0));
	ec_ledger_close(day.ledger);
	day_open(&day);
	ec_ledger_count(day.ledger, &ids, &got);
	assert_int_equal(ids, 75);
	day_end(&day);
}

static void another_networks_store_is_refused(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct world other = world_make(&(struct world_plan){.group = "other", .members = 4});
	char why[128];
	struct ec_ledger_config config = {
		.genesis = other.genesis, .store = day.store, .pool = day.pool};
	ec_ledger_close(day.ledger);
	assert_null(ec_ledger_open(&config, why, sizeof why));
	assert_non_null(strstr(why, "another network"));
	day_open(&day);
	world_end(&other);
	day_end(&day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_end_at_close_and_at_64),
		cmocka_unit_test(sequences_are_used_once),
		cmocka_unit_test(strangers_are_refused_and_enrolled),
		cmocka_unit_test(the_stamp_is_the_lower_median),
		cmocka_unit_test(claims_weigh_as_their_members),
		cmocka_unit_test(nobody_claims_a_time_in_another_s_name),
		cmocka_unit_test(undo_and_reopening_change_nothing),
		cmocka_unit_test(order_only_counts_distinct_ids),
		cmocka_unit_test(another_networks_store_is_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
