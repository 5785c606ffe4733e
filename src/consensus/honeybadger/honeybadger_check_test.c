/* honeybadger_check_test.c - the door: options, rosters, and what may come to a step. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_world.h"

/* ---- options and rosters ---- */

static void options_are_read_or_refused(void **state)
{
	(void)state;
	struct honeybadger_options options;
	uint8_t bytes[HONEYBADGER_OPTIONS_SIZE + 1] = {0};
	static const struct {
		uint32_t interval, batch, proposal;
		uint8_t coins;
		const char *wrong;
	} forms[] = {
		{0, 0, 0, 0, NULL},
		{256, 1 << 20, 1 << 22, 1, NULL},
		{257, 0, 0, 0, "interval"},
		{0, (1 << 20) + 1, 0, 0, "batch"},
		{0, 0, (1 << 22) + 1, 0, "proposal"},
		{0, 0, 0, 2, "coins"},
	};
	assert_null(ec_honeybadger.options_read(EC_NO_BYTES, 5, &options));
	assert_int_equal(options.interval, 0);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
		ec_write_u32(&writer, forms[i].interval);
		ec_write_u32(&writer, forms[i].batch);
		ec_write_u32(&writer, forms[i].proposal);
		ec_write_u8(&writer, forms[i].coins);
		struct ec_bytes encoded = {.data = bytes, .size = writer.size};
		const char *wrong = ec_honeybadger.options_read(encoded, 0, &options);
		assert_true((wrong == NULL) == (forms[i].wrong == NULL));
		if (wrong)
			assert_non_null(strstr(wrong, forms[i].wrong));
		assert_int_equal(options.interval, forms[i].interval);
	}
	for (size_t size = 1; size <= sizeof bytes; size++) {
		struct ec_bytes encoded = {.data = bytes, .size = size};
		const char *wrong = ec_honeybadger.options_read(encoded, 0, &options);
		if (size != HONEYBADGER_OPTIONS_SIZE)
			assert_non_null(wrong);
	}
}

static void rosters_that_cannot_be_served_are_refused(void **state)
{
	(void)state;
	static struct ec_roster_member seats[65];
	struct ec_roster roster = {.n = 4, .member = seats};
	struct ec_shared_keys keys = {.coin = {.n = 4, .needed = 2}, .seal = {.n = 4, .needed = 2}};
	struct ec_config config = {.roster = &roster};
	assert_non_null(ec_honeybadger.misfit(&config)); /* no voter */
	for (int i = 0; i < 65; i++)
		seats[i] = (struct ec_roster_member){.weight = 1, .roles = EC_VOTER};
	assert_null(ec_honeybadger.misfit(&config));
	struct ec_terms terms = ec_honeybadger.terms(&config);
	assert_int_equal(terms.interval, HONEYBADGER_INTERVAL);
	assert_int_equal(terms.batch_bytes_max, HONEYBADGER_BATCH_BYTES);
	assert_int_equal(terms.timeout_ns, 0);
	config.keys = &keys;
	keys.coin.commitment[0][0] = 1;
	assert_null(ec_honeybadger.misfit(&config));
	keys.seal.commitment[0][0] = 1; /* one key for both */
	assert_non_null(ec_honeybadger.misfit(&config));
	keys.seal.commitment[0][0] = 2;
	keys.seal.needed = 3;
	assert_non_null(ec_honeybadger.misfit(&config));
	keys.seal.needed = 2;
	roster.n = 7; /* keys of four */
	assert_non_null(ec_honeybadger.misfit(&config));
	config.keys = NULL;
	roster.n = 65;
	assert_non_null(ec_honeybadger.misfit(&config));
	roster.n = 0;
	assert_non_null(ec_honeybadger.misfit(&config));
}

/* ---- messages ---- */

enum { N = 5, VOTERS = 4, SELF = 1, LEARNER = 4 };

struct door {
	struct world *world;
	struct ec_bytes val[VOTERS];
};

static struct door door_new(int keys)
{
	struct door door = {
		.world = world_new(&honeybadger_world,
	                           (struct world_options){
					   .n = N, .voters = VOTERS, .interval = 4, .keys = keys})};
	struct rbc_group group = hb_group_of(&door.world->member[SELF].config);
	struct ec_bytes payload = ec_pool_copy(door.world->pool, "\0", 1);
	rbc_encode(group, payload, door.world->pool, door.val);
	ec_drop(payload);
	return door;
}

static void door_free(struct door *door)
{
	for (int i = 0; i < VOTERS; i++)
		ec_drop(door->val[i]);
	assert_null(world_free(door->world));
}

static bool passes_head(struct door *door, ec_node from, struct ec_bytes head, struct ec_bytes body)
{
	char line[128];
	struct ec_text text = ec_text_over(line, sizeof line);
	struct ec_input in = {.kind = EC_RECV, .from = from, .head = head, .body = body};
	ec_honeybadger.show_head(head, &text);
	assert_true(text.size > 0);
	return ec_honeybadger.check(&door->world->member[SELF].config, &in);
}

static bool passes(struct door *door, ec_node from, const struct message *m, struct ec_bytes body)
{
	struct ec_bytes head = hb_message_write(door->world->pool, m);
	bool good = passes_head(door, from, head, body);
	/* Of a head every byte is needed, and none may follow. */
	uint8_t longer[HEAD_SIZE_MAX + 1] = {0};
	memcpy(longer, head.data, head.size);
	for (size_t size = 0; size <= head.size + 1; size++)
		if (size != head.size)
			assert_false(passes_head(
				door, from, (struct ec_bytes){.data = longer, .size = size}, body));
	ec_drop(head);
	return good;
}

