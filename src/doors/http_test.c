/* http_test.c - the HTTP door over real sockets: what clients may do. */
#include "doors/http_house.h"

#include "crypto/sign.h"
#include "doors/wire.h"

static void an_envelope_is_taken_and_found_again(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	post(wire, "/v1/envelopes", COSE SALT, "an envelope", 202);
	json_t *json = json_of(wire);
	char path[128];
	const char *id = json_string_value(json_object_get(json, "id"));
	snprintf(path, sizeof path, "/v1/envelopes/%s", id);
	assert_non_null(strstr(wire->head, path));
	json_decref(json);
	do {
		ask(wire, path);
		assert_true(wire->status == 200 || wire->status == 404);
	} while (wire->status == 404);
	json = json_of(wire);
	assert_string_equal(json_string_value(json_object_get(json, "result")), "done");
	json_decref(json);
	close(wire->fd);
	house_close(house);
}

static void one_who_waits_gets_the_result(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	for (int i = 0; i < 50; i++) {
		post(wire, "/v1/envelopes?wait=1", COSE SALT, "an envelope", 200);
		json_t *json = json_of(wire);
		assert_true(json_integer_value(json_object_get(json, "seq")) >= 2 + i);
		assert_int_equal(json_integer_value(json_object_get(json, "code")), 0);
		json_decref(json);
	}
	ec_hash id = ec_sha256("an envelope", 11);
	char path[128];
	struct ec_text text = ec_text_over(path, sizeof path);
	ec_text_add(&text, "/v1/receipts/");
	ec_text_add_hex(&text, id.b, sizeof id.b);
	usleep(50000);
	get(wire, path, 200);
	assert_non_null(strstr(wire->head, "application/cbor"));
	assert_int_equal(wire->body_size, 32);
	assert_memory_equal(wire->body, id.b, 32);
	close(wire->fd);
	house_close(house);
}

static void a_promise_comes_on_request(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	post(wire, "/v1/envelopes?promise=1", COSE SALT, "an envelope", 202);
	json_t *json = json_of(wire);
	const char *promise = json_string_value(json_object_get(json, "promise"));
	int64_t deadline_ns = json_integer_value(json_object_get(json, "deadline_ns"));
	ec_hash id = ec_sha256("an envelope", 11);
	uint8_t signature[EC_SIGNATURE_SIZE], signed_bytes[EC_DOOR_PROMISE_SIZE];
	assert_true(promise && ec_hex_read(promise, signature, sizeof signature));
	ec_door_promise(&id, (uint64_t)deadline_ns, signed_bytes);
	assert_true(ec_verify(house->identity.key, signed_bytes, sizeof signed_bytes, signature));
	ec_door_promise(&id, (uint64_t)deadline_ns + 1, signed_bytes);
	assert_false(ec_verify(house->identity.key, signed_bytes, sizeof signed_bytes, signature));
	/* In the future, by ten seconds at most. */
	assert_true(deadline_ns / 1000000000 - time(NULL) >= 8);
	assert_true(deadline_ns / 1000000000 - time(NULL) <= 10);
	json_decref(json);
	close(wire->fd);
	house_close(house);
}

