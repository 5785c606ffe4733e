/* ledger_test.c - worlds of real members with ledgers: right ones pass, a wrong one is found. */
#include "base/test.h"
#include "sim/ledger.h"
#include "sim/protocols.h"

static struct sim_world *lived(uint64_t seed, uint64_t wrong)
{
	struct sim_plan plan;
	sim_plan_from_seed(&plan, sim_protocol_find("pbft"), seed,
	                   &(struct sim_wish){.members = 4, .ledger = true});
	plan.jump = 0; /* whose clock is off trades for another day */
	plan.batches = 120;
	plan.chaos_ns = 10 * SIM_S;
	plan.client_ns = plan.chaos_ns / 110;
	struct sim_world *world = sim_world_new(&plan);
	world->ledger->wrong = wrong;
	sim_run(world);
	if (world->violated)
		print_message("seed %u: %s\n", (unsigned)seed, world->violation);
	return world;
}

static void a_right_group_passes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct sim_world *a = lived(seed, 0), *b = lived(seed, 0);
		assert_false(a->violated);
		ec_hash x = sim_final_hash(a), y = sim_final_hash(b);
		assert_memory_equal(x.b, y.b, 32); /* one seed is one world */
		assert_int_equal(a->ledger->told, 120);
		assert_true(a->counts.fired[SIM_LEDGER_RECEIPT] >= 120);
		assert_true(a->counts.fired[SIM_LEDGER_CERTIFICATE] > 0);
		assert_true(a->counts.fired[SIM_LEDGER_MONEY] > 0);
		assert_true(a->counts.fired[SIM_LEDGER_TWIN] > 0);
		sim_world_free(a);
		sim_world_free(b);
	}
}

static void who_computes_another_result_is_found(void **state)
{
	(void)state;
	struct sim_world *world = lived(1, 1 << 2);
	assert_true(world->violated);
	sim_world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_group_passes),
		cmocka_unit_test(who_computes_another_result_is_found),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
