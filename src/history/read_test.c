/* read_test.c - what the readers take, and what they say of what they do not. */
#include "history/history_test.h"
#include "history/read.h"

#include <stdio.h>

enum { MEMORY = 8 << 20 };

static struct small small;
static struct ec_read_error error;

static bool read_as(const struct ec_history_format *format, const char *text)
{
	free(small.block);
	small.block = malloc(MEMORY);
	assert_non_null(small.block);
	small.arena = ec_arena_over(small.block, MEMORY);
	return ec_history_read(&small.history, &small.arena, format, text, strlen(text), &error);
}

static const char *shown(uint32_t i)
{
	static char at[256];
	struct ec_text text = ec_text_over(at, sizeof at);
	assert_true(i < small.history.operations);
	ec_history_show(&small.history, &small.history.operation[i], &text);
	return at;
}

static void test_lines(void **state)
{
	(void)state;
	assert_true(read_as(
		&ec_format_lines,
		"{\"client\":3,\"key\":\"k\",\"op\":\"put\",\"value\":\"x\\u00e9\\n\","
		"\"revision\":7,\"call_ns\":100,\"return_ns\":250,\"node\":true,\"t\":-1.5e3}\n"
		"\n"
		"{ \"client\": 4, \"key\": \"k\", \"op\": \"get\", \"result\": null, "
		"\"call_ns\": 1, \"return_ns\": 1 }\r\n"
		"{\"client\":4,\"key\":\"k\",\"op\":\"cas\",\"value\":\"y\","
		"\"expected_revision\":7,"
		"\"outcome\":\"failed\",\"revision\":0,\"call_ns\":5,\"return_ns\":6}\n"
		"{\"client\":4,\"key\":\"k\",\"op\":\"delete\",\"outcome\":\"unknown\","
		"\"call_ns\":5}\n"
		"{\"client\":4,\"key\":\"k\",\"op\":\"get\",\"outcome\":\"unknown\","
		"\"call_ns\":5}\n"
		"{\"client\":4,\"key\":\"k\",\"op\":\"put\",\"outcome\":\"refused\"}"));
	assert_int_equal(small.history.operations, 4);
	assert_int_equal(small.history.left_out, 2);
	assert_string_equal(shown(0), "put \"x\\xc3\\xa9\\x0a\": ok at 7");
	assert_string_equal(shown(1), "get: none");
	assert_string_equal(shown(2), "cas at 7 -> \"y\": failed at 0");
	assert_string_equal(shown(3), "delete: unknown");
	assert_int_equal(small.history.operation[2].line_call, 4);
	assert_true(small.history.operation[3].return_ns == EC_HISTORY_NEVER);
}

static void refused(const struct ec_history_format *format, const char *text, uint32_t line,
                    const char *why)
{
	assert_false(read_as(format, text));
	if (error.line != line || !strstr(error.why, why))
		fail_msg("line %u: '%s', expected line %u: '%s'", error.line, error.why, line, why);
}

#define PUT "{\"client\":1,\"key\":\"k\",\"op\":\"put\",\"value\":\"x\","

static void test_wrong_lines(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{"{\"client\":1}", "expected \"key\" with a text, but it is missing"},
		{"[1]", "expected '{', an operation, found '[1]'"},
		{PUT "\"call_ns\":5}", "expected \"return_ns\" with a whole number"},
		{PUT "\"call_ns\":5,\"return_ns\":4}", "from \"call_ns\" (5) on, found 4"},
		{PUT "\"call_ns\":5,\"return_ns\":4", "expected ',' or '}', found the end"},
		{PUT "\"value\":\"y\"}", "\"value\" stands there twice"},
		{PUT "\"call_ns\":-5}", "expected a text, a whole number or null, found '-5}'"},
		{PUT "\"call_ns\":99999999999999999999}", "whole number or null, found '9999"},
		{PUT "\"outcome\":\"failed\",\"call_ns\":1,\"return_ns\":2}", "is \"refused\""},
		{PUT "\"outcome\":\"good\"}", "one of ok failed unknown refused, found \"good\""},
		{PUT "\"other\":[1]}", "true, false or null, found '[1]}'"},
		{"{\"client\":1,\"key\":\"k\",\"op\":\"cas\",\"value\":\"x\",\"call_ns\":1}",
	         "either \"expected\" or"},
		{"{\"client\":1,\"key\":\"k\",\"op\":\"cas\",\"value\":\"x\","
	         "\"expected_revision\":1,"
	         "\"outcome\":\"failed\",\"call_ns\":1,\"return_ns\":2}",
	         "the \"revision\" that it found"},
		{"{\"client\":1,\"key\":\"\\ud800\",\"op\":\"get\"}", "found '\",\"op"},
		{"{\"client\":1,\"key\":\"\\ u0041\",\"op\":\"get\"}", "found ' u0041"},
		{"{\"client\":1,\"key\":\"\\ud83d \\ude00\",\"op\":\"get\"}", "found ' "},
		{"{\"client\":4294967296,\"key\":\"k\",\"op\":\"get\"}", "below 2^32"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char text[512];
		snprintf(text, sizeof text, "\n%s\n", wrong[i].text);
		refused(&ec_format_lines, text, 2, wrong[i].why);
	}
}

