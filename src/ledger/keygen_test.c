/* keygen_test.c - a group makes the keys of its next era itself, and votes for no others. */
#include "ledger/keygen.h"

#include "base/prng.h"
#include "base/test.h"
#include "crypto/ristretto.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"

#define GROUP    (&ec_ristretto255)
#define MS       UINT64_C(1000000)
#define PHASE_NS (1000 * MS)

enum { MEMBERS = 4 };

struct town {
	struct day day;
	uint64_t sequence[MEMBERS + 4];
	uint8_t seed[MEMBERS][32];
	struct ec_keygen keygen;
	struct ec_dkg_deals deals;
};

static unsigned say_as(struct town *town, const struct ec_secret *author, uint64_t sequence,
                       const uint8_t *payload, size_t size)
{
	ec_hash id;
	struct ec_batch_item item =
		world_envelope_by(&town->day.world, author, 0, sequence, payload, size, &id);
	day_deliver(&town->day, (uint32_t)(sequence % MEMBERS), true, &item, 1);
	return day_code(&town->day, &id);
}

static unsigned say(struct town *town, uint32_t member, const uint8_t *payload, size_t size)
{
	return say_as(town, &town->day.world.identity[member], ++town->sequence[member], payload,
	              size);
}

static bool look(struct town *town, uint32_t opener)
{
	return ec_keygen_find(town->day.ledger, ec_ledger_membership(town->day.ledger)->era + 1,
	                      town->day.world.identity[opener].key, &town->keygen, &town->deals);
}

static unsigned open_by(struct town *town, uint32_t opener, uint32_t members)
{
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	struct ec_membership *membership = world_membership(members, 2);
	size_t size = ec_keygen_open(membership, PHASE_NS, payload);
	ec_membership_free(membership);
	return say(town, opener, payload, size);
}

static struct town town_begin(void)
{
	struct town town = {.day = day_begin(0, NULL)};
	for (uint32_t i = 0; i < MEMBERS; i++)
		memset(town.seed[i], (int)i + 1, sizeof town.seed[i]);
	assert_int_equal(open_by(&town, 0, MEMBERS), EC_RESULT_DONE);
	assert_true(look(&town, 0));
	return town;
}

/* What a member has to say next.  Returns: its size; 0: nothing. */
static size_t next_of(struct town *town, uint32_t member, uint8_t *payload)
{
	assert_true(look(town, 0));
	return ec_keygen_next(GROUP, &town->keygen, &town->deals, member, town->seed[member],
	                      ec_ledger_at(town->day.ledger).time_ns, payload);
}

/* Every member says its word of the phase. */
static void all_speak(struct town *town)
{
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	for (uint32_t i = 0; i < MEMBERS; i++) {
		size_t size = next_of(town, i, payload);
		assert_true(size > 0);
		assert_int_equal(say(town, i, payload, size), EC_RESULT_DONE);
		bool last = i == MEMBERS - 1;
		size = next_of(town, i, payload);
		assert_true(last || size == 0); /* it has said it */
	}
}

static void finish(struct town *town)
{
	assert_true(look(town, 0));
	while (town->keygen.dkg.phase < EC_DKG_DONE) {
		all_speak(town);
		look(town, 0);
	}
}

/* The roster of the next era with these keys; its owner frees it. */
static struct ec_membership *roster_with(const struct town *town)
{
	struct ec_membership *membership = world_membership(MEMBERS, 2);
	memcpy(membership->keys, town->keygen.keys, town->keygen.keys_size);
	membership->keys_size = town->keygen.keys_size;
	return membership;
}

static unsigned vote(struct town *town, uint32_t member, struct ec_membership *membership)
{
	uint8_t payload[4096];
	size_t size = world_vote_for(membership, payload, sizeof payload);
	return say(town, member, payload, size);
}

/* Members first and first + 1 throw a coin with what the ledger gives them. */
static ec_hash coin_of(struct town *town, const struct ec_membership *membership, uint32_t first)
{
	const struct ec_threshold_crypto *crypto = &ec_threshold_ristretto255;
	const struct ec_bytes name = {(const uint8_t *)"name", 4, NULL};
	struct ec_threshold_key key = {.n = membership->n,
	                               .needed = (uint32_t)membership->keys_size / 64};
	struct ec_threshold_share share[2];
	const uint32_t from[] = {first, first + 1};
	const uint8_t random[32] = {1};
	assert_int_equal(key.needed, 2);
	memcpy(key.commitment, membership->keys, membership->keys_size / 2);
	assert_true(crypto->expand(crypto->group, &key));
	for (uint32_t i = 0; i < 2; i++) {
		struct ec_threshold_secret coin, seal;
		assert_true(ec_keygen_shares(town->day.ledger, GROUP, membership, from[i],
		                             town->seed[from[i]], &coin, &seal));
		crypto->coin_share(crypto->group, &key, from[i], &coin, name, random, &share[i]);
		assert_true(crypto->coin_share_good(crypto->group, &key, from[i], name, &share[i]));
	}
	return crypto->coin_combine(crypto->group, &key, from, share, name);
}

