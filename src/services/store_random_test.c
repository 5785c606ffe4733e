/* store_random_test.c - random histories of the store against a plain model. */
#include "services/store_house.h"

#include "base/prng.h"

enum { MODEL_KEYS = 6, MODEL_LEASES = 3, STEPS = 400, WORLDS = 60 };

struct model {
	struct {
		uint64_t create, mod, version, lease, value; /* version 0: missing */
	} key[MODEL_KEYS];
	uint64_t expires_s[MODEL_LEASES];                    /* 0: none */
	uint64_t young_s[MODEL_LEASES], ttl_s[MODEL_LEASES]; /* young_s 0: of age */
	uint64_t revision;
};

static void model_drop(struct model *model, int i)
{
	memset(&model->key[i], 0, sizeof model->key[i]);
}

static void model_lease_end(struct model *model, int l)
{
	bool any = false;
	for (int i = 0; i < MODEL_KEYS; i++) {
		if (model->key[i].lease != (uint64_t)l + 1)
			continue;
		model_drop(model, i);
		any = true;
	}
	model->revision += any;
	model->expires_s[l] = 0;
}

static void model_turn(struct model *model, uint64_t now_s)
{
	for (int l = 0; l < MODEL_LEASES; l++) {
		if (model->expires_s[l] && model->young_s[l] && model->young_s[l] + 2 <= now_s) {
			model->expires_s[l] = now_s + model->ttl_s[l];
			model->young_s[l] = 0;
		}
		if (model->expires_s[l] && model->expires_s[l] <= now_s)
			model_lease_end(model, l);
	}
}

static void model_check(const struct model *model, struct shop *shop)
{
	char name[16];
	assert_int_equal(head_of(shop).revision, model->revision);
	for (int i = 0; i < MODEL_KEYS; i++) {
		struct ec_store_key key;
		snprintf(name, sizeof name, "k%d", i);
		bool there = key_of(shop, name, &key);
		assert_int_equal(there, model->key[i].version > 0);
		if (!there)
			continue;
		assert_int_equal(key.create, model->key[i].create);
		assert_int_equal(key.mod, model->key[i].mod);
		assert_int_equal(key.version, model->key[i].version);
		assert_int_equal(key.lease, model->key[i].lease);
		assert_int_equal(key.value.size, 8);
		assert_memory_equal(key.value.data, &model->key[i].value, 8);
	}
}

/* Whether a lease takes keys, and is kept alive. */
static bool alive(const struct model *model, uint64_t l, const struct shop *shop)
{
	return model->expires_s[l] > 0 &&
	       (model->young_s[l] > 0 || model->expires_s[l] > shop->now_s);
}

static void random_txn(struct ec_prng *prng, struct model *model, struct shop *shop)
{
	char name[MODEL_KEYS][16];
	uint64_t value[2][MODEL_KEYS];
	struct ec_store_txn txn = {.compares = (uint32_t)ec_prng_below(prng, 3)};
	bool holds_all = true, good = true;
	for (int i = 0; i < MODEL_KEYS; i++)
		snprintf(name[i], sizeof name[i], "k%d", i);
	for (uint32_t c = 0; c < txn.compares; c++) {
		uint64_t i = ec_prng_below(prng, MODEL_KEYS);
		uint64_t guess = model->key[i].mod + (ec_prng_below(prng, 4) == 0);
		txn.compare[c] = (struct ec_store_compare){
			.key = view(name[i]), .target = EC_STORE_MOD, .number = guess};
		holds_all = holds_all && guess == model->key[i].mod;
	}
	int branch = !holds_all;
	struct model next = *model;
	bool changed = false;
	for (int b = 0; b < 2; b++) {
		for (uint64_t i = 0; i < MODEL_KEYS; i++) {
			uint64_t what = ec_prng_below(prng, 6);
			uint64_t lease_id = what == 1 ? 1 + ec_prng_below(prng, MODEL_LEASES) : 0;
			if (what > 2)
				continue;
			struct ec_store_op *op = &txn.op[b][txn.ops[b]++];
			value[b][i] = ec_prng_below(prng, 1000);
			*op = (struct ec_store_op){.key = view(name[i]),
			                           .is_delete = what == 2,
			                           .value = {(uint8_t *)&value[b][i], 8},
			                           .lease = lease_id};
			if (b != branch)
				continue;
			if (what == 2) {
				changed = changed || next.key[i].version > 0;
				model_drop(&next, (int)i);
				continue;
			}
			good = good && (!lease_id || alive(model, lease_id - 1, shop));
			changed = true;
			next.key[i].mod = model->revision + 1;
			next.key[i].create =
				next.key[i].create ? next.key[i].create : next.key[i].mod;
			next.key[i].version++;
			next.key[i].lease = lease_id;
			next.key[i].value = value[b][i];
		}
	}
	enum ec_result result = txn_send(shop, ALICE, &txn);
	assert_int_equal(result, good ? EC_RESULT_DONE : EC_RESULT_RULE);
	if (!good)
		return;
	next.revision += changed;
	*model = next;
	assert_int_equal(shop->outcome.succeeded, holds_all);
	assert_int_equal(shop->outcome.revision, model->revision);
}

static void random_lease(struct ec_prng *prng, struct model *model, struct shop *shop)
{
	uint64_t l = ec_prng_below(prng, MODEL_LEASES), ttl_s = 1 + ec_prng_below(prng, 5);
	struct ec_store_lease_say say = {
		.act = (enum ec_store_lease_act)ec_prng_below(prng, 3), .id = l + 1, .ttl_s = 5};
	uint64_t *expires_s = &model->expires_s[l];
	bool there = *expires_s > 0;
	if (say.act == EC_STORE_GRANT)
		say.ttl_s = ttl_s;
	bool good = say.act == EC_STORE_GRANT ? !there : alive(model, l, shop);
	assert_int_equal(lease(shop, ALICE, say), good ? EC_RESULT_DONE : EC_RESULT_RULE);
	if (good && say.act == EC_STORE_REVOKE) {
		model_lease_end(model, (int)l);
	} else if (good) {
		if (say.act == EC_STORE_GRANT)
			model->ttl_s[l] = ttl_s;
		model->young_s[l] = shop->now_s;
		*expires_s = shop->now_s + (model->ttl_s[l] < 2 ? 2 : model->ttl_s[l]);
	}
}

static void test_random_histories(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		struct ec_prng prng;
		struct model model = {0};
		struct shop shop;
		struct ec_store_parameters rule = ec_store_parameters_usual();
		ec_prng_seed(&prng, seed);
		shop_open(&shop);
		rule.changes_max = 512;
		shop_rules(&shop, &rule);
		for (int step = 0; step < STEPS; step++) {
			uint64_t what = ec_prng_below(&prng, 10);
			if (what == 0) {
				shop.now_s += ec_prng_below(&prng, 4);
				if (ec_prng_below(&prng, 3))
					continue; /* time has come, and no turn yet */
				assert_true(turn_to(&shop, shop.now_s));
				model_turn(&model, shop.now_s);
			} else if (what == 1) {
				random_lease(&prng, &model, &shop);
			} else {
				random_txn(&prng, &model, &shop);
			}
			model_check(&model, &shop);
			if (step % 16 == 0)
				audit(&shop);
		}
		audit(&shop);
		fake_free(shop.scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_histories)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
