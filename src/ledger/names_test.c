/* names_test.c - the map from names to records against a plain array, by random steps. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/names.h"

#include <stdio.h>
#include <string.h>

/* Kinds of names that grow, each by itself, and one whose names come anyhow. */
enum { KINDS = 3, NAMES = 200, STEPS = 3000 };

struct model {
	bool there[KINDS][NAMES];
	uint32_t next[KINDS]; /* that grow: below it all were put at some time */
	struct names *names;
};

static size_t name_of(uint32_t kind, uint32_t i, uint8_t name[static 16])
{
	static const char *const begins[KINDS] = {"grown", "growth", "any/"};
	size_t size = strlen(begins[kind]);
	memcpy(name, begins[kind], size);
	name[size++] = (uint8_t)(i >> 4);
	if (i & 15) /* some names begin with others */
		name[size++] = (uint8_t)(i & 15);
	return size;
}

/* In the order of names. */
static const uint32_t order[KINDS] = {2, 0, 1};

static void walk_check(struct model *model)
{
	struct named *named = names_after(model->names, NULL, 0);
	uint64_t count = 0;
	for (uint32_t k = 0; k < KINDS; k++)
		for (uint32_t i = 0; i < NAMES; i++) {
			uint8_t name[16];
			size_t size = name_of(order[k], i, name);
			struct named *found = names_find(model->names, name, size);
			assert_int_equal(found != NULL, model->there[order[k]][i]);
			if (!found)
				continue;
			assert_ptr_equal(found, named);
			assert_int_equal(*(uint32_t *)named->record, i);
			named = named->next[0];
			count++;
		}
	assert_null(named);
	assert_int_equal(names_count(model->names), count);
}

/* The one behind a name, whether that is there or not. */
static void after_check(struct model *model, uint32_t k, uint32_t i)
{
	uint8_t name[16];
	size_t size = name_of(order[k], i, name);
	struct named *after = names_after(model->names, name, size);
	for (i++;; i++) {
		for (; i == NAMES; i = 0)
			if (++k == KINDS) {
				assert_null(after);
				return;
			}
		if (model->there[order[k]][i])
			break;
	}
	size = name_of(order[k], i, name);
	assert_non_null(after);
	assert_int_equal(after->name_size, size);
	assert_memory_equal(after->name, name, size);
}

static void put(struct model *model, uint32_t kind, uint32_t i)
{
	uint8_t name[16];
	size_t size = name_of(kind, i, name);
	*(uint32_t *)names_put(model->names, name, size)->record = i;
	model->there[kind][i] = true;
}

/* Some grow one by one, some leave a gap that is filled later. */
static void grow(struct model *model, struct ec_prng *prng)
{
	uint32_t kind = (uint32_t)ec_prng_below(prng, KINDS - 1);
	model->next[kind] += (uint32_t)ec_prng_below(prng, 2);
	if (model->next[kind] < NAMES)
		put(model, kind, model->next[kind]++);
}

static bool odd_leaves(const void *record)
{
	return *(const uint32_t *)record % 2;
}

static bool all_leave(const void *record)
{
	(void)record;
	return true;
}

static void sweep(struct model *model, bool all)
{
	names_sweep(model->names, all ? all_leave : odd_leaves);
	for (uint32_t kind = 0; kind < KINDS; kind++)
		for (uint32_t i = 0; i < NAMES; i++)
			if (all || i % 2)
				model->there[kind][i] = false;
	if (all)
		memset(model->next, 0, sizeof model->next);
}

static void names_stand_in_order_however_they_came(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct model model = {.names = names_new(sizeof(uint32_t), true)};
		struct ec_prng prng;
		ec_prng_seed(&prng, seed);
		for (uint32_t step = 0; step < STEPS; step++) {
			uint32_t kind = (uint32_t)ec_prng_below(&prng, KINDS);
			uint32_t i = (uint32_t)ec_prng_below(&prng, NAMES);
			uint64_t dice = ec_prng_below(&prng, 1000);
			uint8_t name[16];
			if (dice < 600) {
				grow(&model, &prng);
			} else if (dice < 750) {
				put(&model, kind, i);
			} else if (dice < 980) {
				after_check(&model, kind, i);
			} else if (dice < 990 && model.there[kind][i]) {
				size_t size = name_of(kind, i, name);
				names_remove(model.names, names_find(model.names, name, size));
				model.there[kind][i] = false;
			} else if (dice < 995) {
				sweep(&model, dice < 993);
			}
			if (step % 50 == 0)
				walk_check(&model);
		}
		walk_check(&model);
		names_free(model.names, NULL);
	}
}

static void what_leaves_without_an_order_is_found_no_more(void **state)
{
	(void)state;
	struct names *names = names_new(sizeof(uint32_t), false);
	for (uint32_t i = 0; i < 1000; i++)
		*(uint32_t *)names_put(names, &i, sizeof i)->record = i;
	names_sweep(names, odd_leaves);
	assert_int_equal(names_count(names), 500);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(names_find(names, &i, sizeof i) != NULL, i % 2 == 0);
	names_free(names, NULL);
}

/* Names that begin alike, with others, and that are shorter than what is looked at first. */
static void an_array_of_names_is_sorted(void **state)
{
	(void)state;
	struct names *names = names_new(1, false);
	struct named *row[600];
	struct ec_prng prng;
	ec_prng_seed(&prng, 5);
	for (size_t i = 0; i < 600; i++) {
		uint8_t name[12];
		size_t size = 1 + ec_prng_below(&prng, sizeof name);
		for (size_t k = 0; k < size; k++)
			name[k] = (uint8_t)(k == 10 || k < 2 ? ec_prng_next(&prng) % 3 : 0);
		row[i] = names_put(names, name, size);
	}
	names_sort(row, 600);
	for (size_t i = 1; i < 600; i++)
		assert_true(names_compare(row[i - 1]->name, row[i - 1]->name_size, row[i]->name,
		                          row[i]->name_size) <= 0);
	names_sort(row, 0);
	names_free(names, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_stand_in_order_however_they_came),
		cmocka_unit_test(what_leaves_without_an_order_is_found_no_more),
		cmocka_unit_test(an_array_of_names_is_sorted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
