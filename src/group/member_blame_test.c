/* member_blame_test.c - who breaks the protocol is named, with proof that outlives restarts. */
#include "base/test.h"
#include "group/evidence.h"
#include "group/member_fake.h"

/* Judges evidence as somebody does who has nothing but the genesis. */
static bool proves(struct cluster *c, const struct ec_genesis *genesis,
                   const struct ec_evidence *of, const char *why)
{
	char said[512] = "";
	bool good = ec_evidence_judge(genesis, genesis->membership, protocols, cluster_crypto(c),
	                              of, said, sizeof said);
	assert_true(good == !why);
	if (why)
		assert_non_null(strstr(said, why));
	return good;
}

/* In: seat: that who is guilty has now; UINT32_MAX: none. */
static void check_evidence(struct cluster *c, uint32_t node, uint32_t of, uint32_t seat)
{
	const struct ec_genesis *genesis = cluster_world(c)->genesis;
	struct ec_genesis other = *genesis;
	struct ec_guilty guilty;
	struct ec_evidence evidence, changed;
	assert_int_equal(status_of(c, node).guilty, 1);
	assert_true(ec_member_guilty(cluster_node(c, node)->member, 0, &guilty));
	assert_int_equal(guilty.era, 1);
	assert_int_equal(guilty.index, of);
	assert_int_equal(guilty.seat, seat);
	assert_memory_equal(guilty.identity_key, genesis->membership->seat[of].identity_key, 32);
	assert_true(ec_evidence_read(guilty.evidence, &evidence));
	assert_int_equal(evidence.era, 1);
	assert_int_equal(evidence.index, of);
	proves(c, genesis, &evidence, NULL);
	other.hash.b[0] ^= 1;
	proves(c, &other, &evidence, "another group");
	changed = evidence;
	changed.genesis = other.hash; /* said to be of the other: its words are signed for this */
	proves(c, &other, &changed, "does not show that member");
	changed = evidence;
	changed.index = (of + 1) % 4;
	proves(c, genesis, &changed, "does not show that member");
	changed.index = 4;
	proves(c, genesis, &changed, "there is no member 4 in era 1");
	changed = evidence;
	changed.era = 2;
	proves(c, genesis, &changed, "it is of era 2, the roster is that of 1");
	struct ec_bytes bytes = guilty.evidence;
	bytes.size--;
	assert_false(ec_evidence_read(bytes, &evidence));
}

static bool anyone_knows(struct cluster *c, void *self)
{
	uint32_t *node = self;
	for (*node = 1; *node < 4; ++*node)
		if (status_of(c, *node).guilty)
			return true;
	return false;
}

/* It proposes one batch to two members and another to the third, signed both. */
static void test_a_leader_that_says_two_things_is_proven_guilty(void **state)
{
	(void)state;
	char says[80];
	struct cluster *c = four(40);
	uint32_t node = 0, count = told_count(c);
	cluster_node(c, 0)->equivocates = 3 + 1;
	count += cluster_submit(c, 1, 1);
	assert_true(cluster_run(c, 5 * SECOND, anyone_knows, &node));
	cluster_node(c, 0)->equivocates = 0;
	check_evidence(c, node, 0, 0);
	snprintf(says, sizeof says, "owner 0 (member 0) broke the protocol pbft");
	assert_non_null(strstr(cluster_node(c, node)->alarm, says));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	/* The log goes on and is cut behind it; it is there in the next lives. */
	uint64_t appends = cluster_node(c, node)->appends;
	for (uint32_t life = 0; life < 3; life++) {
		for (uint32_t i = 0; i < 300; i++) {
			cluster_submit(c, i % 4, 100 + life * 1000 + i);
			cluster_run(c, 5 * MS, NULL, NULL);
		}
		settle(c, 4);
		cluster_crash(c, node);
		cluster_start(c, node);
		check_evidence(c, node, 0, 0);
	}
	appends = cluster_node(c, node)->appends - appends;
	print_message("%lu records were written, %u are in the log\n", appends,
	              cluster_node(c, node)->log_count);
	assert_in_range(cluster_node(c, node)->log_count, 1, appends / 2);
	cluster_free(c);
}

/* The others vote it out, on that evidence: the block with the vote that completes the quorum is
 * the last that it has a part in, and one that was not there before has its place. */
static void test_who_is_proven_guilty_is_voted_out(void **state)
{
	(void)state;
	struct cluster *c = four_and_one(40, 4);
	struct ec_membership *next = world_membership(5, 2);
	uint32_t node = 0, n = 5;
	uint32_t count = told_count(c);
	cluster_node(c, 0)->equivocates = 3 + 1;
	count += cluster_submit(c, 1, 1);
	assert_true(cluster_run(c, 5 * SECOND, anyone_knows, &node));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	next->n = 4; /* without seat 0 */
	memmove(&next->seat[0], &next->seat[1], 4 * sizeof next->seat[0]);
	for (uint32_t i = 1; i < 4; i++) /* it does not vote, and goes on lying */
		count += cluster_vote(c, next, i, 1000 + i);
	cluster_start(c, 4);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	cluster_run(c, 5 * SECOND, NULL, NULL);
	uint64_t ended = status_of(c, 0).seq;
	for (uint32_t i = 0; i < 40; i++)
		count += cluster_submit(c, 1 + i % 4, 10 + i);
	assert_true(cluster_run(c, 20 * SECOND, told_all, &count));
	for (uint32_t i = 1; i < n; i++) {
		assert_int_equal(status_of(c, i).era, 2);
		assert_int_equal(status_of(c, i).n, 4);
		assert_true(status_of(c, i).voter && status_of(c, i).seq > ended);
	}
	assert_true(status_of(c, 0).self >= 4 && !status_of(c, 0).voter);
	assert_int_equal(status_of(c, 0).seq, ended);
	cluster_crash(c, 0);
	settle(c, n);
	check_evidence(c, node, 0, UINT32_MAX); /* of era 1: it outlives its seat, and a restart */
	cluster_crash(c, node);
	cluster_start(c, node);
	check_evidence(c, node, 0, UINT32_MAX);
	ec_membership_free(next);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_leader_that_says_two_things_is_proven_guilty),
		cmocka_unit_test(test_who_is_proven_guilty_is_voted_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
