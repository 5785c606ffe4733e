/* flush_test.c - order, write-ahead and ownership of the queue of effects. */
#include "group/flush.h"

#include "base/prng.h"
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

static struct ec_flush *flush_new(uint32_t capacity)
{
	struct ec_flush *flush = malloc(ec_flush_size(capacity));
	assert_non_null(flush);
	ec_flush_init(flush, capacity);
	return flush;
}

static void add(struct ec_flush *flush, enum ec_effect_kind kind, uint32_t flags, uint64_t name)
{
	ec_flush_add(flush, (struct ec_effect){.kind = kind, .flags = flags, .seq = name});
}

/* All that may leave now, as a row of names. */
static const char *drain(struct ec_flush *flush, char *text)
{
	struct ec_effect effect;
	size_t size = 0;
	text[0] = 0;
	while (ec_flush_next(flush, &effect)) {
		size += (size_t)sprintf(text + size, "%s%d", size ? " " : "", (int)effect.seq);
		ec_drop(effect.head);
		ec_drop(effect.body);
	}
	return text;
}

static void the_picture_in_the_header(void **state)
{
	(void)state;
	char text[200];
	struct ec_flush *flush = flush_new(8);
	add(flush, EC_DELIVER, 0, 1);
	add(flush, EC_SAVE, 0, 2);
	add(flush, EC_SEND, 0, 3);
	add(flush, EC_SEND, 0, 4);
	add(flush, EC_SEND, EC_EAGER, 5);
	add(flush, EC_SEND, 0, 6);
	assert_string_equal(drain(flush, text), "1 2 5");
	assert_int_equal(ec_flush_saving(flush), 1);
	assert_int_equal(ec_flush_waiting(flush), 3);
	assert_int_equal(ec_flush_room(flush), 5);
	assert_string_equal(drain(flush, text), "");
	ec_flush_durable(flush, 1);
	assert_string_equal(drain(flush, text), "3 4 6");
	free(flush);
}

static void nothing_waits_without_a_save(void **state)
{
	(void)state;
	char text[200];
	struct ec_flush *flush = flush_new(8);
	add(flush, EC_SEND, 0, 1);
	add(flush, EC_SEND, EC_EAGER, 2);
	add(flush, EC_DELIVER, 0, 3);
	add(flush, EC_NOTE, 0, 4);
	add(flush, EC_SERVE, EC_EAGER, 5);
	add(flush, EC_SEND, 0, 6);
	assert_string_equal(drain(flush, text), "1 2 3 4 5 6");
	free(flush);
}

/* A SAVE waits for nobody: what many steps want saved goes to the disk together. */
static void saves_share_a_sync(void **state)
{
	(void)state;
	char text[200];
	struct ec_flush *flush = flush_new(8);
	add(flush, EC_SAVE, 0, 1);
	add(flush, EC_SAVE, 0, 2);
	add(flush, EC_SEND, 0, 3);
	add(flush, EC_SAVE, 0, 4);
	add(flush, EC_SEND, 0, 5);
	assert_string_equal(drain(flush, text), "1 2 4");
	add(flush, EC_SAVE, 0, 6);
	ec_flush_durable(flush, 1);
	assert_string_equal(drain(flush, text), "6");
	ec_flush_durable(flush, 1);
	assert_string_equal(drain(flush, text), "3");
	assert_int_equal(ec_flush_saving(flush), 2);
	ec_flush_durable(flush, 1);
	assert_string_equal(drain(flush, text), "5");
	free(flush);
}

static void a_note_never_waits(void **state)
{
	(void)state;
	char text[200];
	struct ec_flush *flush = flush_new(4);
	add(flush, EC_SAVE, 0, 1);
	add(flush, EC_SEND, 0, 2);
	add(flush, EC_NOTE, 0, 3);
	assert_string_equal(drain(flush, text), "1 3");
	assert_int_equal(ec_flush_clear(flush), 1);
	free(flush);
}

static void the_application_is_never_overtaken(void **state)
{
	(void)state;
	char text[200];
	struct ec_flush *flush = flush_new(8);
	add(flush, EC_SAVE, 0, 1);
	add(flush, EC_DELIVER, EC_EAGER, 2);
	add(flush, EC_DELIVER, 0, 3);
	add(flush, EC_SERVE, EC_EAGER, 4);
	add(flush, EC_SEND, EC_EAGER, 5);
	assert_string_equal(drain(flush, text), "1 2");
	ec_flush_durable(flush, 1);
	assert_string_equal(drain(flush, text), "3 4 5");
	free(flush);
}

