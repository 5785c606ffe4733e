/* multipaxos_test.c - a new leader, told word by word; options, and what comes through the door. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos_world.h"

enum { A, B, C, D, E };

/* c does what the test says, and a is away: b would lead. */
static struct world *with_b(uint32_t bug)
{
	struct world *world =
		world_new(&multipaxos_world, (struct world_options){.n = 3, .bug = bug});
	world_settle(world);
	world_corrupt(world, C);
	world_crash(world, A);
	world_batch_at(world, "x", 0);
	world_batch_at(world, "y", 0);
	world_pass(world, 450);
	assert_int_equal(world->sent[CANVASS] > 0, true);
	return world;
}

static void told(struct world *world, const struct message *message, int batch)
{
	paxos_world_tell(world, C, B, *message, batch);
	world_settle(world);
}

/* c supports whatever b canvasses for.  Returns: the ballot that b prepares. */
static uint64_t prepared(struct world *world)
{
	uint64_t counter = 1;
	while (world->sent[PREPARE] == 0 && counter++ < 20)
		told(world, &(struct message){.kind = SUPPORT, .ballot = ballot_of(counter, B)},
		     -1);
	assert_true(world->sent[PREPARE] > 0);
	return ballot_of(counter, B);
}

static void a_gap_gets_a_filler_and_what_was_reported_its_batch(void **state)
{
	(void)state;
	struct world *world = with_b(0);
	uint64_t ballot = prepared(world), first = ballot_of(1, A);
	told(world, &(struct message){.kind = REPORT, .ballot = ballot, .old = first, .seq = 2}, 0);
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .number = 1}, -1);
	told(world, &(struct message){.kind = ACCEPTED, .ballot = ballot, .seq = 2}, -1);
	assert_int_equal(world->member[B].applied, 0); /* not over a gap */
	told(world, &(struct message){.kind = ACCEPTED, .ballot = ballot, .seq = 1}, -1);
	assert_int_equal(world->member[B].applied, 2);
	assert_int_equal(world->member[B].at[1].batch, 0);
	assert_int_equal(world->member[B].at[1].node, EC_ALL);
	assert_int_equal(world->member[B].at[2].batch, 1);
	assert_int_equal(world->member[B].at[2].node, A);
	world_free(world);
}

/* The PROMISE says two, and one came: the other is on its way, or lost. */
static void a_promise_counts_when_all_of_it_is_here(void **state)
{
	(void)state;
	struct world *world = with_b(0);
	uint64_t ballot = prepared(world), first = ballot_of(1, A);
	uint32_t before = world->sent[ACCEPT];
	struct message report = {.kind = REPORT, .ballot = ballot, .old = first, .seq = 1};
	told(world, &report, 0);
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .number = 2}, -1);
	assert_int_equal(world->sent[ACCEPT], before);
	told(world, &report, 0); /* twice is once */
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .number = 2}, -1);
	assert_int_equal(world->sent[ACCEPT], before);
	report.seq = 2;
	report.number = 1;
	told(world, &report, 1);
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .number = 2}, -1);
	assert_int_equal(world->sent[ACCEPT], before + 2);
	world_free(world);
}

/* What came over the link before it broke says nothing of what the new one has told: here a
 * position beyond b's ring, which b cannot hold and so must not take for reported. */
static void reports_are_counted_anew_on_a_new_link(void **state)
{
	(void)state;
	struct world *world = with_b(0);
	uint64_t ballot = prepared(world), first = ballot_of(1, A);
	uint32_t before = world->sent[ACCEPT];
	struct message report = {.kind = REPORT, .ballot = ballot, .old = first};
	for (report.seq = 1; report.seq <= 2; report.seq++, report.number++)
		told(world, &report, (int)report.number);
	world_break(world, B, C, 0, 0);
	report.seq = 3 * 8 + 1;
	report.number = 0;
	told(world, &report, 0);
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .number = 1}, -1);
	assert_int_equal(world->sent[ACCEPT], before);
	world_free(world);
}

