/* daemon_sealed_test.c - batches that were secret until they were ordered are checked by workers.
 */
#include "group/veil_fake.h"
#include "node/test_house.h"

enum { MANY = 400 };

static const struct ec_protocol *const veiled[] = {&veil, NULL};

static bool all_done(const struct sent *sent)
{
	for (uint32_t i = 0; i < MANY; i++)
		if (!sent[i].answers)
			return false;
	return true;
}

static bool all_at(const struct house *house, uint64_t envelopes)
{
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		if (house_status(house, i).envelopes_delivered < envelopes)
			return false;
	return true;
}

static void each_signature_is_verified_once_by_every_member(void **state)
{
	static struct house house;
	static struct sent sent[MANY];
	struct ec_daemon_counters counters;
	house_begin_of(&house, *state, 0, veiled);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		house_open(&house, i);
	HOUSE_UNTIL(&house, house_all_ready(&house));
	for (uint32_t i = 0; i < MANY; i++)
		house_send(&house, i % HOUSE_MEMBERS, i % HOUSE_AUTHORS, &sent[i]);
	HOUSE_UNTIL(&house, all_done(sent) && all_at(&house, MANY));
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(sent[i].outcome.kind, EC_OUTCOME_DONE);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		ec_daemon_counters(house.daemon[i], &counters);
		assert_int_equal(counters.envelopes_checked, MANY / HOUSE_MEMBERS);
		assert_int_equal(house_status(&house, i).signatures_checked,
		                 MANY - MANY / HOUSE_MEMBERS);
		assert_int_equal(counters.forgeries[EC_FORGERY_BATCH], 0);
	}
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_signature_is_verified_once_by_every_member,
	                                        folder_make, folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
