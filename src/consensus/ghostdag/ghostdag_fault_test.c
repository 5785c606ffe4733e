/* ghostdag_fault_test.c - faults one by one: who was away, crashes at every moment, forks that are
 * signed, parts, conflicts, members that only follow. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_world.h"

#include <stdio.h>
#include <stdlib.h>

enum { A, B, C, D };

static void good(const char *violation)
{
	if (violation)
		fail_msg("%s", violation);
}

static void finish(struct world *world, uint64_t ms)
{
	if (world_finish(world, ms))
		return;
	world_print(world);
	fail_msg("%s", world->violation ? world->violation : "not everything is final");
}

static uint32_t blocks_of(const struct world *world, ec_node node)
{
	char line[200];
	unsigned blocks = 0;
	struct ec_text text = ec_text_over(line, sizeof line);
	ec_ghostdag.show(world->member[node].state, &text);
	assert_int_equal(sscanf(line, "%u blocks", &blocks), 1);
	return blocks;
}

/* d misses hundreds of blocks that the others still have: it asks each once or twice, whether it is
 * 100 blocks or 300. */
static void who_was_away_asks_for_ranges(void **state)
{
	(void)state;
	for (uint32_t count = 20; count <= 60; count += 40) {
		struct world *world =
			world_new(&ghostdag_world,
		                  (struct world_options){.n = 4,
		                                         .interval = 256,
		                                         .options = &(struct ghostdag_options){
								 .final_depth = 32}});
		world_isolate(world, D);
		world_batches(world, count, 1 << A | 1 << B | 1 << C);
		world_pass(world, 1000 * count / 2);
		assert_true(world_ran(world, A, count - 1));
		world->sent[ASK] = world->sent[RANGE] = 0;
		ec_seq missed = world->member[A].applied - world->member[D].applied;
		world_heal(world);
		world_settle(world);
		print_message("%llu missed, %u asks, %u ranges\n", (unsigned long long)missed,
		              world->sent[ASK], world->sent[RANGE]);
		assert_true(missed > 2 * count);
		assert_true(world->sent[ASK] <= 12);
		assert_int_equal(world->fetches, 0);
		finish(world, 20000);
		world_pass(world, 5000);
		ghostdag_order_judge(world);
		good(world_free(world));
	}
}

/* What d misses the others have forgotten: it is brought to a checkpoint, by f + 1 that say so. */
static void who_was_away_for_long_is_brought(void **state)
{
	(void)state;
	struct world *world = world_new(
		&ghostdag_world, (struct world_options){.n = 4, .interval = 8, .twins = true});
	world_isolate(world, D);
	for (int i = 0; i < 6; i++) {
		world_batches(world, 30, 1 << A | 1 << B | 1 << C);
		world_pass(world, 12000);
	}
	assert_true(world->member[A].final > 400 && world->member[D].final < 8);
	assert_true(blocks_of(world, A) < 250);
	world_heal(world);
	for (uint32_t i = 0; i < world->batches; i++)
		world->offered[i] = UINT64_MAX;
	finish(world, 30000);
	assert_true(world->fetches >= 1);
	/* It goes on by itself, over a crash too. */
	world_crash(world, D);
	world_restart(world, D);
	world_batches(world, 5, UINT64_MAX);
	finish(world, 30000);
	good(world_free(world));
}

/* A crash after every so many steps, of one member after the other, each losing what was not
 * durable. */
static void crashes_at_every_moment(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct world *world =
			world_new(&ghostdag_world,
		                  (struct world_options){.n = 4, .seed = seed, .interval = 8});
		for (uint32_t i = 0; i < 60; i++) {
			ec_node node = (ec_node)(i % 4);
			if (i < 30)
				world_batches(world, 1, UINT64_MAX);
			world_pass(world, 10 * seed);
			world->member[node].stalled = i % 3 == 0;
			world_pass(world, 200);
			world->member[node].stalled = false;
			world_crash(world, node);
			world_pass(world, 100);
			world_restart(world, node);
		}
		if (!world_finish(world, 60000))
			world_violate(world, "liveness: not everything is final");
		world_pass(world, 5000);
		assert_int_equal(world->blames, 0);
		good(world_free(world));
	}
}

