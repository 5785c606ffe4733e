/* roots_apart_test.c - where not every block has a state root (EC_GENESIS_ROOTS_APART): which have
 * one, that it is what it would be if all had, and what can be shown between two of them. */
#include "base/test.h"

#include "ledger/proof.h"
#include "ledger/test_day.h"

static bool rooted(struct day *day, uint64_t seq)
{
	struct ec_header header = day_header(day, seq);
	assert_true(ec_header_rooted(&header, day->world.genesis) ==
	            !ec_hash_zero(&header.state_root));
	return !ec_hash_zero(&header.state_root);
}

static void ticks_64th_positions_and_ends_of_eras_have_one(void **state)
{
	(void)state;
	struct day day = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	assert_false(ec_ledger_at(day.ledger).root_waits); /* there is no block yet */
	for (uint64_t i = 1; i <= 2; i++) {
		day_note_deliver(&day, 0, 0, i, NULL);
		assert_false(rooted(&day, i));
		assert_true(ec_ledger_at(day.ledger).root_waits);
	}
	day_deliver(&day, 0, true, NULL, 0);
	assert_true(rooted(&day, 3));
	assert_false(ec_ledger_at(day.ledger).root_waits);
	for (uint64_t i = 4; i <= 64; i++) {
		day_note_deliver(&day, 0, 0, i, NULL);
		assert_int_equal(rooted(&day, i), i == 64);
	}
	day_era(&day, 4);
	assert_true(rooted(&day, 65));
	assert_false(ec_ledger_at(day.ledger).root_waits);
	day_end(&day);
}

/* The same notes, in a group of either kind; some blocks are taken back, some persisted between.
 * Ids differ, for they name the genesis, but no id stands in the state. */
static void a_root_is_that_of_a_group_where_all_have_one(void **state)
{
	(void)state;
	struct day all = day_begin(0, NULL), apart = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	uint32_t compared = 0;
	for (uint64_t i = 1; i <= 200; i++) {
		struct day *const both[] = {&all, &apart};
		for (size_t k = 0; k < 2; k++)
			if (i % 20 == 0)
				day_deliver(both[k], 1, true, NULL, 0);
			else
				day_note_deliver(both[k], (uint32_t)(i % 4), i % 3, i, NULL);
		if (i % 17 == 0) { /* back, and the same again */
			ec_ledger_undo(apart.ledger, i - 1);
			apart.stamp_ns -= 1000000;
			day_note_deliver(&apart, (uint32_t)(i % 4), i % 3, i, NULL);
		}
		if (i % 30 == 0)
			assert_true(ec_ledger_persist(apart.ledger, i - 3, NULL, 0));
		if (!rooted(&apart, i))
			continue;
		struct ec_header a = day_header(&all, i), b = day_header(&apart, i);
		assert_memory_equal(&a.state_root, &b.state_root, sizeof a.state_root);
		compared++;
	}
	assert_int_equal(compared, 10 + 3);
	day_end(&all);
	day_end(&apart);
}

static enum ec_verdict judge(struct day *day, struct ec_bytes proof, struct ec_proof_report *report)
{
	ec_proof_judge(day->world.genesis, NULL, &ec_crypto_ed25519, proof, report);
	return report->verdict;
}

/* Whether the account of `author` is there, by the proof that the ledger gives now.  Out: the block
 * that the proof is of. */
static bool shown(struct day *day, uint32_t author, uint64_t *seq)
{
	uint8_t name[2 + 32] = {'a', '/'};
	struct ec_secret secret = world_secret('a', author);
	struct ec_bytes proof;
	struct ec_proof_report report;
	memcpy(name + 2, secret.key, 32);
	assert_int_equal(ec_ledger_state_proof(day->ledger, name, sizeof name, &proof), EC_FOUND);
	assert_int_equal(judge(day, proof, &report), EC_VALID);
	bool there = report.claim == 1;
	*seq = report.block.seq;
	ec_proof_report_end(&report);
	ec_drop(proof);
	return there;
}

