/* erasure_vandermonde_test.c - a planted bug of the codec: the Vandermonde matrix in the place of
 * Cauchy's.  The property that erasure_test.c holds of the codec must fail here: of 18 shards some
 * nine do not give the payload. */
#define gf_gen_cauchy1_matrix gf_gen_rs_matrix
#include "crypto/erasure.c"

#include "crypto/erasure_oracle_test.h"

static void some_nine_of_eighteen_will_not_do(void **state)
{
	(void)state;
	uint32_t choices, failed;
	failed = choices_that_fail((struct ec_erasure){.n = 18, .needed = 9}, &choices);
	assert_int_equal(failed, 232);
	/* Where it does hold nothing is found: the property is no accident of the test. */
	assert_int_equal(choices_that_fail((struct ec_erasure){.n = 25, .needed = 4}, &choices), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_nine_of_eighteen_will_not_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
