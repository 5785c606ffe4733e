/* aba_test.c - binary agreement, rule by rule; worlds of it stand in the other tests. */
#include "base/test.h"
#include "consensus/honeybadger/aba_world.h"
#include "crypto/dealer_fake.h"
#include "crypto/verifier.h"

#include <stdlib.h>

enum { MEMBERS = 4, WORDS_MOST = ABA_ROUNDS_MAX * 7 + 1 };

/* A world of which one member is used alone: the test says what the others say. */
static struct aba_world *alone(uint32_t n, enum aba_schedule schedule, uint32_t rounds)
{
	return aba_world_new(&(struct aba_world_options){
		.n = n, .ones = 1, .schedule = schedule, .rounds = rounds, .seed = 5});
}

static void hear(struct aba_world *world, uint32_t from, enum aba_kind kind, uint32_t round,
                 uint32_t values)
{
	aba_hear(world->member[0], &world->coin, from, (struct aba_word){kind, round, values});
	aba_invariants(world->member[0]);
}

/* All that it says now, its own words coming back.  Returns: how many. */
static uint32_t drain(struct aba_world *world, struct aba_word *word)
{
	uint32_t count = 0;
	while (aba_next(world->member[0], &word[count])) {
		if (word[count].kind != ABA_SHARE)
			aba_hear(world->member[0], &world->coin, 0, word[count]);
		assert_in_range(++count, 1, WORDS_MOST - 1);
	}
	return count;
}

static void assert_word(struct aba_word word, enum aba_kind kind, uint32_t round, uint32_t values)
{
	assert_int_equal(word.kind, kind);
	assert_int_equal(word.round, round);
	assert_int_equal(word.values, values);
}

static void share_give(struct aba_world *world, uint32_t from, uint32_t round, bool bad)
{
	uint8_t name[ABA_COIN_NAME_SIZE], random[32] = {1};
	struct ec_threshold_share share;
	aba_coin_name(&world->coin, round, name);
	world->coin.crypto->coin_share(world->coin.crypto->group, &world->key, from, NULL,
	                               (struct ec_bytes){.data = name, .size = sizeof name}, random,
	                               &share);
	share.b[0] ^= bad;
	aba_share(world->member[0], &world->coin, from, round, &share);
	aba_invariants(world->member[0]);
}

/* ---- the steps of a round ---- */

static void a_round_goes_by_quorums(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_COIN, 0);
	struct aba *aba = world->member[0];
	(void)state;
	aba_input(aba, &world->coin, true);
	aba_input(aba, &world->coin, false); /* too late */
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_BVAL, 0, ABA_ONE);

	hear(world, 1, ABA_BVAL, 0, ABA_ZERO);
	hear(world, 1, ABA_BVAL, 0, ABA_ZERO); /* counts once */
	assert_int_equal(drain(world, word), 0);
	hear(world, 2, ABA_BVAL, 0, ABA_ZERO); /* f+1: repeated; with our own 2f+1: AUX */
	assert_int_equal(drain(world, word), 2);
	assert_word(word[0], ABA_BVAL, 0, ABA_ZERO);
	assert_word(word[1], ABA_AUX, 0, ABA_ZERO);

	hear(world, 1, ABA_AUX, 0, ABA_ONE); /* 1 is not in bin_values yet */
	hear(world, 2, ABA_AUX, 0, ABA_ZERO);
	hear(world, 2, ABA_AUX, 0, ABA_ONE); /* the first one counts */
	assert_int_equal(drain(world, word), 0);
	hear(world, 1, ABA_BVAL, 0, ABA_ONE);
	hear(world, 3, ABA_BVAL, 0, ABA_ONE); /* bin_values grows: AUX of 1 counts now */
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_CONF, 0, ABA_BOTH);

	hear(world, 1, ABA_CONF, 0, ABA_ZERO);
	assert_int_equal(drain(world, word), 0);
	hear(world, 3, ABA_CONF, 0, ABA_ONE); /* n-f: only now our share */
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_SHARE, 0, 0);
	assert_int_equal(aba_round(aba), 0);
	share_give(world, 0, 0, false);
	assert_int_equal(aba_round(aba), 0);
	share_give(world, 2, 0, false); /* f+1 */
	assert_int_equal(aba_round(aba), 1);
	assert_int_equal(drain(world, word), 1);
	assert_int_equal(word[0].kind, ABA_BVAL);
	assert_null(aba_world_free(world));
}