/* Of five a leads, and proposed x and z, which b accepted and nobody else. */
static struct world *a_leads_with_b(void)
{
	struct world *world = world_new(&multipaxos_world, (struct world_options){.n = 5});
	world_settle(world);
	world_corrupt(world, C);
	world_crash(world, D);
	world_crash(world, E);
	world_batch(world, "x");
	world_batch(world, "z");
	world_batch_at(world, "y", 0);
	world_submit(world);
	world_settle(world);
	assert_int_equal(world->member[A].applied, 0);
	return world;
}

/* c knows that y was chosen, in a ballot above a's: so nobody may be told that the place is decided
 * by the ballot of a, where b accepted x. */
static void who_was_overtaken_vouches_for_nothing(void **state)
{
	(void)state;
	struct world *world = a_leads_with_b();
	struct message learn = {.kind = LEARN, .seq = 1, .upto = 1, .origin = C};
	paxos_world_tell(world, C, A, learn, 2);
	world_settle(world);
	assert_int_equal(world->member[A].applied, 1);
	assert_int_equal(world->member[B].applied, 0);
	assert_null(world_free(world));
}

/* Nor where a state was brought that has the place behind it, whatever was chosen there. */
static void what_was_brought_vouches_for_nothing(void **state)
{
	(void)state;
	struct world *world = a_leads_with_b();
	world_step(world, A, (struct ec_input){.kind = EC_FETCHED, .seq = 1});
	world_settle(world);
	assert_int_equal(world->member[B].applied, 0);
	world_free(world);
}

/* Of two values of one position the one of the higher ballot. */
static void the_highest_ballot_is_proposed_again(void **state)
{
	(void)state;
	for (int low_last = 0; low_last < 2; low_last++) {
		struct world *world = with_b(0);
		uint64_t ballot = prepared(world);
		struct message report = {.kind = REPORT, .ballot = ballot, .seq = 1};
		for (int i = 0; i < 2; i++) {
			int high = i ^ low_last;
			report.old = ballot_of(1, high ? C : A);
			report.number = (uint64_t)i;
			told(world, &report, high);
		}
		told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .number = 2}, -1);
		told(world, &(struct message){.kind = ACCEPTED, .ballot = ballot, .seq = 1}, -1);
		assert_int_equal(world->member[B].applied, 1);
		assert_int_equal(world->member[B].at[1].batch, 2); /* batch 1, "y" */
		world_free(world);
	}
}

/* Below c's low mark reports may lack: nothing is proposed there, b learns it or is brought it. */
static void nothing_is_filled_below_a_low_mark(void **state)
{
	(void)state;
	struct world *world = with_b(0);
	uint64_t ballot = prepared(world);
	uint32_t before = world->sent[ACCEPT];
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .upto = 4}, -1);
	assert_int_equal(world->sent[ACCEPT], before);
	assert_true(world->sent[ASK_LEARN] > 0);
	world_free(world);
}

/* c, whose low mark that was, is gone, and nobody can tell what is below it: b leaves it to the
 * next ballot, which a promises. */
static void who_leads_behind_a_mark_that_is_gone_steps_down(void **state)
{
	(void)state;
	struct world *world = with_b(0);
	uint64_t ballot = prepared(world);
	told(world, &(struct message){.kind = PROMISE, .ballot = ballot, .upto = 4}, -1);
	assert_int_equal(world->member[B].lead, B);
	world_isolate(world, C);
	world_restart(world, A);
	world_batch_at(world, "z", 1 << A | 1 << B);
	world_pass(world, 3000);
	assert_int_equal(world->member[A].applied, 5); /* fillers, and it */
	assert_int_equal(world->member[B].applied, 5);
	world_free(world);
}

