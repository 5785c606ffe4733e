/* door_test.c - the binary door over real sockets: what clients may do. */
#include "doors/door_house.h"

#include <jansson.h>

static void the_greeting_tells_who_the_gateway_is(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	const struct ec_door_answer *welcome = ec_client_welcome(client);
	assert_memory_equal(welcome->genesis.b, house->daemon->genesis.hash.b, 32);
	assert_memory_equal(welcome->key, house->identity.key, 32);
	assert_int_equal(welcome->envelope_max, 4096);
	assert_true(ec_bytes_equal(welcome->network, text("net \"quoted\"")));
	assert_true(ec_bytes_equal(welcome->group, text("cell")));
	ec_client_close(client);
	house_close(house);
}

static void a_submission_is_promised_and_done(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request request = {.kind = EC_DOOR_SUBMIT,
	                                  .token = 99,
	                                  .flags = EC_DOOR_PROMISE,
	                                  .envelope = text("an envelope")};
	struct ec_door_answer answer;
	ec_hash id = ec_sha256("an envelope", 11);
	assert_true(ec_client_send(client, &request));
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.kind, EC_DOOR_ACCEPTED);
	assert_int_equal(answer.token, 99);
	assert_true(ec_hash_equal(&answer.id, &id));
	assert_true(ec_client_promised(&answer, house->identity.key));
	answer.deadline_ns++;
	assert_false(ec_client_promised(&answer, house->identity.key));
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.kind, EC_DOOR_DONE);
	assert_int_equal(answer.token, 99);
	assert_true(answer.seq >= 2);
	assert_true(ec_hash_equal(&answer.id, &id));
	ec_client_close(client);
	house_close(house);
}

static void each_refusal_says_why(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_answer answer = submitted(client, "bad");
	assert_int_equal(answer.kind, EC_DOOR_REFUSED);
	assert_int_equal(answer.reason, EC_REASON_INVALID);
	assert_int_equal(answer.retry_ms, 0);
	assert_true(ec_bytes_equal(answer.text, text("the fake says so")));
	answer = submitted(client, "busy");
	assert_int_equal(answer.reason, EC_REASON_BUSY);
	assert_true(answer.retry_ms > 0);
	answer = submitted(client, "down");
	assert_int_equal(answer.reason, EC_REASON_NOT_READY);
	answer = submitted(client, "");
	assert_int_equal(answer.reason, EC_REASON_INVALID);
	char large[4098];
	memset(large, 'x', sizeof large);
	large[4097] = 0;
	answer = submitted(client, large);
	assert_int_equal(answer.reason, EC_REASON_TOO_LARGE);
	large[4096] = 0;
	answer = submitted(client, large);
	assert_int_equal(answer.kind, EC_DOOR_DONE);
	ec_client_close(client);
	house_close(house);
}

/* Far more at once than the door owes answers for: it stops reading, and nothing is lost. */
static void a_long_pipeline_is_answered_whole(void **state)
{
	(void)state;
	enum { COUNT = 20000 };
	struct house *house = house_open((struct ec_hall_limits){.owed = 64});
	struct ec_client *client = visit(house);
	static bool done[COUNT];
	memset(done, 0, sizeof done);
	uint32_t sent = 0, got = 0;
	while (got < COUNT) {
		char envelope[16];
		struct ec_door_request request = {.kind = EC_DOOR_SUBMIT, .token = sent};
		snprintf(envelope, sizeof envelope, "e %u", sent);
		request.envelope = text(envelope);
		if (sent < COUNT && ec_client_send(client, &request)) {
			sent++;
			continue;
		}
		struct ec_door_answer answer;
		assert_true(ec_client_wait(client, WAIT, &answer));
		assert_int_equal(answer.kind, EC_DOOR_DONE);
		assert_true(answer.token < COUNT && !done[answer.token]);
		done[answer.token] = true;
		got++;
	}
	assert_int_equal(house->daemon->envelopes, COUNT);
	ec_client_close(client);
	house_close(house);
}

static void questions_are_answered_as_they_are_asked(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request query = {.kind = EC_DOOR_QUERY, .limit = 1, .name = text("a/007")};
	struct ec_bytes name, value;
	for (int at = EC_AT_LOCAL; at <= EC_AT_LATEST; at++) {
		uint64_t seq = submitted(client, "one more block").seq;
		query.at = (enum ec_door_at)at;
		struct ec_door_answer answer = asked(client, query);
		assert_int_equal(answer.kind, EC_DOOR_VALUES);
		assert_int_equal(answer.count, 1);
		assert_false(answer.more);
		assert_true(answer.seq >= seq);
		if (at == EC_AT_CERTIFIED)
			assert_true(answer.certified >= answer.seq);
		assert_int_equal(answer.time_ns, 77);
		assert_true(ec_door_item_next(&answer, &name, &value));
		assert_true(ec_bytes_equal(name, text("a/007")));
		assert_true(ec_bytes_equal(value, text("value 007")));
	}
	query.at = EC_AT_LOCAL;
	query.name = text("nothing");
	assert_int_equal(asked(client, query).count, 0);
	query.min_seq = 1u << 30;
	assert_int_equal(asked(client, query).reason, EC_REASON_BEHIND);
	ec_client_close(client);
	house_close(house);
}

