/* prng_test.c - the generator against the published values, and its helpers' fairness. */
#include "base/prng.h"

#include "base/test.h"

static void xoshiro_and_splitmix_as_published(void **state)
{
	(void)state;
	/* The reference outputs of xoshiro256** from state 1, 2, 3, 4 and of splitmix64 from
	 * 1234567. */
	static const uint64_t outputs[] = {
		11520,
		0,
		1509978240,
		1215971899390074240,
		1216172134540287360,
		607988272756665600,
		16172922978634559625u,
		8476171486693032832,
		10595114339597558777u,
		2904607092377533576,
	};
	static const uint64_t seeds[] = {6457827717110365317, 3203168211198807973,
	                                 9817491932198370423u, 4593380528125082431};
	struct ec_prng prng = {{1, 2, 3, 4}};
	for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
		assert_true(ec_prng_next(&prng) == outputs[i]);
	ec_prng_seed(&prng, 1234567);
	for (size_t i = 0; i < 4; i++)
		assert_true(prng.s[i] == seeds[i]);
}

static void equal_seeds_give_equal_numbers(void **state)
{
	(void)state;
	struct ec_prng a, b, c;
	ec_prng_seed(&a, 7);
	ec_prng_seed(&b, 7);
	ec_prng_seed(&c, 8);
	uint32_t differ = 0;
	for (int i = 0; i < 100; i++) {
		uint64_t x = ec_prng_next(&a);
		assert_true(x == ec_prng_next(&b));
		differ += x != ec_prng_next(&c);
	}
	assert_true(differ > 98);
}

static void below_is_below_and_even(void **state)
{
	(void)state;
	struct ec_prng prng;
	uint32_t seen[10] = {0};
	ec_prng_seed(&prng, 1);
	for (int i = 0; i < 100000; i++)
		seen[ec_prng_below(&prng, 10)]++;
	for (int i = 0; i < 10; i++) /* five standard deviations of 95 */
		assert_in_range(seen[i], 10000 - 475, 10000 + 475);
	for (int i = 0; i < 100; i++) {
		assert_true(ec_prng_below(&prng, 1) == 0);
		assert_true(ec_prng_below(&prng, UINT64_MAX) < UINT64_MAX);
	}
	/* 3 x 2^62: a plain remainder would give the lowest quarter of numbers twice as often. */
	uint32_t low = 0;
	for (int i = 0; i < 100000; i++)
		low += ec_prng_below(&prng, (uint64_t)3 << 62) < (uint64_t)1 << 62;
	assert_in_range(low, 33333 - 750, 33333 + 750);
}

static void chance_keeps_its_odds(void **state)
{
	(void)state;
	struct ec_prng prng;
	uint32_t hits = 0;
	ec_prng_seed(&prng, 2);
	for (int i = 0; i < 100000; i++) {
		hits += ec_prng_chance(&prng, 1, 4);
		assert_true(ec_prng_chance(&prng, 5, 5));
		assert_false(ec_prng_chance(&prng, 0, 5));
	}
	assert_in_range(hits, 25000 - 700, 25000 + 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xoshiro_and_splitmix_as_published),
		cmocka_unit_test(equal_seeds_give_equal_numbers),
		cmocka_unit_test(below_is_below_and_even),
		cmocka_unit_test(chance_keeps_its_odds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
