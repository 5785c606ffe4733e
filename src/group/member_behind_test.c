/* member_behind_test.c - who lost everything reaches the head of a group that is idle, says that it
 * is ready only then, and can give every receipt of before. */
#include "base/test.h"
#include "group/member_fake.h"
#include "ledger/proof.h"

static uint32_t notes(struct cluster *c, uint32_t count, uint64_t token)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t gateway = i % 4;
		while (!cluster_node(c, gateway)->member)
			gateway = (gateway + 1) % 4;
		taken += cluster_submit(c, gateway, token + i);
		cluster_run(c, 3 * MS, NULL, NULL);
	}
	return taken;
}

static void quiet(struct cluster *c, uint32_t told)
{
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	cluster_run(c, 20 * SECOND, NULL, NULL);
}

/* Where the others stand, and whether member `node` was ever ready below that. */
struct watch {
	uint32_t node;
	uint64_t head;
	bool early;
};

static bool reached(struct cluster *c, void *self)
{
	struct watch *watch = self;
	struct ec_member_status status = status_of(c, watch->node);
	watch->early |= status.ready && status.seq < watch->head;
	return status.ready && status.seq >= watch->head && status.certified >= watch->head;
}

static bool has_all(struct cluster *c, void *self)
{
	const uint32_t *node = self;
	struct ec_member_status status = status_of(c, *node);
	return status.ready && !status.older_missing;
}

static void start_and_watch(struct cluster *c, uint32_t node)
{
	struct watch watch = {.node = node, .head = status_of(c, (node + 1) % 4).seq};
	cluster_start(c, node);
	assert_false(status_of(c, node).ready);
	bool came = cluster_run(c, 20 * SECOND, reached, &watch);
	if (!came)
		print_message("head %lu, at %lu, %s\n", watch.head, status_of(c, node).seq,
		              status_of(c, node).not_ready);
	assert_true(came);
	assert_false(watch.early);
}

/* Every envelope that a client was told of is proven by this member. */
static void check_receipts(struct cluster *c, uint32_t node)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, node)->member);
	assert_true(cluster_run(c, 60 * SECOND, has_all, &node));
	for (uint32_t i = 0; i < count; i++) {
		struct ec_bytes proof;
		struct ec_proof_report report;
		assert_int_equal(ec_ledger_receipt(ledger, &told[i].id, &proof), EC_FOUND);
		ec_proof_judge(cluster_world(c)->genesis, NULL, &ec_crypto_ed25519, proof, &report);
		assert_int_equal(report.verdict, EC_VALID);
		assert_true(ec_hash_equal(&report.envelope.id, &told[i].id));
		ec_proof_report_end(&report);
		ec_drop(proof);
	}
}

static void lose_all(struct cluster *c, uint32_t node)
{
	cluster_crash(c, node);
	cluster_wipe(c, node);
	cluster_node(c, node)->era_key = world_secret('n', node);
	cluster_node(c, node)->has_next_key = false;
}

static void test_the_wiped_reaches_the_head_of_an_idle_group(void **state)
{
	(void)state;
	for (uint32_t count = 60; count < 340; count += 70) {
		struct cluster *c = four(30 + count);
		quiet(c, notes(c, count, 1));
		lose_all(c, 3);
		start_and_watch(c, 3);
		assert_true(status_of(c, 3).fetches >= 1);
		check_receipts(c, 3);
		settle(c, 4);
		cluster_free(c);
	}
}

