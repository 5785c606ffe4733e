/* raft_test.c - the good case counted as the paper counts it, elections, roles.  The rules of the
 * paper, one by one, are the scripts: each names its section. */
#include "base/test.h"
#include "consensus/raft/raft_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { A, B, C, D, E };

static void good_case_has_the_messages_of_the_paper(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 8; n++) {
		struct world *world =
			world_new(&raft_world, (struct world_options){.n = n, .twins = true});
		world_settle(world);
		memset(world->sent, 0, sizeof world->sent);
		world_batch(world, "alpha");
		world_submit(world);
		world_settle(world);
		for (ec_node node = 0; node < n; node++)
			assert_int_equal(world->member[node].applied, 2);
		assert_int_equal(world->sent[APPEND], n - 1);
		assert_int_equal(world->sent[ACK], n - 1);
		assert_int_equal(world->sent[COMMITTED], n - 1);
		assert_int_equal(world->sent[VOTE] + world->sent[PREVOTE], 0);
		assert_null(world_free(world));
	}
}

static void sixty_four_members_agree(void **state)
{
	(void)state;
	struct world *world = world_new(&raft_world, (struct world_options){.n = 64});
	world_batches(world, 3, UINT64_MAX);
	assert_true(world_finish(world, 100));
	for (ec_node node = 0; node < 31; node++)
		world_crash(world, node);
	world_batches(world, 3, UINT64_MAX);
	assert_true(world_finish(world, 20000));
	assert_null(world_free(world));
}

static void many_batches_pass_checkpoints(void **state)
{
	(void)state;
	struct world *world = world_new(&raft_world, (struct world_options){.n = 3, .twins = true});
	world_batches(world, 200, UINT64_MAX);
	assert_true(world_finish(world, 400));
	for (ec_node node = 0; node < 3; node++) {
		assert_int_equal(world->member[node].applied, 201);
		assert_int_equal(raft_of(world, node)->floor, 192);
		assert_int_equal(raft_of(world, node)->term, 1);
	}
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

/* Hosts may leave checkpoints out, up to a quarter of the window; and nobody runs out of room. */
static void checkpoints_may_be_left_out(void **state)
{
	enum { WINDOW = 64, INTERVAL = 8, LAST = 201 };
	uint32_t spared = 0, below = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct world *world = world_new(
			&raft_world, (struct world_options){
					     .n = 3, .spares = true, .seed = seed, .notes = true});
		world_batches(world, LAST - 1, UINT64_MAX);
		assert_true(world_finish(world, 400));
		for (ec_node node = 0; node < 3; node++) {
			ec_seq floor = raft_of(world, node)->floor;
			assert_int_equal(world->member[node].applied, LAST);
			assert_in_range(floor, LAST - WINDOW / 4 - INTERVAL, LAST - INTERVAL);
			below += floor < LAST / INTERVAL * INTERVAL - INTERVAL;
		}
		spared += world->spared;
		assert_null(strstr(world->notes, "rule:full"));
		assert_int_equal(world->fetches, 0);
		assert_null(world_free(world));
	}
	assert_true(spared > 50 && below > 0);
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* From its death to the first commit of the next: at most twice the longest election time-out, in
 * 19 of 20 cases. */
static void a_dead_leader_is_replaced(void **state)
{
	enum { DEATHS = 80 };
	uint64_t took[DEATHS], deaths = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= DEATHS / 4; seed++) {
		struct world *world = world_new(
			&raft_world, (struct world_options){.n = 5, .twins = true, .seed = seed});
		for (int round = 0; round < 4; round++) {
			ec_node leader = raft_leader_await(world);
			assert_int_not_equal(leader, EC_ALL);
			world_crash(world, leader);
			uint64_t died = world->now;
			assert_int_not_equal(raft_leader_await(world), EC_ALL);
			took[deaths++] = world->now - died;
			world_batches(world, 2, UINT64_MAX);
			assert_true(world_finish(world, 5000));
			world_restart(world, leader);
			assert_true(world_finish(world, 5000));
		}
		assert_true(raft_of(world, A)->term >= 5);
		assert_null(world_free(world));
	}
	qsort(took, DEATHS, sizeof took[0], by_time);
	printf("80 leaders die: half are replaced within %u ms, 95 %% within %u ms, all within %u "
	       "ms\n",
	       (unsigned)(took[DEATHS / 2] / 1000000), (unsigned)(took[DEATHS * 19 / 20] / 1000000),
	       (unsigned)(took[DEATHS - 1] / 1000000));
	assert_true(took[DEATHS * 19 / 20] <= 4 * RAFT_ELECTION_NS);
}

/* A learner delivers, has no record, and comes back with nothing; and the first voter that may
 * leads. */
static void learners_follow_and_others_do_not_lead(void **state)
{
	(void)state;
	struct world *world =
		world_new(&raft_world, (struct world_options){.n = 5,
	                                                      .voters = 4,
	                                                      .leaders = bit(B) | bit(C),
	                                                      .interval = 4,
	                                                      .twins = true});
	world_batches(world, 30, UINT64_MAX);
	assert_true(world_finish(world, 1000));
	assert_int_equal(raft_leader_of(world), B);
	assert_int_equal(world->member[E].records.count, 0);
	world_crash(world, E);
	world_restart(world, E);
	world_batches(world, 3, UINT64_MAX);
	assert_true(world_finish(world, 3000));
	world_crash(world, B);
	world_batches(world, 3, UINT64_MAX);
	assert_true(world_finish(world, 5000));
	assert_int_equal(raft_leader_of(world), C);
	assert_null(world_free(world));
}

static void one_member_alone_goes_on_after_a_crash(void **state)
{
	(void)state;
	struct world *world = world_new(&raft_world, (struct world_options){.n = 1});
	world_batches(world, 20, UINT64_MAX);
	assert_true(world_finish(world, 100));
	world_crash(world, A);
	world_restart(world, A);
	world_batches(world, 20, UINT64_MAX);
	assert_true(world_finish(world, 1000));
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_case_has_the_messages_of_the_paper),
		cmocka_unit_test(sixty_four_members_agree),
		cmocka_unit_test(many_batches_pass_checkpoints),
		cmocka_unit_test(checkpoints_may_be_left_out),
		cmocka_unit_test(a_dead_leader_is_replaced),
		cmocka_unit_test(learners_follow_and_others_do_not_lead),
		cmocka_unit_test(one_member_alone_goes_on_after_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
