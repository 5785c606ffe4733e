/* pbft_view_test.c - the rules of the view change, each with the bug that breaks it: with the bug
 * the same schedule ends in a violation of agreement, validity or liveness; without it, in none. */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

#include <string.h>

enum { A, B, C, D, E, F };

/* Everything up to COMMIT of what is proposed now; COMMITs are under way. */
static void until_commits(struct world *world)
{
	world_submit(world);
	world_round(world); /* PRE-PREPARE */
	world_round(world); /* PREPARE */
}

static void finish_or_violate(struct world *world)
{
	if (!world->violation && !world_finish(world, 60000))
		world_violate(world, "liveness: not everything is delivered");
}

static void sever_all(struct world *world)
{
	for (ec_node a = 0; a < world->n; a++)
		world_isolate(world, a);
}

static void join_all(struct world *world, uint32_t set)
{
	for (ec_node a = 0; a < world->n; a++)
		for (ec_node b = 0; b < a; b++)
			if (set >> a & set >> b & 1)
				world_join(world, a, b);
}

/* x is prepared in view 0 at d alone; y is delivered in view 1 by b alone; then a, c and d go on.
 */
static const char *highest_view_wins(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug});
	world_batch(world, "x");
	world_submit(world);
	world_round(world);
	world_round_to(world, D);
	sever_all(world);
	world_pass(world, 600);
	world->member[B].submitted_view[0] = 2; /* b's host offers y in view 1, and not x */
	join_all(world, 1 << A | 1 << B | 1 << C);
	world_settle(world);
	world_batch_at(world, "y", 1 << B);
	until_commits(world);
	world_round_to(world, B);
	if (world->member[B].applied != 1)
		world_violate(world, "schedule: b has not delivered y");
	sever_all(world);
	world_pass(world, 1500);
	join_all(world, 1 << A | 1 << C | 1 << D);
	world_pass(world, 3000);
	world_heal(world);
	finish_or_violate(world);
	return world_free(world);
}

/* x is delivered in view 0 by b alone, which then is gone; view 1 never begins; view 2 must know x.
 */
static const char *claims_outlive_views(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug});
	world_batch(world, "x");
	until_commits(world);
	world_round_to(world, B);
	world_isolate(world, B);
	sever_all(world);
	world->member[C].submitted_view[0] = 3;
	world_batch_at(world, "y", 1 << A | 1 << C | 1 << D);
	world_pass(world, 600);
	join_all(world, 1 << A | 1 << C | 1 << D);
	world_pass(world, 4000);
	if (world->member[C].view < 2)
		world_violate(world, "schedule: view 2 was not reached");
	world_heal(world);
	finish_or_violate(world);
	return world_free(world);
}

/* b does not have x when as primary of view 1 it must propose it again; two of those that hold it
 * are gone, and they are the two that b asks first. */
static const char *batch_is_fetched_after_new_view(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 6, .bug = bug});
	world_sever(world, A, B);
	world_batch(world, "x");
	until_commits(world);
	sever_all(world);
	world_pass(world, 600);
	join_all(world, 1 << B | 1 << D | 1 << E | 1 << F);
	world_pass(world, 300);
	if (!bug && world->sent[BODY] == 0)
		world_violate(world, "schedule: no batch was asked for");
	world_heal(world);
	finish_or_violate(world);
	return world_free(world);
}

/* Slot 1 was seen by nobody but the primary; slot 2 is prepared; view 1 must fill slot 1. */
static const char *gap_becomes_a_filler(uint32_t bug)
{
	struct world *world =
		world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug, .notes = true});
	world_isolate(world, A);
	world_batch_at(world, "lost", 1 << A);
	world_submit(world);
	world_settle(world);
	/* The new link would say slot 1 again; so a says slot 2 only, by hand. */
	world->member[A].byzantine = true;
	world_heal(world);
	world_batch(world, "x");
	struct message propose = {.kind = PREPREPARE, .seq = 2};
	for (ec_node to = 0; to < 4; to++)
		pbft_forge(world, A, to, &propose, world->batch[1]);
	world_settle(world);
	world_crash(world, A);
	world->batches = 2;
	world->offered[0] = 0;
	if (!world_finish(world, 60000))
		world_violate(world, "liveness: not everything is delivered");
	if (!bug && !strstr(world->notes, "null-request 1"))
		world_violate(world, "schedule: nothing was filled");
	return world_free(world);
}

