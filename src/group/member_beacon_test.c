/* member_beacon_test.c - members that share keys make the beacon of a block when they are asked. */
#include "base/test.h"
#include "group/member_fake.h"
#include "group/shares_fake.h"
#include "ledger/proof.h"

static struct cluster *cluster_of(struct cluster_plan plan)
{
	plan.authors = 4;
	plan.protocols = protocols;
	plan.shares.find = fake_shares_find;
	struct cluster *c = cluster_new(&plan);
	for (uint32_t i = 0; i < plan.members; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

static struct cluster *keyed(uint64_t seed, uint32_t members)
{
	return cluster_of((struct cluster_plan){.seed = seed, .members = members, .keys = true});
}

/* So many blocks, certified everywhere. */
static void blocks_make(struct cluster *c, uint32_t members, uint32_t count)
{
	static uint64_t token = 1;
	uint32_t told = told_count(c) + count;
	for (uint32_t i = 0; i < count; i++) {
		assert_true(cluster_submit(c, members - 1, token++));
		cluster_run(c, 60 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	assert_true(cluster_run(c, 30 * SECOND, settled, &members));
}

static bool answered(struct cluster *c, void *self)
{
	const uint32_t *wanted = self;
	return cluster_node(c, wanted[0])->beacons >= wanted[1];
}

/* Asks node for the beacon of a block, and waits for what becomes of it. */
static const struct cluster_beacon *beacon_ask(struct cluster *c, uint32_t node, uint64_t seq)
{
	static uint64_t token = 1000;
	uint32_t wanted[2] = {node, cluster_node(c, node)->beacons + 1};
	cluster_beacon(c, node, ++token, seq);
	assert_true(cluster_run(c, 6 * SECOND, answered, wanted));
	const struct cluster_beacon *told = &cluster_node(c, node)->beacon;
	assert_int_equal(told->token, token);
	assert_true(told->seq == seq || seq == 0);
	return told;
}

static void expect_end(struct cluster *c, uint32_t node, uint64_t seq, enum ec_beacon_end end)
{
	const struct cluster_beacon *told = beacon_ask(c, node, seq);
	assert_int_equal(told->code, end);
}

/* Asks, and judges what came by the genesis alone.  Returns: the value. */
static ec_hash beacon_of(struct cluster *c, uint32_t node, uint64_t seq)
{
	struct ec_proof_report report;
	const struct cluster_beacon *told = beacon_ask(c, node, seq);
	assert_int_equal(told->code, EC_BEACON_DONE);
	struct ec_bytes proof = {.data = told->proof, .size = told->proof_size};
	ec_proof_judge(cluster_world(c)->genesis, NULL, &ec_crypto_ed25519, proof, &report);
	if (report.verdict != EC_VALID)
		fail_msg("%s", report.why);
	assert_int_equal(report.claim, 3);
	assert_int_equal(report.block.seq, told->seq);
	assert_true(ec_hash_equal(&report.beacon, &told->value));
	ec_proof_report_end(&report);
	return told->value;
}

static uint64_t sent(struct cluster *c, uint32_t members, enum ec_frame_kind kind)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < members; i++)
		count += cluster_node(c, i)->sent[kind];
	return count;
}

static void test_all_members_find_one_value(void **state)
{
	(void)state;
	struct cluster *c = keyed(1, 7);
	blocks_make(c, 7, 5);
	ec_hash value[2];
	assert_int_equal(sent(c, 7, EC_FRAME_BEACON_WANT), 0); /* nothing before it is asked for */
	for (uint64_t seq = 3; seq < 5; seq++) {
		value[seq - 3] = beacon_of(c, 0, seq);
		for (uint32_t i = 1; i < 7; i++) {
			ec_hash same = beacon_of(c, i, seq);
			assert_true(ec_hash_equal(&same, &value[seq - 3]));
		}
	}
	assert_false(ec_hash_equal(&value[0], &value[1]));
	beacon_of(c, 3, 0);
	assert_int_equal(cluster_node(c, 3)->beacon.seq, status_of(c, 3).certified);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(status_of(c, i).beacons, i == 3 ? 3 : 2);
	cluster_free(c);
}

/* What is kept is given again without a word to anyone, by the newest certificate. */
static void test_what_is_kept_is_not_asked_for_again(void **state)
{
	(void)state;
	struct cluster *c = keyed(2, 4);
	blocks_make(c, 4, 3);
	ec_hash value = beacon_of(c, 1, 2);
	uint64_t wants = sent(c, 4, EC_FRAME_BEACON_WANT);
	assert_int_equal(wants, 3);
	blocks_make(c, 4, 3);
	ec_hash again = beacon_of(c, 1, 2);
	assert_true(ec_hash_equal(&again, &value));
	assert_int_equal(sent(c, 4, EC_FRAME_BEACON_WANT), wants);
	cluster_crash(c,
	              1); /* it is kept in memory alone; the members give the same shares again */
	cluster_start(c, 1);
	cluster_run(c, SECOND, NULL, NULL);
	again = beacon_of(c, 1, 2);
	assert_true(ec_hash_equal(&again, &value));
	assert_int_equal(sent(c, 4, EC_FRAME_BEACON_WANT), 2 * wants);
	cluster_free(c);
}

static void test_a_block_that_is_not_certified_has_none(void **state)
{
	(void)state;
	struct cluster *c = cluster_new(&(struct cluster_plan){.members = 4,
	                                                       .authors = 4,
	                                                       .keys = true,
	                                                       .protocols = protocols,
	                                                       .shares.find = fake_shares_find});
	cluster_start(c, 0);
	expect_end(c, 0, 0, EC_BEACON_NOT_YET);
	expect_end(c, 0, 1, EC_BEACON_NOT_YET);
	for (uint32_t i = 1; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	blocks_make(c, 4, 2);
	uint64_t seq = status_of(c, 0).seq;
	expect_end(c, 0, seq + 1, EC_BEACON_NOT_YET);
	expect_end(c, 0, UINT64_MAX, EC_BEACON_NOT_YET);
	for (uint32_t i = 0; i < 4; i++)
		cluster_node(c, i)->unsaid = true; /* it is ordered, but no certificate forms */
	assert_true(cluster_submit(c, 0, 77));
	cluster_run(c, SECOND, NULL, NULL);
	assert_true(status_of(c, 0).seq > seq);
	assert_int_equal(status_of(c, 0).certified, seq);
	expect_end(c, 0, seq + 1, EC_BEACON_NOT_YET);
	assert_int_equal(sent(c, 4, EC_FRAME_BEACON_WANT), 0);
	cluster_free(c);
}

/* A frame that a node hears from another, as if it had come over their link. */
static void frame_hear(struct cluster *c, uint32_t node, uint32_t from,
                       const struct ec_frame *frame)
{
	struct cluster_node *of = cluster_node(c, node);
	struct ec_time time = {cluster_now(c), WORLD_START_NS + cluster_now(c)};
	struct ec_bytes bytes = ec_frame_write(of->pool, frame);
	struct ec_checked checked;
	uint32_t peer = ec_member_peer(of->member, cluster_node(c, from)->identity.key);
	ec_member_check(of->member, peer, bytes, NULL, &checked);
	ec_member_frame(of->member, time, peer, bytes, &checked);
	ec_drop(bytes);
}

/* Three members' certificate of its newest block. */
static void certificate_hear(struct cluster *c, uint32_t node, uint32_t from)
{
	struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, node)->member);
	struct ec_ledger_at at = ec_ledger_at(ledger);
	struct ec_certificate certificate = world_certificate(1, &at.header, 3);
	uint8_t bytes[EC_CERTIFICATE_SIZE_MAX];
	struct ec_frame frame = {
		.kind = EC_FRAME_CERTIFICATE, .era = 1, .seq = at.seq, .name = at.header};
	frame.block[EC_CERTIFICATE_BYTES] = (struct ec_bytes){
		.data = bytes, .size = ec_certificate_write(&certificate, bytes, sizeof bytes)};
	assert_true(ec_ledger_header(ledger, at.seq, &frame.block[EC_CERTIFICATE_HEADER]));
	frame_hear(c, node, from, &frame);
	ec_drop(frame.block[EC_CERTIFICATE_HEADER]);
}

/* The gateway knows of a certificate before the others do: they say nothing until they do. */
static void test_who_does_not_know_the_certificate_is_asked_again(void **state)
{
	(void)state;
	struct cluster *c = keyed(4, 4);
	blocks_make(c, 4, 2);
	uint64_t seq = status_of(c, 0).seq + 1;
	uint32_t wanted[2] = {0, 1};
	for (uint32_t i = 0; i < 4; i++)
		cluster_node(c, i)->unsaid = true;
	assert_true(cluster_submit(c, 0, 78));
	cluster_run(c, 300 * MS, NULL, NULL);
	certificate_hear(c, 0, 1);
	assert_int_equal(status_of(c, 0).certified, seq);
	cluster_beacon(c, 0, 7, seq);
	cluster_run(c, 300 * MS, NULL, NULL);
	assert_int_equal(cluster_node(c, 0)->beacons, 0);
	assert_int_equal(sent(c, 4, EC_FRAME_BEACON_SHARE), 0);
	assert_int_equal(sent(c, 4, EC_FRAME_BEACON_WANT), 3 * 5); /* after 20, 40, 80, 160 ms */
	certificate_hear(c, 2, 1);
	assert_true(cluster_run(c, SECOND, answered, wanted));
	assert_int_equal(cluster_node(c, 0)->beacon.code, EC_BEACON_DONE);
	assert_int_equal(sent(c, 4, EC_FRAME_BEACON_SHARE), 1);
	cluster_free(c);
}

/* What nobody asked for is passed over; what no correct peer says breaks the link. */
static void test_odd_frames_do_no_harm(void **state)
{
	(void)state;
	struct cluster *c = keyed(12, 4);
	blocks_make(c, 4, 3);
	const uint8_t share[EC_SHARE_SIZE] = {1};
	struct ec_frame frame = {.kind = EC_FRAME_BEACON_SHARE, .era = 1, .seq = 2};
	struct {
		uint64_t era, seq;
		enum ec_frame_kind kind;
		size_t size;
		uint32_t up; /* links of node 0 afterwards */
	} odd[] = {
		{1, 2, EC_FRAME_BEACON_SHARE, EC_SHARE_SIZE, 3}, /* no round is under way */
		{1, 0, EC_FRAME_BEACON_WANT, 0, 3},
		{1, 99999, EC_FRAME_BEACON_WANT, 0, 3},
		{1, UINT64_MAX, EC_FRAME_BEACON_WANT, 0, 3},
		{7, 2, EC_FRAME_BEACON_WANT, 0, 3}, /* of no era that is known */
		{7, 1, EC_FRAME_BEACON_SHARE, EC_SHARE_SIZE, 3},
		{0, 1, EC_FRAME_BEACON_SHARE, EC_SHARE_SIZE, 3},
		{1, 1, EC_FRAME_BEACON_SHARE, 0, 2}, /* no share */
	};
	for (uint32_t i = 1; i < 4; i++)
		cluster_node(c, i)->misshares = true; /* nobody ends the round of block 1 */
	cluster_beacon(c, 0, 1, 1);
	for (uint32_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		frame.kind = odd[i].kind;
		frame.era = odd[i].era;
		frame.seq = odd[i].seq;
		frame.block[0] = (struct ec_bytes){.data = share, .size = odd[i].size};
		frame_hear(c, 0, 1, &frame);
		assert_int_equal(status_of(c, 0).links_up, odd[i].up);
		assert_int_equal(cluster_node(c, 0)->alarms, 0);
	}
	cluster_run(c, 4 * SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 0)->alarms, 3); /* each of the three once */
	assert_int_equal(cluster_node(c, 0)->beacons, 0);
	assert_int_equal(status_of(c, 0).links_up, 3);
	cluster_free(c);
}

