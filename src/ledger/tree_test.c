/* tree_test.c - the state tree against the definition of docs/formats.md, by random changes. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/tree.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAMES = 300, CROWD = 20000, CROWD_CHANGES = 400 };

/* The model: which of NAMES names has which value; 0 none. */
struct model {
	ec_hash place[NAMES];
	char name[NAMES][16];
	uint32_t value[NAMES];
};

static struct model *model_new(void)
{
	struct model *model = calloc(1, sizeof *model);
	assert_non_null(model);
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(model->name[i], sizeof model->name[i], "name %u", i);
		model->place[i] = ec_sha256(model->name[i], strlen(model->name[i]));
	}
	return model;
}

static ec_hash model_leaf(const struct model *model, uint32_t i)
{
	return tree_leaf_hash(&model->place[i], &model->value[i], sizeof model->value[i]);
}

static bool below(const ec_hash *place, const ec_hash *prefix, uint32_t bits)
{
	for (uint32_t i = 0; i < bits; i++)
		if (tree_bit(place, i) != tree_bit(prefix, i))
			return false;
	return true;
}

/* The root of the leaves below a prefix, word for word as the format says. */
static ec_hash naive_root(const struct model *model, ec_hash prefix, uint32_t bits)
{
	uint32_t count = 0, one = 0;
	for (uint32_t i = 0; i < NAMES; i++) {
		if (model->value[i] && below(&model->place[i], &prefix, bits)) {
			count++;
			one = i;
		}
	}
	if (count == 0)
		return (ec_hash){0};
	if (count == 1)
		return model_leaf(model, one);
	ec_hash left = naive_root(model, prefix, bits + 1);
	prefix.b[bits / 8] |= (uint8_t)(0x80 >> bits % 8);
	ec_hash right = naive_root(model, prefix, bits + 1);
	return ec_merkle_node(&left, &right);
}

static void change(struct model *model, uint32_t i, uint32_t value, struct tree_change *change)
{
	model->value[i] = value;
	*change = (struct tree_change){.place = model->place[i],
	                               .name = (const uint8_t *)model->name[i],
	                               .name_size = (uint16_t)strlen(model->name[i]),
	                               .gone = value == 0};
	if (value)
		change->leaf = model_leaf(model, i);
}

/* A few changes to different names; `density` of 100 set, the others delete. */
static void step(struct model *model, struct tree *tree, struct ec_prng *prng, uint64_t density)
{
	struct tree_change changes[64];
	bool met[NAMES] = {false};
	size_t count = 0, wanted = 1 + ec_prng_below(prng, 64);
	for (size_t k = 0; k < wanted; k++) {
		uint32_t i = (uint32_t)ec_prng_below(prng, NAMES);
		if (met[i])
			continue;
		met[i] = true;
		bool set = ec_prng_below(prng, 100) < density;
		uint32_t value = set ? 1 + (uint32_t)ec_prng_below(prng, 1000) : 0;
		change(model, i, value, &changes[count++]);
	}
	tree_update(tree, changes, count);
}

static void check_root(const struct model *model, struct tree *tree)
{
	ec_hash root = tree_root(tree), naive = naive_root(model, (ec_hash){0}, 0);
	assert_true(ec_hash_equal(&root, &naive));
}

/* Folds a path by the definition: the end stands at depth `length`. */
static ec_hash fold(const ec_hash *place, ec_hash hash, const ec_hash *path, uint32_t length)
{
	while (length-- > 0)
		hash = tree_bit(place, length) ? ec_merkle_node(&path[length], &hash)
		                               : ec_merkle_node(&hash, &path[length]);
	return hash;
}

static void check_paths(const struct model *model, struct tree *tree)
{
	ec_hash path[TREE_PATH_MAX], root = tree_root(tree);
	const struct tree_leaf *end;
	for (uint32_t i = 0; i < NAMES; i++) {
		uint32_t length = tree_path(tree, &model->place[i], path, &end);
		ec_hash hash = {0};
		bool own = end && end->name_size == strlen(model->name[i]) &&
		           memcmp(end->name, model->name[i], end->name_size) == 0;
		assert_int_equal(own, model->value[i] != 0);
		for (uint32_t k = 0; end && k < NAMES; k++)
			if (end->name_size == strlen(model->name[k]) &&
			    memcmp(end->name, model->name[k], end->name_size) == 0)
				hash = model_leaf(model, k);
		if (length > 0 || end) {
			hash = fold(&model->place[i], hash, path, length);
			assert_true(ec_hash_equal(&hash, &root));
		}
	}
}

/* Walks all leaves in order of their places. */
static void check_walk(const struct model *model, struct tree *tree)
{
	ec_hash at = {0}, found;
	const struct tree_leaf *leaf;
	uint32_t count = 0, expected = 0;
	for (uint32_t i = 0; i < NAMES; i++)
		expected += model->value[i] != 0;
	while (tree_from(tree, &at, &found, &leaf)) {
		assert_true(ec_hash_compare(&at, &found) <= 0);
		count++;
		at = found;
		for (int i = 31; i >= 0 && ++at.b[i] == 0; i--)
			;
	}
	assert_int_equal(count, expected);
}

