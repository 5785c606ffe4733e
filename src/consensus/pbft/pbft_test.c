/* pbft_test.c - the good case counted as the paper counts it, and dead primaries in turn.  The
 * rules of the paper, one by one, are the scripts: each names its section. */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

static void good_case_has_the_messages_of_the_paper(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		struct world *world =
			world_new(&pbft_world, (struct world_options){.n = n, .twins = true});
		world_batch(world, "alpha");
		assert_true(world_finish(world, 0));
		assert_int_equal(world->sent[PREPREPARE], n - 1);
		assert_int_equal(world->sent[PREPARE], (n - 1) * (n - 1));
		assert_int_equal(world->sent[COMMIT], n * (n - 1));
		for (uint32_t kind = CHECKPOINT; kind < KINDS; kind++)
			assert_int_equal(world->sent[kind], 0);
		assert_null(world_free(world));
	}
}

static void many_batches_pass_checkpoints(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .twins = true});
	world_batches(world, 100, UINT64_MAX);
	assert_true(world_finish(world, 400));
	for (ec_node node = 0; node < 4; node++) {
		assert_int_equal(world->member[node].applied, 100);
		assert_int_equal(world->member[node].view, 0);
	}
	assert_int_equal(world->sent[CHECKPOINT], 12 * 4 * 3);
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

static void a_dead_primary_is_replaced(void **state)
{
	(void)state;
	for (ec_node dead = 0; dead < 4; dead++) {
		struct world *world =
			world_new(&pbft_world, (struct world_options){.n = 4, .twins = true});
		/* The views before it: each primary in turn is dead when its turn comes. */
		for (ec_node node = 0; node <= dead; node++) {
			world_crash(world, node);
			world_batches(world, 1, UINT64_MAX);
			assert_true(world_finish(world, 5000));
			world_restart(world, node);
			assert_true(world_finish(world, 5000));
		}
		for (ec_node node = 0; node < 4; node++)
			assert_true(world->member[node].view >= dead + 1u);
		assert_null(world_free(world));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_case_has_the_messages_of_the_paper),
		cmocka_unit_test(many_batches_pass_checkpoints),
		cmocka_unit_test(a_dead_primary_is_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
