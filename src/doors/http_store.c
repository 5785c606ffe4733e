/* http_store.c - the store's resources: keys, ranges, and changes as they come. */
#include "doors/changes.h"
#include "doors/http_request.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_AT = sizeof "key/" - 1, REVISION_AT = sizeof "change/" - 1, INDEX_AT = REVISION_AT + 8 };

static const char json_media[] = "application/json";

static void put_place(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	ec_json_put_uint(json, "seq", reply->seq);
	ec_json_put_uint(json, "certified", reply->certified);
}

static void put_key(struct ec_json *json, struct ec_bytes name, const struct ec_store_key *key)
{
	ec_json_put_bytes(json, "key", name.data + KEY_AT, name.size - KEY_AT);
	ec_json_put_bytes(json, "value", key->value.data, key->value.size);
	ec_json_put_uint(json, "create", key->create);
	ec_json_put_uint(json, "mod", key->mod);
	ec_json_put_uint(json, "version", key->version);
	ec_json_put_uint(json, "lease", key->lease);
}

/* Takes the head off, which comes first when the store has one. */
static struct ec_store_head head_take(struct ec_door_answer *items)
{
	struct ec_door_answer rest = *items;
	struct ec_store_head head = {0};
	struct ec_bytes name, value;
	if (ec_door_item_next(&rest, &name, &value) && ec_store_head_read(value, &head))
		*items = rest;
	return head;
}

static void key_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_store_head head = head_take(&items);
	struct ec_store_key key;
	struct ec_bytes name, value;
	char why[80];
	if (!ec_door_item_next(&items, &name, &value) || !ec_store_key_read(value, &key)) {
		snprintf(why, sizeof why, "there is no such key at revision %" PRIu64,
		         head.revision);
		ec_http_problem(request, EC_REASON_NOT_FOUND, 0, why);
		return;
	}
	ec_json_open(json, '{');
	ec_json_put_uint(json, "revision", head.revision);
	put_place(request, reply);
	put_key(json, name, &key);
	ec_json_close(json, '}');
	ec_http_answer(request, 200, json_media);
}

static void range_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_store_head head = head_take(&items);
	struct ec_bytes name, value, last = EC_NO_BYTES;
	struct ec_store_key key;
	ec_json_open(json, '{');
	ec_json_put_uint(json, "revision", head.revision);
	put_place(request, reply);
	ec_json_key(json, "items");
	ec_json_open(json, '[');
	while (ec_door_item_next(&items, &name, &value)) {
		if (!ec_store_key_read(value, &key))
			continue;
		ec_json_open(json, '{');
		put_key(json, name, &key);
		ec_json_close(json, '}');
		last = name;
	}
	ec_json_close(json, ']');
	ec_json_put_bool(json, "more", reply->more);
	if (reply->more && last.size)
		ec_json_put_bytes(json, "next", last.data + KEY_AT, last.size - KEY_AT);
	ec_json_close(json, '}');
	ec_http_answer(request, 200, json_media);
}

static void keys_show(struct ec_http_request *request, const char *rest)
{
	struct ec_question question = {
		.what = EC_ASK_STORE, .at = EC_AT_LATEST, .prefix = request->given[EC_ARG_PREFIX]};
	if (!(question.prefix && *rest == 0)) {
		question.name_size = ec_http_name(request, rest, EC_STORE_KEY_MAX, question.name);
		if (question.name_size == 0)
			return;
	}
	if (request->given[EC_ARG_AFTER]) {
		question.after_size = ec_http_name(request, request->argument[EC_ARG_AFTER],
		                                   EC_STORE_KEY_MAX, question.after);
		if (question.after_size == 0)
			return;
	}
	if (!question.prefix && (request->given[EC_ARG_AFTER] || request->given[EC_ARG_LIMIT]))
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "`after` and `limit` go with prefix=1 only");
	else
		ec_http_ask(request, &question, question.prefix ? range_answered : key_answered);
}

static void put_change(struct ec_json *json, struct ec_bytes name,
                       const struct ec_store_change *change)
{
	static const char *const kinds[EC_STORE_CHANGE_KINDS] = {"put", "delete", "lapse"};
	ec_json_open(json, '{');
	ec_json_put_uint(json, "revision", ec_name_u64_at(name.data, name.size, REVISION_AT));
	ec_json_put_uint(json, "index", ec_name_u64_at(name.data, name.size, INDEX_AT));
	ec_json_put_text(json, "change", kinds[change->kind]);
	ec_json_put_bytes(json, "key", change->key.data, change->key.size);
	if (change->kind == EC_STORE_PUT)
		ec_json_put_bytes(json, "value", change->value.data, change->value.size);
	ec_json_put_uint(json, "create", change->create);
	ec_json_put_uint(json, "version", change->version);
	ec_json_put_uint(json, "lease", change->lease);
	ec_json_close(json, '}');
}

static void watch_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_store_change change;
	struct ec_bytes name, value;
	ec_json_open(json, '{');
	ec_json_put_uint(json, "revision", reply->revision);
	put_place(request, reply);
	ec_json_put_uint(json, "next_revision", reply->next_revision);
	ec_json_put_uint(json, "next_index", reply->next_index);
	ec_json_put_bool(json, "more", reply->more);
	ec_json_key(json, "changes");
	ec_json_open(json, '[');
	while (ec_door_item_next(&items, &name, &value))
		if (ec_store_change_read(value, &change))
			put_change(json, name, &change);
	ec_json_close(json, ']');
	ec_json_close(json, '}');
	ec_http_answer(request, 200, json_media);
}

static void watch_show(struct ec_http_request *request, const char *rest)
{
	struct ec_question question = {.what = EC_ASK_WATCH};
	bool good = true;
	question.revision = ec_http_number(request, EC_ARG_REVISION, 0, INT64_MAX, &good);
	question.index = ec_http_number(request, EC_ARG_INDEX, 0, INT64_MAX, &good);
	if (*rest) {
		question.name_size = ec_http_name(request, rest, EC_STORE_KEY_MAX, question.name);
		if (question.name_size == 0)
			return;
	}
	if (!good || (question.revision == 0 && question.index > 0))
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "revision and index are `next_revision` and `next_index` of the "
		                "answer before, or revision=1 for all that are kept");
	else
		ec_http_ask(request, &question, watch_answered);
}

void ec_http_store(struct ec_http_request *request, const char *rest)
{
	static const char keys[] = "keys/", watch[] = "watch/", leases[] = "leases/";
	if (strncmp(rest, keys, sizeof keys - 1) == 0)
		keys_show(request, rest + sizeof keys - 1);
	else if (strncmp(rest, watch, sizeof watch - 1) == 0)
		watch_show(request, rest + sizeof watch - 1);
	else if (strncmp(rest, leases, sizeof leases - 1) == 0)
		ec_http_lease(request, rest + sizeof leases - 1);
	else if (strcmp(rest, "leases") == 0 || strcmp(rest, "txn") == 0)
		ec_http_store_write(request, rest);
	else
		ec_http_problem(
			request, EC_REASON_NOT_FOUND, 0,
			"the store has /v1/store/keys/KEY, watch/PREFIX, leases/ID and txn");
}
