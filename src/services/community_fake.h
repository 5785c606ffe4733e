/* community_fake.h - readings and orders of small homes over the fake scratch; tests only. */
#ifndef EC_SERVICES_COMMUNITY_FAKE_H
#define EC_SERVICES_COMMUNITY_FAKE_H

#include "base/senml.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"
#include "services/scratch_fake.h"
#include "services/services.h"

#define NS(seconds) ((uint64_t)(seconds)*1000000000)

enum { DAY_BEGIN = 1782000000 / 86400 * 86400, BOTH = EC_ROLE_METER | EC_ROLE_TRADER };

/* Parameters of the three services, encoded. */
struct rules {
	struct ec_metering_parameters metering;
	struct ec_market_parameters market;
	struct ec_settlement_parameters settlement;
	uint8_t bytes[3][EC_PARAMETERS_SIZE_MAX];
	struct ec_bytes of_metering, of_market, of_settlement;
};

static inline void rules_encode(struct rules *rules)
{
	rules->of_metering = (struct ec_bytes){
		rules->bytes[0], ec_metering_parameters_write(&rules->metering, rules->bytes[0]),
		NULL};
	rules->of_market = (struct ec_bytes){
		rules->bytes[1], ec_market_parameters_write(&rules->market, rules->bytes[1]), NULL};
	rules->of_settlement = (struct ec_bytes){
		rules->bytes[2],
		ec_settlement_parameters_write(&rules->settlement, rules->bytes[2]), NULL};
	assert_true(ec_metering.parameters_check(rules->of_metering));
	assert_true(ec_market.parameters_check(rules->of_market));
	assert_true(ec_settlement.parameters_check(rules->of_settlement));
}

static inline void rules_usual(struct rules *rules)
{
	rules->metering = ec_metering_parameters_usual();
	rules->market = ec_market_parameters_usual();
	rules->settlement = ec_settlement_parameters_usual();
	rules_encode(rules);
}

/* One register state at the end of `slot`, arriving at `now_s`. */
struct meter_says {
	uint8_t home;
	uint64_t slot, import_wh, export_wh, now_s;
	uint32_t correction;
	bool uncertain;
};

static inline enum ec_result reading(struct ec_scratch *scratch, const struct rules *rules,
                                     struct meter_says says)
{
	uint8_t bytes[EC_SENML_SIZE_MAX];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	struct ec_reading it = {.name = "home/",
	                        .time_s = says.slot + EC_SLOT_S,
	                        .import_wh = says.import_wh,
	                        .export_wh = says.export_wh,
	                        .correction = says.correction,
	                        .uncertain = says.uncertain};
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 1);
	ec_senml_write(&writer, &it);
	assert_true(ec_cbor_writer_ok(&writer));
	struct ec_transaction transaction = {.author_roles = BOTH, .time_ns = NS(says.now_s)};
	memset(transaction.author, says.home, 32);
	return fake_execute(scratch, &ec_metering, rules->of_metering, transaction,
	                    (struct ec_bytes){bytes, writer.out.size, NULL});
}

struct order_says {
	uint8_t home;
	uint64_t slot, side, energy_wh;
	int64_t price_ueur_kwh;
};

/* An order, an hour before its slot. */
static inline enum ec_result order(struct ec_scratch *scratch, const struct rules *rules,
                                   struct order_says says)
{
	uint8_t bytes[64];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, 2);
	ec_cbor_write_uint(&writer, says.slot);
	ec_cbor_write_uint(&writer, says.side);
	ec_cbor_write_uint(&writer, says.energy_wh);
	ec_cbor_write_int(&writer, says.price_ueur_kwh);
	struct ec_transaction transaction = {.author_roles = BOTH, .time_ns = NS(says.slot - 3600)};
	memset(transaction.author, says.home, 32);
	return fake_execute(scratch, &ec_market, rules->of_market, transaction,
	                    (struct ec_bytes){bytes, writer.out.size, NULL});
}

/* A turn of market and settlement.  Returns: whether both are done. */
static inline bool turns(struct ec_scratch *scratch, const struct rules *rules, uint64_t now_s)
{
	bool market = fake_turn(scratch, &ec_market, rules->of_market, 0, NS(now_s));
	bool settlement = fake_turn(scratch, &ec_settlement, rules->of_settlement, 0, NS(now_s));
	return market && settlement;
}

static inline void turns_all(struct ec_scratch *scratch, const struct rules *rules, uint64_t now_s)
{
	for (int i = 0; !turns(scratch, rules, now_s); i++)
		assert_true(i < 100000);
}

static inline size_t names_with(struct ec_scratch *scratch, const char *prefix)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	size_t count = 0;
	ec_cursor_start(&cursor, prefix, strlen(prefix));
	while (ec_cursor_next(scratch, &cursor, &value))
		count++;
	return count;
}

static inline bool reading_at(struct ec_scratch *scratch, uint8_t home, uint64_t slot,
                              struct ec_meter_reading *out)
{
	uint8_t key[32];
	struct ec_bytes value;
	memset(key, home, 32);
	struct ec_name name = ec_name_reading(key, slot);
	return ec_name_get(scratch, &name, &value) && ec_meter_reading_read(value, out);
}

static inline bool bill_of(struct ec_scratch *scratch, uint8_t home, uint64_t day,
                           struct ec_bill *out)
{
	uint8_t key[32];
	struct ec_bytes value;
	memset(key, home, 32);
	struct ec_name name = ec_name_bill(key, day);
	return ec_name_get(scratch, &name, &value) && ec_bill_read(value, out);
}

/* Every bill holds by itself, and what they say together is what the supplier's account says. */
static inline struct ec_recount recount_of(struct ec_scratch *scratch)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_recount recount = {0};
	struct ec_bill bill;
	uint8_t supplier[32];
	uint32_t wrong;
	ec_cursor_start(&cursor, "bill/", 5);
	while (ec_cursor_next(scratch, &cursor, &value)) {
		assert_true(ec_bill_read(value, &bill));
		assert_true(ec_bill_check(&bill, &wrong));
		ec_recount_add(&recount, &bill);
	}
	ec_account_of("supplier", supplier);
	assert_int_equal(ec_balance(scratch, supplier), -recount.net_nano_eur);
	return recount;
}

/* The same when no line is on its way: then trades cancel out, too. */
static inline void books_verify(struct ec_scratch *scratch)
{
	struct ec_recount recount = recount_of(scratch);
	struct ec_settlement_total total = {0};
	struct ec_name name = ec_name_total("settlement");
	struct ec_bytes value;
	if (ec_name_get(scratch, &name, &value))
		assert_true(ec_settlement_total_read(value, &total));
	assert_true(ec_recount_conserved(&recount, &total));
}

#endif
