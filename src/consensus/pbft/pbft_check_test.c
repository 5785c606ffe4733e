/* pbft_check_test.c - the door: what is refused before a step sees it. */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

#include <stdio.h>

enum { A, B, C, D, E };

static bool check(struct world *world, ec_node from, const struct message *message,
                  struct ec_bytes body, bool proven)
{
	uint8_t at[HEAD_SIZE_MAX];
	static const uint8_t proof[72];
	struct ec_input in = {.kind = EC_RECV, .from = from, .body = body};
	in.head = pbft_message_write_at(message, at);
	in.digest = world_digest(body);
	if (proven)
		in.proof = (struct ec_bytes){.data = proof, .size = sizeof proof};
	return ec_pbft.check(&world->member[A].config, &in);
}

/* A world in which b has left view 0 with a stable proof and prepared slots to claim. */
static struct world *world_with_change(void)
{
	struct world *world = world_new((struct world_options){.n = 5, .voters = 4, .interval = 4});
	for (int i = 0; i < 6; i++) {
		char text[32];
		snprintf(text, sizeof text, "batch %d", i);
		world_batch(world, text);
	}
	assert_true(world_finish(world, 100));
	world_crash(world, A);
	world_batch(world, "one more");
	world_pass(world, 600);
	world_restart(world, A);
	assert_true(world->change[B].body.size > 0);
	return world;
}

static void every_flipped_byte_of_a_view_change_is_refused(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct ec_bytes body = world->change[B].body;
	struct message message = {.kind = VIEW_CHANGE, .view = 1};
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	struct change change = pbft_change_read(&reader);
	assert_int_equal(change.low, 4);
	assert_true(change.claims >= 2);
	assert_true(check(world, B, &message, body, true));
	struct ec_bytes copy = ec_pool_copy(world->pool, body.data, body.size);
	for (size_t i = 0; i < copy.size; i++)
		for (int turn = 0; turn < 8; turn += 7) {
			ec_writable(copy)[i] ^= (uint8_t)(1 << turn);
			assert_false(check(world, B, &message, copy, true));
			ec_writable(copy)[i] ^= (uint8_t)(1 << turn);
		}
	for (size_t size = 0; size < copy.size; size++)
		assert_false(check(world, B, &message, ec_slice(copy, 0, size), true));
	ec_drop(copy);
	assert_null(world_free(world));
}

/* The votes of a list once more, with other members or fewer. */
static struct ec_bytes votes_again(struct world *world, struct ec_bytes votes, uint32_t count,
                                   bool twice)
{
	uint8_t at[4 + 4 * VOTE_SIZE_MAX];
	struct ec_reader reader = ec_reader_over(votes.data, votes.size);
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	pbft_votes_begin(&reader);
	ec_write_u32(&writer, count);
	struct vote vote = pbft_vote_read(&reader);
	for (uint32_t i = 0; i < count; i++) {
		pbft_vote_write(&writer, &vote);
		if (!(twice && i == 0) && i + 1 < count)
			vote = pbft_vote_read(&reader);
	}
	return ec_pool_copy(world->pool, at, writer.size);
}

static void a_proof_needs_a_quorum_of_different_voters(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct ec_bytes body = world->change[B].body;
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	struct change change = pbft_change_read(&reader);
	struct message stable = {.kind = STABLE, .seq = change.low, .digest = change.digest};
	assert_true(check(world, E, &stable, change.stable, false));
	struct ec_bytes fewer = votes_again(world, change.stable, 2, false);
	struct ec_bytes twice = votes_again(world, change.stable, 3, true);
	assert_false(check(world, E, &stable, fewer, false));
	assert_false(check(world, E, &stable, twice, false));
	stable.digest.b[0] ^= 1;
	assert_false(check(world, E, &stable, change.stable, false));
	stable.digest.b[0] ^= 1;
	stable.seq += 4;
	assert_false(check(world, E, &stable, change.stable, false));
	ec_drop(fewer);
	ec_drop(twice);
	assert_null(world_free(world));
}

static void senders_have_their_parts(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct ec_bytes x = world->batch[0];
	struct value value = {.digest = world->batch_digest[0], .origin = A};
	struct message m = {.kind = PREPREPARE, .seq = 1};
	assert_true(check(world, A, &m, x, true));
	assert_false(check(world, A, &m, x, false));          /* nobody could show it */
	assert_false(check(world, B, &m, x, true));           /* not the primary */
	assert_false(check(world, A, &m, EC_NO_BYTES, true)); /* a filler is not proposed */
	struct ec_bytes large = ec_pool_take(world->pool, 4097);
	memset(ec_writable(large), 0, large.size);
	assert_false(check(world, A, &m, large, true));
	ec_drop(large);
	m = (struct message){.kind = PREPARE, .seq = 1, .value = value};
	assert_true(check(world, B, &m, EC_NO_BYTES, true));
	assert_false(check(world, E, &m, EC_NO_BYTES, true)); /* a learner has no vote */
	assert_false(check(world, B, &m, x, true));           /* a body where none belongs */
	m.value.origin = E;
	assert_false(check(world, B, &m, EC_NO_BYTES, true)); /* who could not have proposed it */
	m.value = FILLER;
	assert_true(check(world, B, &m, EC_NO_BYTES, true));
	m.value.digest = value.digest;
	assert_false(check(world, B, &m, EC_NO_BYTES, true)); /* a filler of bytes */
	m = (struct message){.kind = COMMIT, .seq = 1, .value = value};
	assert_false(check(world, B, &m, EC_NO_BYTES, false)); /* says nothing */
	m.word = SAYS_COMMIT;
	assert_true(check(world, B, &m, EC_NO_BYTES, false));
	assert_false(check(world, E, &m, EC_NO_BYTES, false));
	m.seq = 0;
	assert_false(check(world, B, &m, EC_NO_BYTES, false));
	m.seq = NUMBER_TOLD_MAX + 1;
	assert_false(check(world, B, &m, EC_NO_BYTES, false));
	m = (struct message){.kind = CHECKPOINT, .seq = 6};
	assert_false(check(world, B, &m, EC_NO_BYTES, true)); /* not a multiple of K */
	m = (struct message){.kind = SAVED_CUT, .seq = 4};
	assert_false(check(world, B, &m, EC_NO_BYTES, true)); /* a record is no message */
	assert_null(world_free(world));
}

static void heads_come_back_as_they_went(void **state)
{
	(void)state;
	uint8_t at[HEAD_SIZE_MAX], again[HEAD_SIZE_MAX];
	struct message m = {.node = 3, .view = 7, .seq = 9, .delivered = 8, .word = 2};
	m.value = (struct value){.digest = {.b = {1}}, .origin = 2};
	m.digest = (ec_hash){.b = {5}};
	m.quoted = m.proof = (struct ec_bytes){.data = (const uint8_t *)"abc", .size = 3};
	for (int kind = PREPREPARE; kind < KINDS; kind++) {
		struct message back;
		m.kind = (enum kind)kind;
		struct ec_bytes head = pbft_message_write_at(&m, at);
		assert_true(pbft_message_read(head, &back));
		assert_true(ec_bytes_equal(head, pbft_message_write_at(&back, again)));
		for (size_t size = 0; size < head.size; size++)
			assert_false(pbft_message_read(ec_slice(head, 0, size), &back));
		head.size++;
		assert_false(pbft_message_read(head, &back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_byte_of_a_view_change_is_refused),
		cmocka_unit_test(a_proof_needs_a_quorum_of_different_voters),
		cmocka_unit_test(senders_have_their_parts),
		cmocka_unit_test(heads_come_back_as_they_went),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
