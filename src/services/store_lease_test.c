/* store_lease_test.c - leases of a store: that they last as long as they say, and end. */
#include "services/store_house.h"

/* Two seconds later: their time begins anew. */
static void of_age(struct shop *shop)
{
	assert_true(turn_to(shop, shop->now_s + 2));
}

static void test_lease_ends_in_time(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	struct ec_store_change change;
	shop_open(&shop);
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 7, .ttl_s = 10}),
	                 EC_RESULT_DONE);
	assert_int_equal(shop.outcome.expires_ns, NS(START_S + 10));
	assert_int_equal(put_leased(&shop, "a", "1", 7), EC_RESULT_DONE);
	assert_int_equal(put_leased(&shop, "b", "2", 7), EC_RESULT_DONE);
	assert_int_equal(put(&shop, "c", "3"), EC_RESULT_DONE);
	assert_int_equal(ec_store.due(shop.scratch, shop.rule), NS(START_S + 2));
	of_age(&shop);
	assert_int_equal(ec_store.due(shop.scratch, shop.rule), NS(START_S + 12));
	assert_true(turn_to(&shop, START_S + 10));
	assert_true(key_of(&shop, "a", &key));
	assert_int_equal(key.lease, 7);
	audit(&shop);
	assert_true(turn_to(&shop, START_S + 12)); /* at its very time */
	assert_false(key_of(&shop, "a", &key));
	assert_false(key_of(&shop, "b", &key));
	assert_true(key_of(&shop, "c", &key));
	assert_int_equal(head_of(&shop).revision, 4); /* one for both */
	assert_true(change_of(&shop, 4, 1, &change));
	assert_int_equal(change.kind, EC_STORE_LAPSE);
	assert_int_equal(change.lease, 7);
	assert_int_equal(ec_store.due(shop.scratch, shop.rule), UINT64_MAX);
	assert_int_equal(put_leased(&shop, "a", "1", 7), EC_RESULT_RULE);
	audit(&shop);
	fake_free(shop.scratch);
}

/* Time has come, the turn has not: the lease is over all the same. */
static void test_lease_over_before_its_turn(void **state)
{
	(void)state;
	struct shop shop;
	shop_open(&shop);
	lease(&shop, ALICE, (struct ec_store_lease_say){.id = 7, .ttl_s = 10});
	of_age(&shop);
	shop.now_s += 10;
	struct ec_store_lease_say keep = {.act = EC_STORE_KEEP_ALIVE, .id = 7};
	assert_int_equal(put_leased(&shop, "a", "1", 7), EC_RESULT_RULE);
	assert_string_equal(shop.scratch->reason, "the lease has ended in community time");
	assert_int_equal(lease(&shop, ALICE, keep), EC_RESULT_RULE);
	shop.now_s--;
	assert_int_equal(lease(&shop, ALICE, keep), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.expires_ns, NS(START_S + 21));
	of_age(&shop);
	assert_true(turn_to(&shop, START_S + 22));
	assert_int_equal(head_of(&shop).leases, 1);
	assert_true(turn_to(&shop, START_S + 23));
	assert_int_equal(head_of(&shop).leases, 0);
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_lease_of_another(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	shop_open(&shop);
	lease(&shop, BOB, (struct ec_store_lease_say){.id = 7, .ttl_s = 10});
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 7, .ttl_s = 10}),
	                 EC_RESULT_RULE); /* the id is taken */
	assert_int_equal(put_leased(&shop, "a", "1", 7), EC_RESULT_FORBIDDEN);
	struct ec_store_lease_say revoke = {.act = EC_STORE_REVOKE, .id = 7};
	assert_int_equal(lease(&shop, ALICE, revoke), EC_RESULT_FORBIDDEN);
	shop.roles = EC_ROLE_OPERATOR; /* who may clear away what a dead client left */
	assert_int_equal(put_leased(&shop, "a", "1", 7), EC_RESULT_DONE);
	assert_int_equal(lease(&shop, ALICE, revoke), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.revision, 2);
	assert_false(key_of(&shop, "a", &key));
	assert_int_equal(lease(&shop, ALICE, revoke), EC_RESULT_RULE);
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_key_leaves_its_lease(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	shop_open(&shop);
	lease(&shop, ALICE, (struct ec_store_lease_say){.id = 7, .ttl_s = 10});
	lease(&shop, ALICE, (struct ec_store_lease_say){.id = 8, .ttl_s = 20});
	put_leased(&shop, "a", "1", 7);
	put_leased(&shop, "b", "1", 7);
	put_leased(&shop, "c", "1", 7);
	put(&shop, "a", "2");           /* stays */
	put_leased(&shop, "b", "2", 8); /* goes later */
	audit(&shop);
	del(&shop, "c");
	audit(&shop);
	of_age(&shop);
	turn_to(&shop, START_S + 12);
	assert_true(key_of(&shop, "a", &key) && key_of(&shop, "b", &key));
	turn_to(&shop, START_S + 23);
	assert_true(key_of(&shop, "a", &key));
	assert_false(key_of(&shop, "b", &key));
	audit(&shop);
	fake_free(shop.scratch);
}

