/* store_owner_test.c - who may write what: owned prefixes, and a store that is being restored. */
#include "services/store_house.h"

#include "base/prng.h"

static enum ec_result own_by(struct shop *shop, uint8_t author, struct ec_store_own_say say)
{
	uint8_t bytes[256];
	return send(shop, author, bytes, ec_store_own_say_write(&say, bytes, sizeof bytes));
}

/* Gives a prefix to the key of an author; 0: to nobody. */
static enum ec_result own(struct shop *shop, uint8_t author, const char *prefix, uint8_t owner)
{
	uint8_t key[32];
	memset(key, owner, sizeof key);
	struct ec_store_own_say say = {.prefix = view(prefix)};
	if (owner)
		say.key = (struct ec_view){key, sizeof key};
	return own_by(shop, author, say);
}

static enum ec_result write_by(struct shop *shop, uint8_t author, const char *key, bool is_delete)
{
	struct ec_store_txn txn = {.ops = {1}};
	txn.op[0][0] = (struct ec_store_op){
		.is_delete = is_delete, .key = view(key), .value = view(is_delete ? "" : "v")};
	return txn_send(shop, author, &txn);
}

static enum ec_result restore(struct shop *shop, struct ec_store_restore_say say)
{
	uint8_t bytes[64];
	return send(shop, ALICE, bytes, ec_store_restore_say_write(&say, bytes, sizeof bytes));
}

static void only_its_owner_writes_under_a_prefix(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	shop_open(&shop);
	assert_int_equal(write_by(&shop, ALICE, "site/a/x", false), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "site/a/", BOB), EC_RESULT_FORBIDDEN);
	assert_string_equal(shop.scratch->reason,
	                    "the prefix is nobody's; an operator says whose it is");
	shop.roles = EC_ROLE_OPERATOR;
	assert_int_equal(own(&shop, ALICE, "site/a/", BOB), EC_RESULT_DONE);
	assert_int_equal(head_of(&shop).owned, 1);
	/* Operators, too, who gave it away. */
	assert_int_equal(write_by(&shop, ALICE, "site/a/x", false), EC_RESULT_FORBIDDEN);
	assert_string_equal(shop.scratch->reason, "the key lies under a prefix that is another's");
	assert_int_equal(write_by(&shop, ALICE, "site/a/x", true), EC_RESULT_FORBIDDEN);
	assert_int_equal(write_by(&shop, ALICE, "site/a/", false), EC_RESULT_FORBIDDEN);
	assert_int_equal(own(&shop, ALICE, "site/a/", ALICE), EC_RESULT_FORBIDDEN);
	assert_int_equal(own(&shop, ALICE, "site/a/", 0), EC_RESULT_FORBIDDEN);
	shop.roles = EC_ROLE_METER;
	assert_true(key_of(&shop, "site/a/x", &key) && key.version == 1);
	assert_int_equal(write_by(&shop, ALICE, "site/a", false), EC_RESULT_DONE); /* beside it */
	assert_int_equal(write_by(&shop, ALICE, "site/ab", false), EC_RESULT_DONE);
	assert_int_equal(write_by(&shop, BOB, "site/a/x", false), EC_RESULT_DONE);
	assert_int_equal(write_by(&shop, BOB, "site/a/y/z", false), EC_RESULT_DONE);
	assert_int_equal(own(&shop, BOB, "site/a/", ALICE), EC_RESULT_DONE); /* hands it on */
	assert_int_equal(write_by(&shop, BOB, "site/a/x", true), EC_RESULT_FORBIDDEN);
	assert_int_equal(write_by(&shop, ALICE, "site/a/x", true), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "site/a/", 0), EC_RESULT_DONE); /* gives it up */
	assert_int_equal(write_by(&shop, BOB, "site/a/x", false), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "site/a/", 0), EC_RESULT_RULE);
	assert_string_equal(shop.scratch->reason, "the prefix has no owner");
	assert_int_equal(head_of(&shop).owned, 0);
	audit(&shop);
	fake_free(shop.scratch);
}

static void a_prefix_may_be_a_roles(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_own_say say = {.prefix = view("limits/"),
	                               .roles = EC_ROLE_GATEWAY | EC_ROLE_TRADER};
	shop_open(&shop);
	shop.roles = EC_ROLE_OPERATOR;
	assert_int_equal(own_by(&shop, ALICE, say), EC_RESULT_DONE);
	assert_int_equal(write_by(&shop, ALICE, "limits/a", false), EC_RESULT_FORBIDDEN);
	assert_int_equal(own(&shop, ALICE, "limits/", ALICE), EC_RESULT_FORBIDDEN);
	shop.roles = EC_ROLE_METER | EC_ROLE_TRADER;
	assert_int_equal(write_by(&shop, BOB, "limits/a", false), EC_RESULT_DONE);
	assert_int_equal(own(&shop, BOB, "limits/", BOB), EC_RESULT_DONE);
	assert_int_equal(write_by(&shop, ALICE, "limits/a", false), EC_RESULT_FORBIDDEN);
	fake_free(shop.scratch);
}