static void shards_are_for_their_owners(void **state)
{
	(void)state;
	struct door door = door_new(WORLD_NO_KEYS);
	struct message val = {.kind = VAL, .epoch = 1}, echo = {.kind = ECHO, .epoch = 1};
	assert_true(passes(&door, 0, &val, door.val[SELF]));
	assert_false(passes(&door, 0, &val, door.val[2]));          /* another's */
	assert_false(passes(&door, LEARNER, &val, door.val[SELF])); /* of no voter */
	assert_false(passes(&door, N, &val, door.val[SELF]));       /* of nobody */
	assert_false(passes(&door, 0, &val, EC_NO_BYTES));
	echo.instance = 3;
	assert_true(passes(&door, 2, &echo, door.val[2]));
	assert_false(passes(&door, 2, &echo, door.val[3]));
	echo.instance = VOTERS;
	assert_false(passes(&door, 2, &echo, door.val[2]));
	for (enum kind kind = SAVED_PROPOSAL; kind < KINDS; kind++) {
		struct message saved = {.kind = kind, .epoch = 1, .seq = 4};
		assert_false(passes(&door, 0, &saved, door.val[SELF]));
	}
	door_free(&door);
}

static bool bundle_passes(struct door *door, const struct item *item)
{
	uint8_t bytes[2 * ITEM_SIZE_MAX];
	struct ec_writer writer = ec_writer_over(bytes, sizeof bytes);
	struct message votes = {.kind = VOTES, .epoch = 7};
	hb_item_write(&writer, &(struct item){.kind = ITEM_READY, .instance = 1});
	hb_item_write(&writer, item);
	struct ec_bytes body = {.data = bytes, .size = writer.size};
	bool good = passes(door, 2, &votes, body);
	assert_false(passes(door, LEARNER, &votes, body));
	body.size--;
	assert_false(passes(door, 2, &votes, body));
	return good;
}

static void bundles_hold_what_a_voter_may_say(void **state)
{
	(void)state;
	for (int keys = WORLD_NO_KEYS; keys <= WORLD_CHEAP_KEYS; keys++) {
		struct door door = door_new(keys);
		struct item item = {.kind = ITEM_READY, .instance = VOTERS - 1};
		assert_true(bundle_passes(&door, &item));
		item.instance = VOTERS;
		assert_false(bundle_passes(&door, &item));
		item = (struct item){.kind = ITEM_VOTE, .vote = ABA_AUX, .value = ABA_ONE};
		assert_true(bundle_passes(&door, &item));
		item.value = ABA_BOTH;
		assert_false(bundle_passes(&door, &item));
		item.value = 0;
		assert_false(bundle_passes(&door, &item));
		item = (struct item){.kind = ITEM_VOTE, .vote = ABA_SHARE};
		assert_false(bundle_passes(&door, &item)); /* it comes with its share */
		item.vote = ABA_KINDS;
		assert_false(bundle_passes(&door, &item));
		item = (struct item){.kind = ITEM_VOTE, .vote = ABA_BVAL, .value = ABA_ONE};
		item.round = ABA_ROUNDS_SCHEDULED;
		assert_false(bundle_passes(&door, &item));
		item = (struct item){.kind = ITEM_COIN, .round = 2};
		assert_true(bundle_passes(&door, &item) == (keys != WORLD_NO_KEYS));
		item.round = 1; /* its coin is fixed */
		assert_false(bundle_passes(&door, &item));
		item = (struct item){.kind = ITEM_OPEN};
		assert_true(bundle_passes(&door, &item) == (keys != WORLD_NO_KEYS));
		struct message votes = {.kind = VOTES, .epoch = 7};
		assert_false(passes(&door, 2, &votes, EC_NO_BYTES));
		static const uint8_t unknown[] = {ITEM_OPEN + 1, 0, 0, 0};
		assert_false(passes(&door, 2, &votes,
		                    (struct ec_bytes){.data = unknown, .size = sizeof unknown}));
		door_free(&door);
	}
}

static void places_and_claims_make_sense(void **state)
{
	(void)state;
	struct door door = door_new(WORLD_NO_KEYS);
	struct message at = {.kind = AT, .epoch = 9, .oldest = 3};
	assert_true(passes(&door, LEARNER, &at, EC_NO_BYTES));
	assert_false(passes(&door, 0, &at, door.val[0]));
	at.oldest = 10;
	assert_false(passes(&door, 0, &at, EC_NO_BYTES));
	at.oldest = 0;
	assert_false(passes(&door, 0, &at, EC_NO_BYTES));
	at = (struct message){.kind = AT, .epoch = NUMBER_MAX + 1, .oldest = 1};
	assert_false(passes(&door, 0, &at, EC_NO_BYTES));
	static const struct {
		uint64_t epoch;
		ec_seq seq, first;
		bool good;
	} claims[] =
		{
			{1, 4, 0, true},  {4, 4, 3, true},
			{5, 4, 3, false}, /* more epochs than positions */
			{1, 5, 0, false}, {1, 0, 0, false},
			{1, 4, 4, false}, {1, NUMBER_MAX + 4, 0, false},
		};
	for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		struct message claim = {.kind = CLAIM,
		                        .epoch = claims[i].epoch,
		                        .seq = claims[i].seq,
		                        .first = claims[i].first};
		assert_true(passes(&door, 0, &claim, EC_NO_BYTES) == claims[i].good);
		assert_false(passes(&door, LEARNER, &claim, EC_NO_BYTES));
		assert_false(passes(&door, 0, &claim, door.val[0]));
	}
	door_free(&door);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read_or_refused),
		cmocka_unit_test(rosters_that_cannot_be_served_are_refused),
		cmocka_unit_test(shards_are_for_their_owners),
		cmocka_unit_test(bundles_hold_what_a_voter_may_say),
		cmocka_unit_test(places_and_claims_make_sense),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
