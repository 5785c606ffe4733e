/* ghostdag_random_test.c - random schedules: lost suffixes of links, parts without a quorum,
 * crashes, slow disks, rivals; then healing.  Nobody's FINAL ever differs, and all is delivered. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdio.h>

static void batch(struct world *world)
{
	char text[32];
	uint32_t i = world->batches;
	bool rival = i % 5 == 4; /* of the one before it */
	snprintf(text, sizeof text, "coin %u: %s", i / 5, rival ? "to d" : "to c");
	if (i % 5 < 3)
		snprintf(text, sizeof text, "batch %u", i);
	if (ec_prng_chance(&world->prng, 1, 3))
		world_batch(world, text);
	else
		world_batch_at(world, text, (uint64_t)1 << world_any(world));
}

/* Of each pair of rivals one ran, the same everywhere. */
static void rivals_judge(struct world *world)
{
	world_pass(world, 3000);
	for (uint32_t i = 3; i + 1 < world->batches; i += 5)
		for (ec_node node = 0; node < world->n; node++) {
			bool one = world_ran(world, node, i), two = world_ran(world, node, i + 1);
			if (one == two)
				world_violate(world, "rivals: not exactly one of two ran");
			if (one != (world_ran(world, 0, i) != 0))
				world_violate(world, "rivals: one ran here and the other there");
		}
}

static void draw(uint64_t seed, struct world_options *is, void *opaque)
{
	struct ghostdag_options *options = opaque;
	is->pins = seed % 3 == 0;
	is->interval = seed % 2 ? 8 : 16;
	options->final_depth = seed % 5 ? 0 : 20;
	if (seed % 7 == 3) { /* by work alone parts make different ends final: unless pinned */
		options->bits = 8;
		is->pins = true;
	}
}

static const struct world_random schedules = {.of = &ghostdag_world,
                                              .seeds = 40,
                                              .moves = 1500,
                                              .batches = 150,
                                              .heard = 30,
                                              .down = 2,
                                              .time_ms = 120,
                                              .time_in = 20,
                                              .parts_in = 4,
                                              .finish_ms = 120000,
                                              .draw = draw,
                                              .batch = batch,
                                              .judge = rivals_judge};

static void random_schedules_agree_and_heal(void **state)
{
	struct world_sums sums;
	bool asked;
	(void)state;
	const char *violation = world_random(&schedules, &sums, &asked);
	if (violation)
		fail_msg("%s", violation);
	assert_true(asked || (sums.undos > 100 && sums.sent[RANGE] > 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
