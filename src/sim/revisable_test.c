/* revisable_test.c - revisable orders: what is right passes, each way to spoil it is found by the
 * oracle for that, and a host takes back what it is told to.
 */
#include "base/test.h"
#include "sim/longest.h"
#include "sim/world.h"

#include <stdio.h>

enum { SEEDS = 45, SEEDS_OF_BUGS = 60, AT = 5 };

/* ---- worlds ---- */

static void the_chain_passes_in_all_kinds_of_worlds(void **state)
{
	struct sim_counts sum[3] = {0}; /* of worlds with a bound, with pins, with neither */
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_plan plan;
		sim_plan_from_seed(&plan, &sim_longest_entry, seed,
		                   &(struct sim_wish){.members = UINT32_MAX});
		struct sim_world *world = sim_world_new(&plan);
		sim_run(world);
		if (world->violated)
			fail_msg("seed %u: %s", (unsigned)seed, world->violation);
		assert_true(plan.bounded + plan.pinned <= 1);
		sim_counts_add(&sum[plan.bounded ? 0 : plan.pinned ? 1 : 2], &world->counts);
		sim_world_free(world);
	}
	for (int i = 0; i < 3; i++) {
		assert_true(sum[i].fired[SIM_UNDO] > 0);
		assert_true(sum[i].fired[SIM_ERA] > 0);
		assert_true(sum[i].fired[SIM_RIVAL_REFUSED] > 0);
		assert_int_equal(sum[i].fired[SIM_PINNED] > 0, i == 1);
		assert_int_equal(sum[i].fired[SIM_FINAL_CONFLICT] > 0, i == 2);
	}
}

/* Whatever else a seed draws, lying members and ambushes too. */
static void a_bound_is_kept_by_the_plan(void **state)
{
	struct sim_protocol_entry entry = sim_longest_entry;
	struct ec_protocol lies = sim_longest;
	(void)state;
	lies.byzantine = true;
	entry.protocol = &lies;
	for (uint64_t seed = 3; seed < 600; seed += 3) {
		struct sim_plan plan;
		sim_plan_from_seed(&plan, &entry, seed,
		                   &(struct sim_wish){.members = 4, .byzantine = UINT32_MAX});
		assert_true(plan.bounded && !plan.pinned);
		assert_int_equal(plan.breaks + plan.partition + plan.block + plan.isolate +
		                         plan.ambush + plan.stall + plan.slow + plan.adversary,
		                 0);
		assert_true(plan.fault_max_ns + plan.delay_max_ns < plan.bound_ns);
	}
}

static void each_planted_bug_is_found(void **state)
{
	static const char *const breaks[] = {
		"agreement: ", "agreement: ", "agreement: ", "memory equals log: "};
	(void)state;
	for (uint32_t bug = 1; sim_longest.bugs[bug - 1]; bug++) {
		char text[512] = "";
		for (uint64_t seed = 1; seed <= SEEDS_OF_BUGS && !text[0]; seed++) {
			struct sim_plan plan;
			sim_plan_from_seed(&plan, &sim_longest_entry, seed,
			                   &(struct sim_wish){.members = UINT32_MAX, .bug = bug});
			struct sim_world *world = sim_world_new(&plan);
			sim_run(world);
			snprintf(text, sizeof text, "%s", world->violated ? world->violation : "");
			sim_world_free(world);
		}
		if (strncmp(text, breaks[bug - 1], strlen(breaks[bug - 1])) != 0)
			fail_msg("bug %u breaks not '%s' but '%s'", bug, breaks[bug - 1], text);
	}
}

/* ---- spoilt steps ---- */

struct spoilt {
	const char *oracle;
	void (*step)(const struct ec_input *input, struct ec_out *out);
	bool both_win;
};

static struct ec_protocol protocol;
static const struct spoilt *spoilt;
static ec_seq final, tip; /* of the instance that stepped last, as far as this step goes */
static uint32_t steps;

static void step(void *self, const struct ec_input *input, struct ec_out *out)
{
	sim_longest.step(self, input, out);
	steps++;
	final = tip = 0;
	for (uint32_t i = 0; i < out->count; i++) {
		if (out->effect[i].kind == EC_FINAL)
			final = out->effect[i].seq;
		if (out->effect[i].kind == EC_DELIVER)
			tip = out->effect[i].seq;
	}
	if (spoilt->step)
		spoilt->step(input, out);
}

