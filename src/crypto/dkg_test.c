/* dkg_test.c - keys without a dealer: what members do right, and what one of them does wrong. */
#include "crypto/cipher.h"
#include "crypto/dkg_house.h"
#include "crypto/sign.h"

static struct house house;

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

static void all_honest(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {1, 4, 7, 31};
	for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		uint32_t n = sizes[k];
		house_enrol_all(&house, n);
		for (uint32_t i = n; i-- > 0;)
			assert_null(house_deal(&house, i));
		house_judge_all(&house, NULL);
		house_use(&house, 0);
		struct ec_threshold_key coin = house.coin;
		house_use(&house, n - house.coin.needed); /* other members, the same keys */
		assert_memory_equal(&coin, &house.coin, sizeof coin);
		assert_memory_not_equal(house.coin.commitment, house.seal.commitment,
		                        EC_POINT_SIZE);
		for (uint32_t i = 0; i < n; i++)
			assert_true(ec_dkg_qualified(&house.dkg, i));
		assert_false(ec_dkg_qualified(&house.dkg, n));
	}
}

/* Ten of 31 say nothing, and the phases end by the log's deadlines. */
static void as_many_as_may_be_silent(void **state)
{
	(void)state;
	house_open(&house, 31);
	for (uint32_t i = 0; i < 21; i++)
		assert_null(house_enrol(&house, i));
	assert_int_equal(house.dkg.phase, EC_DKG_ENROL);
	ec_dkg_advance(&house.dkg);
	for (uint32_t i = 0; i < 21; i++)
		assert_null(house_deal(&house, i));
	assert_int_equal(house.dkg.phase, EC_DKG_JUDGE); /* nobody is left who could deal */
	for (uint32_t i = 0; i < 21; i++) {
		size_t complaints;
		assert_null(house_judge(&house, i, &complaints));
	}
	house_use(&house, 5);
	struct ec_threshold_secret coin, seal;
	assert_false(
		ec_dkg_secret(GROUP, &house.dkg, &house.deals, 30, house.seed[30], &coin, &seal));
	const struct ec_threshold_secret none = {{0}};
	assert_memory_equal(&coin, &none, sizeof coin);
}

static void too_many_are_silent(void **state)
{
	(void)state;
	size_t complaints;
	for (int phase = EC_DKG_ENROL; phase <= EC_DKG_JUDGE; phase++) {
		house_open(&house, 4);
		for (uint32_t i = 0; i < (phase == EC_DKG_ENROL ? 2u : 3u); i++)
			assert_null(house_enrol(&house, i));
		ec_dkg_advance(&house.dkg);
		if (phase >= EC_DKG_DEAL) {
			assert_int_equal(house.dkg.phase, EC_DKG_DEAL);
			assert_null(house_deal(&house, 0));
			if (phase == EC_DKG_JUDGE)
				assert_null(house_deal(&house, 2));
			ec_dkg_advance(&house.dkg);
		}
		if (phase >= EC_DKG_JUDGE) {
			assert_int_equal(house.dkg.phase, EC_DKG_JUDGE);
			assert_null(house_judge(&house, 0, &complaints));
			assert_null(house_judge(&house, 1, &complaints));
			ec_dkg_advance(&house.dkg);
		}
		assert_int_equal(house.dkg.phase, EC_DKG_FAILED);
		ec_dkg_advance(&house.dkg);
		assert_int_equal(house.dkg.phase, EC_DKG_FAILED);
	}
}

static void a_silent_dealer_is_left_out(void **state)
{
	(void)state;
	house_enrol_all(&house, 4);
	for (uint32_t i = 0; i < 3; i++)
		assert_null(house_deal(&house, i));
	assert_int_equal(house.dkg.phase, EC_DKG_DEAL);
	ec_dkg_advance(&house.dkg);
	assert_non_null(house_say(&house, 3, 0));
	house_judge_all(&house, NULL);
	assert_false(ec_dkg_qualified(&house.dkg, 3));
	house_use(&house, 2); /* it still has its shares of the others' */
}