static void a_fixed_coin_has_no_conf(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_SCHEDULED, 0);
	bool value;
	(void)state;
	aba_input(world->member[0], &world->coin, true);
	drain(world, word);
	for (uint32_t from = 1; from <= 2; from++)
		hear(world, from, ABA_BVAL, 0, ABA_ONE);
	assert_int_equal(drain(world, word), 1);
	assert_false(aba_decided(world->member[0], &value));
	for (uint32_t from = 1; from <= 2; from++)
		hear(world, from, ABA_AUX, 0, ABA_ONE);
	assert_true(aba_decided(world->member[0], &value) && value);
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_TERM, 0, ABA_ONE);
	assert_false(aba_halted(world->member[0]));
	hear(world, 1, ABA_TERM, 0, ABA_ONE);
	hear(world, 1, ABA_TERM, 0, ABA_ONE);
	assert_false(aba_halted(world->member[0]));
	hear(world, 3, ABA_TERM, 0, ABA_ONE);
	assert_true(aba_halted(world->member[0]));
	assert_null(aba_world_free(world));
}

/* Two members that have decided 0 say so, and stand for the votes of all later rounds. */
static void term_stands_for_votes_to_come(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(7, ABA_SCHEDULED, 0);
	(void)state;
	aba_input(world->member[0], &world->coin, false);
	drain(world, word);
	hear(world, 1, ABA_TERM, 0, ABA_ZERO);
	hear(world, 2, ABA_TERM, 0, ABA_ZERO);
	for (uint32_t from = 3; from <= 6; from++)
		hear(world, from, ABA_BVAL, 0, ABA_ZERO);
	for (uint32_t from = 3; from <= 6; from++)
		hear(world, from, ABA_AUX, 0, ABA_ZERO);
	assert_int_equal(drain(world, word), 2); /* AUX; then a coin of 1: on to round 1 */
	assert_word(word[1], ABA_BVAL, 1, ABA_ZERO);
	assert_int_equal(aba_round(world->member[0]), 1);
	for (uint32_t from = 3; from <= 4; from++) /* with ours and theirs: five */
		hear(world, from, ABA_BVAL, 1, ABA_ZERO);
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_AUX, 1, ABA_ZERO);
	for (uint32_t from = 3; from <= 4; from++)
		hear(world, from, ABA_AUX, 1, ABA_ZERO);
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_TERM, 1, ABA_ZERO);
	assert_null(aba_world_free(world));
}

/* V is 1 alone, and stays so against a coin of 0, whatever a liar adds to its CONF. */
static void the_first_conf_of_a_member_counts(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_COIN, 0);
	uint8_t name[ABA_COIN_NAME_SIZE];
	bool value;
	(void)state;
	do { /* another coin */
		world->coin.domain.b[0]++;
		aba_coin_name(&world->coin, 0, name);
	} while (aba_cheap_number((struct ec_bytes){.data = name, .size = sizeof name}) & 1);
	aba_input(world->member[0], &world->coin, true);
	for (uint32_t from = 1; from <= 3; from++) {
		hear(world, from, ABA_BVAL, 0, ABA_ONE);
		hear(world, from, ABA_BVAL, 0, ABA_ZERO);
		hear(world, from, ABA_AUX, 0, ABA_ONE);
	}
	hear(world, 1, ABA_CONF, 0, ABA_ONE);
	hear(world, 1, ABA_CONF, 0, ABA_ZERO);
	hear(world, 2, ABA_CONF, 0, ABA_ONE);
	drain(world, word);
	share_give(world, 1, 0, false);
	share_give(world, 2, 0, false);
	assert_false(aba_decided(world->member[0], &value));
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_BVAL, 1, ABA_ONE);
	assert_null(aba_world_free(world));
}

/* Both values are in bin_values when it comes to round 1: AUX is of its own estimate.  It had no
 * input, and one that comes now is ignored. */
