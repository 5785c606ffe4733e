/* store_test.c - the store by its rules. */
#include "services/store_house.h"

static void test_revisions(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	struct ec_store_change change;
	shop_open(&shop);
	assert_int_equal(put(&shop, "a", "one"), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.revision, 1);
	assert_int_equal(put(&shop, "b", ""), EC_RESULT_DONE);
	assert_int_equal(put(&shop, "a", "two"), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.revision, 3);
	assert_true(key_of(&shop, "a", &key));
	assert_int_equal(key.create, 1);
	assert_int_equal(key.mod, 3);
	assert_int_equal(key.version, 2);
	holds(key.value, "two");
	assert_int_equal(del(&shop, "missing"), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.revision, 3); /* nothing changed: no revision is taken */
	assert_int_equal(del(&shop, "a"), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.revision, 4);
	assert_false(key_of(&shop, "a", &key));
	assert_int_equal(put(&shop, "a", "three"), EC_RESULT_DONE);
	assert_true(key_of(&shop, "a", &key));
	assert_int_equal(key.create, 5); /* a new life */
	assert_int_equal(key.version, 1);
	assert_true(change_of(&shop, 4, 0, &change));
	assert_int_equal(change.kind, EC_STORE_DELETE);
	assert_int_equal(change.create, 1);
	assert_int_equal(change.version, 2);
	assert_true(change_of(&shop, 3, 0, &change));
	holds(change.value, "two");
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_compare_and_swap(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_key key;
	struct ec_store_txn txn = {.compares = 1, .ops = {1, 1}};
	shop_open(&shop);
	txn.op[0][0] = (struct ec_store_op){.key = view("a"), .value = view("new")};
	txn.op[1][0] = (struct ec_store_op){.key = view("log"), .value = view("lost")};
	txn.compare[0] = (struct ec_store_compare){.key = view("a"), .value = view("old")};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	assert_false(shop.outcome.succeeded); /* a missing key: told, and that it is missing */
	assert_int_equal(shop.outcome.failed, 0);
	assert_int_equal(shop.outcome.mod, 0);
	assert_false(key_of(&shop, "a", &key));
	assert_true(key_of(&shop, "log", &key));
	put(&shop, "a", "old");
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	assert_true(shop.outcome.succeeded);
	assert_true(key_of(&shop, "a", &key));
	holds(key.value, "new");
	txn.compare[0] = (struct ec_store_compare){
		.key = view("a"), .target = EC_STORE_MOD, .number = shop.outcome.revision - 1};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	assert_false(shop.outcome.succeeded);
	assert_int_equal(shop.outcome.mod, 3);
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_compares(void **state)
{
	(void)state;
	const struct ec_store_key key = {
		.create = 3, .mod = 7, .version = 2, .lease = 9, .value = view("mm")};
	static const struct {
		enum ec_store_target target;
		uint64_t is;
	} numbers[] = {{EC_STORE_MOD, 7},
	               {EC_STORE_CREATE, 3},
	               {EC_STORE_VERSION, 2},
	               {EC_STORE_LEASE, 9}};
	static const bool truth[4][3] = {/* below, same, above what is there */
	                                 [EC_STORE_EQUAL] = {false, true, false},
	                                 [EC_STORE_NOT_EQUAL] = {true, false, true},
	                                 [EC_STORE_LESS] = {false, false, true},
	                                 [EC_STORE_GREATER] = {true, false, false}};
	static const char *const texts[3] = {"m", "mm", "mma"};
	for (int relation = 0; relation < EC_STORE_RELATIONS; relation++) {
		struct ec_store_compare compare = {.relation = (enum ec_store_relation)relation};
		for (int side = 0; side < 3; side++) {
			compare.target = EC_STORE_VALUE;
			compare.value = view(texts[side]);
			assert_int_equal(ec_store_compare_holds(&compare, &key),
			                 truth[relation][side]);
			assert_int_equal(ec_store_compare_holds(&compare, NULL),
			                 relation == EC_STORE_NOT_EQUAL);
			for (size_t i = 0; i < 4; i++) {
				compare.target = numbers[i].target;
				compare.number = numbers[i].is + (uint64_t)side - 1;
				assert_int_equal(ec_store_compare_holds(&compare, &key),
				                 truth[relation][side]);
				compare.number = 0; /* so a missing key is told from any other */
				assert_int_equal(ec_store_compare_holds(&compare, NULL),
				                 relation == EC_STORE_EQUAL);
			}
		}
	}
}

static void test_transaction_is_whole(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_change change;
	struct ec_store_txn txn = {.ops = {3}};
	shop_open(&shop);
	put(&shop, "gone", "x");
	txn.op[0][0] = (struct ec_store_op){.key = view("b"), .value = view("1")};
	txn.op[0][1] = (struct ec_store_op){.is_delete = true, .key = view("gone")};
	txn.op[0][2] = (struct ec_store_op){.key = view("a"), .value = view("2")};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	assert_int_equal(shop.outcome.revision, 2); /* one revision, three changes in their order */
	assert_true(change_of(&shop, 2, 1, &change));
	holds(change.key, "gone");
	assert_true(change_of(&shop, 2, 2, &change));
	holds(change.key, "a");
	ec_hash before = fake_digest(shop.scratch);
	txn.op[0][2].lease = 5; /* there is none: all of it is refused */
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_RULE);
	assert_string_equal(shop.scratch->reason, "there is no such lease: it ended, or never was");
	ec_hash after = fake_digest(shop.scratch);
	assert_true(ec_hash_equal(&before, &after));
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_forms_refused(void **state)
{
	(void)state;
	static uint8_t big[EC_STORE_VALUE_MAX + 1];
	struct shop shop;
	char long_key[EC_STORE_KEY_MAX + 2];
	shop_open(&shop);
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = 0;
	assert_int_equal(put(&shop, long_key, "x"), EC_RESULT_MALFORMED);
	long_key[EC_STORE_KEY_MAX] = 0;
	assert_int_equal(put(&shop, long_key, "x"), EC_RESULT_DONE);
	assert_int_equal(put(&shop, "", "x"), EC_RESULT_MALFORMED);
	struct ec_store_txn txn = {.ops = {1}};
	txn.op[0][0] = (struct ec_store_op){.key = view("k"), .value = {big, sizeof big}};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_MALFORMED);
	txn.op[0][0].value.size--;
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_RULE); /* above the genesis's */
	struct ec_store_parameters rule = ec_store_parameters_usual();
	rule.value_bytes_max = EC_STORE_VALUE_MAX;
	shop_rules(&shop, &rule);
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	txn = (struct ec_store_txn){.ops = {2}};
	txn.op[0][0] = txn.op[0][1] = (struct ec_store_op){.key = view("k"), .value = view("v")};
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_MALFORMED); /* a key twice */
	txn.op[0][1].key = view("l");
	assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 0, .ttl_s = 1}),
	                 EC_RESULT_MALFORMED);
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 1, .ttl_s = 0}),
	                 EC_RESULT_MALFORMED);
	audit(&shop);
	fake_free(shop.scratch);
}