static void undoes_what_is_final(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	if (final)
		ec_emit(out, (struct ec_effect){.kind = EC_UNDO, .seq = final - 1});
}

static void finals_the_future(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	if (tip)
		ec_emit(out, (struct ec_effect){.kind = EC_FINAL, .seq = tip + 1});
}

static void undoes_the_future(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	if (tip)
		ec_emit(out, (struct ec_effect){.kind = EC_UNDO, .seq = tip + 1});
}

static void takes_a_final_back(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	if (final)
		ec_emit(out, (struct ec_effect){.kind = EC_FINAL, .seq = final - 1});
}

static void snaps_what_is_tentative(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	if (tip)
		ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = tip});
}

static void finals_under_a_fetch(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	if (!final)
		return;
	ec_emit(out, (struct ec_effect){.kind = EC_FETCH, .node = 0, .seq = final + 1});
	ec_emit(out, (struct ec_effect){.kind = EC_FINAL, .seq = final});
}

static void leaves_one_out(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	for (uint32_t i = 0; i < out->count; i++)
		if (out->effect[i].kind == EC_DELIVER && out->effect[i].seq == AT)
			out->effect[i].seq++;
}

static void never_finals(const struct ec_input *input, struct ec_out *out)
{
	uint32_t left = 0;
	(void)input;
	for (uint32_t i = 0; i < out->count; i++) {
		const struct ec_effect *effect = &out->effect[i];
		bool ends = effect->kind == EC_FINAL || effect->kind == EC_SNAP;
		if (!ends || effect->seq < AT)
			out->effect[left++] = *effect;
	}
	out->count = left;
}

/* One of them has another batch at a position. */
static void swaps_one(const struct ec_input *input, struct ec_out *out)
{
	(void)input;
	for (uint32_t i = 0; i < out->count; i++) {
		struct ec_effect *effect = &out->effect[i];
		if (effect->kind != EC_DELIVER || effect->seq != AT || steps % 3)
			continue;
		ec_drop(effect->body);
		effect->body = EC_NO_BYTES;
	}
}

/* In worlds that keep a bound: there nothing is excused. */
static void found(const struct spoilt *how)
{
	struct sim_protocol_entry entry = sim_longest_entry;
	char text[512] = "";
	entry.protocol = &protocol;
	spoilt = how;
	for (uint64_t seed = 3; seed <= 90 && !text[0]; seed += 3) {
		struct sim_plan plan;
		sim_plan_from_seed(&plan, &entry, seed, &(struct sim_wish){.members = 4});
		struct sim_world *world = sim_world_new(&plan);
		world->both_win = how->both_win;
		sim_run(world);
		snprintf(text, sizeof text, "%s", world->violated ? world->violation : "");
		sim_world_free(world);
	}
	if (strncmp(text, how->oracle, strlen(how->oracle)) != 0)
		fail_msg("not '%s' is broken but '%s'", how->oracle, text);
}

static void each_spoilt_step_is_found_by_its_oracle(void **state)
{
	static const struct spoilt ways[] = {
		{.oracle = "what is final stays: ", .step = undoes_what_is_final},
		{.oracle = "no gaps: ", .step = finals_the_future},
		{.oracle = "no gaps: ", .step = undoes_the_future},
		{.oracle = "finals grow: ", .step = takes_a_final_back},
		{.oracle = "snapshots in order: ", .step = snaps_what_is_tentative},
		{.oracle = "no gaps: ", .step = finals_under_a_fetch},
		{.oracle = "no gaps: ", .step = leaves_one_out},
		{.oracle = "progress: ", .step = never_finals},
		{.oracle = "agreement: ", .step = swaps_one},
		{.oracle = "one of rivals wins: ", .both_win = true},
	};
	(void)state;
	protocol = sim_longest;
	protocol.step = step;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		steps = 0;
		found(&ways[i]);
	}
}

/* ---- what a host does ---- */