static void test_members_that_are_down_or_lie_change_nothing(void **state)
{
	(void)state;
	struct cluster *c = keyed(5, 7);
	blocks_make(c, 7, 4);
	ec_hash value = beacon_of(c, 0, 3);
	cluster_crash(c, 6);
	cluster_node(c, 5)->misshares = true;
	ec_hash same = beacon_of(c, 1, 3);
	assert_true(ec_hash_equal(&same, &value));
	cluster_run(c, SECOND, NULL, NULL);
	/* With one more down those that are left are as many as are needed, and the liar. */
	cluster_crash(c, 2);
	cluster_crash(c, 3);
	same = beacon_of(c, 4, 3);
	assert_true(ec_hash_equal(&same, &value));
	cluster_crash(c, 0);
	expect_end(c, 4, 2, EC_BEACON_LATE);
	assert_int_equal(status_of(c, 4).liar, 5);
	assert_string_equal(cluster_node(c, 4)->alarm,
	                    "owner 5 sent a wrong share of a beacon: not asked again");
	assert_int_equal(cluster_node(c, 4)->alarms, 1);
	cluster_free(c);
}

static bool asks(struct cluster *c, void *self)
{
	return cluster_node(c, *(const uint32_t *)self)->sent[EC_FRAME_BEACON_WANT] > 0;
}

