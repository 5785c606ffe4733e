/* import_test.c - the importer with the files that people have, and with broken ones. */
#include "profile/import.h"

#include "base/shared_test.h"
#include "base/test.h"

#include <string.h>
#include <zlib.h>

enum { REPORT_SIZE = 16384 };

static char report_room[REPORT_SIZE];
static struct ec_import_facts facts;

static struct ec_series *import(const struct ec_import_options *options)
{
	struct ec_text report = ec_text_over(report_room, sizeof report_room);
	memset(&facts, 0, sizeof facts);
	struct ec_series *series = ec_import(options, &report, &facts);
	assert_true(series || strstr(report_room, "refused: "));
	assert_true(!series || !strstr(report_room, "refused: "));
	return series;
}

static struct ec_series *import_bytes(const void *bytes, size_t size,
                                      struct ec_import_options options)
{
	char path[] = "/tmp/edgecord-import-XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, size), size);
	close(file);
	options.path = path;
	struct ec_series *series = import(&options);
	unlink(path);
	return series;
}

static struct ec_series *import_text(const char *text, struct ec_import_options options)
{
	return import_bytes(text, strlen(text), options);
}

static void assert_said(const char *words)
{
	if (!strstr(report_room, words))
		fail_msg("expected '%s' in:\n%s", words, report_room);
}

static void assert_refused(const char *text, struct ec_import_options options, const char *words)
{
	struct ec_series *series = import_text(text, options);
	if (series)
		fail_msg("taken, but expected '%s'", words);
	assert_said(words);
}

/* Real files. */

static bool shared(char path[512], const char *file)
{
	char name[128];
	snprintf(name, sizeof name, "data/%s", file);
	return ec_shared_path(path, 512, name);
}

static void thirty_homes_of_tum(void **state)
{
	(void)state;
	char path[512];
	if (!shared(path, "tum_community_load_15min_W.csv.gz"))
		return;
	struct ec_series *series = import(&(struct ec_import_options){.path = path});
	assert_non_null(series);
	printf("%s", report_room);
	assert_int_equal(series->columns, 30);
	assert_int_equal(series->intervals, 4316);
	assert_int_equal(series->interval_s, 900);
	assert_true(series->start_s == 1613343600);
	assert_int_equal(facts.unit, EC_UNIT_W);
	assert_int_equal(facts.filled + facts.warnings, 0);
	assert_string_equal(series->name[0], "hh_3055_0");
	/* 158 W, then 161 W: after half an hour 79.75 Wh, rounded once. */
	assert_int_equal(series->power_uw[0], 158000000);
	assert_int_equal(ec_series_register_wh(series, 0, 900), 40);  /* 39.5 */
	assert_int_equal(ec_series_register_wh(series, 0, 1800), 80); /* 79.75 */
	assert_int_equal(ec_series_register_wh(series, 0, 4316 * 900), 400580);
	ec_series_free(series);
}

static void panels_of_lemlab(void **state)
{
	(void)state;
	char path[512];
	if (!shared(path, "lemlab_pv_ev_15min.csv.gz"))
		return;
	struct ec_import_options options = {.path = path, .prefix = "pv"};
	assert_null(import(&options));
	assert_said("--kwp N");
	options.rated_w = 5000;
	struct ec_series *series = import(&options);
	assert_non_null(series);
	assert_int_equal(facts.unit, EC_UNIT_PU);
	assert_int_equal(series->columns, 3);
	uint64_t peak_uw = 0;
	for (size_t i = 0; i < 3 * (size_t)series->intervals; i++)
		peak_uw = series->power_uw[i] > peak_uw ? series->power_uw[i] : peak_uw;
	assert_true(peak_uw > 3000000000 && peak_uw <= 5000000000);
	ec_series_free(series);
}