/* The era of its new key began while it was away. */
static void test_and_of_one_in_another_era(void **state)
{
	(void)state;
	struct cluster *c = four(31);
	uint32_t told = notes(c, 130, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	lose_all(c, 3);
	change_era(c, 4, 2, 5000);
	told += 3;
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	quiet(c, told + notes(c, 70, 6000));
	start_and_watch(c, 3);
	assert_true(status_of(c, 3).voter);
	check_receipts(c, 3);
	cluster_free(c);
}

/* The others vote for a roster with its new key. */
static uint32_t era_without(struct cluster *c, uint32_t lost, uint64_t era)
{
	struct ec_membership *next = world_membership(4, era);
	uint32_t votes = 0;
	for (uint32_t i = 0; i < 4; i++) {
		struct cluster_node *node = cluster_node(c, i);
		node->next_key = world_secret('e', (uint32_t)era * 100 + i);
		node->has_next_key = true;
		if (i == lost)
			continue;
		ec_member_next_era_key(node->member, &node->next_key);
		votes += cluster_vote(c, next, i, 100000 * era + i);
	}
	ec_membership_free(next);
	return votes;
}

/* All begin again, but one that lost everything and knows the genesis only. */
static void all_begin_again(struct cluster *c, uint32_t lost)
{
	for (uint32_t i = 0; i < 4; i++) {
		cluster_crash(c, i);
		cluster_node(c, i)->era_key = cluster_node(c, i)->next_key;
		cluster_node(c, i)->has_next_key = false;
	}
	lose_all(c, lost);
	for (uint32_t i = 0; i < 4; i++)
		if (i != lost)
			cluster_start(c, i);
	cluster_run(c, 5 * SECOND, NULL, NULL);
}

/* The newest state on disk ends no era, and the certificates of the life before are forgotten: the
 * header that is certified last proves it. */
static void test_and_of_one_whose_members_all_began_again(void **state)
{
	(void)state;
	for (uint32_t count = 110; count < 230; count += 30) {
		struct cluster *c = four(100 + count);
		uint32_t told = notes(c, 30, 1);
		change_era(c, 4, 2, 5000);
		told += 3;
		assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
		settle(c, 4);
		uint64_t era_end = status_of(c, 0).persisted;
		quiet(c, told + notes(c, count, 6000));
		all_begin_again(c, 3);
		uint64_t persisted = status_of(c, 0).persisted;
		assert_true(persisted > era_end);
		start_and_watch(c, 3);
		assert_int_equal(status_of(c, 3).era, 2);
		assert_int_equal(status_of(c, 0).persisted, persisted); /* no checkpoint came */
		check_receipts(c, 3);
		settle(c, 4);
		cluster_free(c);
	}
}

/* One after another loses all; what was acknowledged before the first loss is proven by all. */
static void test_all_in_turn_lose_all_and_no_receipt_is_lost(void **state)
{
	(void)state;
	struct cluster *c = four(32);
	uint32_t told = notes(c, 100, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	for (uint32_t lost = 0; lost < 4; lost++) {
		lose_all(c, lost);
		uint32_t votes = era_without(c, lost, 2 + lost);
		assert_int_equal(votes, 3);
		told += votes;
		assert_true(cluster_run(c, 20 * SECOND, told_all, &told));
		told += notes(c, 40, 1000 * (lost + 1));
		quiet(c, told);
		start_and_watch(c, lost);
		assert_true(status_of(c, lost).voter);
		check_receipts(c, lost);
	}
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++)
		check_receipts(c, i);
	cluster_free(c);
}

/* It is not ready while it hears from fewer than a quorum, however well it stands. */
static void test_who_hears_nobody_is_not_ready(void **state)
{
	(void)state;
	struct cluster *c = four(33);
	quiet(c, notes(c, 20, 1));
	cluster_crash(c, 3);
	cluster_connect(c, 3, 0, false);
	cluster_connect(c, 3, 1, false);
	cluster_start(c, 3);
	cluster_run(c, 5 * SECOND, NULL, NULL);
	assert_false(status_of(c, 3).ready);
	cluster_connect(c, 3, 1, true);
	cluster_run(c, 5 * SECOND, NULL, NULL);
	assert_true(status_of(c, 3).ready);
	cluster_free(c);
}

/* Clients may have been told of blocks that no certificate names yet. */
static void test_ready_only_at_what_clients_were_told(void **state)
{
	(void)state;
	struct cluster *c = four(38);
	quiet(c, notes(c, 20, 1));
	cluster_crash(c, 3);
	for (uint32_t i = 0; i < 3; i++)
		cluster_node(c, i)->unsaid = true;
	uint32_t told = 20 + notes(c, 20, 100);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	struct watch watch = {.node = 3, .head = status_of(c, 0).seq};
	assert_true(status_of(c, 0).certified < watch.head);
	cluster_start(c, 3);
	assert_false(cluster_run(c, 5 * SECOND, reached, &watch)); /* as nothing is certified */
	assert_true(status_of(c, 3).seq >= watch.head);
	assert_false(watch.early);
	cluster_free(c);
}

static bool has_state(struct cluster *c, void *self)
{
	(void)self;
	return status_of(c, 3).seq > 0;
}

/* Who lies about an older block is named; who is silent is passed over. */
static void test_older_blocks_come_past_a_liar(void **state)
{
	(void)state;
	struct cluster *c = four(34);
	quiet(c, notes(c, 150, 1));
	lose_all(c, 3);
	cluster_start(c, 3);
	assert_true(cluster_run(c, 5 * SECOND, has_state, NULL)); /* the lies begin after that */
	cluster_node(c, 0)->liar = cluster_node(c, 1)->silent = true;
	check_receipts(c, 3);
	assert_int_equal(status_of(c, 3).liar, 0);
	cluster_free(c);
}

/* Blocks of more than a mebibyte come in slices. */
static void test_large_blocks_come_in_slices(void **state)
{
	(void)state;
	enum { NOTES = 1500, NOTE_SIZE = 7900 };
	static uint8_t note[NOTE_SIZE], payload[WORLD_ENVELOPE_MAX];
	struct cluster *c = four(35);
	size_t size = world_note(note, sizeof note, payload, sizeof payload);
	uint32_t told = 0;
	uint64_t first = 0;
	while (told < NOTES) {
		first = told_count(c) < NOTES / 4 ? status_of(c, 0).seq : first;
		if (cluster_submit_payload(c, 0, told % 4, 1 + told, payload, size))
			told++;
		else
			cluster_run(c, MS, NULL, NULL); /* it is busy with those before */
	}
	assert_true(cluster_run(c, 20 * SECOND, told_all, &told));
	/* So few after its first quarter that one of them is larger than a mebibyte. */
	uint64_t blocks = status_of(c, 0).seq - first;
	assert_in_range(blocks, 1, NOTES * 3 / 4 * NOTE_SIZE >> 20);
	quiet(c, told + notes(c, 150, 1000)); /* the protocol does not retain them any more */
	lose_all(c, 3);
	start_and_watch(c, 3);
	check_receipts(c, 3);
	assert_in_range(status_of(c, 3).older_bytes, NOTES * NOTE_SIZE, 2 * NOTES * NOTE_SIZE);
	cluster_free(c);
}

static bool level(struct cluster *c, void *self)
{
	(void)self;
	return status_of(c, 3).position == status_of(c, 0).position;
}

/* What it asked for and others had long delivered waits for nothing: it does not leave the view. */
static void test_who_was_away_longer_stays_in_the_view(void **state)
{
	(void)state;
	struct cluster *c = four(37);
	quiet(c, notes(c, 4, 1));
	for (uint32_t round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < 3; i++)
			cluster_connect(c, 3, i, false);
		for (uint32_t i = 0; i < 100 + 20 * round; i++) {
			assert_true(cluster_submit(c, i % 3, 1000 * (round + 1) + i));
			cluster_run(c, 8 * MS, NULL, NULL);
		}
		for (uint32_t i = 0; i < 3; i++)
			cluster_connect(c, 3, i, true);
		assert_true(cluster_run(c, SECOND, level, NULL));
		for (uint32_t i = 0; i < 100; i++) {
			assert_true(cluster_submit(c, i % 3, 1000 * (round + 1) + 500 + i));
			cluster_run(c, 30 * MS, NULL, NULL);
			assert_int_equal(status_of(c, 3).view, status_of(c, 0).view);
		}
	}
	settle(c, 4);
	cluster_free(c);
}

