/* raft_bug_test.c - planted bugs that worlds do not find by chance: each breaks a property in a
 * schedule of its own, in which nothing breaks without it. */
#include "base/test.h"
#include "consensus/raft/raft_world.h"

enum { A, B, C, D, E };

static void batches(struct world *world, uint32_t count)
{
	world_batches(world, count, UINT64_MAX);
	world_submit(world);
}

/* Known to one member alone. */
static void batches_at(struct world *world, uint32_t count, ec_node node)
{
	world_batches(world, count, bit(node));
	world_submit(world);
}

static bool begins(const char *text, const char *with)
{
	return text && strncmp(text, with, strlen(with)) == 0;
}

static struct world *world_of(uint32_t n, enum bug bug, uint64_t seed)
{
	struct world *world = world_new(
		&raft_world, (struct world_options){.n = n, .bug = (uint32_t)bug, .seed = seed});
	world_settle(world);
	return world;
}

/* a leads; it and c go on without the others, by two entries. */
static void without_the_others(struct world *world)
{
	assert_int_equal(raft_leader_of(world), A);
	world_part(world, bit(A) | bit(C));
	batches(world, 2);
	world_settle(world);
}

/* Both die, and the others go on. */
static const char *die_and_see(struct world *world)
{
	world_crash(world, A);
	world_crash(world, C);
	world_heal(world);
	batches(world, 3);
	world_finish(world, 5000);
	world_repair(world);
	world_finish(world, 5000);
	return world_free(world);
}

/* b held four entries of term 1 that nobody committed; when a leads again, they are gone. */
static const char *old_match(enum bug bug)
{
	struct world *world = world_of(5, bug, 3);
	world_part(world, bit(A) | bit(B));
	batches_at(world, 4, A);
	world_settle(world);
	assert_int_equal(raft_members(raft_of(world, A))[B].match, 5);
	for (int i = 0; i < 300 && raft_leader_of(world) == A; i++)
		world_pass(world, 10);
	ec_node other = raft_leader_await(world);
	world_heal(world);
	world_pass(world, 300);
	assert_true(other >= C && raft_leader_of(world) == other);
	for (uint32_t i = 0; i < world->batches; i++) /* they wait elsewhere */
		world->offered[i] = 0;
	world_step(world, other, (struct ec_input){.kind = EC_LEAD, .from = A});
	world_settle(world);
	without_the_others(world);
	return die_and_see(world);
}

static void a_new_leader_knows_nothing_of_logs(void **state)
{
	(void)state;
	assert_true(begins(old_match(BUG_MATCH_KEPT), "agreement"));
	assert_null(old_match(0));
}

/* What b acknowledged in term 1 comes while a leads term 3. */
static const char *old_answer(enum bug bug)
{
	struct world *world = world_of(5, bug, 5);
	world_step(world, A, (struct ec_input){.kind = EC_LEAD, .from = D});
	world_settle(world);
	world_step(world, D, (struct ec_input){.kind = EC_LEAD, .from = A});
	world_settle(world);
	without_the_others(world);
	struct message late = {.kind = ACK, .term = 1, .index = raft_of(world, A)->last};
	world->severed[B][A] = false;
	raft_forge(world, B, A, late, EC_NO_BYTES);
	world_settle(world);
	return die_and_see(world);
}

static void an_answer_to_an_older_term_is_none(void **state)
{
	(void)state;
	assert_true(begins(old_answer(BUG_STALE_ACK), "agreement"));
	assert_null(old_answer(0));
}

/* b holds four entries that nobody else has yet; an old APPEND comes once more, with the first. */
static const char *old_append(enum bug bug)
{
	struct world *world = world_of(5, bug, 5);
	world_part(world, bit(A) | bit(B));
	batches_at(world, 4, A);
	world_settle(world);
	assert_int_equal(raft_of(world, B)->last, 5);
	struct message old = {.kind = APPEND,
	                      .term = 1,
	                      .index = 1,
	                      .log_term = 1,
	                      .commit = 1,
	                      .entry_term = 1,
	                      .origin = A};
	raft_forge(world, A, B, old, world->batch[0]);
	world_settle(world);
	world_join(world, A, C);
	world_pass(world, 100);
	return die_and_see(world);
}

static void an_old_append_cuts_nothing(void **state)
{
	(void)state;
	assert_true(begins(old_append(BUG_SHORT_APPEND), "agreement"));
	assert_null(old_append(0));
}

/* Returns: the terms that it took to order a batch a second for 20 seconds; UINT64_MAX: they were
 * not ordered.  In: star: the others hear b alone; else all hear all, but a and e, who alone may
 * lead. */