static void a_group_makes_its_keys_and_goes_over_to_them(void **state)
{
	(void)state;
	struct town town = town_begin();
	finish(&town);
	assert_int_equal(town.keygen.dkg.phase, EC_DKG_DONE);
	assert_int_equal(town.keygen.keys_size, 4 * EC_POINT_SIZE);
	struct ec_membership *membership = roster_with(&town);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(vote(&town, i, membership), EC_RESULT_DONE);
	assert_true(ec_ledger_at(town.day.ledger).era_over);
	ec_hash before = coin_of(&town, membership, 0);
	ec_ledger_era_begin(town.day.ledger);
	/* In the new era, after a restart, from disk and seed alone. */
	day_note_deliver(&town.day, 0, 0, 1, NULL);
	assert_true(ec_ledger_persist(town.day.ledger, UINT64_MAX, NULL, 0));
	ec_ledger_close(town.day.ledger);
	day_open(&town.day);
	assert_int_equal(ec_ledger_membership(town.day.ledger)->era, 2);
	ec_hash after = coin_of(&town, ec_ledger_membership(town.day.ledger), 2);
	assert_true(ec_hash_equal(&before, &after));
	struct ec_threshold_secret coin, seal;
	assert_false(ec_keygen_shares(town.day.ledger, GROUP, membership, 1, town.seed[2], &coin,
	                              &seal));
	ec_membership_free(membership);
	day_end(&town.day);
}

static void other_keys_are_not_voted_for(void **state)
{
	(void)state;
	struct town town = town_begin();
	struct ec_membership *membership = world_membership(MEMBERS, 2);
	membership->keys_size = 4 * EC_POINT_SIZE;
	memset(membership->keys, 9, membership->keys_size);
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_RULE); /* there are none yet */
	ec_membership_free(membership);
	finish(&town);
	membership = roster_with(&town);
	membership->keys[70] ^= 1;
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_RULE);
	membership->keys[70] ^= 1;
	struct ec_seat seat = membership->seat[1];
	membership->seat[1] = membership->seat[2];
	membership->seat[2] = seat;
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_RULE); /* not in these places */
	membership->seat[2] = membership->seat[1];
	membership->seat[1] = seat;
	membership->seat[3].roles = 0;
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_RULE); /* fewer would be needed */
	membership->seat[3].roles = EC_VOTER | EC_LEADER;
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_DONE);
	ec_membership_free(membership);
	membership = world_membership(MEMBERS, 2); /* none is always an answer */
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_DONE);
	ec_membership_free(membership);
	day_end(&town.day);
}

/* They guard against members that lie, so an era that stands none has no use for them, and says so:
 * the keys are a finished generation's. */
static void keys_are_not_voted_for_where_no_member_lies(void **state)
{
	(void)state;
	static const char reason[] = "its members share no keys";
	struct town town = town_begin();
	finish(&town);
	struct ec_membership *membership = roster_with(&town);
	struct ec_bytes detail;
	uint8_t payload[4096];
	ec_hash id;
	snprintf(membership->protocol, EC_TEXT_MAX, "raft");
	size_t size = world_vote_for(membership, payload, sizeof payload);
	struct ec_batch_item item = world_envelope_by(&town.day.world, &town.day.world.identity[0],
	                                              5, 1, payload, size, &id);
	day_deliver(&town.day, 0, true, &item, 1);
	unsigned code;
	assert_int_equal(ec_ledger_result(town.day.ledger, &id, &code, NULL, NULL), EC_FOUND);
	assert_int_equal(code, EC_RESULT_RULE);
	struct ec_bytes proof;
	day_certify(&town.day, ec_ledger_at(town.day.ledger).seq, 3);
	assert_int_equal(ec_ledger_receipt(town.day.ledger, &id, &proof), EC_FOUND);
	struct ec_proof_report report;
	ec_proof_judge(town.day.world.genesis, NULL, &ec_crypto_ed25519, proof, &report);
	detail = report.result_detail;
	assert_non_null(memmem(detail.data, detail.size, reason, sizeof reason - 1));
	ec_proof_report_end(&report);
	ec_drop(proof);
	struct ec_threshold_key coin;
	assert_non_null(
		strstr(ec_membership_keys(membership, &ec_threshold_ristretto255, &coin, NULL),
	               "stands no member that lies"));
	membership->keys_size = 0;
	assert_int_equal(vote(&town, 0, membership), EC_RESULT_DONE);
	ec_membership_free(membership);
	day_end(&town.day);
}

