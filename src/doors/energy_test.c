/* energy_test.c - trades and bills come out as JSON, and nothing else does. */
#include "base/test.h"
#include "doors/energy.h"
#include "services/names.h"
#include "services/read.h"

#include <jansson.h>

static struct ec_bytes bytes_of(const void *data, size_t size)
{
	return (struct ec_bytes){.data = data, .size = size};
}

static json_t *json_of(struct ec_json *text)
{
	json_t *json = json_loadb(text->at, text->size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	ec_json_free(text);
	return json;
}

static void a_trade_is_shown_with_its_place(void **state)
{
	(void)state;
	uint8_t value[EC_RECORD_SIZE_MAX];
	struct ec_trade trade = {.buyer = {1},
	                         .seller = {2},
	                         .energy_wh = 7000,
	                         .price_ueur_kwh = -220000,
	                         .amount_nano_eur = -1540000000};
	struct ec_name name = ec_name_trade(1782000000, 3);
	size_t size = ec_trade_write(&trade, value);
	struct ec_json text = {0};
	assert_true(ec_energy_trade(&text, bytes_of(name.at, name.size), bytes_of(value, size)));
	json_t *json = json_of(&text);
	assert_int_equal(json_integer_value(json_object_get(json, "slot_s")), 1782000000);
	assert_int_equal(json_integer_value(json_object_get(json, "index")), 3);
	assert_int_equal(json_integer_value(json_object_get(json, "energy_wh")), 7000);
	assert_int_equal(json_integer_value(json_object_get(json, "amount_nano_eur")), -1540000000);
	json_decref(json);
	assert_false(ec_energy_trade(&text, bytes_of("trade/", 6), bytes_of(value, size)));
	assert_false(
		ec_energy_trade(&text, bytes_of(name.at, name.size), bytes_of(value, size - 1)));
	assert_int_equal(text.size, 0);
}

static void a_bill_is_shown_with_its_sums(void **state)
{
	(void)state;
	static struct ec_bill bill;
	static uint8_t value[EC_BILL_SIZE_MAX];
	bill = (struct ec_bill){.key = {7},
	                        .day = 20625,
	                        .version = 1,
	                        .retail_ueur_kwh = 300000,
	                        .feed_in_ueur_kwh = 80000,
	                        .lines = 1};
	bill.line[0] = (struct ec_bill_line){.slot_s = 20625ull * 86400,
	                                     .status = EC_LINE_METERED,
	                                     .import_register_wh = 1500,
	                                     .import_wh = 500,
	                                     .span = 1,
	                                     .net_wh = 500,
	                                     .net_nano_eur = ec_net_amount(500, 300000, 80000)};
	size_t size = ec_bill_write(&bill, value);
	struct ec_json text = {0};
	assert_true(ec_energy_bill(&text, bytes_of(value, size)));
	json_t *json = json_of(&text);
	json_t *total = json_object_get(json, "total");
	assert_int_equal(json_array_size(json_object_get(json, "lines")), 1);
	assert_int_equal(json_integer_value(json_object_get(total, "retail_wh")), 500);
	assert_int_equal(json_integer_value(json_object_get(total, "total_nano_eur")), -150000000);
	json_decref(json);
	assert_true(ec_energy_bill_total(&text, bytes_of(value, size)));
	json = json_of(&text);
	assert_null(json_object_get(json, "lines"));
	json_decref(json);
	assert_false(ec_energy_bill(&text, bytes_of(value, size - 1)));
	assert_int_equal(text.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trade_is_shown_with_its_place),
		cmocka_unit_test(a_bill_is_shown_with_its_sums),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
