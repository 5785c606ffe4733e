/* layer_test.c - layers, scratch and the store in memory against a plain map, by random steps. */
#include "base/test.h"
#include "base/prng.h"
#include "ledger/scratch.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAMES = 40, STEPS = 60, VALUE_MAX = 6 };

/* The model keeps the whole map at every position. */
struct map {
	uint32_t value[NAMES]; /* 0: none */
};

struct world_of_names {
	struct map at[STEPS + 1];
	uint64_t position, settled, synced;
	struct ec_store *store;
	struct layer layer;
};

/* The bytes of a value, 0 has none: some fit beside their names, some do not. */
static struct ec_bytes bytes_of(uint32_t value)
{
	static uint8_t bytes[4 + 200 * VALUE_MAX];
	if (!value)
		return EC_NO_BYTES;
	size_t size = 4 + 200 * (size_t)(value - 1);
	memset(bytes, (int)value, size);
	return (struct ec_bytes){.data = bytes, .size = size};
}

static size_t name_of(uint32_t i, char name[8])
{
	/* Names that begin with one another, in an order that their numbers do not have. */
	static const char *const stems[] = {"m", "ma", "mab", "b", "bb"};
	return (size_t)snprintf(name, 8, "%s%u", stems[i % 5], i / 5);
}

static void check_get(struct world_of_names *w, uint64_t position)
{
	for (uint32_t i = 0; i < NAMES; i++) {
		char name[8];
		struct ec_bytes value;
		size_t size = name_of(i, name);
		bool there = layer_get_at(&w->layer, position, name, size, &value);
		struct ec_bytes expected = bytes_of(w->at[position].value[i]);
		assert_int_equal(there, expected.size > 0);
		if (!there)
			continue;
		assert_int_equal(value.size, expected.size);
		assert_memory_equal(value.data, expected.data, expected.size);
	}
}

static int order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Walks all names; the model's, sorted, must be the same. */
static void check_walk(struct world_of_names *w, uint64_t position)
{
	char expected[NAMES][8] = {{0}}, at[8] = "";
	uint32_t count = 0;
	size_t size = 0;
	struct ec_bytes name, value;
	for (uint32_t i = 0; i < NAMES; i++)
		if (w->at[position].value[i])
			name_of(i, expected[count++]);
	qsort(expected, count, sizeof expected[0], order);
	for (uint32_t i = 0; i < count; i++) {
		assert_true(layer_next_at(&w->layer, position, at, size, &name, &value));
		assert_int_equal(name.size, strlen(expected[i]));
		assert_memory_equal(name.data, expected[i], name.size);
		memcpy(at, name.data, size = name.size);
	}
	assert_false(layer_next_at(&w->layer, position, at, size, &name, &value));
}

static void step_put(struct world_of_names *w, struct ec_prng *prng)
{
	struct map *map = &w->at[w->position + 1];
	*map = w->at[w->position];
	w->position++;
	for (uint64_t n = ec_prng_below(prng, 12); n > 0; n--) {
		uint32_t i = (uint32_t)ec_prng_below(prng, NAMES);
		uint32_t value = (uint32_t)ec_prng_below(prng, VALUE_MAX);
		char name[8];
		size_t size = name_of(i, name);
		map->value[i] = value;
		struct ec_bytes bytes = bytes_of(value);
		layer_put(&w->layer, w->position, name, size, bytes.data, bytes.size);
	}
}

static void step_crash(struct world_of_names *w)
{
	layer_end(&w->layer);
	ec_store_memory_crash(w->store);
	layer_start(&w->layer, w->store, "As", 2, true);
	w->position = w->settled = w->synced;
}

