/* http_store_write.c - writes under /v1/store, signed by this node for who knows its token.
 *
 * A request becomes one envelope of the key that the operator set aside for this (docs/decisions/
 * 016), under a sequence of its own.  With a header Idempotency-Key the door remembers the sequence
 * and what came of it: so the same request, sent again, is the same envelope, which the ledger
 * takes once, or is told what became of it. */
#include "doors/http_writing.h"
#include "ledger/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	REMEMBERED = 1024, /* requests with an Idempotency-Key */
	WAITING_MAX = 8192,
	LANES = 64, /* so as many envelopes may be under way as 64 windows of 64 hold */
	ENVELOPE_OVERHEAD = 512,
	RETRY_TAKEN_MS = 100,
};

/* What became of an envelope. */
struct told {
	ec_hash id;
	unsigned code;
	uint64_t seq;
	char why[160];
	bool known; /* outcome is */
	struct ec_store_outcome outcome;
};

struct remembered {
	ec_hash name, payload;
	uint64_t sequence; /* 0: nothing is remembered here */
	uint32_t under_way;
	bool done;
	struct told told; /* when done */
};

struct http_writing {
	const struct ec_http_writer *writer;
	uint64_t sequence; /* the last one */
	uint32_t next;     /* row to forget */
	struct remembered row[REMEMBERED];
};

struct http_writing *http_writing_new(const struct ec_http_writer *writer)
{
	struct http_writing *writing = calloc(1, sizeof *writing);
	if (!writing)
		abort();
	writing->writer = writer;
	return writing;
}

static const struct {
	enum ec_http_method method;
	const char *path; /* one that ends in a slash: and a name behind it */
	bool brings;      /* a body */
} verbs[HTTP_VERBS] = {
	[HTTP_PUT] = {EC_HTTP_PUT, "keys/", true},
	[HTTP_DELETE] = {EC_HTTP_DELETE, "keys/", false},
	[HTTP_TXN] = {EC_HTTP_POST, "txn", true},
	[HTTP_GRANT] = {EC_HTTP_POST, "leases", false},
	[HTTP_KEEP_ALIVE] = {EC_HTTP_POST, "leases/", false},
	[HTTP_REVOKE] = {EC_HTTP_DELETE, "leases/", false},
};

static bool is_path(const char *rest, const char *path)
{
	size_t size = strlen(path);
	return path[size - 1] == '/' ? strncmp(rest, path, size) == 0 : strcmp(rest, path) == 0;
}

static enum http_verb verb_of(const struct ec_http_request *request, const char *rest)
{
	int i = 0;
	while (i < HTTP_VERBS &&
	       (verbs[i].method != request->method || !is_path(rest, verbs[i].path)))
		i++;
	return (enum http_verb)i;
}

/* There is no such method here, or nothing at all. */
static void verb_refuse(struct ec_http_request *request, const char *rest)
{
	static const char *const allow[][2] = {{"keys/", "GET, HEAD, PUT, DELETE"},
	                                       {"watch/", "GET, HEAD"},
	                                       {"leases/", "GET, HEAD, POST, DELETE"},
	                                       {"leases", "POST"},
	                                       {"txn", "POST"}};
	for (size_t i = 0; i < sizeof allow / sizeof *allow; i++) {
		if (!is_path(rest, allow[i][0]))
			continue;
		request->allow = allow[i][1];
		ec_http_problem(request, EC_REASON_METHOD, 0,
		                "the store is not asked for this with this method");
		return;
	}
	ec_http_problem(request, EC_REASON_NOT_FOUND, 0,
	                "no such resource; /openapi.json lists them");
}

/* Takes as long whatever the token is. */
static bool token_good(const struct ec_http_request *request, const struct ec_http_writer *writer)
{
	uint8_t differ = 0;
	for (size_t i = 0; i < sizeof request->token; i++)
		differ |= request->token[i] ^ writer->token[i];
	return request->token_good && differ == 0;
}