static void every_refusal_is_a_problem_that_says_why(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "bad", 422);
	is_problem(wire, "invalid");
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "forged", 422);
	is_problem(wire, "signature");
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "foreign", 422);
	is_problem(wire, "wrong-group");
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "rule", 200);
	assert_non_null(strstr(wire->body, "\"result\":\"rule\""));
	assert_non_null(strstr(wire->body, "\"why\":\"the fake's rule\""));
	post(wire, "/v1/envelopes", COSE SALT, "busy", 503);
	is_problem(wire, "busy");
	assert_non_null(strcasestr(wire->head, "retry-after: 1"));
	post(wire, "/v1/envelopes", COSE SALT, "down", 503);
	is_problem(wire, "not-ready");
	post(wire, "/v1/envelopes", COSE SALT, "", 422);
	is_problem(wire, "invalid");
	get(wire, "/nothing", 404);
	is_problem(wire, "not-found");
	get(wire, "/v1/receipts/" KEY, 404);
	is_problem(wire, "not-found");
	assert_non_null(strstr(wire->body, "no block of this node holds it; submit"));
	house->daemon->pruned = 7000;
	get(wire, "/v1/receipts/" KEY, 404);
	is_problem(wire, "not-found");
	assert_non_null(strstr(wire->body, "this node keeps the blocks after 7000, and none of "));
	assert_non_null(strstr(wire->body, "if it may be older ask a node that archives"));
	get(wire, "/v1/status", 200);
	assert_non_null(strstr(wire->body, "\"pruned\":7000"));
	get(wire, "/v1/receipts/12", 400);
	is_problem(wire, "malformed");
	get(wire, "/v1/receipts/ee00000000000000000000000000000000000000000000000000000000000000",
	    503);
	is_problem(wire, "elsewhere");
	assert_non_null(strcasestr(wire->head, "retry-after: 1"));
	close(wire->fd);
	house_close(house);
}

/* Wrong heads: each is refused before a byte of the body is looked at. */
static void a_wrong_head_is_refused_with_its_reason(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		unsigned status;
		const char *reason, *header; /* header: that must stand in the answer's head */
	} wrong[] = {
		{"GET /v1/envelopes HTTP/1.1\r\n", 405, "method", "allow: POST\r\n"},
		{"DELETE /v1/status HTTP/1.1\r\n", 405, "method", "allow: GET, HEAD\r\n"},
		{"OPTIONS /metrics HTTP/1.1\r\n", 405, "method", "allow: GET, HEAD\r\n"},
		{"POST /v1/state/a HTTP/1.1\r\nContent-Length: 9\r\n", 405, "method",
	         "connection: close\r\n"},
		{"PUT /v1/nothing HTTP/1.1\r\n", 404, "not-found", ""},
		{"POST /v1/envelopes HTTP/1.1\r\n" SALT "Content-Length: 3\r\n", 415, "media-type",
	         "connection: close\r\n"},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE "Content-Length: 3\r\n", 400, "malformed",
	         ""},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE "Edgecord-Salt: 12\r\n"
	         "Content-Length: 3\r\n",
	         400, "malformed", ""},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT, 411, "length-required", ""},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Transfer-Encoding: chunked\r\n", 411,
	         "length-required", "connection: close\r\n"},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 3\r\n"
	         "Transfer-Encoding: chunked\r\n",
	         411, "length-required", "connection: close\r\n"},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: -5\r\n", 400,
	         "malformed", "connection: close\r\n"},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 3x\r\n", 400,
	         "malformed", ""},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT
	         "Content-Length: 3\r\nContent-Length: 5\r\n",
	         400, "malformed", ""},
		{"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 5000\r\n", 413,
	         "too-large", "connection: close\r\n"},
	};
	struct house *house = house_usual();
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct wire *wire = wire_open(house);
		say(wire, wrong[i].head);
		say(wire, "Host: x\r\n\r\n");
		if (!heard(wire) || wire->status != wrong[i].status ||
		    !strstr(wire->head, wrong[i].header))
			fail_msg("%s: %u %s", wrong[i].head, wire->status, wire->head);
		is_problem(wire, wrong[i].reason);
		close(wire->fd);
	}
	house_close(house);
}