static uint8_t *box_in(uint32_t dealer, uint32_t receiver)
{
	struct dkg_deal deal = dkg_deal_over(
		&house.dkg, house_bytes(house.dealt[dealer], dkg_deal_size(&house.dkg)));
	return (uint8_t *)dkg_box_of(&house.dkg, &deal, receiver);
}

static void one_bad_box(void **state)
{
	(void)state;
	const size_t bad[] = {0, 0, 0, 1};
	struct ec_threshold_key without;
	house_enrol_all(&house, 4);
	for (uint32_t i = 0; i < 4; i++) {
		size_t size = house_make(&house, i);
		if (i == 1)
			box_in(1, 3)[5] ^= 1;
		assert_null(house_say(&house, i, size));
	}
	house_judge_all(&house, bad);
	assert_false(ec_dkg_qualified(&house.dkg, 1));
	assert_int_equal(house.dkg.member[1].flags & EC_DKG_BAD_DEAL, EC_DKG_BAD_DEAL);
	assert_int_equal(house.dkg.member[1].by, 3);
	house_use(&house, 1);
	without = house.coin;
	house_use(&house, 2);
	assert_memory_equal(&without, &house.coin, sizeof without);
	/* Had it been kept, the key were another one. */
	house.dkg.member[1].flags &= (uint8_t)~EC_DKG_BAD_DEAL;
	assert_true(ec_dkg_result(GROUP, &house.dkg, &house.deals, &house.coin, &house.seal));
	assert_memory_not_equal(&without, &house.coin, sizeof without);
}

/* Boxes locked as they should be, each with values that lie on no one polynomial of degree f. */
static void a_polynomial_of_another_degree(void **state)
{
	(void)state;
	const size_t bad[] = {1, 1, 0, 1};
	house_enrol_all(&house, 4);
	for (uint32_t i = 0; i < 4; i++) {
		size_t size = house_make(&house, i);
		for (uint32_t k = 0; k < 4 && i == 2; k++) {
			/* What it derived, and a term of degree 2 that is not committed to. */
			struct dkg_parts parts;
			uint8_t secret[32], shared[32];
			const uint8_t square[32] = {(uint8_t)((k + 1) * (k + 1))};
			struct dkg_deal deal =
				dkg_deal_over(&house.dkg, house_bytes(house.dealt[2], size));
			const uint8_t index[32] = {(uint8_t)(k + 1)}, number[2] = {0};
			const struct ec_part part[] = {{house.seed[k], 32},
			                               {house.dkg.id.b, 32},
			                               {index, 32},
			                               {number, 2}};
			ec_hash_scalar(GROUP, "edgecord dkg box secret", part, 4, secret);
			assert_true(GROUP->multiply(shared, secret, deal.lock));
			assert_true(dkg_box_open(GROUP, &house.dkg, &deal, 2, k, shared, &parts));
			GROUP->scalar_add(parts.coin, parts.coin, square);
			ec_hash key = dkg_box_key(&house.dkg, 2, k, shared);
			ec_cipher_seal(key.b, EC_NO_BYTES, (const uint8_t *)&parts, sizeof parts,
			               box_in(2, k));
		}
		assert_null(house_say(&house, i, size));
	}
	house_judge_all(&house, bad);
	assert_false(ec_dkg_qualified(&house.dkg, 2));
	assert_int_equal(house.dkg.member[2].by, 0);
	house_use(&house, 2);
}

/* All boxes of one dealer are bad, each in another way; whoever says so first is believed. */
static void a_dealer_that_cheats_everybody(void **state)
{
	(void)state;
	const size_t bad[] = {1, 1, 1, 0, 1, 1, 1};
	house_enrol_all(&house, 7);
	for (uint32_t i = 0; i < 7; i++) {
		size_t size = house_make(&house, i);
		for (uint32_t k = 0; k < 7 && i == 3; k++)
			box_in(3, k)[11 * k] ^= (uint8_t)(1u << k);
		assert_null(house_say(&house, i, size));
	}
	house_judge_all(&house, bad);
	assert_int_equal(house.dkg.member[3].by, 0);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(ec_dkg_qualified(&house.dkg, i), i != 3);
	house_use(&house, 3);
}