static void a_prefix_is_read_page_by_page(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_request query = {
		.kind = EC_DOOR_QUERY, .prefix = true, .limit = 64, .name = text("a/")};
	char after[8] = "";
	unsigned seen = 0;
	for (bool more = true; more;) {
		query.after = text(after);
		struct ec_door_answer answer = asked(client, query);
		struct ec_bytes name, value;
		assert_int_equal(answer.kind, EC_DOOR_VALUES);
		more = answer.more;
		while (ec_door_item_next(&answer, &name, &value)) {
			assert_int_equal(name.size, 5);
			memcpy(after, name.data, 5);
			assert_int_equal(atoi(after + 2), seen);
			seen++;
		}
	}
	assert_int_equal(seen, FAKE_NAMES);
	ec_client_close(client);
	house_close(house);
}

/* A certified read and a latest one fail in time when no quorum is there; local ones go on. */
static void without_a_quorum_only_local_reads_are_answered(void **state)
{
	(void)state;
	struct house *house = house_usual();
	house->daemon->no_certificates = house->daemon->no_reads = true;
	struct ec_client *client = visit(house);
	submitted(client, "a block that nobody certifies");
	struct ec_door_request query = {.kind = EC_DOOR_QUERY, .limit = 1, .name = text("big")};
	struct ec_door_answer answer = asked(client, query);
	assert_int_equal(answer.kind, EC_DOOR_VALUES);
	assert_int_equal(answer.items.size, 3 + FAKE_BIG + 8);
	query.at = EC_AT_LATEST;
	assert_int_equal(asked(client, query).reason, EC_REASON_NOT_READY);
	query.at = EC_AT_CERTIFIED;
	assert_true(ec_client_call(client, &query, 2 * WAIT, &answer));
	assert_int_equal(answer.reason, EC_REASON_NOT_CERTIFIED);
	for (uint64_t i = 0; i < 5; i++) {
		query.token = 1000 + i;
		assert_true(ec_client_send(client, &query));
	}
	assert_true(ec_client_wait(client, WAIT, &answer));
	assert_int_equal(answer.token, 1004);
	assert_int_equal(answer.reason, EC_REASON_BUSY);
	ec_client_close(client);
	house_close(house);
}

static void receipts_and_results_are_found_by_id(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	struct ec_door_answer answer = submitted(client, "the last one");
	ec_hash id = answer.id, other = {{1}};
	struct ec_door_request request = {.kind = EC_DOOR_RESULT, .id = id};
	answer = asked(client, request);
	assert_int_equal(answer.kind, EC_DOOR_OUTCOME);
	assert_int_equal(answer.lookup, EC_FOUND);
	do {
		assert_true(ec_client_receipt(client, &id, WAIT, &answer));
		assert_int_equal(answer.kind, EC_DOOR_PROOF);
	} while (answer.lookup == EC_NOT_YET);
	assert_int_equal(answer.lookup, EC_FOUND);
	assert_int_equal(answer.proof.size, 32);
	assert_true(ec_client_receipt(client, &other, WAIT, &answer));
	assert_int_equal(answer.lookup, EC_UNKNOWN);
	assert_int_equal(answer.proof.size, 0);
	other.b[0] = FAKE_ELSEWHERE;
	assert_true(ec_client_receipt(client, &other, WAIT, &answer));
	assert_int_equal(answer.lookup, EC_ELSEWHERE);
	request = (struct ec_door_request){.kind = EC_DOOR_DEPTH, .id = id};
	house->daemon->seq++; /* no certificate covers it again */
	answer = asked(client, request);
	assert_int_equal(answer.kind, EC_DOOR_PROOF);
	assert_int_equal(answer.lookup, EC_FOUND);
	assert_int_equal(answer.proof.size, 33);
	house->daemon->seq--;
	assert_int_equal(asked(client, request).proof.size, 32);
	request = (struct ec_door_request){.kind = EC_DOOR_STATE_PROOF, .name = text("x")};
	assert_int_equal(asked(client, request).proof.size, 1);
	ec_client_close(client);
	house_close(house);
}

static void a_group_that_only_orders_says_so(void **state)
{
	(void)state;
	static const enum ec_door_kind kind[] = {EC_DOOR_RECEIPT, EC_DOOR_RESULT,
	                                         EC_DOOR_STATE_PROOF, EC_DOOR_TIE, EC_DOOR_DEPTH};
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	house->daemon->genesis.flags = EC_GENESIS_ORDER_ONLY;
	for (int i = 0; i < 5; i++) {
		struct ec_door_answer answer = asked(
			client, (struct ec_door_request){
					.kind = kind[i], .name = text("x"), .block = 1, .seq = 1});
		assert_int_equal(answer.kind, EC_DOOR_REFUSED);
		assert_int_equal(answer.reason, EC_REASON_ORDER_ONLY);
	}
	ec_client_close(client);
	house_close(house);
}

