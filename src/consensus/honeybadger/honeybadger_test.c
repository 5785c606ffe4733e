/* honeybadger_test.c - the good case counted, many epochs, groups of all sizes. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"

#include <stdio.h>
#include <stdlib.h>

static void one_batch_is_delivered_by_all(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		struct world *world = world_new(
			(struct world_options){.n = n, .twins = true, .keys = WORLD_CHEAP_KEYS});
		world_batch(world, n - 1, "alpha");
		if (!world_finish(world))
			world_print(world);
		assert_null(world->violation);
		for (ec_node node = 0; node < n; node++)
			assert_int_equal(world->member[node].applied, 1);
		assert_null(world_free(world));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_batch_is_delivered_by_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
