/* bill.c - bills: their bytes, their sums, and whether their figures follow from one another. */
#include "services/read.h"

#include <assert.h>

enum { LINE_FIELDS = 15, HEAD_FIELDS = 7 };
_Static_assert(EC_DAY_SLOTS *(2 + 11 * 9 + 3 * 9 + 34) + 128 <= EC_BILL_SIZE_MAX, "a bill fits");

static void line_read(struct ec_cbor *cbor, struct ec_bill_line *line)
{
	ec_cbor_array_exact(cbor, LINE_FIELDS);
	line->slot_s = ec_cbor_uint(cbor, INT64_MAX);
	line->status = ec_cbor_uint(cbor, EC_LINE_FINAL);
	line->import_register_wh = ec_cbor_uint(cbor, INT64_MAX);
	line->export_register_wh = ec_cbor_uint(cbor, INT64_MAX);
	line->import_wh = ec_cbor_uint(cbor, INT64_MAX);
	line->export_wh = ec_cbor_uint(cbor, INT64_MAX);
	line->span = ec_cbor_uint(cbor, INT64_MAX);
	line->bought_wh = ec_cbor_uint(cbor, INT64_MAX);
	line->sold_wh = ec_cbor_uint(cbor, INT64_MAX);
	line->price_ueur_kwh = ec_cbor_int(cbor);
	line->trade_nano_eur = ec_cbor_int(cbor);
	line->traded_wh = ec_cbor_int(cbor);
	line->net_wh = ec_cbor_int(cbor);
	line->net_nano_eur = ec_cbor_int(cbor);
	line->reading = (ec_hash){0};
	if (line->status == EC_LINE_METERED)
		line->reading = ec_cbor_hash(cbor);
	else
		ec_cbor_null(cbor);
}

static void line_write(struct ec_cbor_writer *writer, const struct ec_bill_line *line)
{
	ec_cbor_write_array(writer, LINE_FIELDS);
	ec_cbor_write_uint(writer, line->slot_s);
	ec_cbor_write_uint(writer, line->status);
	ec_cbor_write_uint(writer, line->import_register_wh);
	ec_cbor_write_uint(writer, line->export_register_wh);
	ec_cbor_write_uint(writer, line->import_wh);
	ec_cbor_write_uint(writer, line->export_wh);
	ec_cbor_write_uint(writer, line->span);
	ec_cbor_write_uint(writer, line->bought_wh);
	ec_cbor_write_uint(writer, line->sold_wh);
	ec_cbor_write_int(writer, line->price_ueur_kwh);
	ec_cbor_write_int(writer, line->trade_nano_eur);
	ec_cbor_write_int(writer, line->traded_wh);
	ec_cbor_write_int(writer, line->net_wh);
	ec_cbor_write_int(writer, line->net_nano_eur);
	if (line->status == EC_LINE_METERED)
		ec_cbor_write_hash(writer, &line->reading);
	else
		ec_cbor_write_null(writer);
}

bool ec_bill_read(struct ec_bytes value, struct ec_bill *out)
{
	static const char version[] = "edgecord/bill/1";
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	ec_cbor_array_exact(&cbor, HEAD_FIELDS);
	struct ec_view text = ec_cbor_text(&cbor, sizeof version - 1);
	if (text.size != sizeof version - 1 || memcmp(text.data, version, text.size) != 0)
		ec_cbor_refuse(&cbor);
	ec_cbor_bytes_exact(&cbor, out->key, 32);
	out->day = ec_cbor_uint(&cbor, INT64_MAX);
	out->version = ec_cbor_uint(&cbor, INT64_MAX);
	out->retail_ueur_kwh = ec_cbor_int(&cbor);
	out->feed_in_ueur_kwh = ec_cbor_int(&cbor);
	out->lines = ec_cbor_array(&cbor, EC_DAY_SLOTS);
	for (uint32_t i = 0; i < out->lines; i++)
		line_read(&cbor, &out->line[i]);
	return ec_cbor_done(&cbor);
}

size_t ec_bill_write(const struct ec_bill *in, uint8_t out[static EC_BILL_SIZE_MAX])
{
	assert(in->lines <= EC_DAY_SLOTS);
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_BILL_SIZE_MAX);
	ec_cbor_write_array(&writer, HEAD_FIELDS);
	ec_cbor_write_string(&writer, "edgecord/bill/1");
	ec_cbor_write_bytes(&writer, in->key, 32);
	ec_cbor_write_uint(&writer, in->day);
	ec_cbor_write_uint(&writer, in->version);
	ec_cbor_write_int(&writer, in->retail_ueur_kwh);
	ec_cbor_write_int(&writer, in->feed_in_ueur_kwh);
	ec_cbor_write_array(&writer, in->lines);
	for (uint32_t i = 0; i < in->lines; i++)
		line_write(&writer, &in->line[i]);
	bool fitted = ec_cbor_writer_ok(&writer);
	assert(fitted);
	return writer.out.size;
}

