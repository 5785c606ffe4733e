/* pbft_fault_test.c - crashes at every save, slow members, lying primaries, learners, roles. */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

#include <stdio.h>
#include <string.h>

enum { A, B, C, D, E };

static void crash_at_every_save(void **state)
{
	(void)state;
	for (int dies = 0; dies < 2; dies++)
		for (ec_node node = A; node <= B; node++) {
			struct world_killing how = {.of = &pbft_world,
			                            .is = {.n = 4, .interval = 4, .twins = true},
			                            .node = node,
			                            .other = dies ? A : EC_ALL};
			uint32_t saves;
			assert_null(world_kill_at_every_save(&how, &saves));
			assert_true(saves >= 12);
		}
}

/* All are killed at once, again and again, and lose what was not durable. */
static void all_crash_together(void **state)
{
	(void)state;
	struct world *world =
		world_new(&pbft_world, (struct world_options){.n = 4, .interval = 4, .seed = 5});
	for (int round = 0; round < 12; round++) {
		world_batches(world, 3, UINT64_MAX);
		world_submit(world);
		for (int i = 0; i < round % 5; i++)
			world_round(world);
		for (ec_node node = 0; node < 4; node++)
			world_crash(world, node);
		for (ec_node node = 0; node < 4; node++)
			world_restart(world, node);
	}
	assert_true(world_finish(world, 30000));
	assert_null(world_free(world));
}

/* d hears nothing for more than the ring holds: its state is brought, by the first that has it. */
static void far_behind_fetches_the_state(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .interval = 4});
	world_isolate(world, D);
	world_batches(world, 30, UINT64_MAX);
	world_pass(world, 300);
	assert_int_equal(world->member[A].applied, 30);
	assert_int_equal(world->member[D].applied, 0);
	world_heal(world);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->fetches, 1);
	assert_int_equal(world->member[A].view, 0);
	assert_null(world_free(world));
}

/* d is behind the low mark by less than is retained: messages bring it there, no state moves. */
static void a_little_behind_needs_no_state(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .interval = 8});
	world_isolate(world, D);
	world_batches(world, 9, UINT64_MAX);
	world_pass(world, 300);
	world_heal(world);
	assert_true(world_finish(world, 200));
	assert_int_equal(world->member[D].applied, 9);
	assert_int_equal(world->fetches, 0);
	assert_null(world_free(world));
}

/* Inside its window d misses what the others have cut: the member asked first has lied. */
static void fetches_from_another_when_one_fails(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4, .interval = 4});
	world_isolate(world, D);
	world_batches(world, 30, UINT64_MAX);
	world_pass(world, 300);
	world_crash(world, B);
	world_join(world, A, D);
	world_join(world, C, D);
	assert_true(world_finish(world, 5000));
	assert_true(world->fetches >= 1);
	assert_int_equal(world->member[D].applied, 30);
	assert_null(world_free(world));
}

/* The primary tells b and c one batch and d another: nobody splits, and all can show its words. */
static void equivocating_primary_is_blamed(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	world->member[A].byzantine = true;
	world_batch(world, "x");
	world_batch(world, "y");
	struct message propose = {.kind = PREPREPARE, .seq = 1};
	for (ec_node to = B; to <= D; to++)
		pbft_forge(world, A, to, &propose, world->batch[to == D]);
	world_settle(world);
	assert_true(world->blames >= 1);
	assert_int_equal(world->blamed, A);
	assert_true(world_finish(world, 10000));
	assert_true(world->member[B].view >= 1);
	assert_null(world_free(world));
}

/* Two words to one member are evidence at once. */
static void two_words_to_one_member(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	world->member[D].byzantine = true;
	world_batch(world, "x");
	world_submit(world);
	struct message checkpoint = {.kind = CHECKPOINT, .seq = 8, .digest = {.b = {1}}};
	pbft_forge(world, D, B, &checkpoint, EC_NO_BYTES);
	world_settle(world);
	assert_int_equal(world->blames, 0);
	checkpoint.digest.b[0] = 2;
	pbft_forge(world, D, B, &checkpoint, EC_NO_BYTES);
	world_settle(world);
	assert_int_equal(world->blames, 1);
	assert_int_equal(world->blamed, D);
	assert_null(world_free(world));
}

/* A learner delivers what the voters agree on, also across a view change, and promises nothing. */
static void learners_follow(void **state)
{
	(void)state;
	struct world *world = world_new(
		&pbft_world,
		(struct world_options){.n = 6, .voters = 4, .interval = 4, .twins = true});
	world_batches(world, 10, UINT64_MAX);
	assert_true(world_finish(world, 300));
	world_crash(world, A);
	world_batches(world, 3, UINT64_MAX);
	assert_true(world_finish(world, 5000));
	assert_int_equal(world->member[E].applied, 13);
	assert_int_equal(world->member[E].records.count, 0);
	world_crash(world, E);
	world_batches(world, 12, UINT64_MAX);
	world_pass(world, 500);
	world_restart(world, E);
	assert_true(world_finish(world, 5000));
	assert_null(world_free(world));
}