static void who_has_no_input_goes_along(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_SCHEDULED, 0);
	(void)state;
	for (uint32_t from = 1; from <= 3; from++) {
		hear(world, from, ABA_BVAL, 1, ABA_ONE);
		hear(world, from, ABA_BVAL, 1, ABA_ZERO);
		hear(world, from, ABA_BVAL, 0, ABA_ZERO);
		hear(world, from, ABA_AUX, 0, ABA_ZERO);
	}
	assert_int_equal(drain(world, word), 5);
	assert_word(word[0], ABA_BVAL, 0, ABA_ZERO);
	assert_word(word[1], ABA_AUX, 0, ABA_ZERO);
	assert_word(word[2], ABA_BVAL, 1, ABA_ZERO);
	assert_word(word[3], ABA_BVAL, 1, ABA_ONE);
	assert_word(word[4], ABA_AUX, 1, ABA_ZERO);
	aba_input(world->member[0], &world->coin, true);
	assert_int_equal(drain(world, word), 0);
	assert_null(aba_world_free(world));
}

static void who_has_halted_says_term_alone(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_SCHEDULED, 0);
	(void)state;
	aba_input(world->member[0], &world->coin, true);
	for (uint32_t from = 1; from <= 3; from++)
		hear(world, from, ABA_TERM, 0, ABA_ZERO);
	assert_true(aba_halted(world->member[0]));
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_TERM, 0, ABA_ZERO);
	assert_null(aba_world_free(world));
}

static void the_last_round_is_an_alarm(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_SCHEDULED, 1);
	bool value;
	(void)state;
	aba_input(world->member[0], &world->coin, false);
	drain(world, word);
	for (uint32_t from = 1; from <= 2; from++) {
		hear(world, from, ABA_BVAL, 0, ABA_ZERO);
		hear(world, from, ABA_AUX, 0, ABA_ZERO);
	}
	assert_int_equal(drain(world, word), 1);
	assert_true(aba_stuck(world->member[0]));
	hear(world, 1, ABA_TERM, 0, ABA_ZERO);
	assert_false(aba_decided(world->member[0], &value));
	hear(world, 2, ABA_TERM, 0, ABA_ZERO); /* f+1 */
	assert_true(aba_decided(world->member[0], &value) && !value);
	assert_false(aba_stuck(world->member[0]));
	assert_int_equal(drain(world, word), 1);
	assert_word(word[0], ABA_TERM, 0, ABA_ZERO);
	assert_true(aba_halted(world->member[0]));
	assert_null(aba_world_free(world));
}

/* ---- coin shares ---- */

/* n = 7: three are needed.  Two liars come first; what they gave is verified once. */
static void bad_shares_make_room_for_good_ones(void **state)
{
	struct aba_world *world = alone(7, ABA_COIN, 0);
	struct aba_toss toss = {0};
	struct ec_threshold_share kept[3], share = {{0}}, good;
	uint8_t name[ABA_COIN_NAME_SIZE];
	struct ec_bytes text = {.data = name, .size = sizeof name};
	(void)state;
	aba_coin_name(&world->coin, 9, name);
	world->coin.crypto->coin_share(NULL, &world->key, 0, NULL, text, share.b, &good);
	aba_world_verified = 0;
	for (uint32_t i = 0; i < 2; i++)
		aba_toss_hear(&toss, kept, &world->coin, 9, 5 + i, &share, false);
	aba_toss_hear(&toss, kept, &world->coin, 9, 5, &share, false); /* again */
	assert_int_equal(toss.count, 2);
	assert_int_equal(aba_world_verified, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_false(toss.known);
		good.b[8] = (uint8_t)i;
		aba_toss_hear(&toss, kept, &world->coin, 9, i, &good, false);
	}
	assert_true(toss.known);
	assert_int_equal(aba_world_verified, 5);
	assert_int_equal(toss.value, good.b[0] & 1);
	assert_null(aba_world_free(world));
}

/* A member that heard nothing while the others went through all rounds: it hears the last one
 * first, a liar's share in each, and ends where they do, with at most f+1 shares kept a round. */
