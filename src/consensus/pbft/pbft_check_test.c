/* pbft_check_test.c - the door: what is refused before a step sees it. */
#include "base/test.h"
#include "consensus/pbft/pbft_world.h"

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
	struct world *world =
		world_new(&pbft_world, (struct world_options){.n = 5, .voters = 4, .interval = 4});
	world_batches(world, 6, UINT64_MAX);
	assert_true(world_finish(world, 100));
	world_crash(world, A);
	world_batch(world, "one more");
	world_pass(world, 600);
	world_restart(world, A);
	assert_true(pbft_change(world, B)->body.size > 0);
	return world;
}

static void every_flipped_byte_of_a_view_change_is_refused(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct ec_bytes body = pbft_change(world, B)->body;
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
	struct ec_bytes body = pbft_change(world, B)->body;
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

/* What a NEW-VIEW says, as a test wants it; the digests are whatever they are. */
struct said {
	uint32_t names, slots;
	ec_node name[5];
	ec_seq base;
	struct value value; /* of every slot */
};

static struct ec_bytes new_view_of(struct world *world, const struct said *said)
{
	uint8_t at[2048];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	ec_write_u32(&writer, said->names);
	for (uint32_t i = 0; i < said->names; i++) {
		ec_write_u32(&writer, said->name[i]);
		ec_write_hash(&writer, &(ec_hash){.b = {1}});
	}
	ec_write_u64(&writer, said->base);
	ec_write_u32(&writer, said->slots);
	for (uint32_t i = 0; i < said->slots; i++)
		pbft_value_write(&writer, &said->value);
	assert_true(ec_writer_ok(&writer));
	return ec_pool_copy(world->pool, at, writer.size);
}

static bool check_new_view(struct world *world, const struct said *said)
{
	struct message message = {.kind = NEW_VIEW, .view = 1};
	struct ec_bytes body = new_view_of(world, said);
	bool good = check(world, B, &message, body, true);
	ec_drop(body);
	return good;
}

/* Four voters, K = 4: three names, at most 12 slots. */
static struct said said_well(const struct world *world)
{
	return (struct said){.names = 3,
	                     .slots = 12,
	                     .name = {A, B, D},
	                     .base = 4,
	                     .value = {.digest = world->batch_digest[0], .origin = A}};
}

static void a_new_view_names_a_quorum_of_different_voters(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct said said = said_well(world);
	assert_true(check_new_view(world, &said));
	said.names = 2; /* one too few, one too many */
	assert_false(check_new_view(world, &said));
	said = (struct said){.names = 4, .name = {A, B, C, D}, .base = 4};
	assert_false(check_new_view(world, &said));
	static const ec_node bad[][3] = {
		{A, A, B},                 /* one twice */
		{B, D, D},      {B, A, D}, /* out of order */
		{A, B, E},                 /* a learner */
		{A, B, 5},                 /* nobody */
		{A, B, EC_ALL},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		said = said_well(world);
		memcpy(said.name, bad[i], sizeof bad[i]);
		assert_false(check_new_view(world, &said));
	}
	assert_null(world_free(world));
}

static void a_new_view_says_possible_slots(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct said said = said_well(world);
	said.slots = 0;
	assert_true(check_new_view(world, &said));
	said.slots = 13; /* more than the ring looks ahead */
	assert_false(check_new_view(world, &said));
	said = said_well(world);
	said.base = 5; /* no checkpoint stands there */
	assert_false(check_new_view(world, &said));
	said.base = (NUMBER_TOLD_MAX & ~(uint64_t)3) + 4;
	assert_false(check_new_view(world, &said));
	said = said_well(world);
	said.value = FILLER;
	assert_true(check_new_view(world, &said));
	said.value.digest.b[31] = 1; /* a filler of bytes */
	assert_false(check_new_view(world, &said));
	said.value.origin = E; /* who cannot have proposed it */
	assert_false(check_new_view(world, &said));
	said.value = (struct value){.origin = A}; /* a batch of no bytes */
	assert_false(check_new_view(world, &said));
	assert_null(world_free(world));
}

static void a_new_view_is_whole_and_its_primarys(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct said said = said_well(world);
	struct message m = {.kind = NEW_VIEW, .view = 1};
	struct ec_bytes body = new_view_of(world, &said);
	assert_true(check(world, B, &m, body, true));
	assert_false(check(world, B, &m, body, false)); /* nobody could show it */
	assert_false(check(world, C, &m, body, true));  /* not the primary of view 1 */
	assert_false(check(world, E, &m, body, true));
	m.view = 0; /* begins without one */
	assert_false(check(world, A, &m, body, true));
	m.view = NUMBER_TOLD_MAX + 1;
	for (ec_node node = A; node <= D; node++)
		assert_false(check(world, node, &m, body, true));
	m.view = 1;
	for (size_t size = 0; size < body.size; size++)
		assert_false(check(world, B, &m, ec_slice(body, 0, size), true));
	struct ec_bytes longer = ec_pool_take(world->pool, body.size + 1);
	memset(ec_writable(longer), 0, longer.size);
	memcpy(ec_writable(longer), body.data, body.size);
	assert_false(check(world, B, &m, longer, true));
	ec_drop(longer);
	ec_drop(body);
	assert_null(world_free(world));
}

/* A message of `author`, signed by it, as anyone may pass it on. */
struct relay {
	ec_node author;
	struct message quoted;
	ec_hash digest; /* of what was signed */
	struct ec_bytes body;
};

static bool check_relay(struct world *world, const struct relay *relay)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct message m = {.kind = RELAY, .node = relay->author, .digest = relay->digest};
	m.quoted = pbft_message_write_at(&relay->quoted, at);
	m.proof = world_sign(world, relay->author, m.quoted, &relay->digest);
	bool good = check(world, E, &m, relay->body, false);
	ec_drop(m.proof);
	return good;
}

