/* cbor_test.c - the CBOR codec against RFC 8949 appendix A, and against what it must refuse. */
#include "base/cbor.h"
#include "base/cbor_copy_test.h"
#include "base/hex_test.h"
#include "base/shared_test.h"

#include "base/test.h"

#include <jansson.h>
#include <math.h>

enum { BYTES_MAX = 512, TEXT_MAX = 1024 };

/* What a reader that takes the whole says about it. */
static struct ec_cbor read_all(const uint8_t *data, size_t size)
{
	struct ec_cbor cbor = ec_cbor_over(data, size);
	ec_cbor_skip(&cbor);
	ec_cbor_done(&cbor);
	return cbor;
}

static void assert_rewritten(const uint8_t *data, size_t size)
{
	uint8_t again[BYTES_MAX];
	struct ec_cbor in = ec_cbor_over(data, size);
	struct ec_cbor_writer out = ec_cbor_writer_over(again, sizeof again);
	struct ec_cbor_writer count = ec_cbor_writer_over(NULL, 0);
	while (!in.error && in.frame[in.depth].left) {
		struct ec_cbor before = in;
		cbor_copy(&in, &out);
		cbor_copy(&before, &count);
	}
	assert_true(ec_cbor_done(&in));
	assert_true(ec_cbor_writer_ok(&out));
	assert_false(ec_cbor_writer_ok(&count));
	assert_int_equal(count.out.size, size);
	assert_int_equal(out.out.size, size);
	assert_memory_equal(again, data, size);
}

static void assert_said(json_t *vector, const char *text)
{
	json_t *diagnostic = json_object_get(vector, "diagnostic");
	json_t *decoded = json_object_get(vector, "decoded");
	if (diagnostic) {
		assert_string_equal(text, json_string_value(diagnostic));
		return;
	}
	if (strncmp(text, "2(h'", 4) == 0 || strncmp(text, "3(h'", 4) == 0)
		return; /* a bignum: the vector holds its value, the notation its parts */
	json_t *ours = json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
	assert_non_null(ours);
	assert_true(json_equal(ours, decoded));
	json_decref(ours);
}