/* `at` is one of three words; whatever else is asked for is told apart. */
static void a_read_says_what_it_may_be(void **state)
{
	(void)state;
	static const struct {
		const char *path, *detail;
	} wrong[] = {
		{"/v1/state/a/001?at=yesterday", "at is local, certified or latest"},
		{"/v1/state/a/001?at=", "at is local, certified or latest"},
		{"/v1/state/a/001?at=LATEST", "at is local, certified or latest"},
		{"/v1/state/a/001?at=-1", "at is local, certified or latest"},
		{"/v1/state/a/001?at=1", "at takes no block number"},
		{"/v1/trades?at=99999999999999999999", "at takes no block number"},
		{"/v1/state/a/001?min_seq=-1", "min_seq is a number"},
		{"/v1/state/a/001?min_seq=x", "min_seq is a number"},
		{"/v1/state/?prefix=1&limit=0", "limit is 1 to 4096"},
		{"/v1/state/?prefix=1&limit=4097", "limit is 1 to 4096"},
		{"/v1/state/", "a name is 1 to 96 bytes"},
		{"/v1/state/0xzz", "a name is 1 to 96 bytes"},
	};
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		get(wire, wrong[i].path, 400);
		is_problem(wire, "malformed");
		assert_non_null(strstr(wire->body, wrong[i].detail));
	}
	get(wire, "/v1/state/a/001?min_seq=99999", 503);
	is_problem(wire, "behind");
	assert_non_null(strstr(wire->body, "stands at block 1, min_seq asks for 99999"));
	house->daemon->no_reads = true;
	get(wire, "/v1/state/a/001?at=latest", 503);
	is_problem(wire, "not-ready");
	house->daemon->no_reads = false;
	/* Before the first block there is a state, too: an empty one. */
	house->daemon->seq = house->daemon->certified = 0;
	static const char *const good[] = {"local", "certified", "latest"};
	for (int i = 0; i < 3; i++) {
		char path[64];
		snprintf(path, sizeof path, "/v1/state/a/001?at=%s", good[i]);
		get(wire, path, 200);
		assert_non_null(strstr(wire->body, "\"seq\":0"));
	}
	close(wire->fd);
	house_close(house);
}

