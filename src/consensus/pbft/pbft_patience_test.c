/* pbft_patience_test.c - how long a dead primary delays anybody, and how a slow group finds rest.
 */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

enum { STEP_MS = 10, PAUSE_EVERY_MS = 3000, PAUSE_MS = 650 };

static uint64_t ms_of(const struct world *world)
{
	return world->now / 1000000 / STEP_MS * STEP_MS;
}

static void time_pass(struct world *world)
{
	world->now += (uint64_t)STEP_MS * 1000000;
	for (ec_node node = 0; node < world->n; node++)
		if (world->member[node].up && world->member[node].wake &&
		    world->member[node].wake <= world->now)
			world_wake(world, node);
	world_submit(world);
}

/* Every message takes `hop_ms`. */
static void slow_pass(struct world *world, uint64_t ms, uint32_t hop_ms)
{
	for (uint64_t end = ms_of(world) + ms; ms_of(world) < end;) {
		time_pass(world);
		if (ms_of(world) % hop_ms == 0)
			world_round(world);
	}
}

/* Messages take no time, but for pauses in which none moves. */
static void pausing_pass(struct world *world, uint64_t ms)
{
	for (uint64_t end = ms_of(world) + ms; ms_of(world) < end;) {
		uint64_t at = ms_of(world) % PAUSE_EVERY_MS;
		time_pass(world);
		if (at == 0)
			world_batches(world, 1, UINT64_MAX);
		if (at >= PAUSE_MS)
			world_settle(world);
	}
}

/* Leads are lost one after another, `apart_ms` each; how long a batch waited at most.
 * In: busy: whether there are other batches. */
static uint64_t leaders_fail(uint32_t n, uint32_t faults, uint64_t apart_ms, bool busy)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = n});
	uint64_t longest_ms = 0;
	for (uint32_t i = 0; i < faults; i++) {
		uint64_t begin_ms = ms_of(world), end_ms = begin_ms + apart_ms;
		ec_node lead = world->member[i % n].lead;
		world_crash(world, lead);
		world_batches(world, 1, UINT64_MAX);
		assert_true(world_finish(world, 30000));
		if (ms_of(world) - begin_ms > longest_ms)
			longest_ms = ms_of(world) - begin_ms;
		world_restart(world, lead);
		while (ms_of(world) < end_ms) {
			if (busy)
				world_batches(world, 1, UINT64_MAX);
			assert_true(world_finish(world, STEP_MS));
			world_pass(world, 100);
		}
	}
	assert_null(world_free(world));
	return longest_ms;
}

static void leaders_that_fail_in_turn_delay_little(void **state)
{
	(void)state;
	for (int busy = 0; busy < 2; busy++) {
		assert_in_range(leaders_fail(4, 20, 1300, busy), 500, 700); /* in its trial */
		assert_in_range(leaders_fail(4, 5, 2000, busy), 500, 700);
		assert_in_range(leaders_fail(4, 5, 3500, busy), 500, 700);
		assert_in_range(leaders_fail(7, 8, 2000, busy), 500, 700);
		assert_in_range(leaders_fail(4, 40, 4500, busy), 500, 700); /* for ever */
	}
}

/* On a machine that has other work nothing moves for `stall_ms` of every second, also when the
 * view is new.  The most that a batch waited at 19 deaths of 20, `apart_ms` each. */
static uint64_t leaders_fail_under_stalls(uint64_t apart_ms, uint64_t stall_ms)
{
	uint64_t longest_ms = 0, second_ms = 0;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	for (uint32_t i = 0; i < 20; i++) {
		uint64_t begin_ms = ms_of(world), end_ms = begin_ms + apart_ms;
		ec_node lead = world->member[i % 4].lead;
		world_crash(world, lead);
		world_batches(world, 1, UINT64_MAX);
		assert_true(world_finish(world, 30000));
		uint64_t waited_ms = ms_of(world) - begin_ms;
		if (waited_ms > longest_ms) {
			second_ms = longest_ms;
			longest_ms = waited_ms;
		} else if (waited_ms > second_ms) {
			second_ms = waited_ms;
		}
		world_restart(world, lead);
		while (ms_of(world) < end_ms) {
			world_batches(world, 1, UINT64_MAX);
			for (uint64_t ms = 0; ms < stall_ms; ms += STEP_MS)
				time_pass(world);
			world_settle(world);
			world_pass(world, 1000 - stall_ms);
		}
	}
	assert_null(world_free(world));
	return second_ms;
}