/* The clock of the order stands still while nothing is ordered: what is granted or kept alive then
 * lasts as long as it says from when the clock goes on, by however small steps at first. */
static void test_lease_of_an_idle_group(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_lease_say keep = {.act = EC_STORE_KEEP_ALIVE, .id = 7};
	shop_open(&shop);
	for (int i = 0; i < 2; i++) {
		struct ec_store_lease_say say = {.id = 7, .ttl_s = 10};
		assert_int_equal(lease(&shop, ALICE, i ? keep : say), EC_RESULT_DONE);
		assert_int_equal(put_leased(&shop, "a", "1", 7), EC_RESULT_DONE);
		assert_true(fake_turn(shop.scratch, &ec_store, shop.rule, NS(shop.now_s),
		                      NS(shop.now_s) + 1));
		audit(&shop);
		assert_true(turn_to(&shop, shop.now_s + 3600));
		assert_int_equal(put_leased(&shop, "a", "2", 7), EC_RESULT_DONE);
		assert_int_equal(ec_store.due(shop.scratch, shop.rule), NS(shop.now_s + 10));
		audit(&shop);
		assert_true(turn_to(&shop, shop.now_s + 9));
	}
	assert_true(turn_to(&shop, shop.now_s + 1));
	assert_int_equal(head_of(&shop).leases, 0);
	assert_int_equal(count_of(&shop, "young/"), 0);
	audit(&shop);
	fake_free(shop.scratch);
}

/* Nothing of a lease that was granted at the beginning of time is left when it ends, or is revoked.
 */
static void test_lease_of_time_0(void **state)
{
	(void)state;
	for (int revoked = 0; revoked < 2; revoked++) {
		struct shop shop;
		struct ec_store_lease_say revoke = {.act = EC_STORE_REVOKE, .id = 7};
		shop_open(&shop);
		shop.now_s = 0;
		lease(&shop, ALICE, (struct ec_store_lease_say){.id = 7, .ttl_s = 10});
		audit(&shop);
		if (revoked)
			assert_int_equal(lease(&shop, ALICE, revoke), EC_RESULT_DONE);
		else
			of_age(&shop);
		audit(&shop);
		assert_true(turn_to(&shop, 12));
		assert_int_equal(head_of(&shop).leases, 0);
		assert_int_equal(count_of(&shop, "young/"), 0);
		fake_free(shop.scratch);
	}
}

/* Small turns end many leases in several, each whole. */
static void test_turns_are_bounded(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_parameters rule = ec_store_parameters_usual();
	char key[16];
	int turns = 1;
	shop_open(&shop);
	rule.turn_changes_max = 4;
	shop_rules(&shop, &rule);
	for (uint64_t id = 1; id <= 5; id++) {
		lease(&shop, ALICE, (struct ec_store_lease_say){.id = id, .ttl_s = 10});
		for (int i = 0; i < 3; i++) {
			snprintf(key, sizeof key, "%u/%d", (unsigned)id, i);
			put_leased(&shop, key, "x", id);
		}
	}
	turn_to(&shop, shop.now_s + 2); /* four come of age, */
	turn_to(&shop, shop.now_s);     /* and the fifth */
	for (; !turn_to(&shop, shop.now_s + 10); turns++) {
		audit(&shop);
		assert_int_equal(head_of(&shop).keys % 3, 0);
	}
	assert_int_equal(turns, 5);
	assert_int_equal(head_of(&shop).keys, 0);
	assert_int_equal(head_of(&shop).revision, 20);
	fake_free(shop.scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lease_ends_in_time),
		cmocka_unit_test(test_lease_over_before_its_turn),
		cmocka_unit_test(test_lease_of_another),
		cmocka_unit_test(test_key_leaves_its_lease),
		cmocka_unit_test(test_lease_of_an_idle_group),
		cmocka_unit_test(test_lease_of_time_0),
		cmocka_unit_test(test_turns_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
