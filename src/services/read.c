/* read.c - the values that the services keep, read and written.
 *
 * Each format is said once, as a row of fields; the same row reads and writes. */
#include "services/read.h"

#include <assert.h>

/* Either side of one value: exactly one of the two is set. */
struct record {
	struct ec_cbor *in;
	struct ec_cbor_writer *out;
};

static void fields(struct record *record, uint32_t count)
{
	assert(!record->in != !record->out);
	if (record->out)
		ec_cbor_write_array(record->out, count);
	else
		ec_cbor_array_exact(record->in, count);
}

static void count(struct record *record, uint64_t *value)
{
	if (record->out)
		ec_cbor_write_uint(record->out, *value);
	else
		*value = ec_cbor_uint(record->in, INT64_MAX);
}

static void signed_count(struct record *record, int64_t *value)
{
	if (record->out)
		ec_cbor_write_int(record->out, *value);
	else
		*value = ec_cbor_int(record->in);
}

static void hash(struct record *record, ec_hash *value)
{
	if (record->out)
		ec_cbor_write_hash(record->out, value);
	else
		*value = ec_cbor_hash(record->in);
}

static void key(struct record *record, uint8_t value[static 32])
{
	if (record->out)
		ec_cbor_write_bytes(record->out, value, 32);
	else
		ec_cbor_bytes_exact(record->in, value, 32);
}

static size_t size_of(const struct ec_cbor_writer *writer)
{
	bool fitted = ec_cbor_writer_ok(writer);
	assert(fitted);
	return writer->out.size;
}

static void meter_head(struct record *record, struct ec_meter_head *it)
{
	fields(record, 4);
	count(record, &it->first_s);
	count(record, &it->last_s);
	count(record, &it->oldest_s);
	count(record, &it->gaps);
}