int64_t ec_net_amount(int64_t net_wh, int64_t retail_ueur_kwh, int64_t feed_in_ueur_kwh)
{
	return -net_wh * (net_wh > 0 ? retail_ueur_kwh : feed_in_ueur_kwh);
}

struct ec_bill_total ec_bill_total(const struct ec_bill *bill)
{
	struct ec_bill_total total = {0};
	uint64_t trade = 0, net = 0; /* modulo 2^64: a bill that was not checked may say anything */
	for (uint32_t i = 0; i < bill->lines; i++) {
		const struct ec_bill_line *line = &bill->line[i];
		total.import_wh += line->import_wh;
		total.export_wh += line->export_wh;
		total.bought_wh += line->bought_wh;
		total.sold_wh += line->sold_wh;
		total.retail_wh += line->net_wh > 0 ? (uint64_t)line->net_wh : 0;
		total.feed_in_wh += line->net_wh < 0 ? 0 - (uint64_t)line->net_wh : 0;
		total.missing += line->status != EC_LINE_METERED;
		trade += (uint64_t)line->trade_nano_eur;
		net += (uint64_t)line->net_nano_eur;
	}
	total.trade_nano_eur = (int64_t)trade;
	total.net_nano_eur = (int64_t)net;
	total.total_nano_eur = (int64_t)(trade + net);
	return total;
}

/* What a line must be by itself.  Bounds first: a bill may come from anywhere. */
static bool line_adds_up(const struct ec_bill *bill, const struct ec_bill_line *line)
{
	const int64_t energy_max = INT64_C(1) << 36, price_max = 10000000;
	if (line->bought_wh > (uint64_t)energy_max || line->sold_wh > (uint64_t)energy_max ||
	    line->import_wh > (uint64_t)energy_max || line->export_wh > (uint64_t)energy_max ||
	    line->traded_wh > energy_max || line->traded_wh < -energy_max)
		return false;
	if (line->price_ueur_kwh > price_max || line->price_ueur_kwh < -price_max)
		return false;
	int64_t traded = (int64_t)line->bought_wh - (int64_t)line->sold_wh;
	int64_t metered = (int64_t)line->import_wh - (int64_t)line->export_wh;
	int64_t net = line->status == EC_LINE_MISSING ? 0 : metered - line->traded_wh;
	int64_t amount = ec_net_amount(net, bill->retail_ueur_kwh, bill->feed_in_ueur_kwh);
	bool settled = line->status != EC_LINE_MISSING;
	return line->trade_nano_eur == -traded * line->price_ueur_kwh && line->net_wh == net &&
	       line->net_nano_eur == amount && (line->bought_wh == 0 || line->sold_wh == 0) &&
	       (line->status == EC_LINE_METERED || metered == 0) &&
	       (!settled || line->span > 1 || line->traded_wh == traded);
}

/* Whether a line follows on the lines before it.  They ascend by slot. */
static bool line_follows(const struct ec_bill *bill, uint32_t index)
{
	const struct ec_bill_line *line = &bill->line[index];
	if (index > 0 && line->slot_s <= bill->line[index - 1].slot_s)
		return false;
	for (uint32_t i = index; i-- > 0 && line->status == EC_LINE_METERED && line->span > 0;) {
		const struct ec_bill_line *before = &bill->line[i];
		if (before->slot_s + line->span * 900 != line->slot_s ||
		    before->status != EC_LINE_METERED)
			continue;
		return line->import_register_wh - before->import_register_wh == line->import_wh &&
		       line->export_register_wh - before->export_register_wh == line->export_wh;
	}
	return true;
}

bool ec_bill_check(const struct ec_bill *bill, uint32_t *wrong)
{
	const int64_t tariff_max = 10000000;
	if (bill->retail_ueur_kwh > tariff_max || bill->retail_ueur_kwh < -tariff_max ||
	    bill->feed_in_ueur_kwh > tariff_max || bill->feed_in_ueur_kwh < -tariff_max)
		return false;
	for (uint32_t i = 0; i < bill->lines; i++) {
		const struct ec_bill_line *line = &bill->line[i];
		bool status = line->status >= EC_LINE_METERED && line->status <= EC_LINE_FINAL;
		if (!status || !line_adds_up(bill, line) || !line_follows(bill, i)) {
			if (wrong)
				*wrong = i;
			return false;
		}
	}
	return true;
}

void ec_recount_add(struct ec_recount *recount, const struct ec_bill *bill)
{
	struct ec_bill_total total = ec_bill_total(bill);
	recount->bills++;
	recount->lines += bill->lines;
	recount->trade_nano_eur += total.trade_nano_eur;
	recount->net_nano_eur += total.net_nano_eur;
}

bool ec_recount_conserved(const struct ec_recount *recount, const struct ec_settlement_total *total)
{
	return recount->trade_nano_eur == 0 &&
	       recount->net_nano_eur == total->feed_in_nano_eur - total->retail_nano_eur;
}