static void who_leads_is_told_or_that_nobody_does(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	house->daemon->leaderless = true;
	struct ec_door_answer answer =
		asked(client, (struct ec_door_request){.kind = EC_DOOR_STATUS});
	json_t *json = json_loadb((const char *)answer.text.data, answer.text.size, 0, NULL);
	assert_non_null(json);
	assert_true(json_is_null(json_object_get(json, "leader")));
	assert_true(json_is_true(json_object_get(json, "leaderless")));
	assert_true(json_is_true(json_object_get(json, "keyed")));
	assert_true(json_is_false(json_object_get(json, "sharing")));
	const char *next = json_string_value(json_object_get(json, "next_era_key"));
	assert_non_null(next);
	assert_memory_equal(next, "ab00", 4);
	assert_int_equal(strlen(next), 2 * EC_KEY_SIZE);
	json_decref(json);
	ec_client_close(client);
	house_close(house);
}

static void status_and_counts_are_told(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *client = visit(house);
	submitted(client, "one");
	struct ec_door_answer answer =
		asked(client, (struct ec_door_request){.kind = EC_DOOR_STATUS});
	json_t *json = json_loadb((const char *)answer.text.data, answer.text.size,
	                          JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "network")), "net \"quoted\"");
	assert_string_equal(json_string_value(json_object_get(json, "leader")), "owner 2");
	assert_true(json_is_false(json_object_get(json, "leaderless")));
	assert_true(json_is_false(json_object_get(json, "keyed")));
	assert_null(json_object_get(json, "next_era_key")); /* none waits */
	assert_true(json_is_true(json_object_get(json, "ready")));
	assert_true(json_is_null(json_object_get(json, "liar")));
	json_t *guilty = json_array_get(json_object_get(json, "guilty"), 0);
	assert_string_equal(json_string_value(json_object_get(guilty, "owner")), "owner 3");
	assert_string_equal(json_string_value(json_object_get(guilty, "evidence")), "70726f6f66");
	assert_memory_equal(json_string_value(json_object_get(guilty, "identity_key")), "cd00", 4);
	assert_string_equal(json_string_value(json_object_get(json, "alarm")),
	                    "cell1: \"two\" histories");
	double p50 = json_real_value(json_object_get(json, "commit_ms_p50"));
	assert_true(p50 >= 1.5 && p50 < 1.53);
	assert_true(json_real_value(json_object_get(json, "commit_ms_p99")) == 30);
	assert_int_equal(json_array_size(json_object_get(json, "commit_buckets")), 2);
	json_decref(json);
	answer = asked(client, (struct ec_door_request){.kind = EC_DOOR_COUNT});
	assert_int_equal(answer.kind, EC_DOOR_COUNTS);
	assert_int_equal(answer.ids, 1);
	assert_int_equal(answer.syncs, 3);
	assert_int_equal(answer.signatures, 1);
	ec_client_close(client);
	house_close(house);
}

static void a_follower_hears_of_certified_blocks(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_client *follower = visit(house), *writer = visit(house);
	struct ec_door_request follow = {.kind = EC_DOOR_FOLLOW, .token = 5};
	struct ec_door_answer answer;
	assert_true(ec_client_send(follower, &follow));
	uint64_t told = 0, wanted = 0;
	for (int i = 0; i < 20; i++)
		wanted = submitted(writer, "a block").seq;
	while (told < wanted) {
		assert_true(ec_client_wait(follower, WAIT, &answer));
		assert_int_equal(answer.kind, EC_DOOR_CERTIFIED);
		assert_int_equal(answer.token, 5);
		assert_true(answer.seq > told);
		assert_int_equal(answer.header.size, 8);
		told = answer.seq;
	}
	ec_client_close(follower);
	ec_client_close(writer);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_greeting_tells_who_the_gateway_is),
		cmocka_unit_test(a_submission_is_promised_and_done),
		cmocka_unit_test(each_refusal_says_why),
		cmocka_unit_test(a_long_pipeline_is_answered_whole),
		cmocka_unit_test(questions_are_answered_as_they_are_asked),
		cmocka_unit_test(a_prefix_is_read_page_by_page),
		cmocka_unit_test(without_a_quorum_only_local_reads_are_answered),
		cmocka_unit_test(receipts_and_results_are_found_by_id),
		cmocka_unit_test(a_group_that_only_orders_says_so),
		cmocka_unit_test(who_leads_is_told_or_that_nobody_does),
		cmocka_unit_test(status_and_counts_are_told),
		cmocka_unit_test(a_follower_hears_of_certified_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
