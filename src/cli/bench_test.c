/* bench_test.c - quantiles are right, disagreement is seen, and envelopes are good ones. */
#include "base/test.h"
#include "cli/bench_report.h"
#include "consensus/pbft/pbft.h"
#include "ledger/envelope.h"
#include "services/store.h"

#include <stdlib.h>
#include <string.h>

static struct bench_run *good_run(enum bench_mode mode)
{
	static struct bench_run run;
	memset(&run, 0, sizeof run);
	run.options.mode = mode;
	run.options.protocol = &ec_pbft;
	run.members = 4;
	run.options.clients = 4;
	run.options.depth = 2;
	run.result.acknowledged = 100; /* in 13 rounds of 8: 39 syncs on the disks of a quorum */
	for (uint32_t i = 0; i < 4; i++) {
		run.before[i] = (struct bench_count){.seq = 3, .syncs = 5, .signatures = 2};
		run.rest[i] = (struct bench_count){.seq = 9,
		                                   .syncs = i ? 18 : 5 + 1,
		                                   .ids = 100,
		                                   .executed = 100,
		                                   .signatures = 2,
		                                   .ids_hash.b[0] = 7,
		                                   .state_root.b[0] = 8};
		if (mode == BENCH_SIGNED)
			run.rest[i].signatures = 102;
	}
	return &run;
}

/* Of five a majority must have synced where they may only fall silent, four where some may lie. */
static void as_many_disks_as_a_quorum(void **state)
{
	(void)state;
	static const struct ec_protocol crashing = {.name = "crashing"};
	struct bench_run *run = good_run(BENCH_LEDGER);
	run->members = 5;
	run->before[4] = run->before[0];
	run->rest[4] = run->rest[0];
	assert_false(bench_agreement(run));
	assert_non_null(strstr(run->why, "ask for 52 at least"));
	run->options.protocol = &crashing;
	assert_true(bench_agreement(run));
}

static void members_that_agree_pass_and_any_other_figure_fails(void **state)
{
	(void)state;
	for (int mode = BENCH_ORDER; mode <= BENCH_SIGNED; mode++)
		assert_true(bench_agreement(good_run((enum bench_mode)mode)));
	struct bench_run *run = good_run(BENCH_ORDER);
	run->rest[2].ids--;
	assert_false(bench_agreement(run));
	assert_non_null(strstr(run->why, "member 2 counts 99"));
	run = good_run(BENCH_LEDGER);
	run->rest[3].executed++;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_ORDER);
	run->rest[1].ids_hash.b[31] = 1;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_LEDGER);
	run->rest[1].state_root.b[0] = 1;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_SIGNED);
	run->rest[1].signatures = 101;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_LEDGER);
	run->rest[0].signatures = 3;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_SIGNED);
	run->result.refused = 2;
	run->rest[1].signatures += 2 + 5;
	assert_true(bench_agreement(run));
	run->rest[1].signatures += 100;
	assert_false(bench_agreement(run));
	assert_non_null(strstr(run->why, "more than once"));
	run = good_run(BENCH_LEDGER);
	run->rest[0].syncs = 5;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_LEDGER);
	run->rest[1].syncs -= 2;
	assert_false(bench_agreement(run));
	assert_non_null(strstr(run->why, "ask for 39 at least"));
	run = good_run(BENCH_ORDER);
	for (uint32_t i = 0; i < 4; i++)
		run->before[i].ids_hash = run->rest[i].ids_hash;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_LEDGER);
	for (uint32_t i = 0; i < 4; i++)
		run->before[i].state_root = run->rest[i].state_root;
	assert_false(bench_agreement(run));
	assert_non_null(strstr(run->why, "from before the load"));
	run = good_run(BENCH_LEDGER);
	run->result.lost = 1;
	assert_false(bench_agreement(run));
	run = good_run(BENCH_LEDGER);
	run->result.acknowledged = 0;
	assert_false(bench_agreement(run));
}

