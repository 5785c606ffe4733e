/* energy.c - trades and bills as JSON. */
#include "doors/energy.h"

#include "services/names.h"
#include "services/read.h"

#include <stdlib.h>

enum { TRADE_PREFIX = 6, TRADE_NAME = TRADE_PREFIX + 16 };

static void put_int(struct ec_json *json, const char *key, int64_t value)
{
	ec_json_key(json, key);
	ec_json_int(json, value);
}

static void put_key(struct ec_json *json, const char *key, const uint8_t value[static 32])
{
	ec_json_key(json, key);
	ec_json_hex(json, value, 32);
}

/* The slot and index in the name of a trade; false when it is none. */
static bool trade_place(struct ec_bytes name, uint64_t *slot_s, uint64_t *index)
{
	if (name.size != TRADE_NAME || memcmp(name.data, "trade/", TRADE_PREFIX) != 0)
		return false;
	*slot_s = ec_name_u64_at(name.data, name.size, TRADE_PREFIX);
	*index = ec_name_u64_at(name.data, name.size, TRADE_PREFIX + 8);
	return true;
}

bool ec_energy_trade(struct ec_json *json, struct ec_bytes name, struct ec_bytes value)
{
	struct ec_trade trade;
	uint64_t slot_s, index;
	if (!trade_place(name, &slot_s, &index) || !ec_trade_read(value, &trade))
		return false;
	ec_json_open(json, '{');
	ec_json_put_uint(json, "slot_s", slot_s);
	ec_json_put_uint(json, "index", index);
	put_key(json, "buyer", trade.buyer);
	put_key(json, "seller", trade.seller);
	ec_json_put_uint(json, "energy_wh", trade.energy_wh);
	put_int(json, "price_ueur_kwh", trade.price_ueur_kwh);
	put_int(json, "amount_nano_eur", trade.amount_nano_eur);
	ec_json_put_hash(json, "bid", &trade.bid);
	ec_json_put_hash(json, "offer", &trade.offer);
	ec_json_close(json, '}');
	return true;
}

static const char *status_text(uint64_t status)
{
	switch (status) {
	case EC_LINE_METERED:
		return "metered";
	case EC_LINE_MISSING:
		return "missing";
	case EC_LINE_FINAL:
		return "final";
	default:
		return "?";
	}
}

static void add_line(struct ec_json *json, const struct ec_bill_line *line)
{
	ec_json_open(json, '{');
	ec_json_put_uint(json, "slot_s", line->slot_s);
	ec_json_put_text(json, "status", status_text(line->status));
	ec_json_put_uint(json, "import_register_wh", line->import_register_wh);
	ec_json_put_uint(json, "export_register_wh", line->export_register_wh);
	ec_json_put_uint(json, "import_wh", line->import_wh);
	ec_json_put_uint(json, "export_wh", line->export_wh);
	ec_json_put_uint(json, "span", line->span);
	ec_json_put_uint(json, "bought_wh", line->bought_wh);
	ec_json_put_uint(json, "sold_wh", line->sold_wh);
	put_int(json, "price_ueur_kwh", line->price_ueur_kwh);
	put_int(json, "trade_nano_eur", line->trade_nano_eur);
	put_int(json, "traded_wh", line->traded_wh);
	put_int(json, "net_wh", line->net_wh);
	put_int(json, "net_nano_eur", line->net_nano_eur);
	ec_json_put_hash(json, "reading", &line->reading);
	ec_json_close(json, '}');
}

static void put_head(struct ec_json *json, const struct ec_bill *bill)
{
	uint32_t wrong = 0;
	bool checks = ec_bill_check(bill, &wrong);
	put_key(json, "key", bill->key);
	ec_json_put_uint(json, "day", bill->day);
	ec_json_put_uint(json, "version", bill->version);
	put_int(json, "retail_ueur_kwh", bill->retail_ueur_kwh);
	put_int(json, "feed_in_ueur_kwh", bill->feed_in_ueur_kwh);
	ec_json_put_bool(json, "figures_follow", checks);
	if (!checks)
		ec_json_put_uint(json, "wrong_line", wrong);
}

static void put_total(struct ec_json *json, const struct ec_bill *bill)
{
	struct ec_bill_total total = ec_bill_total(bill);
	ec_json_key(json, "total");
	ec_json_open(json, '{');
	ec_json_put_uint(json, "lines", bill->lines);
	ec_json_put_uint(json, "missing", total.missing);
	ec_json_put_uint(json, "import_wh", total.import_wh);
	ec_json_put_uint(json, "export_wh", total.export_wh);
	ec_json_put_uint(json, "bought_wh", total.bought_wh);
	ec_json_put_uint(json, "sold_wh", total.sold_wh);
	ec_json_put_uint(json, "retail_wh", total.retail_wh);
	ec_json_put_uint(json, "feed_in_wh", total.feed_in_wh);
	put_int(json, "trade_nano_eur", total.trade_nano_eur);
	put_int(json, "net_nano_eur", total.net_nano_eur);
	put_int(json, "total_nano_eur", total.total_nano_eur);
	ec_json_close(json, '}');
}

static bool add_bill(struct ec_json *json, struct ec_bytes value, bool with_lines)
{
	struct ec_bill *bill = malloc(sizeof *bill); /* large for a stack */
	if (!bill)
		abort();
	bool good = ec_bill_read(value, bill);
	if (good) {
		ec_json_open(json, '{');
		put_head(json, bill);
		put_total(json, bill);
		if (with_lines) {
			ec_json_key(json, "lines");
			ec_json_open(json, '[');
			for (uint32_t i = 0; i < bill->lines; i++)
				add_line(json, &bill->line[i]);
			ec_json_close(json, ']');
		}
		ec_json_close(json, '}');
	}
	free(bill);
	return good;
}

bool ec_energy_bill(struct ec_json *json, struct ec_bytes value)
{
	return add_bill(json, value, true);
}

bool ec_energy_bill_total(struct ec_json *json, struct ec_bytes value)
{
	return add_bill(json, value, false);
}