/* c signs two blocks of one number, and then many: it is named, and nobody's memory fills. */
static void who_signs_many_is_named(void **state)
{
	(void)state;
	struct world *world = world_new(&ghostdag_world, (struct world_options){.n = 4});
	world->member[C].byzantine = true;
	struct message m = {.kind = BLOCK, .node = C, .names = 1, .name = {world->domain}};
	uint32_t batch = world_batch_at(world, "one", 0);
	for (int i = 0; i < 60; i++) {
		m.number = 1 + (uint64_t)i / 3;
		ghostdag_forge(world, C, i % 3 ? A : B, &m, i % 3 == 1 ? "one" : "");
	}
	world_settle(world);
	print_message("60 were signed, %u taken\n", blocks_of(world, A));
	assert_true(blocks_of(world, A) <= 12 && blocks_of(world, B) <= 12);
	world_batches(world, 10, UINT64_MAX);
	world->offered[batch] = UINT64_MAX;
	finish(world, 60000);
	assert_true(world->blames >= 1);
	assert_int_equal(world->blamed, C);
	good(world_free(world));
}

/* Blocks side by side beyond the third are taken because d builds on them, and in the next life
 * too.
 */
static void what_others_build_on_is_taken(void **state)
{
	(void)state;
	struct world *world = world_new(&ghostdag_world, (struct world_options){.n = 4});
	world->member[C].byzantine = world->member[D].byzantine = true;
	world_isolate(world, A);
	struct message m = {.kind = BLOCK, .node = C, .names = 1, .name = {world->domain}};
	struct message over = {.kind = BLOCK, .node = D, .number = 1};
	for (m.number = 1; m.number <= 6; m.number++)
		over.name[over.names++] = ghostdag_forge(world, C, B, &m, "");
	world_settle(world);
	assert_int_equal(blocks_of(world, B), 4);
	ghostdag_forge(world, D, B, &over, "");
	world_settle(world);
	assert_int_equal(blocks_of(world, B), 8);
	world_crash(world, B);
	world_restart(world, B);
	assert_int_equal(blocks_of(world, B), 8);
	good(world_free(world));
}

/* And where its maker's own blocks stand between. */
static void what_others_build_on_further_up_is_taken(void **state)
{
	(void)state;
	struct world *world = world_new(&ghostdag_world, (struct world_options){.n = 4});
	world->member[A].byzantine = world->member[C].byzantine = world->member[D].byzantine = true;
	struct message m = {.kind = BLOCK, .node = C, .names = 1, .name = {world->domain}};
	struct message a = {.kind = BLOCK, .node = A, .number = 1, .names = 1, .name = {m.name[0]}};
	struct message d = {.kind = BLOCK, .node = D, .number = 1, .names = 1, .name = {m.name[0]}};
	struct message over = {.kind = BLOCK, .node = C, .number = 6, .names = 3};
	for (m.number = 1; m.number <= 5; m.number++)
		over.name[0] = ghostdag_forge(world, C, B, &m, "");
	over.name[1] = ghostdag_forge(world, A, B, &a, "");
	over.name[2] = ghostdag_forge(world, D, B, &d, "");
	d.name[0] = ghostdag_forge(world, C, B, &over, "");
	world_settle(world);
	assert_int_equal(blocks_of(world, B), 6); /* the first, three of C, and two */
	d.number = 2;
	ghostdag_forge(world, D, B, &d, "");
	world_settle(world);
	assert_int_equal(blocks_of(world, B), 9);
	good(world_free(world));
}

/* Lets time pass until somebody says a block.  Returns: its id. */
static ec_hash block_next(struct world *world)
{
	const struct dag *said = ghostdag_said(world);
	uint32_t before = dag_count(said);
	for (int i = 0; i < 300 && dag_count(said) == before; i++)
		world_pass(world, 10);
	assert_int_equal(dag_count(said), before + 1);
	return dag_at(said, before)->id;
}

/* c's last block stands on b2, and so does that of d alone; then a2 is certified, which leaves b2
 * out:
 *
 *     a1 b1 c1 d1 -- b2 -- c2, d2
 *              \- a2             certified
 *
 * Nobody will ever be level with c2 on that side, and c goes on above a2. */
