/* pbft_random_test.c - random schedules: lost suffixes of links, crashes, slow disks, then healing.
 */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

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
	for (uint32_t i = 1 + (uint32_t)ec_prng_below(&world->prng, 20); i; i--)
		world_deliver(world, node_any(world), node_any(world));
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

static void time_pass(struct world *world)
{
	world->now += ec_prng_below(&world->prng, 200) * 1000000;
	ec_node node = node_any(world);
	struct world_member *member = &world->member[node];
	if (member->up && member->wake && member->wake <= world->now)
		world_wake(world, node);
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
	case 5:
		time_pass(world);
		break;
	case 6:
	case 7:
		if (world->batches < 200) {
			char text[32];
			snprintf(text, sizeof text, "batch %u", world->batches);
			world_batch(world, text);
		}
		world_submit(world);
		break;
	default:
		deliver_some(world);
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

static const char *run(uint64_t seed, uint32_t n, uint32_t moves, bool twins)
{
	struct world *world = world_new((struct world_options){
		.n = n, .interval = seed % 2 ? 4 : 8, .seed = seed, .twins = twins});
	for (uint32_t i = 0; i < moves && !world->violation; i++)
		move(world);
	heal(world);
	if (!world->violation && !world_finish(world, 60000)) {
		char line[400];
		for (ec_node node = 0; node < n; node++) {
			struct ec_text text = ec_text_over(line, sizeof line);
			ec_pbft.show(world->member[node].state, &text);
			printf("%u: %s\n", node, line);
		}
		world_violate(world, "liveness: not everything was delivered after healing");
	}
	return world_free(world);
}

static void seeds_run(uint64_t first, uint64_t count)
{
	for (uint64_t seed = first; seed < first + count; seed++) {
		const char *violation = run(seed, 4 + seed % 4, 1500, seed % 10 == 0);
		if (violation)
			fail_msg("seed %llu: %s", (unsigned long long)seed, violation);
	}
}

static void random_schedules_agree_and_heal(void **state)
{
	(void)state;
	const char *count = getenv("PBFT_SEEDS"), *first = getenv("PBFT_SEED");
	seeds_run(first ? strtoull(first, NULL, 10) : 1, count ? strtoull(count, NULL, 10) : 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_schedules_agree_and_heal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