static void no_owned_prefix_begins_with_another(void **state)
{
	(void)state;
	struct shop shop;
	shop_open(&shop);
	shop.roles = EC_ROLE_OPERATOR;
	assert_int_equal(own(&shop, ALICE, "a/b/", BOB), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "a/b/c/", ALICE), EC_RESULT_RULE);
	assert_string_equal(shop.scratch->reason, "it begins with a prefix that has an owner");
	assert_int_equal(own(&shop, BOB, "a/b/c/", ALICE), EC_RESULT_RULE); /* the owner, too */
	assert_int_equal(own(&shop, ALICE, "a/", ALICE), EC_RESULT_RULE);
	assert_string_equal(shop.scratch->reason, "a prefix that has an owner begins with it");
	assert_int_equal(own(&shop, ALICE, "/", ALICE), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "a/bb/", ALICE), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "a/b", ALICE), EC_RESULT_MALFORMED);
	assert_int_equal(own(&shop, ALICE, "", ALICE), EC_RESULT_MALFORMED);
	assert_int_equal(write_by(&shop, BOB, "/x", false), EC_RESULT_FORBIDDEN);
	fake_free(shop.scratch);
}

/* What one operation may not, none of its transaction does; the branch that is not taken counts for
 * nothing. */
static void one_key_of_another_refuses_all(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	struct ec_store_txn txn = {.ops = {2, 1}};
	shop_open(&shop);
	shop.roles = EC_ROLE_OPERATOR;
	assert_int_equal(own(&shop, ALICE, "b/", BOB), EC_RESULT_DONE);
	txn.op[0][0] = (struct ec_store_op){.key = view("mine"), .value = view("1")};
	txn.op[0][1] = (struct ec_store_op){.key = view("b/x"), .is_delete = true};
	txn.op[1][0] = (struct ec_store_op){.key = view("mine"), .value = view("2")};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_FORBIDDEN);
	assert_false(key_of(&shop, "mine", &key));
	txn.compares = 1;
	txn.compare[0] = (struct ec_store_compare){
		.key = view("b/x"), .target = EC_STORE_MOD, .relation = EC_STORE_GREATER};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE); /* to compare is free */
	assert_true(key_of(&shop, "mine", &key));
	fake_free(shop.scratch);
}

/* All prefixes that have an owner are those whose names begin with that of the empty one. */
static void an_empty_prefix_has_a_name(void **state)
{
	(void)state;
	struct ec_name name = ec_store_name_owner((struct ec_view){0});
	assert_int_equal(name.size, 6);
	assert_memory_equal(name.at, "owner/", 6);
}

static void owned_prefixes_are_bounded(void **state)
{
	(void)state;
	struct shop shop;
	char prefix[16];
	shop_open(&shop);
	shop.roles = EC_ROLE_OPERATOR;
	for (int i = 0; i < EC_STORE_OWNED_MAX; i++) {
		snprintf(prefix, sizeof prefix, "%04d/", i);
		assert_int_equal(own(&shop, ALICE, prefix, BOB), EC_RESULT_DONE);
	}
	assert_int_equal(own(&shop, ALICE, "more/", BOB), EC_RESULT_FULL);
	assert_int_equal(own(&shop, BOB, "0000/", ALICE), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "0000/", 0), EC_RESULT_DONE);
	assert_int_equal(own(&shop, ALICE, "more/", BOB), EC_RESULT_DONE);
	fake_free(shop.scratch);
}

