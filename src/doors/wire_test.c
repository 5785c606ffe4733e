/* wire_test.c - every message survives its frame, and no other bytes are taken for one. */
#include "base/test.h"
#include "base/prng.h"
#include "doors/wire.h"

#include <stdio.h>

enum { ROOM = 4096 };

static struct ec_bytes text(const char *at)
{
	return (struct ec_bytes){.data = (const uint8_t *)at, .size = strlen(at)};
}

static const struct ec_door_request *requests(size_t *count)
{
	static struct ec_door_request all[15];
	all[0] = (struct ec_door_request){.kind = EC_DOOR_HELLO, .version = EC_DOOR_VERSION};
	all[1] = (struct ec_door_request){.kind = EC_DOOR_SUBMIT,
	                                  .token = 7,
	                                  .flags = EC_DOOR_PROMISE,
	                                  .salt = {1, 2, 3},
	                                  .envelope = text("an envelope")};
	all[2] = (struct ec_door_request){.kind = EC_DOOR_QUERY,
	                                  .token = UINT64_MAX,
	                                  .at = EC_AT_CERTIFIED,
	                                  .min_seq = 1ull << 40,
	                                  .prefix = true,
	                                  .limit = EC_DOOR_LIMIT_MAX,
	                                  .name = text("trade/"),
	                                  .after = text("trade/9")};
	all[3] = (struct ec_door_request){.kind = EC_DOOR_RECEIPT, .token = 9, .id = {{4, 5}}};
	all[4] = (struct ec_door_request){.kind = EC_DOOR_STATE_PROOF, .name = text("a")};
	all[5] = (struct ec_door_request){.kind = EC_DOOR_RESULT, .id = {{6}}};
	all[6] = (struct ec_door_request){.kind = EC_DOOR_STATUS, .token = 1};
	all[7] = (struct ec_door_request){.kind = EC_DOOR_COUNT, .token = 2};
	all[8] = (struct ec_door_request){.kind = EC_DOOR_FOLLOW, .token = 3};
	all[9] = (struct ec_door_request){
		.kind = EC_DOOR_TIE, .token = 4, .block = 7, .seq = 1ull << 40};
	all[10] = (struct ec_door_request){.kind = EC_DOOR_BEACON, .token = 5, .block = 1ull << 41};
	all[11] = (struct ec_door_request){.kind = EC_DOOR_DEPTH, .token = 4, .id = {{8}}};
	all[12] = (struct ec_door_request){.kind = EC_DOOR_STORE,
	                                   .token = 6,
	                                   .at = EC_AT_LATEST,
	                                   .prefix = true,
	                                   .limit = 10,
	                                   .name = text("a"),
	                                   .after = text("ab")};
	all[13] = (struct ec_door_request){.kind = EC_DOOR_WATCH,
	                                   .token = 7,
	                                   .revision = 1ull << 50,
	                                   .index = 3,
	                                   .limit = 9,
	                                   .name = text("site/")};
	all[14] = (struct ec_door_request){.kind = EC_DOOR_LEAD,
	                                   .token = 8,
	                                   .key = {9, 8},
	                                   .era = 3,
	                                   .view = 1ull << 45,
	                                   .signature = {7, 6}};
	*count = 15;
	return all;
}

static const uint8_t items[] = "\1\0\0\0n\2\0\0\0vv\2\0\0\0nn\0\0\0";

static void answers_of_store(struct ec_door_answer out[2])
{
	out[0] = (struct ec_door_answer){
		.kind = EC_DOOR_DONE, .id = {{5}}, .seq = 9, .detail = text("a detail")};
	out[1] = (struct ec_door_answer){.kind = EC_DOOR_CHANGES,
	                                 .seq = 10,
	                                 .certified = 9,
	                                 .revision = 90,
	                                 .next_revision = 80,
	                                 .next_index = 3,
	                                 .more = true,
	                                 .count = 2,
	                                 .items = {.data = items, .size = sizeof items}};
}

