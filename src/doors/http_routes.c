/* http_routes.c - the resources of the HTTP door: envelopes, receipts, state, health. */
#include "doors/http_request.h"
#include "doors/promise.h"
#include "doors/status.h"
#include "doors/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RETRY_NOT_YET_MS = 100,
	RETRY_ELSEWHERE_MS = 1000,
	PROMISE_MS = 10000,
	WAITING_MAX = 8192, /* submissions that are not done */
};

static const char json_media[] = "application/json", cbor_media[] = "application/cbor";

static struct ec_member *member_of(const struct ec_http_request *request)
{
	return ec_daemon_member(ec_http_daemon(request->http));
}

static struct ec_ledger *ledger_of(const struct ec_http_request *request)
{
	return ec_member_ledger(member_of(request));
}

/* What stands behind a prefix of the path; NULL when the path does not begin with it. */
static const char *path_after(const struct ec_http_request *request, const char *prefix)
{
	size_t size = strlen(prefix);
	return strncmp(request->path, prefix, size) == 0 ? request->path + size : NULL;
}

bool ec_http_length_welcome(struct ec_http_request *request)
{
	uint64_t size_max = ec_daemon_genesis(ec_http_daemon(request->http))->envelope_bytes_max;
	char text[128];
	if (request->chunked || !request->has_length) {
		ec_http_problem(request, EC_REASON_LENGTH, 0,
		                request->chunked ? "the body comes in chunks"
		                                 : "there is no header Content-Length");
		return false;
	}
	if (!request->length_good) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "the header Content-Length is not one decimal number");
		return false;
	}
	if (request->body_announced > size_max) {
		snprintf(text, sizeof text, "%zu bytes; this group takes envelopes of at most %llu",
		         request->body_announced, (unsigned long long)size_max);
		ec_http_problem(request, EC_REASON_TOO_LARGE, 0, text);
		return false;
	}
	return true;
}

bool ec_http_body_welcome(struct ec_http_request *request)
{
	const char *store = path_after(request, "/v1/store/");
	if (store)
		return ec_http_store_welcome(request, store);
	if (strcmp(request->path, "/v1/envelopes") != 0) {
		ec_http_route(request);
		return false;
	}
	if (!ec_http_arguments_good(request))
		return false;
	if (!request->media_good) {
		ec_http_problem(request, EC_REASON_MEDIA, 0,
		                "send the envelope as Content-Type: application/cose");
		return false;
	}
	if (!request->salt_good) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                request->has_salt
		                        ? "the header Edgecord-Salt is not 64 hexadecimal digits"
		                        : "the header Edgecord-Salt is missing: the author's salt "
		                          "of this envelope, 64 hexadecimal digits");
		return false;
	}
	return ec_http_length_welcome(request);
}

static void add_promise(struct ec_http_request *request, const ec_hash *id)
{
	uint8_t signature[EC_SIGNATURE_SIZE];
	const struct ec_secret *identity = ec_http_config(request->http)->identity;
	ec_json_put_uint(&request->answer, "deadline_ns",
	                 ec_promise_sign(identity, id, PROMISE_MS, signature));
	ec_json_key(&request->answer, "promise");
	ec_json_hex(&request->answer, signature, sizeof signature);
}

/* 202: this gateway has it; what becomes of it is asked for later. */
static void envelope_accepted(void *self, const ec_hash *id)
{
	struct ec_http_request *request = self;
	if (!request->connection || request->answered || request->given[EC_ARG_WAIT])
		return;
	ec_json_open(&request->answer, '{');
	ec_json_put_hash(&request->answer, "id", id);
	ec_json_put_text(&request->answer, "status", "accepted");
	if (request->given[EC_ARG_PROMISE])
		add_promise(request, id);
	ec_json_close(&request->answer, '}');
	request->location_of = "/v1/envelopes/";
	request->location_id = *id;
	ec_http_answer(request, 202, json_media);
}

static void add_outcome(struct ec_json *json, const struct ec_outcome *outcome)
{
	const ec_hash *id = &outcome->id;
	unsigned code = outcome->code;
	const char *why = outcome->why;
	ec_json_open(json, '{');
	ec_json_put_hash(json, "id", id);
	ec_json_put_text(json, "status", "ordered");
	ec_json_put_uint(json, "code", code);
	ec_json_put_text(json, "result", ec_result_name(code));
	ec_json_put_text(json, "meaning", ec_result_text(code));
	if (*why)
		ec_json_put_text(json, "why", why);
	ec_json_put_uint(json, "seq", outcome->seq);
	ec_json_put_uint(json, "index", outcome->index);
	if (outcome->detail.size) {
		ec_json_key(json, "detail");
		ec_json_hex(json, outcome->detail.data, outcome->detail.size);
	}
	ec_json_close(json, '}');
}

