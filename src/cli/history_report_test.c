/* history_report_test.c - what is printed and drawn of a violation, also of hostile names. */
#include "base/test.h"
#include "cli/history_report.h"
#include "history/read.h"

#include <stdlib.h>
#include <string.h>

static const char text[] =
	"{\"client\":1,\"key\":\"<k>&\\u001b\",\"op\":\"put\",\"value\":\"<a>\","
	"\"call_ns\":1,\"return_ns\":2}\n"
	"{\"client\":2,\"key\":\"<k>&\\u001b\",\"op\":\"get\",\"result\":\"</svg>\","
	"\"call_ns\":3,\"return_ns\":4}\n";

enum { MEMORY = 1 << 20, SAID_MAX = 16384 };

static char *written(void (*write)(FILE *, const struct history_view *))
{
	static char said[SAID_MAX];
	void *block = malloc(MEMORY);
	assert_non_null(block);
	struct ec_arena arena = ec_arena_over(block, MEMORY);
	struct ec_history history;
	struct ec_read_error error;
	struct ec_check_result result;
	assert_true(
		ec_history_read(&history, &arena, &ec_format_lines, text, sizeof text - 1, &error));
	ec_check(&history, &ec_model_store, 1000, &result);
	assert_int_equal(result.verdict, EC_VIOLATED);
	struct history_view view = {.file = "here",
	                            .format = "lines",
	                            .history = &history,
	                            .model = &ec_model_store,
	                            .result = &result};
	memset(said, 0, sizeof said);
	FILE *out = fmemopen(said, sizeof said - 1, "w");
	assert_non_null(out);
	write(out, &view);
	fclose(out);
	free(block);
	return said;
}

static void test_text(void **state)
{
	(void)state;
	static const char first[] = "here: not linearizable (store; 2 operations, 0 of unknown "
				    "outcome, 1 keys; ";
	const char *said = written(history_print_text);
	assert_memory_equal(said, first, sizeof first - 1);
	assert_string_equal(strchr(said, '\n') + 1,
	                    "  key \"<k>&\\x1b\": no order has these, whatever else happened:\n"
	                    "    client 2: get: \"</svg>\"  (line 2; from 3 to 4)\n"
	                    "  the value at first is none\n"
	                    "  and none of these may be next:\n"
	                    "    client 2: get: \"</svg>\"  (line 2; from 3 to 4)\n"
	                    "  (1 other operations of the key help nothing)\n");
}

static void test_drawing(void **state)
{
	(void)state;
	const char *svg = written(history_draw);
	assert_memory_equal(svg, "<svg ", 5);
	assert_non_null(strstr(svg, "key \"&lt;k&gt;&amp;\\x1b\"</text>"));
	assert_non_null(strstr(svg, ">get: \"&lt;/svg&gt;\"</text>"));
	assert_ptr_equal(strstr(svg, "</svg>"), svg + strlen(svg) - 7); /* only its own */
	assert_null(strchr(svg, 27));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text),
	                                   cmocka_unit_test(test_drawing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