/* Whether this node signs this for who asks.  Out: verb.  Returns: false after a problem. */
static bool allowed(struct ec_http_request *request, const char *rest, enum http_verb *verb)
{
	const struct http_writing *writing = ec_http_writing(request->http);
	*verb = verb_of(request, rest);
	if (*verb == HTTP_VERBS)
		verb_refuse(request, rest);
	else if (!ec_http_arguments_good(request))
		return false;
	else if (!writing)
		ec_http_problem(request, EC_REASON_FORBIDDEN, 0,
		                "this node signs for nobody: send an envelope that its author "
		                "signed by POST /v1/envelopes, or have the node's operator set "
		                "store.key and store.token");
	else if (!request->has_token)
		ec_http_problem(request, EC_REASON_UNAUTHORIZED, 0,
		                "there is no header Authorization");
	else if (!token_good(request, writing->writer))
		ec_http_problem(request, EC_REASON_UNAUTHORIZED, 0,
		                "the header Authorization is not Bearer and this node's token");
	else if (request->has_again && !request->again_good)
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "the header Idempotency-Key is longer than 64 bytes");
	else if (!verbs[*verb].brings && (request->chunked || request->body_announced))
		ec_http_problem(request, EC_REASON_MALFORMED, 0, "this takes no body");
	else
		return true;
	return false;
}

bool ec_http_store_welcome(struct ec_http_request *request, const char *rest)
{
	enum http_verb verb;
	if (!allowed(request, rest, &verb))
		return false;
	return !verbs[verb].brings || ec_http_length_welcome(request);
}

/* ---- what became of it ---- */

/* A put or delete whose compare did not hold. */
static void compare_answer(struct ec_http_request *request, const struct ec_store_outcome *outcome)
{
	char text[128];
	bool demanded = request->given[EC_ARG_IF_MOD];
	if (outcome->mod)
		snprintf(text, sizeof text, "the key was changed last by revision %" PRIu64,
		         outcome->mod);
	else
		snprintf(text, sizeof text, "there is no such key at revision %" PRIu64,
		         outcome->revision);
	ec_http_problem(request, outcome->mod || demanded ? EC_REASON_COMPARE : EC_REASON_NOT_FOUND,
	                0, text);
}

/* The key that the path named. */
static void key_put(struct ec_http_request *request)
{
	uint8_t key[EC_STORE_KEY_MAX];
	size_t size = ec_http_name(request, request->path + sizeof "/v1/store/keys/" - 1,
	                           sizeof key, key);
	ec_json_put_bytes(&request->answer, "key", key, size);
}

static void done_answer(struct ec_http_request *request, const struct told *told)
{
	struct ec_json *json = &request->answer;
	const struct ec_store_outcome *outcome = &told->outcome;
	enum http_verb verb = verb_of(request, request->path + sizeof "/v1/store/" - 1);
	if (told->known && !outcome->succeeded && verb != HTTP_TXN) {
		compare_answer(request, outcome);
		return;
	}
	ec_json_open(json, '{');
	ec_json_put_hash(json, "id", &told->id);
	ec_json_put_uint(json, "seq", told->seq);
	if (told->known)
		ec_json_put_uint(json, "revision", outcome->revision);
	if (verb <= HTTP_DELETE)
		key_put(request);
	if (verb >= HTTP_GRANT)
		ec_json_put_uint(json, "lease", request->number);
	if (told->known && outcome->expires_ns)
		ec_json_put_uint(json, "expires_ns", outcome->expires_ns);
	if (told->known && verb == HTTP_TXN) {
		ec_json_put_bool(json, "succeeded", outcome->succeeded);
		if (!outcome->succeeded) {
			ec_json_put_uint(json, "failed", outcome->failed);
			ec_json_put_uint(json, "mod", outcome->mod);
		}
	}
	ec_json_close(json, '}');
	ec_http_answer(request, 200, "application/json");
}

static void told_answer(struct ec_http_request *request, const struct told *told)
{
	const char *why = *told->why ? told->why : ec_result_text(told->code);
	switch (told->code) {
	case EC_RESULT_DONE:
		done_answer(request, told);
		break;
	case EC_RESULT_STRANGER:
		ec_http_problem(request, EC_REASON_FORBIDDEN, 0,
		                "the key that this node signs with is not enrolled in this group");
		break;
	case EC_RESULT_FORBIDDEN:
		ec_http_problem(request, EC_REASON_FORBIDDEN, 0, why);
		break;
	case EC_RESULT_UNKNOWN:
		ec_http_problem(request, EC_REASON_NOT_FOUND, 0,
		                "the genesis of this group has no store");
		break;
	case EC_RESULT_TOO_MUCH:
		ec_http_problem(request, EC_REASON_TOO_LARGE, 0, why);
		break;
	case EC_RESULT_FULL:
		ec_http_problem(request, EC_REASON_FULL, 0, why);
		break;
	case EC_RESULT_USED: /* by another of this key: of ours the first is not told so */
	case EC_RESULT_OLD:
		ec_http_problem(request, EC_REASON_BUSY, RETRY_TAKEN_MS,
		                "the sequence under which it was signed is taken");
		break;
	default:
		ec_http_problem(request, EC_REASON_RULE, 0, why);
	}
}