/* HEAD is answered as GET is, without the body. */
static void head_is_get_without_the_body(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	char whole[2048];
	static const char *const path[] = {"/healthz", "/v1/state/big", "/nothing",
	                                   "/v1/state/a/001?at=latest"};
	for (int i = 0; i < 4; i++) {
		ask(wire, path[i]);
		memcpy(whole, wire->head, sizeof whole);
		char text[128];
		snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", path[i]);
		say(wire, text);
		say(wire, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
		while (!strstr(wire->bytes, "ready\n")) {
			ssize_t got = recv(wire->fd, wire->bytes + wire->size, 4000, 0);
			assert_true(got > 0);
			wire->size += (size_t)got;
			wire->bytes[wire->size] = 0;
		}
		assert_memory_equal(wire->bytes, whole, strlen(whole));
		assert_memory_equal(wire->bytes + strlen(whole), "HTTP/1.1 200 OK", 15);
		wire->size = 0;
		wire->bytes[0] = 0;
	}
	close(wire->fd);
	house_close(house);
}

/* There is nothing that a receipt could be made of. */
static void a_group_that_only_orders_says_so(void **state)
{
	(void)state;
	static const char *const path[] = {"/v1/envelopes/" KEY, "/v1/receipts/" KEY,
	                                   "/v1/proofs/a/001"};
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	house->daemon->genesis.flags = EC_GENESIS_ORDER_ONLY;
	for (int i = 0; i < 3; i++) {
		get(wire, path[i], 404);
		is_problem(wire, "order-only");
	}
	close(wire->fd);
	house_close(house);
}

static void one_who_asks_first_is_told_to_go_on(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	char text[64] = "";
	say(wire, "POST /v1/envelopes?wait=1 HTTP/1.1\r\nHost: x\r\n" COSE SALT
	          "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_int_equal(recv(wire->fd, text, sizeof text - 1, 0), 25);
	assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
	say(wire, "hello");
	assert_true(heard(wire));
	assert_int_equal(wire->status, 200);
	get(wire, "/healthz", 200);
	close(wire->fd);
	house_close(house);
}

static void the_state_is_shown_by_name_and_by_prefix(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	static const char *const path[] = {"/v1/state/a/007", "/v1/state/0x612f303037",
	                                   "/v1/state/a/007?at=certified",
	                                   "/v1/state/a/007?at=latest&min_seq=1"};
	for (int i = 0; i < 4; i++) {
		get(wire, path[i], 200);
		json_t *json = json_of(wire);
		json_t *item = json_array_get(json_object_get(json, "items"), 0);
		assert_string_equal(json_string_value(json_object_get(item, "text")), "a/007");
		assert_string_equal(json_string_value(json_object_get(item, "value")),
		                    "76616c756520303037");
		json_decref(json);
	}
	get(wire, "/v1/state/a/?prefix=1&limit=3&after=a/100", 200);
	json_t *json = json_of(wire);
	assert_int_equal(json_array_size(json_object_get(json, "items")), 3);
	assert_true(json_is_true(json_object_get(json, "more")));
	json_decref(json);
	get(wire, "/v1/state/big", 200);
	assert_true(wire->body_size > 2 * FAKE_BIG);
	get(wire, "/v1/trades?limit=5", 200);
	get(wire, "/v1/trades?slot=1782000000", 200);
	get(wire, "/v1/trades?slot=x", 400);
	get(wire, "/v1/trades?after=0x12", 400);
	get(wire, "/v1/bills/12", 400);
	get(wire, "/v1/bills/" KEY "/x", 400);
	get(wire, "/v1/bills/" KEY, 200);
	get(wire, "/v1/bills/" KEY "/20625", 404);
	get(wire, "/v1/proofs/big", 200);
	assert_int_equal(wire->body_size, 3);
	close(wire->fd);
	house_close(house);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	(void)state;
	enum { COUNT = 40 };
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	char text[128 * COUNT] = "";
	for (int i = 0; i < COUNT; i++)
		snprintf(text + strlen(text), 128,
		         "GET /v1/state/a/%03d HTTP/1.1\r\nHost: x\r\n\r\n", i);
	say(wire, text);
	for (int i = 0; i < COUNT; i++) {
		char name[32];
		assert_true(heard(wire));
		snprintf(name, sizeof name, "\"text\":\"a/%03d\"", i);
		assert_non_null(strstr(wire->body, name));
	}
	close(wire->fd);
	house_close(house);
}

static void health_and_status_are_shown(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	get(wire, "/healthz", 200);
	get(wire, "/readyz", 200);
	get(wire, "/v1/status", 200);
	json_t *json = json_of(wire);
	assert_string_equal(json_string_value(json_object_get(json, "protocol")), "pbft");
	json_decref(json);
	get(wire, "/openapi.json", 200);
	json = json_of(wire);
	assert_string_equal(json_string_value(json_object_get(json, "openapi")), "3.1.0");
	json_decref(json);
	house->daemon->disk_low = true;
	get(wire, "/readyz", 503);
	is_problem(wire, "not-ready");
	get(wire, "/healthz", 200);
	/* What the member itself says is what everyone hears. */
	house->daemon->not_ready = "no quorum of equal headers for 10 s";
	get(wire, "/readyz", 503);
	assert_non_null(strstr(wire->body, house->daemon->not_ready));
	get(wire, "/v1/state/a/001?at=latest", 503);
	assert_non_null(strstr(wire->body, house->daemon->not_ready));
	get(wire, "/v1/status", 200);
	json = json_of(wire);
	assert_string_equal(json_string_value(json_object_get(json, "unready_because")),
	                    house->daemon->not_ready);
	json_decref(json);
	house->daemon->disk_low = false;
	house->daemon->members_foreign = 3;
	get(wire, "/readyz", 503);
	is_problem(wire, "not-ready");
	assert_non_null(strstr(wire->body, "our genesis differs from the peers': "));
	assert_non_null(strstr(wire->body, "put the group's genesis file in the place of ours"));
	get(wire, "/v1/status", 200);
	assert_non_null(strstr(wire->body, "\"unready_because\":\"our genesis differs"));
	close(wire->fd);
	house_close(house);
}

/* docs/doors.md has a row for each series, with its type; values are numbers. */
static void each_series_is_described(const char *metrics)
{
	static char page[65536];
	char name[80], type[16], row[128];
	FILE *file = fopen("docs/doors.md", "r");
	assert_non_null(file);
	page[fread(page, 1, sizeof page - 1, file)] = 0;
	fclose(file);
	for (const char *at = metrics; (at = strstr(at, "# TYPE ")); at++) {
		assert_int_equal(sscanf(at, "# TYPE %79s %15s", name, type), 2);
		snprintf(row, sizeof row, "| `%s` | %s |", name, type);
		if (!strstr(page, row))
			fail_msg("docs/doors.md has no row %s", row);
	}
}

/* Names that dashboards rely on, of what every node has; tests/e2e.py has those of a cell. */
static void the_names_are_kept(const char *metrics)
{
	static const char *const names[] = {
		"edgecord_consensus_commit_seconds",
		"edgecord_consensus_view_changes_total",
		"edgecord_consensus_round",
		"edgecord_quorum_reachable",
		"edgecord_ledger_entries_total",
		"edgecord_ledger_bytes",
		"edgecord_outbox_entries",
		"edgecord_outbox_oldest_seconds",
		"edgecord_signature_failures_total",
		"edgecord_clock_offset_seconds",
		"process_cpu_seconds_total",
		"process_start_time_seconds",
		"process_resident_memory_bytes",
		"process_virtual_memory_bytes",
		"process_open_fds",
		"process_max_fds",
	};
	char line[100];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(line, sizeof line, "# TYPE %s ", names[i]);
		if (!strstr(metrics, line))
			fail_msg("%s is gone", names[i]);
	}
}

/* Lately, and not in the future. */
static void the_start_is_told(const char *metrics)
{
	const char *line = strstr(metrics, "\nprocess_start_time_seconds ");
	assert_non_null(line);
	double began = atof(line + strlen("\nprocess_start_time_seconds ")),
	       now = (double)time(NULL);
	assert_true(began <= now + 1 && began > now - 600);
}

/* promtool judges the text, where it is installed. */
static void the_metrics_are_in_order(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	get(wire, "/metrics", 200);
	assert_non_null(strstr(wire->head, "text/plain; version=0.0.4"));
	assert_non_null(strstr(wire->body, "edgecord_consensus_commit_seconds_bucket{tier=\"cell\","
	                                   "le=\"0.001048576\"} 0\n"));
	assert_non_null(strstr(wire->body, "edgecord_consensus_commit_seconds_bucket{tier=\"cell\","
	                                   "le=\"0.001572864\"} 1\n"));
	assert_non_null(
		strstr(wire->body, "edgecord_consensus_commit_seconds_count{tier=\"cell\"} 2"));
	assert_non_null(strstr(wire->body, "edgecord_clock_offset_seconds -1.250000000\n"));
	assert_non_null(
		strstr(wire->body, "edgecord_signature_failures_total{reason=\"client\"} 7\n"));
	assert_non_null(
		strstr(wire->body, "edgecord_signature_failures_total{reason=\"header\"} 5\n"));
	assert_non_null(strstr(wire->body, "edgecord_log_torn_bytes 11\n"));
	each_series_is_described(wire->body);
	the_names_are_kept(wire->body);
	the_start_is_told(wire->body);
	if (system("command -v promtool >/dev/null 2>&1") != 0) {
		print_message("skipped promtool is not installed (package prometheus)\n");
	} else {
		FILE *judge = popen("promtool check metrics", "w");
		assert_non_null(judge);
		fwrite(wire->body, 1, wire->body_size, judge);
		assert_int_equal(pclose(judge), 0);
	}
	close(wire->fd);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_envelope_is_taken_and_found_again),
		cmocka_unit_test(one_who_waits_gets_the_result),
		cmocka_unit_test(a_promise_comes_on_request),
		cmocka_unit_test(every_refusal_is_a_problem_that_says_why),
		cmocka_unit_test(a_wrong_head_is_refused_with_its_reason),
		cmocka_unit_test(a_read_says_what_it_may_be),
		cmocka_unit_test(head_is_get_without_the_body),
		cmocka_unit_test(a_group_that_only_orders_says_so),
		cmocka_unit_test(one_who_asks_first_is_told_to_go_on),
		cmocka_unit_test(the_state_is_shown_by_name_and_by_prefix),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(health_and_status_are_shown),
		cmocka_unit_test(the_metrics_are_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
