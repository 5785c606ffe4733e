/* pbft_hostile_test.c - all others lie and sign what they like: no assertion can be reached. */
#include "base/prng.h"
#include "base/test.h"
#include "consensus/pbft/pbft_hostile_world.h"

#include <stdlib.h>

static void liars_reach_no_assertion(void **state)
{
	static uint8_t data[20000];
	struct hostile_counts sum = {0};
	struct ec_prng prng;
	const char *runs = getenv("PBFT_SEEDS");
	(void)state;
	for (uint64_t seed = 1; seed <= (runs ? strtoull(runs, NULL, 10) : 1000); seed++) {
		ec_prng_seed(&prng, seed);
		for (size_t i = 0; i < sizeof data; i++)
			data[i] = (uint8_t)ec_prng_next(&prng);
		struct hostile_counts one = hostile_run(data, 500 + ec_prng_below(&prng, 19500));
		sum.passed += one.passed;
		sum.refused += one.refused;
		sum.views += one.views > 0;
		sum.delivered += one.delivered;
		sum.cuts += one.cuts;
		sum.fetches += one.fetches;
		sum.lives += one.lives;
	}
	print_message("%u messages passed, %u were refused; %u delivered, %u cuts, %u fetches, "
	              "%u lives, %u runs left view 0\n",
	              sum.passed, sum.refused, sum.delivered, sum.cuts, sum.fetches, sum.lives,
	              sum.views);
	if (runs)
		return; /* too few to say anything of, or as many as somebody wants */
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
