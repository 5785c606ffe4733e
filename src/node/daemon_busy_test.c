/* daemon_busy_test.c - a gateway that has enough says so before it does work for nothing. */
#include "node/test_house.h"

enum { MANY = 8000 }; /* more bytes than a gateway takes at once */

static bool all_answered(const struct sent *sent)
{
	for (uint32_t i = 0; i < MANY; i++)
		if (!sent[i].answers)
			return false;
	return true;
}

static void who_is_busy_checks_no_signature(void **state)
{
	static struct house house;
	static struct sent sent[MANY];
	house_begin(&house, *state, 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
	for (uint32_t i = 0; i < MANY; i++)
		house_send(&house, 0, i % HOUSE_AUTHORS, &sent[i]);
	HOUSE_UNTIL(&house, all_answered(sent));
	uint32_t busy = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		busy += sent[i].outcome.kind == EC_OUTCOME_BUSY;
		assert_true(sent[i].outcome.kind != EC_OUTCOME_BUSY || sent[i].outcome.retry_ms);
		assert_true(sent[i].outcome.kind == EC_OUTCOME_BUSY ||
		            sent[i].outcome.kind == EC_OUTCOME_DONE);
	}
	struct ec_daemon_counters counters;
	ec_daemon_counters(house.daemon[0], &counters);
	assert_in_range(busy, 1, MANY - 1);
	assert_int_equal(counters.envelopes_checked, MANY - busy);
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_busy_checks_no_signature, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
