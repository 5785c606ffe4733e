/* honeybadger_random_test.c - random schedules: lost suffixes of links, crashes, slow disks, then
 * healing. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"

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
	for (uint32_t i = 1 + (uint32_t)ec_prng_below(&world->prng, 40); i; i--)
		world_deliver(world, node_any(world), node_any(world));
}

static void wake_some(struct world *world)
{
	for (uint32_t i = 0; i < world->n; i++) {
		ec_node node = node_any(world);
		if (world->member[node].up && world->member[node].wake)
			world_wake(world, node);
	}
}

static void disk_toggle(struct world *world)
{
	ec_node node = node_any(world);
	world->member[node].stalled = !world->member[node].stalled;
	world_disk(world, node, (uint32_t)ec_prng_below(&world->prng, 4));
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

static void move(struct world *world)
{
	switch (ec_prng_below(&world->prng, 40)) {
	case 0:
		crash_or_restart(world);
		break;
	case 1:
	case 2:
		link_trouble(world);
		break;
	case 3:
		disk_toggle(world);
		break;
	case 4:
		world_twice(world);
		break;
	case 5:
	case 6:
		if (world->batches < 300) {
			char text[32];
			snprintf(text, sizeof text, "batch %u", world->batches);
			world_batch(world, (ec_node)ec_prng_below(&world->prng, world->is.voters),
			            text);
		}
		world_submit(world);
		break;
	default:
		deliver_some(world);
		wake_some(world);
	}
}

static void heal(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		world->member[node].stalled = false;
		world_disk(world, node, UINT32_MAX);
	}
	for (ec_node node = 0; node < world->n; node++)
		if (!world->member[node].up)
			world_restart(world, node);
	world_heal(world);
}

static const char *run(uint64_t seed, uint32_t moves, uint32_t *sums)
{
	uint32_t n = 4 + seed % 4;
	struct world *world = world_new(
		(struct world_options){.n = n,
	                               .voters = seed % 5 == 0 ? 4 : 0,
	                               .interval = seed % 3 == 0   ? 2
	                                           : seed % 3 == 1 ? 4
	                                                           : 8,
	                               .seed = seed,
	                               .base = seed % 7 * 64,
	                               .keys = seed % 4 ? WORLD_CHEAP_KEYS : WORLD_NO_KEYS,
	                               .thrown = seed % 6 == 0,
	                               .twins = seed % 10 == 0});
	for (uint32_t i = 0; i < moves && !world->violation; i++)
		move(world);
	heal(world);
	if (!world->violation && !world_finish(world) && !world->violation) {
		world_print(world);
		world_violate(world, "liveness: not everything was delivered after healing");
	}
	sums[0] += world->member[0].applied;
	sums[1] += world->fetches;
	sums[2] += world->steps;
	sums[3] += world->items[ITEM_COIN];
	if (world->effects_most > sums[4])
		sums[4] = world->effects_most;
	return world_free(world);
}

static void random_schedules_agree_and_heal(void **state)
{
	(void)state;
	uint32_t sums[5] = {0};
	const char *count = getenv("HONEYBADGER_SEEDS"), *first = getenv("HONEYBADGER_SEED");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
	for (uint64_t left = count ? strtoull(count, NULL, 10) : 60; left; left--, seed++) {
		const char *violation = run(seed, 1500, sums);
		if (violation)
			fail_msg("seed %llu: %s", (unsigned long long)seed, violation);
	}
	print_message("%u delivered, %u fetches, %u steps, %u coin shares, %u effects a step\n",
	              sums[0], sums[1], sums[2], sums[3], sums[4]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