/* A dealer takes the lock of another: complaints of its boxes show the keys of the other's.  It
 * pays with its own place, and the secret is one of two polynomials that nobody has seen. */
static void a_lock_that_was_taken_from_another(void **state)
{
	(void)state;
	const size_t bad[] = {1, 1, 0, 1}, of_lock = 4 * EC_POINT_SIZE;
	uint8_t verdict[EC_DKG_VERDICT_SIZE_MAX];
	struct dkg_parts parts;
	size_t size;
	house_enrol_all(&house, 4);
	for (uint32_t i = 0; i < 4; i++) {
		size = house_make(&house, i);
		if (i == 2)
			memcpy(house.dealt[2] + of_lock, house.dealt[1] + of_lock, EC_POINT_SIZE);
		assert_null(house_say(&house, i, size));
	}
	assert_true(ec_dkg_verdict_make(GROUP, &house.dkg, &house.deals, 3, house.seed[3], verdict,
	                                &size));
	assert_int_equal(size, EC_DKG_COMPLAINT_SIZE);
	struct dkg_deal of_1 = dkg_deal_over(&house.dkg, house.deals.of[1]);
	assert_true(dkg_box_open(GROUP, &house.dkg, &of_1, 1, 3, verdict + 1, &parts));
	for (uint32_t i = 0; i < 4; i += 3) {
		struct dkg_deal deal = dkg_deal_over(&house.dkg, house.deals.of[i]);
		assert_false(dkg_box_open(GROUP, &house.dkg, &deal, i, 3, verdict + 1, &parts));
	}
	house_judge_all(&house, bad);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(ec_dkg_qualified(&house.dkg, i), i != 2);
	house_use(&house, 2);
}

/* A complaint that is true in form: the box's own key and proof, of a box that is good. */
static void complain(uint32_t by, uint32_t of, uint8_t *complaint)
{
	struct ec_dkg_deals spoilt = house.deals;
	static uint8_t copy[EC_DKG_DEAL_SIZE_MAX];
	uint8_t all[EC_DKG_VERDICT_SIZE_MAX];
	size_t size;
	memcpy(copy, house.dealt[of], sizeof copy);
	struct dkg_deal deal = dkg_deal_over(&house.dkg, house.deals.of[of]);
	copy[(size_t)(dkg_box_of(&house.dkg, &deal, by) - house.dealt[of])] ^= 1;
	spoilt.of[of].data = copy;
	assert_true(
		ec_dkg_verdict_make(GROUP, &house.dkg, &spoilt, by, house.seed[by], all, &size));
	assert_int_equal(size, EC_DKG_COMPLAINT_SIZE);
	memcpy(complaint, all, size);
}

static void deal_all(uint32_t n)
{
	house_enrol_all(&house, n);
	for (uint32_t i = 0; i < n; i++)
		assert_null(house_deal(&house, i));
}

static const char *verdict(uint32_t by, const uint8_t *bytes, size_t size)
{
	return ec_dkg_verdict(GROUP, &house.dkg, &house.deals, by, house_bytes(bytes, size));
}