/* Six members, f = 1: three on each side of a cut.  Neither side may decide. */
static const char *quorum_for_any_n(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 6, .bug = bug});
	for (ec_node a = A; a <= C; a++)
		for (ec_node b = D; b <= F; b++)
			world_sever(world, a, b);
	world_batch_at(world, "x", 1 << A | 1 << B | 1 << C);
	world_batch_at(world, "y", 1 << D | 1 << E | 1 << F);
	world_pass(world, 20000);
	for (ec_node node = 0; node < 6 && !bug; node++)
		if (world->member[node].applied)
			world_violate(world, "agreement: a side of a cut decided alone");
	world_heal(world);
	finish_or_violate(world);
	return world_free(world);
}

/* The members' words for `value` in (view, 1), signed in `era`, as a certificate. */
static struct ec_bytes certificate_forge(struct world *era, const struct message *vote)
{
	uint8_t at[HEAD_SIZE_MAX], list[4 + 4 * VOTE_SIZE_MAX];
	struct ec_bytes head = pbft_message_write_at(vote, at);
	struct ec_writer writer = ec_writer_over(list, sizeof list);
	ec_write_u32(&writer, 3);
	for (ec_node node = B; node <= D; node++) {
		struct ec_bytes proof = world_sign(era, node, head, &(ec_hash){0});
		pbft_vote_write(&writer, &(struct vote){node, PREPARE, proof});
		ec_drop(proof);
	}
	return ec_pool_copy(era->pool, list, writer.size);
}

/* A VIEW-CHANGE to `view` by `author` that claims the certificate, or nothing. */
static void change_forge(struct world *world, struct world *era, ec_node author, uint64_t view,
                         const struct message *vote)
{
	uint8_t body[4096];
	struct ec_writer writer = ec_writer_over(body, sizeof body);
	struct change change = {.domain = era->domain, .claims = vote != NULL};
	pbft_change_write(&writer, &change);
	if (vote) {
		struct ec_bytes votes = certificate_forge(era, vote);
		struct claim claim = {
			.seq = 1, .view = vote->view, .value = vote->value, .votes = votes};
		pbft_claim_write(&writer, &claim);
		ec_drop(votes);
	}
	struct message message = {.kind = VIEW_CHANGE, .view = view};
	struct ec_bytes bytes = ec_pool_copy(world->pool, body, writer.size);
	for (ec_node to = 0; to < world->n; to++)
		pbft_forge(world, author, to, &message, bytes);
	ec_drop(bytes);
}

/* x is delivered in view 0 by a alone.  d shows a certificate for z, real, but of another era. */
static const char *other_era_is_no_proof(uint32_t bug)
{
	struct world *old =
		world_new(&pbft_world, (struct world_options){.n = 4, .domain = "old era"});
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug});
	world_batch(world, "x");
	world_batch_at(world, "z", 1 << D);
	world_submit(world);
	world_round(world);
	world_round(world);
	world->member[D].byzantine = true;
	world_round_to(world, A);
	sever_all(world);
	world_pass(world, 600);
	join_all(world, 1 << B | 1 << C | 1 << D);
	struct value z = {.digest = world->batch_digest[1], .origin = B};
	struct message vote = {.kind = PREPARE, .view = 1, .seq = 1, .value = z};
	change_forge(world, old, D, 2, &vote);
	vote.view = 2;
	vote.word = SAYS_COMMIT;
	world_pass(world, 3000);
	for (ec_node to = B; to <= C; to++) {
		pbft_forge(world, D, to, &(struct message){.kind = BODY, .seq = 1},
		           world->batch[1]);
		pbft_forge(world, D, to, &vote, EC_NO_BYTES);
		vote.kind = COMMIT;
		pbft_forge(world, D, to, &vote, EC_NO_BYTES);
		vote.kind = PREPARE;
	}
	world_settle(world);
	world_pass(world, 1000);
	world->offered[1] = 0;
	world_heal(world);
	finish_or_violate(world);
	world_free(old);
	return world_free(world);
}