/* Every byte of `bytes` turned in its turn must make the relay `m` one that is refused. */
static void turned_bytes_are_refused(struct world *world, const struct message *m,
                                     struct ec_bytes *bytes, struct ec_bytes *body)
{
	struct ec_bytes right = *bytes;
	*bytes = ec_pool_copy(world->pool, right.data, right.size);
	assert_true(check(world, E, m, *body, false));
	for (size_t i = 0; i < bytes->size; i++)
		for (int turn = 0; turn < 8; turn += 7) {
			ec_writable(*bytes)[i] ^= (uint8_t)(1 << turn);
			assert_false(check(world, E, m, *body, false));
			ec_writable(*bytes)[i] ^= (uint8_t)(1 << turn);
		}
	ec_drop(*bytes);
	*bytes = right;
}

static void every_flipped_byte_of_a_relay_is_refused(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct said said = said_well(world);
	struct ec_bytes bodies[] = {ec_keep(pbft_change(world, B)->body),
	                            new_view_of(world, &said)};
	for (int i = 0; i < 2; i++) {
		uint8_t at[HEAD_SIZE_MAX];
		struct message quoted = {.kind = i ? NEW_VIEW : VIEW_CHANGE, .view = 1};
		struct message m = {.kind = RELAY, .node = B, .digest = world_digest(bodies[i])};
		m.quoted = pbft_message_write_at(&quoted, at);
		m.proof = world_sign(world, B, m.quoted, &m.digest);
		turned_bytes_are_refused(world, &m, &m.quoted, &bodies[i]);
		turned_bytes_are_refused(world, &m, &m.proof, &bodies[i]);
		turned_bytes_are_refused(world, &m, &bodies[i], &bodies[i]);
		m.digest.b[7] ^= 1;
		assert_false(check(world, E, &m, bodies[i], false));
		m.digest.b[7] ^= 1;
		m.node = C; /* who did not sign it */
		assert_false(check(world, E, &m, bodies[i], false));
		m.node = 5;
		assert_false(check(world, E, &m, bodies[i], false));
		m.node = B;
		assert_false(check(world, E, &m, EC_NO_BYTES, false));
		ec_drop(m.proof);
		ec_drop(bodies[i]);
	}
	assert_null(world_free(world));
}