static void who_complains_falsely_is_left_out(void **state)
{
	(void)state;
	uint8_t complaint[EC_DKG_COMPLAINT_SIZE];
	size_t complaints;
	for (int proven = 0; proven < 2; proven++) {
		deal_all(4);
		complain(2, 0, complaint);
		if (!proven)
			complaint[EC_DKG_COMPLAINT_SIZE - 3] ^= 4;
		assert_null(verdict(2, complaint, sizeof complaint));
		assert_true(house.dkg.member[2].flags & EC_DKG_LIED);
		assert_true(ec_dkg_qualified(&house.dkg, 0));
		assert_false(ec_dkg_qualified(&house.dkg, 2));
		assert_null(house_judge(&house, 0, &complaints));
		assert_null(house_judge(&house, 1, &complaints));
		ec_dkg_advance(&house.dkg); /* two verdicts count: that of a liar is none */
		assert_int_equal(house.dkg.phase, EC_DKG_FAILED);
	}
	deal_all(4);
	assert_null(verdict(2, complaint, sizeof complaint));
	for (uint32_t i = 0; i < 4; i++)
		if (i != 2)
			assert_null(house_judge(&house, i, &complaints));
	house_use(&house, 2);
}

/* A proof is of one receiver, one dealer and one generation. */
static void a_complaint_serves_nobody_else(void **state)
{
	(void)state;
	uint8_t complaint[EC_DKG_COMPLAINT_SIZE];
	size_t bad = 0;
	house_enrol_all(&house, 4);
	for (uint32_t i = 0; i < 4; i++) {
		size_t size = house_make(&house, i);
		if (i == 0) {
			box_in(0, 1)[0] ^= 1;
			box_in(0, 2)[0] ^= 1;
		}
		assert_null(house_say(&house, i, size));
	}
	complain(3, 1, complaint);
	complaint[0] = 0; /* of a good box of 1, shown as one of 0 */
	assert_null(verdict(3, complaint, sizeof complaint));
	assert_true(house.dkg.member[3].flags & EC_DKG_LIED);
	assert_true(ec_dkg_qualified(&house.dkg, 0));
	uint8_t all[EC_DKG_VERDICT_SIZE_MAX];
	assert_true(
		ec_dkg_verdict_make(GROUP, &house.dkg, &house.deals, 1, house.seed[1], all, &bad));
	assert_int_equal(bad, EC_DKG_COMPLAINT_SIZE);
	assert_null(verdict(2, all, bad)); /* true of 1, said by 2: its own would have been */
	assert_true(house.dkg.member[2].flags & EC_DKG_LIED);
	assert_null(verdict(1, all, bad));
	assert_false(ec_dkg_qualified(&house.dkg, 0));
	assert_int_equal(house.dkg.member[0].by, 1);
}

/* Nor in another generation, where nothing but its name differs. */
static void a_complaint_is_of_one_generation(void **state)
{
	(void)state;
	uint8_t complaint[EC_DKG_COMPLAINT_SIZE];
	deal_all(4);
	complain(2, 0, complaint);
	house.dkg.id.b[31] ^= 1;
	assert_null(verdict(2, complaint, sizeof complaint));
	assert_true(ec_dkg_qualified(&house.dkg, 0));
	assert_true(house.dkg.member[2].flags & EC_DKG_LIED);
}

