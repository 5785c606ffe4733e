/* check_test.c - planted mistakes of stores are found and shown, and the bounds are kept. */
#include "history/history_test.h"

#include <stdio.h>

enum { MEMORY = 4 << 20, STEPS = 100000 };

static struct small small;

static int begin(void **state)
{
	(void)state;
	small_init(&small, 4096, MEMORY);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(small.block);
	return 0;
}

static struct ec_operation *put(const char *value, uint64_t from, uint64_t to)
{
	return small_add(&small, EC_OPERATION_PUT, value, from, to);
}

static struct ec_operation *get(const char *value, uint64_t from, uint64_t to)
{
	return small_add(&small, EC_OPERATION_GET, value, from, to);
}

static struct ec_operation *cas(const char *old, const char *new, uint64_t from, uint64_t to)
{
	struct ec_operation *operation = small_add(&small, EC_OPERATION_CAS, new, from, to);
	operation->expected = small_text(&small, old);
	return operation;
}

static struct ec_operation *at(struct ec_operation *operation, uint64_t revision)
{
	operation->revision = revision;
	operation->revision_told = true;
	return operation;
}

static struct ec_check_result judged(const struct ec_model *model)
{
	struct ec_check_result result;
	ec_check(&small.history, model, STEPS, &result);
	return result;
}

static void core_is(const struct ec_check_result *result, const uint32_t *wanted, uint32_t size)
{
	assert_int_equal(result->verdict, EC_VIOLATED);
	assert_int_equal(result->evidence.core_size, size);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(result->evidence.core[i], wanted[i]);
}

/* Around the mistake, what is right: it is not in the evidence. */
static void noise(uint64_t from)
{
	put("n", from, from + 4);
	get("n", from + 10, from + 11);
	get("n", from + 12, from + 13);
}

static void test_stale_read(void **state)
{
	(void)state;
	static const uint32_t core[] = {3, 5, 6}; /* who read b shows that it was written */
	noise(0);
	put("a", 100, 110);
	put("b", 120, 130);
	get("b", 140, 150);
	get("a", 160, 170);
	noise(200);
	struct ec_check_result result = judged(&ec_model_register);
	core_is(&result, core, 3);
	assert_int_equal(result.evidence.stuck_size, 1);
	assert_int_equal(result.evidence.stuck[0], 6);
	assert_int_equal(result.evidence.state.value, small_text(&small, "b"));
}

/* 60 times a value that comes, is changed, read, and goes: if one took effect, that makes the next
 * one possible.  Out: the value that was read last, at revision 179. */
static uint64_t long_history(char value[static 8])
{
	char first[8];
	uint64_t ns = 0, revision = 0;
	for (uint32_t i = 0; i < 60; i++, ns += 40) {
		snprintf(first, sizeof first, "v%u", i);
		at(cas(NULL, first, ns, ns + 8), ++revision);
		snprintf(value, 8, "w%u", i);
		at(cas(first, value, ns + 10, ns + 18), ++revision);
		at(get(value, ns + 20, ns + 28), revision);
		at(small_add(&small, EC_OPERATION_DELETE, NULL, ns + 30, ns + 38), ++revision);
	}
	return ns;
}

/* Of 240 operations the two that are enough. */
static void test_stale_read_of_a_long_history(void **state)
{
	(void)state;
	static const uint32_t core[] = {240, 241};
	char value[8];
	uint64_t ns = long_history(value);
	at(put("new", ns, ns + 5), 181);
	at(get(value, ns + 10, ns + 15), 179);
	at(get("new", ns + 20, ns + 25), 181);
	struct ec_check_result result;
	ec_check(&small.history, &ec_model_store, STEPS * 100, &result);
	core_is(&result, core, 2);
}

/* And of the writes behind which nothing may be next, those that had to be there. */
static void test_the_order_shown_is_short(void **state)
{
	(void)state;
	static const uint32_t core[] = {241, 242};
	char value[8];
	uint64_t ns = long_history(value);
	put("new", ns, EC_HISTORY_NEVER);
	at(get("new", ns + 10, ns + 15), 181);
	at(get(value, ns + 20, ns + 25), 179);
	struct ec_check_result result;
	ec_check(&small.history, &ec_model_store, STEPS * 100, &result);
	core_is(&result, core, 2);
	assert_int_equal(result.evidence.order_size, 2); /* the write, and who read it */
	assert_int_equal(result.evidence.order[0], 240);
}

