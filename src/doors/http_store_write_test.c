/* http_store_write_test.c - the HTTP door: writes to the store that the node signs. */
#include "doors/http_house.h"

#include "ledger/envelope.h"

#define TOKEN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define AUTH  "Authorization: Bearer " TOKEN "\r\n"

/* What the ledger says to the next envelope, and what it last saw. */
static struct {
	enum ec_outcome_kind kind;
	unsigned code;
	const char *why;
	struct ec_store_outcome outcome;
} verdict;
static struct {
	int count;
	ec_hash id;
	struct ec_store_txn txn;
	struct ec_store_lease_say lease;
	uint8_t bytes[4096];
} seen;
static struct ec_http_writer writer;

static void judge(struct ec_daemon *daemon, struct ec_bytes envelope, struct ec_outcome *outcome)
{
	static uint8_t detail[EC_DETAIL_MAX];
	struct ec_envelope read;
	assert_true(envelope.size <= sizeof seen.bytes);
	memcpy(seen.bytes, envelope.data, envelope.size);
	envelope = (struct ec_bytes){.data = seen.bytes, .size = envelope.size};
	assert_int_equal(
		ec_envelope_judge(&daemon->genesis, &ec_crypto_ed25519, envelope, &read, NULL, 0),
		EC_ENVELOPE_GOOD);
	assert_memory_equal(read.author, writer.key.key, EC_KEY_SIZE);
	seen.count++;
	seen.id = read.id;
	if (read.kind == EC_STORE_KIND_TXN)
		assert_true(ec_store_txn_read(read.body, read.body_items, &seen.txn));
	else
		assert_true(ec_store_lease_say_read(read.body, read.body_items, &seen.lease));
	outcome->kind = verdict.kind;
	outcome->id = read.id;
	outcome->code = verdict.code;
	snprintf(outcome->why, sizeof outcome->why, "%s", verdict.why ? verdict.why : "");
	outcome->detail = EC_NO_BYTES;
	if (verdict.kind == EC_OUTCOME_DONE && verdict.code == EC_RESULT_DONE)
		outcome->detail = (struct ec_bytes){
			.data = detail,
			.size = ec_store_outcome_write(&verdict.outcome, detail, sizeof detail)};
}

static void verdict_is(unsigned code, struct ec_store_outcome outcome)
{
	verdict.kind = EC_OUTCOME_DONE;
	verdict.code = code;
	verdict.why = NULL;
	verdict.outcome = outcome;
}

static struct house *house_signing(const char *prefix)
{
	uint8_t seed[EC_SEED_SIZE] = {7};
	memset(&seen, 0, sizeof seen);
	writer = (struct ec_http_writer){.prefix_size = strlen(prefix)};
	memcpy(writer.prefix, prefix, writer.prefix_size);
	ec_secret_from_seed(&writer.key, seed);
	assert_true(ec_hex_read(TOKEN, writer.token, sizeof writer.token));
	verdict_is(EC_RESULT_DONE, (struct ec_store_outcome){.revision = 5, .succeeded = true});
	struct house *house = house_of(&writer);
	house->daemon->judge = judge;
	uv_thread_create(&house->thread, house_live, house);
	return house;
}

/* One request, and its answer.  In: body: NULL: none is announced. */
static void request(struct wire *wire, const char *line, const char *headers, const char *body,
                    unsigned status)
{
	static char text[20000];
	int size = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s", line, headers);
	if (body)
		size += snprintf(text + size, sizeof text - (size_t)size, "Content-Length: %zu\r\n",
		                 strlen(body));
	snprintf(text + size, sizeof text - (size_t)size, "\r\n%s", body ? body : "");
	say(wire, text);
	assert_true(heard(wire));
	if (wire->status != status)
		fail_msg("%s: %u\n%s\n%s", line, wire->status, wire->head, wire->body);
}

static void holds(struct ec_view view, const char *text)
{
	assert_int_equal(view.size, strlen(text));
	assert_memory_equal(view.data, text, view.size);
}