static void a_slow_member_loses_nothing(void **state)
{
	struct aba_word word[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_COIN, 0);
	struct aba *aba = world->member[0];
	(void)state;
	aba_input(aba, &world->coin, true);
	aba_world_verified = 0;
	for (uint32_t round = ABA_ROUNDS_COIN; round-- > 0;) {
		share_give(world, 3, round, true);
		for (uint32_t from = 1; from <= 3; from++) {
			hear(world, from, ABA_CONF, round, ABA_BOTH);
			hear(world, from, ABA_AUX, round, from == 1 ? ABA_ONE : ABA_ZERO);
			hear(world, from, ABA_BVAL, round, ABA_ONE);
			if (round > 0)
				hear(world, from, ABA_BVAL, round, ABA_ZERO);
		}
		share_give(world, 1, round, false);
	}
	for (uint32_t round = 0; round < ABA_ROUNDS_COIN; round++)
		share_give(world, 2, round, false);
	assert_int_equal(aba_world_verified, 3 * ABA_ROUNDS_COIN);
	assert_int_equal(aba_round(aba), 0);
	for (uint32_t from = 1; from <= 3; from++)
		hear(world, from, ABA_BVAL, 0, ABA_ZERO);
	assert_int_equal(aba_round(aba), ABA_ROUNDS_COIN - 1);
	assert_true(aba_stuck(aba)); /* the others would have said TERM */
	uint32_t count = drain(world, word), coins = 0;
	for (uint32_t i = 0; i < count; i++) { /* each coin was the right one: AUX follows it */
		uint8_t name[ABA_COIN_NAME_SIZE];
		if (word[i].kind != ABA_AUX || word[i].round == 0)
			continue;
		aba_coin_name(&world->coin, word[i].round - 1, name);
		uint64_t number =
			aba_cheap_number((struct ec_bytes){.data = name, .size = sizeof name});
		assert_int_equal(word[i].values, 1u << (number & 1));
		coins++;
	}
	assert_int_equal(coins, ABA_ROUNDS_COIN - 1);
	assert_null(aba_world_free(world));
}

/* Real keys, real shares: 4 and 7 members, a liar whose shares are bad. */
static void with_the_real_coin_they_agree(void **state)
{
	static struct ec_threshold_key key;
	static struct ec_threshold_secret secret[7];
	uint32_t coins = 0;
	(void)state;
	assert_true(ec_crypto_start());
	for (uint64_t seed = 0; seed < 6; seed++) {
		uint32_t n = seed % 2 ? 7 : 4;
		fake_deal(&ec_threshold_ristretto255, seed, n, (n - 1) / 3 + 1, &key, secret);
		struct aba_world *world = aba_world_new(
			&(struct aba_world_options){.n = n,
		                                    .liars = 1,
		                                    .ones = 0xaaaa,
		                                    .schedule = ABA_COIN,
		                                    .order = ABA_RANDOM,
		                                    .lies = ABA_TWO_FACED,
		                                    .crypto = &ec_threshold_ristretto255,
		                                    .key = &key,
		                                    .secret = secret,
		                                    .seed = seed});
		aba_world_begin(world);
		assert_true(aba_world_run(world, 1000000));
		aba_world_end(world);
		coins += world->said[ABA_SHARE] > 0;
		const char *violation = aba_world_free(world);
		if (violation)
			fail_msg("seed %u: %s", (unsigned)seed, violation);
	}
	assert_int_equal(coins, 6);
}

static void coins_hang_on_all_of_their_name(void **state)
{
	struct aba_coin coin = {.epoch = 1, .instance = 2}, other[] = {coin, coin, coin};
	uint8_t name[ABA_COIN_NAME_SIZE], differs[ABA_COIN_NAME_SIZE];
	uint32_t ones = 0;
	(void)state;
	other[0].epoch = 2;
	other[1].instance = 1;
	other[2].domain.b[31] = 1;
	aba_coin_name(&coin, 3, name);
	for (uint32_t i = 0; i < 4; i++) {
		aba_coin_name(i < 3 ? &other[i] : &coin, i < 3 ? 3 : 4, differs);
		assert_memory_not_equal(name, differs, sizeof name);
	}
	for (uint32_t round = 0; round < 1000; round++)
		ones += aba_toss_foreseen(&coin, round);
	assert_in_range(ones, 400, 600);
}

/* ---- lives and copies ---- */

static uint32_t said_list(const struct aba *aba, struct aba_word *word)
{
	uint32_t count = 0, cursor = 0;
	while (aba_said(aba, &cursor, &word[count]))
		assert_in_range(++count, 1, WORDS_MOST - 1);
	return count;
}

static int word_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct aba_word));
}