/* d delivered x in view 0; b, the primary of view 1, says that the VIEW-CHANGEs give a filler. */
static const char *backups_compute_the_plan(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug});
	world_batch(world, "x");
	until_commits(world);
	world_round_to(world, D);
	sever_all(world);
	world->member[B].byzantine = true;
	world_pass(world, 600);
	join_all(world, 1 << A | 1 << B | 1 << C);
	world_settle(world);
	uint8_t body[512];
	struct ec_writer writer = ec_writer_over(body, sizeof body);
	struct message vote = {
		.kind = PREPARE, .view = 1, .seq = 1, .value = FILLER, .word = SAYS_COMMIT};
	change_forge(world, world, B, 1, NULL);
	ec_write_u32(&writer, 3);
	for (ec_node node = A; node <= C; node++) {
		ec_write_u32(&writer, node);
		ec_write_hash(&writer, &pbft_change(world, node)->digest);
	}
	ec_write_u64(&writer, 0);
	ec_write_u32(&writer, 1);
	pbft_value_write(&writer, &vote.value);
	struct ec_bytes bytes = ec_pool_copy(world->pool, body, writer.size);
	for (ec_node to = A; to <= C; to++) {
		pbft_forge(world, B, to, &(struct message){.kind = NEW_VIEW, .view = 1}, bytes);
		pbft_forge(world, B, to, &vote, EC_NO_BYTES);
		vote.kind = COMMIT;
		pbft_forge(world, B, to, &vote, EC_NO_BYTES);
		vote.kind = PREPARE;
	}
	ec_drop(bytes);
	world_pass(world, 100);
	world_heal(world);
	finish_or_violate(world);
	return world_free(world);
}

/* c said PREPARE for x, crashed, and is offered y by a lying primary. */
static const char *vote_survives_a_crash(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug});
	world_batch_at(world, "x", 1 << A);
	world_batch_at(world, "y", 1 << D);
	world->member[A].submitted_view[1] = 1;
	world_sever(world, A, D);
	world_sever(world, B, D);
	world_sever(world, C, D);
	world_submit(world);
	world_round(world);
	world_round_to(world, B); /* b prepares x; its COMMIT is under way */
	world->member[A].byzantine = true;
	struct value x = {.digest = world->batch_digest[0], .origin = A};
	struct value y = {.digest = world->batch_digest[1], .origin = A};
	world_crash(world, C);
	world_restart(world, C);
	world_sever(world, B, C); /* c has not prepared x */
	world_join(world, C, D);
	world_join(world, A, D);
	struct message propose = {.kind = PREPREPARE, .seq = 1};
	struct message commit = {.kind = COMMIT, .seq = 1, .value = y, .word = SAYS_COMMIT};
	for (ec_node to = C; to <= D; to++) {
		pbft_forge(world, A, to, &propose, world->batch[1]);
		pbft_forge(world, A, to, &commit, EC_NO_BYTES);
	}
	world_settle(world);
	/* b and the liar; with a third COMMIT by c, b would deliver x. */
	commit.value = x;
	pbft_forge(world, A, B, &commit, EC_NO_BYTES);
	world_settle(world);
	if (world->member[C].applied || world->member[D].applied)
		world_violate(world, "promise: c voted for two batches in one slot of one view");
	return world_free(world);
}

/* x is prepared at a and b alone, and a hears two COMMITs: no quorum.  Then a is gone, and b lies:
 * it knows of nothing, and helps c and d to order y there. */