static void a_put_and_a_delete(void **state)
{
	(void)state;
	struct house *house = house_signing("");
	struct wire *wire = wire_open(house);
	request(wire, "PUT /v1/store/keys/a/b?lease=9", AUTH, "the value", 200);
	assert_int_equal(seen.txn.compares, 0);
	assert_int_equal(seen.txn.ops[0], 1);
	assert_false(seen.txn.op[0][0].is_delete);
	holds(seen.txn.op[0][0].key, "a/b");
	holds(seen.txn.op[0][0].value, "the value");
	assert_int_equal(seen.txn.op[0][0].lease, 9);
	json_t *json = json_of(wire);
	char id[65];
	struct ec_text text = ec_text_over(id, sizeof id);
	ec_text_add_hex(&text, seen.id.b, sizeof seen.id.b);
	assert_string_equal(json_string_value(json_object_get(json, "id")), id);
	assert_string_equal(json_string_value(json_object_get(json, "key")), "a/b");
	assert_int_equal(json_integer_value(json_object_get(json, "revision")), 5);
	json_decref(json);
	request(wire, "PUT /v1/store/keys/0x00ff?if_mod=0", AUTH, "", 200);
	assert_int_equal(seen.txn.op[0][0].value.size, 0);
	assert_int_equal(seen.txn.op[0][0].key.size, 2);
	assert_int_equal(seen.txn.compares, 1);
	assert_int_equal(seen.txn.compare[0].relation, EC_STORE_EQUAL);
	assert_int_equal(seen.txn.compare[0].number, 0);
	assert_non_null(strstr(wire->body, "\"key\":\"0x00ff\""));
	request(wire, "DELETE /v1/store/keys/a/b?if_mod=7", AUTH, NULL, 200);
	assert_true(seen.txn.op[0][0].is_delete);
	assert_int_equal(seen.txn.compare[0].number, 7);
	request(wire, "DELETE /v1/store/keys/a/b", AUTH, NULL, 200);
	assert_int_equal(seen.txn.compare[0].relation, EC_STORE_GREATER);
	verdict_is(EC_RESULT_DONE, (struct ec_store_outcome){.revision = 6});
	request(wire, "DELETE /v1/store/keys/a/b", AUTH, NULL, 404);
	is_problem(wire, "not-found");
	request(wire, "PUT /v1/store/keys/a/b?if_mod=3", AUTH, "x", 412);
	is_problem(wire, "compare");
	assert_non_null(strstr(wire->body, "there is no such key at revision 6"));
	verdict.outcome.mod = 4;
	request(wire, "DELETE /v1/store/keys/a/b?if_mod=3", AUTH, NULL, 412);
	assert_non_null(strstr(wire->body, "changed last by revision 4"));
	close(wire->fd);
	house_close(house);
}

