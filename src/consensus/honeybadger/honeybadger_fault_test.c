/* honeybadger_fault_test.c - a crash at every save, links that lose suffixes, members that are
 * behind; and the planted bugs that these find. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"

#include <stdio.h>

static uint32_t saves(const struct world *world, ec_node node)
{
	const struct world_member *member = &world->member[node];
	return member->records.first + member->records.count - member->saving;
}

/* Everything, until a member has made so many records durable.  Returns: whether it did. */
static bool run_to(struct world *world, ec_node node, uint32_t count)
{
	for (bool moved = true; moved && !world->violation;) {
		moved = false;
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++) {
				moved |= world_deliver(world, from, to);
				if (saves(world, node) >= count)
					return true;
			}
		for (ec_node each = 0; each < world->n; each++) {
			if (!world->member[each].wake)
				continue;
			world_wake(world, each);
			moved = true;
			if (saves(world, node) >= count)
				return true;
		}
	}
	return false;
}

static const char *crash_at(uint32_t save, uint32_t bug, bool *reached)
{
	struct world *world = world_new(
		&honeybadger_world,
		(struct world_options){
			.n = 4, .interval = 4, .bug = bug, .seed = save, .keys = WORLD_CHEAP_KEYS});
	ec_node node = save % 4;
	world_batches_in_turn(world, 12);
	world_submit(world);
	*reached = run_to(world, node, save);
	if (!world->violation)
		world_audit(world, node);
	world_crash(world, node);
	world_settle(world); /* the others go on */
	world_restart(world, node);
	world_batches_in_turn(world, 4);
	if (!world_finish(world, 2000) && !world->violation)
		world_violate(world, "liveness: not everything was delivered");
	return world_free(world);
}

static const char *crashes(uint32_t bug, uint32_t *count)
{
	bool reached = true;
	for (*count = 1; reached; ++*count) {
		const char *violation = crash_at(*count, bug, &reached);
		if (violation)
			return violation;
	}
	return NULL;
}

static void a_crash_at_every_save_breaks_no_promise(void **state)
{
	uint32_t count;
	(void)state;
	const char *violation = crashes(0, &count);
	if (violation)
		fail_msg("save %u: %s", count, violation);
	assert_in_range(count, 25, 200);
}

static void whoever_does_not_save_is_found(void **state)
{
	static const uint32_t unsaved[] = {BUG_ECHO_UNSAVED, BUG_VOTES_UNSAVED, BUG_PROPOSES_ANEW};
	(void)state;
	for (int i = 0; i < 3; i++) {
		uint32_t count;
		const char *violation = crashes(unsaved[i], &count);
		assert_non_null(violation);
		assert_true(strncmp(violation, "promise", 7) == 0);
	}
}

static void all_crash_at_once_and_go_on(void **state)
{
	(void)state;
	for (uint32_t save = 1; save < 60; save += 3) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){
				.n = 4, .interval = 4, .seed = save, .keys = WORLD_CHEAP_KEYS});
		world_batches_in_turn(world, 12);
		world_submit(world);
		run_to(world, save % 4, save);
		for (ec_node node = 0; node < 4; node++)
			world_crash(world, node);
		for (ec_node node = 0; node < 4; node++)
			world_restart(world, node);
		if (!world_finish(world, 2000))
			world_print(world);
		assert_null(world->violation);
		assert_false(world_behind(world));
		assert_null(world_free(world));
	}
}

static void links_that_lose_suffixes_say_again(void **state)
{
	(void)state;
	for (uint32_t turn = 0; turn < 60; turn++) {
		struct world *world = world_new(&honeybadger_world,
		                                (struct world_options){.n = 4,
		                                                       .seed = turn,
		                                                       .twins = turn % 8 == 0,
		                                                       .keys = WORLD_CHEAP_KEYS});
		world_batches_in_turn(world, 8);
		world_submit(world);
		for (uint32_t round = 0; round < 12; round++) {
			ec_node a = (round + turn) % 4, b = (a + 1 + turn % 3) % 4;
			world_break(world, a, b, turn % 3, round % 2);
			world_round(world);
		}
		if (!world_finish(world, 2000))
			world_print(world);
		assert_null(world->violation);
		assert_false(world_behind(world));
		assert_null(world_free(world));
	}
}

