/* raft_fault_test.c - crashes at every save, members left behind, a leader that hands over, disks
 * that were lost, applications that stand where no leader sent them. */
#include "base/test.h"
#include "consensus/raft/raft_world.h"

enum { A, B, C, D, E };

static void batches(struct world *world, uint32_t count)
{
	world_batches(world, count, UINT64_MAX);
	world_submit(world);
}

static struct world *world_of(uint32_t n)
{
	struct world *world = world_new(
		&raft_world, (struct world_options){.n = n, .interval = 4, .twins = true});
	world_settle(world);
	return world;
}

static void crash_at_every_save(void **state)
{
	(void)state;
	for (int dies = 0; dies < 2; dies++)
		for (ec_node node = A; node <= C; node++) {
			struct world_killing how = {.of = &raft_world,
			                            .is = {.n = 3, .interval = 4, .twins = true},
			                            .node = node,
			                            .other = dies ? A : EC_ALL};
			uint32_t saves;
			assert_null(world_kill_at_every_save(&how, &saves));
			assert_true(saves >= 8);
		}
}

static void all_crash_together(void **state)
{
	(void)state;
	struct world *world =
		world_new(&raft_world, (struct world_options){.n = 5, .interval = 4, .seed = 5});
	for (int round = 0; round < 12; round++) {
		batches(world, 3);
		for (int i = 0; i < round % 5; i++)
			world_round(world);
		for (ec_node node = 0; node < 5; node++)
			world_crash(world, node);
		for (ec_node node = 0; node < 5; node++)
			world_restart(world, node);
		world_pass(world, 400);
	}
	assert_true(world_finish(world, 30000));
	assert_null(world_free(world));
}

static void who_is_far_behind_is_brought_a_state(void **state)
{
	(void)state;
	struct world *world = world_of(3);
	world_isolate(world, C);
	batches(world, 40);
	world_pass(world, 200);
	assert_true(raft_of(world, A)->floor > 20);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->fetches, 1);
	assert_int_equal(raft_of(world, A)->term, 1);
	assert_null(world_free(world));
}

/* c is behind by less than is retained: entries bring it there, no state moves. */
static void a_little_behind_needs_no_state(void **state)
{
	(void)state;
	struct world *world = world_of(3);
	world_isolate(world, C);
	batches(world, 5);
	world_pass(world, 100);
	assert_int_equal(raft_of(world, A)->snap, 4);
	world_heal(world);
	assert_true(world_finish(world, 300));
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

/* The term, and with it the pause, that a change of leader takes: no time passes. */
static void a_leader_hands_over_at_once(void **state)
{
	(void)state;
	struct world *world = world_of(5);
	batches(world, 3);
	world_settle(world);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = D});
	assert_int_equal(world->member[A].want, 0);
	world_settle(world);
	assert_int_equal(raft_leader_of(world), D);
	assert_int_equal(raft_of(world, D)->term, 2);
	/* Others leave the wish alone, and so does who leads already. */
	world_step(world, B, (struct ec_input){.kind = EC_LEAD, .from = C});
	world_step(world, D, (struct ec_input){.kind = EC_LEAD, .from = D});
	world_settle(world);
	assert_int_equal(raft_leader_of(world), D);
	batches(world, 3);
	assert_true(world_finish(world, 100));
	assert_null(world_free(world));
}

/* An heir that is not there does not stop the group for longer than an election. */
static void a_leader_goes_on_without_its_heir(void **state)
{
	(void)state;
	struct world *world = world_of(3);
	world_isolate(world, C);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = C});
	world_settle(world);
	assert_int_equal(world->member[A].want, 0);
	world_pass(world, 700);
	assert_int_equal(raft_leader_of(world), A);
	assert_true(world->member[A].want > 0);
	world_heal(world);
	assert_true(world_finish(world, 2000));
	assert_null(world_free(world));
}

/* Who was not heard lately is no heir: nobody would take batches for nothing.  Nor do wishes
 * without end stop the group for longer than an election. */
static void a_leader_hands_over_to_nobody_who_is_away(void **state)
{
	(void)state;
	struct world *world = world_of(5);
	world_isolate(world, D);
	world_isolate(world, E);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = D});
	assert_int_equal(world->member[A].want, 0);
	for (int i = 0; i < 14; i++) {
		ec_node heir = i % 2 ? D : E;
		world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = heir});
		world_pass(world, 50);
	}
	assert_true(world->member[A].want > 0);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = D});
	assert_true(world->member[A].want > 0);
	assert_int_equal(raft_of(world, A)->term, 1);
	world_heal(world);
	assert_true(world_finish(world, 2000));
	assert_null(world_free(world));
}

