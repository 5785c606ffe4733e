/* member_sealed_test.c - members of a protocol that keeps batches secret until they are ordered. */
#include "base/test.h"
#include "group/member_fake.h"
#include "group/veil_fake.h"

static const struct ec_protocol *const sealed_protocols[] = {&veil, NULL};

static struct cluster *veiled(uint64_t seed, uint64_t check_ns, bool bare)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 4,
	                                                       .authors = 4,
	                                                       .check_ns = check_ns,
	                                                       .unsigned_group = bare,
	                                                       .protocols = sealed_protocols,
	                                                       .protocol = "veil"});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

static uint32_t load(struct cluster *c, uint32_t from, uint32_t count, uint64_t every_ns)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < count; i++) {
		taken += cluster_submit(c, i % 4, from + i);
		cluster_run(c, every_ns, NULL, NULL);
	}
	return taken;
}

static void test_batches_are_seen_by_nobody_before_they_are_ordered(void **state)
{
	(void)state;
	struct cluster *c = veiled(1, 2 * MS, false);
	uint32_t count = load(c, 1, 400, MS);
	assert_int_equal(count, 400);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		const struct cluster_node *node = cluster_node(c, i);
		struct ec_member_status status = status_of(c, i);
		assert_int_equal(node->sent[EC_FRAME_BODY] + node->sent[EC_FRAME_BODY_HAVE] +
		                         node->sent[EC_FRAME_BODY_WANT],
		                 0);
		/* Each signature once: ours as clients brought them, others' when ordered. */
		assert_int_equal(status.signatures_checked, 300);
		/* Nothing was proposed twice, though the view of this protocol moves. */
		assert_int_equal(status.envelopes_delivered, 400);
		assert_in_range(node->checks, 1, status.batches_delivered - 1);
		assert_true(status.view > 1);
		assert_int_equal(status.view_changes, 0);
		assert_int_equal(status.leader, UINT32_MAX);
		assert_false(status.leader_self);
		assert_true(status.leaderless);
		assert_string_equal(status.protocol, "veil");
		assert_int_equal(status.bodies_bytes, 0);
	}
	cluster_free(c);
}

/* A batch that is short is checked sooner than a long one before it: it waits. */
static void test_checks_that_overtake_change_no_order(void **state)
{
	(void)state;
	struct cluster *c = veiled(2, 40 * MS, true);
	cluster_node(c, 3)->check_ns = 300 * MS;
	uint32_t count = load(c, 1, 600, MS / 2);
	assert_int_equal(count, 600);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	settle(c, 4);
	assert_int_equal(cluster_fetches(c, 3), 0);
	cluster_free(c);
}

/* What fails its check runs nothing, at every member alike; the others' go on. */
static void test_a_forged_batch_runs_nothing_anywhere(void **state)
{
	(void)state;
	struct cluster *c = veiled(3, 2 * MS, false);
	uint32_t count = 0;
	cluster_node(c, 2)->forges = true;
	for (uint32_t i = 0; i < 200; i++) {
		cluster_submit(c, 2, 1000 + i);
		count += cluster_submit(c, i % 2, 1 + i);
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	cluster_crash(c, 2); /* what it offers is never delivered as it was, so it offers on */
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		if (i == 2)
			continue;
		assert_int_equal(status_of(c, i).envelopes_delivered, count);
		assert_true(cluster_node(c, i)->alarms > 0);
		assert_non_null(strstr(cluster_node(c, i)->alarm,
		                       "owner 2 proposed a batch with a malformed or badly signed "
		                       "envelope: position "));
	}
	cluster_free(c);
}

/* Members crash anywhere, the one that gives the places too.  What a client was told stays; what
 * was only taken goes with its gateway, and clients bring it again. */
