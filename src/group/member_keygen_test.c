/* member_keygen_test.c - the members of a group make the keys of its next era by themselves. */
#include "group/state.h"

#include "base/test.h"
#include "consensus/honeybadger/honeybadger.h"
#include "crypto/ristretto.h"
#include "group/cluster_net_fake.h"
#include "group/member_fake.h"
#include "group/veil_fake.h"
#include "ledger/keygen.h"
#include "ledger/proof.h"

static const struct ec_protocol *const all[] = {&ec_pbft, &veil, &ec_honeybadger, NULL};

#define PHASE_NS (5 * SECOND)

/* Four members of whom `up` are there, each with another era key for the next era, if `keys`. */
static struct cluster *group_of(uint64_t seed, uint32_t up, bool keys)
{
	return changing(
		&(struct cluster_plan){.seed = seed, .members = 4, .authors = 4, .protocols = all},
		up, keys);
}

static void open_for(struct cluster *c, uint32_t node, uint64_t phase_ns)
{
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	struct ec_membership *next = world_membership(4, 2);
	size_t size = ec_keygen_open(next, phase_ns, payload);
	ec_membership_free(next);
	assert_true(cluster_submit_own(c, node, 1, payload, size));
}

static void open_by(struct cluster *c, uint32_t node)
{
	open_for(c, node, PHASE_NS);
}

static void open_generation(struct cluster *c)
{
	open_by(c, 0);
}

static bool generation_of(struct cluster *c, uint32_t node, struct ec_keygen *keygen)
{
	const struct ec_secret identity = world_secret('i', 0);
	return ec_keygen_find(ec_member_ledger(cluster_node(c, node)->member), 2, identity.key,
	                      keygen, NULL);
}

static bool done(struct cluster *c, void *self)
{
	struct ec_keygen keygen;
	for (uint32_t i = 0; i < *(const uint32_t *)self; i++)
		if (!generation_of(c, i, &keygen) || keygen.dkg.phase != EC_DKG_DONE)
			return false;
	return true;
}

static bool era_is_two(struct cluster *c, void *self)
{
	for (uint32_t i = 0; i < *(const uint32_t *)self; i++)
		if (status_of(c, i).era != 2)
			return false;
	return true;
}

/* The roster of era 2 with the keys that were made. */
static void go_over(struct cluster *c, const char *protocol, uint32_t up)
{
	struct ec_keygen keygen;
	struct ec_membership *next = world_membership(4, 2);
	assert_true(generation_of(c, 0, &keygen));
	snprintf(next->protocol, sizeof next->protocol, "%s", protocol);
	memcpy(next->keys, keygen.keys, keygen.keys_size);
	next->keys_size = keygen.keys_size;
	vote_in(c, next, 10);
	ec_membership_free(next);
	assert_true(cluster_run(c, 5 * SECOND, era_is_two, &up));
}

/* A member's parts are what the share keys say. */
static void check_shares(struct cluster *c, uint32_t node)
{
	const struct reign *reign = &cluster_node(c, node)->member->now;
	uint8_t point[EC_POINT_SIZE];
	assert_non_null(reign->shares);
	assert_true(status_of(c, node).keyed && status_of(c, node).sharing);
	assert_non_null(reign->era->keys);
	ec_ristretto255.multiply_base(point, reign->shares->coin.scalar);
	assert_memory_equal(point, reign->era->keys->coin.share_key[node], sizeof point);
	ec_ristretto255.multiply_base(point, reign->shares->seal.scalar);
	assert_memory_equal(point, reign->era->keys->seal.share_key[node], sizeof point);
}

static bool beacons_told(struct cluster *c, void *self)
{
	for (uint32_t i = 0; i < 4; i++)
		if (cluster_node(c, i)->beacons < *(const uint32_t *)self)
			return false;
	return true;
}

/* Every member finds the beacon of a block, the same one, which the genesis alone proves. */
static ec_hash check_beacon(struct cluster *c, uint64_t seq, uint32_t times)
{
	struct ec_proof_report report;
	for (uint32_t i = 0; i < 4; i++)
		cluster_beacon(c, i, 1, seq);
	assert_true(cluster_run(c, SECOND, beacons_told, &times));
	for (uint32_t i = 0; i < 4; i++) {
		const struct cluster_beacon *told = &cluster_node(c, i)->beacon;
		struct ec_bytes proof = {.data = told->proof, .size = told->proof_size};
		assert_int_equal(told->code, EC_BEACON_DONE);
		ec_proof_judge(cluster_world(c)->genesis, NULL, &ec_crypto_ed25519, proof, &report);
		assert_int_equal(report.verdict, EC_VALID);
		assert_int_equal(report.block.era, 2);
		assert_true(ec_hash_equal(&report.beacon, &told->value));
		assert_true(ec_hash_equal(&report.beacon, &cluster_node(c, 0)->beacon.value));
		ec_proof_report_end(&report);
	}
	return report.beacon;
}