static void every_envelope_is_another_one_and_of_its_form(void **state)
{
	(void)state;
	static struct bench_cell cell;
	for (uint32_t i = 0; i < BENCH_AUTHORS; i++) {
		uint8_t seed[EC_SEED_SIZE] = {(uint8_t)(i + 1)};
		ec_secret_from_seed(&cell.author[i], seed);
	}
	for (int mode = BENCH_ORDER; mode <= BENCH_SIGNED; mode++) {
		struct bench_options options = {
			.mode = (enum bench_mode)mode, .clients = 40, .payload_bytes = 128};
		struct bench_mill *mill = bench_mill_new(&options, &cell, 3);
		for (uint64_t k = 0; k < 3; k++) {
			for (uint32_t client = 0; client < 40; client++) {
				struct ec_bytes bytes;
				struct ec_envelope envelope;
				uint8_t salt[32];
				char why[256] = "";
				assert_true(bench_mill_next(mill, client, &bytes, salt));
				bool good = ec_envelope_read(bytes, &envelope, why, sizeof why);
				assert_string_equal(why, "");
				assert_true(good);
				assert_true(envelope.sequence == (1ull << 32) + k);
				assert_int_equal(envelope.lane, client / BENCH_AUTHORS);
				assert_memory_equal(envelope.author,
				                    cell.author[client % BENCH_AUTHORS].key, 32);
				assert_int_equal(envelope.kind, 6);
				uint8_t bare[EC_SIGNATURE_SIZE] = {0};
				bool is_bare = memcmp(envelope.signature, bare, sizeof bare) == 0;
				assert_true(is_bare == (mode != BENCH_SIGNED));
			}
		}
		struct ec_bytes bytes;
		uint8_t salt[32];
		assert_true(bench_mill_next(mill, 0, &bytes, salt) == (mode != BENCH_SIGNED));
		bench_mill_free(mill);
	}
}

/* The key that an envelope puts to, and the first byte of what it puts. */
static void put_read(struct bench_mill *mill, uint32_t client, char key[EC_STORE_KEY_MAX],
                     uint8_t *first)
{
	static struct ec_store_txn txn;
	struct ec_bytes bytes;
	struct ec_envelope envelope;
	uint8_t salt[32];
	uint64_t items;
	assert_true(bench_mill_next(mill, client, &bytes, salt));
	assert_true(ec_envelope_read(bytes, &envelope, NULL, 0));
	assert_int_equal(envelope.kind, EC_STORE_KIND_TXN);
	struct ec_cbor body = ec_cbor_over(envelope.payload.data, envelope.payload.size);
	items = ec_cbor_array(&body, 16);
	ec_cbor_uint(&body, EC_STORE_KIND_TXN);
	assert_true(ec_store_txn_read(body, items - 1, &txn));
	assert_int_equal(txn.ops[0], 1);
	assert_int_equal(txn.op[0][0].value.size, 128);
	assert_int_equal(txn.op[0][0].key.size, 16);
	memcpy(key, txn.op[0][0].key.data, 16);
	key[16] = 0;
	*first = txn.op[0][0].value.data[0];
}

static void every_put_is_of_another_value_to_a_key_by_chance(void **state)
{
	(void)state;
	static struct bench_cell cell;
	uint8_t seed[EC_SEED_SIZE] = {1}, value, last = 255;
	char key[EC_STORE_KEY_MAX], before[EC_STORE_KEY_MAX] = "";
	ec_secret_from_seed(&cell.author[0], seed);
	struct bench_options options = {.mode = BENCH_STORE, .clients = 2, .payload_bytes = 128};
	ec_secret_from_seed(&cell.author[1], seed);
	struct bench_mill *mill = bench_mill_new(&options, &cell, 1);
	uint32_t same = 0;
	for (uint32_t k = 0; k < 200; k++) {
		put_read(mill, 0, key, &value);
		assert_int_equal(strncmp(key, "bench/", 6), 0);
		assert_true(strtoul(key + 6, NULL, 10) < BENCH_KEYS);
		assert_int_equal(value, (uint8_t)(last + 1));
		last = value;
		same += strcmp(key, before) == 0;
		memcpy(before, key, sizeof before);
	}
	assert_true(same < 3);
	bench_mill_free(mill);
}

static void the_machine_is_measured(void **state)
{
	(void)state;
	struct bench_limits limits = {0};
	char why[256];
	assert_true(bench_limits_measure("/tmp", &limits, why, sizeof why));
	assert_true(limits.syncs_s > 0 && limits.round_trips_s > 100);
	assert_true(limits.verifies_before_s > 100);
	assert_true(bench_limits_verifies_again(&limits, why, sizeof why));
	assert_true(limits.verifies_after_s > 100);
	assert_true(limits.cores >= 1);
	assert_false(bench_limits_measure("/no-such-folder", &limits, why, sizeof why));
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_disks_as_a_quorum),
		cmocka_unit_test(members_that_agree_pass_and_any_other_figure_fails),
		cmocka_unit_test(every_envelope_is_another_one_and_of_its_form),
		cmocka_unit_test(every_put_is_of_another_value_to_a_key_by_chance),
		cmocka_unit_test(the_machine_is_measured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
