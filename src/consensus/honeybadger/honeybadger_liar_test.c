/* honeybadger_liar_test.c - what a Byzantine member can put into a proposal, a share or a claim;
 * and the planted bugs that this finds. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"
#include "consensus/honeybadger/rbc_world.h"

#include "crypto/cipher.h"
#include "crypto/hash.h"

#include <stdio.h>

enum { N = 4, LIAR = 3 };

static struct world *begin(uint32_t bug)
{
	struct world *world =
		world_new(&honeybadger_world, (struct world_options){.n = N,
	                                                             .interval = 4,
	                                                             .bug = bug,
	                                                             .twins = true,
	                                                             .keys = WORLD_CHEAP_KEYS});
	world_corrupt(world, LIAR);
	return world;
}

/* Everything goes on though the liar did what it did: one batch more of each is delivered. */
static const char *end(struct world *world)
{
	char text[32];
	for (ec_node node = 0; node < N; node++) {
		snprintf(text, sizeof text, "after %u by %u", world->batches, node);
		if (node != LIAR)
			honeybadger_batch(world, node, text);
	}
	if (!world_finish(world, 2000) && !world->violation)
		world_violate(world, "liveness: a liar stops the group");
	return world_free(world);
}

/* A list of these batches, whatever they are. */
static struct ec_bytes list_of(struct world *world, uint32_t count, const size_t *size,
                               uint32_t trailing)
{
	uint8_t bytes[4096];
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	static const uint8_t letters[2048] = "liar's";
	ec_write_u32(&writer, count);
	for (uint32_t i = 0; size[i] != SIZE_MAX; i++)
		ec_write_block(&writer, letters, size[i]);
	for (; trailing; trailing--)
		ec_write_u8(&writer, 0);
	assert_true(ec_writer_ok(&writer));
	return ec_pool_copy(world->pool, bytes, writer.size);
}

/* Seals a list as `as` would, under a label of this proposer.  Takes over the list. */
static struct ec_bytes sealed(struct world *world, uint64_t epoch, uint32_t instance,
                              struct ec_bytes list)
{
	uint8_t label_bytes[LABEL_SIZE], key[32] = {9}, random[32] = {8};
	struct ec_writer writer = ec_writer_over(label_bytes, sizeof label_bytes);
	struct ec_sealed under;
	ec_write_hash(&writer, &world->domain);
	ec_write_u64(&writer, epoch);
	ec_write_u32(&writer, instance);
	struct ec_bytes label = {.data = label_bytes, .size = writer.size};
	world->crypto.threshold->seal(world->crypto.threshold->group, &world->keys.seal, label, key,
	                              random, &under);
	struct ec_bytes payload =
		ec_pool_take(world->pool, 1 + EC_SEALED_SIZE + list.size + EC_CIPHER_TAG_SIZE);
	ec_writable(payload)[0] = 2;
	memcpy(ec_writable(payload) + 1, under.b, EC_SEALED_SIZE);
	ec_cipher_seal(key, label, list.data, list.size, ec_writable(payload) + 1 + EC_SEALED_SIZE);
	ec_drop(list);
	return payload;
}

/* Returns: how many batches of the liar's were delivered in epoch 1. */
static uint32_t liars(struct world *world, struct ec_bytes payload)
{
	uint32_t count = 0;
	world->mute_unknown = true;
	honeybadger_propose(world, LIAR, 1, payload);
	world_settle(world);
	for (ec_seq seq = 1; seq <= world->member[0].applied; seq++)
		count += world->agreed[seq].node == LIAR;
	assert_true(world->member[0].applied >= 1);
	return count;
}