/* What a group needs to wait is what was measured, and not a doubling: a machine that is a little
 * slow has a little more patience. */
static void leaders_that_fail_on_a_busy_machine_delay_little(void **state)
{
	(void)state;
	assert_in_range(leaders_fail_under_stalls(6000, 0), 500, 520);
	assert_in_range(leaders_fail_under_stalls(6000, 260), 500, 2 * 260 + 20);
	assert_in_range(leaders_fail_under_stalls(6000, 300), 500, 2 * 300 + 20);
	assert_in_range(leaders_fail_under_stalls(6000, 450), 500, 2 * 450 + 20);
}

/* PRE-PREPARE, PREPARE and COMMIT take a second each, for ever. */
static void slow_group_settles_in_one_view(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	for (int i = 0; i < 10; i++) {
		world_batches(world, 1, UINT64_MAX);
		slow_pass(world, 5000, 1000);
	}
	uint64_t view = world->member[0].view;
	for (int i = 0; i < 100; i++) {
		ec_seq applied = world->member[0].applied;
		world_batches(world, 1, UINT64_MAX);
		slow_pass(world, 5000, 1000);
		assert_true(world->member[0].applied > applied);
	}
	assert_in_range(view, 1, 4);
	for (ec_node node = 0; node < 4; node++)
		assert_int_equal(world->member[node].view, view);
	assert_null(world_free(world));
}

/* A group that was slow is quick again: whoever fails then is not waited for as it was before. */
static void patience_comes_back_in_a_calm(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	for (int i = 0; i < 10; i++) {
		world_batches(world, 1, UINT64_MAX);
		slow_pass(world, 5000, 1000);
	}
	assert_true(world_finish(world, 100));
	for (int i = 0; i < 200; i++) {
		world_batches(world, 1, UINT64_MAX);
		assert_true(world_finish(world, 100));
		world_pass(world, 100);
	}
	uint64_t begin_ms = ms_of(world);
	world_crash(world, world->member[0].lead);
	world_batches(world, 1, UINT64_MAX);
	assert_true(world_finish(world, 30000));
	assert_in_range(ms_of(world) - begin_ms, 500, 520);
	assert_null(world_free(world));
}

/* Each pause looks like a dead primary: the next view is fast.  The ration ends the changing. */
static void pausing_group_settles_in_one_view(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	pausing_pass(world, 90000);
	uint64_t view = world->member[0].view;
	assert_in_range(view, 4, 20);
	pausing_pass(world, 300000);
	for (ec_node node = 0; node < 4; node++)
		assert_int_equal(world->member[node].view, view);
	assert_true(world_finish(world, 1000));
	assert_null(world_free(world));
}

/* In its first 1.2 s each view is quick, then a batch takes 9 s. */
static void late_slowness_outgrows_what_is_taken_back(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	uint64_t view = 0, since_ms = 0;
	for (uint32_t i = 0; ms_of(world) < 900000; i++) {
		if (i % 100 == 0)
			world_batches(world, 1, UINT64_MAX);
		time_pass(world);
		if (world->member[0].view != view)
			since_ms = ms_of(world);
		view = world->member[0].view;
		if (ms_of(world) - since_ms < 1200)
			world_settle(world);
		else if (i % 300 == 0)
			world_round(world);
	}
	assert_in_range(view, 5, 20);
	assert_in_range(since_ms, 1, 450000);
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaders_that_fail_in_turn_delay_little),
		cmocka_unit_test(leaders_that_fail_on_a_busy_machine_delay_little),
		cmocka_unit_test(slow_group_settles_in_one_view),
		cmocka_unit_test(patience_comes_back_in_a_calm),
		cmocka_unit_test(pausing_group_settles_in_one_view),
		cmocka_unit_test(late_slowness_outgrows_what_is_taken_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
