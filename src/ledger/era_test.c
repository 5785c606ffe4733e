/* era_test.c - votes, the end of an era, undo over it, reopening in it, and eras without
 * certificate. */
#include "base/test.h"
#include "ledger/test_day.h"

static struct day day_by(const char *protocol, uint32_t members)
{
	return day_begin_plan(
		(struct world_plan){.members = members, .authors = 4, .protocol = protocol}, NULL);
}

static unsigned vote(struct day *day, const struct ec_secret *author, uint64_t sequence,
                     uint64_t era, uint32_t members)
{
	uint8_t payload[4096];
	ec_hash id;
	size_t size = world_vote(members, era, payload, sizeof payload);
	struct ec_batch_item item =
		world_envelope_by(&day->world, author, 0, sequence, payload, size, &id);
	day_deliver(day, 0, true, &item, 1);
	return day_code(day, &id);
}

static bool over(struct day *day)
{
	return ec_ledger_at(day->ledger).era_over;
}

static void a_quorum_of_equal_votes_ends_the_era(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	const struct ec_secret *identity = day.world.identity;
	assert_int_equal(vote(&day, &day.world.author[0], 1, 2, 5), EC_RESULT_FORBIDDEN);
	assert_int_equal(vote(&day, &identity[0], 1, 3, 5), EC_RESULT_RULE); /* not the next */
	assert_int_equal(vote(&day, &identity[0], 2, 1, 5), EC_RESULT_RULE);
	assert_int_equal(vote(&day, &identity[0], 3, 2, 5), EC_RESULT_DONE);
	assert_int_equal(vote(&day, &identity[1], 1, 2, 5), EC_RESULT_DONE);
	assert_int_equal(vote(&day, &identity[2], 1, 2, 4), EC_RESULT_DONE); /* another roster */
	assert_int_equal(vote(&day, &identity[0], 4, 2, 5),
	                 EC_RESULT_DONE); /* again: counts once */
	assert_false(over(&day));
	assert_int_equal(vote(&day, &identity[2], 2, 2, 5), EC_RESULT_DONE); /* a change of mind */
	assert_true(over(&day));
	assert_int_equal(ec_ledger_next_membership(day.ledger)->n, 5);
	struct ec_header header = day_header(&day, ec_ledger_at(day.ledger).seq);
	assert_int_equal(header.era, 1);
	assert_true(
		ec_hash_equal(&header.next_roster, &ec_ledger_next_membership(day.ledger)->hash));
	struct ec_bytes value;
	struct ec_cursor cursor;
	ec_cursor_start(&cursor, "v/", 2);
	assert_false(ec_ledger_next(day.ledger, &cursor, &value)); /* no vote is left */
	ec_ledger_era_begin(day.ledger);
	assert_false(over(&day));
	day_note_deliver(&day, 0, 0, 9, NULL);
	header = day_header(&day, ec_ledger_at(day.ledger).seq);
	assert_int_equal(header.era, 2);
	assert_true(ec_hash_zero(&header.next_roster));
	day_end(&day);
}

/* Of five who may fall silent three decide, and two do not: who is down is replaced by the rest.
 * Where some may lie four must. */
static void a_majority_of_votes_ends_an_era_that_stands_crashes_only(void **state)
{
	(void)state;
	static const struct {
		const char *protocol;
		uint32_t votes;
	} of[] = {{"raft", 3}, {"paxos", 3}, {"multipaxos", 3}, {"pbft", 4}};
	for (uint32_t k = 0; k < sizeof of / sizeof *of; k++) {
		struct day day = day_by(of[k].protocol, 5);
		for (uint32_t i = 0; i < of[k].votes; i++) {
			assert_false(over(&day));
			assert_int_equal(vote(&day, &day.world.identity[i], 1, 2, 5),
			                 EC_RESULT_DONE);
		}
		assert_true(over(&day));
		day_end(&day);
	}
}

/* The order's time goes on while two of five are silent: their old claims are no majority. */
static void the_clock_of_a_majority_goes_on(void **state)
{
	(void)state;
	struct day day = day_by("raft", 5);
	for (uint32_t i = 0; i < 6; i++) {
		struct ec_batch_item item = day_note(&day, 0, 0, 1 + i, NULL);
		day_deliver(&day, 2 + i % 3, true, &item, 1);
	}
	assert_int_equal(ec_ledger_at(day.ledger).stamp_ns, WORLD_START_NS + 4 * 1000000);
	day_end(&day);
}

/* The block ends with the batch that decides, though it does not say close. */
static void undo_takes_the_end_of_an_era_back(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	const struct ec_secret *identity = day.world.identity;
	vote(&day, &identity[0], 1, 2, 5);
	vote(&day, &identity[1], 1, 2, 5);
	ec_hash before = ec_ledger_at(day.ledger).header;
	uint64_t stamp_ns = day.stamp_ns;
	vote(&day, &identity[2], 1, 2, 5);
	assert_true(over(&day));
	ec_hash after = ec_ledger_at(day.ledger).header;
	ec_ledger_undo(day.ledger, 2);
	assert_false(over(&day));
	assert_null(ec_ledger_next_membership(day.ledger));
	ec_hash again = ec_ledger_at(day.ledger).header;
	assert_true(ec_hash_equal(&before, &again));
	day.stamp_ns = stamp_ns;
	vote(&day, &identity[2], 1, 2, 5);
	again = ec_ledger_at(day.ledger).header;
	assert_true(ec_hash_equal(&after, &again));
	day_end(&day);
}