/* What aba_next() gave is what aba_said() gives, and what a new life restores. */
static void what_was_said_is_known_again(void **state)
{
	static struct aba_word said[WORDS_MOST], again[WORDS_MOST], restored[WORDS_MOST];
	struct aba_world *world = alone(MEMBERS, ABA_COIN, 0);
	struct aba *aba = world->member[0];
	uint32_t count = 0;
	bool value;
	(void)state;
	aba_input(aba, &world->coin, true);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t from = 1; from <= 3; from++) {
			hear(world, from, ABA_BVAL, round, ABA_ONE);
			hear(world, from, ABA_BVAL, round, ABA_ZERO);
			hear(world, from, ABA_AUX, round, from == 1 ? ABA_ONE : ABA_ZERO);
			hear(world, from, ABA_CONF, round, ABA_BOTH);
			share_give(world, from, round, false);
		}
		count += drain(world, said + count);
	}
	hear(world, 1, ABA_TERM, 7, ABA_ONE);
	hear(world, 2, ABA_TERM, 3, ABA_ONE);
	count += drain(world, said + count);
	assert_true(aba_decided(aba, &value) && value);
	assert_word(said[count - 1], ABA_TERM, 7, ABA_ONE);
	assert_int_equal(said_list(aba, again), count);

	aba_init(aba, &world->member_options);
	for (uint32_t i = 0; i < count; i++)
		aba_restore(aba, said[i]);
	aba_go(aba, &world->coin);
	aba_invariants(aba);
	assert_true(aba_decided(aba, &value) && value);
	assert_int_equal(said_list(aba, restored), count);
	aba_input(aba, &world->coin, true);
	assert_int_equal(drain(world, restored + count), 0); /* nothing is said twice */
	qsort(said, count, sizeof *said, word_compare);
	qsort(again, count, sizeof *again, word_compare);
	qsort(restored, count, sizeof *restored, word_compare);
	assert_memory_equal(said, again, count * sizeof *said);
	assert_memory_equal(said, restored, count * sizeof *said);
	assert_null(aba_world_free(world));
}

/* A member is copied elsewhere after each step. */
static void a_copy_is_a_fork(void **state)
{
	struct aba_world *world = aba_world_new(&(struct aba_world_options){
		.n = MEMBERS, .ones = 3, .schedule = ABA_COIN, .order = ABA_RANDOM, .seed = 4});
	size_t size = aba_size(&world->member_options);
	(void)state;
	aba_world_begin(world);
	while (world->first < world->count) {
		assert_true(aba_world_run(world, 1) || world->first < world->count);
		for (uint32_t i = 0; i < MEMBERS; i++) {
			struct aba *copy = malloc(size);
			memcpy(copy, world->member[i], size);
			memset(world->member[i], 0xff, size);
			free(world->member[i]);
			world->member[i] = copy;
		}
	}
	aba_world_end(world);
	assert_null(aba_world_free(world));
}

/* Whatever fields a word has, it is refused, or an instance can hear it. */
static void good_words_can_be_heard(void **state)
{
	uint32_t good = 0;
	(void)state;
	for (uint32_t schedule = 0; schedule < 2; schedule++) {
		struct aba_world *world = alone(MEMBERS, (enum aba_schedule)schedule, 7);
		for (uint32_t kind = 0; kind <= ABA_KINDS; kind++)
			for (uint32_t round = 0; round < 9; round++)
				for (uint32_t values = 0; values < 6; values++) {
					struct aba_word word = {(enum aba_kind)kind, round, values};
					if (!aba_word_good(&world->member_options, word))
						continue;
					good++;
					if (kind == ABA_SHARE)
						share_give(world, 1, round, false);
					else
						hear(world, kind % 3 + 1, word.kind, round, values);
				}
		assert_null(aba_world_free(world));
	}
	/* BVAL, AUX, TERM of each value; CONF of three sets and SHARE, in 2 and in 7 rounds. */
	assert_int_equal(good, 2 * 7 * 3 * 2 + 2 * 4 + 7 * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_goes_by_quorums),
		cmocka_unit_test(a_fixed_coin_has_no_conf),
		cmocka_unit_test(term_stands_for_votes_to_come),
		cmocka_unit_test(the_first_conf_of_a_member_counts),
		cmocka_unit_test(who_has_no_input_goes_along),
		cmocka_unit_test(who_has_halted_says_term_alone),
		cmocka_unit_test(the_last_round_is_an_alarm),
		cmocka_unit_test(bad_shares_make_room_for_good_ones),
		cmocka_unit_test(a_slow_member_loses_nothing),
		cmocka_unit_test(with_the_real_coin_they_agree),
		cmocka_unit_test(coins_hang_on_all_of_their_name),
		cmocka_unit_test(what_was_said_is_known_again),
		cmocka_unit_test(a_copy_is_a_fork),
		cmocka_unit_test(good_words_can_be_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