/* One is away for a few epochs, within what others keep. */
static const char *away(uint32_t bug, uint32_t batches, uint32_t *fetches)
{
	struct world *world =
		world_new(&honeybadger_world,
	                  (struct world_options){
				  .n = 4, .interval = 4, .bug = bug, .keys = WORLD_CHEAP_KEYS});
	world_batches_in_turn(world, 4);
	world_finish(world, 2000);
	world_isolate(world, 3);
	for (uint32_t i = 0; i < batches; i++) {
		char text[32];
		snprintf(text, sizeof text, "away %u", i);
		honeybadger_batch(world, i % 3, text);
		world_submit(world);
		world_settle(world);
	}
	world_heal(world);
	honeybadger_batch(world, 3, "back");
	if (!world_finish(world, 2000) && !world->violation)
		world_violate(world, "liveness: who was away does not come back");
	for (uint32_t i = 0; i < 6 && !world->violation; i++) {
		honeybadger_batch(world, 0, (const char *[]){"1", "2", "3", "4", "5", "6"}[i]);
		world_finish(world, 2000);
		world_audit(world, 3); /* its ring is as full as can be */
	}
	*fetches = world->fetches;
	return world_free(world);
}

static void a_little_behind_needs_no_state(void **state)
{
	uint32_t fetches;
	(void)state;
	assert_null(away(0, 5, &fetches));
	assert_int_equal(fetches, 0);
	const char *violation = away(BUG_FORGETS, 5, &fetches);
	assert_non_null(violation);
	assert_true(strncmp(violation, "liveness", 8) == 0);
}

static void far_behind_has_the_state_brought(void **state)
{
	uint32_t fetches;
	(void)state;
	assert_null(away(0, 60, &fetches));
	assert_int_equal(fetches, 1);
}

/* All the others begin new lives while one is away: what they said comes out of records. */
static void what_was_kept_outlives_a_crash(void **state)
{
	(void)state;
	struct world *world =
		world_new(&honeybadger_world,
	                  (struct world_options){.n = 4, .interval = 8, .keys = WORLD_CHEAP_KEYS});
	world_isolate(world, 3);
	for (uint32_t i = 0; i < 5; i++) {
		char text[32];
		snprintf(text, sizeof text, "away %u", i);
		honeybadger_batch(world, i % 3, text);
		world_submit(world);
		world_settle(world);
	}
	for (ec_node node = 0; node < 3; node++) {
		world_crash(world, node);
		world_restart(world, node);
	}
	world_heal(world);
	if (!world_finish(world, 2000))
		world_print(world);
	assert_null(world->violation);
	assert_true(world->member[3].applied >= 5);
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

/* Of four members one is dead, and one had left an epoch that the fourth is still in, by a state
 * that it was brought: what two members said is enough for it (checkpoint.c). */
static void who_left_an_epoch_harms_nobody(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){
				.n = 4, .interval = 4, .seed = seed, .keys = WORLD_CHEAP_KEYS});
		for (uint32_t i = 0; i < 40; i++) {
			ec_node out = (ec_node)ec_prng_below(&world->prng, 4);
			world_batches_in_turn(world, 2);
			world_isolate(world, out);
			world_submit(world);
			for (uint32_t k = 0; k < 8; k++)
				world_round(world);
			if (i % 5 == 4 && world->member[out].up)
				world_crash(world, out);
			world_heal(world);
			if (!world->member[out].up)
				world_restart(world, out);
		}
		world_crash(world, (ec_node)(seed % 4));
		if (!world_finish(world, 2000))
			world_print(world);
		assert_null(world->violation);
		assert_false(world_behind(world));
		assert_null(world_free(world));
	}
}

/* Member 3 took part in eight epochs and lost its application; 2 was brought a state beyond seven
 * of them, for 1 lied, and never said a word there; 1 is silent from then on.  What 0 and 3 said is
 * f+1 of TERM, READY and shares, and n-2f of ECHO. */