static uint64_t terms_taken(bool star, enum bug bug)
{
	uint64_t leaders = star ? 0 : bit(A) | bit(E);
	struct world *world =
		world_new(&raft_world,
	                  (struct world_options){.n = 5, .bug = (uint32_t)bug, .leaders = leaders});
	world_settle(world);
	if (!star)
		world_sever(world, A, E);
	for (ec_node x = 0; star && x < 5; x++)
		for (ec_node y = 0; y < x; y++)
			if (x != B && y != B)
				world_sever(world, x, y);
	for (int i = 0; i < 20; i++) {
		batches(world, 1);
		world_pass(world, 1000);
	}
	uint64_t terms = raft_of(world, B)->term;
	if (world->member[B].applied < 20)
		terms = UINT64_MAX;
	assert_null(world_free(world));
	return terms;
}

/* With links half broken (Cloudflare's day in 2020) a leader that no quorum hears gives way, and
 * one that a quorum hears is left in peace. */
static void half_connected_members_keep_a_leader(void **state)
{
	(void)state;
	assert_true(terms_taken(true, 0) <= 4);
	assert_int_equal(terms_taken(false, 0), 1);
	assert_true(terms_taken(false, BUG_NO_PREVOTE) > 6); /* slower and slower */
}

/* c missed what b has; a is gone.  Returns: whether c ever stood. */
static bool hopeless_stands(enum bug bug)
{
	bool stood = false;
	for (uint64_t seed = 1; seed <= 20 && !stood; seed++) {
		struct world *world = world_of(3, bug, seed);
		world_isolate(world, C);
		batches(world, 3);
		world_settle(world);
		world_crash(world, A);
		world_heal(world);
		for (int i = 0; i < 200 && raft_leader_of(world) == EC_ALL; i++) {
			world_pass(world, 10);
			stood |= raft_of(world, C)->vote == C;
		}
		assert_int_equal(raft_leader_await(world), B);
		assert_null(world_free(world));
	}
	return stood;
}

static void who_cannot_win_does_not_stand(void **state)
{
	(void)state;
	assert_true(hopeless_stands(BUG_BLIND_PREVOTE));
	assert_false(hopeless_stands(0));
}

/* a was left behind and does not know it; it is asked to read once the others have gone on. */
static const char *stale_read(enum bug bug)
{
	struct raft_options options = {.lease = 1};
	const char *violation = NULL;
	uint32_t asked = 0;
	for (uint64_t seed = 1; seed <= 20 && !violation; seed++) {
		struct world *world = world_new(
			&raft_world,
			(struct world_options){
				.n = 3, .bug = (uint32_t)bug, .seed = seed, .options = &options});
		world_pass(world, 200);
		world_isolate(world, A);
		for (int i = 0; i < 70 && raft_of(world, A)->role == LEADER; i++) {
			world_pass(world, 10);
			if (world->member[raft_leader_of(world)].applied < 2)
				continue;
			asked++;
			world_read(world, A);
		}
		violation = world_free(world);
	}
	assert_true(asked);
	return violation;
}

static void a_lease_ends_before_an_election(void **state)
{
	(void)state;
	assert_true(begins(stale_read(BUG_LONG_LEASE), "reads"));
	assert_null(stale_read(0));
}

/* A message is of one group, era and protocol. */
static bool foreign_passes(enum bug bug)
{
	struct world *world = world_of(3, bug, 1);
	struct message vote = {.kind = VOTED, .term = 2, .word = GRANTED};
	memcpy(&vote.tag, world->domain.b, sizeof vote.tag);
	struct ec_bytes own = raft_message_write(world->pool, &vote);
	vote.tag ^= 1;
	struct ec_bytes foreign = raft_message_write(world->pool, &vote);
	const struct ec_config *config = &world->member[B].config;
	struct ec_input in = {.kind = EC_RECV, .from = A, .head = own};
	assert_true(ec_raft.check(config, &in));
	in.head = foreign;
	bool passes = ec_raft.check(config, &in);
	ec_drop(own);
	ec_drop(foreign);
	assert_null(world_free(world));
	return passes;
}

static void votes_of_another_era_do_not_count(void **state)
{
	(void)state;
	assert_true(foreign_passes(BUG_ANY_ERA));
	assert_false(foreign_passes(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_leader_knows_nothing_of_logs),
		cmocka_unit_test(an_answer_to_an_older_term_is_none),
		cmocka_unit_test(an_old_append_cuts_nothing),
		cmocka_unit_test(half_connected_members_keep_a_leader),
		cmocka_unit_test(who_cannot_win_does_not_stand),
		cmocka_unit_test(a_lease_ends_before_an_election),
		cmocka_unit_test(votes_of_another_era_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
