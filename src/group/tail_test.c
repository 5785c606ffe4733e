/* tail_test.c - the tail of a revisable order: positions without gaps, both ends, its bytes. */
#include "group/tail.h"

#include "base/test.h"

static struct tail_item item(struct ec_pool *pool, uint64_t number)
{
	struct tail_item made = {.head = ec_pool_copy(pool, &number, 1),
	                         .body = ec_pool_copy(pool, &number, sizeof number)};
	made.digest.b[0] = (uint8_t)number;
	return made;
}

static void push(struct tail *tail, struct ec_pool *pool, uint64_t number)
{
	struct tail_item made = item(pool, number);
	tail_push(tail, &made);
	tail_item_end(&made);
}

static uint64_t number_of(const struct tail_item *of)
{
	uint64_t number;
	assert_int_equal(of->body.size, sizeof number);
	memcpy(&number, of->body.data, sizeof number);
	assert_int_equal(of->digest.b[0], (uint8_t)number);
	return number;
}

static void it_is_taken_from_both_ends(void **state)
{
	struct ec_pool *pool = ec_pool_new(0);
	struct tail tail = {0};
	uint64_t oldest = 101, next = 101;
	(void)state;
	tail_start(&tail, 101);
	assert_int_equal(tail_first(&tail), 101);
	for (uint32_t round = 0; round < 500; round++) {
		for (uint32_t i = 0; i < round % 7; i++)
			push(&tail, pool, next++);
		struct tail_item taken;
		if (round % 3 == 0 && oldest < next) {
			taken = tail_pop_oldest(&tail);
			assert_int_equal(number_of(&taken), oldest++);
			tail_item_end(&taken);
		}
		if (round % 4 == 0 && oldest < next) {
			taken = tail_pop_newest(&tail);
			assert_int_equal(number_of(&taken), --next);
			tail_item_end(&taken);
		}
		assert_int_equal(tail_first(&tail), oldest);
		assert_int_equal(tail.next, next);
		assert_int_equal(tail.bytes, 9 * (next - oldest));
		for (uint64_t at = oldest; at < next; at += 1 + at % 50)
			assert_int_equal(number_of(tail_at(&tail, at)), at);
	}
	assert_int_equal(ec_pool_live(pool), 2 * (next - oldest));
	tail_start(&tail, 7);
	assert_int_equal(ec_pool_live(pool), 0);
	assert_int_equal(tail_first(&tail), 7);
	push(&tail, pool, 7);
	tail_free(&tail);
	assert_int_equal(ec_pool_live(pool), 0);
	ec_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_taken_from_both_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