static void lists_that_are_none_hold_nothing(void **state)
{
	static const struct {
		uint32_t count, trailing, delivered;
		size_t size[20];
	} lists[] = {
		{1, 0, 1, {6, SIZE_MAX}},       /* good */
		{2, 0, 2, {6, 256, SIZE_MAX}},  /* good, of the largest */
		{1, 0, 0, {257, SIZE_MAX}},     /* too large */
		{1, 0, 0, {0, SIZE_MAX}},       /* empty */
		{2, 0, 0, {6, 0, SIZE_MAX}},    /* one of two */
		{0, 0, 0, {SIZE_MAX}},          /* none */
		{1, 1, 0, {6, SIZE_MAX}},       /* something behind it */
		{2, 0, 0, {6, SIZE_MAX}},       /* fewer than it says */
		{3, 0, 0, {6, 6, 6, SIZE_MAX}}, /* 2 K / n are the most */
		{UINT32_MAX, 0, 0, {6, SIZE_MAX}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		struct world *world = begin(0);
		struct ec_bytes list =
			list_of(world, lists[i].count, lists[i].size, lists[i].trailing);
		assert_int_equal(liars(world, sealed(world, 1, LIAR, list)), lists[i].delivered);
		assert_null(end(world));
	}
}

static struct ec_bytes bytes_of(struct world *world, const char *text, size_t size)
{
	return ec_pool_copy(world->pool, text, size);
}

static void payloads_that_are_none_hold_nothing(void **state)
{
	static const size_t one[] = {6, SIZE_MAX};
	(void)state;
	for (int i = 0; i < 6; i++) {
		struct world *world = begin(0);
		struct ec_bytes list = list_of(world, 1, one, 0), payload = EC_NO_BYTES;
		if (i == 0)
			payload = bytes_of(world, "\0 and more", 10);
		if (i == 1)
			payload = bytes_of(world, "\1\1\0\0\0\1\0\0\0x", 10); /* not sealed */
		if (i == 2)
			payload = bytes_of(world, "\2", 1);
		if (i == 3)
			payload = bytes_of(world, "\3", 1);
		if (i == 4)
			payload = sealed(world, 1, LIAR - 1, ec_keep(list)); /* another's label */
		if (i == 5)
			payload = sealed(world, 2, LIAR, ec_keep(list)); /* another epoch's */
		ec_drop(list);
		assert_int_equal(liars(world, payload), 0);
		assert_null(end(world));
	}
}

/* Every bit of what is sealed, turned: it opens to nothing, or cannot be opened at all. */
static void seals_that_are_broken_hold_nothing(void **state)
{
	static const size_t one[] = {6, SIZE_MAX};
	(void)state;
	for (size_t byte = 1; byte < 1 + EC_SEALED_SIZE + 20; byte += 7) {
		struct world *world = begin(0);
		struct ec_bytes payload = sealed(world, 1, LIAR, list_of(world, 1, one, 0));
		ec_writable(payload)[byte] ^= 4;
		assert_int_equal(liars(world, payload), 0);
		assert_null(end(world));
	}
	struct world *world = begin(BUG_BAD_SEAL);
	struct ec_bytes payload = sealed(world, 1, LIAR, list_of(world, 1, one, 0));
	ec_writable(payload)[40] ^= 4;
	honeybadger_propose(world, LIAR, 1, payload);
	const char *violation = end(world);
	assert_non_null(violation);
	assert_true(strncmp(violation, "liveness", 8) == 0);
}

/* The liar proposes the sealed proposal of another as its own. */
static const char *copies(uint32_t bug)
{
	struct world *world = begin(bug);
	honeybadger_batch(world, 0, "secret bid");
	world_submit(world);
	world_wake(world, 0);
	const struct kept *kept = hb_kept(honeybadger_of(world, 0), 1);
	assert_true(kept && kept->proposed);
	honeybadger_propose(world, LIAR, 1,
	                    ec_pool_copy(world->pool, kept->payload.data, kept->payload.size));
	return end(world);
}

static void nobody_proposes_what_another_sealed(void **state)
{
	(void)state;
	assert_null(copies(0));
	const char *violation = copies(BUG_LABEL);
	assert_non_null(violation);
	assert_true(strncmp(violation, "validity", 8) == 0);
}

static const char *inconsistent(uint32_t bug)
{
	struct world *world = begin(bug);
	struct ec_bytes payload[2], val[N];
	static const uint32_t which[N] = {0, 1, 0, 1};
	static const size_t one[] = {6, SIZE_MAX};
	world->mute_unknown = true;
	for (int i = 0; i < 2; i++)
		payload[i] = sealed(world, 1, LIAR, list_of(world, 1, one, 0));
	ec_writable(payload[1])[payload[1].size - 1] ^= 1;
	rbc_world_bodies(hb_group_of(&world->member[0].config), payload, which, world->pool, val);
	struct message message = {.kind = VAL, .epoch = 1};
	for (ec_node to = 0; to < N; to++)
		honeybadger_forge(world, LIAR, to, &message, ec_keep(val[to]));
	/* It echoes to some, so that they decode from other shards than the rest. */
	message = (struct message){.kind = ECHO, .epoch = 1, .instance = LIAR};
	honeybadger_forge(world, LIAR, 1, &message, ec_keep(val[LIAR]));
	world_deliver(world, LIAR, 1);
	world_deliver(world, LIAR, 1);
	world_wake(world, 1);
	for (ec_node to = 0; to < N; to++)
		ec_drop(val[to]);
	ec_drop(payload[0]);
	ec_drop(payload[1]);
	return end(world);
}

static void a_codeword_of_nothing_is_nothing_to_all(void **state)
{
	(void)state;
	assert_null(inconsistent(0));
}

/* Shares that are none, before the good ones come. */
static void shares_that_are_none_are_passed_over(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 2; round++) {
		struct world *world = world_new(
			&honeybadger_world,
			(struct world_options){
				.n = N,
				.interval = 4,
				.options =
					&(struct honeybadger_options){.coins = HONEYBADGER_THROWN},
				.keys = WORLD_CHEAP_KEYS});
		world_corrupt(world, LIAR);
		uint8_t bytes[2048];
		struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
		for (uint32_t i = 0; i < N; i++) {
			struct item item = {.kind = ITEM_OPEN, .instance = i};
			memset(item.share.b, (int)i + 1, sizeof item.share.b);
			hb_item_write(&writer, &item);
			item.kind = ITEM_COIN;
			hb_item_write(&writer, &item);
		}
		struct message message = {.kind = VOTES, .epoch = 1};
		for (ec_node to = 0; to < N; to++)
			honeybadger_forge(world, LIAR, to, &message,
			                  ec_pool_copy(world->pool, bytes, writer.size));
		for (ec_node to = 0; to < LIAR; to++)
			world_deliver(world, LIAR, to);
		assert_int_equal(world->refused, 0);
		assert_null(end(world));
	}
}