/* The proof of each is right; what was signed is not. */
static void a_relay_of_what_its_author_may_not_say_is_refused(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct ec_bytes change = pbft_change(world, B)->body;
	struct relay relay = {B, {.kind = VIEW_CHANGE, .view = 1}, world_digest(change), change};
	assert_true(check_relay(world, &relay));
	relay.quoted.view = 0; /* then its claims are not of earlier views */
	assert_false(check_relay(world, &relay));
	relay = (struct relay){E, {.kind = VIEW_CHANGE, .view = 1}, world_digest(change), change};
	assert_false(check_relay(world, &relay)); /* a learner */
	struct said said = said_well(world);
	struct ec_bytes body = new_view_of(world, &said);
	relay = (struct relay){B, {.kind = NEW_VIEW, .view = 1}, world_digest(body), body};
	assert_true(check_relay(world, &relay));
	relay.author = C; /* not the primary of view 1 */
	assert_false(check_relay(world, &relay));
	ec_drop(body);
	said.names = 2; /* q - 1 */
	body = new_view_of(world, &said);
	relay = (struct relay){B, {.kind = NEW_VIEW, .view = 1}, world_digest(body), body};
	assert_false(check_relay(world, &relay));
	ec_drop(body);
	assert_null(world_free(world));
}

/* Proposals and votes are shown to those who heard others: without the batch. */
static void a_relayed_vote_is_one(void **state)
{
	(void)state;
	struct world *world = world_with_change();
	struct value value = {.digest = world->batch_digest[0], .origin = A};
	const struct relay proposal = {
		.author = A, .quoted = {.kind = PREPREPARE, .seq = 1}, .digest = value.digest};
	struct relay relay = proposal;
	assert_true(check_relay(world, &relay));
	relay.body = world->batch[0];
	assert_false(check_relay(world, &relay));
	relay = proposal;
	relay.author = B; /* not the primary */
	assert_false(check_relay(world, &relay));
	relay = proposal;
	relay.digest = (ec_hash){.b = {0}}; /* of no batch */
	assert_false(check_relay(world, &relay));
	relay = proposal;
	relay.quoted.seq = 0;
	assert_false(check_relay(world, &relay));
	relay = (struct relay){.author = B, .quoted = {.kind = PREPARE, .seq = 1, .value = value}};
	assert_true(check_relay(world, &relay));
	relay.digest = value.digest; /* a PREPARE has no body */
	assert_false(check_relay(world, &relay));
	relay.digest = (ec_hash){.b = {0}};
	relay.quoted.value.origin = E;
	assert_false(check_relay(world, &relay));
	relay = (struct relay){.author = B, .quoted = {.kind = CHECKPOINT, .seq = 4}};
	assert_false(check_relay(world, &relay)); /* nobody passes these on */
	relay.quoted = (struct message){.kind = COMMIT, .seq = 1, .value = value, .word = 1};
	assert_false(check_relay(world, &relay));
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
		cmocka_unit_test(a_new_view_names_a_quorum_of_different_voters),
		cmocka_unit_test(a_new_view_says_possible_slots),
		cmocka_unit_test(a_new_view_is_whole_and_its_primarys),
		cmocka_unit_test(every_flipped_byte_of_a_relay_is_refused),
		cmocka_unit_test(a_relay_of_what_its_author_may_not_say_is_refused),
		cmocka_unit_test(a_relayed_vote_is_one),
		cmocka_unit_test(senders_have_their_parts),
		cmocka_unit_test(heads_come_back_as_they_went),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