static void transactions_and_leases(void **state)
{
	(void)state;
	struct house *house = house_signing("site/");
	struct wire *wire = wire_open(house);
	request(wire, "POST /v1/store/txn", AUTH,
	        "if other value = x\r\n# a remark\n\nthen put site/a two words\n"
	        "then delete site/b\n"
	        "else put@4 site/c 0x00",
	        200);
	assert_non_null(strstr(wire->body, "\"succeeded\":true}"));
	assert_int_equal(seen.txn.compares, 1);
	holds(seen.txn.compare[0].value, "x");
	holds(seen.txn.op[0][0].value, "two words");
	assert_true(seen.txn.op[0][1].is_delete);
	assert_int_equal(seen.txn.op[1][0].lease, 4);
	verdict_is(EC_RESULT_DONE, (struct ec_store_outcome){.revision = 8, .failed = 0, .mod = 3});
	request(wire, "POST /v1/store/txn", AUTH, "if a mod = 4", 200);
	assert_non_null(strstr(wire->body, "\"succeeded\":false,\"failed\":0,\"mod\":3}"));
	verdict_is(EC_RESULT_DONE, (struct ec_store_outcome){.succeeded = true, .expires_ns = 99});
	request(wire, "POST /v1/store/leases?ttl_s=10&id=3", AUTH, NULL, 200);
	assert_int_equal(seen.lease.act, EC_STORE_GRANT);
	assert_int_equal(seen.lease.id, 3);
	assert_int_equal(seen.lease.ttl_s, 10);
	assert_non_null(strstr(wire->body, "\"lease\":3,\"expires_ns\":99}"));
	assert_non_null(strcasestr(wire->head, "connection: close")); /* without a length */
	close(wire->fd);
	wire = wire_open(house);
	request(wire, "POST /v1/store/leases?ttl_s=10", AUTH, "", 200);
	assert_true(seen.lease.id > 3);
	request(wire, "POST /v1/store/leases/3", AUTH, "", 200);
	assert_int_equal(seen.lease.act, EC_STORE_KEEP_ALIVE);
	request(wire, "DELETE /v1/store/leases/3", AUTH, NULL, 200);
	assert_int_equal(seen.lease.act, EC_STORE_REVOKE);
	assert_int_equal(seen.count, 6); /* each was one, with a length of its body or without */
	get(wire, "/v1/store/leases/3", 404);
	is_problem(wire, "not-found");
	close(wire->fd);
	house_close(house);
}

static void who_may_not(void **state)
{
	(void)state;
	static const char *const headers[] = {
		"",
		"Authorization: Basic " TOKEN "\r\n",
		"Authorization: Bearer\r\n",
		"Authorization: Bearer 00" TOKEN "\r\n",
		"Authorization: Bearer ff112233445566778899aabbccddeeff00112233445566778899aabbccdd"
		"eeff\r\n",
		"Authorization: Bearer 0000000000000000000000000000000000000000000000000000000000"
		"000000\r\n"};
	struct house *house = house_signing("site/");
	struct wire *wire = wire_open(house);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		request(wire, "DELETE /v1/store/keys/site/a", headers[i], NULL, 401);
		is_problem(wire, "unauthorized");
		assert_non_null(strcasestr(wire->head, "www-authenticate: bearer\r\n"));
	}
	request(wire, "PUT /v1/store/keys/site/a", "", "x", 401); /* before its body is taken */
	assert_false(heard(wire));
	close(wire->fd);
	wire = wire_open(house);
	request(wire, "PUT /v1/store/keys/other", AUTH, "x", 403);
	is_problem(wire, "forbidden");
	assert_non_null(strstr(wire->body, "only for keys that begin with site/"));
	request(wire, "DELETE /v1/store/keys/site", AUTH, NULL, 403);
	request(wire, "POST /v1/store/txn", AUTH, "then put site/a 1\nelse put b 1", 403);
	assert_int_equal(seen.count, 0);
	close(wire->fd);
	house_close(house);
	house = house_usual();
	wire = wire_open(house);
	request(wire, "DELETE /v1/store/keys/a", AUTH, NULL, 403);
	is_problem(wire, "forbidden");
	assert_non_null(strstr(wire->body, "this node signs for nobody"));
	close(wire->fd);
	house_close(house);
}

