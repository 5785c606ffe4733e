/* bytes_test.c - shared byte strings: owners are counted, and a pool knows what is out. */
#include "base/bytes.h"

#include "base/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void the_last_owner_gives_back(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes bytes = ec_pool_copy(pool, "hello", 5);
	assert_int_equal(ec_pool_live(pool), 1);
	struct ec_bytes second = ec_keep(bytes), part = ec_slice(bytes, 1, 3);
	assert_int_equal(part.size, 3);
	assert_memory_equal(part.data, "ell", 3);
	assert_true(part.buffer == bytes.buffer); /* a slice is no new owner */
	ec_drop(bytes);
	assert_int_equal(ec_pool_live(pool), 1);
	assert_memory_equal(second.data, "hello", 5);
	ec_drop(part);
	assert_int_equal(ec_pool_live(pool), 0);
	assert_int_equal(ec_pool_bytes(pool), 0);
	ec_pool_free(pool);
}

static void eternal_bytes_cost_nothing(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(64);
	struct ec_bytes none = ec_pool_take(pool, 0);
	struct ec_bytes literal = {.data = (const uint8_t *)"abc", .size = 3};
	assert_int_equal(none.size, 0);
	assert_null(none.buffer);
	ec_drop(ec_keep(literal));
	ec_drop(literal);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

static void every_size_is_held_and_used_again(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 1 << 20; size += size / 7 + 1) {
		struct ec_pool *pool = ec_pool_new(0);
		struct ec_bytes first = ec_pool_take(pool, size);
		memset(ec_writable(first), 0x5a, size);
		assert_in_range(ec_pool_bytes(pool), size, size + size / 4 + 64);
		struct ec_buffer *buffer = first.buffer;
		ec_drop(first);
		struct ec_bytes again = ec_pool_take(pool, size);
		if (size <= 1 << 17) /* larger ones go back to the system */
			assert_true(again.buffer == buffer);
		ec_drop(again);
		assert_int_equal(ec_pool_live(pool), 0);
		ec_pool_free(pool);
	}
}

static void writable_is_the_part_of_a_slice(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes bytes = ec_pool_copy(pool, "abcdef", 6);
	ec_writable(ec_slice(bytes, 2, 2))[0] = 'X';
	assert_memory_equal(bytes.data, "abXdef", 6);
	ec_drop(bytes);
	ec_pool_free(pool);
}

static void equality_is_of_contents(void **state)
{
	(void)state;
	struct ec_bytes a = {.data = (const uint8_t *)"same", .size = 4};
	uint8_t copy[] = {'s', 'a', 'm', 'e', '!'};
	assert_true(ec_bytes_equal(a, (struct ec_bytes){.data = copy, .size = 4}));
	assert_false(ec_bytes_equal(a, (struct ec_bytes){.data = copy, .size = 5}));
	assert_true(ec_bytes_equal(EC_NO_BYTES, EC_NO_BYTES));
	ec_hash one = {{1}}, two = {{2}}, zero = {{0}};
	assert_true(ec_hash_compare(&one, &two) < 0 && ec_hash_compare(&two, &one) > 0);
	assert_true(ec_hash_zero(&zero) && !ec_hash_zero(&one));
	assert_false(ec_hash_equal(&one, &two));
}

/* What a programmer gets wrong ends the program, also in a release. */

static void drop_twice(struct ec_pool *pool)
{
	struct ec_bytes bytes = ec_pool_copy(pool, "x", 1), other = ec_keep(bytes);
	ec_drop(bytes);
	ec_drop(other);
	ec_drop(bytes); /* its buffer is idle in the pool */
}

static void write_shared(struct ec_pool *pool)
{
	ec_writable(ec_keep(ec_pool_copy(pool, "x", 1)));
}

static void slice_outside(struct ec_pool *pool)
{
	ec_slice(ec_pool_copy(pool, "abc", 3), 2, 2);
}

static void pass_the_limit(struct ec_pool *pool)
{
	ec_pool_take(pool, 1024);
	ec_pool_take(pool, 1);
}

static void free_in_use(struct ec_pool *pool)
{
	ec_pool_take(pool, 10);
	ec_pool_free(pool);
}

static void mistakes_halt(void **state)
{
	(void)state;
	static void (*const mistakes[])(struct ec_pool *) = {
		drop_twice, write_shared, slice_outside, pass_the_limit, free_in_use};
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			close(STDERR_FILENO);
			signal(SIGABRT, SIG_DFL);
			mistakes[i](ec_pool_new(1024));
			_exit(0);
		}
		int status = 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("mistake %zu was not noticed", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_owner_gives_back),
		cmocka_unit_test(eternal_bytes_cost_nothing),
		cmocka_unit_test(every_size_is_held_and_used_again),
		cmocka_unit_test(writable_is_the_part_of_a_slice),
		cmocka_unit_test(equality_is_of_contents),
		cmocka_unit_test(mistakes_halt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