/* Members that may not lead are passed over. */
static void only_leaders_lead(void **state)
{
	(void)state;
	struct world *world =
		world_new(&pbft_world, (struct world_options){.n = 4, .leaders = 1 << B | 1 << D});
	world_batches(world, 1, UINT64_MAX);
	assert_true(world_finish(world, 100));
	assert_int_equal(world->member[A].lead, B);
	world_crash(world, B);
	world_batches(world, 1, UINT64_MAX);
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->member[A].lead, D);
	assert_int_equal(world->member[A].view, 1);
	assert_null(world_free(world));
}

/* Others go on being served; one batch is not.  That is enough to lose the primary its place. */
static void a_starved_batch_ends_the_view(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	uint32_t starved = world_batch(world, "starved");
	world->member[A].submitted_view[starved] = 1; /* a's host never offers it in view 0 */
	for (int i = 0; i < 40; i++) {
		world_batches(world, 1, UINT64_MAX);
		world_pass(world, 20);
	}
	assert_true(world_finish(world, 3000));
	assert_int_equal(world->member[A].view, 1);
	assert_null(world_free(world));
}

/* Nothing passes for 700 ms. */
static void stall(struct world *world)
{
	for (ec_node a = 0; a < world->n; a++)
		world_isolate(world, a);
	world_pass(world, 700);
	world_heal(world);
	world_settle(world);
}

static uint64_t highest_view(const struct world *world)
{
	uint64_t view = 0;
	for (ec_node a = 0; a < world->n; a++)
		view = world->member[a].view > view ? world->member[a].view : view;
	return view;
}

/* A group that is slow again and again does not change its view each time; once it was quick for a
 * while, a dead primary is replaced as soon as at first. */
static void patience_is_kept_for_a_while(void **state)
{
	(void)state;
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	char text[16];
	for (uint32_t i = 0; i < 10; i++) {
		snprintf(text, sizeof text, "slow %u", i);
		world_batch(world, text);
		world_submit(world);
		stall(world);
		assert_true(world_finish(world, 1000));
	}
	assert_int_equal(highest_view(world), 1);
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "quick %u", i);
		world_batch(world, text);
		assert_true(world_finish(world, 400));
		world_pass(world, 100);
	}
	world_isolate(world, B);
	world_batch_at(world, "late", 1 << A | 1 << C | 1 << D);
	world_pass(world, 510);
	assert_int_equal(world->member[C].view, 2);
	assert_null(world_free(world));
}

static void evidence_of_another_group_is_none(void **state)
{
	(void)state;
	struct world *other =
		world_new(&pbft_world, (struct world_options){.n = 4, .domain = "other"});
	struct world *world = world_new(&pbft_world, (struct world_options){.n = 4});
	uint8_t body[1024];
	struct ec_writer writer = ec_writer_over(body, sizeof body);
	for (uint8_t which = 1; which <= 2; which++) {
		struct message m = {.kind = CHECKPOINT, .seq = 8, .digest = {.b = {which}}};
		struct ec_bytes head = pbft_message_write(other->pool, &m);
		struct ec_bytes proof = world_sign(other, D, head, &(ec_hash){0});
		ec_write_block(&writer, head.data, head.size);
		ec_write_hash(&writer, &(ec_hash){0});
		ec_write_block(&writer, proof.data, proof.size);
		ec_drop(head);
		ec_drop(proof);
	}
	struct ec_bytes head =
		pbft_message_write(world->pool, &(struct message){.kind = BLAME, .node = D});
	struct ec_bytes evidence = {.data = body, .size = writer.size};
	assert_true(ec_pbft.guilty(&other->member[A].config, D, head, evidence));
	assert_false(ec_pbft.guilty(&other->member[A].config, C, head, evidence));
	assert_false(ec_pbft.guilty(&world->member[A].config, D, head, evidence));
	ec_drop(head);
	assert_null(world_free(other));
	assert_null(world_free(world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crash_at_every_save),
		cmocka_unit_test(all_crash_together),
		cmocka_unit_test(far_behind_fetches_the_state),
		cmocka_unit_test(a_little_behind_needs_no_state),
		cmocka_unit_test(fetches_from_another_when_one_fails),
		cmocka_unit_test(equivocating_primary_is_blamed),
		cmocka_unit_test(two_words_to_one_member),
		cmocka_unit_test(learners_follow),
		cmocka_unit_test(only_leaders_lead),
		cmocka_unit_test(a_starved_batch_ends_the_view),
		cmocka_unit_test(patience_is_kept_for_a_while),
		cmocka_unit_test(evidence_of_another_group_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