static void what_the_ledger_says(void **state)
{
	(void)state;
	static const struct {
		enum ec_outcome_kind kind;
		enum ec_result code;
		unsigned status;
		const char *name;
	} of[] = {
		{EC_OUTCOME_DONE, EC_RESULT_STRANGER, 403, "forbidden"},
		{EC_OUTCOME_DONE, EC_RESULT_FORBIDDEN, 403, "forbidden"},
		{EC_OUTCOME_DONE, EC_RESULT_RULE, 409, "rule"},
		{EC_OUTCOME_DONE, EC_RESULT_FULL, 507, "full"},
		{EC_OUTCOME_DONE, EC_RESULT_TOO_MUCH, 413, "too-large"},
		{EC_OUTCOME_DONE, EC_RESULT_UNKNOWN, 404, "not-found"},
		{EC_OUTCOME_DONE, EC_RESULT_USED, 503, "busy"},
		{EC_OUTCOME_DONE, EC_RESULT_OLD, 503, "busy"},
		{EC_OUTCOME_BUSY, EC_RESULT_DONE, 503, "busy"},
		{EC_OUTCOME_NOT_READY, EC_RESULT_DONE, 503, "not-ready"},
		{EC_OUTCOME_NO_ROOM, EC_RESULT_DONE, 503, "no-room"},
	};
	struct house *house = house_signing("");
	struct wire *wire = wire_open(house);
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		verdict_is(of[i].code, (struct ec_store_outcome){0});
		verdict.kind = of[i].kind;
		verdict.why = "the reason";
		request(wire, "PUT /v1/store/keys/a", AUTH, "x", of[i].status);
		is_problem(wire, of[i].name);
	}
	close(wire->fd);
	house_close(house);
}

#define AGAIN AUTH "Idempotency-Key: 5f0c-1\r\n"

static void the_same_again_is_one(void **state)
{
	(void)state;
	struct house *house = house_signing("");
	struct wire *wire = wire_open(house);
	request(wire, "PUT /v1/store/keys/a", AGAIN, "x", 200);
	ec_hash first = seen.id;
	char *body = strdup(wire->body);
	verdict.outcome.revision = 77;
	request(wire, "PUT /v1/store/keys/a", AGAIN, "x", 200);
	assert_string_equal(wire->body, body); /* what came of it, not what would now */
	assert_int_equal(seen.count, 1);
	free(body);
	request(wire, "PUT /v1/store/keys/a", AGAIN, "y", 400);
	is_problem(wire, "malformed");
	assert_non_null(strstr(wire->body, "another request was sent with this Idempotency-Key"));
	request(wire, "PUT /v1/store/keys/a", AUTH, "x", 200); /* without the name: another one */
	assert_false(ec_hash_equal(&first, &seen.id));
	/* What was not taken is tried again as the same envelope. */
	verdict.kind = EC_OUTCOME_NOT_READY;
	request(wire, "POST /v1/store/leases?ttl_s=9", AUTH "Idempotency-Key: l\r\n", "", 503);
	first = seen.id;
	verdict.kind = EC_OUTCOME_DONE;
	request(wire, "POST /v1/store/leases?ttl_s=9", AUTH "Idempotency-Key: l\r\n", "", 200);
	assert_true(ec_hash_equal(&first, &seen.id));
	/* Where another took the sequence, as another. */
	verdict.code = EC_RESULT_USED;
	request(wire, "PUT /v1/store/keys/u", AUTH "Idempotency-Key: u\r\n", "x", 503);
	first = seen.id;
	verdict.code = EC_RESULT_DONE;
	request(wire, "PUT /v1/store/keys/u", AUTH "Idempotency-Key: u\r\n", "x", 200);
	assert_false(ec_hash_equal(&first, &seen.id));
	/* A refusal by the ledger is remembered, too. */
	verdict.code = EC_RESULT_RULE;
	request(wire, "PUT /v1/store/keys/r", AUTH "Idempotency-Key: r\r\n", "x", 409);
	verdict.code = EC_RESULT_DONE;
	request(wire, "PUT /v1/store/keys/r", AUTH "Idempotency-Key: r\r\n", "x", 409);
	close(wire->fd);
	house_close(house);
}

/* Who leaves before the answer asks again, and learns what became of it. */
static void one_who_left_asks_again(void **state)
{
	(void)state;
	struct house *house = house_signing("");
	for (int i = 0; i < 50; i++) {
		char text[400], name[160];
		struct wire *wire = wire_open(house);
		snprintf(name, sizeof name, AUTH "Idempotency-Key: n%d\r\n", i);
		snprintf(text, sizeof text,
		         "PUT /v1/store/keys/a HTTP/1.1\r\n%sContent-Length: 1\r\n\r\nx", name);
		say(wire, text);
		close(wire->fd);
		wire = wire_open(house);
		request(wire, "PUT /v1/store/keys/a", name, "x", 200);
		ec_hash id = seen.id;
		int count = seen.count;
		request(wire, "PUT /v1/store/keys/a", name, "x", 200);
		assert_int_equal(seen.count, count);
		assert_true(ec_hash_equal(&id, &seen.id));
		close(wire->fd);
	}
	house_close(house);
}

