/* daemon_memory_test.c - a node gives back what a load took when it is over, and goes on. */
#include "node/daemon_inner.h"
#include "node/test_house.h"

#include <malloc.h>

enum { MANY = 200, SECONDS = 10 };

/* Stands before the C library's. */
static unsigned given_back;

int malloc_trim(size_t pad)
{
	(void)pad;
	given_back++;
	return 0;
}

static bool all_done(const struct sent *sent)
{
	for (uint32_t i = 0; i < MANY; i++)
		if (!sent[i].answers)
			return false;
	return true;
}

static void load(struct house *house, struct sent *sent)
{
	for (uint32_t i = 0; i < MANY; i++)
		house_send(house, 0, i % HOUSE_AUTHORS, &sent[i]);
	HOUSE_UNTIL(house, all_done(sent));
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(sent[i].outcome.kind, EC_OUTCOME_DONE);
}

static void watch(struct house *house)
{
	for (int second = 0; second < SECONDS; second++)
		daemon_memory_watch(house->daemon[0]);
}

static void memory_is_given_back_once_a_load_is_over(void **state)
{
	static struct house house;
	static struct sent first[MANY], second[MANY];
	house_begin(&house, *state, 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
	uv_timer_stop(&house.daemon[0]->second); /* the seconds are ours */
	watch(&house);
	unsigned before = given_back;
	load(&house, first);
	daemon_memory_watch(house.daemon[0]);
	assert_int_equal(given_back, before); /* it was busy a moment ago */
	watch(&house);
	assert_int_equal(given_back, before + 1);
	watch(&house); /* nothing happened since */
	assert_int_equal(given_back, before + 1);
	load(&house, second); /* the state is still there */
	watch(&house);
	assert_int_equal(given_back, before + 2);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_is_given_back_once_a_load_is_over,
	                                        folder_make, folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
