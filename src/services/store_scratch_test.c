/* store_scratch_test.c - the store where its scratch is used up in the middle of something. */
#include "services/store_house.h"

/* Wherever the arena is used up, nothing is done, and no rule of the store is broken that would
 * end the program: with a history at its bound, and keys that go from lease to lease. */
static void test_scratch_used_up(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_parameters rule = ec_store_parameters_usual();
	struct ec_store_txn txn = {.ops = {4}};
	shop_open(&shop);
	rule.changes_max = 512;
	shop_rules(&shop, &rule);
	for (uint64_t id = 7; id <= 8; id++)
		assert_int_equal(
			lease(&shop, ALICE, (struct ec_store_lease_say){.id = id, .ttl_s = 10}),
			EC_RESULT_DONE);
	assert_int_equal(put_leased(&shop, "moves", "x", 7), EC_RESULT_DONE);
	assert_int_equal(put_leased(&shop, "goes", "x", 7), EC_RESULT_DONE);
	while (head_of(&shop).changes < 512)
		assert_int_equal(put(&shop, "k", "v"), EC_RESULT_DONE);
	txn.op[0][0] = (struct ec_store_op){.key = view("moves"), .value = view("y"), .lease = 8};
	txn.op[0][1] = (struct ec_store_op){.key = view("goes"), .is_delete = true};
	txn.op[0][2] = (struct ec_store_op){.key = view("new"), .value = view("z"), .lease = 8};
	txn.op[0][3] = (struct ec_store_op){.key = view("k"), .value = view("w")};
	shop.scratch->limited = true;
	size_t writes = 0;
	for (;; writes++) {
		ec_hash before = fake_digest(shop.scratch);
		shop.scratch->writes_left = writes;
		enum ec_result result = txn_send(&shop, ALICE, &txn);
		if (result == EC_RESULT_DONE)
			break;
		ec_hash after = fake_digest(shop.scratch);
		assert_int_equal(result, EC_RESULT_TOO_MUCH);
		assert_true(ec_hash_equal(&before, &after));
	}
	assert_true(writes > 10);
	shop.scratch->writes_left = SIZE_MAX;
	assert_true(turn_to(&shop, START_S + 2)); /* their time begins anew */
	for (writes = 0;; writes++) {             /* a turn that ends both leases */
		ec_hash before = fake_digest(shop.scratch);
		shop.scratch->writes_left = writes;
		fake_turn(shop.scratch, &ec_store, shop.rule, 0, NS(START_S + 12));
		if (head_of(&shop).leases == 0)
			break;
		ec_hash after = fake_digest(shop.scratch);
		assert_true(ec_hash_equal(&before, &after));
	}
	assert_true(writes >= 10);
	audit(&shop);
	fake_free(shop.scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_scratch_used_up)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