/* Whoever opened it opens another between votes and decision, in one batch. */
static void keys_that_went_away_decide_nothing(void **state)
{
	(void)state;
	struct town town = town_begin();
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	struct ec_batch_item item[2];
	ec_hash id[2];
	finish(&town);
	struct ec_membership *membership = roster_with(&town);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(vote(&town, i, membership), EC_RESULT_DONE);
	const struct ec_secret *identity = town.day.world.identity;
	size_t size = world_vote_for(membership, payload, sizeof payload);
	item[0] = world_envelope_by(&town.day.world, &identity[2], 0, ++town.sequence[2], payload,
	                            size, &id[0]);
	size = ec_keygen_open(membership, PHASE_NS, payload);
	item[1] = world_envelope_by(&town.day.world, &identity[0], 0, ++town.sequence[0], payload,
	                            size, &id[1]);
	day_deliver(&town.day, 0, true, item, 2);
	assert_int_equal(day_code(&town.day, &id[0]), EC_RESULT_DONE);
	assert_int_equal(day_code(&town.day, &id[1]), EC_RESULT_DONE);
	assert_false(ec_ledger_at(town.day.ledger).era_over);
	ec_membership_free(membership);
	day_end(&town.day);
}

static void a_dealer_that_cheats_is_blamed_with_evidence(void **state)
{
	(void)state;
	struct town town = town_begin();
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX], name[2 + 8 + 32 + 1] = "k/";
	struct ec_bytes evidence;
	all_speak(&town);
	for (uint32_t i = 0; i < MEMBERS; i++) {
		size_t size = next_of(&town, i, payload);
		if (i == 1)
			payload[size - 1] ^= 1; /* of the box of member 3 */
		assert_int_equal(say(&town, i, payload, size), EC_RESULT_DONE);
	}
	all_speak(&town);
	assert_true(look(&town, 0));
	assert_int_equal(town.keygen.dkg.phase, EC_DKG_DONE);
	assert_false(ec_dkg_qualified(&town.keygen.dkg, 1));
	assert_int_equal(town.keygen.dkg.member[1].by, 3);
	name[9] = 2;
	memcpy(name + 10, town.keygen.opener, 32);
	name[42] = 64 + 3;
	assert_true(ec_ledger_get(town.day.ledger, name, sizeof name, &evidence));
	assert_int_equal(evidence.size, EC_DKG_COMPLAINT_SIZE);
	assert_int_equal(evidence.data[0], 1);
	name[42] = 64 + 2;
	assert_false(ec_ledger_get(town.day.ledger, name, sizeof name, &evidence));
	/* What stands there can be shown to others. */
	struct ec_bytes proof;
	day_certify(&town.day, ec_ledger_at(town.day.ledger).seq, 3);
	assert_int_equal(ec_ledger_state_proof(town.day.ledger, name, 42, &proof), EC_FOUND);
	ec_drop(proof);
	struct ec_membership *membership = roster_with(&town);
	coin_of(&town, membership, 0);
	ec_membership_free(membership);
	day_end(&town.day);
}

/* Batches of all members, until community time is at `until_ns`. */
static void time_passes(struct town *town, uint64_t until_ns)
{
	while (ec_ledger_at(town->day.ledger).time_ns < until_ns) {
		town->day.stamp_ns += PHASE_NS / 4;
		for (uint32_t i = 0; i < MEMBERS; i++)
			day_deliver(&town->day, i, true, NULL, 0);
	}
}

