/* of_raft_test.c - Raft in experiments: a lone decision takes one message there and back and the
 * news of it, and a problem that shrinks with batches. */
#include "base/test.h"
#include "lab/protocols.h"

static void a_decision_is_linear_in_members(void **state)
{
	static const uint32_t sizes[] = {4, 7, 16};
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct lab_result result;
		uint32_t n = sizes[i];
		struct lab_load load = {.n = n,
		                        .batches = 4 * n,
		                        .batch_bytes = 1024,
		                        .at_once = 1,
		                        .lone = true,
		                        .seed = 1};
		lab_run(&lab_raft.cell, &lab_models[0], &load, &result);
		/* APPEND, ACK, COMMITTED and the body's way; heartbeats between them. */
		double each = (double)result.messages / result.batches / (n - 1);
		assert_true(each >= 3 && each <= 6);
	}
}

static void batches_share_an_entry(void **state)
{
	struct lab_problem problem[LAB_PROBLEMS_MAX];
	(void)state;
	assert_int_equal(lab_raft.problems(4, 1, problem), 1);
	assert_true(problem[0].before > 50 * problem[0].after && problem[0].after > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decision_is_linear_in_members),
		cmocka_unit_test(batches_share_an_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