static void envelope_done(void *self, const struct ec_outcome *outcome)
{
	struct ec_http_request *request = self;
	request->submitted = false;
	ec_http_counters(request->http)->waiting--;
	if (!request->connection) {
		ec_http_drop(request);
		return;
	}
	if (request->answered)
		return;
	uint32_t retry_ms;
	enum ec_reason reason = ec_desk_refusal(outcome, &retry_ms);
	if (reason != EC_REASON_NONE) {
		ec_http_problem(request, reason, retry_ms, outcome->why);
		return;
	}
	add_outcome(&request->answer, outcome);
	ec_http_answer(request, 200, json_media);
}

static void envelope_submit(struct ec_http_request *request)
{
	if (request->method != EC_HTTP_POST) {
		request->allow = "POST";
		ec_http_problem(request, EC_REASON_METHOD, 0, "envelopes are sent with POST");
		return;
	}
	if (!ec_http_arguments_good(request))
		return;
	if (request->body.size == 0) {
		ec_http_problem(request, EC_REASON_INVALID, 0, "the envelope is empty");
		return;
	}
	if (ec_http_counters(request->http)->waiting >= WAITING_MAX) {
		ec_http_problem(request, EC_REASON_BUSY, EC_RETRY_BUSY_MS,
		                "too many submissions wait at this gateway");
		return;
	}
	struct ec_bytes envelope = request->body;
	request->body = EC_NO_BYTES;
	request->submitted = true;
	ec_http_counters(request->http)->waiting++;
	ec_daemon_submit(ec_http_daemon(request->http), envelope, request->salt, envelope_accepted,
	                 envelope_done, request);
	ec_drop(envelope);
}

/* An id in the path.  Returns: false after a problem was answered. */
static bool id_read(struct ec_http_request *request, const char *text, ec_hash *id)
{
	if (ec_hex_read(text, id->b, sizeof id->b))
		return true;
	ec_http_problem(request, EC_REASON_MALFORMED, 0, "an id is 64 hexadecimal digits");
	return false;
}

/* An id that is in no block here: never ordered, or ordered so long ago that its block is gone. */
static void unknown_refuse(struct ec_http_request *request)
{
	char text[256];
	uint64_t pruned = ec_ledger_pruned(ledger_of(request));
	snprintf(text, sizeof text,
	         "this node keeps the blocks after %" PRIu64
	         ", and none of them holds it; if it may "
	         "be older ask a node that archives, else submit the envelope (again)",
	         pruned);
	ec_http_problem(request, EC_REASON_NOT_FOUND, 0,
	                pruned ? text
	                       : "no block of this node holds it; submit the envelope (again)");
}

/* Answers what is not found.  Returns: whether it was found. */
static bool is_found(struct ec_http_request *request, enum ec_lookup lookup)
{
	switch (lookup) {
	case EC_FOUND:
		return true;
	case EC_NOT_YET:
		ec_http_problem(request, EC_REASON_NOT_YET, RETRY_NOT_YET_MS,
		                path_after(request, "/v1/receipts/")
		                        ? "it is in a block; a quorum's certificate comes within "
		                          "moments (where the order may be revised, depth=1 takes "
		                          "what members signed so far)"
		                        : "it is in a block; a quorum's certificate comes within "
		                          "moments");
		return false;
	case EC_ELSEWHERE:
		ec_http_problem(request, EC_REASON_ELSEWHERE, RETRY_ELSEWHERE_MS,
		                "this node was restored and still fetches its older blocks, where "
		                "it may be");
		return false;
	case EC_PRUNED:
		ec_http_problem(request, EC_REASON_PRUNED, 0,
		                "this node keeps no block that old; ask a node that archives");
		return false;
	default:
		unknown_refuse(request);
		return false;
	}
}

static void envelope_show(struct ec_http_request *request, const char *text)
{
	struct ec_outcome outcome = {0}; /* neither why nor a detail: its receipt has them */
	if (!id_read(request, text, &outcome.id))
		return;
	enum ec_lookup lookup = ec_ledger_result(ledger_of(request), &outcome.id, &outcome.code,
	                                         &outcome.seq, &outcome.index);
	if (!is_found(request, lookup))
		return;
	add_outcome(&request->answer, &outcome);
	ec_http_answer(request, 200, json_media);
}