static void test_lost_write(void **state)
{
	(void)state;
	static const uint32_t core[] = {2, 3, 4};
	noise(0);
	put("a", 100, 110);
	get("n", 120, 130);
	struct ec_check_result result = judged(&ec_model_register);
	core_is(&result, core, 3);
}

static void test_cas_twice(void **state)
{
	(void)state;
	static const uint32_t core[] = {1, 2};
	put("a", 0, 10);
	cas("a", "b", 20, 40);
	cas("a", "c", 30, 50);
	get("c", 60, 70);
	struct ec_check_result result = judged(&ec_model_register);
	core_is(&result, core, 2);
	/* If one of both took no effect for certain, all is well. */
	small.history.operation[1].outcome = EC_OUTCOME_FAILED;
	assert_int_equal(judged(&ec_model_register).verdict, EC_LINEARIZABLE);
}

static void test_value_never_written(void **state)
{
	(void)state;
	static const uint32_t core[] = {3};
	noise(0);
	get("x", 100, 110);
	noise(200);
	struct ec_check_result result = judged(&ec_model_register);
	core_is(&result, core, 1);
}

static void test_unknown_outcomes_may_come_late_or_never(void **state)
{
	(void)state;
	put("a", 0, 10);
	put("b", 20, EC_HISTORY_NEVER);
	get("a", 30, 40);
	get("a", 1000, 1010);
	get("b", 2000, 2010);
	assert_int_equal(judged(&ec_model_register).verdict, EC_LINEARIZABLE);
	get("a", 3000, 3010);
	assert_int_equal(judged(&ec_model_register).verdict, EC_VIOLATED); /* not twice */
}

static void test_an_end_at_the_time_of_a_call_is_concurrent(void **state)
{
	(void)state;
	put("a", 0, 10);
	get(NULL, 10, 10);
	assert_int_equal(judged(&ec_model_register).verdict, EC_LINEARIZABLE);
	small.history.operation[1].call_ns = small.history.operation[1].return_ns = 11;
	assert_int_equal(judged(&ec_model_register).verdict, EC_VIOLATED);
}

static void test_keys_are_apart(void **state)
{
	(void)state;
	put("a", 0, 10);
	get(NULL, 20, 30)->key = small_text(&small, "other");
	struct ec_check_result result = judged(&ec_model_register);
	assert_int_equal(result.verdict, EC_LINEARIZABLE);
	assert_int_equal(result.keys, 2);
	get(NULL, 40, 50);
	result = judged(&ec_model_register);
	assert_int_equal(result.keys_violated, 1);
	assert_int_equal(result.evidence.key, small_text(&small, "k"));
}

static void test_a_store_never_goes_back(void **state)
{
	(void)state;
	at(put("a", 0, 10), 5);
	at(get("a", 20, 30), 5);
	at(put("a", 40, 50), 9);
	assert_int_equal(judged(&ec_model_store).verdict, EC_LINEARIZABLE);
	at(get("a", 60, 70), 5); /* the value is right, but it is not that one */
	assert_int_equal(judged(&ec_model_store).verdict, EC_VIOLATED);
	small.history.operation[3].revision = 9;
	at(put("b", 80, 90), 9); /* a revision given twice */
	assert_int_equal(judged(&ec_model_store).verdict, EC_VIOLATED);
}

static void test_cas_by_revision(void **state)
{
	(void)state;
	at(put("a", 0, 10), 5);
	struct ec_operation *operation = at(cas(NULL, "b", 20, 30), 6);
	operation->by_revision = true;
	operation->expected_revision = 5;
	assert_int_equal(judged(&ec_model_store).verdict, EC_LINEARIZABLE);
	operation->expected_revision = 4;
	assert_int_equal(judged(&ec_model_store).verdict, EC_VIOLATED);
	operation->outcome = EC_OUTCOME_FAILED;
	operation->revision = 5; /* what it found */
	assert_int_equal(judged(&ec_model_store).verdict, EC_LINEARIZABLE);
	operation->revision = 0;
	assert_int_equal(judged(&ec_model_store).verdict, EC_VIOLATED);
}

