/* member_admission_test.c - in a group that stands crashes only, an empty disk has no vote. */
#include "base/test.h"
#include "consensus/raft/raft.h"
#include "group/member_fake.h"

#include <string.h>

/* PBFT under the name of a protocol that stands crashes only: what is tested is the host. */
static struct ec_protocol raft;
static const struct ec_protocol *const both[] = {&ec_pbft, &raft, NULL};

static struct cluster *group_of(uint32_t members, const char *protocol, uint64_t seed)
{
	raft = ec_pbft;
	raft.name = "raft";
	raft.byzantine = false;
	return cluster_new(&(struct cluster_plan){.seed = seed,
	                                          .members = members,
	                                          .authors = 4,
	                                          .protocols = both,
	                                          .protocol = protocol});
}

/* Whether they vote, of whom there are n. */
static uint32_t voters(struct cluster *c, uint32_t n)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < n; i++)
		count += status_of(c, i).voter;
	return count;
}

static bool all_vote(struct cluster *c, void *self)
{
	uint32_t n = *(const uint32_t *)self;
	return voters(c, n) == n;
}

/* A group of four at work, with some blocks. */
static struct cluster *at_work(const char *protocol, uint64_t seed)
{
	uint32_t four_of = 4, told = 8;
	struct cluster *c = group_of(4, protocol, seed);
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	assert_true(cluster_run(c, SECOND, all_vote, &four_of));
	cluster_run(c, 100 * MS, NULL, NULL);
	for (uint32_t i = 0; i < told; i++)
		assert_true(cluster_submit(c, i % 4, i + 1));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 4);
	return c;
}

/* All of the disk is gone but the keys, which come from an image. */
static void wipe(struct cluster *c, uint32_t node)
{
	cluster_crash(c, node);
	cluster_wipe(c, node);
	memset(cluster_node(c, node)->sent, 0, sizeof cluster_node(c, node)->sent);
	cluster_start(c, node);
}

/* It follows the others through ten more blocks, and signs none of them. */
static void check_follows(struct cluster *c, uint32_t node, uint32_t *told)
{
	for (uint32_t i = 0; i < 10; i++)
		*told += cluster_submit(c, (node + 1 + i % 3) % 4, 100 + *told);
	assert_true(cluster_run(c, 10 * SECOND, told_all, told));
	settle(c, 4);
	assert_false(status_of(c, node).voter);
	assert_int_equal(cluster_node(c, node)->sent[EC_FRAME_SIGNATURE], 0);
}

static void test_a_new_group_begins_in_any_order(void **state)
{
	(void)state;
	static const uint32_t order[][4] = {{0, 1, 2, 3}, {3, 1, 0, 2}, {2, 3, 1, 0}};
	for (uint32_t k = 0; k < 3; k++) {
		struct cluster *c = group_of(4, "raft", 7 + k);
		uint32_t four_of = 4, told = 1;
		for (uint32_t i = 0; i < 2; i++)
			cluster_start(c, order[k][i]);
		cluster_run(c, SECOND, NULL, NULL);
		assert_int_equal(voters(c, 4), 0);
		assert_non_null(strstr(status_of(c, order[k][0]).not_ready, "disk is empty"));
		cluster_start(c, order[k][2]);
		cluster_start(c, order[k][3]);
		assert_true(cluster_run(c, SECOND, all_vote, &four_of));
		cluster_run(c, 100 * MS, NULL, NULL);
		assert_true(cluster_submit(c, 0, 1));
		assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
		settle(c, 4);
		cluster_free(c);
	}
}

/* Nothing of theirs was on disk yet but that they were admitted. */
static void test_a_new_group_that_crashes_at_once_goes_on(void **state)
{
	(void)state;
	uint32_t four_of = 4, told = 1;
	struct cluster *c = group_of(4, "raft", 23);
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	assert_true(cluster_run(c, SECOND, all_vote, &four_of));
	for (uint32_t i = 0; i < 3; i++)
		cluster_crash(c, i);
	for (uint32_t i = 0; i < 3; i++)
		cluster_start(c, i);
	assert_true(cluster_run(c, SECOND, all_vote, &four_of));
	cluster_run(c, 100 * MS, NULL, NULL);
	assert_true(cluster_submit(c, 0, 1));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 4);
	cluster_free(c);
}

