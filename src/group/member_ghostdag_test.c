/* member_ghostdag_test.c - members of a GHOSTDAG group: ledgers that follow UNDO and FINAL. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag.h"
#include "group/member_fake.h"
#include "ledger/proof.h"

static const struct ec_protocol *const both[] = {&ec_ghostdag, &ec_pbft, NULL};

static struct cluster *graph_of(uint64_t seed, bool unsigned_group)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 4,
	                                                       .authors = 60,
	                                                       .unsigned_group = unsigned_group,
	                                                       .protocols = both,
	                                                       .protocol = "ghostdag"});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

static struct cluster *graph(uint64_t seed)
{
	return graph_of(seed, true);
}

/* One envelope at each gateway that is up, every 50 ms.  Returns: how many were taken. */
static uint32_t load(struct cluster *c, uint32_t rounds, uint64_t *token)
{
	uint32_t taken = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < 4; i++)
			taken += cluster_submit(c, i, ++*token);
		cluster_run(c, 50 * MS, NULL, NULL);
	}
	return taken;
}

static void check_done(struct cluster *c, uint32_t expected)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	assert_int_equal(count, expected);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(told[i].code, EC_RESULT_DONE);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(cluster_node(c, i)->alarms, 0);
		assert_false(cluster_node(c, i)->halted);
	}
	check_told(c, 4);
}

/* Two are parted for a while; everything is told once, the same everywhere. */
static void blocks_side_by_side_make_one_ledger(void **state)
{
	(void)state;
	struct cluster *c = graph(1);
	uint64_t token = 0;
	uint32_t taken = load(c, 30, &token);
	cluster_connect(c, 0, 1, false);
	cluster_connect(c, 0, 2, false);
	taken += load(c, 10, &token);
	cluster_connect(c, 0, 1, true);
	cluster_connect(c, 0, 2, true);
	taken += load(c, 30, &token);
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	cluster_run(c, 10 * SECOND, NULL, NULL);
	check_done(c, taken);
	assert_true(status_of(c, 0).tentative > 0 && status_of(c, 0).certified > 0);
	cluster_free(c);
}

/* It is away for longer than blocks are kept, and comes back to the same ledger. */
static void who_was_away_fetches_the_state(void **state)
{
	(void)state;
	struct cluster *c = graph(2);
	uint64_t token = 0;
	uint32_t taken = load(c, 20, &token);
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	cluster_crash(c, 3);
	taken += load(c, 1200, &token);
	cluster_start(c, 3);
	taken += load(c, 100, &token);
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	cluster_run(c, 10 * SECOND, NULL, NULL);
	assert_true(cluster_fetches(c, 3) >= 1);
	check_done(c, taken);
	cluster_free(c);
}

static void to_pbft_and_back(void **state)
{
	(void)state;
	struct cluster *c = graph(3);
	uint64_t token = 0;
	uint32_t taken = 0;
	for (uint64_t era = 2; era <= 3; era++) {
		struct ec_membership *next = world_membership(4, era);
		snprintf(next->protocol, sizeof next->protocol, "%s",
		         era == 2 ? "pbft" : "ghostdag");
		taken += load(c, 20, &token);
		vote_in(c, next, 60000 + 10 * era);
		ec_membership_free(next);
		taken += 3;
		for (uint32_t round = 0; round < 400 && status_of(c, 0).era < era; round++)
			taken += load(c, 1, &token);
		assert_int_equal(status_of(c, 0).era, era);
	}
	taken += load(c, 20, &token);
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	cluster_run(c, 10 * SECOND, NULL, NULL);
	check_done(c, taken);
	cluster_free(c);
}

/* A gateway has spread its batch and dies before the block with it is said: nobody else made it,
 * and those who hold it propose it. */