static void test_crashes_lose_nothing_that_was_told(void **state)
{
	(void)state;
	struct cluster *c = veiled(4, 20 * MS, true);
	for (uint32_t round = 0; round < 24; round++) {
		struct cluster_node *node = cluster_node(c, round % 4);
		node->crash_at_append = round % 3 ? node->appends + 1 + round : 0;
		load(c, 1 + round * 100, 60, MS);
		cluster_crash(c, round % 4);
		load(c, 61 + round * 100, 40, MS);
		for (uint32_t i = 0; i < 4; i++)
			if (!cluster_node(c, i)->member)
				cluster_start(c, i);
	}
	cluster_run(c, 5 * SECOND, NULL, NULL);
	uint32_t count = told_count(c);
	assert_true(count > 800);
	count += load(c, 10000, 100, MS);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &count));
	settle(c, 4);
	assert_true(cluster_node(c, 0)->crashes >= 6);
	cluster_free(c);
}

/* Who checks too slowly is handed no more than so many, and catches up when it can. */
static void test_checks_that_wait_are_bounded(void **state)
{
	(void)state;
	struct cluster *c = veiled(5, MS, true);
	uint32_t count = 0, token = 0;
	cluster_node(c, 3)->check_ns = 100 * SECOND;
	/* Some of those that wait are no batches, but what stands behind them. */
	while (cluster_node(c, 3)->checks < EC_CHECKS_MAX - 8 && token < 20000) {
		count += cluster_submit(c, token % 3, token + 1);
		token++;
		cluster_run(c, MS, NULL, NULL);
	}
	uint64_t position = status_of(c, 3).position;
	for (uint32_t i = 0; i < 200; i++) {
		count += cluster_submit(c, token % 3, token + 1);
		token++;
		cluster_run(c, MS, NULL, NULL);
	}
	assert_in_range(cluster_node(c, 3)->checks, EC_CHECKS_MAX - 8, EC_CHECKS_MAX);
	assert_int_equal(status_of(c, 3).position, position);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &count));
	cluster_crash(c, 3);
	cluster_node(c, 3)->check_ns = 0;
	cluster_start(c, 3);
	settle(c, 4);
	cluster_free(c);
}

/* A read waits for a batch of the reader's own, which goes through the same order. */
static void test_reads_see_what_was_told(void **state)
{
	(void)state;
	struct cluster *c = veiled(6, 10 * MS, false);
	uint32_t count = load(c, 1, 20, MS);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	assert_int_equal(cluster_read(c, 3, 7), EC_ADMITTED);
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 3)->readable, 7);
	cluster_free(c);
}

/* What it would bring could be sealed and proposed by nobody: clients hear so at once. */
static void test_who_does_not_vote_takes_nothing_of_clients(void **state)
{
	(void)state;
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = 8,
	                                                       .members = 5,
	                                                       .learners = 1,
	                                                       .authors = 4,
	                                                       .unsigned_group = true,
	                                                       .protocols = sealed_protocols,
	                                                       .protocol = "veil"});
	for (uint32_t i = 0; i < 5; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	assert_false(cluster_submit(c, 0, 1));
	assert_int_equal(cluster_read(c, 0, 2), EC_NOT_READY);
	assert_true(status_of(c, 0).ready); /* it has the state, and may become a voter */
	assert_non_null(strstr(status_of(c, 0).refuses, "does not vote"));
	assert_string_equal(status_of(c, 1).refuses, "");
	uint32_t count = 1;
	assert_true(cluster_submit(c, 1, 3));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 5);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches_are_seen_by_nobody_before_they_are_ordered),
		cmocka_unit_test(test_checks_that_overtake_change_no_order),
		cmocka_unit_test(test_a_forged_batch_runs_nothing_anywhere),
		cmocka_unit_test(test_crashes_lose_nothing_that_was_told),
		cmocka_unit_test(test_checks_that_wait_are_bounded),
		cmocka_unit_test(test_reads_see_what_was_told),
		cmocka_unit_test(test_who_does_not_vote_takes_nothing_of_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
