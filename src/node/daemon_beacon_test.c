/* daemon_beacon_test.c - daemons whose members share keys make beacons for whoever asks. */
#include "group/shares_fake.h"
#include "node/test_house.h"

#include "ledger/proof.h"

struct asked {
	uint32_t answers;
	enum ec_beacon_end end;
	uint64_t seq;
	ec_hash value;
	struct ec_proof_report report;
	const struct ec_genesis *genesis;
};

static void beacon_came(void *self, const struct ec_beacon_answer *answer)
{
	struct asked *asked = self;
	asked->answers++;
	asked->end = answer->end;
	asked->seq = answer->seq;
	asked->value = answer->value;
	if (answer->end != EC_BEACON_DONE)
		return;
	ec_proof_judge(asked->genesis, NULL, &ec_crypto_ed25519, answer->proof, &asked->report);
	ec_proof_report_end(&asked->report);
}

static struct asked beacon_ask(struct house *house, uint32_t i, uint64_t seq)
{
	struct asked asked = {.genesis = house->world.genesis};
	ec_daemon_beacon(house->daemon[i], seq, beacon_came, &asked);
	HOUSE_UNTIL(house, asked.answers > 0);
	assert_int_equal(asked.answers, 1);
	return asked;
}

static void house_fill(struct house *house, const char *folder)
{
	house_begin_plan(house, folder, (struct world_plan){.keys = true}, NULL);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		house->config[i].shares.find = fake_shares_find;
		house_open(house, i);
	}
	HOUSE_UNTIL(house, house_all_ready(house));
	struct sent sent;
	house_send(house, 0, 0, &sent);
	HOUSE_UNTIL(house, sent.answers > 0);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++)
		HOUSE_UNTIL(house, house_status(house, i).certified >= sent.outcome.seq);
}

static void every_daemon_tells_the_same(void **state)
{
	static struct house house;
	house_fill(&house, *state);
	struct asked first = beacon_ask(&house, 0, 1);
	for (uint32_t i = 0; i < HOUSE_MEMBERS; i++) {
		struct asked asked = beacon_ask(&house, i, 1);
		assert_int_equal(asked.end, EC_BEACON_DONE);
		assert_int_equal(asked.seq, 1);
		assert_true(ec_hash_equal(&asked.value, &first.value));
		assert_int_equal(asked.report.verdict, EC_VALID);
		assert_int_equal(asked.report.claim, 3);
		assert_true(ec_hash_equal(&asked.report.beacon, &first.value));
	}
	struct asked newest = beacon_ask(&house, 2, 0);
	assert_int_equal(newest.end, EC_BEACON_DONE);
	assert_in_range(newest.seq, 1, house_status(&house, 2).certified);
	assert_int_equal(beacon_ask(&house, 3, INT64_MAX).end, EC_BEACON_NOT_YET);
	house_end(&house);
}

/* One alone waits for the others; who does not wait so long hears nothing. */
static void who_is_forgotten_hears_nothing(void **state)
{
	static struct house house;
	house_fill(&house, *state);
	for (uint32_t i = 1; i < HOUSE_MEMBERS; i++)
		house_stop(&house, i);
	struct asked asked = {.genesis = house.world.genesis}, forgets = asked;
	ec_daemon_beacon(house.daemon[0], 1, beacon_came, &asked);
	ec_daemon_beacon(house.daemon[0], 1, beacon_came, &forgets);
	ec_daemon_forget(house.daemon[0], &forgets);
	for (uint32_t i = 1; i < 3; i++) /* a quorum, so that they know again what is certified */
		house_open(&house, i);
	HOUSE_UNTIL(&house, asked.answers > 0);
	assert_int_equal(asked.end, EC_BEACON_DONE);
	assert_int_equal(forgets.answers, 0);
	for (uint32_t i = 1; i < 3; i++)
		house_stop(&house, i);
	ec_daemon_beacon(house.daemon[0], 2, beacon_came, &forgets); /* under way at its end */
	house_end(&house);
	assert_int_equal(forgets.answers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_daemon_tells_the_same, folder_make,
	                                        folder_end),
		cmocka_unit_test_setup_teardown(who_is_forgotten_hears_nothing, folder_make,
	                                        folder_end),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
