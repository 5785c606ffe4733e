/* honeybadger_hostile_test.c - all others lie: no assertion can be reached. */
#include "base/prng.h"
#include "base/test.h"
#include "consensus/honeybadger/honeybadger_hostile_world.h"

#include <stdlib.h>

static void liars_reach_no_assertion(void **state)
{
	static uint8_t data[20000];
	struct hostile_counts sum = {0};
	struct ec_prng prng;
	const char *runs = getenv("HONEYBADGER_SEEDS");
	(void)state;
	for (uint64_t seed = 1; seed <= (runs ? strtoull(runs, NULL, 10) : 150); seed++) {
		ec_prng_seed(&prng, seed);
		for (size_t i = 0; i < sizeof data; i++)
			data[i] = (uint8_t)ec_prng_next(&prng);
		struct hostile_counts one = hostile_run(data, 500 + ec_prng_below(&prng, 19500));
		sum.turned += one.turned;
		sum.forged += one.forged;
		sum.refused += one.refused;
		sum.delivered += one.delivered;
		sum.fetches += one.fetches;
		sum.lives += one.lives;
		sum.epochs += one.epochs;
	}
	print_message("%u messages turned, %u forged, %u refused; %u delivered, %u fetches, "
	              "%u lives, %u epochs\n",
	              sum.turned, sum.forged, sum.refused, sum.delivered, sum.fetches, sum.lives,
	              sum.epochs);
	if (runs)
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