static void doubled_columns_and_kilowatts_of_gse(void **state)
{
	(void)state;
	char path[512];
	if (!shared(path, "gse_load_15min.csv.gz"))
		return;
	struct ec_import_options options = {.path = path};
	assert_null(import(&options));
	assert_said("refused: gse_load_15min.csv.gz:906: column 2 'H1': 5.884 is taken as W");
	assert_said("it looks like kW; say --unit kW, or --unit W if it is right");
	options.unit = EC_UNIT_KW;
	struct ec_series *series = import(&options);
	assert_non_null(series);
	printf("%s", report_room);
	assert_said("warning: column 'H14' repeats 'H1' value by value");
	assert_said("warning: column 'H15' repeats 'H5' value by value");
	assert_int_equal(facts.equal_columns, 2);
	assert_int_equal(series->power_uw[0], 195000000);
	ec_series_free(series);
	options.unit = EC_UNIT_KWH;
	series = import(&options);
	assert_said("much for a home; as kW it is 504.1 W: is it --unit kW?");
	assert_int_equal(series->power_uw[0], 780000000); /* 0.195 kWh in a quarter-hour */
	ec_series_free(series);
	options.unit = EC_UNIT_W;
	series = import(&options);
	assert_said("taken as W, a column uses 0.5041 W on average: it looks like kW");
	ec_series_free(series);
}

static void local_time_of_belgian_prices(void **state)
{
	(void)state;
	char path[512];
	if (!shared(path, "price_BE_day_ahead_1h.csv"))
		return;
	struct ec_import_options options = {.path = path};
	assert_null(import(&options));
	assert_said("price_BE_day_ahead_1h.csv:2044: column 1 'local_time': 2022-03-27T03:00 comes "
	            "after 2022-03-27T01:00: local time over a clock change");
	options.tz = "Europe/Brussels";
	struct ec_series *series = import(&options);
	assert_non_null(series);
	assert_int_equal(facts.rows, 22583);
	assert_int_equal(facts.intervals, 22583); /* no hour is missing, none comes twice */
	assert_int_equal(facts.negative, 618);
	/* 2022-10-30 02:00 comes twice: lines 7251 and 7252, 100.22 first. */
	uint64_t hour = (1667088000 - (uint64_t)series->start_s) / 3600; /* 00:00Z */
	assert_int_equal(series->power_uw[hour], 100220001);
	assert_int_equal(series->power_uw[hour + 1], 99930000);
	ec_series_free(series);
	options.tz = "UTC";
	assert_null(import(&options));
	assert_said(":7252: column 1 'local_time': 2022-10-30T02:00 stands in line 7251 too");
}

/* Made files. */

static const struct ec_import_options plain;

/* Rows of two columns of about 500 W, every 15 minutes from 2021-06-21T00:00Z; row i is left out
 * when `skip` says so. */
static void rows_add(struct ec_text *text, uint32_t from, uint32_t until, char separator)
{
	for (uint32_t i = from; i < until; i++)
		ec_text_add(text, "2021-06-%02uT%02u:%02u:00Z%c%u%c%u\n", 21 + i / 96, i / 4 % 24,
		            i % 4 * 15, separator, 400 + i % 200, separator, 450 + i * 7 % 96);
}

static void a_missing_day_is_refused_unless_told(void **state)
{
	(void)state;
	static char room[65536];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_text_add(&text, "time,a,b\n");
	rows_add(&text, 0, 192, ',');
	rows_add(&text, 288, 384, ',');
	assert_refused(room, plain,
	               ":193: column 1 'time': no value from 2021-06-23T00:00Z until "
	               "2021-06-24T00:00Z (24.0 h): --gaps fill");
	struct ec_import_options options = {.gaps = EC_GAPS_FILL};
	struct ec_series *series = import_text(room, options);
	assert_int_equal(series->intervals, 384);
	assert_int_equal(facts.filled, 192);
	for (uint32_t i = 192; i < 288; i++)
		assert_true(series->power_uw[2 * i] == series->power_uw[2 * (i - 96)]);
	ec_series_free(series);
	options.gaps = EC_GAPS_ZERO;
	series = import_text(room, options);
	assert_true(ec_series_register_wh(series, 0, 192 * 900) ==
	            ec_series_register_wh(series, 0, 288 * 900));
	assert_said("warning: 192 values were missing, up to 96 in a row, and are taken as 0");
	ec_series_free(series);
}