/* 17 operations are no transaction of this store. */
static void test_operations_bounded(void **state)
{
	(void)state;
	struct shop shop;
	uint8_t bytes[1024];
	shop_open(&shop);
	for (uint32_t count = 16; count <= 17; count++) {
		struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
		ec_cbor_write_array(&writer, 4);
		ec_cbor_write_uint(&writer, EC_STORE_KIND_TXN);
		ec_cbor_write_array(&writer, 0);
		ec_cbor_write_array(&writer, count);
		for (uint8_t i = 0; i < count; i++) {
			ec_cbor_write_array(&writer, 4);
			ec_cbor_write_uint(&writer, 0);
			ec_cbor_write_bytes(&writer, &i, 1);
			ec_cbor_write_bytes(&writer, &i, 1);
			ec_cbor_write_uint(&writer, 0);
		}
		ec_cbor_write_array(&writer, 0);
		assert_true(ec_cbor_writer_ok(&writer));
		assert_int_equal(send(&shop, ALICE, bytes, writer.out.size),
		                 count == 16 ? EC_RESULT_DONE : EC_RESULT_MALFORMED);
	}
	assert_int_equal(head_of(&shop).keys, 16);
	fake_free(shop.scratch);
}

static void test_writers(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_parameters rule = ec_store_parameters_usual();
	shop_open(&shop);
	rule.writers = EC_ROLE_GATEWAY | EC_ROLE_OPERATOR;
	shop_rules(&shop, &rule);
	assert_int_equal(put(&shop, "a", "x"), EC_RESULT_FORBIDDEN);
	shop.roles = EC_ROLE_GATEWAY;
	assert_int_equal(put(&shop, "a", "x"), EC_RESULT_DONE);
	fake_free(shop.scratch);
}