static void what_is_malformed_changes_nothing(void **state)
{
	(void)state;
	uint8_t complaint[2 * EC_DKG_COMPLAINT_SIZE], point[32] = {0};
	house_open(&house, 4);
	struct ec_dkg before = house.dkg;
	assert_non_null(house_enrol(&house, 4));
	assert_non_null(ec_dkg_enrol(GROUP, &house.dkg, UINT32_MAX, house_bytes(point, 32)));
	assert_non_null(ec_dkg_enrol(GROUP, &house.dkg, 0, house_bytes(point, 32)));
	memset(point, 0xff, sizeof point);
	assert_non_null(ec_dkg_enrol(GROUP, &house.dkg, 0, house_bytes(point, 32)));
	assert_non_null(ec_dkg_enrol(GROUP, &house.dkg, 0, EC_NO_BYTES));
	assert_non_null(ec_dkg_deal(GROUP, &house.dkg, 0, EC_NO_BYTES)); /* early */
	assert_non_null(verdict(0, NULL, 0));
	assert_memory_equal(&before, &house.dkg, sizeof before);
	assert_null(house_enrol(&house, 0));
	assert_non_null(house_enrol(&house, 0)); /* repeated */

	house_enrol_all(&house, 4);
	assert_non_null(house_enrol(&house, 0)); /* late */
	size_t size = house_make(&house, 0);
	before = house.dkg;
	assert_non_null(house_say(&house, 0, size - 1));
	assert_non_null(house_say(&house, 0, size + 1));
	assert_non_null(house_say(&house, 0, 0));
	for (size_t at = 0; at < 5 * 32; at += 32) {
		uint8_t kept[32];
		memcpy(kept, house.dealt[0] + at, 32);
		memset(house.dealt[0] + at, 0, 32);
		assert_non_null(house_say(&house, 0, size));
		memcpy(house.dealt[0] + at, kept, 32);
	}
	assert_memory_equal(&before, &house.dkg, sizeof before);

	deal_all(4);
	before = house.dkg;
	assert_non_null(house_say(&house, 0, size)); /* late */
	complain(0, 1, complaint);
	complain(0, 2, complaint + EC_DKG_COMPLAINT_SIZE);
	assert_non_null(verdict(0, complaint, EC_DKG_COMPLAINT_SIZE - 1));
	complaint[0] = 2; /* twice of one */
	assert_non_null(verdict(0, complaint, sizeof complaint));
	complaint[0] = 3; /* falling */
	assert_non_null(verdict(0, complaint, sizeof complaint));
	complaint[0] = 0; /* of itself */
	assert_non_null(verdict(0, complaint, sizeof complaint));
	complaint[0] = 4;
	assert_non_null(verdict(0, complaint, EC_DKG_COMPLAINT_SIZE));
	assert_non_null(verdict(4, NULL, 0));
	assert_memory_equal(&before, &house.dkg, sizeof before);
	assert_null(verdict(0, NULL, 0));
	assert_non_null(verdict(0, NULL, 0)); /* repeated */
}

/* Members 1 and 4 have no vote: they hold nothing, and what is needed goes by those who have. */
static void learners_take_no_part(void **state)
{
	(void)state;
	static const uint32_t voter[] = {0, 2, 3, 5};
	const ec_hash id = {{8}};
	house_open(&house, 6);
	ec_dkg_init(&house.dkg, &id, 6, 0x2d);
	assert_non_null(house_enrol(&house, 1));
	for (uint32_t i = 0; i < 4; i++)
		assert_null(house_enrol(&house, voter[i]));
	assert_int_equal(house.dkg.phase, EC_DKG_DEAL);
	for (uint32_t i = 0; i < 3; i++)
		assert_null(house_deal(&house, voter[i]));
	ec_dkg_advance(&house.dkg);
	for (uint32_t i = 1; i < 4; i++) {
		size_t complaints;
		assert_null(house_judge(&house, voter[i], &complaints));
	}
	ec_dkg_advance(&house.dkg);
	house_use(&house, 2); /* 2 and 3 */
	assert_int_equal(house.coin.needed, 2);
	struct ec_threshold_secret coin, seal;
	assert_false(
		ec_dkg_secret(GROUP, &house.dkg, &house.deals, 1, house.seed[1], &coin, &seal));
}

/* A member whose seed is not the one that it enrolled with accuses nobody, and holds nothing. */
static void a_lost_seed(void **state)
{
	(void)state;
	uint8_t all[EC_DKG_VERDICT_SIZE_MAX];
	struct ec_threshold_secret coin, seal;
	size_t size;
	deal_all(4);
	house.seed[3][0] ^= 1;
	assert_false(
		ec_dkg_verdict_make(GROUP, &house.dkg, &house.deals, 3, house.seed[3], all, &size));
	for (uint32_t i = 0; i < 3; i++)
		assert_null(house_judge(&house, i, &size));
	ec_dkg_advance(&house.dkg);
	house_use(&house, 1);
	assert_false(
		ec_dkg_secret(GROUP, &house.dkg, &house.deals, 3, house.seed[3], &coin, &seal));
}

