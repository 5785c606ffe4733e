/* multipaxos_hostile_test.c - whatever passes check() reaches no assertion. */
#include "base/test.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/multipaxos/multipaxos_hostile_world.h"

static void nothing_heard_reaches_an_assertion(void **state)
{
	struct hostile_counts sum;
	(void)state;
	if (!hostile_runs(&ec_multipaxos, 1000, 20000, multipaxos_hostile_run, &sum))
		return;
	assert_true(sum.passed > 1000 && sum.refused > 100);
	assert_true(sum.delivered > 100 && sum.cuts > 10 && sum.fetches > 10);
	assert_true(sum.lives > 1500 && sum.views > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_heard_reaches_an_assertion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