static void test_bounds_of_the_genesis(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_parameters rule = ec_store_parameters_usual();
	shop_open(&shop);
	rule.keys_max = 2;
	rule.bytes_max = 10;
	rule.leases_max = 1;
	rule.lease_keys_max = 1;
	rule.lease_s_max = 5;
	shop_rules(&shop, &rule);
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 1, .ttl_s = 6}),
	                 EC_RESULT_RULE);
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 1, .ttl_s = 5}),
	                 EC_RESULT_DONE);
	assert_int_equal(lease(&shop, ALICE, (struct ec_store_lease_say){.id = 2, .ttl_s = 5}),
	                 EC_RESULT_FULL);
	assert_int_equal(put_leased(&shop, "a", "1", 1), EC_RESULT_DONE);
	assert_int_equal(put_leased(&shop, "b", "1", 1), EC_RESULT_FULL);
	assert_int_equal(put(&shop, "b", "12345678"), EC_RESULT_FULL); /* 11 bytes */
	assert_int_equal(put(&shop, "b", "1234567"), EC_RESULT_DONE);
	assert_int_equal(put(&shop, "c", ""), EC_RESULT_FULL);
	assert_int_equal(put(&shop, "b", "1"), EC_RESULT_DONE); /* less is always taken */
	assert_int_equal(del(&shop, "b"), EC_RESULT_DONE);
	assert_int_equal(put(&shop, "c", ""), EC_RESULT_DONE);
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_compaction(void **state)
{
	(void)state;
	struct shop shop;
	struct ec_store_parameters rule = ec_store_parameters_usual();
	struct ec_store_change change;
	shop_open(&shop);
	rule.changes_max = 512;
	shop_rules(&shop, &rule);
	for (int i = 0; i < 512; i++)
		put(&shop, "a", "x");
	assert_int_equal(head_of(&shop).compacted, 0);
	put(&shop, "a", "y");
	/* The oldest part goes, but for its last revision, which might go on in the next one. */
	assert_int_equal(head_of(&shop).compacted, EC_STORE_GROUP - 2);
	assert_false(change_of(&shop, EC_STORE_GROUP - 2, 0, &change));
	assert_true(change_of(&shop, EC_STORE_GROUP - 1, 0, &change));
	audit(&shop);
	size_t parts = count_of(&shop, "changes/");
	while (head_of(&shop).changes < 512)
		put(&shop, "a", "x");
	put(&shop, "a", "y");
	assert_int_equal(head_of(&shop).compacted, EC_STORE_GROUP - 1);
	assert_int_equal(count_of(&shop, "changes/"), parts - 1);
	audit(&shop);
	static uint8_t big[60000]; /* now the bytes are too many, and a turn goes on with it */
	rule.value_bytes_max = sizeof big;
	rule.change_bytes_max = 1 << 21;
	shop_rules(&shop, &rule);
	struct ec_store_txn txn = {.ops = {EC_STORE_OPS_MAX}};
	static const char *const names[EC_STORE_OPS_MAX] = {"0", "1", "2", "3", "4", "5", "6", "7",
	                                                    "8", "9", "A", "B", "C", "D", "E", "F"};
	for (int i = 0; i < EC_STORE_OPS_MAX; i++)
		txn.op[0][i] =
			(struct ec_store_op){.key = view(names[i]), .value = {big, sizeof big}};
	for (int i = 0; i < 3; i++)
		assert_int_equal(txn_send(&shop, ALICE, &txn), EC_RESULT_DONE);
	audit(&shop);
	assert_true(head_of(&shop).change_bytes > 1 << 21);
	assert_int_equal(ec_store.due(shop.scratch, shop.rule), 0); /* at once */
	while (!turn_to(&shop, shop.now_s + 1))
		audit(&shop);
	assert_true(head_of(&shop).change_bytes <= 1 << 21);
	assert_true(head_of(&shop).changes >= 2 * EC_STORE_OPS_MAX); /* and what fits has stayed */
	audit(&shop);
	fake_free(shop.scratch);
}

static void test_parameters(void **state)
{
	(void)state;
	struct ec_store_parameters usual = ec_store_parameters_usual(), back;
	uint8_t bytes[EC_PARAMETERS_SIZE_MAX];
	int64_t fields[10];
	for (int i = -1; i < 10; i++) {
		struct ec_store_parameters rule = usual;
		memcpy(fields, &rule, sizeof fields);
		if (i >= 0)
			fields[i] = -1;
		memcpy(&rule, fields, sizeof fields);
		struct ec_bytes all = {.data = bytes,
		                       .size = ec_store_parameters_write(&rule, bytes)};
		assert_int_equal(ec_store.parameters_check(all), i < 0);
		if (i < 0) {
			assert_true(ec_store_parameters_read(all, &back));
			assert_memory_equal(&back, &usual, sizeof back);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_revisions),     cmocka_unit_test(test_compare_and_swap),
		cmocka_unit_test(test_compares),      cmocka_unit_test(test_transaction_is_whole),
		cmocka_unit_test(test_forms_refused), cmocka_unit_test(test_operations_bounded),
		cmocka_unit_test(test_writers),       cmocka_unit_test(test_bounds_of_the_genesis),
		cmocka_unit_test(test_compaction),    cmocka_unit_test(test_parameters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