static void test_members_make_their_keys(void **state)
{
	(void)state;
	struct cluster *c = group_of(1, 4, true);
	uint32_t up = 4, count;
	open_generation(c);
	assert_true(cluster_run(c, PHASE_NS, done, &up)); /* no deadline was waited for */
	cluster_told(c, &count);
	assert_int_equal(count, 1); /* clients hear of their own envelopes only */
	go_over(c, "veil", 4);
	for (uint32_t i = 0; i < 4; i++)
		check_shares(c, i);
	settle(c, 4);
	uint64_t seq = status_of(c, 0).certified;
	ec_hash value = check_beacon(c, seq, 1);
	cluster_run(c, 31 * SECOND, NULL, NULL);
	cluster_crash(c, 1);
	cluster_start(c, 1);
	cluster_run(c, 200 * MS, NULL, NULL);
	check_shares(c, 1);
	ec_hash again = check_beacon(c, seq, 2);
	assert_true(ec_hash_equal(&again, &value));
	cluster_free(c);
}

/* The group is idle but for this: the deadlines bring ticks. */
static void test_one_that_is_down_holds_up_nobody(void **state)
{
	(void)state;
	struct cluster *c = group_of(2, 3, true);
	uint32_t up = 3;
	open_generation(c);
	assert_true(cluster_run(c, 4 * PHASE_NS, done, &up));
	go_over(c, "veil", 3);
	for (uint32_t i = 0; i < 3; i++)
		check_shares(c, i);
	cluster_start(c, 3);
	settle(c, 4);
	assert_int_equal(status_of(c, 3).era, 2);
	assert_null(cluster_node(c, 3)->member->now.shares); /* it takes part without */
	assert_true(status_of(c, 3).keyed);
	assert_false(status_of(c, 3).sharing);
	cluster_free(c);
}

/* From PBFT to HoneyBadger with keys that nobody dealt, and back. */
static void test_honeybadger_runs_on_keys_of_its_members(void **state)
{
	(void)state;
	struct cluster *c = group_of(3, 4, true);
	uint32_t up = 4, count;
	open_generation(c);
	assert_true(cluster_run(c, PHASE_NS, done, &up));
	go_over(c, "honeybadger", 4);
	count = told_count(c);
	for (uint32_t i = 0; i < 40; i++)
		count += cluster_submit(c, i % 4, 1000 + i);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	for (uint32_t i = 0; i < 4; i++) {
		check_shares(c, i);
		assert_string_equal(status_of(c, i).protocol, "honeybadger");
	}
	settle(c, 4);
	change_protocol(c, "pbft", 3, 2000);
	count = told_count(c) + 3;
	count += cluster_submit(c, 1, 3000);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	settle(c, 4);
	assert_int_equal(status_of(c, 0).era, 3);
	assert_null(cluster_node(c, 2)->member->now.shares);
	assert_false(status_of(c, 2).keyed);
	cluster_free(c);
}

/* Messages take longer than PBFT ever waits.  In one window of 2 s the keys are made, voted for,
 * and the era that uses them begins: it orders as messages arrive. */
static void test_one_window_of_synchrony_is_enough_for_keys(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct cluster *c = group_of(70 + seed, 4, true);
		uint32_t up = 4;
		cluster_delays(c, 10 * SECOND, 30 * SECOND);
		open_for(c, 0, 900 * SECOND);
		cluster_run(c, 600 * SECOND, NULL, NULL);
		assert_int_equal(told_count(c), 0);
		uint64_t begun = cluster_now(c);
		cluster_delays(c, MS / 10, MS);
		assert_true(cluster_run(c, 2 * SECOND, done, &up));
		go_over(c, "honeybadger", 4);
		assert_true(cluster_now(c) <= begun + 2 * SECOND);
		cluster_delays(c, 10 * SECOND, 30 * SECOND);
		uint32_t count = told_count(c);
		for (uint32_t i = 0; i < 12; i++) {
			count += cluster_submit(c, i % 4, 1000 + i);
			cluster_run(c, 7 * SECOND, NULL, NULL);
		}
		assert_true(cluster_run(c, 600 * SECOND, told_all, &count));
		for (uint32_t i = 0; i < 4; i++)
			check_shares(c, i);
		cluster_free(c);
	}
}