/* Who does not come for 10 s is not waited for, and comes too late. */
static void test_more_than_half_of_the_others_begin_without_the_rest(void **state)
{
	(void)state;
	struct cluster *c = group_of(4, "raft", 11);
	uint32_t told = 1;
	for (uint32_t i = 0; i < 2; i++)
		cluster_start(c, i);
	cluster_run(c, 20 * SECOND, NULL, NULL); /* one other of three is too few for ever */
	assert_int_equal(voters(c, 4), 0);
	cluster_crash(c, 0);
	cluster_crash(c, 1);
	for (uint32_t i = 0; i < 3; i++)
		cluster_start(c, i);
	cluster_run(c, 9 * SECOND, NULL, NULL);
	assert_int_equal(voters(c, 4), 0);
	cluster_run(c, 2 * SECOND, NULL, NULL);
	assert_int_equal(voters(c, 4), 3);
	assert_true(cluster_submit(c, 0, 1));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	cluster_start(c, 3);
	check_follows(c, 3, &told);
	cluster_free(c);
}

/* It has none in this life nor in the next, whoever else is down meanwhile. */
static void test_an_empty_disk_has_no_vote(void **state)
{
	(void)state;
	for (uint32_t node = 0; node < 4; node++) {
		struct cluster *c = at_work("raft", 20 + node);
		uint32_t told = told_count(c);
		wipe(c, node);
		check_follows(c, node, &told);
		assert_non_null(
			strstr(cluster_node(c, node)->alarm, "asks to vote with an empty disk"));
		cluster_crash(c, node);
		cluster_start(c, node);
		check_follows(c, node, &told);
		cluster_free(c);
	}
}

/* Members of raft at work. */
static struct cluster *raft_at_work(uint32_t members, uint64_t seed)
{
	static const struct ec_protocol *const it[] = {&ec_raft, NULL};
	uint32_t told = 1;
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = members,
	                                                       .authors = 4,
	                                                       .protocols = it,
	                                                       .protocol = "raft"});
	for (uint32_t i = 0; i < members; i++)
		cluster_start(c, i);
	assert_true(cluster_run(c, SECOND, all_vote, &members));
	cluster_run(c, 100 * MS, NULL, NULL);
	assert_true(cluster_submit(c, 1, 1));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, members);
	return c;
}

/* Whoever has no vote is told the order as the others are, block by block: no state is brought. */
static void test_it_follows_the_leader_of_raft(void **state)
{
	(void)state;
	struct cluster *c = raft_at_work(4, 5);
	uint32_t told = told_count(c);
	wipe(c, 2);
	check_follows(c, 2, &told);
	uint64_t fetches = cluster_fetches(c, 2);
	for (uint32_t i = 0; i < 20; i++)
		check_follows(c, 2, &told);
	assert_int_equal(cluster_fetches(c, 2), fetches);
	cluster_free(c);
}

/* Two of three others who remember are enough to know: it does not wait for the third. */
static void test_it_does_not_wait_for_who_is_down(void **state)
{
	(void)state;
	struct cluster *c = at_work("raft", 27);
	cluster_crash(c, 0);
	wipe(c, 3);
	cluster_run(c, SECOND, NULL, NULL);
	assert_non_null(strstr(cluster_node(c, 3)->alarm, "asks to vote with an empty disk"));
	assert_null(strstr(status_of(c, 3).not_ready, "disk is empty"));
	cluster_start(c, 0);
	uint32_t told = told_count(c);
	check_follows(c, 3, &told);
	cluster_free(c);
}

/* A crash while the record of it is written, or before: the next life refuses itself as well. */
static void test_a_crash_on_the_way_gives_no_vote(void **state)
{
	(void)state;
	for (uint32_t at = 1; at <= 3; at++) {
		struct cluster *c = at_work("raft", 30 + at);
		struct cluster_node *node = cluster_node(c, 2);
		uint32_t told = told_count(c);
		node->crash_at_append = node->appends + at;
		wipe(c, 2);
		for (uint32_t i = 0; i < 20 && at == 1; i++)
			cluster_run(c, 100 * MS, NULL, NULL);
		if (!node->member)
			cluster_start(c, 2);
		check_follows(c, 2, &told);
		assert_true(at > 1 || node->crashes > 0);
		cluster_free(c);
	}
}

static bool in_era(struct cluster *c, void *self)
{
	for (uint32_t i = 0; i < 4; i++)
		if (status_of(c, i).era != *(const uint64_t *)self)
			return false;
	return true;
}

/* The next era gives it its vote back, with a new key or the one that it has: no other disk was in
 * it. */
