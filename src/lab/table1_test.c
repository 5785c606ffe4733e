/* table1_test.c - the table as values and as a drawing: a row and a point for each group. */
#include "lab/table1.h"

#include "base/test.h"

#include <stdlib.h>

enum { TEXT_MAX = 1 << 16 };

static struct lab_table table;
static struct lab_order order;

static int measure(void **unused)
{
	char why[256];
	(void)unused;
	order = (struct lab_order){.only = lab_entry_find("pbft"),
	                           .size = {1, 4, 7},
	                           .sizes = 3,
	                           .batch_bytes = 64,
	                           .seed = 1};
	return ec_crypto_start() && lab_table1(&order, &table, why, sizeof why) ? 0 : -1;
}

static uint32_t count_of(const char *text, const char *what)
{
	uint32_t count = 0;
	while ((text = strstr(text, what)))
		count++, text++;
	return count;
}

static char *written(int what)
{
	char *text = calloc(1, TEXT_MAX);
	FILE *out = fmemopen(text, TEXT_MAX - 1, "w");
	assert_non_null(out);
	if (what == 0)
		lab_table1_csv(out, &table);
	else if (what == 1)
		lab_table1_json(out, &order, &table);
	else
		lab_table1_svg(out, &order, &table);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void a_line_a_group(void **unused)
{
	char *csv = written(0), *json = written(1);
	(void)unused;
	assert_int_equal(table.runs_all, 3 * (2 + 4) + 1);
	assert_int_equal(table.runs, table.runs_all);
	assert_int_equal(count_of(csv, "\n"), 1 + 3);
	assert_memory_equal(csv, "protocol,n,steps,messages,", 26);
	assert_int_equal(count_of(csv, ","), 4 * (8 + 2 * 4));
	/* 3 bodies, 3 PRE-PREPARE, 9 PREPARE, 12 COMMIT; the body goes before what leads on. */
	assert_non_null(strstr(csv, "\npbft,4,3.750,27.000,"));
	assert_int_equal(count_of(json, "\"p50_ms\""), 3 * 4);
	assert_int_equal(count_of(json, "{"), count_of(json, "}"));
	free(csv);
	free(json);
}

static void a_point_a_group_and_number(void **unused)
{
	char *svg = written(2);
	(void)unused;
	assert_memory_equal(svg, "<svg ", 5);
	assert_non_null(strstr(svg, "</svg>\n"));
	/* One of a legend; core in all groups; steps, messages, bytes and latency not in that of
	 * one. */
	assert_int_equal(count_of(svg, "<circle"),
	                 1 + 3 + 7 * 2 + (table.row[0].p50_ns[0] ? 4 : 0));
	assert_int_equal(count_of(svg, ">members<"), 8);
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
	free(svg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_a_group),
		cmocka_unit_test(a_point_a_group_and_number),
	};
	return cmocka_run_group_tests(tests, measure, NULL);
}
