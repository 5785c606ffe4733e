/* member_blame_test.c - who breaks the protocol is named, with proof that outlives restarts. */
#include "base/test.h"
#include "base/cbor.h"
#include "crypto/hash.h"
#include "group/member_fake.h"

/* Whether what `node` shows convinces somebody who has nothing but the genesis.  In: seat: that it
 * has now; UINT32_MAX: none. */
static void check_evidence(struct cluster *c, uint32_t node, uint32_t of, uint32_t seat)
{
	const struct ec_genesis *genesis = cluster_world(c)->genesis;
	struct ec_guilty guilty;
	uint8_t named[32];
	assert_int_equal(status_of(c, node).guilty, 1);
	assert_true(ec_member_guilty(cluster_node(c, node)->member, 0, &guilty));
	assert_int_equal(guilty.era, 1);
	assert_int_equal(guilty.index, of);
	assert_int_equal(guilty.seat, seat);
	struct ec_cbor cbor = ec_cbor_over(guilty.evidence.data, guilty.evidence.size);
	ec_cbor_array_exact(&cbor, 6);
	struct ec_view form = ec_cbor_text(&cbor, 64);
	assert_memory_equal(form.data, "edgecord/evidence/1", form.size);
	ec_cbor_bytes_exact(&cbor, named, sizeof named);
	assert_memory_equal(named, &genesis->hash, sizeof named);
	assert_int_equal(ec_cbor_uint(&cbor, UINT32_MAX), 1);
	assert_int_equal(ec_cbor_uint(&cbor, UINT32_MAX), of);
	struct ec_view head = ec_cbor_bytes(&cbor, 1024), body = ec_cbor_bytes(&cbor, 4096);
	assert_true(ec_cbor_done(&cbor));
	struct ec_roster roster = ec_membership_roster(genesis->membership);
	struct ec_config config = {.roster = &roster,
	                           .crypto = cluster_crypto(c),
	                           .domain = ec_genesis_domain(genesis, genesis->membership)};
	struct ec_bytes parts[] = {{.data = head.data, .size = head.size},
	                           {.data = body.data, .size = body.size}};
	assert_true(ec_pbft.guilty(&config, of, parts[0], parts[1]));
	assert_false(ec_pbft.guilty(&config, (of + 1) % 4, parts[0], parts[1]));
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
	struct cluster *c = cluster_new(&(struct cluster_plan){
		.seed = 40, .members = 4, .spare = 1, .authors = 4, .protocols = protocols});
	struct ec_membership *next = world_membership(5, 2);
	uint32_t node = 0, n = 5;
	for (uint32_t i = 0; i < n; i++) {
		cluster_node(c, i)->next_key = world_secret('e', 200 + i);
		cluster_node(c, i)->has_next_key = true;
		if (i < 4)
			cluster_start(c, i);
	}
	cluster_run(c, 100 * MS, NULL, NULL);
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