/* The same seed in another generation, and another seed, deal other polynomials. */
static void nothing_is_used_twice(void **state)
{
	(void)state;
	static uint8_t first[EC_DKG_DEAL_SIZE_MAX];
	house_enrol_all(&house, 4);
	size_t size = house_make(&house, 0);
	memcpy(first, house.dealt[0], size);
	house_make(&house, 0);
	assert_memory_equal(first, house.dealt[0], size); /* after a restart: the same */
	house.dkg.id.b[5] ^= 1;
	house_make(&house, 0);
	for (size_t at = 0; at < size; at += 32)
		assert_memory_not_equal(first + at, house.dealt[0] + at, 16);
}

static void the_state_reads_back(void **state)
{
	(void)state;
	uint8_t bytes[EC_DKG_STATE_SIZE_MAX + 1], again[EC_DKG_STATE_SIZE_MAX];
	struct ec_dkg read;
	deal_all(7);
	uint8_t complaint[EC_DKG_COMPLAINT_SIZE];
	complain(2, 0, complaint);
	assert_null(verdict(2, complaint, sizeof complaint));
	size_t size = ec_dkg_encode(&house.dkg, bytes);
	assert_true(ec_dkg_decode(&read, house_bytes(bytes, size)));
	assert_memory_equal(&read, &house.dkg, sizeof read);
	for (size_t cut = 0; cut < size; cut++)
		assert_false(ec_dkg_decode(&read, house_bytes(bytes, cut)));
	assert_false(ec_dkg_decode(&read, house_bytes(bytes, size + 1)));
	for (size_t at = 32; at < size; at++)
		for (uint32_t value = 0; value < 256; value += 5) {
			uint8_t kept = bytes[at];
			bytes[at] = (uint8_t)value;
			if (ec_dkg_decode(&read, house_bytes(bytes, size))) {
				assert_int_equal(ec_dkg_encode(&read, again), size);
				assert_memory_equal(again, bytes, size);
			}
			bytes[at] = kept;
		}
	bytes[41] = EC_DKG_DEAL; /* in which nobody can have judged */
	assert_false(ec_dkg_decode(&read, house_bytes(bytes, size)));
	bytes[41] = EC_DKG_DONE; /* by one verdict of seven, which lies */
	assert_false(ec_dkg_decode(&read, house_bytes(bytes, size)));
	for (uint32_t spoke = 0; spoke <= 7; spoke++) {
		house_open(&house, 7);
		for (uint32_t i = 0; i < spoke; i++)
			assert_null(house_enrol(&house, i));
		size = ec_dkg_encode(&house.dkg, bytes);
		bytes[41] = EC_DKG_DEAL;
		assert_int_equal(ec_dkg_decode(&read, house_bytes(bytes, size)), spoke >= 5);
		bytes[41] = EC_DKG_JUDGE; /* of what nobody dealt */
		assert_false(ec_dkg_decode(&read, house_bytes(bytes, size)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_honest),
		cmocka_unit_test(as_many_as_may_be_silent),
		cmocka_unit_test(too_many_are_silent),
		cmocka_unit_test(a_silent_dealer_is_left_out),
		cmocka_unit_test(one_bad_box),
		cmocka_unit_test(a_polynomial_of_another_degree),
		cmocka_unit_test(a_dealer_that_cheats_everybody),
		cmocka_unit_test(a_lock_that_was_taken_from_another),
		cmocka_unit_test(who_complains_falsely_is_left_out),
		cmocka_unit_test(a_complaint_serves_nobody_else),
		cmocka_unit_test(a_complaint_is_of_one_generation),
		cmocka_unit_test(what_is_malformed_changes_nothing),
		cmocka_unit_test(learners_take_no_part),
		cmocka_unit_test(a_lost_seed),
		cmocka_unit_test(nothing_is_used_twice),
		cmocka_unit_test(the_state_reads_back),
	};
	return cmocka_run_group_tests_name("dkg", tests, start, NULL);
}