static void layers_are_maps_at_positions(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct world_of_names *w = calloc(1, sizeof *w);
		struct ec_prng prng;
		assert_non_null(w);
		ec_prng_seed(&prng, seed);
		w->store = ec_store_memory();
		layer_start(&w->layer, w->store, "As", 2, true);
		for (uint32_t i = 0; i < 400; i++) {
			uint64_t choice = ec_prng_below(&prng, 20);
			uint64_t young = w->position - w->settled;
			if (choice < 12 && w->position < STEPS) {
				step_put(w, &prng);
			} else if (choice < 15) {
				w->position -= ec_prng_below(&prng, young + 1);
				layer_undo(&w->layer, w->position);
			} else if (choice < 17) {
				w->settled += ec_prng_below(&prng, young + 1);
				layer_settle(&w->layer, w->settled);
			} else if (choice < 18) {
				w->store->sync(w->store);
				w->synced = w->settled;
			} else if (choice < 19) {
				step_crash(w);
			}
			young = w->position - w->settled;
			uint64_t at = w->position - ec_prng_below(&prng, young + 1);
			check_get(w, at);
			check_walk(w, at);
		}
		layer_end(&w->layer);
		w->store->close(w->store);
		free(w);
	}
}

static void a_view_stays_while_the_store_goes_on(void **state)
{
	(void)state;
	struct ec_store *store = ec_store_memory();
	struct ec_bytes value;
	store->put(store, "a", 1, "1", 1);
	store->put(store, "b", 1, "2", 1);
	store->sync(store);
	store->put(store, "a", 1, "3", 1);
	store->del(store, "b", 1);
	struct ec_store *view = store->view(store);
	store->put(store, "c", 1, "4", 1);
	store->sync(store);
	assert_true(view->get(view, "a", 1, &value));
	assert_memory_equal(value.data, "1", 1);
	assert_true(view->get(view, "b", 1, &value));
	assert_false(view->get(view, "c", 1, &value));
	assert_false(store->get(store, "b", 1, &value));
	view->close(view);
	store->clear(store);
	assert_false(store->get(store, "a", 1, &value));
	ec_store_memory_crash(store);
	assert_true(store->get(store, "a", 1, &value));
	assert_memory_equal(value.data, "3", 1);
	store->close(store);
}

/* What a cursor sees is what a sorted map has, whatever the scratch changed, ahead and behind. */
/* Behind each of the names that begin with "ma" there is the next one. */
static void check_skips(struct ec_scratch *scratch, char expected[NAMES][8], uint32_t count)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	for (uint32_t i = 0; i < count; i++) {
		ec_cursor_start(&cursor, "ma", 2);
		ec_cursor_skip(&cursor, expected[i], strlen(expected[i]));
		bool next = ec_cursor_next(scratch, &cursor, &value);
		assert_int_equal(next, i + 1 < count);
		if (next)
			assert_memory_equal(cursor.name, expected[i + 1], cursor.name_size);
	}
	ec_cursor_start(&cursor, "ma", 2);
	ec_cursor_skip(&cursor, "mazz", 4); /* no such name, and none above it */
	assert_false(ec_cursor_next(scratch, &cursor, &value));
}

static void cursors_see_scratch_layer_and_store(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct ec_store *store = ec_store_memory();
		struct layer layer;
		struct map map = {{0}};
		struct ec_prng prng;
		ec_prng_seed(&prng, seed);
		layer_start(&layer, store, "As", 2, true);
		struct ec_scratch *scratch = scratch_new(&layer, 1 << 16);
		scratch_begin(scratch, NULL, true);
		for (uint32_t n = 0; n < 60; n++) {
			uint32_t i = (uint32_t)ec_prng_below(&prng, NAMES);
			uint32_t value = (uint32_t)ec_prng_below(&prng, 4);
			char name[8];
			size_t size = name_of(i, name);
			map.value[i] = value;
			if (n < 40)
				layer_put(&layer, n / 4, name, size, value ? &value : NULL,
				          value ? sizeof value : 0);
			else if (value)
				ec_state_put(scratch, name, size, &value, sizeof value);
			else
				ec_state_delete(scratch, name, size);
			if (n == 20)
				layer_settle(&layer, 5);
		}
		char expected[NAMES][8] = {{0}};
		uint32_t count = 0;
		for (uint32_t i = 0; i < NAMES; i++) {
			char name[8];
			name_of(i, name);
			if (map.value[i] && strncmp(name, "ma", 2) == 0)
				memcpy(expected[count++], name, 8);
		}
		qsort(expected, count, sizeof expected[0], order);
		struct ec_cursor cursor;
		struct ec_bytes value;
		check_skips(scratch, expected, count);
		ec_cursor_start(&cursor, "ma", 2);
		for (uint32_t i = 0; i < count; i++) {
			assert_true(ec_cursor_next(scratch, &cursor, &value));
			assert_int_equal(cursor.name_size, strlen(expected[i]));
			assert_memory_equal(cursor.name, expected[i], cursor.name_size);
			if (ec_prng_chance(&prng, 1, 3)) /* behind us: not seen again */
				ec_state_delete(scratch, cursor.name, cursor.name_size);
		}
		assert_false(ec_cursor_next(scratch, &cursor, &value));
		scratch_free(scratch);
		layer_end(&layer);
		store->close(store);
	}
}