static struct sim_world *quiet_world(struct sim_instance **instance)
{
	static struct sim_plan plan;
	sim_plan_manual(&plan, &sim_longest_entry, 4, 0);
	plan.eras = 2;
	struct sim_world *world = sim_world_new(&plan);
	sim_start(world, world->host[0]);
	*instance = sim_current(world->host[0]);
	return world;
}

static void deliver(struct sim_world *world, struct sim_instance *instance, ec_seq seq,
                    uint32_t batch)
{
	struct ec_effect effect = {.kind = EC_DELIVER, .seq = seq, .node = 1};
	if (batch != UINT32_MAX)
		effect.body = world->batch[batch].body;
	sim_deliver(world, world->host[0], instance, &effect);
}

static void what_is_taken_back_waits_again(void **state)
{
	struct sim_instance *instance;
	struct sim_world *world = quiet_world(&instance);
	struct sim_host *host = world->host[0];
	uint32_t one = sim_batch_new(world, "one", 0), two = sim_batch_new(world, "two", 0);
	(void)state;
	world->now = SIM_S;
	sim_batch_arrive(world, host, one);
	sim_batch_arrive(world, host, two);
	deliver(world, instance, 1, one);
	ec_hash with_one = *sim_digest_at(host, 1);
	deliver(world, instance, 2, two);
	host->submitted[two] = 7;
	assert_int_equal(sim_since(host), 0);
	assert_int_equal(sim_tip_seq(host), 2);
	assert_int_equal(host->app.seq, 0);
	sim_undo(world, host, 1);
	assert_int_equal(sim_tip_seq(host), 1);
	assert_int_equal(sim_since(host), SIM_S); /* as old as it was */
	assert_int_equal(host->submitted[two], 0);
	sim_final(world, host, instance, 1);
	assert_int_equal(host->app.seq, 1);
	assert_memory_equal(host->app.digest.b, with_one.b, 32);
	sim_undo(world, host, 0); /* below FINAL: nothing */
	assert_true(sim_executed(sim_tip(host), one));
	deliver(world, instance, 2, two);
	sim_fetched(world, host, instance, NULL); /* nothing tentative is left after a fetch */
	assert_int_equal(sim_tip_seq(host), 1);
	sim_world_free(world);
}

static void an_era_ends_at_a_final_only(void **state)
{
	struct sim_instance *instance;
	struct sim_world *world = quiet_world(&instance);
	struct sim_host *host = world->host[0];
	uint32_t change = sim_batch_new(world, "change", 2), more = sim_batch_new(world, "more", 0);
	(void)state;
	deliver(world, instance, 1, change);
	deliver(world, instance, 2, more);
	assert_int_equal(host->app.era, 1);
	assert_false(sim_executed(sim_tip(host), more)); /* behind the end */
	assert_memory_equal(sim_digest_at(host, 2)->b, sim_digest_at(host, 1)->b, 32);
	sim_undo(world, host, 0);
	deliver(world, instance, 1, more);
	assert_true(sim_executed(sim_tip(host), more));
	deliver(world, instance, 2, change);
	deliver(world, instance, 3, UINT32_MAX);
	sim_final(world, host, instance, 3);
	assert_int_equal(host->app.era, 2);
	assert_int_equal(host->app.era_seq, 2);
	assert_int_equal(sim_tip_seq(host), 2); /* what stood behind is discarded */
	assert_true(host->entering);
	sim_world_free(world);
}

static void a_crash_forgets_what_is_tentative(void **state)
{
	struct sim_instance *instance;
	struct sim_world *world = quiet_world(&instance);
	struct sim_host *host = world->host[0];
	uint32_t one = sim_batch_new(world, "one", 0);
	(void)state;
	deliver(world, instance, 1, one);
	sim_crash(world, host, 0);
	sim_start(world, host);
	assert_int_equal(sim_tip_seq(host), 0);
	sim_world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chain_passes_in_all_kinds_of_worlds),
		cmocka_unit_test(a_bound_is_kept_by_the_plan),
		cmocka_unit_test(each_planted_bug_is_found),
		cmocka_unit_test(each_spoilt_step_is_found_by_its_oracle),
		cmocka_unit_test(what_is_taken_back_waits_again),
		cmocka_unit_test(an_era_ends_at_a_final_only),
		cmocka_unit_test(a_crash_forgets_what_is_tentative),
	};
	if (!ec_crypto_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