/* A payload to some, another to the others. */
static void two_faces_are_one_proposal_or_none(void **state)
{
	(void)state;
	for (uint32_t mask = 0; mask < 8; mask++) {
		struct world *world = begin(0);
		struct ec_bytes val[2][N];
		static const size_t one[] = {6, SIZE_MAX}, other[] = {7, SIZE_MAX};
		world->mute_unknown = true;
		for (int i = 0; i < 2; i++) {
			struct ec_bytes payload =
				sealed(world, 1, LIAR, list_of(world, 1, i ? one : other, 0));
			rbc_encode(hb_group_of(&world->member[0].config), payload, world->pool,
			           val[i]);
			ec_drop(payload);
		}
		struct message val_is = {.kind = VAL, .epoch = 1};
		struct message echo_is = {.kind = ECHO, .epoch = 1, .instance = LIAR};
		for (ec_node to = 0; to < N; to++) {
			honeybadger_forge(world, LIAR, to, &val_is,
			                  ec_keep(val[mask >> to & 1][to]));
			honeybadger_forge(world, LIAR, to, &echo_is,
			                  ec_keep(val[mask >> to & 1][LIAR]));
		}
		for (int i = 0; i < 2; i++)
			for (ec_node to = 0; to < N; to++)
				ec_drop(val[i][to]);
		world_settle(world);
		assert_null(end(world));
	}
}

