/* services_fuzz.c - any bytes as a payload, as parameters, and as a value that others read.
 *
 * The first byte says what the rest is.  What is accepted must come back the same when it is
 * written again, and no figure may trap. */
#include "base/senml.h"
#include "services/parameters.h"
#include "services/read.h"
#include "services/services.h"

#include <stdlib.h>

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool same(const uint8_t *data, size_t size, const uint8_t *again, size_t again_size)
{
	return size == again_size && memcmp(data, again, size) == 0;
}

static void payload(const uint8_t *data, size_t size)
{
	struct ec_cbor cbor = ec_cbor_over(data, size), body;
	uint32_t items = ec_cbor_array(&cbor, 16);
	uint64_t kind = ec_cbor_uint(&cbor, 99);
	if (cbor.error || items == 0)
		return;
	for (const struct ec_service *const *at = ec_services; *at; at++)
		if (kind >= (*at)->kind_first && kind <= (*at)->kind_last)
			(*at)->check(kind, cbor, items - 1);
	body = cbor;
	struct ec_reading reading;
	if (kind != 1 || !ec_metering.check(1, cbor, items - 1) || !ec_senml_read(&body, &reading))
		return;
	uint8_t again[EC_SENML_SIZE_MAX + 8];
	struct ec_cbor_writer writer = ec_cbor_writer_over(again, sizeof again);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 1);
	ec_senml_write(&writer, &reading);
	must(ec_cbor_writer_ok(&writer) && same(data, size, again, writer.out.size));
}

static void parameters(struct ec_bytes bytes)
{
	uint8_t again[EC_PARAMETERS_SIZE_MAX];
	struct ec_metering_parameters metering;
	struct ec_market_parameters market;
	struct ec_settlement_parameters settlement;
	if (ec_metering_parameters_read(bytes, &metering))
		must(same(bytes.data, bytes.size, again,
		          ec_metering_parameters_write(&metering, again)));
	if (ec_market_parameters_read(bytes, &market))
		must(same(bytes.data, bytes.size, again,
		          ec_market_parameters_write(&market, again)));
	if (ec_settlement_parameters_read(bytes, &settlement))
		must(same(bytes.data, bytes.size, again,
		          ec_settlement_parameters_write(&settlement, again)));
}

static void bill(struct ec_bytes bytes)
{
	static uint8_t again[EC_BILL_SIZE_MAX];
	static struct ec_bill it;
	uint32_t wrong;
	if (!ec_bill_read(bytes, &it))
		return;
	must(same(bytes.data, bytes.size, again, ec_bill_write(&it, again)));
	struct ec_recount recount = {0};
	ec_bill_total(&it);
	if (ec_bill_check(&it, &wrong))
		ec_recount_add(&recount, &it);
}

static void records(struct ec_bytes bytes)
{
	struct ec_trade trade;
	struct ec_slot_summary summary;
	struct ec_meter_reading reading;
	struct ec_slot_books books;
	struct ec_net net;
	uint8_t again[EC_RECORD_SIZE_MAX];
	if (ec_trade_read(bytes, &trade))
		must(same(bytes.data, bytes.size, again, ec_trade_write(&trade, again)));
	if (ec_slot_summary_read(bytes, &summary))
		must(same(bytes.data, bytes.size, again, ec_slot_summary_write(&summary, again)));
	if (ec_meter_reading_read(bytes, &reading))
		must(same(bytes.data, bytes.size, again, ec_meter_reading_write(&reading, again)));
	if (ec_slot_books_read(bytes, &books))
		must(same(bytes.data, bytes.size, again, ec_slot_books_write(&books, again)));
	if (ec_net_read(bytes, &net))
		must(same(bytes.data, bytes.size, again, ec_net_write(&net, again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct ec_bytes bytes = {.data = data + 1, .size = size - 1};
	switch (data[0] % 4) {
	case 0:
		payload(bytes.data, bytes.size);
		break;
	case 1:
		parameters(bytes);
		break;
	case 2:
		bill(bytes);
		break;
	default:
		records(bytes);
	}
	return 0;
}
