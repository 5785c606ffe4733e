/* quorum_test.c - quorums of 1 to 128 voters by table, and what makes them quorums. */
#include "base/quorum.h"
#include "base/test.h"

enum { N_MAX = 128 };

/* f and q for n = 1..13, as one counts them on paper; beyond, the properties below. */
static const uint8_t table[][2] = {
	{0, 1}, {0, 2}, {0, 2}, {1, 3}, {1, 4}, {1, 4}, {2, 5},
	{2, 6}, {2, 6}, {3, 7}, {3, 8}, {3, 8}, {4, 9},
};

static void small_groups_by_table(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= sizeof table / sizeof table[0]; n++) {
		assert_int_equal(ec_faults_byzantine(n), table[n - 1][0]);
		assert_int_equal(ec_quorum_byzantine(n), table[n - 1][1]);
	}
	assert_int_equal(ec_faults_byzantine(0), 0);
}

static void quorum_holds(uint64_t n)
{
	uint64_t f = ec_faults_byzantine(n), q = ec_quorum_byzantine(n);
	assert_true(3 * f + 1 <= n && n - 3 * f <= 3); /* the most f with 3f + 1 <= n */
	assert_true(q - (n - q) > f);                  /* two meet in a correct voter, */
	assert_true(q <= n - f); /* nobody waits for those who do not answer, */
	uint64_t less = q - 1;
	assert_true(less < n - less || less - (n - less) <= f); /* and no fewer would do */
}

static void quorums_meet_and_can_be_reached(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= N_MAX; n++)
		quorum_holds(n);
}

/* f and q for n = 1..10 where nobody lies: the table of every paper on replicated logs. */
static void small_majorities_by_table(void **state)
{
	(void)state;
	static const uint8_t majorities[][2] = {{0, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3},
	                                        {2, 4}, {3, 4}, {3, 5}, {4, 5}, {4, 6}};
	for (uint32_t n = 1; n <= sizeof majorities / sizeof majorities[0]; n++) {
		assert_int_equal(ec_faults_crash(n), majorities[n - 1][0]);
		assert_int_equal(ec_quorum_crash(n), majorities[n - 1][1]);
	}
	assert_int_equal(ec_faults_crash(0), 0);
	assert_int_equal(ec_quorum_crash(0), 1);
}

static void majority_holds(uint64_t n)
{
	uint64_t f = ec_faults_crash(n), q = ec_quorum_crash(n);
	assert_true(2 * f + 1 <= n && n - 2 * f <= 2); /* the most f with 2f + 1 <= n */
	assert_true(q > n - q);                        /* two meet in a voter, */
	assert_true(q == n - f);                       /* nobody waits for those who are silent, */
	assert_true(q - 1 <= n - (q - 1));             /* and no fewer would do */
}

static void majorities_meet_and_can_be_reached(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= N_MAX; n++)
		majority_holds(n);
	for (uint64_t less = 0; less < 12; less++)
		majority_holds(UINT64_MAX - less);
}

static void weights_do_not_overflow(void **state)
{
	(void)state;
	for (uint64_t less = 0; less < 12; less++)
		quorum_holds(UINT64_MAX - less);
	assert_true(ec_faults_byzantine(UINT64_MAX) == UINT64_MAX / 3 - (UINT64_MAX % 3 == 0));
	assert_true(ec_quorum_byzantine(1000003) == 666669);
}

static void only_voters_are_counted(void **state)
{
	(void)state;
	struct ec_roster_member member[5] = {{.roles = EC_VOTER, .weight = 7},
	                                     {.roles = EC_LEADER | EC_ARBITER},
	                                     {.roles = EC_VOTER | EC_LEADER},
	                                     {.roles = 0},
	                                     {.roles = EC_VOTER}};
	assert_int_equal(ec_voters(&(struct ec_roster){.n = 5, .member = member}), 3);
	assert_int_equal(ec_voters(&(struct ec_roster){.n = 0}), 0);
	static const uint32_t number[] = {0, UINT32_MAX, 1, UINT32_MAX, 2, UINT32_MAX};
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(ec_voter(&(struct ec_roster){.n = 5, .member = member}, i),
		                 number[i]);
	assert_int_equal(ec_voter(&(struct ec_roster){.n = 5, .member = member}, UINT32_MAX),
	                 UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_groups_by_table),
		cmocka_unit_test(quorums_meet_and_can_be_reached),
		cmocka_unit_test(small_majorities_by_table),
		cmocka_unit_test(majorities_meet_and_can_be_reached),
		cmocka_unit_test(weights_do_not_overflow),
		cmocka_unit_test(only_voters_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