static void short_gaps_and_empty_cells_are_filled_and_stated(void **state)
{
	(void)state;
	static char room[65536];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_text_add(&text, "time,a,b\n");
	rows_add(&text, 0, 100, ',');
	ec_text_add(&text, "2021-06-22T01:00:00Z,,700\n2021-06-22T01:15:00Z,NaN,701\n");
	rows_add(&text, 106, 200, ',');
	struct ec_series *series = import_text(room, plain);
	assert_int_equal(facts.filled, 2 + 2 * 4);
	assert_said("up to 6 in a row"); /* of column a: two empty cells, four rows */
	assert_true(series->power_uw[2 * 100] == series->power_uw[2 * 4]);
	assert_true(series->power_uw[2 * 100 + 1] == 700000000);
	ec_series_free(series);
}

static void an_empty_tail_of_one_column_is_named(void **state)
{
	(void)state;
	static char room[65536];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_text_add(&text, "time;first;second\n");
	rows_add(&text, 0, 96, ';');
	for (uint32_t i = 96; i < 120; i++)
		ec_text_add(&text, "2021-06-22 %02u:%02u:00Z;300,5;\n", i / 4 % 24, i % 4 * 15);
	assert_refused(room, plain, ":121: column 3 'second': no value from 2021-06-22T00:00Z");
	struct ec_import_options options = {.gaps = EC_GAPS_REFUSE};
	assert_refused(room, options, "column 3 'second': no value");
}

static void shuffled_rows_semicolons_and_commas_read_the_same(void **state)
{
	(void)state;
	static char room[2][65536];
	struct ec_text sorted = ec_text_over(room[0], sizeof room[0]);
	struct ec_text shuffled = ec_text_over(room[1], sizeof room[1]);
	ec_text_add(&sorted, "time,a\n");
	ec_text_add(&shuffled, "\xef\xbb\xbf\"time\";\"a\"\r\n\r\n");
	for (uint32_t i = 0; i < 96; i++) {
		uint32_t k = i * 37 % 96;
		ec_text_add(&sorted, "2021-06-21T%02u:%02u:00Z,%u.25\n", i / 4, i % 4 * 15,
		            300 + i);
		ec_text_add(&shuffled, "2021-06-21 %02u:%02u:00+00:00 ; \"%u,25\"\r\n", k / 4,
		            k % 4 * 15, 300 + k);
	}
	struct ec_series *first = import_text(room[0], plain);
	assert_int_equal(facts.out_of_order, 0);
	struct ec_series *second = import_text(room[1], plain);
	assert_true(facts.out_of_order > 20);
	assert_said("rows were out of order and are sorted");
	assert_memory_equal(first->power_uw, second->power_uw, 96 * sizeof(uint64_t));
	assert_string_equal(second->name[0], "a");
	assert_int_equal(first->power_uw[1], 301250000);
	ec_series_free(first);
	ec_series_free(second);
}

static void gzip_is_found_by_content_and_damage_is_refused(void **state)
{
	(void)state;
	static char room[65536];
	static uint8_t packed[65536];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_text_add(&text, "time,a,b\n");
	rows_add(&text, 0, 300, ',');
	z_stream stream = {0};
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
	                 Z_OK);
	stream.next_in = (Bytef *)room;
	stream.avail_in = (uInt)text.size;
	stream.next_out = packed;
	stream.avail_out = sizeof packed;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t size = stream.total_out;
	deflateEnd(&stream);
	struct ec_series *series = import_bytes(packed, size, plain);
	assert_int_equal(series->intervals, 300);
	ec_series_free(series);
	assert_null(import_bytes(packed, size - 20, plain));
	assert_said("the file is damaged after this line: copy it again");
	packed[size / 2] ^= 0x55;
	assert_null(import_bytes(packed, size, plain));
}

