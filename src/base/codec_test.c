/* codec_test.c - fixed fields: what is written is read, what is missing is said once and for all.
 */
#include "base/codec.h"

#include "base/test.h"

static size_t sample_write(uint8_t *data, size_t size_max)
{
	const ec_hash hash = {{1, 2, 3}};
	struct ec_writer writer = ec_writer_over(data, size_max);
	ec_write_u8(&writer, 0xab);
	ec_write_u16(&writer, 0x1234);
	ec_write_u32(&writer, 0xdeadbeef);
	ec_write_u64(&writer, 0x0102030405060708);
	ec_write_hash(&writer, &hash);
	ec_write_block(&writer, "block", 5);
	ec_write_raw(&writer, "", 0);
	assert_int_equal(ec_writer_ok(&writer), writer.size <= size_max);
	return writer.size;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	uint8_t data[128];
	size_t size = sample_write(data, sizeof data), block;
	assert_int_equal(size, 1 + 2 + 4 + 8 + 32 + 4 + 5);
	assert_memory_equal(data, "\xab\x34\x12\xef\xbe\xad\xde\x08\x07", 9); /* little-endian */
	struct ec_reader reader = ec_reader_over(data, size);
	assert_int_equal(ec_read_u8(&reader), 0xab);
	assert_int_equal(ec_read_u16(&reader), 0x1234);
	assert_int_equal(ec_read_u32(&reader), 0xdeadbeef);
	assert_true(ec_read_u64(&reader) == 0x0102030405060708);
	ec_hash hash = ec_read_hash(&reader);
	assert_memory_equal(hash.b, "\1\2\3\0", 4);
	assert_false(ec_reader_done(&reader));
	assert_memory_equal(ec_read_block(&reader, 5, &block), "block", 5);
	assert_int_equal(block, 5);
	assert_true(ec_reader_done(&reader));
}

static void any_cut_is_bad_and_stays_bad(void **state)
{
	(void)state;
	uint8_t data[128];
	size_t size = sample_write(data, sizeof data), block;
	for (size_t cut = 0; cut < size; cut++) {
		struct ec_reader reader = ec_reader_over(data, cut);
		ec_read_u8(&reader);
		ec_read_u16(&reader);
		ec_read_u32(&reader);
		ec_read_u64(&reader);
		ec_read_hash(&reader);
		assert_null(ec_read_block(&reader, 5, &block));
		assert_int_equal(block, 0);
		assert_true(reader.bad);
		assert_false(ec_reader_done(&reader));
		assert_int_equal(ec_read_u8(&reader), 0);
		assert_null(ec_read_raw(&reader, 0));
	}
}

static void a_block_meets_its_bound(void **state)
{
	(void)state;
	static const uint8_t long_one[] = {6, 0, 0, 0, 1, 2, 3, 4, 5, 6};
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1};
	size_t size;
	struct ec_reader reader = ec_reader_over(long_one, sizeof long_one);
	assert_null(ec_read_block(&reader, 5, &size));
	assert_int_equal(size, 0);
	reader = ec_reader_over(huge, sizeof huge);
	assert_null(ec_read_block(&reader, SIZE_MAX, &size));
	assert_true(reader.bad);
}

static void a_writer_never_passes_its_end(void **state)
{
	(void)state;
	uint8_t data[128];
	size_t size = sample_write(NULL, 0);
	for (size_t room = 0; room <= size; room++) {
		memset(data, 0xcc, sizeof data);
		assert_int_equal(sample_write(data, room), size);
		for (size_t i = room; i < sizeof data; i++)
			assert_int_equal(data[i], 0xcc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(any_cut_is_bad_and_stays_bad),
		cmocka_unit_test(a_block_meets_its_bound),
		cmocka_unit_test(a_writer_never_passes_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