static const char *misfit_of(uint32_t n, uint32_t voters, struct multipaxos_options options)
{
	struct ec_roster_member member[PAXOS_MEMBERS_MAX + 1] = {0};
	for (uint32_t i = 0; i < n; i++)
		member[i].roles = i < voters ? EC_VOTER | EC_LEADER : 0;
	struct ec_roster roster = {.n = n, .member = member};
	struct ec_config config = {.roster = &roster, .options = &options};
	return ec_multipaxos.misfit(&config);
}

static void rosters_and_options_that_do_not_fit(void **state)
{
	(void)state;
	assert_null(misfit_of(1, 1, (struct multipaxos_options){0}));
	assert_null(misfit_of(64, 64, (struct multipaxos_options){0}));
	assert_non_null(misfit_of(65, 65, (struct multipaxos_options){0}));
	assert_non_null(misfit_of(0, 0, (struct multipaxos_options){0}));
	assert_non_null(misfit_of(3, 0, (struct multipaxos_options){0}));
	for (uint32_t q1 = 1; q1 <= 6; q1++)
		for (uint32_t q2 = 1; q2 <= 6; q2++) {
			struct multipaxos_options options = {.log.quorums = {q1, q2}};
			bool fits = q1 <= 5 && q2 <= 5 && q1 + q2 > 5;
			assert_int_equal(misfit_of(7, 5, options) == NULL, fits);
		}
	assert_null(misfit_of(5, 3, (struct multipaxos_options){.first = 3}));
	assert_non_null(misfit_of(5, 3, (struct multipaxos_options){.first = 4}));
	assert_non_null(misfit_of(5, 3, (struct multipaxos_options){.first = 6}));
	assert_non_null(misfit_of(3, 3, (struct multipaxos_options){.log.window = 63}));
	assert_null(misfit_of(3, 3, (struct multipaxos_options){.log.window = 64}));
	assert_non_null(misfit_of(3, 3, (struct multipaxos_options){.log.window = 1025}));
	struct multipaxos_options long_lease = {.log.timeout_ns = 2000000, .lease_ns = 2000001};
	assert_non_null(misfit_of(3, 3, long_lease));
}

static void options_are_read_from_a_roster(void **state)
{
	(void)state;
	uint8_t at[44];
	struct multipaxos_options options;
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	const uint32_t fields[] = {128, 256, 4096, 3, 2, 2, 50};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		ec_write_u32(&writer, fields[i]);
	ec_write_u64(&writer, 2000000);
	ec_write_u64(&writer, 1000000);
	assert_true(ec_writer_ok(&writer) && writer.size == sizeof at);
	struct ec_bytes encoded = {.data = at, .size = sizeof at};
	assert_null(ec_multipaxos.options_read(encoded, 0, &options));
	assert_int_equal(options.log.interval, 128);
	assert_int_equal(options.log.window, 256);
	assert_int_equal(options.log.batch_bytes_max, 4096);
	assert_int_equal(options.log.quorums.prepare, 3);
	assert_int_equal(options.log.quorums.accept, 2);
	assert_int_equal(options.first, 2);
	assert_int_equal(options.drift_permille, 50);
	assert_int_equal(options.log.timeout_ns, 2000000);
	assert_int_equal(options.lease_ns, 1000000);
	assert_null(ec_multipaxos.options_read(encoded, 5000000, &options));
	assert_int_equal(options.log.timeout_ns, 5000000);
	encoded.size--;
	assert_non_null(ec_multipaxos.options_read(encoded, 0, &options));
	assert_null(ec_multipaxos.options_read(EC_NO_BYTES, 0, &options));
	at[0] = 1;
	at[1] = 1; /* an interval of 257 */
	encoded.size++;
	assert_non_null(ec_multipaxos.options_read(encoded, 0, &options));
}

