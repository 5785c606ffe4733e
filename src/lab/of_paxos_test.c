/* of_paxos_test.c - Paxos and Multi-Paxos in experiments: steps as the papers count them, and their
 * problems as numbers. */
#include "base/test.h"
#include "lab/protocols.h"

static void run(const struct lab_entry *entry, uint32_t n, bool lone, struct lab_result *result)
{
	struct lab_load load = {
		.n = n, .batches = 40, .batch_bytes = 64, .at_once = 1, .lone = lone, .seed = 2};
	lab_run(&entry->cell, &lab_unit, &load, result);
	assert_true(result->done);
	assert_int_equal(result->batches, 40);
}

/* At the gateways in turn: two steps at the leader, with one there and one back elsewhere; of Paxos
 * four at whoever proposes. */
static void steps_of_a_decision(void **unused)
{
	struct lab_result result;
	(void)unused;
	run(&lab_multipaxos, 3, true, &result);
	double steps = (double)result.told.sum_ns / (double)result.told.count / (double)LAB_STEP_NS;
	assert_true(steps > 2 && steps < 4);
	run(&lab_paxos, 3, true, &result);
	steps = (double)result.told.sum_ns / (double)result.told.count / (double)LAB_STEP_NS;
	assert_true(steps >= 4 && steps < 8);
}

static void their_problems_are_numbers(void **unused)
{
	struct lab_problem problem[LAB_PROBLEMS_MAX];
	(void)unused;
	assert_int_equal(lab_multipaxos.problems(3, 1, problem), 1);
	assert_true(problem[0].before > 5 * problem[0].after);
	assert_int_equal(lab_paxos.problems(5, 1, problem), 1);
	assert_true(problem[0].before > problem[0].after);
}

static int start(void **unused)
{
	(void)unused;
	return ec_crypto_start() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_of_a_decision),
		cmocka_unit_test(their_problems_are_numbers),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