/* What appendix A shows and deterministic encoding refuses. */
static const struct {
	const char *hex;
	enum ec_cbor_error error;
} refused[] = {
	{"fa7fc00000", EC_CBOR_NOT_SHORTEST},
	{"fb7ff8000000000000", EC_CBOR_NOT_SHORTEST},
	{"fa7f800000", EC_CBOR_NOT_SHORTEST},
	{"faff800000", EC_CBOR_NOT_SHORTEST},
	{"fb7ff0000000000000", EC_CBOR_NOT_SHORTEST},
	{"fbfff0000000000000", EC_CBOR_NOT_SHORTEST},
	{"f818", EC_CBOR_RESERVED},
	{"5f42010243030405ff", EC_CBOR_INDEFINITE},
	{"7f657374726561646d696e67ff", EC_CBOR_INDEFINITE},
	{"9fff", EC_CBOR_INDEFINITE},
	{"9f018202039f0405ffff", EC_CBOR_INDEFINITE},
	{"9f01820203820405ff", EC_CBOR_INDEFINITE},
	{"83018202039f0405ff", EC_CBOR_INDEFINITE},
	{"83019f0203ff820405", EC_CBOR_INDEFINITE},
	{"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", EC_CBOR_INDEFINITE},
	{"bf61610161629f0203ffff", EC_CBOR_INDEFINITE},
	{"826161bf61626163ff", EC_CBOR_INDEFINITE},
	{"bf6346756ef563416d7421ff", EC_CBOR_INDEFINITE},
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

static void vectors_of_appendix_a(void **state)
{
	(void)state;
	char path[512];
	if (!ec_shared_path(path, sizeof path, "vectors/cbor-appendix-a/appendix_a.json"))
		return;
	json_t *vectors = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
	assert_non_null(vectors);
	size_t index, accepted = 0, rejected = 0;
	json_t *vector;
	json_array_foreach(vectors, index, vector)
	{
		const char *hex = json_string_value(json_object_get(vector, "hex"));
		uint8_t data[BYTES_MAX];
		char said[TEXT_MAX];
		size_t size = unhex(hex, data, sizeof data), i = 0;
		struct ec_text text = ec_text_over(said, sizeof said);
		while (i < REFUSED && strcmp(refused[i].hex, hex) != 0)
			i++;
		bool good = ec_cbor_diagnose(data, size, &text);
		if (i < REFUSED) {
			assert_false(good);
			assert_int_equal(read_all(data, size).error, refused[i].error);
			rejected++;
			continue;
		}
		if (!good)
			fail_msg("%s: %s", hex, said);
		assert_said(vector, said);
		assert_rewritten(data, size);
		accepted++;
	}
	json_decref(vectors);
	printf("appendix A: %zu accepted and written again, %zu refused\n", accepted, rejected);
	assert_int_equal(rejected, REFUSED);
	assert_int_equal(accepted, 82 - REFUSED);
}

/* Bytes, what is wrong with them, and where. */
static const struct {
	const char *hex;
	enum ec_cbor_error error;
	uint32_t at;
} malformed[] = {
	{"", EC_CBOR_CUT, 0},
	{"18", EC_CBOR_CUT, 0},
	{"1817", EC_CBOR_NOT_SHORTEST, 0},
	{"190018", EC_CBOR_NOT_SHORTEST, 0},
	{"1a0000ffff", EC_CBOR_NOT_SHORTEST, 0},
	{"1b00000000ffffffff", EC_CBOR_NOT_SHORTEST, 0},
	{"3800", EC_CBOR_NOT_SHORTEST, 0},
	{"5801aa", EC_CBOR_NOT_SHORTEST, 0},
	{"980101", EC_CBOR_NOT_SHORTEST, 0},
	{"d80100", EC_CBOR_NOT_SHORTEST, 0},
	{"1c", EC_CBOR_RESERVED, 0},
	{"1f", EC_CBOR_RESERVED, 0},
	{"dfff", EC_CBOR_RESERVED, 0},
	{"ff", EC_CBOR_INDEFINITE, 0},
	{"8201ff", EC_CBOR_INDEFINITE, 2},
	{"f800", EC_CBOR_RESERVED, 0},
	{"f814", EC_CBOR_RESERVED, 0},
	{"f81f", EC_CBOR_RESERVED, 0},
	{"fc", EC_CBOR_RESERVED, 0},
	{"fa3fc00000", EC_CBOR_NOT_SHORTEST, 0},
	{"fb3ff8000000000000", EC_CBOR_NOT_SHORTEST, 0},
	{"fb3ff0000020000000", EC_CBOR_NOT_SHORTEST, 0},
	{"f97e01", EC_CBOR_NOT_SHORTEST, 0},
	{"fa7fc00001", EC_CBOR_NOT_SHORTEST, 0},
	{"41", EC_CBOR_CUT, 0},
	{"5affffffff00", EC_CBOR_CUT, 0},
	{"5bffffffffffffffff00", EC_CBOR_CUT, 0},
	{"9bffffffffffffffff00", EC_CBOR_CUT, 0},
	{"bb7fffffffffffffff00", EC_CBOR_CUT, 0},
	{"bb800000000000000000", EC_CBOR_CUT, 0},
	{"8201", EC_CBOR_CUT, 0},
	{"a101", EC_CBOR_CUT, 0},
	{"c1", EC_CBOR_CUT, 0},
	{"82c100", EC_CBOR_CUT, 3},
	{"0000", EC_CBOR_TRAILING, 1},
	{"8000", EC_CBOR_TRAILING, 1},
	{"a201000100", EC_CBOR_KEY_TWICE, 3},
	{"a202000100", EC_CBOR_KEY_ORDER, 3},
	{"a220000100", EC_CBOR_KEY_ORDER, 3},
	{"a2626161006162f6", EC_CBOR_KEY_ORDER, 5},
	{"a2616200616100", EC_CBOR_KEY_ORDER, 4},
	{"a1f400", EC_CBOR_KEY_TYPE, 1},
	{"a1800000", EC_CBOR_KEY_TYPE, 1},
	{"a1c10000", EC_CBOR_KEY_TYPE, 1},
	{"a1f93c0000", EC_CBOR_KEY_TYPE, 1},
	{"a101a2186400185000", EC_CBOR_KEY_ORDER, 6},
	{"61ff", EC_CBOR_UTF8, 0},
	{"62c080", EC_CBOR_UTF8, 0},
	{"63eda080", EC_CBOR_UTF8, 0},
	{"63e08080", EC_CBOR_UTF8, 0},
	{"64f4908080", EC_CBOR_UTF8, 0},
	{"64f8808080", EC_CBOR_UTF8, 0},
	{"61c3", EC_CBOR_UTF8, 0},
	{"62c328", EC_CBOR_UTF8, 0},
};

static void refusals_name_reason_and_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		uint8_t data[BYTES_MAX];
		struct ec_cbor cbor = read_all(data, unhex(malformed[i].hex, data, sizeof data));
		if (cbor.error != malformed[i].error || cbor.error_at != malformed[i].at)
			fail_msg("%s: error %d at %u", malformed[i].hex, cbor.error, cbor.error_at);
	}
}