/* The batch that it asks for may be one that the others are about to forget. */
static void test_who_was_away_is_soon_level_while_others_go_on(void **state)
{
	(void)state;
	for (uint32_t away = 140; away < 340; away += 20) {
		struct cluster *c = four(500 + away);
		quiet(c, notes(c, 4, 1));
		cluster_crash(c, 3);
		for (uint32_t i = 0; i < away; i++) {
			assert_true(cluster_submit(c, i % 3, 1000 + i));
			cluster_run(c, 8 * MS, NULL, NULL);
		}
		cluster_start(c, 3);
		uint32_t turns = 0;
		while (!level(c, NULL) && turns < 75) {
			assert_true(cluster_submit(c, turns % 3, 5000 + turns));
			cluster_run(c, 8 * MS, NULL, NULL);
			turns++;
		}
		assert_true(level(c, NULL));
		settle(c, 4);
		cluster_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_wiped_reaches_the_head_of_an_idle_group),
		cmocka_unit_test(test_and_of_one_in_another_era),
		cmocka_unit_test(test_and_of_one_whose_members_all_began_again),
		cmocka_unit_test(test_all_in_turn_lose_all_and_no_receipt_is_lost),
		cmocka_unit_test(test_who_hears_nobody_is_not_ready),
		cmocka_unit_test(test_ready_only_at_what_clients_were_told),
		cmocka_unit_test(test_older_blocks_come_past_a_liar),
		cmocka_unit_test(test_large_blocks_come_in_slices),
		cmocka_unit_test(test_who_was_away_longer_stays_in_the_view),
		cmocka_unit_test(test_who_was_away_is_soon_level_while_others_go_on),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