/* Whether b's door takes a message of `from`. */
static bool passes(ec_node from, struct message m, const char *body)
{
	static struct ec_roster_member member[4] = {{.roles = EC_VOTER | EC_LEADER},
	                                            {.roles = EC_VOTER | EC_LEADER},
	                                            {.roles = EC_VOTER},
	                                            {.roles = 0}};
	static const struct multipaxos_options options = {.log.batch_bytes_max = 4};
	struct ec_roster roster = {.n = 4, .member = member};
	struct ec_config config = {.self = B, .roster = &roster, .options = &options};
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_input in = {.kind = EC_RECV,
	                      .from = from,
	                      .head = paxos_message_write(pool, &m),
	                      .body = {.data = (const uint8_t *)body, .size = strlen(body)}};
	bool taken = ec_multipaxos.check(&config, &in);
	ec_drop(in.head);
	ec_pool_free(pool);
	return taken;
}

static void the_door_knows_whose_word_it_is(void **state)
{
	(void)state;
	uint64_t mine = ballot_of(3, B), theirs = ballot_of(3, A);
	struct message accept = {.kind = ACCEPT, .ballot = theirs, .seq = 1};
	assert_true(passes(A, accept, "x"));
	accept.group = 1;
	assert_false(passes(A, accept, "x")); /* of another group */
	accept.group = 0;
	assert_false(passes(C, accept, "x"));     /* not its ballot */
	assert_false(passes(A, accept, ""));      /* no batch by somebody */
	assert_false(passes(A, accept, "12345")); /* too large */
	assert_false(passes(4, accept, "x"));     /* nobody */
	accept.origin = EC_ALL;
	assert_true(passes(A, accept, ""));
	assert_false(passes(A, accept, "x"));
	accept.origin = 3; /* a learner proposes nothing */
	assert_false(passes(A, accept, "x"));
	accept.origin = A;
	accept.seq = 0;
	assert_false(passes(A, accept, "x"));
	accept.seq = NUMBER_TOLD_MAX + 1;
	assert_false(passes(A, accept, "x"));
	accept.seq = 1;
	accept.ballot = ballot_of(0, A);
	assert_false(passes(A, accept, "x"));
	accept.ballot = ballot_of(3, C); /* which may not lead */
	assert_false(passes(C, accept, "x"));
	assert_true(passes(C, (struct message){.kind = ACCEPTED, .ballot = mine, .seq = 1}, ""));
	assert_false(passes(3, (struct message){.kind = ACCEPTED, .ballot = mine, .seq = 1}, ""));
	assert_false(passes(C, (struct message){.kind = ACCEPTED, .ballot = theirs, .seq = 1}, ""));
	assert_false(passes(C, (struct message){.kind = ACCEPTED, .ballot = mine, .seq = 1}, "x"));
	assert_true(passes(A, (struct message){.kind = HEARTBEAT, .ballot = theirs}, ""));
	assert_true(passes(3, (struct message){.kind = ASK_READ, .number = 1}, ""));
	assert_true(passes(3, (struct message){.kind = ASK_LEARN, .seq = 1}, ""));
	assert_false(passes(3, (struct message){.kind = ASK_LEARN, .seq = 1}, "x"));
	assert_false(passes(A, (struct message){.kind = SAVED_PROMISE, .ballot = theirs}, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_gets_a_filler_and_what_was_reported_its_batch),
		cmocka_unit_test(a_promise_counts_when_all_of_it_is_here),
		cmocka_unit_test(reports_are_counted_anew_on_a_new_link),
		cmocka_unit_test(who_was_overtaken_vouches_for_nothing),
		cmocka_unit_test(what_was_brought_vouches_for_nothing),
		cmocka_unit_test(the_highest_ballot_is_proposed_again),
		cmocka_unit_test(nothing_is_filled_below_a_low_mark),
		cmocka_unit_test(who_leads_behind_a_mark_that_is_gone_steps_down),
		cmocka_unit_test(rosters_and_options_that_do_not_fit),
		cmocka_unit_test(options_are_read_from_a_roster),
		cmocka_unit_test(the_door_knows_whose_word_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