/* Links that break under a hand-over cost no time: what was asked is asked again. */
static void a_leader_hands_over_across_broken_links(void **state)
{
	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		struct world *world = world_of(3);
		world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = C});
		if (asked) {
			assert_true(world_deliver(world, A, C));
			assert_int_equal(raft_of(world, C)->role, CANDIDATE);
			world_break(world, C, B, 0, 0);
		}
		world_break(world, C, A, 0, 0);
		world_settle(world);
		assert_int_equal(raft_leader_of(world), C);
		assert_int_equal(raft_of(world, C)->term, 2);
		assert_null(world_free(world));
	}
}

/* The records of a member that is down are gone. */
static void disk_lose(struct world *world, ec_node node)
{
	struct world_queue *records = &world->member[node].records;
	for (; records->count; world_shift(records)) {
		const struct world_record *record = world_at(records, 0);
		ec_drop(record->head);
		ec_drop(record->body);
	}
}

/* Who leads first and dies with nothing on disk begins as if it had never lived; with a record of
 * that term it does not lead it again. */
static void the_first_leader_leads_once(void **state)
{
	(void)state;
	for (int nothing = 0; nothing < 2; nothing++) {
		struct world *world = world_new(&raft_world, (struct world_options){.n = 3});
		world_crash(world, A);
		if (nothing)
			disk_lose(world, A);
		world_restart(world, A);
		world_settle(world);
		assert_int_equal(raft_of(world, A)->role, nothing ? LEADER : FOLLOWER);
		batches(world, 3);
		assert_true(world_finish(world, 5000));
		assert_int_equal(raft_of(world, B)->term == 1, nothing);
		assert_null(world_free(world));
	}
}

/* It may have answered a round in the life before, whether or not it had anything to save. */
static void with_leases_a_life_begins_by_waiting(void **state)
{
	(void)state;
	for (uint32_t lease = 0; lease < 2; lease++) {
		struct raft_options options = {.lease = lease};
		struct world *world =
			world_new(&raft_world, (struct world_options){.n = 3, .options = &options});
		assert_int_equal(world->member[C].records.count, 0);
		world_crash(world, C);
		world_restart(world, C);
		assert_int_equal(raft_leader_heard(raft_of(world, C)), lease);
		for (ec_node node = A; node <= C; node++)
			world_crash(world, node);
		world->now = 0; /* a life may begin at any time of its clock */
		world_restart(world, C);
		assert_int_equal(raft_leader_heard(raft_of(world, C)), lease);
		assert_null(world_free(world));
	}
}

/* The host of a member brings it to where another stands. */
static void host_goes_ahead(struct world *world, ec_node node, ec_node to)
{
	struct world_member *member = &world->member[node], *other = &world->member[to];
	assert_true(member->room > other->applied);
	memcpy(member->at, other->at, (other->applied + 1) * sizeof member->at[0]);
	memcpy(member->stands, other->stands, sizeof member->stands);
	member->applied = member->final = other->applied;
	world_step(world, node,
	           (struct ec_input){.kind = EC_FETCHED,
	                             .seq = other->applied,
	                             .digest = other->at[other->applied].state});
	world_settle(world);
}

/* A member whose host went ahead knows no term for its last entry: it votes only for who knows as
 * much to be committed, does not stand, and follows. */
static void a_stranger_to_its_log_follows(void **state)
{
	(void)state;
	struct world *world = world_of(3);
	struct raft self = *raft_of(world, C);
	assert_false(raft_log_strange(&self));
	world_isolate(world, C);
	batches(world, 3);
	world_settle(world);
	host_goes_ahead(world, C, A);
	assert_true(raft_log_strange(raft_of(world, C)));
	assert_int_equal(raft_of(world, C)->commit, 4);
	world_pass(world, 2000);
	assert_int_equal(raft_of(world, C)->vote, A); /* of term 1: it did not stand */
	world_crash(world, A);
	world_heal(world);
	assert_int_equal(raft_leader_await(world), B);
	assert_false(raft_log_strange(raft_of(world, C)));
	assert_true(world_finish(world, 3000));
	assert_null(world_free(world));
}

