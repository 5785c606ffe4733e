/* adversary_test.c - an adversary chooses who is heard next, and only that. */
#include "base/test.h"
#include "sim/longest.h"
#include "sim/sequencer.h"
#include "sim/world.h"

enum { SEEDS = 12, MESSAGES = 5 };

/* Three hosts that are up, and messages on two links to the third. */
static struct sim_world *loaded(uint32_t kind)
{
	static struct sim_plan plan;
	sim_plan_from_seed(&plan, &sim_sequencer_entry, 1, &(struct sim_wish){.members = 3});
	plan.adversary = kind;
	plan.pick_ns = 1000;
	plan.twice_permille = plan.step_ns = 0;
	struct sim_world *world = sim_world_new(&plan);
	sim_adversary_begin(world);
	for (uint32_t h = 0; h < 3; h++)
		sim_start(world, world->host[h]);
	for (uint64_t i = 0; i < MESSAGES; i++)
		for (uint32_t from = 0; from < 2; from++) {
			world->link[from][2].up = true;
			sim_post(world, from, 2,
			         (struct sim_item){.link = true, .from_host = from, .era = i}, 0);
		}
	world->now += SIM_S; /* no host is busy any more */
	return world;
}

static uint32_t left(const struct sim_world *world, uint32_t from)
{
	return world->link[from][2].queue.count;
}

static void priorities_hold_until_they_change(void **state)
{
	(void)state;
	struct sim_world *world = loaded(SIM_PRIORITY);
	world->adversary.change = UINT64_MAX;
	sim_adversary_pick(world);
	uint32_t first = left(world, 0) < MESSAGES ? 0 : 1, other = 1 - first;
	for (uint32_t i = 1; i < MESSAGES; i++) {
		assert_int_equal(left(world, first), MESSAGES - i);
		assert_int_equal(left(world, other), MESSAGES);
		assert_int_equal(sim_queue_at(&world->link[first][2].queue, 0)->era, i);
		sim_adversary_pick(world);
	}
	assert_int_equal(left(world, first), 0);
	sim_adversary_pick(world);
	assert_int_equal(left(world, other), MESSAGES - 1);
	sim_world_free(world);
	world = loaded(SIM_PRIORITY);
	world->adversary.change = 0; /* whose turn it is goes last, the other is heard */
	sim_adversary_pick(world);
	uint16_t last = world->adversary.order[world->adversary.links - 1];
	assert_int_equal(last & 0xff, 2);
	assert_int_equal(left(world, last >> 8), MESSAGES);
	assert_int_equal(left(world, 1 - (last >> 8)), MESSAGES - 1);
	assert_int_equal(world->counts.fired[SIM_OVERTAKEN], 1);
	sim_world_free(world);
}

static void what_is_held_waits_for_the_end_of_its_stretch(void **state)
{
	(void)state;
	struct sim_world *world = loaded(SIM_STARVE);
	world->adversary.holds = true;
	world->adversary.until = world->now + SIM_S;
	world->adversary.held[0][2] = world->adversary.held[1][2] = true;
	for (int i = 0; i < 10; i++)
		sim_adversary_pick(world);
	assert_int_equal(left(world, 0) + left(world, 1), 2 * MESSAGES);
	assert_int_equal(world->counts.fired[SIM_STARVED], 0);
	world->now += 2 * SIM_S;
	sim_adversary_pick(world);
	assert_int_equal(world->counts.fired[SIM_STARVED], 1);
	assert_int_equal(left(world, 0) + left(world, 1), 2 * MESSAGES - 1);
	sim_world_free(world);
}

static void links_are_given_back(void **state)
{
	(void)state;
	struct sim_world *world = loaded(SIM_BURST);
	assert_int_equal(world->link[0][2].scheduled, 0);
	assert_true(world->adversary.picking);
	sim_adversary_end(world);
	assert_true(world->link[0][2].scheduled > 0 && world->link[1][2].scheduled > 0);
	sim_adversary_pick(world); /* a choice that was due is none */
	assert_int_equal(left(world, 0) + left(world, 1), 2 * MESSAGES);
	sim_world_free(world);
}

/* Returns: how often priorities changed while messages waited, which where members say little, as
 * GHOSTDAG's, is rare. */
static uint64_t protocols_bear_each_kind(const struct sim_protocol_entry *entry)
{
	struct sim_counts sum = {0};
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct sim_plan plan;
		sim_plan_from_seed(&plan, entry, 3 * seed + 1,
		                   &(struct sim_wish){.members = 4, .adversary = true});
		assert_true(plan.adversary != SIM_FAIR || plan.calm || plan.ledger);
		struct sim_world *world = sim_world_new(&plan);
		sim_run(world);
		if (world->violated)
			fail_msg("%s, seed %u: %s", entry->protocol->name, (unsigned)plan.seed,
			         world->violation);
		sim_counts_add(&sum, &world->counts);
		sim_world_free(world);
	}
	assert_true(sum.fired[SIM_BURSTS] > 0);
	assert_true(sum.fired[SIM_STARVED] > 0);
	return sum.fired[SIM_OVERTAKEN];
}

static void every_protocol_bears_them(void **state)
{
	(void)state;
	uint64_t overtaken = 0;
	for (unsigned i = 0; sim_protocol_at(i); i++)
		overtaken += protocols_bear_each_kind(sim_protocol_at(i));
	assert_true(overtaken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(priorities_hold_until_they_change),
		cmocka_unit_test(what_is_held_waits_for_the_end_of_its_stretch),
		cmocka_unit_test(links_are_given_back),
		cmocka_unit_test(every_protocol_bears_them),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
