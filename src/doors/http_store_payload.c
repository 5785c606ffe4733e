/* http_store_payload.c - what a write under /v1/store asks for, as the payload of an envelope. */
#include "doors/http_writing.h"
#include "doors/store_words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static bool within_prefix(struct ec_http_request *request, struct ec_view key)
{
	const struct ec_http_writer *writer = ec_http_config(request->http)->writer;
	char text[160];
	if (key.size >= writer->prefix_size &&
	    (!writer->prefix_size || memcmp(key.data, writer->prefix, writer->prefix_size) == 0))
		return true;
	struct ec_text why = ec_text_over(text, sizeof text);
	ec_text_add(&why, "this node signs only for keys that begin with %.*s",
	            (int)writer->prefix_size, (const char *)writer->prefix);
	ec_http_problem(request, EC_REASON_FORBIDDEN, 0, text);
	return false;
}

size_t http_key_payload(struct ec_http_request *request, const char *name, enum http_verb verb,
                        uint8_t *out, size_t size_max)
{
	uint8_t key[EC_STORE_KEY_MAX];
	struct ec_store_txn txn = {.ops = {1}};
	struct ec_store_op *op = &txn.op[0][0];
	bool good = true;
	op->key = (struct ec_view){key, ec_http_name(request, name, sizeof key, key)};
	if (op->key.size == 0 || !within_prefix(request, op->key))
		return 0;
	op->is_delete = verb == HTTP_DELETE;
	op->value =
		(struct ec_view){request->body.size ? request->body.data : key, request->body.size};
	op->lease = ec_http_number(request, EC_ARG_LEASE, 0, INT64_MAX, &good);
	txn.compares = verb == HTTP_DELETE || request->given[EC_ARG_IF_MOD];
	txn.compare[0] = (struct ec_store_compare){
		.key = op->key,
		.target = EC_STORE_MOD,
		.relation = request->given[EC_ARG_IF_MOD] ? EC_STORE_EQUAL : EC_STORE_GREATER,
		.number = ec_http_number(request, EC_ARG_IF_MOD, 0, INT64_MAX, &good)};
	if (!good || (verb == HTTP_DELETE && request->given[EC_ARG_LEASE])) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "if_mod is a revision, 0 that there is no such key; lease, of a "
		                "PUT, is the id of one");
		return 0;
	}
	return ec_store_txn_write(&txn, out, size_max);
}

/* Takes the lines of a body.  Returns: false with a sentence in `why`. */
static bool lines_take(struct ec_store_words *words, struct ec_bytes body, char *why,
                       size_t why_size)
{
	char *line = malloc(body.size + 1);
	bool good = true;
	if (!line)
		abort();
	for (size_t at = 0; good && at < body.size;) {
		const uint8_t *end = memchr(body.data + at, '\n', body.size - at);
		size_t size = end ? (size_t)(end - body.data) - at : body.size - at;
		memcpy(line, body.data + at, size);
		at += size + 1;
		size -= size && line[size - 1] == '\r';
		line[size] = 0;
		good = strlen(line) == size;
		if (!good)
			snprintf(why, why_size, "a line holds a zero byte: write it as 0x00");
		good = good && ec_store_words_line(words, line, why, why_size);
	}
	free(line);
	return good;
}

size_t http_txn_payload(struct ec_http_request *request, uint8_t *out, size_t size_max)
{
	struct ec_store_words *words = calloc(1, sizeof *words);
	char why[160] = "";
	if (!words)
		abort();
	const struct ec_store_txn *txn = &words->txn;
	bool good = lines_take(words, request->body, why, sizeof why);
	if (!good)
		ec_http_problem(request, EC_REASON_MALFORMED, 0, why);
	else if (!(good = txn->compares + txn->ops[0] + txn->ops[1] > 0))
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "a transaction is lines that begin with if, then or else");
	for (int branch = 0; branch < 2; branch++)
		for (uint32_t i = 0; good && i < txn->ops[branch]; i++)
			good = within_prefix(request, txn->op[branch][i].key);
	size_t size = good ? ec_store_txn_write(txn, out, size_max) : 0;
	free(words);
	return size;
}

uint64_t http_lease_id(struct ec_http_request *request, const char *text)
{
	char *end;
	uint64_t id =
		isdigit((unsigned char)*text) && strlen(text) <= 19 ? strtoull(text, &end, 10) : 0;
	if (id > 0 && id <= INT64_MAX && *end == 0)
		return id;
	ec_http_problem(request, EC_REASON_MALFORMED, 0,
	                "a lease's id is a number from 1 to 2^63 - 1");
	return 0;
}

size_t http_lease_payload(struct ec_http_request *request, const char *text, enum http_verb verb,
                          uint64_t sequence, uint8_t *out, size_t size_max)
{
	struct ec_store_lease_say say = {.act = verb == HTTP_GRANT    ? EC_STORE_GRANT
	                                        : verb == HTTP_REVOKE ? EC_STORE_REVOKE
	                                                              : EC_STORE_KEEP_ALIVE};
	bool good = true;
	if (verb == HTTP_GRANT) {
		say.ttl_s = ec_http_number(request, EC_ARG_TTL_S, 0, UINT32_MAX, &good);
		say.id = ec_http_number(request, EC_ARG_ID, sequence, INT64_MAX, &good);
	} else if ((say.id = http_lease_id(request, text)) == 0) {
		return 0;
	}
	if (!good || say.id == 0 || (verb == HTTP_GRANT && say.ttl_s == 0)) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "a lease is granted with ttl_s, seconds from 1 on, and perhaps "
		                "id, a number from 1 to 2^63 - 1");
		return 0;
	}
	request->number = say.id;
	return ec_store_lease_say_write(&say, out, size_max);
}
