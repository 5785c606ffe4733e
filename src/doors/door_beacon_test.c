/* door_beacon_test.c - the binary door: beacons of blocks, asked for by anybody. */
#include "doors/beacon.h"
#include "doors/door_house.h"

static struct ec_door_answer beacon_of(struct ec_client *client, uint64_t block)
{
	struct ec_door_answer answer;
	assert_true(ec_client_beacon(client, block, WAIT, &answer));
	return answer;
}

static void expect_refused(const struct ec_door_answer *answer, enum ec_reason reason,
                           const char *text)
{
	assert_int_equal(answer->kind, EC_DOOR_REFUSED);
	assert_int_equal(answer->reason, reason);
	assert_int_equal(answer->text.size, strlen(text));
	assert_memory_equal(answer->text.data, text, strlen(text));
}

static void a_beacon_comes_with_its_proof(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	for (int when = FAKE_AT_ONCE; when <= FAKE_LATER; when++) {
		house->daemon->beacon_when = when;
		for (uint64_t block = 0; block < 2; block++) {
			struct ec_door_answer answer = beacon_of(client, block);
			assert_int_equal(answer.kind, EC_DOOR_PROOF);
			assert_int_equal(answer.lookup, EC_FOUND);
			assert_int_equal(answer.proof.size, 5);
			assert_memory_equal(answer.proof.data, "proof", 5);
		}
	}
	ec_client_close(client);
	house_close(house);
}

/* A group that only orders has blocks, certificates and keys like any other. */
static void a_group_that_only_orders_has_beacons(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	house->daemon->genesis.flags = EC_GENESIS_ORDER_ONLY;
	assert_int_equal(beacon_of(client, 1).kind, EC_DOOR_PROOF);
	ec_client_close(client);
	house_close(house);
}

static void what_is_not_there_yet_is_refused_with_what_is(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_answer answer = beacon_of(client, 900);
	expect_refused(&answer, EC_REASON_BEHIND,
	               "block 900 has no beacon before a quorum certified it; the newest that is "
	               "certified is block 1");
	assert_true(answer.retry_ms > 0);
	house->daemon->no_certificates = true;
	assert_int_equal(submitted(client, "one more").seq, 2);
	answer = beacon_of(client, 2);
	expect_refused(&answer, EC_REASON_NOT_YET,
	               "block 2 has no beacon before a quorum certified it; the newest that is "
	               "certified is block 1");
	answer = beacon_of(client, UINT64_MAX);
	assert_int_equal(answer.reason, EC_REASON_BEHIND);
	ec_client_close(client);
	house_close(house);
}

static void before_the_first_certificate_there_is_none(void **state)
{
	(void)state;
	static struct ec_daemon daemon;
	const struct ec_ledger *ledger = ec_member_ledger(ec_daemon_member(&daemon));
	struct ec_beacon_answer answer = {.end = EC_BEACON_NOT_YET};
	char why[EC_BEACON_WHY_SIZE];
	uint32_t retry_ms = 0;
	assert_int_equal(ec_beacon_refusal(ledger, &answer, why, &retry_ms), EC_REASON_NOT_YET);
	assert_string_equal(why, "no block is certified yet");
	assert_true(retry_ms > 0);
}

static void each_refusal_says_why(void **state)
{
	(void)state;
	static const struct {
		enum ec_beacon_end end;
		enum ec_reason reason;
		bool again;
	} of[] = {{EC_BEACON_NO_KEYS, EC_REASON_NOT_FOUND, false},
	          {EC_BEACON_ERA_OVER, EC_REASON_PRUNED, false},
	          {EC_BEACON_PRUNED, EC_REASON_PRUNED, false},
	          {EC_BEACON_ELSEWHERE, EC_REASON_ELSEWHERE, true},
	          {EC_BEACON_LATE, EC_REASON_NOT_READY, true},
	          {EC_BEACON_BUSY, EC_REASON_BUSY, true},
	          {EC_BEACON_NOT_READY, EC_REASON_NOT_READY, true}};
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		house->daemon->beacon_end = of[i].end;
		struct ec_door_answer answer = beacon_of(client, 1);
		assert_int_equal(answer.kind, EC_DOOR_REFUSED);
		assert_int_equal(answer.reason, of[i].reason);
		assert_int_equal(answer.retry_ms > 0, of[i].again);
		assert_true(answer.text.size > 20);
	}
	assert_int_equal(EC_BEACON_ENDS, 2 + sizeof of / sizeof *of);
	ec_client_close(client);
	house_close(house);
}

/* More than a connection may have under way are refused; who leaves is forgotten. */
static void too_many_wait_for_nothing(void **state)
{
	(void)state;
	enum { MANY = 20, HELD = 4 };
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_answer answer;
	house->daemon->beacon_when = FAKE_NEVER;
	for (uint64_t i = 0; i < MANY; i++)
		assert_true(ec_client_send(client, &(struct ec_door_request){.kind = EC_DOOR_BEACON,
		                                                             .token = 100 + i,
		                                                             .block = 1}));
	for (uint64_t i = HELD; i < MANY; i++) {
		assert_true(ec_client_wait(client, WAIT, &answer));
		assert_int_equal(answer.token, 100 + i);
		assert_int_equal(answer.reason, EC_REASON_BUSY);
	}
	ec_client_close(client);
	client = visit(house); /* the door serves on, and has heard of the other's end */
	assert_int_equal(asked(client, (struct ec_door_request){.kind = EC_DOOR_COUNT}).kind,
	                 EC_DOOR_COUNTS);
	for (int i = 0; i < 500 && house->daemon->forgotten < HELD; i++)
		asked(client, (struct ec_door_request){.kind = EC_DOOR_COUNT});
	assert_int_equal(house->daemon->forgotten, HELD);
	house->daemon->beacon_when = FAKE_LATER;
	assert_int_equal(beacon_of(client, 1).kind, EC_DOOR_PROOF);
	ec_client_close(client);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_beacon_comes_with_its_proof),
		cmocka_unit_test(a_group_that_only_orders_has_beacons),
		cmocka_unit_test(what_is_not_there_yet_is_refused_with_what_is),
		cmocka_unit_test(before_the_first_certificate_there_is_none),
		cmocka_unit_test(each_refusal_says_why),
		cmocka_unit_test(too_many_wait_for_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