static void what_is_asked_wrongly(void **state)
{
	(void)state;
	static char long_name[300], ops[600];
	snprintf(long_name, sizeof long_name, AUTH "Idempotency-Key: %0100d\r\n", 0);
	for (int i = 0; i < 17; i++)
		snprintf(ops + strlen(ops), sizeof ops - strlen(ops), "then put k%d v\n", i);
	const struct {
		const char *line, *headers, *body, *name, *detail;
		unsigned status;
	} wrong[] = {
		{"PUT /v1/store/keys/a", AUTH, NULL, "length-required", "Content-Length", 411},
		{"PUT /v1/store/keys/a", AUTH "Transfer-Encoding: chunked\r\n", NULL,
	         "length-required", "chunks", 411},
		{"PUT /v1/store/keys/", AUTH, "x", "malformed", "1 to 80 bytes", 400},
		{"PUT /v1/store/keys/0xabc", AUTH, "x", "malformed", "1 to 80 bytes", 400},
		{"PUT /v1/store/keys/a?if_mod=x", AUTH, "x", "malformed", "if_mod is a", 400},
		{"PUT /v1/store/keys/a?lease=-1", AUTH, "x", "malformed", "if_mod is a", 400},
		{"PUT /v1/store/keys/a?at=local", AUTH, "x", "malformed", "takes lease, if_mod",
	         400},
		{"DELETE /v1/store/keys/a?lease=1", AUTH, NULL, "malformed", "of a PUT", 400},
		{"PUT /v1/store/keys/a", long_name, "x", "malformed", "longer than 64", 400},
		{"POST /v1/store/txn", AUTH, "", "malformed", "lines that begin", 400},
		{"POST /v1/store/txn", AUTH, "then", "malformed", "then|else put", 400},
		{"POST /v1/store/txn", AUTH, ops, "malformed", "at most 16 operations", 400},
		{"POST /v1/store/leases", AUTH, NULL, "malformed", "ttl_s", 400},
		{"POST /v1/store/leases?ttl_s=4294967296", AUTH, NULL, "malformed", "ttl_s", 400},
		{"POST /v1/store/leases?ttl_s=1&id=0", AUTH, NULL, "malformed", "id", 400},
		{"POST /v1/store/leases/x", AUTH, NULL, "malformed", "a lease's id", 400},
		{"DELETE /v1/store/leases/0", AUTH, NULL, "malformed", "a lease's id", 400},
		{"POST /v1/store/leases/1?ttl_s=1", AUTH, NULL, "malformed", "takes none", 400},
		{"POST /v1/store/leases/1", AUTH, "body", "malformed", "no body", 400},
		{"DELETE /v1/store/keys/a", AUTH, "body", "malformed", "no body", 400},
		{"POST /v1/store/keys/a", AUTH, "x", "method", "method", 405},
		{"PUT /v1/store/watch/a", AUTH, "x", "method", "method", 405},
		{"GET /v1/store/txn", AUTH, NULL, "method", "method", 405},
		{"GET /v1/store/leases", AUTH, NULL, "method", "method", 405},
		{"PATCH /v1/store/keys/a", AUTH, NULL, "method", "method", 405},
		{"PUT /v1/store/else", AUTH, "x", "not-found", "no such resource", 404},
	};
	struct house *house = house_signing("");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct wire *wire = wire_open(house);
		request(wire, wrong[i].line, wrong[i].headers, wrong[i].body, wrong[i].status);
		is_problem(wire, wrong[i].name);
		if (!strstr(wire->body, wrong[i].detail))
			fail_msg("%s: %s", wrong[i].line, wire->body);
		close(wire->fd);
	}
	assert_int_equal(seen.count, 0);
	house_close(house);
}

