/* text_test.c - bounded texts, hexadecimal, and what is UTF-8. */
#include "base/text.h"

#include "base/test.h"

static void a_text_grows_to_its_end_and_no_further(void **state)
{
	(void)state;
	char room[12];
	for (size_t size = 1; size <= sizeof room; size++) {
		memset(room, '#', sizeof room);
		struct ec_text text = ec_text_over(room, size);
		ec_text_add(&text, "%s-%d", "abc", 42);
		ec_text_add(&text, "xyz");
		char whole[] = "abc-42xyz";
		bool fits = size > strlen(whole);
		assert_int_equal(text.cut, !fits);
		assert_int_equal(text.size, fits ? strlen(whole) : size - 1);
		assert_memory_equal(room, whole, text.size);
		assert_int_equal(room[text.size], 0);
		for (size_t i = size; i < sizeof room; i++)
			assert_int_equal(room[i], '#');
	}
	struct ec_text none = ec_text_over(NULL, 0);
	ec_text_add(&none, "abc");
	assert_true(none.cut && none.size == 0);
}

static void hexadecimal_there_and_back(void **state)
{
	(void)state;
	char room[16];
	uint8_t bytes[4];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_text_add_hex(&text, "\x00\x7f\xAb\xff", 4);
	assert_string_equal(room, "007fabff");
	assert_true(ec_hex_read(room, bytes, 4));
	assert_memory_equal(bytes, "\x00\x7f\xAb\xff", 4);
	assert_true(ec_hex_read("DeadBEEF", bytes, 4));
	static const char *const bad[] = {"",         "00",       "0011223",  "001122334",
	                                  "00112g33", "0x112233", "00 12233", "001122333 "};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(ec_hex_read(bad[i], bytes, 4));
}

/* Every code point, and every two bytes, against the table of RFC 3629. */
static void utf8_of_every_code_point(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 0x120000; code++) {
		uint8_t bytes[4];
		size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
		for (size_t i = size; i-- > 1;)
			bytes[i] = (uint8_t)(0x80 | (code >> 6 * (size - 1 - i) & 0x3f));
		bytes[0] = (uint8_t)(leads[size] | code >> 6 * (size - 1));
		bool good = code < 0xd800 || (code > 0xdfff && code <= 0x10ffff);
		assert_int_equal(ec_utf8_ok(bytes, size), good);
		for (size_t cut = 1; cut < size; cut++)
			assert_false(ec_utf8_ok(bytes, cut));
	}
	for (uint32_t pair = 0; pair < 0x10000; pair++) {
		uint8_t bytes[] = {(uint8_t)(pair >> 8), (uint8_t)pair};
		bool ascii = bytes[0] < 0x80 && bytes[1] < 0x80;
		bool two = bytes[0] >= 0xc2 && bytes[0] < 0xe0 && bytes[1] >> 6 == 2;
		assert_int_equal(ec_utf8_ok(bytes, 2), ascii || two);
	}
	assert_true(ec_utf8_ok("", 0));
}

static void overlong_forms_are_refused(void **state)
{
	(void)state;
	assert_false(ec_utf8_ok("\xc0\x80", 2));
	assert_false(ec_utf8_ok("\xe0\x9f\xbf", 3));
	assert_false(ec_utf8_ok("\xf0\x8f\xbf\xbf", 4));
	assert_false(ec_utf8_ok("\xf8\x88\x80\x80\x80", 5));
	assert_false(ec_utf8_ok("good\xff", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_grows_to_its_end_and_no_further),
		cmocka_unit_test(hexadecimal_there_and_back),
		cmocka_unit_test(utf8_of_every_code_point),
		cmocka_unit_test(overlong_forms_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
