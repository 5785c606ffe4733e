/* ids_test.c - an envelope is found by its id however long ago it was ordered, until it is pruned.
 */
#include "base/test.h"
#include "ledger/test_day.h"

enum { BLOCKS = 1100, KEPT = 700, AUTHORS = 4 };

static struct day long_day(ec_hash id[static BLOCKS])
{
	struct day day = day_begin_plan(
		(struct world_plan){.members = 4, .authors = AUTHORS, .blocks_kept = KEPT}, NULL);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		day_note_deliver(&day, i % AUTHORS, 0, 1 + i / AUTHORS, &id[i]);
		if (i % 97 == 0)
			assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	}
	return day;
}

static void stands_at(struct day *day, const ec_hash *id, uint64_t seq, unsigned code)
{
	uint64_t at;
	uint32_t index;
	unsigned what;
	assert_int_equal(ec_ledger_result(day->ledger, id, &what, &at, &index), EC_FOUND);
	assert_int_equal(at, seq);
	assert_int_equal(index, 0);
	assert_int_equal(what, code);
}

static void every_id_that_is_kept_is_found_and_no_other(void **state)
{
	(void)state;
	static ec_hash id[BLOCKS];
	struct day day = long_day(id);
	for (int life = 0; life < 2; life++) {
		for (uint32_t i = BLOCKS - KEPT; i < BLOCKS; i++)
			stands_at(&day, &id[i], i + 1, EC_RESULT_DONE);
		assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
		ec_ledger_close(day.ledger);
		day_open(&day);
	}
	for (uint32_t i = 0; i < BLOCKS - KEPT; i++)
		assert_int_equal(ec_ledger_result(day.ledger, &id[i], NULL, NULL, NULL),
		                 EC_UNKNOWN);
	day_end(&day);
}

/* What is pruned leaves no name behind. */
static void the_index_does_not_grow(void **state)
{
	(void)state;
	static ec_hash id[BLOCKS];
	struct day day = long_day(id);
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	uint8_t at[EC_STORE_NAME_MAX] = {'K', 'i'};
	size_t size = 2, count = 0;
	struct ec_bytes name, value;
	while (day.store->next(day.store, at, size, &name, &value) && name.data[1] == 'i') {
		memcpy(at, name.data, name.size);
		size = name.size;
		count++;
	}
	assert_int_equal(count, KEPT);
	day_end(&day);
}

/* A repeat is answered with the original's place, in whatever bucket either stands, and does not
 * outlive an undo. */
static void a_repeat_is_answered_with_the_original(void **state)
{
	(void)state;
	static ec_hash id[BLOCKS];
	struct day day = long_day(id);
	uint32_t old = BLOCKS - KEPT + 50, pruned = 5;
	uint64_t before = ec_ledger_at(day.ledger).position;
	day_note_deliver(&day, old % AUTHORS, 0, 1 + old / AUTHORS, NULL);
	day_note_deliver(&day, pruned % AUTHORS, 0, 1 + pruned / AUTHORS, NULL);
	stands_at(&day, &id[old], old + 1, EC_RESULT_DONE);
	stands_at(&day, &id[pruned], BLOCKS + 2, EC_RESULT_OLD);
	ec_ledger_undo(day.ledger, before);
	stands_at(&day, &id[old], old + 1, EC_RESULT_DONE);
	assert_int_equal(ec_ledger_result(day.ledger, &id[pruned], NULL, NULL, NULL), EC_UNKNOWN);
	day_end(&day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_id_that_is_kept_is_found_and_no_other),
		cmocka_unit_test(the_index_does_not_grow),
		cmocka_unit_test(a_repeat_is_answered_with_the_original),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