static void who_is_silent_holds_up_nobody(void **state)
{
	(void)state;
	struct town town = town_begin();
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	for (int phase = EC_DKG_ENROL; phase <= EC_DKG_JUDGE; phase++) {
		size_t size;
		for (uint32_t i = 0; i < 3; i++) {
			size = next_of(&town, i, payload);
			if (size) /* the last word of three may have ended the phase */
				assert_int_equal(say(&town, i, payload, size), EC_RESULT_DONE);
		}
		assert_true(look(&town, 0));
		if ((int)town.keygen.dkg.phase != phase)
			continue;
		assert_int_equal(next_of(&town, 1, payload), 0);
		assert_int_equal(ec_ledger_at(town.day.ledger).due_ns, town.keygen.end_ns);
		time_passes(&town, town.keygen.end_ns);
		assert_int_equal(ec_ledger_at(town.day.ledger).due_ns, UINT64_MAX); /* no more */
		size = next_of(&town, 1, payload); /* it says that time has come */
		assert_int_equal(say(&town, 1, payload, size), EC_RESULT_DONE);
		assert_true(look(&town, 0));
		assert_int_equal(town.keygen.dkg.phase, phase + 1);
		if (phase + 1 < EC_DKG_DONE) /* once; the next deadline is another */
			assert_int_equal(say(&town, 2, payload, size), EC_RESULT_RULE);
	}
	assert_int_equal(town.keygen.dkg.phase, EC_DKG_DONE);
	assert_int_equal(ec_ledger_at(town.day.ledger).due_ns, UINT64_MAX);
	assert_false(ec_dkg_qualified(&town.keygen.dkg, 3));
	struct ec_membership *membership = roster_with(&town);
	coin_of(&town, membership, 1);
	ec_membership_free(membership);
	day_end(&town.day);
}

static void a_word_after_its_deadline_is_late(void **state)
{
	(void)state;
	struct town town = town_begin();
	uint8_t late[EC_KEYGEN_PAYLOAD_MAX], payload[EC_KEYGEN_PAYLOAD_MAX];
	size_t late_size = next_of(&town, 3, late);
	for (uint32_t i = 0; i < 3; i++) {
		size_t size = next_of(&town, i, payload);
		assert_int_equal(say(&town, i, payload, size), EC_RESULT_DONE);
	}
	time_passes(&town, town.keygen.end_ns);
	assert_int_equal(say(&town, 3, late, late_size), EC_RESULT_RULE);
	assert_true(look(&town, 0));
	assert_int_equal(town.keygen.dkg.phase, EC_DKG_ENROL); /* refused: nothing changed */
	day_end(&town.day);
}

static void strangers_and_nonsense_are_refused(void **state)
{
	(void)state;
	struct town town = town_begin();
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	struct ec_membership *membership = world_membership(5, 2);
	size_t size = ec_keygen_open(membership, PHASE_NS, payload);
	assert_int_equal(say_as(&town, &town.day.world.author[0], 1, payload, size),
	                 EC_RESULT_FORBIDDEN);
	uint8_t *seats = payload + size - 5 * 33;
	for (size_t seats_size = 0; seats_size < 5 * 33; seats_size += 41) {
		uint8_t other[EC_KEYGEN_PAYLOAD_MAX];
		struct ec_cbor_writer writer = ec_cbor_writer_over(other, sizeof other);
		ec_cbor_write_array(&writer, 4);
		ec_cbor_write_uint(&writer, 8);
		ec_cbor_write_uint(&writer, 0);
		ec_cbor_write_uint(&writer, PHASE_NS);
		ec_cbor_write_bytes(&writer, seats, seats_size);
		assert_int_equal(say(&town, 1, other, writer.out.size), EC_RESULT_MALFORMED);
	}
	payload[size - 1] = 2; /* neither a voter nor none */
	assert_int_equal(say(&town, 1, payload, size), EC_RESULT_MALFORMED);
	membership->seat[4] = membership->seat[0];
	size = ec_keygen_open(membership, PHASE_NS, payload);
	assert_int_equal(say(&town, 1, payload, size), EC_RESULT_MALFORMED);
	for (uint32_t i = 0; i < 5; i++)
		membership->seat[i].roles = 0;
	size = ec_keygen_open(membership, PHASE_NS, payload);
	assert_int_equal(say(&town, 1, payload, size), EC_RESULT_MALFORMED);
	size = ec_keygen_open(membership, 0, payload);
	assert_int_equal(say(&town, 1, payload, size), EC_RESULT_MALFORMED);
	ec_membership_free(membership);

	size = next_of(&town, 2, payload);
	assert_int_equal(say_as(&town, &town.day.world.author[0], 2, payload, size),
	                 EC_RESULT_FORBIDDEN);
	size_t id_at = size - EC_DKG_ENROL_SIZE - 2 - 32;
	payload[id_at] ^= 1;
	assert_int_equal(say(&town, 2, payload, size), EC_RESULT_RULE); /* no such one */
	payload[id_at] ^= 1;
	payload[size - 1] ^= 0x80;
	assert_int_equal(say(&town, 2, payload, size), EC_RESULT_RULE); /* no point */
	payload[size - 1] ^= 0x80;
	payload[2] = 5; /* no such step */
	assert_int_equal(say(&town, 2, payload, size), EC_RESULT_MALFORMED);
	payload[2] = 1;
	assert_int_equal(say(&town, 2, payload, size), EC_RESULT_DONE);
	assert_int_equal(say(&town, 2, payload, size), EC_RESULT_RULE); /* repeated */
	day_end(&town.day);
}