/* Its host goes ahead while it asks for votes: it asked by a log that is not its own any more. */
static void a_stranger_to_its_log_stops_standing(void **state)
{
	(void)state;
	struct world *world = world_of(3);
	world_isolate(world, C);
	batches(world, 3);
	world_pass(world, 2000);
	assert_int_equal(raft_of(world, C)->role, PRECANDIDATE);
	host_goes_ahead(world, C, A);
	world->severed[B][C] = false;
	struct message yes = {.kind = PREVOTED, .term = 2, .word = GRANTED};
	raft_forge(world, B, C, yes, EC_NO_BYTES);
	world_settle(world);
	assert_int_equal(raft_of(world, C)->role, FOLLOWER);
	assert_int_equal(raft_of(world, C)->term, 1);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_null(world_free(world));
}

/* A learner keeps no log: it comes back a stranger to it, and what the others still have of theirs
 * brings it on. */
static void a_learner_that_restarts_needs_no_state(void **state)
{
	(void)state;
	struct world *world =
		world_new(&raft_world, (struct world_options){.n = 4, .voters = 3, .interval = 4});
	batches(world, 8);
	world_pass(world, 100);
	assert_int_equal(world->member[D].durable, 8);
	world_crash(world, D);
	batches(world, 4);
	world_pass(world, 100);
	assert_true(raft_of(world, A)->snap > 8 && raft_of(world, A)->floor <= 8);
	world_restart(world, D);
	assert_int_equal(world->member[D].applied, 8);
	assert_true(world_finish(world, 300));
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

/* c lost its disk, and its host lets nothing leave that binds: it is filled like the others, but
 * what it has commits nothing, keeps no leader, and makes it no heir.  It says yes to nobody who
 * would stand, nor stands: votes would not follow. */
static void a_muted_member_follows_and_counts_for_nothing(void **state)
{
	(void)state;
	struct world *world = world_of(3);
	batches(world, 2);
	world_settle(world);
	world_crash(world, C);
	disk_lose(world, C);
	world->member[C].config.muted = true;
	world_restart(world, C);
	world_settle(world);
	assert_int_equal(raft_of(world, C)->last, 3);
	world_isolate(world, B);
	batches(world, 2);
	world_settle(world);
	assert_int_equal(raft_of(world, C)->last, 5);
	assert_int_equal(raft_of(world, A)->commit, 3);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = C});
	assert_true(world->member[A].want > 0);
	world_pass(world, 1000);
	assert_int_not_equal(raft_of(world, A)->role, LEADER);
	assert_int_equal(raft_of(world, A)->term, 1);
	assert_int_equal(raft_of(world, C)->term, 1);
	world_heal(world);
	assert_int_not_equal(raft_leader_await(world), EC_ALL);
	batches(world, 30);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->fetches, 0);
	world->member[C].config.muted =
		false; /* its key was voted in: it counts in its next life */
	world_crash(world, C);
	world_restart(world, C);
	world_settle(world);
	world_isolate(world, raft_leader_of(world) == A ? B : A);
	batches(world, 2);
	world_settle(world);
	assert_int_equal(raft_of(world, C)->commit, raft_of(world, C)->last);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_null(world_free(world));
}

/* Reads at every member, also of those that follow, see what was acknowledged anywhere. */
static void every_member_answers_reads(void **state)
{
	(void)state;
	struct world *world = world_of(5);
	for (ec_node node = A; node <= E; node++) {
		batches(world, 2);
		world_settle(world);
		world_read(world, node);
		world_settle(world);
		assert_int_equal(world->member[node].reads, 0);
	}
	world_isolate(world, B);
	world_read(world, B);
	world_pass(world, 1000);
	assert_int_equal(world->member[B].reads, 1);
	world_heal(world);
	world_pass(world, 2000);
	assert_int_equal(world->member[B].reads, 0);
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crash_at_every_save),
		cmocka_unit_test(all_crash_together),
		cmocka_unit_test(who_is_far_behind_is_brought_a_state),
		cmocka_unit_test(a_little_behind_needs_no_state),
		cmocka_unit_test(a_leader_hands_over_at_once),
		cmocka_unit_test(a_leader_goes_on_without_its_heir),
		cmocka_unit_test(a_leader_hands_over_to_nobody_who_is_away),
		cmocka_unit_test(a_leader_hands_over_across_broken_links),
		cmocka_unit_test(the_first_leader_leads_once),
		cmocka_unit_test(with_leases_a_life_begins_by_waiting),
		cmocka_unit_test(a_stranger_to_its_log_follows),
		cmocka_unit_test(a_stranger_to_its_log_stops_standing),
		cmocka_unit_test(a_learner_that_restarts_needs_no_state),
		cmocka_unit_test(a_muted_member_follows_and_counts_for_nothing),
		cmocka_unit_test(every_member_answers_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