static void receipt_show(struct ec_http_request *request, const char *text)
{
	ec_hash id;
	struct ec_bytes proof;
	if (!id_read(request, text, &id))
		return;
	enum ec_lookup lookup = request->given[EC_ARG_DEPTH]
	                                ? ec_member_receipt(member_of(request), &id, &proof)
	                                : ec_ledger_receipt(ledger_of(request), &id, &proof);
	if (!is_found(request, lookup))
		return;
	ec_http_bytes(request, cbor_media, proof);
	ec_drop(proof);
}

static bool is_text(struct ec_bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e)
			return false;
	return true;
}

static void add_item(struct ec_json *json, struct ec_bytes name, struct ec_bytes value)
{
	ec_json_open(json, '{');
	ec_json_key(json, "name");
	ec_json_hex(json, name.data, name.size);
	if (is_text(name)) {
		ec_json_key(json, "text");
		ec_json_text_of(json, name.data, name.size);
	}
	ec_json_key(json, "value");
	ec_json_hex(json, value.data, value.size);
	ec_json_close(json, '}');
}

void ec_http_put_reply(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	ec_json_put_text(json, "at",
	                 request->given[EC_ARG_AT] ? request->argument[EC_ARG_AT] : "local");
	ec_json_put_uint(json, "seq", reply->seq);
	ec_json_put_uint(json, "certified", reply->certified);
	ec_json_put_bool(json, "more", reply->more);
}

static void state_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_bytes name, value;
	ec_json_open(json, '{');
	ec_http_put_reply(request, reply);
	ec_json_put_uint(json, "time_ns", reply->time_ns);
	ec_json_key(json, "items");
	ec_json_open(json, '[');
	while (ec_door_item_next(&items, &name, &value))
		add_item(json, name, value);
	ec_json_close(json, ']');
	ec_json_close(json, '}');
	ec_http_answer(request, 200, json_media);
}

static void desk_answered(void *self, const struct ec_reply *reply)
{
	struct ec_http_request *request = self;
	request->asked = false;
	if (reply->reason != EC_REASON_NONE)
		ec_http_problem(request, reply->reason, reply->retry_ms, reply->why);
	else
		request->then(request, reply);
}

/* Reads `at`, which stays when it is not given.  Returns: false when it is none of the three. */
static bool at_read(const struct ec_http_request *request, enum ec_door_at *at)
{
	static const char *const name[] = {"local", "certified", "latest"};
	if (!request->given[EC_ARG_AT])
		return true;
	for (int i = 0; i < 3; i++) {
		if (strcmp(request->argument[EC_ARG_AT], name[i]) == 0) {
			*at = (enum ec_door_at)i;
			return true;
		}
	}
	return false;
}

/* Answers an `at` that is none. */
static void at_refuse(struct ec_http_request *request)
{
	const char *at = request->argument[EC_ARG_AT];
	bool block = *at && strspn(at, "0123456789") == strlen(at);
	ec_http_problem(
		request, EC_REASON_MALFORMED, 0,
		block ? "at takes no block number: a node answers from its newest state alone; "
			"min_seq=N asks for block N or a later one, and what an older block held "
			"is shown by a proof that was fetched then"
		      : "at is local, certified or latest");
}

void ec_http_ask(struct ec_http_request *request, struct ec_question *question,
                 void (*then)(struct ec_http_request *request, const struct ec_reply *reply))
{
	bool good = true;
	question->min_seq = ec_http_number(request, EC_ARG_MIN_SEQ, 0, INT64_MAX, &good);
	question->limit = (uint32_t)ec_http_number(request, EC_ARG_LIMIT, 100, 4096, &good);
	if (!at_read(request, &question->at)) {
		at_refuse(request);
		return;
	}
	if (!good || question->limit == 0) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "min_seq is a number of a block; limit is 1 to 4096");
		return;
	}
	request->then = then;
	request->asked = true;
	ec_desk_ask(ec_http_desk(request->http), question, desk_answered, request);
}