/* A store left between the end of an era and the next one's beginning. */
static void reopening_in_between_goes_on(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct ec_bytes links;
	for (uint32_t i = 0; i < 3; i++)
		vote(&day, &day.world.identity[i], 1, 2, 5);
	assert_true(over(&day));
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	ec_ledger_close(day.ledger);
	day_open(&day);
	assert_true(over(&day));
	assert_int_equal(ec_ledger_next_membership(day.ledger)->era, 2);
	uint64_t seq = ec_ledger_at(day.ledger).seq;
	ec_ledger_era_begin(day.ledger);
	assert_false(ec_ledger_era_links(day.ledger, &links)); /* not certified yet */
	day_certify(&day, seq, 3); /* the header stands though its block went to the store */
	assert_true(ec_ledger_era_links(day.ledger, &links));
	ec_drop(links);
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	ec_ledger_close(day.ledger);
	day_open(&day);
	assert_true(over(&day)); /* nothing was delivered in the next era */
	ec_ledger_era_begin(day.ledger);
	assert_true(ec_ledger_era_links(day.ledger, &links));
	ec_drop(links);
	day_note_deliver(&day, 0, 0, 1, NULL);
	assert_true(ec_ledger_persist(day.ledger, UINT64_MAX, NULL, 0));
	ec_ledger_close(day.ledger);
	day_open(&day);
	assert_false(over(&day));
	assert_int_equal(ec_ledger_membership(day.ledger)->era, 2);
	day_end(&day);
}

/* Who leaves takes his clock along; who comes counts with the start until it speaks. */
static void claims_follow_the_members(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	for (uint32_t i = 0; i < 4; i++)
		day_deliver(&day, i, true, NULL, 0);
	uint64_t before = ec_ledger_at(day.ledger).stamp_ns;
	day_era(&day, 3);
	day_deliver(&day, 0, true, NULL, 0);
	assert_true(ec_ledger_at(day.ledger).stamp_ns > before);
	struct ec_cursor cursor;
	struct ec_bytes value;
	uint32_t claims = 0;
	ec_cursor_start(&cursor, "c/", 2);
	while (ec_ledger_next(day.ledger, &cursor, &value))
		claims++;
	assert_int_equal(claims, 3);
	day_end(&day);
}

static void old_blocks_are_pruned_and_histories_stay(void **state)
{
	(void)state;
	struct day day = day_begin_plan(
		(struct world_plan){.members = 4, .authors = 4, .blocks_kept = 10}, NULL);
	ec_hash id[50];
	struct ec_bytes proof, path;
	assert_int_equal(ec_ledger_pruned(day.ledger), 0);
	for (uint32_t i = 0; i < 50; i++) {
		day_note_deliver(&day, 0, 0, i + 1, &id[i]);
		if (i % 7 == 0)
			assert_true(ec_ledger_persist(day.ledger, i + 1, NULL, 0));
	}
	day_certify(&day, 50, 3);
	assert_true(ec_ledger_persist(day.ledger, 50, NULL, 0));
	/* Their ids went with the blocks, so who asks is told down to where they are kept. */
	assert_int_equal(ec_ledger_pruned(day.ledger), 40);
	for (uint32_t i = 0; i < 50; i++) {
		bool kept = i >= 40;
		assert_int_equal(ec_ledger_receipt(day.ledger, &id[i], &proof),
		                 kept ? EC_FOUND : EC_UNKNOWN);
		if (kept)
			ec_drop(proof);
		assert_true(i == 49 || ec_ledger_inclusion(day.ledger, i + 1, 50, &path));
		if (i < 49)
			ec_drop(path);
		assert_true(i >= 48 || ec_ledger_consistency(day.ledger, i + 1, 50, &path));
		if (i < 48)
			ec_drop(path);
	}
	day_end(&day);
}

/* Its envelope heard again is a stranger's by then; what was acknowledged keeps its place. */
static void what_a_former_member_did_stands(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct ec_secret identity = world_secret('i', 4);
	uint8_t payload[64];
	size_t size = world_note("here", 4, payload, sizeof payload);
	unsigned code;
	uint64_t seq, first;
	ec_hash id;
	day_era(&day, 5);
	for (uint32_t round = 0; round < 2; round++) {
		struct ec_batch_item item =
			world_envelope_by(&day.world, &identity, 3, 7, payload, size, &id);
		day_deliver(&day, 0, true, &item, 1);
		assert_int_equal(ec_ledger_result(day.ledger, &id, &code, &seq, NULL), EC_FOUND);
		assert_int_equal(code, EC_RESULT_DONE);
		if (round == 0) {
			first = seq;
			day_era(&day, 4);
		}
		assert_int_equal(seq, first);
	}
	day_end(&day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quorum_of_equal_votes_ends_the_era),
		cmocka_unit_test(a_majority_of_votes_ends_an_era_that_stands_crashes_only),
		cmocka_unit_test(the_clock_of_a_majority_goes_on),
		cmocka_unit_test(undo_takes_the_end_of_an_era_back),
		cmocka_unit_test(reopening_in_between_goes_on),
		cmocka_unit_test(claims_follow_the_members),
		cmocka_unit_test(old_blocks_are_pruned_and_histories_stay),
		cmocka_unit_test(what_a_former_member_did_stands),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