static void f_plus_1_are_enough_for_who_comes_late(void **state)
{
	(void)state;
	struct world *world =
		world_new(&honeybadger_world,
	                  (struct world_options){.n = 4, .interval = 8, .keys = WORLD_CHEAP_KEYS});
	world->member[3].forgetful = true;
	world_isolate(world, 2);
	for (uint32_t i = 0; i < 8; i++) {
		world_batches(world, 1, 1);
		world_submit(world);
		world_settle(world);
	}
	world_corrupt(world, 1);
	world_isolate(world, 3);
	world_crash(world, 3);
	world->severed[0][2] = world->severed[2][0] = false;
	world->severed[1][2] = false;
	struct message claim = {.kind = CLAIM, .epoch = 8, .seq = 8, .first = 7};
	claim.digest = world->member[0].at[8].state;
	honeybadger_forge(world, 1, 2, &claim, EC_NO_BYTES);
	struct message at = {.kind = AT, .epoch = 9, .oldest = 9};
	honeybadger_forge(world, 1, 2, &at, EC_NO_BYTES);
	world_break(world, 0, 2, 0, 0);
	world_settle(world);
	assert_int_equal(world->fetches, 1);
	assert_int_equal(honeybadger_of(world, 2)->at, 8);
	world_heal(world);
	world_restart(world, 3);
	assert_int_equal(honeybadger_of(world, 3)->at, 1);
	honeybadger_batch(world, 3, "back");
	if (!world_finish(world, 2000))
		world_print(world);
	assert_null(world->violation);
	assert_false(world_behind(world));
	assert_int_equal(world->fetches, 1);
	assert_null(world_free(world));
}

/* Whether the first `count` have a record of their claim of a checkpoint, and nobody's low mark is
 * there yet. */
static bool all_claimed(const struct world *world, uint32_t count, ec_seq seq)
{
	for (ec_node node = 0; node < count; node++) {
		const struct hb *hb = honeybadger_of(world, node);
		bool claimed = false;
		for (int i = 0; i < CLAIMS; i++)
			claimed |= hb->own[i].seq == seq;
		if (!claimed || hb->low >= seq || world->member[node].saving)
			return false;
	}
	return true;
}

/* One is dead, of four; the others crash when they have claimed a checkpoint and nobody heard it:
 * the claims of all are needed, and each has its own from its log.  The same alone. */
static void a_claim_counts_in_the_life_after(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 4; n += 3) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){.n = n, .interval = 4, .keys = WORLD_CHEAP_KEYS});
		uint32_t up = n == 4 ? 3 : 1;
		if (n == 4)
			world_crash(world, 3);
		for (uint32_t i = 0; i < 4; i++)
			honeybadger_batch(world, i % up, (const char *[]){"a", "b", "c", "d"}[i]);
		world_submit(world);
		for (uint32_t i = 0; i < 200 && !all_claimed(world, up, 4); i++)
			world_round(world);
		assert_true(all_claimed(world, up, 4));
		for (ec_node node = 0; node < up; node++)
			world_crash(world, node);
		for (ec_node node = 0; node < up; node++)
			world_restart(world, node);
		world_settle(world);
		for (ec_node node = 0; node < up; node++)
			assert_int_equal(honeybadger_of(world, node)->low, 4);
		assert_null(world_free(world));
	}
}

/* The disk has the checkpoint, and a crash comes before any instance hears of it: the next life
 * begins there, and claims it, whether or not it stands beyond the epoch that delivers it. */
static void a_life_claims_where_it_begins(void **state)
{
	(void)state;
	for (uint32_t more = 0; more < 2; more++) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){.n = 4, .interval = 4, .keys = WORLD_CHEAP_KEYS});
		world_crash(world, 3);
		for (ec_node node = 0; node < 3; node++)
			world->member[node].forgetful = true;
		for (uint32_t i = 0; i < 4 + more; i++) {
			char text[32];
			snprintf(text, sizeof text, "batch %u", i);
			honeybadger_batch(world, i % 3, text);
			world_submit(world);
			world_settle(world);
		}
		for (ec_node node = 0; node < 3; node++) {
			assert_int_equal(world->member[node].applied, 4 + more);
			world->member[node].durable = 4;
			world_crash(world, node);
		}
		for (ec_node node = 0; node < 3; node++)
			world_restart(world, node);
		world_settle(world);
		for (ec_node node = 0; node < 3; node++)
			assert_int_equal(honeybadger_of(world, node)->low, 4);
		assert_null(world_free(world));
	}
}

/* Member 2 took part in sixteen epochs and lost its application; the claims of 0 and of a liar have
 * the state brought to it.  Of those two only one is correct, so it keeps what it said before, in
 * this life and the next: 3, which stands in the first epoch, needs it. */
