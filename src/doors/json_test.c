/* json_test.c - what is written is JSON, as another program reads it. */
#include "base/test.h"
#include "doors/json.h"

#include <jansson.h>

static void a_document_reads_back(void **state)
{
	(void)state;
	struct ec_json json = {0};
	ec_hash hash = {{0xab, 0xcd}};
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "big", UINT64_MAX >> 1);
	ec_json_put_text(&json, "text", "a \"quoted\" \\ line\n\x01 end \xc3\xa9");
	ec_json_put_bool(&json, "yes", true);
	ec_json_put_hash(&json, "hash", &hash);
	ec_json_key(&json, "list");
	ec_json_open(&json, '[');
	ec_json_int(&json, -5);
	ec_json_null(&json);
	ec_json_open(&json, '{');
	ec_json_close(&json, '}');
	ec_json_real(&json, 1.25, 2);
	ec_json_close(&json, ']');
	ec_json_put_bool(&json, "no", false);
	ec_json_close(&json, '}');

	json_error_t error;
	json_t *read = json_loadb(json.at, json.size, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(read);
	assert_true(json_integer_value(json_object_get(read, "big")) == INT64_MAX);
	assert_string_equal(json_string_value(json_object_get(read, "text")),
	                    "a \"quoted\" \\ line\n\x01 end \xc3\xa9");
	assert_true(json_is_true(json_object_get(read, "yes")));
	assert_true(json_is_false(json_object_get(read, "no")));
	assert_int_equal(json_string_length(json_object_get(read, "hash")), 64);
	json_t *list = json_object_get(read, "list");
	assert_int_equal(json_array_size(list), 4);
	assert_int_equal(json_integer_value(json_array_get(list, 0)), -5);
	assert_true(json_real_value(json_array_get(list, 3)) == 1.25);
	json_decref(read);
	ec_json_free(&json);
}

/* Every pair of bytes, inside a text: never anything but one string of JSON. */
static void no_bytes_break_out_of_a_text(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 65536; pair++) {
		uint8_t bytes[] = {'a', (uint8_t)pair, (uint8_t)(pair >> 8), 'z'};
		struct ec_json json = {0};
		ec_json_open(&json, '[');
		ec_json_text_of(&json, bytes, sizeof bytes);
		ec_json_close(&json, ']');
		json_t *read = json_loadb(json.at, json.size, JSON_ALLOW_NUL, NULL);
		assert_non_null(read);
		assert_int_equal(json_array_size(read), 1);
		assert_true(json_is_string(json_array_get(read, 0)));
		json_decref(read);
		ec_json_free(&json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_reads_back),
		cmocka_unit_test(no_bytes_break_out_of_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