static void depth_and_size_are_bounded(void **state)
{
	(void)state;
	static const uint8_t openers[] = {0x81, 0xc1};
	for (size_t i = 0; i < sizeof openers; i++) {
		uint8_t data[EC_CBOR_DEPTH_MAX + 2];
		memset(data, openers[i], sizeof data);
		data[EC_CBOR_DEPTH_MAX] = 0;
		assert_int_equal(read_all(data, EC_CBOR_DEPTH_MAX + 1).error, EC_CBOR_OK);
		data[EC_CBOR_DEPTH_MAX] = openers[i];
		data[EC_CBOR_DEPTH_MAX + 1] = 0;
		struct ec_cbor cbor = read_all(data, sizeof data);
		assert_int_equal(cbor.error, EC_CBOR_DEEP);
		assert_int_equal(cbor.error_at, EC_CBOR_DEPTH_MAX);
	}
	struct ec_cbor cbor = ec_cbor_over("", (size_t)EC_CBOR_SIZE_MAX + 1);
	assert_int_equal(ec_cbor_peek(&cbor), EC_CBOR_END);
	assert_false(ec_cbor_done(&cbor));
	assert_int_equal(cbor.error, EC_CBOR_LARGE);
}

static void verbs_check_type_and_bound(void **state)
{
	(void)state;
	static const uint8_t data[] = {0x84, 0x05, 0x43, 1, 2, 3, 0x61, 'a', 0xf5};
	struct ec_cbor cbor = ec_cbor_over(data, sizeof data);
	char said[TEXT_MAX];
	assert_int_equal(ec_cbor_array(&cbor, 4), 4);
	struct ec_cbor start = cbor;
	assert_int_equal(ec_cbor_uint(&cbor, 5), 5);
	assert_int_equal(ec_cbor_bytes(&cbor, 3).size, 3);
	assert_memory_equal(ec_cbor_text(&cbor, 1).data, "a", 1);
	assert_true(ec_cbor_bool(&cbor));
	assert_true(ec_cbor_done(&cbor));
	cbor = start;
	assert_int_equal(ec_cbor_uint(&cbor, 4), 0);
	assert_int_equal(cbor.error, EC_CBOR_RANGE);
	assert_null(ec_cbor_bytes(&cbor, 3).data);
	cbor = start;
	ec_cbor_skip(&cbor);
	assert_null(ec_cbor_bytes(&cbor, 2).data);
	assert_int_equal(cbor.error, EC_CBOR_LARGE);
	cbor = start;
	ec_cbor_text(&cbor, 9);
	struct ec_text text = ec_text_over(said, sizeof said);
	ec_cbor_explain(&cbor, &text);
	assert_string_equal(said, "byte 1: a text string was expected, an unsigned integer stands "
	                          "there");
	cbor = start;
	ec_cbor_uint(&cbor, 9);
	uint8_t four[4] = {9, 9, 9, 9};
	ec_cbor_bytes_exact(&cbor, four, sizeof four);
	assert_int_equal(cbor.error, EC_CBOR_REFUSED);
	assert_int_equal(four[0], 0);
	cbor = ec_cbor_over(data, sizeof data);
	ec_cbor_array_exact(&cbor, 3);
	assert_int_equal(cbor.error, EC_CBOR_REFUSED);
	cbor = start;
	ec_cbor_uint(&cbor, 9);
	ec_cbor_refuse(&cbor);
	assert_int_equal(cbor.error_at, 1);
}

static void integers_meet_the_ends_of_their_range(void **state)
{
	(void)state;
	static const int64_t values[] = {
		INT64_MIN, INT64_MIN + 1, -65537, -257, -25, -24, -1, 0, 23, 24, INT64_MAX};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		uint8_t data[16];
		struct ec_cbor_writer writer = ec_cbor_writer_over(data, sizeof data);
		ec_cbor_write_int(&writer, values[i]);
		assert_true(ec_cbor_writer_ok(&writer));
		struct ec_cbor cbor = ec_cbor_over(data, writer.out.size);
		assert_true(ec_cbor_int(&cbor) == values[i]);
		assert_true(ec_cbor_done(&cbor));
	}
	static const char *const outside[] = {"1b8000000000000000", "3b8000000000000000"};
	for (size_t i = 0; i < 2; i++) {
		uint8_t data[16];
		struct ec_cbor cbor = ec_cbor_over(data, unhex(outside[i], data, sizeof data));
		assert_int_equal(ec_cbor_int(&cbor), 0);
		assert_int_equal(cbor.error, EC_CBOR_RANGE);
	}
}