static const char *commits_are_a_quorum(uint32_t bug)
{
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug});
	world_batch_at(world, "x", 1 << A);
	world_batch_at(world, "y", 1 << C | 1 << D);
	world_submit(world);
	world_round(world);
	world_round_to(world, B);
	world_round_to(world, A);
	sever_all(world);
	world->member[B].byzantine = true;
	struct value y = {.digest = world->batch_digest[1], .origin = C};
	struct message vote = {
		.kind = PREPARE, .view = 2, .seq = 1, .value = y, .word = SAYS_COMMIT};
	world_pass(world, 600);
	join_all(world, 1 << B | 1 << C | 1 << D);
	change_forge(world, world, B, 1, NULL);
	world_pass(world, 1000);
	change_forge(world, world, B, 2, NULL);
	world_pass(world, 1000);
	for (ec_node to = C; to <= D; to++) {
		vote.kind = PREPARE;
		pbft_forge(world, B, to, &vote, EC_NO_BYTES);
		vote.kind = COMMIT;
		pbft_forge(world, B, to, &vote, EC_NO_BYTES);
	}
	world_settle(world);
	if (!world->member[C].applied || world->member[C].view != 2)
		world_violate(world, "schedule: c has not delivered y in view 2");
	world->offered[0] = 0;
	world_heal(world);
	finish_or_violate(world);
	return world_free(world);
}

/* a alone reaches the checkpoint; c is gone for good; a, b and d must still be able to go on. */
static const char *log_is_kept_until_stable(uint32_t bug)
{
	struct world *world =
		world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug, .interval = 4});
	world_isolate(world, D);
	world_batches(world, 4, UINT64_MAX);
	until_commits(world);
	world_round_to(world, A);
	sever_all(world);
	world_crash(world, C);
	world_pass(world, 600);
	join_all(world, 1 << A | 1 << B | 1 << D);
	finish_or_violate(world);
	return world_free(world);
}

/* Nothing fails, and there is more than the window holds: no view changes, nobody is left. */
static const char *window_holds_the_primary_back(uint32_t bug)
{
	struct world *world =
		world_new(&pbft_world, (struct world_options){.n = 4, .bug = bug, .interval = 4});
	world_batches(world, 100, UINT64_MAX);
	if (!world_finish(world, 400))
		world_violate(world, "liveness: with no fault at all something is not delivered");
	return world_free(world);
}

static const struct {
	const char *bug; /* the first words of its name */
	const char *(*run)(uint32_t bug);
} schedules[] = {
	{"NEW-VIEW takes", highest_view_wins},
	{"votes and delivers without", batch_is_fetched_after_new_view},
	{"a quorum is 2f+1", quorum_for_any_n},
	{"quoted proofs of another", other_era_is_no_proof},
	{"forgets slots at its own", log_is_kept_until_stable},
	{"a PREPARE is said", vote_survives_a_crash},
	{"the primary proposes beyond", window_holds_the_primary_back},
	{"VIEW-CHANGE forgets", claims_outlive_views},
	{"a slot that nobody claims", gap_becomes_a_filler},
	{"backups take", backups_compute_the_plan},
	{"one COMMIT less", commits_are_a_quorum},
	{"a second PRE-PREPARE", vote_survives_a_crash},
};

/* The number of the bug whose name begins so. */
static uint32_t bug_find(const char *name)
{
	for (uint32_t i = 0; ec_pbft.bugs[i]; i++)
		if (strncmp(ec_pbft.bugs[i], name, strlen(name)) == 0)
			return i + 1;
	fail_msg("no bug is called %s", name);
	return 0;
}

/* The mutations without a schedule here are found by worlds: `edgecord sim --planted`. */
static void each_bug_is_found_and_only_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
		uint32_t bug = bug_find(schedules[i].bug);
		const char *clean = schedules[i].run(0);
		if (clean)
			fail_msg("without the bug \"%s\": %s", ec_pbft.bugs[bug - 1], clean);
		const char *found = schedules[i].run(bug);
		if (!found)
			fail_msg("not found: %s", ec_pbft.bugs[bug - 1]);
		assert_null(strstr(found, "schedule:"));
		print_message("found: %s: %s\n", ec_pbft.bugs[bug - 1], found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bug_is_found_and_only_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