/* Payloads of another member with bytes changed, as far as they are CBOR, in every phase: whatever
 * they come to, the generation of the others goes on. */
static void any_payload_ends_with_a_result(void **state)
{
	(void)state;
	struct town town = town_begin();
	struct ec_prng prng;
	uint32_t tried = 0;
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	ec_prng_seed(&prng, 5);
	while (look(&town, 0) && town.keygen.dkg.phase < EC_DKG_DONE) {
		for (uint32_t round = 0; round < 60; round++) {
			size_t size = next_of(&town, 3, payload);
			for (uint64_t k = 1 + ec_prng_below(&prng, 3); size && k; k--)
				payload[ec_prng_below(&prng, k == 1 ? 12 : size)] =
					(uint8_t)ec_prng_next(&prng);
			struct ec_cbor cbor = ec_cbor_over(payload, size);
			struct ec_cbor head = cbor;
			ec_cbor_skip(&cbor);
			if (!size || !ec_cbor_done(&cbor) || ec_cbor_array(&head, 99) == 0 ||
			    ec_cbor_uint(&head, UINT64_MAX) != 8 || head.error)
				continue;
			unsigned code = say(&town, 3, payload, size);
			assert_true(code == EC_RESULT_MALFORMED || code == EC_RESULT_RULE ||
			            code == EC_RESULT_DONE);
			tried++;
		}
		for (uint32_t i = 0; i < 12; i++) { /* until none of them has more to say */
			size_t size = next_of(&town, i % 3, payload);
			if (size)
				assert_int_equal(say(&town, i % 3, payload, size), EC_RESULT_DONE);
		}
		if (look(&town, 0) && town.keygen.dkg.phase < EC_DKG_DONE)
			time_passes(&town, town.keygen.end_ns);
	}
	assert_int_equal(town.keygen.dkg.phase, EC_DKG_DONE);
	assert_true(tried > 50);
	day_end(&town.day);
}

/* What a new one replaces, and what an era leaves behind, is gone from the state. */
static void nothing_stays_that_is_over(void **state)
{
	(void)state;
	struct town town = town_begin();
	struct ec_cursor cursor;
	struct ec_bytes value;
	uint32_t count = 0;
	finish(&town);
	assert_int_equal(open_by(&town, 1, 4), EC_RESULT_DONE);
	assert_int_equal(open_by(&town, 0, 3), EC_RESULT_DONE);
	ec_cursor_start(&cursor, "k/", 2);
	while (ec_ledger_next(town.day.ledger, &cursor, &value))
		count++;
	assert_int_equal(count, 2);
	struct ec_membership *membership = world_membership(MEMBERS, 2);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(vote(&town, i, membership), EC_RESULT_DONE);
	ec_membership_free(membership);
	assert_true(ec_ledger_at(town.day.ledger).era_over);
	ec_cursor_start(&cursor, "k/", 2);
	assert_false(ec_ledger_next(town.day.ledger, &cursor, &value));
	day_end(&town.day);
}

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_makes_its_keys_and_goes_over_to_them),
		cmocka_unit_test(other_keys_are_not_voted_for),
		cmocka_unit_test(keys_are_not_voted_for_where_no_member_lies),
		cmocka_unit_test(keys_that_went_away_decide_nothing),
		cmocka_unit_test(a_dealer_that_cheats_is_blamed_with_evidence),
		cmocka_unit_test(who_is_silent_holds_up_nobody),
		cmocka_unit_test(a_word_after_its_deadline_is_late),
		cmocka_unit_test(strangers_and_nonsense_are_refused),
		cmocka_unit_test(any_payload_ends_with_a_result),
		cmocka_unit_test(nothing_stays_that_is_over),
	};
	return cmocka_run_group_tests_name("keygen", tests, start, NULL);
}