/* Random grants and writes by three parties against a plain list of owners. */
static void random_owners(void **state)
{
	(void)state;
	static const char *const prefixes[] = {"a/", "a/b/", "a/b/c/", "a/c/", "b/", "/", "ab/"};
	static const char *const keys[] = {"a/b/c/d", "a/b/x", "a/c/x", "a/x", "b/",    "b/x",
	                                   "ab/x",    "ab",    "a",     "/a",  "x/a/b/"};
	enum { PREFIXES = sizeof prefixes / sizeof *prefixes, KEYS = sizeof keys / sizeof *keys };
	uint64_t written = 0, refused = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct ec_prng prng;
		struct shop shop;
		uint8_t owner[PREFIXES] = {0};
		ec_prng_seed(&prng, seed);
		shop_open(&shop);
		for (int step = 0; step < 200; step++) {
			uint8_t author = (uint8_t)(1 + ec_prng_below(&prng, 3));
			shop.roles = author == ALICE ? EC_ROLE_OPERATOR : EC_ROLE_METER;
			if (ec_prng_below(&prng, 4) == 0) {
				uint64_t p = ec_prng_below(&prng, PREFIXES);
				uint8_t to = (uint8_t)ec_prng_below(&prng, 4);
				bool may = owner[p] ? owner[p] == author : author == ALICE && to;
				for (int i = 0; i < PREFIXES && !owner[p]; i++) {
					size_t least = strlen(prefixes[p]);
					if (strlen(prefixes[i]) < least)
						least = strlen(prefixes[i]);
					may = may && !(owner[i] && memcmp(prefixes[i], prefixes[p],
					                                  least) == 0);
				}
				assert_int_equal(
					own(&shop, author, prefixes[p], to) == EC_RESULT_DONE, may);
				owner[p] = may ? to : owner[p];
				continue;
			}
			const char *key = keys[ec_prng_below(&prng, KEYS)];
			bool may = true;
			for (int i = 0; i < PREFIXES; i++)
				if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
					may = may && (!owner[i] || owner[i] == author);
			enum ec_result result =
				write_by(&shop, author, key, ec_prng_below(&prng, 3) == 0);
			assert_int_equal(result, may ? EC_RESULT_DONE : EC_RESULT_FORBIDDEN);
			written += may;
			refused += !may;
		}
		audit(&shop);
		fake_free(shop.scratch);
	}
	assert_true(written > 1000 && refused > 1000);
}

static void a_store_is_restored_as_a_whole(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_restore_say begin = {0}, finish = {.finish = true, .keys = 2, .bytes = 4};
	shop_open(&shop);
	assert_int_equal(restore(&shop, begin), EC_RESULT_FORBIDDEN);
	shop.roles = EC_ROLE_OPERATOR;
	assert_int_equal(restore(&shop, finish), EC_RESULT_RULE);
	assert_int_equal(write_by(&shop, BOB, "x", false), EC_RESULT_DONE);
	assert_int_equal(restore(&shop, begin), EC_RESULT_RULE);
	assert_string_equal(shop.scratch->reason,
	                    "there are keys: only a store without any is restored");
	assert_int_equal(write_by(&shop, BOB, "x", true), EC_RESULT_DONE);
	assert_int_equal(restore(&shop, begin), EC_RESULT_DONE);
	assert_int_equal(head_of(&shop).restoring, 1);
	assert_int_equal(restore(&shop, begin), EC_RESULT_RULE);
	assert_int_equal(write_by(&shop, ALICE, "a", false), EC_RESULT_DONE);
	shop.roles = EC_ROLE_METER;
	assert_int_equal(write_by(&shop, BOB, "b", false), EC_RESULT_FORBIDDEN);
	assert_string_equal(shop.scratch->reason, "the store is being restored: until that is "
	                                          "finished only operators write");
	assert_int_equal(lease(&shop, BOB, (struct ec_store_lease_say){.id = 1, .ttl_s = 9}),
	                 EC_RESULT_FORBIDDEN);
	assert_int_equal(restore(&shop, finish), EC_RESULT_FORBIDDEN);
	shop.roles = EC_ROLE_OPERATOR;
	assert_int_equal(restore(&shop, finish), EC_RESULT_RULE); /* one key of two */
	assert_int_equal(write_by(&shop, ALICE, "b", false), EC_RESULT_DONE);
	finish.bytes = 5;
	assert_int_equal(restore(&shop, finish), EC_RESULT_RULE);
	finish.bytes = 4;
	assert_int_equal(restore(&shop, finish), EC_RESULT_DONE);
	assert_int_equal(restore(&shop, finish), EC_RESULT_RULE);
	shop.roles = EC_ROLE_METER;
	assert_int_equal(write_by(&shop, BOB, "b", false), EC_RESULT_DONE);
	audit(&shop);
	fake_free(shop.scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_owner_writes_under_a_prefix),
		cmocka_unit_test(a_prefix_may_be_a_roles),
		cmocka_unit_test(no_owned_prefix_begins_with_another),
		cmocka_unit_test(one_key_of_another_refuses_all),
		cmocka_unit_test(an_empty_prefix_has_a_name),
		cmocka_unit_test(owned_prefixes_are_bounded),
		cmocka_unit_test(random_owners),
		cmocka_unit_test(a_store_is_restored_as_a_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
