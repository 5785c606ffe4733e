/* member_handing_test.c - a leader hands over before it is stopped, or to whom a person wants. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/raft/raft.h"
#include "group/member_fake.h"

static const struct ec_protocol *const all[] = {&ec_raft, &ec_multipaxos, &ec_pbft, NULL};

static struct cluster *group_of(const char *protocol, uint32_t members, uint32_t learners)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = 7,
	                                                       .members = members,
	                                                       .authors = 4,
	                                                       .learners = learners,
	                                                       .unsigned_group = true,
	                                                       .protocols = all,
	                                                       .protocol = protocol});
	for (uint32_t i = 0; i < members; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

/* Who leads, as a member sees it. */
static uint32_t leader_of(struct cluster *c, uint32_t by)
{
	return status_of(c, by).leader;
}

static bool over(struct cluster *c, void *self)
{
	return !ec_member_handing_over(cluster_node(c, *(const uint32_t *)self)->member);
}

/* Longest time between two answers while clients of all gateways but `stopped` come every 2 ms and
 * the leader goes after 200 ms: with its hand-over, or without a word. */
static uint64_t pause_of(const char *protocol, bool hands_over)
{
	struct cluster *c = group_of(protocol, 3, 0);
	uint32_t old = leader_of(c, 0), count = 0, told_now;
	uint64_t longest = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t gateway = i % 3 == old ? (old + 1) % 3 : i % 3;
		count += cluster_submit(c, gateway, i + 1);
		if (i == 100 && hands_over) {
			assert_null(cluster_hand_over(c, old, UINT32_MAX));
			assert_true(ec_member_handing_over(cluster_node(c, old)->member));
			assert_true(cluster_run(c, SECOND, over, &old));
			assert_int_not_equal(leader_of(c, old), old);
		}
		if (i == 100)
			cluster_crash(c, old);
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	const struct cluster_told *told = cluster_told(c, &told_now);
	assert_int_equal(told_now, count);
	for (uint32_t i = 1; i < count; i++)
		if (told[i].at - told[i - 1].at > longest)
			longest = told[i].at - told[i - 1].at;
	cluster_start(c, old);
	settle(c, 3);
	check_equal(c, 3);
	cluster_free(c);
	return longest;
}

static void who_is_stopped_hands_over_first(void **state)
{
	uint64_t planned = pause_of(*state, true), silent = pause_of(*state, false);
	print_message("%s: a pause of %.1f ms, of %.1f ms without a word\n", (const char *)*state,
	              (double)planned / (double)MS, (double)silent / (double)MS);
	assert_true(planned < 40 * MS);
	assert_true(silent > 5 * planned);
}

static void a_person_says_who_leads(void **state)
{
	struct cluster *c = group_of(*state, 4, 1); /* 0 has no vote */
	uint32_t old = leader_of(c, 1), to = old % 3 + 1;
	assert_string_equal(cluster_hand_over(c, to, UINT32_MAX), "this node does not lead");
	assert_string_equal(cluster_hand_over(c, old, old), "this node leads already");
	assert_string_equal(cluster_hand_over(c, old, 0),
	                    "that node is no voter that this one reaches");
	assert_string_equal(cluster_hand_over(c, old, 4),
	                    "that node is no voter that this one reaches");
	assert_null(cluster_hand_over(c, old, to));
	assert_true(cluster_run(c, SECOND, over, &old));
	cluster_run(c, 100 * MS, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(leader_of(c, i), to);
	cluster_free(c);
}

/* Who is asked dies; it is given up, and clients go on at the old leader. */
static void an_heir_that_dies_is_given_up(void **state)
{
	struct cluster *c = group_of(*state, 3, 0);
	uint32_t old = leader_of(c, 0), to = (old + 1) % 3, count = 0;
	cluster_crash(c, to);
	assert_null(cluster_hand_over(c, old, UINT32_MAX));
	assert_true(cluster_run(c, 2 * SECOND, over, &old));
	assert_int_equal(leader_of(c, old), 3 - old - to);
	cluster_crash(c, old);
	cluster_start(c, to);
	cluster_start(c, old);
	cluster_run(c, 2 * SECOND, NULL, NULL);
	old = leader_of(c, 0);
	assert_true(old < 3);
	assert_null(cluster_hand_over(c, old, (old + 1) % 3));
	cluster_crash(c, (old + 1) % 3);
	assert_true(cluster_run(c, 5 * SECOND, over, &old));
	count += cluster_submit(c, old, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	cluster_free(c);
}

static void alone_or_without_a_leader_nothing_is_asked(void **state)
{
	(void)state;
	struct cluster *c = group_of("raft", 3, 0);
	uint32_t old = leader_of(c, 0);
	for (uint32_t i = 0; i < 3; i++)
		cluster_connect(c, old, i, i == old);
	cluster_run(c, 10 * MS, NULL, NULL);
	assert_string_equal(cluster_hand_over(c, old, UINT32_MAX),
	                    "this node reaches no other voter");
	assert_false(ec_member_handing_over(cluster_node(c, old)->member));
	cluster_free(c);
	c = group_of("pbft", 4, 0);
	assert_string_equal(cluster_hand_over(c, leader_of(c, 0), UINT32_MAX),
	                    "in the protocol of this group nobody can hand over");
	cluster_free(c);
}

int main(void)
{
	static char raft[] = "raft", multipaxos[] = "multipaxos";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(who_is_stopped_hands_over_first, raft),
		cmocka_unit_test_prestate(who_is_stopped_hands_over_first, multipaxos),
		cmocka_unit_test_prestate(a_person_says_who_leads, raft),
		cmocka_unit_test_prestate(a_person_says_who_leads, multipaxos),
		cmocka_unit_test_prestate(an_heir_that_dies_is_given_up, raft),
		cmocka_unit_test_prestate(an_heir_that_dies_is_given_up, multipaxos),
		cmocka_unit_test(alone_or_without_a_leader_nothing_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