/* A crash of each member in turn, in the midst of it: what is missing is said again, and the same.
 */
static void test_words_survive_crashes(void **state)
{
	(void)state;
	for (uint32_t at = 1; at <= 13; at += 3) {
		struct cluster *c = group_of(30 + at, 4, true);
		uint32_t up = 4;
		for (uint32_t i = 0; i < 4; i++)
			cluster_node(c, i)->crash_at_append =
				cluster_node(c, i)->appends + at + 2 * i;
		open_generation(c);
		for (uint32_t round = 0; round < 60 && !done(c, &up); round++) {
			cluster_run(c, SECOND / 2, NULL, NULL);
			for (uint32_t i = 0; i < 4; i++)
				if (!cluster_node(c, i)->member)
					cluster_start(c, i);
			cluster_submit(c, round % 4, 100 + round);
			if (round % 10 == 9) { /* its envelope may have been lost with node 0 */
				struct ec_keygen keygen;
				if (!generation_of(c, 0, &keygen))
					open_generation(c);
			}
		}
		assert_true(done(c, &up));
		for (uint32_t i = 0; i < 4; i++)
			assert_true(cluster_node(c, i)->crashes > 0);
		settle(c, 4);
		cluster_free(c);
	}
}

/* A roster that keeps the era keys: they are what the parts follow from. */
static void test_era_keys_may_stay(void **state)
{
	(void)state;
	struct cluster *c = group_of(4, 4, false);
	struct ec_keygen keygen;
	uint32_t up = 4;
	open_generation(c);
	assert_true(cluster_run(c, PHASE_NS, done, &up));
	assert_true(generation_of(c, 0, &keygen));
	struct ec_membership *next = world_membership(4, 2), *now = world_membership(4, 1);
	memcpy(next->seat, now->seat, 4 * sizeof *next->seat);
	memcpy(next->keys, keygen.keys, keygen.keys_size);
	next->keys_size = keygen.keys_size;
	for (uint32_t i = 0; i < 3; i++)
		cluster_vote(c, next, i, 10 + i);
	ec_membership_free(now);
	ec_membership_free(next);
	assert_true(cluster_run(c, 5 * SECOND, era_is_two, &up));
	for (uint32_t i = 0; i < 4; i++)
		check_shares(c, i);
	cluster_free(c);
}

/* The member whose generation comes first, or last, in the state. */
static uint32_t ends_of_state(bool last)
{
	uint32_t best = 0;
	for (uint32_t i = 1; i < 4; i++) {
		const struct ec_secret a = world_secret('i', i), b = world_secret('i', best);
		if ((memcmp(a.key, b.key, sizeof a.key) > 0) == last)
			best = i;
	}
	return best;
}

/* A voter that opens another generation as soon as its last one stands has a right to a word for
 * each, and still keeps nobody from the words of another's. */
static void test_one_who_opens_all_the_time_holds_up_nobody(void **state)
{
	(void)state;
	for (uint32_t last = 0; last < 2; last++) {
		struct cluster *c = group_of(50 + last, 4, false);
		uint32_t greedy = ends_of_state(last), honest = ends_of_state(!last);
		const struct ec_secret identity = world_secret('i', honest);
		struct ec_keygen keygen = {0};
		uint64_t end = cluster_now(c) + PHASE_NS;
		open_by(c, honest);
		while (cluster_now(c) < end && keygen.dkg.phase < EC_DKG_DONE) {
			open_by(c, greedy);
			cluster_run(c, 2 * MS, NULL, NULL);
			ec_keygen_find(ec_member_ledger(cluster_node(c, 0)->member), 2,
			               identity.key, &keygen, NULL);
		}
		assert_int_equal(keygen.dkg.phase, EC_DKG_DONE);
		for (uint32_t i = 0; i < 4; i++)
			assert_true(keygen.dkg.member[i].flags & EC_DKG_DEALT);
		cluster_free(c);
	}
}

/* With many members a generation costs each of them a second of work: who has one made after the
 * other does not get as many as he likes. */
static void test_nobody_has_keys_made_without_end(void **state)
{
	(void)state;
	struct cluster *c = group_of(55, 4, false);
	struct ec_keygen keygen;
	uint32_t up = 4, made = 0;
	for (uint64_t begun = cluster_now(c); cluster_now(c) < begun + 29 * SECOND;) {
		open_generation(c);
		cluster_run(c, 200 * MS, NULL, NULL);
		made += cluster_run(c, 800 * MS, done, &up);
	}
	assert_in_range(made, 4, 4 + 2);
	cluster_run(c, 11 * SECOND, NULL, NULL);
	open_generation(c);
	assert_true(cluster_run(c, PHASE_NS, done, &up));
	assert_true(generation_of(c, 0, &keygen));
	cluster_free(c);
}

