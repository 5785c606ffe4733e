/* ghostdag_test.c - the good case: one order, nothing lost, one winner, silence at the end. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdio.h>
#include <stdlib.h>

static void good(const char *violation)
{
	if (violation)
		fail_msg("%s", violation);
}

static void batches_add(struct world *world, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char text[32];
		snprintf(text, sizeof text, "batch %u", world->batches);
		world_batch(world, text);
	}
}

static void some_members_make_one_order(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 7; n++) {
		struct world *world = world_new((struct world_options){.n = n, .twins = n == 4});
		batches_add(world, 40);
		assert_true(world_finish(world, 60000));
		world_pass(world, 10000);
		world_order_judge(world);
		uint32_t sent = world->sent[BLOCK];
		world_pass(world, 10000);
		assert_int_equal(world->sent[BLOCK], sent); /* silence */
		print_message("n %u: %u blocks, %u undos\n", n, sent, world->undos);
		assert_true(n == 1 || sent > 0);
		assert_int_equal(world->sent[ASK], 0);
		for (uint32_t i = 0; i < 40; i++)
			assert_true(world_ran(world, n - 1, i));
		good(world_free(world));
	}
}

/* One client, one batch at a time, at members in turn: whoever made the last block may not make the
 * next one before others did, and they have nothing to say. */
static void a_lone_batch_of_whoever_made_the_last_block_is_ordered(void **state)
{
	(void)state;
	for (uint32_t k = 0; k < 14; k++) {
		uint32_t n = 1 + k % 7, up = k < 7 ? n : n - (n - 1) / 3;
		struct world *world = world_new((struct world_options){.n = n, .twins = n == 4});
		for (uint32_t i = up; i < n; i++)
			world_crash(world, i);
		for (uint32_t i = 0; i < 40; i++) {
			char text[32];
			snprintf(text, sizeof text, "batch %u", i);
			world_batch_at(world, text, (uint64_t)1 << i / 2 % up);
			if (!world_finish(world, 60000))
				fail_msg("n %u: %u up, batch %u is not final", n, up, i);
		}
		uint32_t sent = world->sent[BLOCK];
		world_pass(world, 10000);
		assert_int_equal(world->sent[BLOCK], sent); /* silence */
		good(world_free(world));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_members_make_one_order),
		cmocka_unit_test(a_lone_batch_of_whoever_made_the_last_block_is_ordered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
