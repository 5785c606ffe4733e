/* of_honeybadger_test.c - what HoneyBadgerBFT costs in experiments is what its paper counts, and
 * its problems are measured, not believed. */
#include "lab/protocols.h"

#include "base/test.h"
#include "lab/agreement.h"
#include "lab/keys.h"

static void six_steps_when_all_propose(void **unused)
{
	(void)unused;
	for (uint32_t n = 4; n <= 10; n += 3) {
		struct lab_load load = {
			.n = n, .batches = n, .batch_bytes = 64, .at_once = 1, .seed = 1};
		struct lab_result result;
		lab_run(&lab_honeybadger.cell, &lab_unit, &load, &result);
		assert_true(result.done);
		assert_int_equal(result.conflicts, 0);
		/* VAL, ECHO, READY; BVAL, AUX; opening shares: a coin costs nothing. */
		assert_int_equal(ec_histogram_at(&result.final, 1), 6 * LAB_STEP_NS);
		assert_int_equal(result.final.max_ns, 6 * LAB_STEP_NS);
	}
}

static const struct lab_problem *number_find(const struct lab_problem *problem, uint32_t count,
                                             const char *number)
{
	for (uint32_t i = 0; i < count; i++)
		if (strstr(problem[i].number, number))
			return &problem[i];
	fail_msg("no number is \"%s\"", number);
	return NULL;
}

static void its_problems_are_numbers(void **unused)
{
	struct lab_problem problem[LAB_PROBLEMS_MAX];
	uint32_t count = lab_honeybadger.problems(7, 3, problem);
	(void)unused;
	const struct lab_problem *p = number_find(problem, count, "parties that alone");
	assert_true(p->before == 1 && p->after == 0);
	assert_true(p->cost[0].number == 3 * 7 && p->cost[1].number > 0);
	p = number_find(problem, count, "fewest");
	assert_true(p->before == 1 && p->after == 3);
	p = number_find(problem, count, "dealers that may");
	assert_true(p->before == 0 && p->after == 2);
	p = number_find(problem, count, "knows the coin");
	assert_true(p->before_endless && p->after > 7.5 && p->after < 8.5);
	p = number_find(problem, count, "999 of 1000");
	assert_true(p->before_endless && p->after >= 26 && p->after <= 41);
	p = number_find(problem, count, "rounds when all give 1");
	assert_true(p->before > 1.5 && p->before < 2.5 && p->after == 1);
	p = number_find(problem, count, "coin shares");
	assert_true(p->before >= 3 && p->after == 0);
}

/* In a group of three nobody may be faulty, and each knows all. */
static void a_small_group_has_no_secrets(void **unused)
{
	struct lab_problem problem[LAB_PROBLEMS_MAX];
	uint32_t count = lab_honeybadger.problems(3, 1, problem);
	(void)unused;
	const struct lab_problem *p = number_find(problem, count, "parties that alone");
	assert_true(p->before == 4 && p->after == 3);
	assert_true(number_find(problem, count, "fewest")->after == 1);
	assert_true(number_find(problem, count, "dealers that may")->after == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_steps_when_all_propose),
		cmocka_unit_test(its_problems_are_numbers),
		cmocka_unit_test(a_small_group_has_no_secrets),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
