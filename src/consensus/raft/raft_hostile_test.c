/* raft_hostile_test.c - all others lie: no assertion can be reached. */
#include "base/test.h"
#include "consensus/raft/raft.h"
#include "consensus/raft/raft_hostile_world.h"

static void liars_reach_no_assertion(void **state)
{
	struct hostile_counts sum;
	(void)state;
	if (!hostile_runs(&ec_raft, 1000, 20000, raft_hostile_run, &sum))
		return;
	assert_true(sum.passed > 1000 && sum.refused > 100);
	assert_true(sum.delivered > 100 && sum.cuts > 10 && sum.fetches > 10);
	assert_true(sum.lives > 1500 && sum.views > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(liars_reach_no_assertion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
