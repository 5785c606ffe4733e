/* paxos_fault_test.c - crashes at every save, slow members, roles, and proposers that
 * compete. */
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

static void crash_at_every_save(void **state)
{
	(void)state;
	for (int dies = 0; dies < 2; dies++)
		for (ec_node node = A; node <= B; node++) {
			struct world_killing how = {.of = &paxos_world,
			                            .is = {.n = 3, .interval = 4, .twins = true},
			                            .node = node,
			                            .other = dies ? (node == A ? B : A) : EC_ALL};
			uint32_t saves;
			const char *violation = world_kill_at_every_save(&how, &saves);
			if (violation)
				fail_msg("%u, %d: %s", node, dies, violation);
			assert_true(saves >= 8);
		}
}

/* All are killed at once, again and again, and lose what was not durable. */
static void all_crash_together(void **state)
{
	(void)state;
	struct world *world =
		world_new(&paxos_world, (struct world_options){.n = 3, .interval = 4, .seed = 5});
	for (int round = 0; round < 12; round++) {
		batches(world, 3);
		world_submit(world);
		for (int i = 0; i < round % 5; i++)
			world_round(world);
		for (ec_node node = 0; node < 3; node++)
			world_crash(world, node);
		for (ec_node node = 0; node < 3; node++)
			world_restart(world, node);
		world_pass(world, round % 3 ? 50 : 600);
	}
	assert_true(world_finish(world, 30000));
	assert_null(world_free(world));
}

/* c hears nothing for more than the ring holds: its state is brought. */
static void far_behind_fetches_the_state(void **state)
{
	(void)state;
	struct world *world =
		world_new(&paxos_world, (struct world_options){.n = 3, .interval = 4});
	world_isolate(world, C);
	batches(world, 30);
	world_pass(world, 300);
	assert_int_equal(world->member[A].applied, 30);
	assert_int_equal(world->member[C].applied, 0);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->fetches, 1);
	assert_null(world_free(world));
}

/* c is behind the low mark by less than is retained: messages bring it there, no state moves. */
static void a_little_behind_needs_no_state(void **state)
{
	(void)state;
	struct world *world =
		world_new(&paxos_world, (struct world_options){.n = 3, .interval = 8});
	world_isolate(world, C);
	batches(world, 9);
	world_pass(world, 300);
	world_heal(world);
	assert_true(world_finish(world, 1000));
	assert_int_equal(world->member[C].applied, 9);
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

/* b's checkpoints never reach its disk, so that a alone has them: what c lacks is not forgotten. */
static uint32_t fetches_where_one_has_checkpoints(uint32_t bug)
{
	struct world *world =
		world_new(&paxos_world, (struct world_options){.n = 3, .interval = 4, .bug = bug});
	world->member[B].forgetful = true;
	world_isolate(world, C);
	batches(world, 8);
	world_pass(world, 150);
	assert_int_equal(world->member[A].applied, 8);
	world_heal(world);
	world_pass(world, 300);
	assert_true(world->member[C].applied >= 8); /* whom a state was brought proposes again */
	uint32_t fetches = world->fetches;
	assert_null(world_free(world));
	return fetches;
}

static void nothing_is_forgotten_before_a_quorum_has_it(void **state)
{
	(void)state;
	assert_int_equal(fetches_where_one_has_checkpoints(0), 0);
	assert_int_equal(fetches_where_one_has_checkpoints(3), 1); /* planted bug 3 */
}

/* d and e are no voters: they follow, and one of them is brought the state. */
static void learners_follow(void **state)
{
	(void)state;
	struct world *world =
		world_new(&paxos_world, (struct world_options){.n = 5, .voters = 3, .interval = 4});
	world_isolate(world, E);
	batches(world, 30);
	world_pass(world, 500);
	assert_int_equal(world->member[D].applied, 30);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->member[D].records.count + world->member[E].records.count, 0);
	assert_null(world_free(world));
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
	report.group = group_of(&world->domain);
	struct ec_bytes head = paxos_message_write(world->pool, &report);
	world_tell(world, C, B, 0, head, world->batch[1]);
	ec_drop(head);
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

static void c_tells(struct world *world, ec_node to, struct message message, int batch)
{
	message.group = group_of(&world->domain);
	struct ec_bytes head = paxos_message_write(world->pool, &message);
	world_tell(world, C, to, 0, head, batch < 0 ? EC_NO_BYTES : world->batch[batch]);
	ec_drop(head);
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
	c_tells(world, B, accept, 0);
	for (ec_node node = A; node <= B; node++)
		c_tells(world, node, (struct message){.kind = CHECKPOINT, .seq = 1}, -1);
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

/* b is told by a member of another group what is chosen there.  Returns: what was broken, or NULL.
 */
static const char *heard_of_another_group(uint32_t bug)
{
	struct world *world = world_new(&paxos_world, (struct world_options){.n = 5, .bug = bug});
	world_settle(world);
	world_corrupt(world, C);
	world_batch_at(world, "theirs", 0);
	struct message learn = {.kind = LEARN, .seq = 1, .upto = 1};
	learn.group = group_of(&world->domain) + 1;
	struct ec_bytes head = paxos_message_write(world->pool, &learn);
	world_tell(world, C, B, 0, head, world->batch[0]);
	ec_drop(head);
	world_settle(world);
	assert_int_equal(world->member[B].applied, bug != 0);
	world_isolate(world, B);
	batches(world, 3);
	world_pass(world, 1000);
	return world_free(world);
}

static void what_another_group_says_is_nothing(void **state)
{
	(void)state;
	assert_null(heard_of_another_group(0));
	const char *violation = heard_of_another_group(16); /* planted bug 16 */
	assert_non_null(violation);
	assert_memory_equal(violation, "agreement", 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crash_at_every_save),
		cmocka_unit_test(what_another_group_says_is_nothing),
		cmocka_unit_test(all_crash_together),
		cmocka_unit_test(far_behind_fetches_the_state),
		cmocka_unit_test(a_little_behind_needs_no_state),
		cmocka_unit_test(nothing_is_forgotten_before_a_quorum_has_it),
		cmocka_unit_test(learners_follow),
		cmocka_unit_test(all_compete_and_each_batch_is_chosen),
		cmocka_unit_test(alone_it_takes_two_rounds),
		cmocka_unit_test(only_who_may_lead_proposes),
		cmocka_unit_test(votes_are_counted_in_one_ballot),
		cmocka_unit_test(what_nobody_can_tell_is_chosen_again),
		cmocka_unit_test(what_was_brought_is_not_walked),
		cmocka_unit_test(rosters_that_do_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
