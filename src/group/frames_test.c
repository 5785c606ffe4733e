/* frames_test.c - frames and records: there and back, and no broken one gets through. */
#include "base/prng.h"
#include "base/test.h"
#include "group/frames.h"
#include "group/records.h"

#include <stdlib.h>

static struct ec_bytes text(const char *at)
{
	return (struct ec_bytes){.data = (const uint8_t *)at, .size = strlen(at)};
}

static struct ec_frame message(void)
{
	return (struct ec_frame){.kind = EC_FRAME_MESSAGE,
	                         .era = 3,
	                         .seq = 1ull << 60,
	                         .index = 1,
	                         .name = {{1, 2, 3}},
	                         .block = {text("head"), text("proof"), text("a body")}};
}

static void test_there_and_back(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_frame frame = message(), read;
	struct ec_bytes bytes = ec_frame_write(pool, &frame);
	assert_int_equal(bytes.size, EC_FRAME_HEAD_SIZE + 12 + 4 + 5 + 6);
	assert_true(ec_frame_read(bytes, &read));
	assert_int_equal(read.era, frame.era);
	assert_int_equal(read.seq, frame.seq);
	assert_int_equal(read.index, 1);
	assert_memory_equal(&read.name, &frame.name, sizeof read.name);
	for (int i = 0; i < 3; i++)
		assert_true(ec_bytes_equal(read.block[i], frame.block[i]));
	ec_drop(bytes);
	ec_pool_free(pool);
}

static void test_cut_and_prolonged_frames_are_refused(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_frame frame = message(), read;
	struct ec_bytes bytes = ec_frame_write(pool, &frame);
	for (size_t size = 0; size < bytes.size; size++)
		assert_false(ec_frame_read(ec_slice(bytes, 0, size), &read));
	uint8_t longer[256];
	memcpy(longer, bytes.data, bytes.size);
	assert_false(
		ec_frame_read((struct ec_bytes){.data = longer, .size = bytes.size + 1}, &read));
	longer[0] = EC_FRAME_KINDS;
	assert_false(ec_frame_read((struct ec_bytes){.data = longer, .size = bytes.size}, &read));
	ec_drop(bytes);
	ec_pool_free(pool);
}

/* Whatever is read stays inside what came. */
static void test_mutations_stay_inside(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_frame frame = message(), read;
	struct ec_bytes bytes = ec_frame_write(pool, &frame);
	struct ec_prng prng;
	ec_prng_seed(&prng, 11);
	for (int i = 0; i < 20000; i++) {
		uint8_t *at = malloc(bytes.size);
		memcpy(at, bytes.data, bytes.size);
		for (int k = 0; k < 3; k++)
			at[ec_prng_below(&prng, bytes.size)] = (uint8_t)ec_prng_next(&prng);
		struct ec_bytes other = {.data = at, .size = bytes.size};
		if (ec_frame_read(other, &read))
			for (int k = 0; k < EC_FRAME_BLOCKS_MAX; k++)
				if (read.block[k].size) {
					assert_true(read.block[k].data >= at);
					assert_true(read.block[k].data + read.block[k].size <=
					            at + bytes.size);
				}
		free(at);
	}
	ec_drop(bytes);
	ec_pool_free(pool);
}

static void append(struct records *records, enum record_kind kind, uint64_t era, uint64_t seq,
                   bool cut)
{
	records_append(records, &(struct record){.kind = kind, .era = era, .seq = seq, .cut = cut});
}

static void test_a_cut_frees_what_it_replaces_once_durable(void **state)
{
	(void)state;
	struct records records = {0};
	append(&records, RECORD_PROTOCOL, 1, 5, false);
	append(&records, RECORD_PROTOCOL, 1, 9, false);
	append(&records, RECORD_SIGNED, 1, 4, false);
	append(&records, RECORD_PROTOCOL, 1, 7, true);
	for (int i = 0; i < 3; i++)
		records_durable(&records);
	assert_int_equal(records_trim(&records), 0);
	records_durable(&records);
	assert_int_equal(records_trim(&records), 1); /* 5; then 9 is spared and stands first */
	append(&records, RECORD_PROTOCOL, 1, 9, true);
	records_durable(&records);
	assert_int_equal(records_trim(&records), 1);
	append(&records, RECORD_SIGNED, 1, 6, false);
	records_durable(&records);
	assert_int_equal(records_trim(&records), 2); /* the older mark and the older cut */
	records_era(&records, 2);
	assert_int_equal(records_trim(&records), 1);
	assert_int_equal(records.count, 1);
	records_free(&records);
}

static void test_records_there_and_back(void **state)
{
	(void)state;
	struct ec_pool *pool = ec_pool_new(0);
	struct record record = {.kind = RECORD_PROTOCOL,
	                        .cut = true,
	                        .era = 2,
	                        .seq = 77,
	                        .hash = {{9}},
	                        .head = text("head"),
	                        .body = text("body")};
	struct record read;
	struct ec_bytes bytes = record_write(pool, &record);
	assert_true(record_read(bytes, &read));
	assert_true(read.cut && read.era == 2 && read.seq == 77 && read.hash.b[0] == 9);
	assert_true(ec_bytes_equal(read.head, record.head));
	assert_true(ec_bytes_equal(read.body, record.body));
	for (size_t size = 0; size < bytes.size; size++)
		assert_false(record_read(ec_slice(bytes, 0, size), &read));
	ec_drop(bytes);
	ec_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_cut_and_prolonged_frames_are_refused),
		cmocka_unit_test(test_mutations_stay_inside),
		cmocka_unit_test(test_a_cut_frees_what_it_replaces_once_durable),
		cmocka_unit_test(test_records_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