static void the_state_is_shown_at_the_newest_root_below_a_certificate(void **state)
{
	(void)state;
	struct day day = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	struct ec_bytes proof;
	uint64_t seq;
	day_note_deliver(&day, 0, 0, 1, NULL);
	day_certify(&day, 1, 3);
	assert_int_equal(ec_ledger_state_proof(day.ledger, "a", 1, &proof), EC_NOT_YET);
	day_deliver(&day, 0, true, NULL, 0);
	assert_int_equal(ec_ledger_state_proof(day.ledger, "a", 1, &proof), EC_NOT_YET);
	for (uint64_t i = 2; i < 6; i++)
		day_note_deliver(&day, 0, 0, i, NULL);
	day_certify(&day, 5, 3);
	for (uint32_t author = 0; author < 8; author++) {
		assert_int_equal(shown(&day, author, &seq), author < 4);
		assert_int_equal(seq, 2);
	}
	/* Not while it is persisted beyond it, and again from the next one on. */
	assert_true(ec_ledger_persist(day.ledger, 2, NULL, 0));
	assert_true(shown(&day, 0, &seq));
	assert_int_equal(seq, 2);
	assert_true(ec_ledger_persist(day.ledger, 4, NULL, 0));
	assert_int_equal(ec_ledger_state_proof(day.ledger, "a", 1, &proof), EC_NOT_YET);
	day_deliver(&day, 0, true, NULL, 0);
	day_certify(&day, 7, 3);
	assert_true(shown(&day, 0, &seq));
	assert_int_equal(seq, 7);
	day_end(&day);
}

/* A root of zeros is none: the empty path from nothing to it shows no absence. */
static void nothing_is_shown_under_no_root(void **state)
{
	(void)state;
	struct day day = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	struct ec_secret secret = world_secret('a', 0);
	uint8_t bytes[2048], name[2 + 32] = {'a', '/'};
	struct ec_proof_report report;
	struct ec_bytes header;
	memcpy(name + 2, secret.key, 32);
	day_note_deliver(&day, 0, 0, 1, NULL);
	assert_true(ec_ledger_header(day.ledger, 1, &header));
	ec_hash hash = ec_header_hash(header);
	struct ec_certificate certificate = world_certificate(1, &hash, 3);
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	uint8_t signatures[EC_CERTIFICATE_SIZE_MAX];
	size_t size = ec_certificate_write(&certificate, signatures, sizeof signatures);
	ec_cbor_write_array(&writer, 6);
	ec_cbor_write_string(&writer, "edgecord/proof/1");
	ec_cbor_write_array(&writer, 4);
	ec_cbor_write_uint(&writer, 2);
	ec_cbor_write_bytes(&writer, name, sizeof name);
	ec_cbor_write_array(&writer, 0);
	ec_cbor_write_null(&writer);
	ec_cbor_write_bytes(&writer, header.data, header.size);
	ec_cbor_write_array(&writer, 1);
	ec_cbor_write_item(&writer, signatures, size);
	ec_cbor_write_array(&writer, 0);
	ec_cbor_write_null(&writer);
	assert_true(ec_cbor_writer_ok(&writer));
	struct ec_bytes proof = {.data = bytes, .size = writer.out.size};
	assert_int_equal(judge(&day, proof, &report), EC_INVALID);
	assert_string_equal(report.why, "its block has no state root");
	ec_proof_report_end(&report);
	ec_drop(header);
	day_end(&day);
}

static void a_state_without_a_root_is_not_moved(void **state)
{
	(void)state;
	struct day source = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	struct day target = day_begin(EC_GENESIS_ROOTS_APART, NULL);
	struct ec_snapshot snapshot;
	day_note_deliver(&source, 0, 0, 1, NULL);
	assert_true(ec_ledger_persist(source.ledger, 1, NULL, 0));
	ec_hash header = ec_ledger_at(source.ledger).header;
	assert_false(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	ec_ledger_close(source.ledger); /* nor by the next life */
	day_open(&source);
	assert_false(ec_ledger_snapshot(source.ledger, &header, &snapshot));
	assert_true(ec_ledger_at(source.ledger).root_waits);
	day_deliver(&source, 0, true, NULL, 0);
	day_transfer(&source, &target);
	assert_int_equal(ec_ledger_at(target.ledger).seq, 2);
	assert_false(ec_ledger_at(target.ledger).root_waits);
	day_end(&source);
	day_end(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_64th_positions_and_ends_of_eras_have_one),
		cmocka_unit_test(a_root_is_that_of_a_group_where_all_have_one),
		cmocka_unit_test(the_state_is_shown_at_the_newest_root_below_a_certificate),
		cmocka_unit_test(nothing_is_shown_under_no_root),
		cmocka_unit_test(a_state_without_a_root_is_not_moved),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
