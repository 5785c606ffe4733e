/* cheap_group_test.c - the simulator's stand-ins behave as the real thing, and keep no secret. */
#include "sim/cheap_group.h"

#include "crypto/threshold_laws_test.h"
#include "sim/crypto.h"

static void laws_hold(void **state)
{
	(void)state;
	const struct ec_threshold_crypto *crypto = sim_crypto_fake.threshold;
	assert_ptr_equal(crypto->group, &sim_cheap_group);
	law_every_subset_agrees(crypto, 1);
	law_every_subset_agrees(crypto, 4);
	law_every_subset_agrees(crypto, 7);
	law_every_subset_agrees(crypto, 64);
	law_a_share_serves_one_place(crypto, 3);
	law_a_share_serves_one_place(crypto, 7);
	law_a_label_binds(crypto);
	law_every_bit_counts(crypto);
	law_a_false_share_shows(crypto);
	law_keys_out_of_range_are_refused(crypto);
}

static void who_watches_knows_every_coin(void **state)
{
	(void)state;
	static struct laws laws;
	const uint32_t from[] = {3, 1};
	laws_deal(&laws, &sim_threshold_cheap, 6, 4);
	laws_throw(&laws, "name");
	ec_hash thrown = laws_coin_of(&laws, from, "name");
	ec_hash foreseen = sim_coin_of(&laws.key, text_bytes("name"));
	assert_true(ec_hash_equal(&thrown, &foreseen));
	foreseen = sim_coin_of(&laws.key, text_bytes("eman"));
	assert_false(ec_hash_equal(&thrown, &foreseen));
}

static void a_seed_deals_the_same(void **state)
{
	(void)state;
	static struct ec_threshold_key first, again;
	struct ec_threshold_secret one[7], two[7];
	sim_deal(&sim_threshold_cheap, 8, 7, 3, &first, one);
	sim_deal(&sim_threshold_cheap, 8, 7, 3, &again, two);
	assert_memory_equal(&first, &again, sizeof first);
	assert_memory_equal(one, two, sizeof one);
	sim_deal(&sim_threshold_cheap, 9, 7, 3, &again, two);
	assert_memory_not_equal(one, two, sizeof one);
	sim_deal(&ec_threshold_ristretto255, 8, 7, 3, &again, two);
	assert_false(sim_threshold_cheap.expand(
		sim_threshold_cheap.group, &again)); /* a key of the one is none of the other */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(laws_hold),
		cmocka_unit_test(who_watches_knows_every_coin),
		cmocka_unit_test(a_seed_deals_the_same),
	};
	return cmocka_run_group_tests_name("cheap_group", tests, NULL, NULL);
}