static void test_the_next_era_gives_it_back(void **state)
{
	(void)state;
	for (uint32_t renewed = 0; renewed < 2; renewed++) {
		struct cluster *c = at_work("raft", 40 + renewed);
		uint32_t told = told_count(c), four_of = 4;
		uint64_t era = 2;
		wipe(c, 3);
		check_follows(c, 3, &told);
		struct ec_membership *next = world_membership(4, renewed ? 2 : 1);
		next->era = 2;
		snprintf(next->protocol, EC_TEXT_MAX, "raft");
		if (renewed) {
			vote_in(c, next, 1000);
		} else {
			for (uint32_t i = 0; i < 3; i++)
				cluster_vote(c, next, i, 1000 + i);
		}
		ec_membership_free(next);
		assert_true(cluster_run(c, 10 * SECOND, in_era, &era));
		assert_true(cluster_run(c, SECOND, all_vote, &four_of));
		told = told_count(c) + 1;
		assert_true(cluster_run(c, SECOND, NULL, NULL) || cluster_submit(c, 3, 5000));
		assert_true(cluster_run(c, 10 * SECOND, told_all, &told));
		settle(c, 4);
		cluster_free(c);
	}
}

/* Members `first` to `end` - 1 vote that all, with the keys that they have, go on by raft. */
static void second_era_vote(struct cluster *c, uint32_t members, uint32_t first, uint32_t end)
{
	struct ec_membership *next = world_membership(members, 1);
	next->era = 2;
	snprintf(next->protocol, EC_TEXT_MAX, "raft");
	for (uint32_t i = first; i < end; i++)
		assert_true(cluster_vote(c, next, i, 1000 + i));
	ec_membership_free(next);
}

/* Born before the era, brought into it by a state: others may have heard its key vote there. */
static void test_who_is_brought_into_an_era_has_no_vote(void **state)
{
	(void)state;
	struct cluster *c = at_work("pbft", 51);
	uint64_t era = 2;
	second_era_vote(c, 4, 0, 3);
	assert_true(cluster_run(c, 10 * SECOND, in_era, &era));
	assert_int_equal(voters(c, 4), 4); /* they entered it on their disks */
	settle(c, 4);
	uint32_t told = told_count(c);
	wipe(c, 1);
	assert_true(cluster_run(c, 30 * SECOND, in_era, &era));
	cluster_run(c, SECOND, NULL, NULL); /* it said what it had signed in the era before */
	memset(cluster_node(c, 1)->sent, 0, sizeof cluster_node(c, 1)->sent);
	check_follows(c, 1, &told);
	cluster_crash(c, 1);
	cluster_start(c, 1);
	check_follows(c, 1, &told);
	cluster_free(c);
}

static bool first_is_in_it(struct cluster *c, void *self)
{
	return status_of(c, 0).era == *(const uint64_t *)self;
}

static bool is_ready(struct cluster *c, void *self)
{
	return status_of(c, *(const uint32_t *)self).ready;
}

/* It saw the era before at work, whomever it hears of the new one first. */
static void test_who_is_ready_votes_in_the_next_era(void **state)
{
	(void)state;
	struct cluster *c = raft_at_work(3, 71);
	uint32_t last = 2, told, three_of = 3;
	uint32_t leader = status_of(c, 0).leader, other = 1 - leader;
	assert_in_range(leader, 0, 1);
	cluster_connect(c, other, 2, false);
	wipe(c, 2);
	assert_true(cluster_run(c, 10 * SECOND, is_ready, &last));
	cluster_connect(c, leader, 2, false);
	second_era_vote(c, 3, 0, 2);
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(status_of(c, other).era, 2);
	assert_int_equal(status_of(c, 2).era, 1);
	assert_false(status_of(c, 2).voter);
	cluster_connect(c, other, 2, true);
	assert_true(cluster_run(c, 5 * SECOND, all_vote, &three_of));
	cluster_connect(c, leader, 2, true);
	told = told_count(c) + cluster_submit(c, 2, 5000);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 3);
	cluster_free(c);
}

/* An era may have begun, with our key's vote in it, before this life did, though the first who is
 * heard has yet to begin it. */