#define LOG "INFO  jepsen.util - "

static void test_jepsen(void **state)
{
	(void)state;
	assert_true(read_as(&ec_format_jepsen,
	                    LOG "0\t:invoke\t:read\tnil\n" LOG ":nemesis :info :start nil\n"
	                        "INFO  jepsen.core - Run\n" LOG "1   :invoke :cas    [0 3]\n" LOG
	                        "0\t:ok\t:read\t4\n" LOG "1   :fail   :cas    [0 3]\n" LOG
	                        "2\t:invoke\t:write\t7\n" LOG "3\t:invoke\t:write\t8\n" LOG
	                        "2\t:info\t:write\t:timed-out\n" LOG "4\t:invoke\t:read\tnil\n" LOG
	                        "4\t:fail\t:read\t:timed-out\n"));
	assert_int_equal(small.history.operations, 4);
	assert_int_equal(small.history.left_out, 1);
	assert_string_equal(shown(0), "get: \"4\"");
	assert_string_equal(shown(1), "cas \"0\" -> \"3\": failed");
	assert_string_equal(shown(2), "put \"7\": unknown");
	assert_string_equal(shown(3), "put \"8\": unknown");
	assert_int_equal(small.history.operation[1].line_return, 6);
	refused(&ec_format_jepsen, LOG "0 :ok :read 4\n", 1, "returns, but has not called");
	refused(&ec_format_jepsen, LOG "0 :invoke :write 4\n" LOG "0 :ok :write 5\n", 2,
	        "not those of the call in line 1");
	refused(&ec_format_jepsen, LOG "0 :invoke :write 4\n" LOG "0 :invoke :read nil\n", 2,
	        "its call of line 1 has not returned");
	refused(&ec_format_jepsen, LOG "0 :invoke :write nil\n", 1, "a number, found nil");
	refused(&ec_format_jepsen, LOG "0 :invoke :cas [1\n", 1, "expected [OLD NEW]");
	refused(&ec_format_jepsen, LOG "0 :invoke :add 1\n", 1, ":read, :write or :cas, found");
}

static void test_kv(void **state)
{
	(void)state;
	assert_true(read_as(&ec_format_kv,
	                    "{:process 0, :type :invoke, :f :append, :key \"0\", :value \"x\"}\n"
	                    "{:process 1, :type :invoke, :f :get, :key \"7\", :value nil}\n"
	                    "{:process 1, :type :ok, :f :get, :key \"7\", :value \"\"}\n"));
	assert_int_equal(small.history.operations, 2);
	assert_string_equal(shown(0), "get: \"\"");
	assert_string_equal(shown(1), "append \"x\": unknown");
	refused(&ec_format_kv, "{:process 0, :type :begin", 1, ":invoke, :ok, :fail or :info");
	refused(&ec_format_kv, "{:process 0, :type :invoke, :f :put, :key \"0\", :value nil}", 1,
	        "expected :value \"TEXT\", found nil");
}

static void test_formats_are_told_apart(void **state)
{
	(void)state;
	assert_ptr_equal(ec_history_format_guess("\n \n{ \"client\"", 13), &ec_format_lines);
	assert_ptr_equal(ec_history_format_guess("INFO  jepsen", 12), &ec_format_jepsen);
	assert_ptr_equal(ec_history_format_guess("{:process 1", 11), &ec_format_kv);
	assert_null(ec_history_format_guess("hello", 5));
	assert_null(ec_history_format_guess("", 0));
}

static void test_too_little_memory_is_said(void **state)
{
	(void)state;
	char text[4096];
	memset(text, '\n', sizeof text);
	free(small.block);
	small.block = malloc(65536);
	small.arena = ec_arena_over(small.block, 65536);
	assert_false(ec_history_read(&small.history, &small.arena, &ec_format_lines, text,
	                             sizeof text, &error));
	assert_non_null(strstr(error.why, "does not fit"));
}

static int end(void **state)
{
	(void)state;
	free(small.block);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_jepsen),
		cmocka_unit_test(test_kv),
		cmocka_unit_test(test_formats_are_told_apart),
		cmocka_unit_test(test_too_little_memory_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, end);
}