/* Links break while a round is under way, and members come back: they are asked again. */
static void test_lost_links_and_restarts_are_outlived(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct cluster *c = keyed(100 + seed, 4);
		uint32_t gateway = (uint32_t)seed % 4;
		uint32_t wanted[2] = {gateway, 1};
		blocks_make(c, 4, 3);
		cluster_beacon(c, gateway, 1, 2);
		assert_true(asks(c, &gateway));
		for (uint32_t i = 0; i < 4; i++)
			if (i != gateway && seed & 4)
				cluster_crash(c, i);
			else if (i != gateway)
				cluster_break(c, gateway, i);
		cluster_run(c, 300 * MS, NULL, NULL);
		assert_int_equal(cluster_node(c, gateway)->beacons, seed & 4 ? 0 : 1);
		for (uint32_t i = 0; i < 4; i++)
			if (!cluster_node(c, i)->member)
				cluster_start(c, i);
		assert_true(cluster_run(c, 5 * SECOND, answered, wanted));
		assert_int_equal(cluster_node(c, gateway)->beacon.code, EC_BEACON_DONE);
		cluster_free(c);
	}
}

/* Learners have no number among those who hold parts, and may ask. */
static void test_voters_are_counted_alone(void **state)
{
	(void)state;
	struct cluster *c = cluster_of(
		(struct cluster_plan){.seed = 6, .members = 6, .learners = 2, .keys = true});
	blocks_make(c, 6, 3);
	ec_hash value = beacon_of(c, 0, 2), same = beacon_of(c, 4, 2);
	assert_true(ec_hash_equal(&same, &value));
	assert_int_equal(status_of(c, 0).beacon_shares, 0);
	assert_int_equal(status_of(c, 1).beacon_shares, 0);
	cluster_free(c);
}

