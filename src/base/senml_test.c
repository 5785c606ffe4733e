/* senml_test.c - a reading has one form: what is written is read, and nothing else is. */
#include "base/senml.h"
#include "base/test.h"

#include <string.h>

static struct ec_reading reading(void)
{
	struct ec_reading it = {.name = "home-01/",
	                        .time_s = 1750000500,
	                        .import_wh = 70000,
	                        .export_wh = 12,
	                        .chained = true,
	                        .uncertain = true,
	                        .correction = EC_CORRECTION_VALUE};
	memset(it.previous.b, 0xa5, sizeof it.previous.b);
	return it;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	for (int bits = 0; bits < 4; bits++) {
		uint8_t bytes[EC_SENML_SIZE_MAX];
		struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
		struct ec_reading it = reading(), again;
		it.uncertain = bits & 1;
		if (bits & 2) {
			it.chained = false;
			memset(it.previous.b, 0, sizeof it.previous.b);
		}
		ec_senml_write(&writer, &it);
		struct ec_cbor cbor = ec_cbor_over(bytes, writer.out.size);
		assert_true(ec_senml_read(&cbor, &again));
		assert_memory_equal(&it, &again, sizeof it);
	}
}

static void another_byte_is_another_reading_or_none(void **state)
{
	(void)state;
	uint8_t bytes[EC_SENML_SIZE_MAX];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	struct ec_reading it = reading(), again;
	ec_senml_write(&writer, &it);
	size_t size = writer.out.size, accepted = 0;
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 1;
		struct ec_cbor cbor = ec_cbor_over(bytes, size);
		if (ec_senml_read(&cbor, &again) && ec_cbor_done(&cbor)) {
			accepted++;
			assert_memory_not_equal(&it, &again, sizeof it);
		}
		bytes[i] ^= 1;
	}
	assert_in_range(accepted, 33, 59); /* the chain's id, numbers, name */
	for (size_t i = 0; i < size; i++) {
		struct ec_cbor cbor = ec_cbor_over(bytes, i);
		assert_false(ec_senml_read(&cbor, &again));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(another_byte_is_another_reading_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