static void what_f_plus_1_claim_is_no_reason_to_forget(void **state)
{
	(void)state;
	struct world *world =
		world_new(&honeybadger_world,
	                  (struct world_options){.n = 4, .interval = 16, .keys = WORLD_CHEAP_KEYS});
	world->member[2].forgetful = true;
	world_isolate(world, 3);
	for (uint32_t i = 0; i < 16; i++) {
		char text[32];
		snprintf(text, sizeof text, "batch %u", i);
		honeybadger_batch(world, 0, text);
		world_submit(world);
		world_settle(world);
	}
	world_corrupt(world, 1);
	world_crash(world, 2);
	world_sever(world, 0, 2);
	world_restart(world, 2);
	assert_int_equal(honeybadger_of(world, 2)->at, 1);
	struct message claim = {.kind = CLAIM, .epoch = 16, .seq = 16, .first = 15};
	claim.digest = world->member[0].at[16].state;
	honeybadger_forge(world, 1, 2, &claim, EC_NO_BYTES);
	struct message at = {.kind = AT, .epoch = 17, .oldest = 17, .ask = 1};
	at.answer = hb_peer(honeybadger_of(world, 2), 1)->asked;
	honeybadger_forge(world, 1, 2, &at, EC_NO_BYTES);
	world->severed[0][2] = world->severed[2][0] = false;
	world_break(world, 0, 2, 0, 0);
	world_settle(world);
	assert_int_equal(world->fetches, 1);
	assert_true(honeybadger_of(world, 2)->at >= 16);
	assert_int_equal(honeybadger_of(world, 2)->oldest, 1);
	world_audit(world, 2);
	world_crash(world, 2);
	world_restart(world, 2);
	assert_true(honeybadger_of(world, 2)->at >= 16);
	assert_int_equal(honeybadger_of(world, 2)->oldest, 1);
	world_heal(world);
	honeybadger_batch(world, 3, "back");
	if (!world_finish(world, 2000))
		world_print(world);
	assert_null(world->violation);
	assert_false(world_behind(world));
	assert_int_equal(world->fetches, 1);
	assert_null(world_free(world));
}

static void one_by_one(struct world *world, uint32_t count, ec_node node)
{
	for (uint32_t i = 0; i < count; i++) {
		char text[32];
		snprintf(text, sizeof text, "batch %u", world->batches);
		honeybadger_batch(world, node, text);
		world_submit(world);
		world_settle(world);
	}
}

/* Disks are slow: all fill their rings.  Then three have a checkpoint on disk and go on while 3 is
 * away, and claim no more what 3 has; one of them dies.  3 is needed, and cannot end its epoch: it
 * has the state brought that the others claim, although they still keep that epoch. */
static void a_full_ring_needs_a_state(void **state)
{
	(void)state;
	struct world *world =
		world_new(&honeybadger_world,
	                  (struct world_options){.n = 4, .interval = 4, .keys = WORLD_CHEAP_KEYS});
	for (ec_node node = 0; node < 4; node++)
		world->member[node].forgetful = true;
	one_by_one(world, 21, 0);
	assert_int_equal(honeybadger_of(world, 3)->at + AHEAD, honeybadger_of(world, 3)->ring);
	world_isolate(world, 3);
	for (ec_node node = 0; node < 4; node++) {
		world->member[node].durable = 20;
		world_crash(world, node);
		world_restart(world, node);
		world->member[node].forgetful = false;
	}
	one_by_one(world, 5, 1);
	assert_true(honeybadger_of(world, 0)->low > 20);
	assert_true(honeybadger_of(world, 0)->oldest <= honeybadger_of(world, 3)->at);
	world_crash(world, 2);
	world_heal(world);
	if (!world_finish(world, 2000))
		world_print(world);
	assert_null(world->violation);
	assert_false(world_behind(world));
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_at_every_save_breaks_no_promise),
		cmocka_unit_test(whoever_does_not_save_is_found),
		cmocka_unit_test(all_crash_at_once_and_go_on),
		cmocka_unit_test(links_that_lose_suffixes_say_again),
		cmocka_unit_test(a_little_behind_needs_no_state),
		cmocka_unit_test(far_behind_has_the_state_brought),
		cmocka_unit_test(what_was_kept_outlives_a_crash),
		cmocka_unit_test(who_left_an_epoch_harms_nobody),
		cmocka_unit_test(f_plus_1_are_enough_for_who_comes_late),
		cmocka_unit_test(a_claim_counts_in_the_life_after),
		cmocka_unit_test(a_life_claims_where_it_begins),
		cmocka_unit_test(what_f_plus_1_claim_is_no_reason_to_forget),
		cmocka_unit_test(a_full_ring_needs_a_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
