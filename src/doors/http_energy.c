/* http_energy.c - the community's resources: trades and bills. */
#include "doors/energy.h"
#include "doors/http_request.h"
#include "doors/wire.h"
#include "services/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void trades_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_bytes name, value, last = EC_NO_BYTES;
	char next[3 + 2 * EC_NAME_MAX] = "0x";
	ec_json_open(json, '{');
	ec_http_put_reply(request, reply);
	ec_json_key(json, "trades");
	ec_json_open(json, '[');
	while (ec_door_item_next(&items, &name, &value))
		if (ec_energy_trade(json, name, value))
			last = name;
	ec_json_close(json, ']');
	if (reply->more && last.size) {
		struct ec_text text = ec_text_over(next + 2, sizeof next - 2);
		ec_text_add_hex(&text, last.data, last.size);
		ec_json_put_text(json, "next", next);
	}
	ec_json_close(json, '}');
	ec_http_answer(request, 200, "application/json");
}

void ec_http_trades(struct ec_http_request *request)
{
	struct ec_question question = {.prefix = true};
	struct ec_name prefix = ec_name_of("trade/");
	bool good = true;
	uint64_t slot_s = ec_http_number(request, EC_ARG_SLOT, 0, INT64_MAX, &good);
	const char *after = request->argument[EC_ARG_AFTER];
	if (request->given[EC_ARG_SLOT])
		ec_name_add_u64(&prefix, slot_s);
	memcpy(question.name, prefix.at, prefix.size);
	question.name_size = prefix.size;
	if (request->given[EC_ARG_AFTER]) {
		question.after_size = ec_name_trade(0, 0).size;
		good = good && strncmp(after, "0x", 2) == 0 &&
		       ec_hex_read(after + 2, question.after, question.after_size);
	}
	if (!good)
		ec_http_problem(
			request, EC_REASON_MALFORMED, 0,
			"slot is a number of seconds; after is `next` of the answer before");
	else
		ec_http_ask(request, &question, trades_answered);
}

static void bill_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_bytes name, value;
	ec_json_open(json, '{');
	ec_http_put_reply(request, reply);
	ec_json_key(json, "bill");
	if (!ec_door_item_next(&items, &name, &value) || !ec_energy_bill(json, value)) {
		ec_http_problem(request, EC_REASON_NOT_FOUND, 0,
		                "this home has no bill for this day (yet)");
		return;
	}
	ec_json_close(json, '}');
	ec_http_answer(request, 200, "application/json");
}

static void bills_answered(struct ec_http_request *request, const struct ec_reply *reply)
{
	struct ec_json *json = &request->answer;
	struct ec_door_answer items = {.items = reply->items};
	struct ec_bytes name, value;
	ec_json_open(json, '{');
	ec_http_put_reply(request, reply);
	ec_json_key(json, "bills");
	ec_json_open(json, '[');
	while (ec_door_item_next(&items, &name, &value))
		ec_energy_bill_total(json, value);
	ec_json_close(json, ']');
	ec_json_close(json, '}');
	ec_http_answer(request, 200, "application/json");
}

/* Takes "KEY" or "KEY/DAY" apart.  Returns: false when it is neither. */
static bool bill_path(const char *rest, uint8_t key[static 32], bool *has_day, uint64_t *day)
{
	char text[65];
	char *end;
	size_t size = strcspn(rest, "/");
	if (size != 64)
		return false;
	memcpy(text, rest, 64);
	text[64] = 0;
	*has_day = rest[64] == '/';
	if (!ec_hex_read(text, key, 32))
		return false;
	if (!*has_day)
		return rest[64] == 0;
	*day = strtoull(rest + 65, &end, 10);
	return isdigit((unsigned char)rest[65]) && *end == 0 && strlen(rest + 65) < 19;
}

void ec_http_bills(struct ec_http_request *request, const char *rest)
{
	uint8_t key[32];
	bool has_day;
	uint64_t day = 0;
	if (!bill_path(rest, key, &has_day, &day)) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "write /v1/bills/KEY or /v1/bills/KEY/DAY: 64 hexadecimal digits, "
		                "and a number");
		return;
	}
	struct ec_question question = {.prefix = !has_day};
	struct ec_name name = ec_name_bill(key, day);
	question.name_size = has_day ? name.size : name.size - 8;
	memcpy(question.name, name.at, question.name_size);
	ec_http_ask(request, &question, has_day ? bill_answered : bills_answered);
}