static const struct ec_door_answer *answers(size_t *count)
{
	static struct ec_door_answer all[13];
	all[0] = (struct ec_door_answer){.kind = EC_DOOR_WELCOME,
	                                 .version = 1,
	                                 .genesis = {{1}},
	                                 .key = {2},
	                                 .envelope_max = 65536,
	                                 .network = text("net"),
	                                 .group = text("cell")};
	all[1] = (struct ec_door_answer){.kind = EC_DOOR_ACCEPTED,
	                                 .token = 1,
	                                 .id = {{3}},
	                                 .deadline_ns = 1234567890123456789u,
	                                 .signature = {9, 9}};
	all[2] = (struct ec_door_answer){.kind = EC_DOOR_DONE,
	                                 .token = 2,
	                                 .id = {{4}},
	                                 .code = 3,
	                                 .seq = 5,
	                                 .index = 6,
	                                 .text = text("the gate is closed")};
	all[3] = (struct ec_door_answer){.kind = EC_DOOR_REFUSED,
	                                 .reason = EC_REASON_BUSY,
	                                 .retry_ms = 250,
	                                 .text = text("full")};
	all[4] = (struct ec_door_answer){.kind = EC_DOOR_VALUES,
	                                 .seq = 10,
	                                 .certified = 9,
	                                 .time_ns = 8,
	                                 .more = true,
	                                 .count = 2,
	                                 .items = {.data = items, .size = sizeof items}};
	all[5] = (struct ec_door_answer){
		.kind = EC_DOOR_PROOF, .lookup = 0, .proof = text("a proof")};
	all[6] = (struct ec_door_answer){
		.kind = EC_DOOR_OUTCOME, .lookup = 1, .code = 2, .seq = 3, .index = 4};
	all[7] = (struct ec_door_answer){.kind = EC_DOOR_TEXT, .text = text("{}")};
	all[8] = (struct ec_door_answer){.kind = EC_DOOR_COUNTS,
	                                 .seq = 1,
	                                 .ids = 2,
	                                 .ids_hash = {{3}},
	                                 .state_root = {{4}},
	                                 .syncs = 5,
	                                 .signatures = 6,
	                                 .messages = 7,
	                                 .bytes = 8};
	all[9] = (struct ec_door_answer){.kind = EC_DOOR_CERTIFIED, .seq = 4, .header = text("h")};
	all[10] = (struct ec_door_answer){
		.kind = EC_DOOR_BYE, .reason = EC_REASON_IDLE, .text = text("bye")};
	answers_of_store(all + 11);
	*count = 13;
	return all;
}

/* Whatever is read from a frame writes the same frame again. */
static void every_request_survives_its_frame(void **state)
{
	(void)state;
	size_t count;
	const struct ec_door_request *all = requests(&count);
	for (size_t i = 0; i < count; i++) {
		uint8_t frame[ROOM], again[ROOM];
		size_t size = ec_door_request_write(&all[i], frame, sizeof frame);
		assert_true(size > 4 && size <= sizeof frame);
		assert_int_equal(size, ec_door_request_write(&all[i], NULL, 0));
		struct ec_door_request got;
		assert_true(ec_door_request_read(frame + 4, size - 4, &got));
		assert_int_equal(got.kind, all[i].kind);
		assert_true(got.token == all[i].token);
		assert_true(got.min_seq == all[i].min_seq && got.limit == all[i].limit);
		assert_true(got.block == all[i].block && got.seq == all[i].seq);
		assert_true(ec_bytes_equal(got.name, all[i].name));
		assert_true(ec_bytes_equal(got.envelope, all[i].envelope));
		assert_memory_equal(got.salt, all[i].salt, sizeof got.salt);
		assert_int_equal(ec_door_request_write(&got, again, sizeof again), size);
		assert_memory_equal(again, frame, size);
	}
}

static void every_answer_survives_its_frame(void **state)
{
	(void)state;
	size_t count;
	const struct ec_door_answer *all = answers(&count);
	for (size_t i = 0; i < count; i++) {
		uint8_t frame[ROOM], again[ROOM];
		size_t size = ec_door_answer_write(&all[i], frame, sizeof frame);
		struct ec_door_answer got;
		assert_true(ec_door_answer_read(frame + 4, size - 4, &got));
		assert_int_equal(got.kind, all[i].kind);
		assert_true(got.seq == all[i].seq && got.code == all[i].code);
		assert_int_equal(got.reason, all[i].reason);
		assert_true(ec_bytes_equal(got.text, all[i].text));
		assert_int_equal(ec_door_answer_write(&got, again, sizeof again), size);
		assert_memory_equal(again, frame, size);
	}
}

static void a_frame_cut_or_lengthened_anywhere_is_refused(void **state)
{
	(void)state;
	size_t count;
	uint8_t frame[ROOM];
	struct ec_door_request request;
	struct ec_door_answer answer;
	const struct ec_door_request *asked = requests(&count);
	for (size_t i = 0; i < count; i++) {
		size_t size = ec_door_request_write(&asked[i], frame, sizeof frame) - 4;
		for (size_t cut = 0; cut < size; cut++)
			assert_false(ec_door_request_read(frame + 4, cut, &request));
		frame[4 + size] = 0;
		assert_false(ec_door_request_read(frame + 4, size + 1, &request));
	}
	const struct ec_door_answer *said = answers(&count);
	for (size_t i = 0; i < count; i++) {
		size_t size = ec_door_answer_write(&said[i], frame, sizeof frame) - 4;
		for (size_t cut = 0; cut < size; cut++)
			assert_false(ec_door_answer_read(frame + 4, cut, &answer));
		frame[4 + size] = 0;
		assert_false(ec_door_answer_read(frame + 4, size + 1, &answer));
	}
}

static bool query_is_taken(struct ec_door_request request)
{
	uint8_t frame[ROOM];
	size_t size = ec_door_request_write(&request, frame, sizeof frame);
	return ec_door_request_read(frame + 4, size - 4, &request);
}