static void a_certificate_leaves_my_last_block_out(void **state)
{
	(void)state;
	struct world *world = world_new(
		&ghostdag_world,
		(struct world_options){.n = 4, .options = &(struct ghostdag_options){.pinned = 1}});
	const struct dag *said = ghostdag_said(world);
	world->member[A].byzantine = world->member[B].byzantine = world->member[D].byzantine = true;
	world_batches(world, 1, 1 << C);
	struct message m = {.kind = BLOCK, .number = 1, .names = 1, .name = {world->domain}};
	struct message above = {.kind = BLOCK, .number = 2, .names = 4};
	above.name[C] = block_next(world);
	for (m.node = A; m.node <= D; m.node++)
		if (m.node != C)
			above.name[m.node] = ghostdag_forge(world, m.node, C, &m, "");
	above.node = B;
	m = (struct message){.kind = BLOCK, .node = D, .number = 2, .names = 1};
	m.name[0] = ghostdag_forge(world, B, C, &above, "");
	world_settle(world);
	block_next(world);
	ghostdag_forge(world, D, C, &m, "");
	above.node = A;
	ec_hash pinned = ghostdag_forge(world, A, C, &above, "");
	world_settle(world);
	uint32_t number = dag_find(said, &pinned);
	ec_seq seq = dag_at(said, number)->past;
	struct ec_bytes head = ec_pool_copy(world->pool, pinned.b, sizeof pinned.b);
	world_input(world, C, (struct ec_input){.kind = EC_PINNED, .seq = seq, .head = head});
	ec_drop(head);
	world_batches(world, 1, 1 << C);
	ec_hash next = block_next(world);
	assert_true(dag_chain_holds(said, number, dag_find(said, &next)));
	assert_int_equal(world->member[C].final, seq);
	good(world_free(world));
}

/* a, b and d each say a block over the three before, so many times; c hears them.  In: the three
 * that they begin with, of round `after`; a batch of a's first block, or "".  Out: the last three.
 */
static void rounds_say(struct world *world, uint32_t after, uint32_t count, const char *text,
                       ec_hash last[static 3])
{
	static const ec_node maker[] = {A, B, D};
	for (uint32_t round = 1; round <= count; round++) {
		struct message m = {.kind = BLOCK, .number = after + round, .names = 3};
		memcpy(m.name, last, 3 * sizeof *last);
		if (after + round == 1) /* all begin over the first block */
			m.names = 1;
		for (int i = 0; i < 3; i++) {
			m.node = maker[i];
			last[i] = ghostdag_forge(world, m.node, C, &m,
			                         round == 1 && i == 0 ? text : "");
		}
	}
	world_settle(world);
}

/* The delay bound is broken: c has final the beginning of a chain, and then hears a heavier one
 * that leaves it out.  Where that has the same batches so far, c goes there; else it stays. */
static void what_is_final_are_batches_and_not_blocks(void **state)
{
	(void)state;
	for (int same = 0; same < 2; same++) {
		ec_hash fork[3], other[3];
		struct world *world = world_new(
			&ghostdag_world,
			(struct world_options){
				.n = 4, .options = &(struct ghostdag_options){.final_depth = 6}});
		world->member[A].byzantine = world->member[B].byzantine = true;
		world->member[D].byzantine = true;
		fork[0] = world->domain;
		world_batch_at(world, "batch", 0);
		rounds_say(world, 0, 3, "", fork);
		for (int i = 0; i < 3; i++) /* the same, named in another order */
			other[i] = fork[2 - i];
		rounds_say(world, 3, 4, same ? "" : "batch", fork);
		ec_seq tip = world->member[C].applied, final = world->member[C].final;
		assert_true(final > 10 && tip > final);
		rounds_say(world, 3, 8, "", other);
		world_settle(world);
		const struct dag *said = ghostdag_said(world);
		if (same)
			tip = dag_at(said, dag_best(said, 0))->past;
		assert_int_equal(world->member[C].applied, tip);
		assert_true(same ? world->member[C].final > final
		                 : world->member[C].final == final);
		good(world_free(world));
	}
}

/* d's host brought the application of the last checkpoint, as into a later era, and its graph is
 * empty.  No further checkpoint comes: the one where it stands brings it the graph. */
static void a_life_that_begins_ahead_of_its_graph(void **state)
{
	(void)state;
	struct world *world =
		world_new(&ghostdag_world,
	                  (struct world_options){
				  .n = 4,
				  .options = &(struct ghostdag_options){
					  .merge_depth = 8, .final_depth = 16, .capacity = 512}});
	const struct world_member *from = &world->member[A];
	struct world_member *d = &world->member[D];
	world_isolate(world, D);
	world_batches(world, 20, 1 << A | 1 << B | 1 << C);
	world_pass(world, 60000);
	assert_true(world_ran(world, A, 19) && from->durable > 32);
	world_crash(world, D);
	assert_int_equal(d->records.count, 0);
	d->room = from->durable + 1;
	d->at = realloc(d->at, d->room * sizeof *d->at);
	memcpy(d->at, from->at, d->room * sizeof *d->at);
	d->applied = d->final = d->durable = from->durable;
	world_restart(world, D);
	world_heal(world);
	finish(world, 10000);
	assert_true(world_ran(world, D, 19) && d->applied >= from->final);
	good(world_free(world));
}