static void test_one_alone_needs_nobody(void **state)
{
	(void)state;
	struct cluster *c = keyed(7, 1);
	blocks_make(c, 1, 2);
	beacon_of(c, 0, 1);
	cluster_free(c);
}

/* Rounds under way, rounds a second, and those that wait are bounded; what is too much is told. */
static void test_asks_are_bounded(void **state)
{
	(void)state;
	enum { BLOCKS = 40, ROUNDS = 16, WAITING = 1024 };
	struct cluster *c = keyed(8, 4);
	blocks_make(c, 4, BLOCKS);
	for (uint32_t i = 1; i < 4; i++)
		cluster_crash(c, i);
	struct cluster_node *node = cluster_node(c, 0);
	for (uint32_t i = 0; i < BLOCKS; i++)
		cluster_beacon(c, 0, i, 1 + i);
	assert_int_equal(node->beacons, BLOCKS - ROUNDS);
	assert_int_equal(node->beacon.code, EC_BEACON_BUSY);
	for (uint32_t i = 0; i < WAITING; i++)
		cluster_beacon(c, 0, 100 + i, 1 + i % ROUNDS);
	assert_int_equal(node->beacons, BLOCKS); /* the last of these were too many */
	cluster_run(c, 5 * SECOND + MS, NULL, NULL);
	assert_int_equal(node->beacons, BLOCKS + WAITING);
	assert_int_equal(node->beacon.code, EC_BEACON_LATE);
	for (uint32_t i = 1; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 2 * SECOND, NULL, NULL);
	/* All of them, as soon as so many may be begun; members give each gateway so many. */
	uint32_t before = node->beacons, done = 0, rounds = 0;
	for (uint64_t seq = 1; seq <= BLOCKS; rounds++) {
		cluster_beacon(c, 0, seq, seq);
		cluster_run(c, 20 * MS, NULL, NULL);
		assert_int_equal(node->beacons, ++before);
		if (node->beacon.code == EC_BEACON_DONE) {
			done++;
			seq++;
		} else {
			assert_int_equal(node->beacon.code, EC_BEACON_BUSY);
			cluster_run(c, 300 * MS, NULL, NULL);
		}
	}
	assert_int_equal(done, BLOCKS);
	assert_in_range(rounds, BLOCKS + 1, BLOCKS + 20);
	cluster_free(c);
}

