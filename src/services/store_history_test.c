/* store_history_test.c - random histories: what is kept of them, and that it is as it was made. */
#include "services/store_house.h"

#include "base/prng.h"

enum { STEPS = 1200, WORLDS = 4, KEYS = 40, CHANGES_MAX = STEPS * 4 * EC_STORE_OPS_MAX };

/* Every change that there ever was, as it was made. */
struct diary {
	struct {
		uint64_t revision, index, key, value_size;
		enum ec_store_change_kind kind;
	} change[CHANGES_MAX];
	size_t changes;
	uint64_t revision;
	bool there[KEYS];
};

static struct diary diary;

static void diary_add(uint64_t index, uint64_t key, enum ec_store_change_kind kind, uint64_t size)
{
	assert_true(diary.changes < CHANGES_MAX);
	diary.revision += index == 0;
	diary.change[diary.changes].revision = diary.revision;
	diary.change[diary.changes].index = index;
	diary.change[diary.changes].key = key;
	diary.change[diary.changes].kind = kind;
	diary.change[diary.changes++].value_size = size;
	diary.there[key] = kind == EC_STORE_PUT;
}

/* Mostly small, now and then as large as a part, or larger. */
static uint64_t random_size(struct ec_prng *prng)
{
	static const uint64_t most[] = {20, 200, 5000, 15000};
	uint64_t dice = ec_prng_below(prng, 40);
	return ec_prng_below(prng, most[dice < 25 ? 0 : dice < 36 ? 1 : dice < 39 ? 2 : 3]);
}

/* Puts and deletes on keys that follow one another. */
static void random_txn(struct ec_prng *prng, struct shop *shop)
{
	static uint8_t bytes[15000];
	char name[EC_STORE_OPS_MAX][8];
	struct ec_store_txn txn = {0};
	uint64_t key = ec_prng_below(prng, KEYS), index = 0;
	txn.ops[0] = ec_prng_below(prng, 3) ? 1 : 1 + (uint32_t)ec_prng_below(prng, 16);
	for (uint32_t i = 0; i < txn.ops[0]; i++, key = (key + 1) % KEYS) {
		struct ec_store_op *op = &txn.op[0][i];
		snprintf(name[i], sizeof name[i], "%02u", (unsigned)key);
		op->key = view(name[i]);
		op->is_delete = ec_prng_below(prng, 4) == 0;
		if (op->is_delete) {
			if (diary.there[key])
				diary_add(index++, key, EC_STORE_DELETE, 0);
			continue;
		}
		uint64_t size = random_size(prng);
		memset(bytes, 'v', sizeof bytes);
		op->value = (struct ec_view){bytes, size};
		diary_add(index++, key, EC_STORE_PUT, size);
	}
	assert_int_equal(txn_send(shop, ALICE, &txn), EC_RESULT_DONE);
}

/* A lease with some keys that ends at once: they go in one revision, in the order of their names.
 */
static void random_lapse(struct ec_prng *prng, struct shop *shop)
{
	static uint64_t id;
	uint64_t keys = 1 + ec_prng_below(prng, 9), key;
	assert_int_equal(lease(shop, ALICE, (struct ec_store_lease_say){.id = ++id, .ttl_s = 1}),
	                 EC_RESULT_DONE);
	for (key = 0; key < keys; key++) {
		char name[8];
		snprintf(name, sizeof name, "%02u", (unsigned)key);
		assert_int_equal(put_leased(shop, name, "v", id), EC_RESULT_DONE);
		diary_add(0, key, EC_STORE_PUT, 1);
	}
	while (head_of(shop).leases > 0)
		turn_to(shop, shop->now_s + 1);
	for (key = 0; key < keys; key++)
		diary_add(key, key, EC_STORE_LAPSE, 0);
}

static void kept_judge(struct shop *shop)
{
	struct ec_store_head head = head_of(shop);
	struct ec_store_change change;
	char name[8];
	audit(shop);
	assert_int_equal(head.revision, diary.revision);
	for (size_t i = diary.changes - head.changes; i < diary.changes; i++) {
		assert_true(
			change_of(shop, diary.change[i].revision, diary.change[i].index, &change));
		snprintf(name, sizeof name, "%02u", (unsigned)diary.change[i].key);
		holds(change.key, name);
		assert_int_equal(change.kind, diary.change[i].kind);
		assert_int_equal(change.value.size, diary.change[i].value_size);
	}
}

static void test_random_histories(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct shop shop;
		struct ec_prng prng;
		struct ec_store_parameters rule = ec_store_parameters_usual();
		uint64_t compacted = 0;
		ec_prng_seed(&prng, seed);
		memset(&diary, 0, sizeof diary);
		shop_open(&shop);
		rule.changes_max = 512;
		rule.change_bytes_max = 1 << 21;
		shop_rules(&shop, &rule);
		for (int i = 0; i < STEPS; i++) {
			if (ec_prng_below(&prng, 20))
				random_txn(&prng, &shop);
			else
				random_lapse(&prng, &shop);
			if (i % 50 == 0)
				kept_judge(&shop);
			struct ec_store_head head = head_of(&shop);
			assert_true(head.compacted >= compacted);
			assert_true(head.compacted == 0 || head.changes > 512 - 300);
			compacted = head.compacted;
		}
		kept_judge(&shop);
		assert_true(compacted > 100);
		fake_free(shop.scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_histories)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
