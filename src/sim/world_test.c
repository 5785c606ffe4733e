/* world_test.c - a world of the smallest protocol: what is right passes, what is planted is found.
 */
#include "base/test.h"
#include "sim/report.h"
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

/* What is counted as a mutant is one: another head or another body. */
static void only_what_changes_is_counted_as_mutated(void **state)
{
	(void)state;
	struct sim_plan plan;
	sim_plan_manual(&plan, sim_protocol_find("pbft"), 4, 0);
	struct sim_world *world = sim_world_new(&plan);
	struct sim_host *host = world->host[0];
	uint32_t same = sim_batch_new(world, "only one", 0);
	uint64_t counted = 0;
	sim_start(world, host);
	for (int i = 0; i < 400; i++) {
		struct ec_bytes head = ec_pool_copy(world->pool, world->batch[same].digest.b, 32);
		struct sim_item item = {.era = 1, .head = ec_keep(head)};
		sim_mutate(world, host, &item);
		bool changed = !ec_bytes_equal(head, item.head);
		counted += changed;
		assert_int_equal(world->counts.fired[SIM_MUTATED], counted);
		assert_int_equal(item.mutant, changed);
		sim_item_drop(item);
		ec_drop(head);
	}
	assert_true(counted > 0 && counted < 400); /* one batch was named for itself */
	sim_world_free(world);
}

/* A cut through nobody, a slow host that is down, a clock that nobody reads are no faults. */
static void what_does_not_bite_is_not_counted(void **state)
{
	(void)state;
	struct sim_plan plan;
	sim_plan_manual(&plan, &sim_sequencer_entry, 3, 0);
	plan.partition = plan.block = plan.isolate = plan.slow = plan.jump = 1;
	plan.breaks = 1;
	plan.fault_max_ns = SIM_S;
	struct sim_world *world = sim_world_new(&plan);
	for (int i = 0; i < 400; i++)
		sim_fault(world);
	for (int i = 0; i < SIM_COUNT_KINDS; i++)
		assert_int_equal(world->counts.fired[i], 0);
	sim_world_free(world);
}

/* Many worlds that never saw a fault are no proof; but for what an entry says cannot be seen. */
static void what_never_fired_is_judged(void **state)
{
	static const enum sim_count never[] = {SIM_CRASH, SIM_ERA, SIM_COUNT_KINDS};
	static struct sim_outcome outcome;
	struct sim_protocol_entry entry = sim_sequencer_entry;
	struct sim_order order = {.entry = &entry,
	                          .count = SIM_SEEDS_FOR_ALL,
	                          .wish = {.members = UINT32_MAX, .byzantine = UINT32_MAX}};
	(void)state;
	uint32_t silent = sim_judge(&order, &outcome).silent;
	assert_true(silent > 2);
	entry.never = never;
	assert_int_equal(sim_judge(&order, &outcome).silent, silent - 2);
	order.count--;
	assert_int_equal(sim_judge(&order, &outcome).silent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_protocol_passes),
		cmocka_unit_test(the_planted_bug_is_found),
		cmocka_unit_test(one_seed_is_one_world),
		cmocka_unit_test(only_what_changes_is_counted_as_mutated),
		cmocka_unit_test(what_does_not_bite_is_not_counted),
		cmocka_unit_test(what_never_fired_is_judged),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