static void what_is_too_large_or_no_text(void **state)
{
	(void)state;
	struct house *house = house_signing("");
	struct wire *wire = wire_open(house);
	static char big[5000];
	memset(big, 'x', sizeof big - 1);
	request(wire, "PUT /v1/store/keys/a", AUTH, big, 413);
	close(wire->fd);
	wire = wire_open(house);
	big[4090] = 0; /* a body of the envelope's size, which with the rest is too large */
	request(wire, "PUT /v1/store/keys/a", AUTH, big, 413);
	is_problem(wire, "too-large");
	close(wire->fd);
	wire = wire_open(house);
	say(wire, "POST /v1/store/txn HTTP/1.1\r\n" AUTH "Content-Length: 12\r\n\r\nthen put a ");
	assert_int_equal(send(wire->fd, "", 1, MSG_NOSIGNAL), 1);
	assert_true(heard(wire));
	is_problem(wire, "malformed");
	assert_non_null(strstr(wire->body, "zero byte"));
	assert_int_equal(seen.count, 0);
	close(wire->fd);
	house_close(house);
}

/* A value may look like the head of a request, which the library gives in the place of a body that
 * came too early: on a connection of its own it is taken. */
static void a_value_that_looks_like_a_head(void **state)
{
	(void)state;
	static const char *const values[] = {"P", "PUT /v1/store/keys/a HTTP/1.1", "PUT /v1/"};
	struct house *house = house_signing("");
	for (size_t i = 0; i < 3; i++) {
		struct wire *wire = wire_open(house);
		request(wire, "PUT /v1/store/keys/a", AUTH, values[i], 200);
		holds(seen.txn.op[0][0].value, values[i]);
		request(wire, "PUT /v1/store/keys/a", AUTH, values[i], 503);
		is_problem(wire, "busy");
		assert_false(heard(wire));
		close(wire->fd);
	}
	struct wire *wire = wire_open(house);
	request(wire, "PUT /v1/store/keys/a", AUTH, "Q", 200);
	request(wire, "PUT /v1/store/keys/a", AUTH, "PUSH", 200);
	close(wire->fd);
	house_close(house);
}

/* Requests behind one another without waiting: no value is ever a piece of a head. */
static void no_piece_of_a_head_becomes_a_value(void **state)
{
	(void)state;
	static const char *const lines[] = {"PUT /v1/store/keys/a", "\r\nPUT /v1/store/keys/a",
	                                    "PUT http://x/v1/store/keys/a"};
	struct house *house = house_signing("");
	int values = 0;
	for (int round = 0; round < 30; round++) {
		char put[400];
		struct wire *wire = wire_open(house);
		int size =
			snprintf(put, sizeof put,
		                 "%s HTTP/1.1\r\nHost: x\r\n" AUTH "Content-Length: 5\r\n\r\nvalue",
		                 lines[round % 3]);
		for (int i = 0; i < 5; i++)
			send(wire->fd, put, (size_t)size, MSG_NOSIGNAL);
		for (; heard(wire) && wire->status == 200; values++)
			holds(seen.txn.op[0][0].value, "value");
		close(wire->fd);
	}
	assert_true(values >= 10);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_put_and_a_delete),
		cmocka_unit_test(transactions_and_leases),
		cmocka_unit_test(who_may_not),
		cmocka_unit_test(what_the_ledger_says),
		cmocka_unit_test(the_same_again_is_one),
		cmocka_unit_test(one_who_left_asks_again),
		cmocka_unit_test(what_is_asked_wrongly),
		cmocka_unit_test(what_is_too_large_or_no_text),
		cmocka_unit_test(a_value_that_looks_like_a_head),
		cmocka_unit_test(no_piece_of_a_head_becomes_a_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