static void told_take(struct told *told, const struct ec_outcome *outcome)
{
	*told = (struct told){.id = outcome->id, .code = outcome->code, .seq = outcome->seq};
	snprintf(told->why, sizeof told->why, "%s", outcome->why);
	told->known = ec_store_outcome_read(outcome->detail, &told->outcome);
}

static void write_done(void *self, const struct ec_outcome *outcome)
{
	struct ec_http_request *request = self;
	struct http_writing *writing = ec_http_writing(request->http);
	struct told told;
	request->submitted = false;
	ec_http_counters(request->http)->waiting--;
	told_take(&told, outcome);
	uint32_t retry_ms;
	enum ec_reason reason = ec_desk_refusal(outcome, &retry_ms);
	bool taken = told.code == EC_RESULT_USED || told.code == EC_RESULT_OLD;
	if (request->writing) {
		struct remembered *row = &writing->row[request->writing - 1];
		row->under_way--;
		if (reason == EC_REASON_NONE && taken && !row->done)
			row->sequence = 0; /* asked again, it gets another */
		else if (reason == EC_REASON_NONE && !row->done)
			row->told = told;
		row->done = row->done || (reason == EC_REASON_NONE && !taken);
		told = row->done ? row->told : told;
	}
	if (!request->connection)
		ec_http_drop(request);
	else if (!request->answered && reason != EC_REASON_NONE)
		ec_http_problem(request, reason, retry_ms, outcome->why);
	else if (!request->answered)
		told_answer(request, &told);
}

/* ---- its envelope ---- */

/* A sequence that this key used nowhere else, most likely: microseconds since 1970. */
static uint64_t sequence_next(struct http_writing *writing)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	writing->sequence = us > writing->sequence ? us : writing->sequence + 1;
	return writing->sequence;
}

/* What is remembered of a request under this name, or a row for it; NULL: all are under way. */
static struct remembered *row_find(struct http_writing *writing, const ec_hash *name)
{
	for (uint32_t i = 0; i < REMEMBERED; i++)
		if (writing->row[i].sequence && ec_hash_equal(&writing->row[i].name, name))
			return &writing->row[i];
	for (uint32_t i = 0; i < REMEMBERED; i++) {
		struct remembered *row = &writing->row[writing->next++ % REMEMBERED];
		if (row->under_way)
			continue;
		*row = (struct remembered){.name = *name};
		return row;
	}
	return NULL;
}

/* Returns: whether it is under way, or was answered by the daemon; else a problem was. */
static bool envelope_send(struct ec_http_request *request, const uint8_t *payload, size_t size,
                          uint64_t sequence)
{
	struct ec_daemon *daemon = ec_http_daemon(request->http);
	const struct ec_genesis *genesis = ec_daemon_genesis(daemon);
	bool is_signed = !(genesis->flags & EC_GENESIS_UNSIGNED);
	struct ec_envelope_plan plan = {.author = &ec_http_config(request->http)->writer->key,
	                                .crypto = is_signed ? &ec_crypto_ed25519 : NULL,
	                                .genesis = genesis->hash,
	                                .lane = sequence % LANES,
	                                .sequence = sequence,
	                                .payload = payload,
	                                .payload_size = size};
	uint8_t salt[EC_SALT_SIZE];
	struct ec_bytes room = ec_pool_take(ec_daemon_pool(daemon), size + ENVELOPE_OVERHEAD);
	size_t made = ec_envelope_make(&plan, ec_writable(room), room.size, NULL, salt);
	bool fits = made > 0 && made <= genesis->envelope_bytes_max;
	if (!fits) {
		ec_http_problem(request, EC_REASON_TOO_LARGE, 0,
		                "this makes an envelope that is larger than the genesis allows");
	} else {
		request->submitted = true;
		ec_http_counters(request->http)->waiting++;
		ec_daemon_submit(daemon, ec_slice(room, 0, made), salt, NULL, write_done, request);
	}
	ec_drop(room);
	return fits;
}