/* A peer that asks for block after block is given so many shares a second. */
static void test_a_peer_is_given_so_many_a_second(void **state)
{
	(void)state;
	enum { BLOCKS = 50, GIVEN = 32 };
	struct cluster *c = keyed(9, 4);
	blocks_make(c, 4, BLOCKS);
	uint64_t given[3];
	for (uint32_t round = 0; round < 3; round++) {
		for (uint64_t seq = 1; seq <= BLOCKS; seq++) {
			struct ec_frame frame = {
				.kind = EC_FRAME_BEACON_WANT, .era = 1, .seq = seq};
			frame_hear(c, 0, 1, &frame);
		}
		given[round] = status_of(c, 0).beacon_shares;
		if (round == 1)
			cluster_run(c, SECOND, NULL, NULL);
	}
	assert_int_equal(given[0], GIVEN);
	assert_int_equal(given[1], 2 * GIVEN); /* those that were made are given again */
	assert_int_equal(given[2], 2 * GIVEN + BLOCKS);
	cluster_free(c);
}

/* Era 1 has keys, 2 has none. */
static void test_keys_end_with_their_era(void **state)
{
	(void)state;
	struct cluster *c = keyed(10, 4);
	uint32_t four_members = 4;
	blocks_make(c, 4, 3);
	ec_hash value = beacon_of(c, 1, 2);
	change_era(c, 4, 2, 5000);
	cluster_run(c, 2 * SECOND, NULL, NULL);
	assert_true(cluster_run(c, 10 * SECOND, settled, &four_members));
	assert_int_equal(status_of(c, 2).era, 2);
	expect_end(c, 0, 0, EC_BEACON_NO_KEYS);
	/* While the past reign lasts its members answer. */
	ec_hash same = beacon_of(c, 0, 2);
	assert_true(ec_hash_equal(&same, &value));
	cluster_run(c, 31 * SECOND, NULL, NULL);
	expect_end(c, 0, 1, EC_BEACON_ERA_OVER);
	same = beacon_of(c, 1, 2); /* kept there */
	assert_true(ec_hash_equal(&same, &value));
	expect_end(c, 3, 2, EC_BEACON_ERA_OVER);
	cluster_crash(c, 1);
	cluster_start(c, 1);
	cluster_run(c, SECOND, NULL, NULL);
	expect_end(c, 1, 2, EC_BEACON_ERA_OVER);
	cluster_free(c);
}

/* Parts that are not those of the roster's keys are found out before anybody is given one. */
static void test_parts_of_another_key_are_not_given(void **state)
{
	(void)state;
	uint32_t other = 1;
	struct cluster *c = cluster_of((struct cluster_plan){
		.seed = 11, .members = 4, .keys = true, .shares.self = &other});
	blocks_make(c, 4, 3);
	expect_end(c, 0, 2, EC_BEACON_LATE);
	expect_end(c, 0, 1, EC_BEACON_LATE);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(cluster_node(c, i)->alarms, 1);
		assert_string_equal(cluster_node(c, i)->alarm,
		                    "our parts of the keys that members share do not fit the "
		                    "roster of era 1");
		assert_int_equal(status_of(c, i).beacon_shares, 0);
		assert_int_equal(status_of(c, i).liar, UINT32_MAX);
	}
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_members_find_one_value),
		cmocka_unit_test(test_what_is_kept_is_not_asked_for_again),
		cmocka_unit_test(test_a_block_that_is_not_certified_has_none),
		cmocka_unit_test(test_who_does_not_know_the_certificate_is_asked_again),
		cmocka_unit_test(test_odd_frames_do_no_harm),
		cmocka_unit_test(test_members_that_are_down_or_lie_change_nothing),
		cmocka_unit_test(test_lost_links_and_restarts_are_outlived),
		cmocka_unit_test(test_voters_are_counted_alone),
		cmocka_unit_test(test_one_alone_needs_nobody),
		cmocka_unit_test(test_asks_are_bounded),
		cmocka_unit_test(test_a_peer_is_given_so_many_a_second),
		cmocka_unit_test(test_keys_end_with_their_era),
		cmocka_unit_test(test_parts_of_another_key_are_not_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