bool ec_meter_head_read(struct ec_bytes value, struct ec_meter_head *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	meter_head(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_meter_head_write(const struct ec_meter_head *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_meter_head copy = *in;
	meter_head(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void meter_reading(struct record *record, struct ec_meter_reading *it)
{
	fields(record, 8);
	count(record, &it->import_wh);
	count(record, &it->export_wh);
	count(record, &it->interval_import_wh);
	count(record, &it->interval_export_wh);
	count(record, &it->span);
	count(record, &it->flags);
	hash(record, &it->id);
	hash(record, &it->previous);
}

bool ec_meter_reading_read(struct ec_bytes value, struct ec_meter_reading *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	meter_reading(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_meter_reading_write(const struct ec_meter_reading *in,
                              uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_meter_reading copy = *in;
	meter_reading(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void gap(struct record *record, struct ec_gap *it)
{
	fields(record, 2);
	count(record, &it->first_s);
	count(record, &it->last_s);
}

bool ec_gap_read(struct ec_bytes value, struct ec_gap *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	gap(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_gap_write(const struct ec_gap *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_gap copy = *in;
	gap(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void order(struct record *record, struct ec_book_order *it)
{
	fields(record, 4);
	key(record, it->author);
	count(record, &it->energy_wh);
	signed_count(record, &it->price_ueur_kwh);
	hash(record, &it->id);
}

bool ec_order_read(struct ec_bytes value, struct ec_book_order *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	order(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_order_write(const struct ec_book_order *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_book_order copy = *in;
	order(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void book(struct record *record, struct ec_book *it)
{
	fields(record, 4);
	count(record, &it->bids);
	count(record, &it->offers);
	count(record, &it->bid_wh);
	count(record, &it->offer_wh);
}

bool ec_book_read(struct ec_bytes value, struct ec_book *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	book(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_book_write(const struct ec_book *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_book copy = *in;
	book(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void side(struct record *record, struct ec_side *it)
{
	fields(record, 2);
	count(record, &it->side);
	count(record, &it->orders);
}

bool ec_side_read(struct ec_bytes value, struct ec_side *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	side(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_side_write(const struct ec_side *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_side copy = *in;
	side(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void trade(struct record *record, struct ec_trade *it)
{
	fields(record, 7);
	key(record, it->buyer);
	key(record, it->seller);
	count(record, &it->energy_wh);
	signed_count(record, &it->price_ueur_kwh);
	signed_count(record, &it->amount_nano_eur);
	hash(record, &it->bid);
	hash(record, &it->offer);
}

bool ec_trade_read(struct ec_bytes value, struct ec_trade *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	trade(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_trade_write(const struct ec_trade *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_trade copy = *in;
	trade(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void slot_summary(struct record *record, struct ec_slot_summary *it)
{
	fields(record, 12);
	signed_count(record, &it->price_ueur_kwh);
	signed_count(record, &it->price_low);
	signed_count(record, &it->price_high);
	count(record, &it->energy_wh);
	count(record, &it->trades);
	count(record, &it->bids);
	count(record, &it->offers);
	count(record, &it->bid_wh);
	count(record, &it->offer_wh);
	signed_count(record, &it->amount_nano_eur);
	count(record, &it->left_wh);
	count(record, &it->closed_ns);
}

bool ec_slot_summary_read(struct ec_bytes value, struct ec_slot_summary *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	slot_summary(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_slot_summary_write(const struct ec_slot_summary *in,
                             uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_slot_summary copy = *in;
	slot_summary(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void net(struct record *record, struct ec_net *it)
{
	fields(record, 5);
	count(record, &it->bought_wh);
	count(record, &it->sold_wh);
	signed_count(record, &it->amount_nano_eur);
	count(record, &it->covered_s);
	count(record, &it->final);
}

bool ec_net_read(struct ec_bytes value, struct ec_net *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	net(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_net_write(const struct ec_net *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_net copy = *in;
	net(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void slot_books(struct record *record, struct ec_slot_books *it)
{
	fields(record, 9);
	count(record, &it->closed_ns);
	count(record, &it->metered);
	count(record, &it->missing);
	count(record, &it->import_wh);
	count(record, &it->export_wh);
	count(record, &it->retail_wh);
	count(record, &it->feed_in_wh);
	signed_count(record, &it->retail_nano_eur);
	signed_count(record, &it->feed_in_nano_eur);
}

bool ec_slot_books_read(struct ec_bytes value, struct ec_slot_books *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	slot_books(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_slot_books_write(const struct ec_slot_books *in, uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_slot_books copy = *in;
	slot_books(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void metering_total(struct record *record, struct ec_metering_total *it)
{
	fields(record, 5);
	count(record, &it->readings);
	count(record, &it->late);
	count(record, &it->corrections);
	count(record, &it->meters);
	count(record, &it->missing_slots);
}

bool ec_metering_total_read(struct ec_bytes value, struct ec_metering_total *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	metering_total(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_metering_total_write(const struct ec_metering_total *in,
                               uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_metering_total copy = *in;
	metering_total(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void market_total(struct record *record, struct ec_market_total *it)
{
	fields(record, 7);
	count(record, &it->orders);
	count(record, &it->trades);
	count(record, &it->energy_wh);
	count(record, &it->slots);
	signed_count(record, &it->amount_nano_eur);
	signed_count(record, &it->price_min);
	signed_count(record, &it->price_max);
}

bool ec_market_total_read(struct ec_bytes value, struct ec_market_total *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	market_total(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_market_total_write(const struct ec_market_total *in,
                             uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_market_total copy = *in;
	market_total(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

static void settlement_total(struct record *record, struct ec_settlement_total *it)
{
	fields(record, 8);
	count(record, &it->slots);
	count(record, &it->lines);
	count(record, &it->corrections);
	count(record, &it->retail_wh);
	count(record, &it->feed_in_wh);
	signed_count(record, &it->retail_nano_eur);
	signed_count(record, &it->feed_in_nano_eur);
	count(record, &it->blocked);
}

bool ec_settlement_total_read(struct ec_bytes value, struct ec_settlement_total *out)
{
	struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
	settlement_total(&(struct record){.in = &cbor}, out);
	return ec_cbor_done(&cbor);
}

size_t ec_settlement_total_write(const struct ec_settlement_total *in,
                                 uint8_t out[static EC_RECORD_SIZE_MAX])
{
	struct ec_cbor_writer writer = ec_cbor_writer_over(out, EC_RECORD_SIZE_MAX);
	struct ec_settlement_total copy = *in;
	settlement_total(&(struct record){.out = &writer}, &copy);
	return size_of(&writer);
}

uint64_t ec_meter_overdue(const struct ec_meter_head *head, uint64_t deadline_s, uint64_t time_ns)
{
	uint64_t now_s = time_ns / 1000000000u, next_s = head->last_s + 900;
	return now_s >= next_s + 900 + deadline_s ? (now_s - deadline_s - next_s) / 900 : 0;
}
