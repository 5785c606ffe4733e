/* raft_patience_test.c - how long a dead leader delays anybody, and that a group elects one though
 * a vote takes longer to save than anybody waits. */
#include "base/test.h"
#include "consensus/raft/raft_world.h"

enum { STEP_MS = 10, MEMBERS = 3 };

static uint64_t ms_of(const struct world *world)
{
	return world->now / 1000000 / STEP_MS * STEP_MS;
}

/* What members draw depends on how often they lived. */
static struct world *world_of(uint32_t lives)
{
	struct world *world = world_new(&raft_world, (struct world_options){.n = MEMBERS});
	world_settle(world);
	for (uint32_t i = 0; i < 2 * lives; i++) {
		world_crash(world, 1 + i % 2);
		world_restart(world, 1 + i % 2);
		world_settle(world);
	}
	return world;
}

/* The leader is dead for good, and both that are left save each vote and each entry. */
static void slow_disks_elect_a_leader_for_long(void **state)
{
	(void)state;
	static const uint64_t syncs_ms[] = {250, 500, 700, 1500};
	for (uint32_t i = 0; i < sizeof syncs_ms / sizeof syncs_ms[0]; i++)
		for (uint32_t lives = 0; lives < 10; lives++) {
			struct world *world = world_of(lives);
			ec_seq before = world->furthest;
			world_crash(world, 0);
			uint64_t waited =
				world_pass_slow_disks(world, syncs_ms[i], 60000, before + 3);
			assert_in_range(waited, 2 * syncs_ms[i], 18 * syncs_ms[i]);
			uint64_t term = raft_of(world, 1)->term;
			before = world->furthest;
			waited = world_pass_slow_disks(world, syncs_ms[i], 80000, before + 200);
			assert_in_range(waited, 0, 79000);
			assert_int_equal(raft_of(world, 1)->term, term);
			world_repair(world);
			assert_true(world_finish(world, 60000));
			assert_null(world_free(world));
		}
}

/* How long a batch of others waited when their leader was cut off. */
static uint64_t leader_goes(struct world *world)
{
	ec_node lead = raft_leader_await(world);
	uint64_t begin = ms_of(world);
	ec_seq before = world->furthest;
	world_isolate(world, lead);
	world_batches(world, 1, UINT64_MAX & ~bit(lead));
	while (world->furthest < before + 2 && ms_of(world) < begin + 30000)
		world_pass(world, STEP_MS);
	uint64_t waited = ms_of(world) - begin;
	world_heal(world);
	assert_true(world_finish(world, 30000));
	return waited;
}

/* Two that stand at once do not make the others wait longer: chance is no slowness. */
static void leaders_that_go_in_turn_delay_little(void **state)
{
	(void)state;
	struct world *world = world_of(0);
	uint32_t late = 0;
	for (int i = 0; i < 400; i++) {
		late += leader_goes(world) > 1200;
		world_pass(world, 100);
	}
	assert_in_range(late, 0, 1);
	assert_null(world_free(world));
}

/* Disks that were slow are quick again: neither a dead leader nor one that is cut off is waited for
 * as it was while they were slow. */
static void patience_comes_back(void **state)
{
	(void)state;
	for (int cut = 0; cut < 2; cut++) {
		struct world *world = world_of(0);
		world_crash(world, 0);
		world_pass_slow_disks(world, 700, 60000, world->furthest + 20);
		world_repair(world);
		assert_true(world_finish(world, 10000));
		world_pass(world, 30000);
		if (!cut) {
			assert_in_range(leader_goes(world), 300, 1200);
		} else {
			ec_node lead = raft_leader_await(world);
			world_isolate(world, lead);
			world_pass(world, 700);
			assert_int_not_equal(raft_of(world, lead)->role, LEADER);
			world_heal(world);
		}
		assert_true(world_finish(world, 10000));
		assert_null(world_free(world));
	}
}

/* Who leads first waits for its disk as any candidate does, and does not stand once more. */
static void one_alone_leads_in_the_first_term(void **state)
{
	(void)state;
	struct world *world = world_new(&raft_world, (struct world_options){.n = 1});
	world_batches(world, 1, UINT64_MAX);
	assert_true(world_finish(world, 1000));
	assert_int_equal(raft_of(world, 0)->term, 1);
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_disks_elect_a_leader_for_long),
		cmocka_unit_test(leaders_that_go_in_turn_delay_little),
		cmocka_unit_test(patience_comes_back),
		cmocka_unit_test(one_alone_leads_in_the_first_term),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
