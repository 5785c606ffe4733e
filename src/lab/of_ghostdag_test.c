/* of_ghostdag_test.c - GHOSTDAG in experiments: one order whatever the network, and its problems as
 * numbers. */
#include "lab/protocols.h"

#include "base/test.h"
#include "lab/poisson.h"

static void run(uint32_t n, const struct lab_model *model, bool lone, struct lab_result *result)
{
	struct lab_load load = {.n = n,
	                        .batches = (lone ? 1 : 4) * n,
	                        .batch_bytes = 64,
	                        .at_once = lone ? 1 : 4,
	                        .lone = lone,
	                        .seed = 1};
	lab_run(&lab_ghostdag.cell, model, &load, result);
	assert_true(result->done);
	assert_int_equal(result->conflicts, 0);
	assert_int_equal(result->final.count, load.batches);
	assert_true(result->told.max_ns <= result->final.max_ns);
}

static void every_network_comes_to_one_order(void **unused)
{
	struct lab_result result;
	(void)unused;
	for (const struct lab_model *model = lab_models; model->name; model++)
		for (uint32_t n = 4; n <= 7; n += 3) {
			run(n, model, true, &result);
			run(n, model, false, &result);
			assert_true(result.undone > 0); /* it is revised until it is final */
		}
	/* Blocks for 8 n of blue score above it, n at a time. */
	run(4, &lab_unit, true, &result);
	assert_in_range(ec_histogram_at(&result.final, 500), 8 * LAB_STEP_NS, 16 * LAB_STEP_NS);
}

static double red(uint32_t n, uint32_t k, uint32_t slowness)
{
	return lab_red_share(&(struct lab_makers){
		.n = n, .k = k, .slowness = slowness, .blocks = 400, .seed = 7});
}

static void blocks_side_by_side_do_not_count_on_a_chain(void **unused)
{
	(void)unused;
	assert_true(red(1, 0, 1) == 0); /* one maker alone makes a chain */
	assert_true(red(4, 0, 1) > 0.4);
	assert_true(red(4, 16, 1) < 0.01);
	assert_true(red(4, 16, 4) > red(4, 16, 1) + 0.1);
	assert_true(red(4, 64, 4) < 0.01); /* k for the delay that there is */
}

static void its_problems_are_numbers(void **unused)
{
	struct lab_problem problem[LAB_PROBLEMS_MAX];
	uint32_t count = lab_ghostdag.problems(4, 1, problem);
	(void)unused;
	assert_int_equal(count, 5);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(problem[i].after < problem[i].before);
	assert_true(problem[4].before == 10 && problem[4].after == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_network_comes_to_one_order),
		cmocka_unit_test(blocks_side_by_side_do_not_count_on_a_chain),
		cmocka_unit_test(its_problems_are_numbers),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