static void a_crash_loses_what_waits(void **state)
{
	(void)state;
	char text[200];
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_flush *flush = flush_new(8);
	add(flush, EC_SAVE, 0, 1);
	for (int i = 0; i < 3; i++)
		ec_flush_add(flush, (struct ec_effect){.kind = EC_SEND,
		                                       .seq = 2,
		                                       .flags = i == 2 ? EC_EAGER : 0,
		                                       .head = ec_pool_copy(pool, "head", 4),
		                                       .body = ec_pool_copy(pool, "body", 4)});
	struct ec_bytes held[6];
	assert_int_equal(ec_flush_held(flush, NULL), 6);
	assert_int_equal(ec_flush_held(flush, held), 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(held[i].buffer->references, 1);
	assert_string_equal(drain(flush, text), "1 2");
	assert_int_equal(ec_flush_held(flush, NULL), 4);
	assert_int_equal(ec_flush_clear(flush), 2);
	assert_int_equal(ec_flush_saving(flush), 0);
	assert_int_equal(ec_flush_room(flush), 8);
	assert_int_equal(ec_pool_live(pool), 0);
	add(flush, EC_DELIVER, 0, 7);
	add(flush, EC_DELIVER, EC_EAGER, 8);
	assert_string_equal(drain(flush, text), "7 8");
	free(flush);
	ec_pool_free(pool);
}

/* A copy of the block goes its own way: there are no pointers into it. */
static void a_copy_forks(void **state)
{
	(void)state;
	char text[200];
	struct ec_flush *flush = flush_new(4);
	add(flush, EC_SAVE, 0, 1);
	add(flush, EC_SEND, 0, 2);
	struct ec_flush *twin = malloc(ec_flush_size(4));
	assert_non_null(twin);
	memcpy(twin, flush, ec_flush_size(4));
	memset(flush, 0xee, ec_flush_size(4));
	free(flush);
	assert_string_equal(drain(twin, text), "1");
	ec_flush_durable(twin, 1);
	assert_string_equal(drain(twin, text), "2");
	free(twin);
}

/* What left, and what of it must have been durable, judged by the rule itself on random rows. */
enum { ROW = 64 };

struct row {
	struct ec_effect effect[ROW];
	bool left[ROW];
	uint32_t added, saves_out, saves_durable;
};

static bool application(enum ec_effect_kind kind)
{
	return kind == EC_DELIVER || kind == EC_UNDO || kind == EC_FINAL || kind == EC_SNAP ||
	       kind == EC_FETCH || kind == EC_SERVE;
}

static bool is_eager(const struct ec_effect *effect)
{
	return effect->kind == EC_NOTE || (effect->flags & EC_EAGER);
}

/* Effects of one line leave in their order. */
static int line(const struct ec_effect *effect)
{
	return effect->kind == EC_SAVE ? 0 : 1 + is_eager(effect);
}

/* Whether effect i may leave, by the words of docs/host-contract.md alone. */
static bool may_leave(const struct row *row, uint32_t i)
{
	const struct ec_effect *mine = &row->effect[i];
	uint32_t saves = 0;
	for (uint32_t k = 0; k < i; k++) {
		const struct ec_effect *other = &row->effect[k];
		saves += other->kind == EC_SAVE;
		bool same = line(other) == line(mine);
		bool both = application(other->kind) && application(mine->kind);
		if (!row->left[k] && (same || (both && is_eager(mine))))
			return false;
	}
	return is_eager(mine) || mine->kind == EC_SAVE || saves <= row->saves_durable;
}

static void leave_all(struct ec_flush *flush, struct row *row)
{
	struct ec_effect effect;
	while (ec_flush_next(flush, &effect)) {
		uint32_t i = (uint32_t)effect.seq;
		assert_true(may_leave(row, i));
		for (uint32_t k = 0; k < i; k++)
			assert_true(row->left[k] || !may_leave(row, k));
		row->left[i] = true;
		row->saves_out += effect.kind == EC_SAVE;
	}
	for (uint32_t k = 0; k < row->added; k++)
		assert_true(row->left[k] || !may_leave(row, k));
}

static void random_rows_obey_the_contract(void **state)
{
	(void)state;
	struct ec_prng prng;
	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct row row = {0};
		struct ec_flush *flush = flush_new(ROW);
		ec_prng_seed(&prng, seed);
		while (row.added < ROW) {
			enum ec_effect_kind kind =
				(enum ec_effect_kind)ec_prng_below(&prng, EC_NOTE + 1);
			uint32_t flags =
				kind != EC_SAVE && ec_prng_chance(&prng, 1, 3) ? EC_EAGER : 0;
			row.effect[row.added] = (struct ec_effect){.kind = kind, .flags = flags};
			add(flush, kind, flags, row.added++);
			if (ec_prng_chance(&prng, 1, 4))
				leave_all(flush, &row);
			if (row.saves_out > row.saves_durable && ec_prng_chance(&prng, 1, 4)) {
				ec_flush_durable(flush, 1);
				row.saves_durable++;
			}
		}
		ec_flush_clear(flush);
		free(flush);
	}
}

static void room_that_was_never_needed_is_not_touched(void **state)
{
	(void)state;
	char text[200];
	uint32_t capacity = 10000, small = 3;
	struct ec_flush *flush = malloc(ec_flush_size(capacity));
	assert_non_null(flush);
	memset(flush, 0xa5, ec_flush_size(capacity));
	ec_flush_init(flush, capacity);
	for (uint64_t round = 0; round < capacity; round++) {
		for (uint32_t i = 1; i <= small; i++)
			add(flush, EC_SEND, 0, i);
		assert_string_equal(drain(flush, text), "1 2 3");
	}
	assert_int_equal(ec_flush_room(flush), capacity);
	const uint8_t *bytes = (const uint8_t *)flush;
	for (size_t i = ec_flush_size(small); i < ec_flush_size(capacity); i++)
		assert_int_equal(bytes[i], 0xa5);
	free(flush);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_picture_in_the_header),
		cmocka_unit_test(nothing_waits_without_a_save),
		cmocka_unit_test(saves_share_a_sync),
		cmocka_unit_test(a_note_never_waits),
		cmocka_unit_test(the_application_is_never_overtaken),
		cmocka_unit_test(a_crash_loses_what_waits),
		cmocka_unit_test(a_copy_forks),
		cmocka_unit_test(random_rows_obey_the_contract),
		cmocka_unit_test(room_that_was_never_needed_is_not_touched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
