/* paxos_fault_test.c - roles, proposers that compete, and what is forgotten; what the log of either
 * Paxos does under faults stands in multipaxos_log_test.c. */
#include "base/test.h"
#include "consensus/paxos/paxos_world.h"

#include <stdio.h>

enum { A, B, C, D, E };

static void batches(struct world *world, int count)
{
	for (int i = 0; i < count; i++) {
		char text[32];
		snprintf(text, sizeof text, "batch %u", world->batches);
		world_batch(world, text);
	}
}

/* All propose at once, position after position: pauses at random let somebody through. */
static void all_compete_and_each_batch_is_chosen(void **state)
{
	(void)state;
	struct world *world = world_new(&paxos_world, (struct world_options){.n = 5, .seed = 3});
	for (int i = 0; i < 20; i++) {
		char text[32];
		snprintf(text, sizeof text, "batch %d", i);
		world_batch_at(world, text, (uint64_t)1 << i % 5);
	}
	assert_true(world_finish(world, 20000));
	for (uint32_t i = 0; i < 20; i++)
		assert_true(world_ran(world, A, i) > 0);
	assert_true(world->sent[REFUSE] > 0);
	assert_null(world_free(world));
}

/* Where one proposes alone, a batch takes five messages a member: the paper's four, and the news.
 */
static void alone_it_takes_two_rounds(void **state)
{
	(void)state;
	struct world *world = world_new(&paxos_world, (struct world_options){.n = 5});
	world_batch_at(world, "x", 1 << A);
	world_submit(world);
	world_settle(world);
	static const enum kind kinds[] = {PREPARE, REPORT, ACCEPT, ACCEPTED, LEARN};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		assert_int_equal(world->sent[kinds[i]], 4);
	for (ec_node node = A; node <= E; node++)
		assert_int_equal(world->member[node].applied, 1);
	assert_null(world_free(world));
}

/* A ballot is three saves in a row, here longer than its time-out (200 ms); all compete, also where
 * one of three is dead. */
static void slow_disks_choose(void **state)
{
	(void)state;
	static const uint32_t syncs_ms[] = {150, 500, 1500};
	for (uint32_t i = 0; i < sizeof syncs_ms / sizeof syncs_ms[0]; i++)
		for (uint64_t seed = 1; seed <= 10; seed++) {
			struct world *world = world_new(
				&paxos_world, (struct world_options){.n = 3, .seed = seed});
			world_settle(world);
			if (seed % 2)
				world_crash(world, C);
			ec_seq before = world->furthest;
			uint64_t waited =
				world_pass_slow_disks(world, syncs_ms[i], 120000, before + 10);
			assert_in_range(waited, 1, 10 * 5 * syncs_ms[i] + 5000);
			world_repair(world);
			assert_true(world_finish(world, 60000));
			assert_null(world_free(world));
		}
}

/* Only c may propose: nobody else takes batches. */
static void only_who_may_lead_proposes(void **state)
{
	(void)state;
	struct world *world =
		world_new(&paxos_world, (struct world_options){.n = 3, .leaders = 1 << C});
	world_settle(world);
	assert_int_equal(world->member[A].want, 0);
	assert_true(world->member[C].want > 0);
	batches(world, 3);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->sent[REFUSE], 0);
	assert_null(world_free(world));
}

/* Who reported a value has not accepted it in the ballot that proposes it again. */
static ec_seq applied_without_an_answer(uint32_t bug)
{
	struct world *world = world_new(&paxos_world, (struct world_options){.n = 3, .bug = bug});
	world_settle(world);
	world_corrupt(world, C);
	world_crash(world, A);
	world_batch_at(world, "x", 1 << B);
	world_batch_at(world, "y", 0);
	world_submit(world);
	world_settle(world);
	struct message report = {
		.kind = REPORT, .ballot = ballot_of(1, B), .old = ballot_of(1, A), .seq = 1};
	paxos_world_tell(world, C, B, report, 1);
	world_settle(world);
	assert_true(world->sent[ACCEPT] > 0);
	ec_seq applied = world->member[B].applied;
	world_free(world);
	return applied;
}

static void votes_are_counted_in_one_ballot(void **state)
{
	(void)state;
	assert_int_equal(applied_without_an_answer(0), 0);
	assert_int_equal(applied_without_an_answer(9), 1); /* planted bug 9 */
}

/* c alone learned that x is chosen, which b accepted; it said so in a CHECKPOINT, and is gone: a
 * and b, who know only that the place is decided, decide it again. */
static void what_nobody_can_tell_is_chosen_again(void **state)
{
	(void)state;
	struct world *world = world_new(&paxos_world, (struct world_options){.n = 3});
	world_settle(world);
	world_corrupt(world, C);
	world_batch_at(world, "x", 0);
	struct message accept = {.kind = ACCEPT, .ballot = ballot_of(1, C), .seq = 1, .origin = C};
	paxos_world_tell(world, C, B, accept, 0);
	for (ec_node node = A; node <= B; node++)
		paxos_world_tell(world, C, node, (struct message){.kind = CHECKPOINT, .seq = 1},
		                 -1);
	world_settle(world);
	world_pass(world, 1000);
	assert_true(world->sent[ASK_LEARN] > 0);
	assert_int_equal(world->member[A].applied, 1);
	assert_int_equal(world->member[B].applied, 1);
	assert_int_equal(world->member[A].at[1].batch, 1); /* batch 0, "x" */
	batches(world, 3);
	assert_true(world_finish(world, 3000));
	assert_null(world_free(world));
}

/* A state may be brought from as far as an order ever goes: the step takes no longer for it. */
static void what_was_brought_is_not_walked(void **state)
{
	(void)state;
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	struct world *world = world_new(&paxos_world, (struct world_options){.n = 3});
	world_isolate(world, A);
	world_step(world, A, (struct ec_input){.kind = EC_FETCHED, .seq = (ec_seq)1 << 50});
	ec_paxos.show(world->member[A].state, &text);
	assert_string_equal(line, "delivered 1125899906842624; low 1125899906842624");
	world_heal(world);
	world_free(world);
}

static void rosters_that_do_not_fit(void **state)
{
	(void)state;
	struct ec_roster_member member[PAXOS_MEMBERS_MAX + 1] = {0};
	struct ec_roster roster = {.member = member};
	struct paxos_options options = {0};
	struct ec_config config = {.roster = &roster, .options = &options};
	assert_non_null(ec_paxos.misfit(&config));
	for (uint32_t i = 0; i <= PAXOS_MEMBERS_MAX; i++) {
		member[i].roles = EC_VOTER | EC_LEADER;
		roster.n = i + 1;
		assert_int_equal(ec_paxos.misfit(&config) == NULL, i < PAXOS_MEMBERS_MAX);
	}
	roster.n = 5;
	options.quorums = (struct paxos_quorums){3, 2};
	assert_non_null(ec_paxos.misfit(&config));
	options.quorums = (struct paxos_quorums){4, 2};
	assert_null(ec_paxos.misfit(&config));
	options.window = 1025;
	assert_non_null(ec_paxos.misfit(&config));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_compete_and_each_batch_is_chosen),
		cmocka_unit_test(alone_it_takes_two_rounds),
		cmocka_unit_test(slow_disks_choose),
		cmocka_unit_test(only_who_may_lead_proposes),
		cmocka_unit_test(votes_are_counted_in_one_ballot),
		cmocka_unit_test(what_nobody_can_tell_is_chosen_again),
		cmocka_unit_test(what_was_brought_is_not_walked),
		cmocka_unit_test(rosters_that_do_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