static void test_who_saw_an_old_era_last_has_no_vote_in_the_next(void **state)
{
	(void)state;
	for (uint32_t again = 0; again < 2; again++) {
		struct cluster *c = raft_at_work(3, 81 + again);
		uint64_t era = 2;
		cluster_connect(c, 0, 1, false);
		cluster_connect(c, 0, 2, false);
		cluster_run(c, 3 * SECOND, NULL, NULL); /* another leads */
		second_era_vote(c, 3, 1, 3);
		cluster_run(c, 5 * SECOND, NULL, NULL);
		assert_int_equal(status_of(c, 2).era, 2);
		assert_int_equal(status_of(c, 0).era, 1);
		cluster_crash(c, 2);
		cluster_connect(c, 1, 2, false);
		cluster_connect(c, 0, 2, true);
		wipe(c, 2);
		cluster_run(c, 5 * SECOND, NULL, NULL);
		cluster_connect(c, 0, 1, true);
		assert_true(cluster_run(c, 5 * SECOND, first_is_in_it, &era));
		cluster_connect(c, 0, 1, false); /* who remembers what was decided there */
		if (again) {
			cluster_crash(c, 2);
			cluster_start(c, 2);
		}
		uint32_t told = told_count(c);
		cluster_submit(c, 0, 6000);
		for (uint32_t i = 0; i < 30; i++) {
			cluster_run(c, SECOND, NULL, NULL);
			assert_false(status_of(c, 2).voter);
		}
		assert_int_equal(told_count(c), told);
		cluster_connect(c, 0, 1, true);
		cluster_connect(c, 1, 2, true);
		settle(c, 3);
		cluster_free(c);
	}
}

/* Nobody of a new group forgot anything, whoever has brought a batch by then. */
static void test_a_new_group_goes_over_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct cluster *c = group_of(4, "pbft", 90 + seed);
		uint32_t four_of = 4;
		uint64_t era = 2;
		for (uint32_t i = 0; i < 4; i++)
			cluster_start(c, i);
		for (uint32_t i = 0; i < 3; i++)
			assert_true(cluster_run(c, SECOND, is_ready, &i));
		second_era_vote(c, 4, 0, 3);
		assert_true(cluster_run(c, 10 * SECOND, in_era, &era));
		assert_true(cluster_run(c, SECOND, all_vote, &four_of));
		cluster_free(c);
	}
}

/* Until its disk says so it has nothing by which its next life would look like another's. */
static void test_nothing_is_brought_before_the_record(void **state)
{
	(void)state;
	struct cluster *c = at_work("raft", 55);
	uint64_t era = 2;
	change_protocol(c, "raft", 2, 1000);
	assert_true(cluster_run(c, 10 * SECOND, in_era, &era));
	cluster_run(c, 40 * SECOND, NULL, NULL); /* nobody is left in the first era */
	cluster_node(c, 2)->log_waits = true;
	cluster_crash(c, 2);
	cluster_wipe(c, 2);
	cluster_start(c, 2);
	cluster_run(c, 20 * SECOND, NULL, NULL);
	assert_int_equal(status_of(c, 2).position, 0);
	cluster_node(c, 2)->log_waits = false;
	cluster_crash(c, 2);
	cluster_start(c, 2);
	assert_true(cluster_run(c, 30 * SECOND, in_era, &era));
	assert_false(status_of(c, 2).voter);
	cluster_free(c);
}

/* Where members may lie one that forgot is one of them: it votes on. */
static void test_it_is_borne_where_members_may_lie(void **state)
{
	(void)state;
	struct cluster *c = at_work("pbft", 61);
	uint32_t four_of = 4;
	wipe(c, 1);
	assert_true(cluster_run(c, SECOND, all_vote, &four_of));
	settle(c, 4);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_group_begins_in_any_order),
		cmocka_unit_test(test_a_new_group_that_crashes_at_once_goes_on),
		cmocka_unit_test(test_more_than_half_of_the_others_begin_without_the_rest),
		cmocka_unit_test(test_an_empty_disk_has_no_vote),
		cmocka_unit_test(test_it_follows_the_leader_of_raft),
		cmocka_unit_test(test_it_does_not_wait_for_who_is_down),
		cmocka_unit_test(test_a_crash_on_the_way_gives_no_vote),
		cmocka_unit_test(test_the_next_era_gives_it_back),
		cmocka_unit_test(test_who_is_brought_into_an_era_has_no_vote),
		cmocka_unit_test(test_who_is_ready_votes_in_the_next_era),
		cmocka_unit_test(test_who_saw_an_old_era_last_has_no_vote_in_the_next),
		cmocka_unit_test(test_a_new_group_goes_over_at_once),
		cmocka_unit_test(test_nothing_is_brought_before_the_record),
		cmocka_unit_test(test_it_is_borne_where_members_may_lie),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
