/* store_words_test.c - what a person writes becomes the transaction that he means. */
#include "base/test.h"
#include "doors/store_words.h"
#include "doors/json.h"

#include <stdio.h>

static struct ec_store_words words;

static bool line(const char *text)
{
	char why[128];
	return ec_store_words_line(&words, text, why, sizeof why);
}

static void is(struct ec_view view, const char *text)
{
	assert_int_equal(view.size, strlen(text));
	assert_memory_equal(view.data, text, view.size);
}

static void lines_become_a_transaction(void **state)
{
	(void)state;
	words = (struct ec_store_words){0};
	assert_true(line("if a/b value = two words"));
	assert_true(line("if 0x00ff mod > 17"));
	assert_true(line("") && line("  ") && line("# a remark"));
	assert_true(line("then put k some  value "));
	assert_true(line("then put@9 leased 0x0102"));
	assert_true(line("else delete k"));
	assert_true(line("else put empty "));
	const struct ec_store_txn *txn = &words.txn;
	assert_int_equal(txn->compares, 2);
	is(txn->compare[0].value, "two words");
	assert_int_equal(txn->compare[1].relation, EC_STORE_GREATER);
	assert_int_equal(txn->compare[1].number, 17);
	assert_memory_equal(txn->compare[1].key.data, "\x00\xff", 2);
	assert_int_equal(txn->ops[0], 2);
	is(txn->op[0][0].value, "some  value ");
	assert_int_equal(txn->op[0][1].lease, 9);
	is(txn->op[0][1].value, "\x01\x02");
	assert_int_equal(txn->ops[1], 2);
	assert_true(txn->op[1][0].is_delete);
	assert_int_equal(txn->op[1][1].value.size, 0);
	uint8_t bytes[512];
	assert_true(ec_store_txn_write(txn, bytes, sizeof bytes) > 0);
}

static void what_is_no_line_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"put a b",          "then",          "then put",
	                                  "then drop a",      "then put@ a b", "then put@0 a b",
	                                  "then delete a b",  "if a",          "if a mod ~ 1",
	                                  "if a size = 1",    "if a mod = x",  "if a mod = -1",
	                                  "then put 0xabc 1", "if a mod ="};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		words = (struct ec_store_words){0};
		if (line(bad[i]))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(words.txn.compares + words.txn.ops[0] + words.txn.ops[1], 0);
	}
	words = (struct ec_store_words){0};
	assert_true(line("then put a 1"));
	assert_false(line("then delete a")); /* a key twice */
	assert_true(line("else delete a"));
	for (int i = 1; i < 16; i++) {
		char text[32];
		snprintf(text, sizeof text, "then put k%d 1", i);
		assert_true(line(text));
	}
	assert_false(line("then put one-more 1"));
}

static void bytes_are_shown_as_they_are_taken(void **state)
{
	(void)state;
	static const char *const texts[] = {"plain", "", "0x6f00", "0x0012", "0x3078"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct ec_view view;
		struct ec_json json = {0};
		char expected[64];
		words = (struct ec_store_words){0};
		assert_true(ec_store_words_bytes(&words, texts[i], 80, &view));
		ec_json_open(&json, '{');
		ec_json_put_bytes(&json, "a", view.data, view.size);
		ec_json_close(&json, '}');
		snprintf(expected, sizeof expected, "{\"a\":\"%s\"}", texts[i]);
		assert_string_equal(json.at, expected);
		ec_json_free(&json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_a_transaction),
		cmocka_unit_test(what_is_no_line_is_refused),
		cmocka_unit_test(bytes_are_shown_as_they_are_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
