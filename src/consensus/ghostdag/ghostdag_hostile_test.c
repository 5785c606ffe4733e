/* ghostdag_hostile_test.c - all others lie and sign what they like: no assertion can be reached. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag.h"
#include "consensus/ghostdag/ghostdag_hostile_world.h"

static void liars_reach_no_assertion(void **state)
{
	struct hostile_counts sum;
	(void)state;
	if (!hostile_runs(&ec_ghostdag, 400, 12000, ghostdag_hostile_run, &sum))
		return;
	assert_true(sum.passed > 1000 && sum.refused > 100 && sum.delivered > 1000);
	assert_true(sum.undone > 100 && sum.final > 100 && sum.cuts > 50);
	assert_true(sum.fetches > 20 && sum.brought > 10 && sum.lives > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(liars_reach_no_assertion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