static void random_changes_give_the_defined_root(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct ec_store *store = ec_store_memory();
		struct model *model = model_new();
		struct ec_prng prng;
		struct tree tree;
		ec_prng_seed(&prng, seed);
		tree_start(&tree, store, "At", 2);
		for (uint32_t round = 0; round < 40; round++) {
			step(model, &tree, &prng, round % 10 < 7 ? 80 : 5);
			check_root(model, &tree);
			if (ec_prng_chance(&prng, 1, 4))
				tree_flush(&tree);
			if (ec_prng_chance(&prng, 1, 8)) { /* all of it from the store again */
				tree_flush(&tree);
				tree_end(&tree);
				tree_start(&tree, store, "At", 2);
				check_root(model, &tree);
			}
			if (round % 10 == 9) {
				check_paths(model, &tree);
				check_walk(model, &tree);
			}
		}
		tree_end(&tree);
		store->close(store);
		free(model);
	}
}

/* Deleting everything leaves nothing but the topmost page. */
static void an_empty_tree_leaves_no_pages(void **state)
{
	(void)state;
	struct ec_store *store = ec_store_memory();
	struct model *model = model_new();
	struct tree tree;
	tree_start(&tree, store, "At", 2);
	for (uint32_t value = 2; value-- > 0;) { /* all of them there, then none */
		struct tree_change changes[NAMES];
		for (uint32_t i = 0; i < NAMES; i++)
			change(model, i, value, &changes[i]);
		tree_update(&tree, changes, NAMES);
		tree_flush(&tree);
		check_root(model, &tree);
	}
	struct ec_bytes name, value;
	assert_true(store->next(store, NULL, 0, &name, &value));
	assert_false(store->next(store, name.data, name.size, &name, &value));
	tree_end(&tree);
	store->close(store);
	free(model);
}

/* (T3) What a page knows of those below is what a search finds. */
static void check_below(void *self, struct named *named)
{
	struct tree *tree = self;
	const struct tree_page *page = *(struct tree_page **)named->record;
	uint32_t depth = named->name[0];
	for (uint32_t slot = 0; slot < TREE_SLOTS; slot++) {
		ec_hash place = {0};
		memcpy(place.b, named->name + 1, named->name_size - 1u);
		place.b[depth / 2] |= (uint8_t)(slot << (depth & 1 ? 0 : 4));
		if (page->below[slot])
			assert_ptr_equal(page->below[slot],
			                 tree_page(tree, &place, depth + 1, false));
	}
}

/* A random batch of changes to many names, for two trees; they sort it. */
static size_t crowd_change(struct ec_prng *prng, char name[CROWD][16],
                           struct tree_change change[CROWD_CHANGES])
{
	size_t count = 0;
	for (uint32_t i = (uint32_t)ec_prng_below(prng, CROWD / CROWD_CHANGES); i < CROWD;
	     i += CROWD / CROWD_CHANGES + (uint32_t)ec_prng_below(prng, 9)) {
		size_t size = (size_t)snprintf(name[i], sizeof name[i], "name %u", i);
		change[count] = (struct tree_change){.place = ec_sha256(name[i], size),
		                                     .name = (const uint8_t *)name[i],
		                                     .name_size = (uint16_t)size,
		                                     .gone = ec_prng_chance(prng, 1, 3)};
		change[count].leaf = tree_leaf_hash(&change[count].place, &prng->s[0], 8);
		count++;
	}
	return count;
}

/* With room for few pages those that were just asked for stay, the others come back from the store,
 * and no page knows one that was freed. */
static void pages_that_are_forgotten_come_back(void **state)
{
	(void)state;
	static char name[CROWD][16];
	static struct tree_change change[CROWD_CHANGES], copy[CROWD_CHANGES];
	struct ec_store *store = ec_store_memory();
	struct tree small, large;
	struct ec_prng prng;
	ec_prng_seed(&prng, 1);
	tree_start(&small, store, "As", 2);
	tree_start(&large, store, "Al", 2);
	for (uint32_t round = 0; round < 120; round++) {
		small.clean_max = 1 + ec_prng_below(&prng, 6000);
		size_t count = crowd_change(&prng, name, change);
		memcpy(copy, change, sizeof copy);
		tree_update(&small, change, count);
		tree_update(&large, copy, count);
		ec_hash roots[] = {tree_root(&small), tree_root(&large)};
		assert_true(ec_hash_equal(&roots[0], &roots[1]));
		if (round % 3)
			continue;
		tree_flush(&small);
		names_each(small.pages, check_below, &small);
	}
	uint64_t kept = names_count(small.pages), all = names_count(large.pages);
	assert_true(all > 4000 && kept < all);
	tree_end(&small);
	tree_end(&large);
	store->close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_give_the_defined_root),
		cmocka_unit_test(an_empty_tree_leaves_no_pages),
		cmocka_unit_test(pages_that_are_forgotten_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
