/* honeybadger_hostile_test.c - all others lie: no assertion can be reached. */
#include "base/test.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/honeybadger/honeybadger_hostile_world.h"

static void liars_reach_no_assertion(void **state)
{
	struct hostile_counts sum;
	(void)state;
	if (!hostile_runs(&ec_honeybadger, 150, 20000, honeybadger_hostile_run, &sum))
		return;
	assert_true(sum.turned > 1000 && sum.forged > 1000 && sum.refused > 500);
	assert_true(sum.delivered > 500 && sum.fetches > 10 && sum.lives > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(liars_reach_no_assertion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