static void a_query_out_of_bounds_is_refused(void **state)
{
	(void)state;
	static const uint8_t long_name[EC_DOOR_NAME_MAX + 1];
	struct ec_door_request good = {.kind = EC_DOOR_QUERY, .limit = 1, .name = text("x")};
	assert_true(query_is_taken(good));
	struct ec_door_request bad = good;
	bad.limit = 0;
	assert_false(query_is_taken(bad));
	bad.limit = EC_DOOR_LIMIT_MAX + 1;
	assert_false(query_is_taken(bad));
	bad = good;
	bad.at = 3;
	assert_false(query_is_taken(bad));
	bad = good;
	bad.name = EC_NO_BYTES;
	assert_false(query_is_taken(bad));
	bad.prefix = true;
	assert_true(query_is_taken(bad));
	bad.name = (struct ec_bytes){.data = long_name, .size = sizeof long_name};
	assert_false(query_is_taken(bad));
	bad = good;
	bad.after = text("only with a prefix");
	assert_false(query_is_taken(bad));
}

static void items_come_out_as_they_went_in(void **state)
{
	(void)state;
	size_t count;
	struct ec_door_answer values = answers(&count)[4];
	struct ec_bytes name, value;
	assert_true(ec_door_item_next(&values, &name, &value));
	assert_true(ec_bytes_equal(name, text("n")) && ec_bytes_equal(value, text("vv")));
	assert_true(ec_door_item_next(&values, &name, &value));
	assert_true(ec_bytes_equal(name, text("nn")) && value.size == 0);
	assert_false(ec_door_item_next(&values, &name, &value));
}

/* Whatever is accepted must write the same bytes again: no two frames mean the same. */
static void random_bytes_are_refused_or_mean_one_thing(void **state)
{
	(void)state;
	struct ec_prng prng;
	ec_prng_seed(&prng, 1);
	uint32_t taken = 0;
	for (int round = 0; round < 200000; round++) {
		size_t count, size;
		uint8_t frame[ROOM], again[ROOM];
		const struct ec_door_request *all = requests(&count);
		size = ec_door_request_write(&all[ec_prng_below(&prng, count)], frame,
		                             sizeof frame);
		size_t flips = 1 + ec_prng_below(&prng, 3);
		while (flips--)
			frame[4 + ec_prng_below(&prng, size - 4)] = (uint8_t)ec_prng_next(&prng);
		struct ec_door_request got;
		if (!ec_door_request_read(frame + 4, size - 4, &got))
			continue;
		taken++;
		assert_int_equal(ec_door_request_write(&got, again, sizeof again), size);
		assert_memory_equal(again + 4, frame + 4, size - 4);
	}
	assert_true(taken > 1000);
}

static void a_promise_is_the_text_of_the_formats(void **state)
{
	(void)state;
	uint8_t promise[EC_DOOR_PROMISE_SIZE];
	ec_hash id = {{0xaa, 0xbb}};
	ec_door_promise(&id, 0x0102030405060708, promise);
	assert_memory_equal(promise, "edgecord/accepted/1\xaa\xbb\0", 22);
	assert_memory_equal(promise + 51, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
}

static void kinds_and_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(ec_door_kind_name(EC_DOOR_HELLO), "HELLO");
	assert_string_equal(ec_door_kind_name(EC_DOOR_FOLLOW), "FOLLOW");
	assert_string_equal(ec_door_kind_name(EC_DOOR_WELCOME), "WELCOME");
	assert_string_equal(ec_door_kind_name(EC_DOOR_BYE), "BYE");
	assert_string_equal(ec_door_kind_name(30), "?");
	assert_string_equal(ec_reason_name(EC_REASON_STOPPING), "stopping");
	assert_string_equal(ec_reason_name(999), "unknown");
	for (unsigned reason = 0; reason < EC_REASON_COUNT; reason++)
		assert_true(ec_reason_status(reason) >= 200 && ec_reason_status(reason) < 600 &&
		            ec_reason_status(reason) != 500);
	assert_int_equal(ec_reason_status(999), 500);
}

/* docs/doors.md lists each reason as src/doors/reason.h does. */
static void the_page_lists_every_reason(void **state)
{
	(void)state;
	static char page[65536], row[512];
	FILE *file = fopen("docs/doors.md", "r");
	assert_non_null(file);
	page[fread(page, 1, sizeof page - 1, file)] = 0;
	fclose(file);
	for (unsigned i = 1; i < EC_REASON_COUNT; i++) {
		snprintf(row, sizeof row, "| %u | `%s` | %u | %s | %s |\n", i, ec_reason_name(i),
		         ec_reason_status(i), ec_reason_text(i), ec_reason_remedy(i));
		if (!strstr(page, row))
			fail_msg("docs/doors.md has no row %s", row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_survives_its_frame),
		cmocka_unit_test(every_answer_survives_its_frame),
		cmocka_unit_test(a_frame_cut_or_lengthened_anywhere_is_refused),
		cmocka_unit_test(a_query_out_of_bounds_is_refused),
		cmocka_unit_test(items_come_out_as_they_went_in),
		cmocka_unit_test(random_bytes_are_refused_or_mean_one_thing),
		cmocka_unit_test(a_promise_is_the_text_of_the_formats),
		cmocka_unit_test(the_page_lists_every_reason),
		cmocka_unit_test(kinds_and_reasons_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