/* Finds out whether it was asked before.  Out: *row: what is remembered; NULL: nothing is to be.
 * Returns: false after a problem was answered. */
static bool row_take(struct ec_http_request *request, struct remembered **row, uint64_t *sequence)
{
	struct http_writing *writing = ec_http_writing(request->http);
	*row = request->has_again ? row_find(writing, &request->again) : NULL;
	if (ec_http_counters(request->http)->waiting >= WAITING_MAX ||
	    (request->has_again && !*row)) {
		ec_http_problem(request, EC_REASON_BUSY, EC_RETRY_BUSY_MS,
		                "too many submissions wait at this gateway");
		return false;
	}
	*sequence = *row && (*row)->sequence ? (*row)->sequence : sequence_next(writing);
	return true;
}

static void payload_send(struct ec_http_request *request, struct remembered *row,
                         const uint8_t *payload, size_t size, uint64_t sequence)
{
	ec_hash hash = ec_sha256(payload, size);
	if (row && row->sequence && !ec_hash_equal(&hash, &row->payload)) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "another request was sent with this Idempotency-Key");
		return;
	}
	if (row && row->done) {
		told_answer(request, &row->told);
		return;
	}
	if (row) {
		row->payload = hash;
		row->sequence = sequence;
		row->under_way++;
		request->writing = (uint32_t)(row - ec_http_writing(request->http)->row) + 1;
	}
	if (!envelope_send(request, payload, size, sequence) && row)
		row->under_way--;
}

void ec_http_store_write(struct ec_http_request *request, const char *rest)
{
	enum http_verb verb;
	struct remembered *row;
	uint64_t sequence;
	if (!allowed(request, rest, &verb) || !row_take(request, &row, &sequence))
		return;
	size_t size_max = ec_daemon_genesis(ec_http_daemon(request->http))->envelope_bytes_max;
	uint8_t *payload = malloc(size_max);
	if (!payload)
		abort();
	size_t size;
	if (verb == HTTP_TXN)
		size = http_txn_payload(request, payload, size_max);
	else if (verb >= HTTP_GRANT)
		size = http_lease_payload(request, rest + strlen(verbs[verb].path), verb, sequence,
		                          payload, size_max);
	else
		size = http_key_payload(request, rest + strlen(verbs[verb].path), verb, payload,
		                        size_max);
	ec_drop(request->body); /* what of it counts stands in the payload */
	request->body = EC_NO_BYTES;
	if (size)
		payload_send(request, row, payload, size, sequence);
	else if (!request->answered)
		ec_http_problem(request, EC_REASON_TOO_LARGE, 0,
		                "this is larger than an envelope of this group may be");
	free(payload);
}

static void lease_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_bytes name, value;
	struct ec_store_lease lease;
	if (!ec_door_item_next(&items, &name, &value) || !ec_store_lease_read(value, &lease)) {
		ec_http_problem(request, EC_REASON_NOT_FOUND, 0,
		                "there is no such lease: it ended, or never was");
		return;
	}
	ec_json_open(json, '{');
	ec_json_put_uint(json, "seq", reply->seq);
	ec_json_put_uint(json, "certified", reply->certified);
	ec_json_put_uint(json, "lease", request->number);
	ec_json_key(json, "author");
	ec_json_hex(json, lease.author, sizeof lease.author);
	ec_json_put_uint(json, "ttl_s", lease.ttl_s);
	ec_json_put_uint(json, "expires_ns", lease.expires_ns);
	ec_json_put_uint(json, "time_ns", reply->time_ns);
	ec_json_put_uint(json, "keys", lease.keys);
	ec_json_close(json, '}');
	ec_http_answer(request, 200, "application/json");
}

void ec_http_lease(struct ec_http_request *request, const char *text)
{
	struct ec_question question = {.what = EC_ASK_STATE, .at = EC_AT_LATEST};
	request->number = http_lease_id(request, text);
	if (request->number == 0)
		return;
	struct ec_name name = ec_store_name_lease(request->number);
	question.name_size = name.size;
	memcpy(question.name, name.at, name.size);
	ec_http_ask(request, &question, lease_answered);
}
