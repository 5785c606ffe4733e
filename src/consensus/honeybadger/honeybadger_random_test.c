/* honeybadger_random_test.c - random schedules: lost suffixes of links, crashes, slow disks, then
 * healing. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"

static void draw(uint64_t seed, struct world_options *is, void *options)
{
	static const uint32_t intervals[] = {2, 4, 8};
	is->voters = seed % 5 == 0 ? 4 : 0;
	is->interval = intervals[seed % 3];
	is->base = seed % 7 * 64;
	is->keys = seed % 4 ? WORLD_CHEAP_KEYS : WORLD_NO_KEYS;
	if (seed % 6 == 0)
		((struct honeybadger_options *)options)->coins = HONEYBADGER_THROWN;
}

static void batch(struct world *world)
{
	world_batches(world, 1, (uint64_t)1 << ec_prng_below(&world->prng, world->is.voters));
}

static const struct world_random schedules = {.of = &honeybadger_world,
                                              .seeds = 60,
                                              .moves = 1500,
                                              .batches = 300,
                                              .heard = 40,
                                              .down = 2,
                                              .twice = true,
                                              .finish_ms = 2000,
                                              .draw = draw,
                                              .batch = batch};

static void random_schedules_agree_and_heal(void **state)
{
	struct world_sums sums;
	bool asked;
	(void)state;
	const char *violation = world_random(&schedules, &sums, &asked);
	if (violation)
		fail_msg("%s", violation);
	/* Nobody is away long enough here to need a state: honeybadger_fault_test.c, and worlds. */
	assert_true(asked || sums.delivered > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
