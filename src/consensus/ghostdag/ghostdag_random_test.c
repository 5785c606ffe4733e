/* ghostdag_random_test.c - random schedules: lost suffixes of links, parts without a quorum,
 * crashes, slow disks, rivals; then healing.  Nobody's FINAL ever differs, and all is delivered. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdio.h>
#include <stdlib.h>

static ec_node node_any(struct world *world)
{
	return (ec_node)ec_prng_below(&world->prng, world->n);
}

static uint32_t down_count(const struct world *world)
{
	uint32_t down = 0;
	for (ec_node node = 0; node < world->n; node++)
		down += !world->member[node].up;
	return down;
}

static void deliver_some(struct world *world)
{
	for (uint32_t i = 1 + (uint32_t)ec_prng_below(&world->prng, 30); i; i--)
		world_deliver(world, node_any(world), node_any(world));
}

static void disk_toggle(struct world *world)
{
	ec_node node = node_any(world);
	world->member[node].stalled = !world->member[node].stalled;
	world_disk(world, node);
}

static void crash_or_restart(struct world *world)
{
	ec_node node = node_any(world);
	if (!world->member[node].up)
		world_restart(world, node);
	else if (down_count(world) < 2)
		world_crash(world, node);
}

static void link_trouble(struct world *world)
{
	ec_node a = node_any(world), b = node_any(world);
	if (ec_prng_chance(&world->prng, 1, 10))
		world_part(world, ec_prng_next(&world->prng));
	if (a == b)
		return;
	if (ec_prng_chance(&world->prng, 1, 4))
		world_sever(world, a, b);
	else if (!world->severed[a][b])
		world_break(world, a, b, (uint32_t)ec_prng_below(&world->prng, 5),
		            (uint32_t)ec_prng_below(&world->prng, 5));
	if (ec_prng_chance(&world->prng, 1, 4))
		world_heal(world);
}

static void batch_add(struct world *world)
{
	char text[32];
	uint32_t i = world->batches;
	bool rival = i % 5 == 4; /* of the one before it */
	if (i >= 150)
		return;
	snprintf(text, sizeof text, "coin %u: %s", i / 5, rival ? "to d" : "to c");
	if (i % 5 < 3)
		snprintf(text, sizeof text, "batch %u", i);
	if (ec_prng_chance(&world->prng, 1, 3))
		world_batch(world, text);
	else
		world_batch_at(world, text, (uint64_t)1 << node_any(world));
}

static void move(struct world *world)
{
	switch (ec_prng_below(&world->prng, 40)) {
	case 0:
		crash_or_restart(world);
		break;
	case 1:
		link_trouble(world);
		break;
	case 2:
		disk_toggle(world);
		break;
	case 3:
	case 4:
	case 5:
		batch_add(world);
		break;
	case 6:
		if (world->pins)
			world_pin(world);
		break;
	default:
		deliver_some(world);
		if (ec_prng_chance(&world->prng, 1, 2))
			world->now += ec_prng_below(&world->prng, 120) * 1000000;
		world_tick(world);
	}
}

static void heal(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		world->member[node].stalled = false;
		world_disk(world, node);
	}
	for (ec_node node = 0; node < world->n; node++)
		if (!world->member[node].up)
			world_restart(world, node);
	world_heal(world);
	for (uint32_t i = 0; i < world->batches; i++)
		world->offered[i] = UINT64_MAX;
}

/* Of each pair of rivals one ran, the same everywhere. */
static void rivals_judge(struct world *world)
{
	for (uint32_t i = 3; i + 1 < world->batches; i += 5)
		for (ec_node node = 0; node < world->n; node++) {
			bool one = world_ran(world, node, i), two = world_ran(world, node, i + 1);
			if (one == two)
				world_violate(world, "rivals: not exactly one of two ran");
			if (one != (world_ran(world, 0, i) != 0))
				world_violate(world, "rivals: one ran here and the other there");
		}
}

static struct world_options draw(uint64_t seed)
{
	struct world_options options = {
		.n = 4 + (uint32_t)(seed % 4), .seed = seed, .twins = seed % 10 == 0};
	options.pins = seed % 3 == 0;
	options.options.interval = seed % 2 ? 8 : 16;
	options.options.final_depth = seed % 5 ? 0 : 20;
	if (seed % 7 == 3) { /* by work alone parts make different ends final: unless pinned */
		options.options.bits = 8;
		options.pins = true;
	}
	return options;
}

static const char *run(uint64_t seed, uint32_t moves, uint32_t *sums)
{
	struct world *world = world_new(draw(seed));
	for (uint32_t i = 0; i < moves && !world->violation; i++)
		move(world);
	heal(world);
	if (!world->violation && !world_finish(world, 120000)) {
		world_print(world);
		world_violate(world, "liveness: not everything is final after healing");
	}
	world_pass(world, 3000);
	rivals_judge(world);
	sums[0] += world->undos;
	sums[1] += world->finals;
	sums[2] += world->fetches;
	sums[3] += world->sent[RANGE];
	return world_free(world);
}

static void random_schedules_agree_and_heal(void **state)
{
	const char *count = getenv("GHOSTDAG_SEEDS"), *first = getenv("GHOSTDAG_SEED");
	uint64_t from = first ? strtoull(first, NULL, 10) : 1;
	uint64_t many = count ? strtoull(count, NULL, 10) : 40;
	uint32_t sums[4] = {0};
	(void)state;
	for (uint64_t seed = from; seed < from + many; seed++) {
		const char *violation = run(seed, 1500, sums);
		if (violation)
			fail_msg("seed %llu: %s", (unsigned long long)seed, violation);
	}
	print_message("%u undos, %u finals, %u fetches, %u ranges\n", sums[0], sums[1], sums[2],
	              sums[3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
