/* rbc_vandermonde_test.c - a planted bug of the codec, the Vandermonde matrix in the place of
 * Cauchy's, breaks a broadcast: a member whose shards cannot be inverted takes a correct proposer
 * for a liar.  rbc_test.c runs the same worlds without the bug. */
#define gf_gen_cauchy1_matrix gf_gen_rs_matrix
#include "crypto/erasure.c"

#include "base/test.h"
#include "consensus/honeybadger/rbc_world.h"

static void a_correct_proposer_looks_like_a_liar(void **state)
{
	(void)state;
	const char *violation = NULL;
	struct rbc_world_options options = {.n = 25, .liars = true};
	for (; !violation && options.seed < 50; options.seed++)
		violation = rbc_world_run(&options);
	assert_non_null(violation);
	assert_string_equal(violation, "agreement: two correct members deliver different things");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_correct_proposer_looks_like_a_liar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
