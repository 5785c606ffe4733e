/* world_test.c - a world of the smallest protocol: what is right passes, what is planted is found.
 */
#include "base/test.h"
#include "sim/sequencer.h"
#include "sim/world.h"

#include <stdio.h>

static struct sim_world *lived(uint64_t seed, uint32_t bug)
{
	struct sim_plan plan;
	sim_plan_from_seed(&plan, &sim_sequencer_entry, seed,
	                   &(struct sim_wish){.members = UINT32_MAX, .bug = bug});
	struct sim_world *world = sim_world_new(&plan);
	sim_run(world);
	return world;
}

static void a_right_protocol_passes(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct sim_world *world = lived(seed, 0);
		if (world->violated)
			print_message("seed %u: %s\n", (unsigned)seed, world->violation);
		assert_false(world->violated);
		sim_world_free(world);
	}
}

static void the_planted_bug_is_found(void **state)
{
	(void)state;
	uint32_t found = 0;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct sim_world *world = lived(seed, 1);
		found += world->violated;
		if (world->violated)
			print_message("seed %u: %s\n", (unsigned)seed, world->violation);
		if (world->violated)
			assert_non_null(strstr(world->violation, "agreement"));
		sim_world_free(world);
	}
	assert_true(found > 0);
}

static void one_seed_is_one_world(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 5; seed++) {
		struct sim_world *a = lived(seed, 0), *b = lived(seed, 0);
		ec_hash x = sim_final_hash(a), y = sim_final_hash(b);
		assert_memory_equal(x.b, y.b, 32);
		sim_world_free(a);
		sim_world_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_protocol_passes),
		cmocka_unit_test(the_planted_bug_is_found),
		cmocka_unit_test(one_seed_is_one_world),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
