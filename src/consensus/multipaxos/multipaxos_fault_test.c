/* multipaxos_fault_test.c - leaders, slow disks, parts of a network, roles, quorums of other sizes,
 * leases; what the log does under faults stands in multipaxos_log_test.c. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos_world.h"

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

/* The first leader of an era needs no ballot, and a batch takes three messages a follower. */
static void a_fresh_era_needs_no_election(void **state)
{
	(void)state;
	struct multipaxos_options options = {.first = 3};
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 5, .options = &options});
	world_settle(world);
	assert_int_equal(world->member[A].lead, C);
	assert_int_equal(world->sent[HEARTBEAT], 4);
	world_batch(world, "x");
	world_submit(world);
	world_settle(world);
	for (ec_node node = A; node <= E; node++)
		assert_int_equal(world->member[node].applied, 1);
	assert_int_equal(world->sent[ACCEPT], 4);
	assert_int_equal(world->sent[ACCEPTED], 4);
	assert_int_equal(world->sent[COMMIT], 4);
	assert_int_equal(world->sent[CANVASS] + world->sent[PREPARE], 0);
	assert_int_equal(world->member[A].view, 0);
	assert_null(world_free(world));
}

/* ACCEPT leaves while the leader's disk works; two others choose without it. */
static void a_leader_speaks_while_its_disk_works(void **state)
{
	(void)state;
	struct world *world = world_new(&multipaxos_world, (struct world_options){.n = 3});
	world_settle(world);
	world->member[A].stalled = true;
	batches(world, 3);
	world_submit(world);
	world_settle(world);
	assert_int_equal(world->member[A].applied, 0);
	assert_int_equal(world->member[B].applied, 3);
	assert_int_equal(world->member[C].applied, 3);
	world_repair(world);
	assert_true(world_finish(world, 1000));
	assert_null(world_free(world));
}

/* Its disk stands still, so that its checkpoints do, and its window: it leaves it to the others. */
static void a_leader_whose_disk_stands_still_steps_down(void **state)
{
	(void)state;
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 3, .interval = 4});
	world_settle(world);
	world->member[A].stalled = true;
	batches(world, 40);
	world_pass(world, 3000);
	assert_int_equal(world->member[A].applied, 0);
	assert_true(world->member[B].applied >= 40);
	assert_true(world->member[C].applied >= 40);
	world_repair(world);
	assert_true(world_finish(world, 3000));
	assert_null(world_free(world));
}

/* Of four three must; a is heard by d alone, which supports nobody while it hears a leader. */
static ec_seq applied_beside_a_leader_of_one(uint32_t bug)
{
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 4, .bug = bug});
	world_settle(world);
	world_sever(world, A, B);
	world_sever(world, A, C);
	world_pass(world, 2000);
	batches(world, 3);
	world_pass(world, 500);
	ec_seq applied = world->member[B].applied;
	world_heal(world);
	world_free(world);
	return applied;
}

static void a_leader_that_hears_no_quorum_steps_down(void **state)
{
	(void)state;
	assert_int_equal(applied_beside_a_leader_of_one(0), 3);
	assert_int_equal(applied_beside_a_leader_of_one(17), 0); /* planted bug 17 */
}

/* c hears b alone, and would lead: who hears a leader does not support it. */
static void a_member_with_bad_links_deposes_nobody(void **state)
{
	(void)state;
	struct world *world = world_new(&multipaxos_world, (struct world_options){.n = 3});
	world_settle(world);
	world_sever(world, A, C);
	batches(world, 3);
	world_pass(world, 3000);
	assert_true(world->sent[CANVASS] > 3);
	assert_int_equal(world->sent[PREPARE], 0);
	assert_int_equal(world->member[A].view, 0);
	world_heal(world);
	assert_true(world_finish(world, 1000));
	assert_null(world_free(world));
}

/* Two of four accept, three promise: two members are enough while their leader lives. */
static void quorums_of_other_sizes(void **state)
{
	(void)state;
	struct multipaxos_options options = {.log.quorums = {.prepare = 3, .accept = 2}};
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 4, .options = &options});
	world_settle(world);
	world_crash(world, C);
	world_crash(world, D);
	batches(world, 3);
	world_pass(world, 100);
	assert_int_equal(world->member[B].applied, 3);
	world_crash(world, A); /* and no two can take its place */
	world_pass(world, 3000);
	assert_int_equal(world->sent[PREPARE], 0);
	world_repair(world);
	assert_true(world_finish(world, 5000));
	assert_null(world_free(world));
}

/* Only c may lead: nobody else ever does, and it comes back. */
static void only_who_may_lead_leads(void **state)
{
	(void)state;
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 3, .leaders = 1 << C});
	batches(world, 2);
	world_pass(world, 100);
	assert_int_equal(world->member[A].lead, C);
	world_crash(world, C);
	world_pass(world, 2000);
	assert_int_equal(world->sent[CANVASS], 0);
	world_restart(world, C);
	batches(world, 2);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->member[A].lead, C);
	assert_null(world_free(world));
}

static void a_leader_hands_over(void **state)
{
	(void)state;
	struct world *world = world_new(&multipaxos_world, (struct world_options){.n = 3});
	world_settle(world);
	batches(world, 2);
	world_submit(world);
	world_settle(world);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = B});
	world_settle(world);
	assert_int_equal(world->member[A].lead, B);
	assert_int_equal(world->member[B].lead, B);
	assert_int_equal(world->sent[CANVASS], 0);
	batches(world, 2);
	assert_true(world_finish(world, 100));
	assert_null(world_free(world));
}

/* b heard a, and had nothing to save; it comes back, and c would lead.  Returns: promises to c. */
static uint32_t promises_after(uint64_t ms)
{
	struct multipaxos_options options = {.log.timeout_ns = 200000000, .lease_ns = 200000000};
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 3, .options = &options});
	world_settle(world);
	assert_int_equal(world->member[B].records.count, 0);
	world_corrupt(world, C);
	world_isolate(world, A);
	world_crash(world, B);
	world_restart(world, B);
	world_pass(world, ms);
	struct message prepare = {.kind = PREPARE, .ballot = ballot_of(9, C), .seq = 1};
	paxos_world_tell(world, C, B, prepare, -1);
	world_settle(world);
	uint32_t promises = world->sent[PROMISE];
	world_heal(world);
	world_free(world);
	return promises;
}

static void with_leases_a_life_begins_by_waiting(void **state)
{
	(void)state;
	assert_int_equal(promises_after(150), 0);
	assert_int_equal(promises_after(250), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_era_needs_no_election),
		cmocka_unit_test(a_leader_speaks_while_its_disk_works),
		cmocka_unit_test(a_leader_whose_disk_stands_still_steps_down),
		cmocka_unit_test(a_leader_that_hears_no_quorum_steps_down),
		cmocka_unit_test(a_member_with_bad_links_deposes_nobody),
		cmocka_unit_test(quorums_of_other_sizes),
		cmocka_unit_test(with_leases_a_life_begins_by_waiting),
		cmocka_unit_test(only_who_may_lead_leads),
		cmocka_unit_test(a_leader_hands_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