static void state_show(struct ec_http_request *request, const char *text)
{
	struct ec_question question = {.prefix = request->given[EC_ARG_PREFIX]};
	if (!(question.prefix && *text == 0)) {
		question.name_size = ec_http_name(request, text, EC_NAME_MAX, question.name);
		if (question.name_size == 0)
			return;
	}
	if (!question.prefix && request->given[EC_ARG_AFTER]) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0, "`after` goes with prefix=1 only");
		return;
	}
	if (request->given[EC_ARG_AFTER]) {
		question.after_size = ec_http_name(request, request->argument[EC_ARG_AFTER],
		                                   EC_NAME_MAX, question.after);
		if (question.after_size == 0)
			return;
	}
	ec_http_ask(request, &question, state_answered);
}

static void proof_show(struct ec_http_request *request, const char *text)
{
	uint8_t name[EC_NAME_MAX];
	struct ec_bytes proof;
	size_t size = ec_http_name(request, text, EC_NAME_MAX, name);
	if (size == 0 ||
	    !is_found(request, ec_ledger_state_proof(ledger_of(request), name, size, &proof)))
		return;
	ec_http_bytes(request, cbor_media, proof);
	ec_drop(proof);
}

static void ready_show(struct ec_http_request *request)
{
	char why[EC_UNREADY_SIZE];
	if (!ec_status_ready(ec_http_daemon(request->http), why)) {
		ec_http_problem(request, EC_REASON_NOT_READY, EC_RETRY_NOT_READY_MS, why);
		return;
	}
	ec_json_raw(&request->answer, "ready\n");
	ec_http_answer(request, 200, "text/plain; charset=utf-8");
}

/* Resources that are one path and take GET only.  Returns: whether it was one. */
static bool route_fixed(struct ec_http_request *request)
{
	if (strcmp(request->path, "/v1/status") == 0) {
		ec_status_json(ec_http_daemon(request->http), &request->answer);
		ec_http_answer(request, 200, json_media);
	} else if (strcmp(request->path, "/metrics") == 0) {
		ec_http_metrics(request);
	} else if (strcmp(request->path, "/healthz") == 0) {
		ec_json_raw(&request->answer, "alive\n");
		ec_http_answer(request, 200, "text/plain; charset=utf-8");
	} else if (strcmp(request->path, "/readyz") == 0) {
		ready_show(request);
	} else if (strcmp(request->path, "/openapi.json") == 0) {
		ec_json_raw(&request->answer, ec_http_openapi);
		ec_http_answer(request, 200, json_media);
	} else if (strcmp(request->path, "/v1/trades") == 0) {
		ec_http_trades(request);
	} else if (strcmp(request->path, "/v1/beacon") == 0) {
		ec_http_beacon(request);
	} else {
		return false;
	}
	return true;
}

static bool wants_envelopes(const struct ec_http_request *request)
{
	return path_after(request, "/v1/envelopes/") || path_after(request, "/v1/receipts/") ||
	       path_after(request, "/v1/proofs/");
}

static void method_refuse(struct ec_http_request *request)
{
	request->allow = "GET, HEAD";
	ec_http_problem(request, EC_REASON_METHOD, 0, "this resource is read with GET");
}

void ec_http_route(struct ec_http_request *request)
{
	const char *rest, *order_only = ec_desk_order_only(ec_http_daemon(request->http));
	if (strcmp(request->path, "/v1/envelopes") == 0)
		envelope_submit(request);
	else if (request->method != EC_HTTP_GET && (rest = path_after(request, "/v1/store/")))
		ec_http_store_write(request, rest);
	else if (request->method != EC_HTTP_GET && ec_http_is_resource(request))
		method_refuse(request);
	else if (request->method == EC_HTTP_GET && !ec_http_arguments_good(request))
		return;
	else if (order_only && wants_envelopes(request))
		ec_http_problem(request, EC_REASON_ORDER_ONLY, 0, order_only);
	else if ((rest = path_after(request, "/v1/envelopes/")))
		envelope_show(request, rest);
	else if ((rest = path_after(request, "/v1/receipts/")))
		receipt_show(request, rest);
	else if ((rest = path_after(request, "/v1/state/")))
		state_show(request, rest);
	else if ((rest = path_after(request, "/v1/proofs/")))
		proof_show(request, rest);
	else if ((rest = path_after(request, "/v1/bills/")))
		ec_http_bills(request, rest);
	else if ((rest = path_after(request, "/v1/store/")))
		ec_http_store(request, rest);
	else if (!route_fixed(request))
		ec_http_problem(request, EC_REASON_NOT_FOUND, 0,
		                "no such resource; /openapi.json lists them");
}
