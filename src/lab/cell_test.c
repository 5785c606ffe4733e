/* cell_test.c - what a lone decision of PBFT costs is what the paper counts. */
#include "lab/protocols.h"

#include "base/test.h"

static struct lab_result run(const struct lab_model *model, struct lab_load load)
{
	struct lab_result result;
	load.seed = 1;
	load.batch_bytes = 1024;
	lab_run(&lab_pbft.cell, model, &load, &result);
	assert_true(result.done);
	assert_int_equal(result.batches, load.batches);
	assert_int_equal(result.told.count, load.batches);
	return result;
}

/* Body to all, PRE-PREPARE, PREPARE, COMMIT: a batch at the primary takes three steps, at another
 * member one more. */
static void a_lone_decision_takes_the_steps_of_the_paper(void **unused)
{
	(void)unused;
	for (uint32_t n = 4; n <= 16; n += 3) {
		struct lab_result result =
			run(&lab_unit,
		            (struct lab_load){.n = n, .batches = n, .at_once = 1, .lone = true});
		uint64_t a_batch = (n - 1) + (n - 1) + (n - 1) * (n - 1) + n * (n - 1);
		assert_int_equal(result.messages, n * a_batch);
		assert_int_equal(result.told.max_ns, 4 * LAB_STEP_NS);
		assert_int_equal(ec_histogram_at(&result.told, 1) / LAB_STEP_NS, 3);
	}
}

static void the_same_seed_is_the_same_experiment(void **unused)
{
	(void)unused;
	struct lab_load load = {.n = 4, .batches = 200, .at_once = 4};
	for (const struct lab_model *model = lab_models; model->name; model++) {
		struct lab_result a = run(model, load), b = run(model, load);
		a.core_ns = b.core_ns = 0;
		assert_memory_equal(&a, &b, sizeof a);
		assert_true(ec_histogram_at(&a.told, 500) >= 3 * model->delay_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lone_decision_takes_the_steps_of_the_paper),
		cmocka_unit_test(the_same_seed_is_the_same_experiment),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