/* Its words have sequences of its clock, which in an earlier life was an hour ahead. */
static void test_a_clock_that_was_set_back_silences_nobody(void **state)
{
	(void)state;
	struct cluster *c = group_of(60, 4, false);
	struct ec_keygen keygen;
	uint8_t note[64], bytes[WORLD_ENVELOPE_MAX], salt[EC_SALT_SIZE];
	uint32_t up = 4, count = told_count(c) + 1;
	size_t size = world_note("early", 5, note, sizeof note);
	struct ec_envelope_plan plan = {.author = &cluster_node(c, 2)->identity,
	                                .crypto = cluster_crypto(c),
	                                .genesis = cluster_world(c)->genesis->hash,
	                                .lane = 999,
	                                .sequence = WORLD_START_NS + 3600 * SECOND,
	                                .payload = note,
	                                .payload_size = size};
	size = ec_envelope_make(&plan, bytes, sizeof bytes, NULL, salt);
	assert_true(cluster_work_submit(c, 2, 1, bytes, size, salt));
	assert_true(cluster_run(c, SECOND, told_all, &count));
	open_generation(c);
	assert_true(cluster_run(c, 4 * PHASE_NS, done, &up));
	assert_true(generation_of(c, 0, &keygen));
	for (uint32_t i = 0; i < 4; i++)
		assert_true(keygen.dkg.member[i].flags & EC_DKG_DEALT);
	cluster_free(c);
}

static bool beacon_of_first(struct cluster *c, void *self)
{
	return cluster_node(c, 0)->beacons >= *(const uint32_t *)self;
}

static bool made_for_two(struct cluster *c, void *self)
{
	struct ec_keygen *keygen = self;
	return generation_of(c, 0, keygen) && keygen->dkg.phase == EC_DKG_DONE;
}

/* Five members, of whom the first does not vote in the next era: the parts are numbered as the
 * roster numbers its voters. */
static void test_one_who_does_not_vote_shifts_no_part(void **state)
{
	(void)state;
	struct cluster *c = changing(
		&(struct cluster_plan){.seed = 9, .members = 5, .authors = 4, .protocols = all}, 5,
		true);
	struct ec_membership *next = world_membership(5, 2);
	uint8_t payload[EC_KEYGEN_PAYLOAD_MAX];
	struct ec_keygen keygen;
	uint32_t up = 5, told = 1;
	next->seat[0].roles = 0;
	size_t size = ec_keygen_open(next, PHASE_NS, payload);
	assert_true(cluster_submit_own(c, 0, 1, payload, size));
	assert_true(cluster_run(c, 4 * PHASE_NS, made_for_two, &keygen));
	memcpy(next->keys, keygen.keys, keygen.keys_size);
	next->keys_size = keygen.keys_size;
	for (uint32_t i = 0; i < 4; i++)
		cluster_vote(c, next, i, 10 + i);
	ec_membership_free(next);
	assert_true(cluster_run(c, 5 * SECOND, era_is_two, &up));
	settle(c, 5);
	assert_null(cluster_node(c, 0)->member->now.shares);
	cluster_beacon(c, 0, 1, 0);
	assert_true(cluster_run(c, 6 * SECOND, beacon_of_first, &told));
	assert_int_equal(cluster_node(c, 0)->beacon.code, EC_BEACON_DONE);
	for (uint32_t i = 0; i < 5; i++)
		assert_string_equal(cluster_node(c, i)->alarm, "");
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_make_their_keys),
		cmocka_unit_test(test_one_that_is_down_holds_up_nobody),
		cmocka_unit_test(test_honeybadger_runs_on_keys_of_its_members),
		cmocka_unit_test(test_one_window_of_synchrony_is_enough_for_keys),
		cmocka_unit_test(test_words_survive_crashes),
		cmocka_unit_test(test_era_keys_may_stay),
		cmocka_unit_test(test_one_who_does_not_vote_shifts_no_part),
		cmocka_unit_test(test_one_who_opens_all_the_time_holds_up_nobody),
		cmocka_unit_test(test_nobody_has_keys_made_without_end),
		cmocka_unit_test(test_a_clock_that_was_set_back_silences_nobody),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
