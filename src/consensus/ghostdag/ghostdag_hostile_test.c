/* ghostdag_hostile_test.c - all others lie and sign what they like: no assertion can be reached. */
#include "base/prng.h"
#include "base/test.h"
#include "consensus/ghostdag/ghostdag_hostile_world.h"

#include <stdlib.h>

static void liars_reach_no_assertion(void **state)
{
	static uint8_t data[12000];
	struct hostile_counts sum = {0};
	struct ec_prng prng;
	const char *runs = getenv("GHOSTDAG_SEEDS");
	(void)state;
	for (uint64_t seed = 1; seed <= (runs ? strtoull(runs, NULL, 10) : 400); seed++) {
		ec_prng_seed(&prng, seed);
		for (size_t i = 0; i < sizeof data; i++)
			data[i] = (uint8_t)ec_prng_next(&prng);
		struct hostile_counts one = hostile_run(data, 500 + ec_prng_below(&prng, 11500));
		sum.passed += one.passed;
		sum.refused += one.refused;
		sum.delivered += one.delivered;
		sum.undone += one.undone;
		sum.final += one.final;
		sum.cuts += one.cuts;
		sum.fetches += one.fetches;
		sum.brought += one.brought;
		sum.lives += one.lives;
		sum.blames += one.blames;
	}
	print_message("%u messages passed, %u were refused; %u delivered, %u times undone, %u "
	              "finals, %u cuts, %u fetches, %u brought, %u lives, %u blames\n",
	              sum.passed, sum.refused, sum.delivered, sum.undone, sum.final, sum.cuts,
	              sum.fetches, sum.brought, sum.lives, sum.blames);
	if (runs)
		return; /* too few to say anything of, or as many as somebody wants */
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