/* A state that one member alone claims, who also says that nothing else helps. */
static const char *claims_alone(uint32_t bug)
{
	struct world *world = begin(bug);
	struct message claim = {
		.kind = CLAIM, .epoch = 90, .seq = 400, .first = 399, .digest = {.b = {1}}};
	struct message at = {.kind = AT, .epoch = 100, .oldest = 95};
	honeybadger_forge(world, LIAR, 1, &claim, EC_NO_BYTES);
	honeybadger_forge(world, LIAR, 1, &at, EC_NO_BYTES);
	world_settle(world);
	return end(world);
}

static void one_claim_brings_nobody_anywhere(void **state)
{
	(void)state;
	assert_null(claims_alone(0));
	const char *violation = claims_alone(BUG_ONE_CLAIM);
	assert_non_null(violation);
	assert_true(strncmp(violation, "claims", 6) == 0);
}

/* It proposes in every epoch, and says that it stands elsewhere all the time. */
static void a_restless_liar_costs_no_more_than_epochs(void **state)
{
	(void)state;
	struct world *world = begin(0);
	for (uint64_t epoch = 1; epoch <= 20; epoch++) {
		struct message at = {.kind = AT, .epoch = epoch, .oldest = 1};
		honeybadger_propose(world, LIAR, epoch, bytes_of(world, "", 1));
		for (uint32_t i = 0; i < 200; i++) {
			at.ask = epoch << 8 | i; /* as if its link was new */
			honeybadger_forge(world, LIAR, i % LIAR, &at, EC_NO_BYTES);
			world_settle(world);
		}
	}
	for (ec_node node = 0; node < LIAR; node++)
		assert_int_equal(world->member[node].applied, 20);
	/* Of what it asks to be said again little is said: all of it would be 3 MB. */
	assert_true(world->bytes < 700000);
	assert_null(end(world));
}

static void planted_bugs_are_found_by_properties(void **state)
{
	static const struct {
		uint32_t bug;
		const char *property;
	} planted_bugs[] = {{BUG_EARLY_OPENING, "secrecy"},
	                    {BUG_COIN_NAME, "coin"},
	                    {BUG_ARRIVAL_ORDER, "agreement"}};
	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int on = 0; on < 2; on++) {
			struct world *world = world_new(
				&honeybadger_world,
				(struct world_options){.n = N,
			                               .bug = on ? planted_bugs[i].bug : 0,
			                               .options =
			                                       &(struct honeybadger_options){
								       .coins = HONEYBADGER_THROWN},
			                               .keys = WORLD_CHEAP_KEYS});
			for (ec_node node = 0; node < N; node++)
				honeybadger_batch(world, node,
				                  (const char *[]){"a", "b", "c", "d"}[node]);
			world_finish(world, 2000);
			const char *violation = world_free(world);
			assert_true((violation != NULL) == on);
			if (on)
				assert_true(strncmp(violation, planted_bugs[i].property,
				                    strlen(planted_bugs[i].property)) == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_are_none_hold_nothing),
		cmocka_unit_test(payloads_that_are_none_hold_nothing),
		cmocka_unit_test(seals_that_are_broken_hold_nothing),
		cmocka_unit_test(nobody_proposes_what_another_sealed),
		cmocka_unit_test(a_codeword_of_nothing_is_nothing_to_all),
		cmocka_unit_test(shares_that_are_none_are_passed_over),
		cmocka_unit_test(two_faces_are_one_proposal_or_none),
		cmocka_unit_test(one_claim_brings_nobody_anywhere),
		cmocka_unit_test(a_restless_liar_costs_no_more_than_epochs),
		cmocka_unit_test(planted_bugs_are_found_by_properties),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