static void floats_keep_their_value_in_the_shortest_width(void **state)
{
	(void)state;
	static const struct {
		double value;
		size_t size;
	} cases[] = {
		{0.0, 3},       {-0.0, 3},           {1.5, 3},         {65504, 3},
		{65505, 5},     {65536, 5},          {0x1p-14, 3},     {0x1p-24, 3},
		{0x1p-25, 5},   {0x1.8p-24, 5},      {0x1.ff8p-15, 3}, {0x1.ffcp-15, 5},
		{100000, 5},    {0x1p-149, 5},       {0x1p-150, 9},    {0x1.fffffep127, 5},
		{0x1p128, 9},   {0x1.ffffffp127, 9}, {0.1, 9},         {1e300, 9},
		{0x1p-1074, 9}, {HUGE_VAL, 3},       {-HUGE_VAL, 3},   {-4.1, 9},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t data[16];
		struct ec_cbor_writer writer = ec_cbor_writer_over(data, sizeof data);
		ec_cbor_write_float64(&writer, cases[i].value);
		assert_int_equal(writer.out.size, cases[i].size);
		struct ec_cbor cbor = ec_cbor_over(data, writer.out.size);
		double value = ec_cbor_float64(&cbor);
		assert_true(ec_cbor_done(&cbor));
		assert_memory_equal(&value, &cases[i].value, sizeof value);
	}
}

/* Every half is the shortest form of its value, but for NaNs, of which there is one. */
static void every_half_reads_and_writes_again(void **state)
{
	(void)state;
	uint32_t nans = 0;
	for (uint32_t half = 0; half < 65536; half++) {
		const uint8_t data[] = {0xf9, (uint8_t)(half >> 8), (uint8_t)half};
		struct ec_cbor cbor = ec_cbor_over(data, sizeof data);
		ec_cbor_float64(&cbor);
		bool nan = (half & 0x7c00) == 0x7c00 && (half & 0x3ff);
		if (ec_cbor_done(&cbor))
			assert_rewritten(data, sizeof data);
		else
			nans++;
		assert_int_equal(cbor.error, nan && half != 0x7e00 ? EC_CBOR_NOT_SHORTEST : 0);
	}
	assert_int_equal(nans, 2 * 1023 - 1);
}

static void a_writer_that_is_too_small_says_so(void **state)
{
	(void)state;
	uint8_t data[4] = {0};
	struct ec_cbor_writer writer = ec_cbor_writer_over(data, 3);
	ec_cbor_write_map(&writer, 2);
	ec_cbor_write_uint(&writer, 1);
	ec_cbor_write_string(&writer, "long");
	ec_cbor_write_uint(&writer, 2);
	ec_cbor_write_null(&writer);
	assert_false(ec_cbor_writer_ok(&writer));
	assert_int_equal(writer.out.size, 9);
	assert_int_equal(data[3], 0);
}

static void diagnosis_escapes_and_shows_the_error(void **state)
{
	(void)state;
	uint8_t data[BYTES_MAX];
	char said[TEXT_MAX];
	struct ec_text text = ec_text_over(said, sizeof said);
	size_t size = unhex("83a2016361220a20c1820180c243010203f7", data, sizeof data);
	assert_true(ec_cbor_diagnose(data, size, &text));
	assert_string_equal(said,
	                    "[{1: \"a\\\"\\u000a\", -1: 1([1, []])}, 2(h'010203'), undefined]");
	text = ec_text_over(said, sizeof said);
	assert_false(ec_cbor_diagnose(data, size - 1, &text));
	assert_non_null(strstr(said, "byte 17: the bytes end inside an item"));
	char little[8];
	text = ec_text_over(little, sizeof little);
	assert_true(ec_cbor_diagnose(data, size, &text));
	assert_true(text.cut);
	assert_string_equal(little, "[{1: \"a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_appendix_a),
		cmocka_unit_test(refusals_name_reason_and_place),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(verbs_check_type_and_bound),
		cmocka_unit_test(integers_meet_the_ends_of_their_range),
		cmocka_unit_test(floats_keep_their_value_in_the_shortest_width),
		cmocka_unit_test(every_half_reads_and_writes_again),
		cmocka_unit_test(a_writer_that_is_too_small_says_so),
		cmocka_unit_test(diagnosis_escapes_and_shows_the_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