static void repeated_rows_are_dropped_and_contradictions_refused(void **state)
{
	(void)state;
	const char *twice = "time,a\n2021-06-21T00:00Z,500\n2021-06-21T00:15Z,510\n"
			    "2021-06-21T00:15Z,510.0\n2021-06-21T00:30Z,520\n";
	struct ec_series *series = import_text(twice, plain);
	assert_int_equal(series->intervals, 3);
	assert_int_equal(facts.repeated_rows, 1);
	ec_series_free(series);
	assert_refused("time,a\n2021-06-21T00:00Z,500\n2021-06-21T00:15Z,510\n"
	               "2021-06-21T00:15Z,511\n2021-06-21T00:30Z,520\n",
	               plain,
	               ":4: column 1 'time': 2021-06-21T00:15 stands in line 3 too, with "
	               "other values");
}

static void odd_columns_are_stated(void **state)
{
	(void)state;
	struct ec_series *series = import_text("time,a,flat,none,double,twice,a\n"
	                                       "2021-06-21T00:00Z,500,300,0,1000,500,-7\n"
	                                       "2021-06-21T00:15Z,410,300,0,820,410,600\n"
	                                       "2021-06-21T00:30Z,620,300,0,1240,620,80\n",
	                                       plain);
	assert_non_null(series);
	assert_said("warning: column 'flat' never changes");
	assert_said("warning: column 'none' is 0 all along");
	assert_said("warning: column 'double' is 'a' times 2 all along");
	assert_said("warning: column 'twice' repeats 'a' value by value");
	assert_said("warning: two columns are named 'a': 2 and 7");
	assert_said("warning: 1 values are below zero, the first in 'a': taken as 0");
	assert_int_equal(facts.warnings, 6);
	assert_int_equal(series->power_uw[5], 0);
	ec_series_free(series);
}

static void units_by_column_and_by_magnitude(void **state)
{
	(void)state;
	struct ec_series *series = import_text("time,load_kW\n2021-06-21T00:00Z,0.5\n"
	                                       "2021-06-21T00:15Z,0.25\n",
	                                       plain);
	assert_int_equal(series->power_uw[1], 250000000);
	assert_int_equal(facts.unit, EC_UNIT_KW);
	ec_series_free(series);
	series = import_text("time,load [Wh]\n2021-06-21T00:00Z,125\n2021-06-21T00:15Z,100\n",
	                     plain);
	assert_int_equal(series->power_uw[0], 500000000);
	ec_series_free(series);
	assert_refused("time,load_kW\n2021-06-21T00:00Z,500\n2021-06-21T00:15Z,250\n", plain,
	               ":2: column 2 'load_kW': 500 is taken as kW, but that is 3.75e+05 W on "
	               "average: it looks like W; say --unit W");
	/* One column in kW among others in W. */
	const char *mixed = "time,a,b,c\n2021-06-21T00:00Z,500,0.4,600\n"
			    "2021-06-21T00:15Z,450,0.6,300\n";
	assert_refused(mixed, plain, ":3: column 3 'b': 0.6 is taken as W");
	series = import_text(mixed, (struct ec_import_options){.unit = EC_UNIT_W});
	assert_said("taken as W, b uses 0.5 W on average: it looks like kW");
	ec_series_free(series);
	assert_refused("time,a_W,b_kW\n2021-06-21T00:00Z,500,1\n2021-06-21T00:15Z,450,1\n", plain,
	               ":1: column 3 'b_kW': is in kW, but 'a_W' is in W");
	assert_refused("time,pv_pu\n2021-06-21T00:00Z,0\n2021-06-21T00:15Z,3.5\n",
	               (struct ec_import_options){.rated_w = 5000},
	               ":3: column 2 'pv_pu': 3.5 times");
}