static void an_exhausted_scratch_fails_the_same_everywhere(void **state)
{
	(void)state;
	struct ec_store *store = ec_store_memory();
	struct layer layer;
	static uint8_t value[1000];
	layer_start(&layer, store, "As", 2, true);
	struct ec_scratch *scratch = scratch_new(&layer, 1 << 16);
	scratch_begin(scratch, NULL, false);
	uint32_t puts = 0;
	for (; scratch->failed == EC_RESULT_DONE; puts++)
		ec_state_put(scratch, &puts, sizeof puts, value, sizeof value);
	/* 65536 / (128 + 8 + 1000) = 57.7: a number of the format, not of this machine. */
	assert_int_equal(puts, 58);
	assert_int_equal(scratch_judge(scratch, EC_RESULT_DONE), EC_RESULT_TOO_MUCH);
	struct ec_bytes got;
	puts = 0;
	assert_false(ec_state_get(scratch, &puts, sizeof puts, &got));
	scratch_begin(scratch, NULL, false);
	ec_state_put(scratch, "b/x", 3, "1", 1); /* only the ledger posts */
	assert_int_equal(scratch_judge(scratch, EC_RESULT_DONE), EC_RESULT_RULE);
	scratch_free(scratch);
	layer_end(&layer);
	store->close(store);
}

static void postings_must_sum_to_zero(void **state)
{
	(void)state;
	struct ec_store *store = ec_store_memory();
	struct layer layer;
	uint8_t a[32], b[32];
	ec_account_of("a", a);
	ec_account_of("b", b);
	layer_start(&layer, store, "As", 2, true);
	struct ec_scratch *scratch = scratch_new(&layer, 1 << 16);
	scratch_begin(scratch, NULL, false);
	ec_post(scratch, a, 5);
	assert_int_equal(scratch_judge(scratch, EC_RESULT_DONE), EC_RESULT_UNBALANCED);
	ec_post(scratch, b, -5);
	assert_int_equal(scratch_judge(scratch, EC_RESULT_DONE), EC_RESULT_DONE);
	assert_int_equal(ec_balance(scratch, a), 5);
	scratch_begin(scratch, NULL, false);
	ec_post(scratch, a, INT64_MAX);
	ec_post(scratch, b, -INT64_MAX);
	ec_post(scratch, a, 1); /* overflow */
	ec_post(scratch, b, -1);
	assert_int_equal(scratch_judge(scratch, EC_RESULT_DONE), EC_RESULT_RULE);
	scratch_free(scratch);
	layer_end(&layer);
	store->close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_maps_at_positions),
		cmocka_unit_test(a_view_stays_while_the_store_goes_on),
		cmocka_unit_test(cursors_see_scratch_layer_and_store),
		cmocka_unit_test(an_exhausted_scratch_fails_the_same_everywhere),
		cmocka_unit_test(postings_must_sum_to_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