static void test_a_lost_append(void **state)
{
	(void)state;
	small_add(&small, EC_OPERATION_APPEND, "x", 0, 10);
	small_add(&small, EC_OPERATION_APPEND, "y", 5, 15);
	get("yx", 20, 30);
	assert_int_equal(judged(&ec_model_kv).verdict, EC_LINEARIZABLE);
	get("y", 40, 50);
	assert_int_equal(judged(&ec_model_kv).verdict, EC_VIOLATED);
}

/* Twelve writes at once, of which only the order that was not is refused, and that late. */
static void test_gives_up_and_says_why(void **state)
{
	(void)state;
	struct ec_check_result result;
	char value[2] = {0};
	for (value[0] = 'a'; value[0] < 'a' + 12; value[0]++)
		small_add(&small, EC_OPERATION_APPEND, value, 0, 100);
	put("z", 0, 1000);
	get("none of it", 2000, 2001);
	ec_check(&small.history, &ec_model_kv, 10000, &result);
	assert_int_equal(result.verdict, EC_GAVE_UP);
	assert_true(result.out_of_steps && !result.out_of_memory);
	assert_in_range(result.steps, 5000, 12000);
	ec_check(&small.history, &ec_model_kv, UINT64_MAX / 2, &result);
	assert_int_equal(result.verdict, EC_GAVE_UP);
	assert_true(result.out_of_memory && !result.out_of_steps);
	assert_true(small.arena.peak <= MEMORY);
}

/* Each key has a share of the steps; all shares together are no more than all steps. */
static void test_many_keys_keep_the_bound_of_steps(void **state)
{
	(void)state;
	struct ec_check_result result;
	char key[3] = {0};
	for (uint32_t k = 0; k < 200; k++) {
		char value[2] = {0};
		key[0] = (char)('a' + k / 20);
		key[1] = (char)('a' + k % 20);
		for (value[0] = 'a'; value[0] < 'a' + 9; value[0]++)
			small_add(&small, EC_OPERATION_APPEND, value, 0, 100)->key =
				small_text(&small, key);
		put("z", 0, 1000)->key = small_text(&small, key);
		get("none of it", 2000, 2001)->key = small_text(&small, key);
	}
	ec_check(&small.history, &ec_model_kv, 20000, &result);
	assert_int_equal(result.verdict, EC_GAVE_UP);
	assert_true(result.out_of_steps && result.keys_gave_up == 200);
	assert_in_range(result.steps, 10000, 24000);
}

static void test_any_memory_gives_no_wrong_verdict(void **state)
{
	(void)state;
	uint32_t verdicts[3] = {0};
	for (size_t size = 600; size < 16000; size += 40) {
		void *block = malloc(size);
		struct ec_check_result result;
		struct small tiny = {.block = block, .arena = ec_arena_over(block, size)};
		if (ec_history_init(&tiny.history, &tiny.arena, 3) && small_text(&tiny, "a") &&
		    small_text(&tiny, "b") && small_text(&tiny, "k")) {
			small_add(&tiny, EC_OPERATION_PUT, "a", 0, 10);
			small_add(&tiny, EC_OPERATION_PUT, "b", 5, 15);
			small_add(&tiny, EC_OPERATION_GET, NULL, 20, 30);
			ec_check(&tiny.history, &ec_model_register, STEPS, &result);
			verdicts[result.verdict]++;
		}
		free(block);
	}
	assert_int_equal(verdicts[EC_LINEARIZABLE], 0);
	assert_true(verdicts[EC_GAVE_UP] > 0 && verdicts[EC_VIOLATED] > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_stale_read),
		TEST(test_stale_read_of_a_long_history),
		TEST(test_the_order_shown_is_short),
		TEST(test_lost_write),
		TEST(test_cas_twice),
		TEST(test_value_never_written),
		TEST(test_unknown_outcomes_may_come_late_or_never),
		TEST(test_an_end_at_the_time_of_a_call_is_concurrent),
		TEST(test_keys_are_apart),
		TEST(test_a_store_never_goes_back),
		TEST(test_cas_by_revision),
		TEST(test_a_lost_append),
		TEST(test_gives_up_and_says_why),
		TEST(test_many_keys_keep_the_bound_of_steps),
		TEST(test_any_memory_gives_no_wrong_verdict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