static void local_time_is_refused_where_the_clock_changes(void **state)
{
	(void)state;
	static char room[65536];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_text_add(&text, "time,a\n");
	for (uint32_t i = 0; i < 96; i++)
		if (i / 4 != 2)
			ec_text_add(&text, "2021-03-28 %02u:%02u,%u\n", i / 4, i % 4 * 15, 300 + i);
	assert_refused(room, plain,
	               ":10: column 1 'time': 2021-03-28T03:00 comes after "
	               "2021-03-28T01:45: local time over a clock change; say whose with --tz CET");
	struct ec_series *series = import_text(room, (struct ec_import_options){.tz = "CET"});
	assert_int_equal(series->intervals, 92);
	assert_int_equal(facts.filled, 0);
	ec_series_free(series);
	assert_refused(room, (struct ec_import_options){.tz = "Atlantis"},
	               "--tz Atlantis is not known");
	assert_refused("time,a\n2021-03-28T02:15,500\n2021-03-28T02:30,510\n",
	               (struct ec_import_options){.tz = "CET"},
	               ":2: column 1 'time': 2021-03-28T02:15 does not exist on the clock of CET");
	/* A clock that does not change shows no mark, and is said to be taken as UTC. */
	series = import_text(
		"time,a\n2021-03-28T00:00,490\n2021-03-28T01:00,500\n2021-03-28T02:00,510\n"
		"2021-03-28T03:00,520\n",
		plain);
	assert_said("taken as UTC; their clock does not change in March or October");
	ec_series_free(series);
}

static void broken_files_name_line_and_remedy(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "the file is empty"},
		{"time,a\n", "0 rows, where at least 2 are needed"},
		{"time\n2021-06-21T00:00Z\n", ":1: 1 columns, where a time and 1 to"},
		{"2021-06-21T00:00Z,5\n2021-06-21T00:15Z,6\n", "put a line with names first"},
		{"time,a\n2021-06-21T00:00Z,5,6\n", ":2: column 1 'time': 3 fields, but 2 columns"},
		{"time,a\n21.06.2021 00:00,5\n",
	         ":2: column 1 'time': '21.06.2021 00:00' is no time"},
		{"time,a\n2021-06-21T00:00Z,five\n", ":2: column 2 'a': 'five' is no number"},
		{"time,a\n2021-06-21T00:00Z,\"5\n", ":2: column 1 'time': a quote is opened"},
		{"time,a\n2021-06-21T00:00Z,500\n2021-06-21T00:15,600\n",
	         ":3: column 1 'time': '2021-06-21T00:15' has no offset, unlike"},
		{"time,a\n2021-06-21T00:00Z,500\n2021-06-21T00:15Z,600\n2021-06-21T00:30Z,600\n"
	         "2021-06-21T00:37Z,600\n",
	         ":5: column 1 'time': 2021-06-21T00:37 does not fit intervals of 900 s"},
		{"time,a\n2021-06-21T00:00Z,500\n2025-06-21T00:15Z,600\n",
	         "no two rows are a day or less apart"},
		{"time,a\n1021-06-21T00:00:00Z,500\n1021-06-21T00:00:01Z,500\n"
	         "2021-06-21T00:15:00Z,600\n",
	         "days apart, too far at intervals of 1 s"},
		{"time,a\n2021-06-21T00:00Z,9000000000\n2021-06-21T00:15Z,9000000000\n",
	         "too large to be power of homes"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(cases[i].text, (struct ec_import_options){.unit = EC_UNIT_KW},
		               cases[i].words);
	static char line[EC_SERIES_COLUMNS_MAX * 400];
	memset(line, 'x', sizeof line - 2);
	line[0] = 't';
	line[sizeof line - 2] = '\n';
	assert_refused(line, plain, ":1: the line is longer than 256 KiB");
	assert_null(import(&(struct ec_import_options){.path = "/nowhere/x.csv"}));
	assert_said("refused: x.csv: cannot be opened: No such file or directory");
}

