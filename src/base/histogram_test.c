/* histogram_test.c - quantiles are near the true ones, buckets meet. */
#include "base/histogram.h"
#include "base/test.h"

static struct ec_histogram histogram;

static void quantiles_are_within_two_percent(void **state)
{
	(void)state;
	static const uint32_t per_mille[] = {1, 10, 500, 900, 990, 999};
	histogram = (struct ec_histogram){0};
	assert_int_equal(ec_histogram_at(&histogram, 500), 0);
	for (uint64_t i = 1; i <= 100000; i++)
		ec_histogram_add(&histogram, i * 1000, 1);
	for (size_t i = 0; i < sizeof per_mille / sizeof *per_mille; i++) {
		uint64_t exact = per_mille[i] * (uint64_t)100000,
			 got = ec_histogram_at(&histogram, per_mille[i]);
		assert_true(got >= exact && got <= exact + exact / 50);
	}
	assert_int_equal(ec_histogram_at(&histogram, 1000), 100000000);
	ec_histogram_add(&histogram, UINT64_MAX / 2, 1);
	assert_int_equal(ec_histogram_at(&histogram, 1000), UINT64_MAX / 2);
	assert_int_equal(histogram.count, 100001);
}

/* Each bucket begins where the one before ends, and holds what begins it. */
static void buckets_meet(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < EC_HISTOGRAM_BUCKETS; i++) {
		histogram = (struct ec_histogram){0};
		uint64_t floor = ec_histogram_floor(i);
		assert_true(ec_histogram_floor(i + 1) > floor);
		ec_histogram_add(&histogram, floor, 1);
		assert_int_equal(histogram.bucket[i], 1);
		if (i == 0)
			continue;
		ec_histogram_add(&histogram, floor - 1, 1);
		assert_int_equal(histogram.bucket[i - 1], 1);
		assert_int_equal(ec_histogram_below(&histogram, floor), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_within_two_percent),
		cmocka_unit_test(buckets_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
