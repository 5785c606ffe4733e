/* member_ghostdag_test.c - members of a GHOSTDAG group: ledgers that follow UNDO and FINAL. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag.h"
#include "group/member_fake.h"

static const struct ec_protocol *const both[] = {&ec_ghostdag, &ec_pbft, NULL};

static struct cluster *graph(uint64_t seed)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 4,
	                                                       .authors = 60,
	                                                       .unsigned_group = true,
	                                                       .protocols = both,
	                                                       .protocol = "ghostdag"});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_side_by_side_make_one_ledger),
		cmocka_unit_test(who_was_away_fetches_the_state),
		cmocka_unit_test(to_pbft_and_back),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