static void registers_are_exact_between_and_beyond(void **state)
{
	(void)state;
	struct ec_series *series = import_text("time,a\n2021-06-21T00:00Z,1\n2021-06-21T00:15Z,2\n",
	                                       (struct ec_import_options){.unit = EC_UNIT_KW});
	assert_int_equal(ec_series_register_wh(series, 0, 0), 0);
	assert_int_equal(ec_series_register_wh(series, 0, 450), 125);
	assert_int_equal(ec_series_register_wh(series, 0, 900), 250);
	assert_int_equal(ec_series_register_wh(series, 0, 1350), 500);
	assert_int_equal(ec_series_register_wh(series, 0, 1800), 750);
	assert_int_equal(ec_series_register_wh(series, 0, 1800 + 450), 875);
	assert_true(ec_series_register_wh(series, 0, (uint64_t)1800 * 1000000000) == 750000000000);
	ec_series_free(series);
}

static void a_peak_that_no_home_has_is_warned_of(void **state)
{
	(void)state;
	char text[8192] = "time,a_W\n";
	size_t size = strlen(text);
	for (int i = 0; i < 96; i++)
		size += (size_t)snprintf(text + size, sizeof text - size,
		                         "2021-06-21T%02d:%02dZ,%d\n", i / 4, i % 4 * 15,
		                         i == 7 ? 400000 : 500);
	struct ec_series *series = import_text(text, (struct ec_import_options){0});
	assert_non_null(series);
	assert_said("warning: line 9: column 2 'a_W' reaches 4e+05 W, more than any home's");
	ec_series_free(series);
}

static void what_is_no_utf_8_is_named(void **state)
{
	(void)state;
	assert_refused("\xff\xfet,a\n2021-06-21T00:00Z,500\n", (struct ec_import_options){0},
	               ":1: this is no text in UTF-8");
}

static void the_remedy_names_the_option_of_this_file(void **state)
{
	(void)state;
	const struct ec_import_options pv = {.unit_option = "--pv-unit", .rated_w = 5000};
	assert_refused("time,pv1_pu\n2021-06-21T00:00Z,0\n2021-06-21T00:15Z,4000\n", pv,
	               "4000 times the rated power is no panel: say --pv-unit kW or --pv-unit W");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thirty_homes_of_tum),
		cmocka_unit_test(panels_of_lemlab),
		cmocka_unit_test(doubled_columns_and_kilowatts_of_gse),
		cmocka_unit_test(local_time_of_belgian_prices),
		cmocka_unit_test(a_missing_day_is_refused_unless_told),
		cmocka_unit_test(short_gaps_and_empty_cells_are_filled_and_stated),
		cmocka_unit_test(an_empty_tail_of_one_column_is_named),
		cmocka_unit_test(shuffled_rows_semicolons_and_commas_read_the_same),
		cmocka_unit_test(gzip_is_found_by_content_and_damage_is_refused),
		cmocka_unit_test(repeated_rows_are_dropped_and_contradictions_refused),
		cmocka_unit_test(odd_columns_are_stated),
		cmocka_unit_test(units_by_column_and_by_magnitude),
		cmocka_unit_test(local_time_is_refused_where_the_clock_changes),
		cmocka_unit_test(broken_files_name_line_and_remedy),
		cmocka_unit_test(a_peak_that_no_home_has_is_warned_of),
		cmocka_unit_test(what_is_no_utf_8_is_named),
		cmocka_unit_test(the_remedy_names_the_option_of_this_file),
		cmocka_unit_test(registers_are_exact_between_and_beyond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
