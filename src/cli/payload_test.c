/* payload_test.c - what a person writes becomes the payload of docs/formats.md, or a sentence. */
#include "base/test.h"
#include "base/cbor.h"
#include "cli/payload.h"

#include <string.h>

#define KEY "0102030405060708091011121314151617181920212223242526272829303132"

static uint8_t payload[EC_PAYLOAD_SIZE_MAX];
static char why[256];

static void shows(size_t size, const char *diagnosis)
{
	char room[1024];
	struct ec_text text = ec_text_over(room, sizeof room);
	if (size == 0)
		print_error("%s\n", why);
	assert_true(size > 0);
	assert_true(ec_cbor_diagnose(payload, size, &text));
	assert_string_equal(room, diagnosis);
}

static void each_kind_is_written_as_the_formats_say(void **state)
{
	(void)state;
	shows(ec_payload_note("hi", payload, why, sizeof why), "[6, h'6869']");
	shows(ec_payload_pay(KEY ":1500", payload, why, sizeof why), "[7, h'" KEY "', 1500]");
	shows(ec_payload_order("1782000000:bid:700:-220000", payload, why, sizeof why),
	      "[2, 1782000000, 0, 700, -220000]");
	shows(ec_payload_order("1782000000:offer:700:220000", payload, why, sizeof why),
	      "[2, 1782000000, 1, 700, 220000]");
	shows(ec_payload_enrol(KEY ":meter+trader:home: one", payload, why, sizeof why),
	      "[3, h'" KEY "', 3, \"home: one\"]");
	size_t size = ec_payload_reading("home-01/:1782000000:12:0", payload, why, sizeof why);
	assert_true(size > 20);
	struct ec_cbor cbor = ec_cbor_over(payload, size);
	assert_int_equal(ec_cbor_array(&cbor, 2), 2);
	assert_int_equal(ec_cbor_uint(&cbor, 10), 1);
	ec_cbor_skip(&cbor);
	assert_true(ec_cbor_done(&cbor));
}

static void what_is_not_of_its_form_meets_a_sentence(void **state)
{
	(void)state;
	static const char *const pay[] = {"",        ":",      KEY,
	                                  KEY ":",   KEY ":0", KEY ":-1",
	                                  KEY ":1x", "12:5",   KEY ":99999999999999999999"};
	for (size_t i = 0; i < sizeof pay / sizeof *pay; i++) {
		why[0] = 0;
		assert_int_equal(ec_payload_pay(pay[i], payload, why, sizeof why), 0);
		assert_non_null(strstr(why, "expected KEY:NANO-EUR"));
	}
	assert_int_equal(ec_payload_order("1:buy:1:1", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_order("1:bid:0:1", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_order("1:bid:1", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_reading("a b:1782000000:1:1", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_reading("a:12:1:1", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_enrol(KEY ":king:x", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_enrol(KEY ":meter:", payload, why, sizeof why), 0);
	assert_int_equal(ec_payload_enrol(KEY ":meter:\xff", payload, why, sizeof why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_written_as_the_formats_say),
		cmocka_unit_test(what_is_not_of_its_form_meets_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