static void a_batch_whose_gateway_died_is_ordered(void **state)
{
	(void)state;
	struct cluster *c = graph(6);
	uint32_t three = 3, count;
	uint64_t token = 0;
	uint32_t taken = load(c, 20, &token);
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	assert_true(cluster_run(c, 60 * SECOND, settled, &three));
	uint64_t seq = status_of(c, 0).seq;
	cluster_node(c, 3)->log_waits = true;
	assert_true(cluster_submit(c, 3, ++token));
	cluster_run(c, 50 * MS, NULL, NULL);
	cluster_crash(c, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(status_of(c, i).waiting_batches, 1);
	assert_true(cluster_run(c, 20 * SECOND, settled, &three));
	assert_true(status_of(c, 0).seq > seq);
	cluster_told(c, &count);
	assert_int_equal(count, taken);
	cluster_free(c);
}

/* What a member's proof of the first that was told shows. */
static enum ec_verdict verdict_at(struct cluster *c, uint32_t node, struct ec_proof_report *report)
{
	uint32_t count;
	struct ec_bytes proof;
	const struct cluster_told *told = cluster_told(c, &count);
	assert_true(count > 0);
	assert_int_equal(ec_member_receipt(cluster_node(c, node)->member, &told[0].id, &proof),
	                 EC_FOUND);
	ec_proof_judge(cluster_world(c)->genesis, NULL, cluster_crypto(c), proof, report);
	ec_proof_report_end(report);
	ec_drop(proof);
	return report->verdict;
}

/* While no quorum of signatures comes together, what is final is shown by the few that do. */
static void a_receipt_before_its_certificate(void **state)
{
	(void)state;
	struct cluster *c = graph_of(4, false);
	struct ec_proof_report report;
	uint64_t token = 0;
	for (uint32_t i = 1; i < 4; i++)
		cluster_node(c, i)->unsaid = true;
	uint32_t taken = load(c, 20, &token), count;
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	cluster_run(c, 5 * SECOND, NULL, NULL);
	const struct cluster_told *told = cluster_told(c, &count);
	struct ec_bytes proof;
	for (uint32_t i = 0; i < 4; i++) {
		struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, i)->member);
		assert_int_equal(status_of(c, i).certified, 0);
		assert_int_equal(ec_ledger_receipt(ledger, &told[0].id, &proof), EC_NOT_YET);
		assert_int_equal(verdict_at(c, i, &report), EC_PROBABILISTIC);
		assert_int_equal(report.signers, i ? 2 : 1); /* its own, and that of member 0 */
		assert_true(report.depth > 0 && report.one_honest == (i > 0));
	}
	for (uint32_t i = 1; i < 4; i++)
		cluster_node(c, i)->unsaid = false;
	taken += load(c, 20, &token);
	assert_true(cluster_run(c, 60 * SECOND, told_all, &taken));
	cluster_run(c, 5 * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(verdict_at(c, i, &report), EC_VALID);
	cluster_free(c);
}

/* Verifiers know by name which orders may be revised. */
static void verifiers_know_this_order(void **state)
{
	(void)state;
	for (uint32_t i = 0; both[i]; i++)
		assert_int_equal(ec_order_revisable(both[i]->name), both[i]->order == EC_REVISABLE);
}

/* The options of a roster: all the defaults, but that nothing is final before it is certified. */
static void pins(struct ec_membership *membership)
{
	enum { FIELDS = 11, PINNED = 10 };
	struct ec_writer writer = ec_writer_over(membership->options, EC_OPTIONS_MAX);
	for (uint32_t i = 0; i < FIELDS; i++)
		ec_write_u32(&writer, i == PINNED);
	ec_write_u64(&writer, 0);
	membership->options_size = writer.size;
}

static uint32_t era_load(struct cluster *c, const char *protocol, bool pinned, uint64_t era,
                         uint64_t *token)
{
	struct ec_membership *next = world_membership(4, era);
	snprintf(next->protocol, sizeof next->protocol, "%s", protocol);
	if (pinned)
		pins(next);
	vote_in(c, next, 60000 + 10 * era);
	ec_membership_free(next);
	uint32_t taken = 3;
	for (uint32_t round = 0; round < 600 && status_of(c, 0).era < era; round++)
		taken += load(c, 1, token);
	assert_int_equal(status_of(c, 0).era, era);
	return taken;
}

/* Nothing is final before a quorum certified it: through crashes, parted links, and an era's end.
 */
static void what_is_pinned_is_certified_first(void **state)
{
	(void)state;
	struct cluster *c = graph(5);
	uint64_t token = 0;
	uint32_t taken = era_load(c, "ghostdag", true, 2, &token);
	uint64_t first = status_of(c, 0).seq; /* fillers, where the era begins */
	for (uint32_t round = 0; round < 60; round++) {
		taken += load(c, 2, &token);
		for (uint32_t i = 0; i < 4; i++)
			assert_true(status_of(c, i).seq <= first ||
			            status_of(c, i).seq == status_of(c, i).certified);
		if (round == 20)
			cluster_connect(c, 0, 1, false);
		if (round == 40)
			cluster_connect(c, 0, 1, true);
		if (round % 10 == 5)
			cluster_break(c, 2, round % 2);
	}
	assert_true(status_of(c, 0).certified > 10 && status_of(c, 0).tentative > 0);
	cluster_crash(c, 3);
	cluster_run(c, SECOND, NULL, NULL);
	cluster_start(c, 3);
	load(c, 40, &token);
	era_load(c, "pbft", false, 3, &token);
	load(c, 20, &token);
	cluster_run(c, 5 * SECOND, NULL, NULL);
	assert_true(told_count(c) > taken);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(cluster_node(c, i)->alarms, 0);
		assert_int_equal(status_of(c, i).era, 3);
	}
	check_told(c, 4);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_side_by_side_make_one_ledger),
		cmocka_unit_test(who_was_away_fetches_the_state),
		cmocka_unit_test(to_pbft_and_back),
		cmocka_unit_test(a_batch_whose_gateway_died_is_ordered),
		cmocka_unit_test(a_receipt_before_its_certificate),
		cmocka_unit_test(verifiers_know_this_order),
		cmocka_unit_test(what_is_pinned_is_certified_first),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