/* A part without a quorum makes nothing final, and joins again. */
static void a_minority_waits(void **state)
{
	(void)state;
	struct world *world = world_new(&ghostdag_world, (struct world_options){.n = 4});
	world_part(world, 1 << A | 1 << B);
	world_batches(world, 8, UINT64_MAX);
	world_pass(world, 60000);
	for (ec_node node = 0; node < 4; node++)
		assert_int_equal(world->member[node].final, 0);
	assert_true(world->member[A].applied <= 4); /* a block of each at most */
	world_heal(world);
	finish(world, 20000);
	/* Three go on without d for long; what d had said alone is said again later. */
	world_isolate(world, D);
	world_batches(world, 1, 1 << D);
	world_pass(world, 1000);
	world_batches(world, 60, 1 << A | 1 << B | 1 << C);
	world_pass(world, 60000);
	assert_true(world->member[A].final > world->member[D].final + 60);
	for (uint32_t i = 0; i < world->batches; i++)
		if (i != 8)
			world->offered[i] = UINT64_MAX;
	world_heal(world);
	finish(world, 30000);
	assert_true(world_ran(world, A, 8));
	good(world_free(world));
}

/* Batches that conflict are given to parts of the group: one of them runs, the same everywhere. */
static void of_rivals_one_wins(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world *world =
			world_new(&ghostdag_world, (struct world_options){.n = 5, .seed = seed});
		for (uint32_t i = 0; i < 5; i++) {
			char text[32];
			snprintf(text, sizeof text, "coin: to %u", i);
			world_batch_at(world, text, (uint64_t)1 << i);
		}
		if (seed % 2)
			world_part(world, 1 << A | 1 << B);
		world_pass(world, 500 * seed);
		world_heal(world);
		for (uint32_t i = 0; i < 5; i++)
			world->offered[i] = UINT64_MAX;
		finish(world, 60000);
		uint32_t won = 0;
		for (uint32_t i = 0; i < 5; i++)
			won += world_ran(world, A, i) != 0;
		assert_int_equal(won, 1);
		for (uint32_t i = 0; i < 5; i++)
			for (ec_node node = 1; node < 5; node++)
				assert_int_equal(world_ran(world, A, i) != 0,
				                 world_ran(world, node, i) != 0);
		good(world_free(world));
	}
}

static void learners_follow_and_make_nothing(void **state)
{
	(void)state;
	struct world *world =
		world_new(&ghostdag_world, (struct world_options){.n = 5, .voters = 4});
	world_batches(world, 20, UINT64_MAX);
	assert_int_equal(world->member[4].want, 0);
	finish(world, 30000);
	assert_int_equal(world->member[4].want, 0);
	world_pass(world, 10000);
	ghostdag_order_judge(world);
	good(world_free(world));
}

/* By work: everybody tries a bounded number of nonces a wake. */
static void work_makes_an_order_too(void **state)
{
	(void)state;
	struct world *world =
		world_new(&ghostdag_world,
	                  (struct world_options){
				  .n = 4,
				  .seed = 9,
				  .options = &(struct ghostdag_options){.bits = 12, .nonces = 32}});
	world_batches(world, 12, UINT64_MAX);
	finish(world, 600000);
	world_pass(world, 10000);
	ghostdag_order_judge(world);
	print_message("work: %u blocks in %llu s\n", world->sent[BLOCK] / 3,
	              (unsigned long long)world->now / 1000000000);
	good(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_away_asks_for_ranges),
		cmocka_unit_test(who_was_away_for_long_is_brought),
		cmocka_unit_test(crashes_at_every_moment),
		cmocka_unit_test(who_signs_many_is_named),
		cmocka_unit_test(what_others_build_on_is_taken),
		cmocka_unit_test(what_others_build_on_further_up_is_taken),
		cmocka_unit_test(a_certificate_leaves_my_last_block_out),
		cmocka_unit_test(what_is_final_are_batches_and_not_blocks),
		cmocka_unit_test(a_life_that_begins_ahead_of_its_graph),
		cmocka_unit_test(a_minority_waits),
		cmocka_unit_test(of_rivals_one_wins),
		cmocka_unit_test(learners_follow_and_make_nothing),
		cmocka_unit_test(work_makes_an_order_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
