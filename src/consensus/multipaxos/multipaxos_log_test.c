/* multipaxos_log_test.c - the log that Paxos and Multi-Paxos have in common, under either: crashes
 * at every save, members that are behind, learners, messages of another group. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos_world.h"

#include <stdio.h>

enum { A, B, C, D, E };

struct row {
	const struct world_protocol *of;
	uint32_t foreign; /* the number of the planted bug that takes messages of others */
};

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
	const struct row *row = *state;
	for (int dies = 0; dies < 2; dies++)
		for (ec_node node = A; node <= B; node++) {
			struct world_killing how = {.of = row->of,
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
	const struct row *row = *state;
	struct world *world =
		world_new(row->of, (struct world_options){.n = 3, .interval = 4, .seed = 5});
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
	const struct row *row = *state;
	struct world *world = world_new(row->of, (struct world_options){.n = 3, .interval = 4});
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
	const struct row *row = *state;
	struct world *world = world_new(row->of, (struct world_options){.n = 3, .interval = 8});
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
static uint32_t fetches_where_one_has_checkpoints(const struct row *row, uint32_t bug)
{
	struct world *world =
		world_new(row->of, (struct world_options){.n = 3, .interval = 4, .bug = bug});
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
	const struct row *row = *state;
	assert_int_equal(fetches_where_one_has_checkpoints(row, 0), 0);
	assert_int_equal(fetches_where_one_has_checkpoints(row, 3), 1); /* planted bug 3 of both */
}

/* d and e are no voters: they follow, and one of them is brought the state. */
static void learners_follow(void **state)
{
	const struct row *row = *state;
	struct world *world =
		world_new(row->of, (struct world_options){.n = 5, .voters = 3, .interval = 4});
	world_isolate(world, E);
	batches(world, 30);
	world_pass(world, 500);
	assert_int_equal(world->member[D].applied, 30);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->member[D].records.count + world->member[E].records.count, 0);
	assert_null(world_free(world));
}

/* b is told by a member of another group what is chosen there.  Returns: what was broken, or NULL.
 */
static const char *heard_of_another_group(const struct row *row, uint32_t bug)
{
	struct world *world = world_new(row->of, (struct world_options){.n = 5, .bug = bug});
	world_settle(world);
	world_corrupt(world, C);
	world_batch_at(world, "theirs", 0);
	struct message learn = {
		.kind = LEARN, .group = group_of(&world->domain) + 1, .seq = 1, .upto = 1};
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
	const struct row *row = *state;
	assert_null(heard_of_another_group(row, 0));
	const char *violation = heard_of_another_group(row, row->foreign);
	assert_non_null(violation);
	assert_memory_equal(violation, "agreement", 9);
}

#define OF_BOTH(test) \
	cmocka_unit_test_prestate(test, &rows[0]), cmocka_unit_test_prestate(test, &rows[1])

int main(void)
{
	static struct row rows[] = {{&paxos_world, 16}, {&multipaxos_world, 18}};
	const struct CMUnitTest tests[] = {
		OF_BOTH(crash_at_every_save),
		OF_BOTH(all_crash_together),
		OF_BOTH(far_behind_fetches_the_state),
		OF_BOTH(a_little_behind_needs_no_state),
		OF_BOTH(nothing_is_forgotten_before_a_quorum_has_it),
		OF_BOTH(learners_follow),
		OF_BOTH(what_another_group_says_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
