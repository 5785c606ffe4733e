/* envelope_test.c - envelopes and batches: made, read, checked, and every flipped byte refused. */
#include "base/test.h"
#include "ledger/envelope_scan.h"
#include "ledger/test_world.h"

static const uint8_t note[] = {0x82, 0x06, 0x43, 1, 2, 3};

static struct world small_world(uint32_t flags)
{
	return world_make(&(struct world_plan){.members = 4, .authors = 2, .flags = flags});
}

static void what_is_made_is_read(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct ec_envelope envelope;
	ec_hash id;
	char why[128];
	struct ec_batch_item item =
		world_envelope(&world, 1, EC_LANE_STRICT + 7, 12, note, sizeof note, &id);
	assert_true(ec_envelope_check(world.genesis, &ec_crypto_ed25519, item.envelope, &envelope,
	                              why, sizeof why));
	assert_memory_equal(envelope.author, world.author[1].key, 32);
	assert_int_equal(envelope.lane, EC_LANE_STRICT + 7);
	assert_int_equal(envelope.sequence, 12);
	assert_int_equal(envelope.kind, 6);
	assert_int_equal(envelope.body_items, 1);
	struct ec_view body = ec_cbor_bytes(&envelope.body, 3);
	assert_int_equal(body.size, 3);
	assert_true(ec_hash_equal(&envelope.id, &id));
	uint8_t salt[EC_SALT_SIZE];
	ec_envelope_salt(&world.author[1], &id, salt);
	assert_memory_equal(salt, item.salt, sizeof salt);
	world_envelope_end(&item);
	world_end(&world);
}

static void every_flipped_byte_is_refused_with_a_reason(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct ec_envelope envelope;
	char why[128];
	struct ec_batch_item item = world_envelope(&world, 0, 0, 1, note, sizeof note, NULL);
	uint8_t *bytes = (uint8_t *)(uintptr_t)item.envelope.data;
	for (size_t i = 0; i < item.envelope.size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1 << bit);
			why[0] = '\0';
			assert_false(ec_envelope_check(world.genesis, &ec_crypto_ed25519,
			                               item.envelope, &envelope, why, sizeof why));
			assert_true(strlen(why) > 8);
			bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	for (size_t size = 0; size < item.envelope.size; size++)
		assert_false(
			ec_envelope_read(ec_slice(item.envelope, 0, size), &envelope, NULL, 0));
	world_envelope_end(&item);
	world_end(&world);
}

static void unsigned_groups_take_only_zeros(void **state)
{
	(void)state;
	struct world world = small_world(EC_GENESIS_UNSIGNED);
	struct ec_envelope envelope;
	struct ec_batch_item item = world_envelope(&world, 0, 0, 1, note, sizeof note, NULL);
	uint8_t *bytes = (uint8_t *)(uintptr_t)item.envelope.data;
	assert_true(ec_envelope_check(world.genesis, &ec_crypto_ed25519, item.envelope, &envelope,
	                              NULL, 0));
	bytes[item.envelope.size - 1] = 1;
	char why[128];
	assert_false(ec_envelope_check(world.genesis, &ec_crypto_ed25519, item.envelope, &envelope,
	                               why, sizeof why));
	assert_string_equal(why, "envelope: a signature in an unsigned group");
	world_envelope_end(&item);
	world_end(&world);
}

static void another_groups_envelope_is_refused(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct world other = world_make(&(struct world_plan){.group = "other", .members = 4});
	struct ec_envelope envelope;
	char why[128];
	struct ec_batch_item item = world_envelope(&world, 0, 0, 1, note, sizeof note, NULL);
	assert_false(ec_envelope_check(other.genesis, &ec_crypto_ed25519, item.envelope, &envelope,
	                               why, sizeof why));
	assert_string_equal(why, "envelope: it names another group's genesis");
	world_envelope_end(&item);
	world_end(&world);
	world_end(&other);
}

static void large_envelopes_are_made_and_bounded(void **state)
{
	(void)state;
	struct world world = small_world(0);
	static uint8_t data[WORLD_ENVELOPE_MAX], payload[WORLD_ENVELOPE_MAX + 16];
	struct ec_envelope envelope;
	char why[128];
	size_t size = world_note(data, 4000, payload, sizeof payload);
	struct ec_batch_item item = world_envelope(&world, 0, 0, 1, payload, size, NULL);
	assert_true(ec_envelope_check(world.genesis, &ec_crypto_ed25519, item.envelope, &envelope,
	                              why, sizeof why));
	world_envelope_end(&item);
	size = world_note(data, sizeof data, payload, sizeof payload);
	item = world_envelope(&world, 0, 0, 1, payload, size, NULL);
	assert_false(ec_envelope_check(world.genesis, &ec_crypto_ed25519, item.envelope, &envelope,
	                               why, sizeof why));
	assert_non_null(strstr(why, "this group takes 8192"));
	world_envelope_end(&item);
	world_end(&world);
}

/* Both readers of the form agree on whatever numbers an envelope has, and on every byte changed. */
static void the_readers_agree(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct ec_envelope scanned, parsed;
	static const uint64_t numbers[] = {1,     23,    24,         255,        256,
	                                   65535, 65536, 4294967295, 4294967296, INT64_MAX};
	static const uint64_t lanes[] = {0, 1, 23, 24, 255, 256, 999, 1000, 1001, EC_LANE_MAX};
	for (size_t n = 0; n < 10; n++) {
		struct ec_batch_item item =
			world_envelope(&world, 0, lanes[n], numbers[n], note, sizeof note, NULL);
		uint8_t *bytes = (uint8_t *)(uintptr_t)item.envelope.data;
		assert_true(envelope_scan(item.envelope, &scanned));
		assert_true(envelope_parse(item.envelope, &parsed, NULL, 0));
		assert_int_equal(scanned.sequence, numbers[n]);
		assert_int_equal(scanned.lane, lanes[n]);
		assert_int_equal(parsed.lane, lanes[n]);
		for (size_t i = 0; i < item.envelope.size; i++) {
			for (uint32_t value = 0; value < 256; value++) {
				uint8_t old = bytes[i];
				bytes[i] = (uint8_t)value;
				bool one = envelope_scan(item.envelope, &scanned);
				assert_int_equal(envelope_parse(item.envelope, &parsed, NULL, 0),
				                 one);
				assert_true(!one || scanned.expiry_ns == parsed.expiry_ns);
				bytes[i] = old;
			}
		}
		world_envelope_end(&item);
	}
	world_end(&world);
}

static void batches_are_read_as_written(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_batch_item item[3], read;
	for (uint32_t i = 0; i < 3; i++)
		item[i] = world_envelope(&world, 0, 0, i + 1, note, sizeof note, NULL);
	struct ec_bytes bytes = world_batch(&world, pool, 2, 77, true, item, 3);
	struct ec_batch batch;
	assert_true(ec_batch_read(bytes, 3, &batch));
	assert_int_equal(batch.submitter, 2);
	assert_int_equal(batch.stamp_ns, 77);
	assert_true(batch.close);
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(ec_batch_next(&batch, &read));
		assert_true(ec_bytes_equal(read.envelope, item[i].envelope));
		assert_memory_equal(read.salt, item[i].salt, EC_SALT_SIZE);
	}
	assert_false(ec_batch_next(&batch, &read));
	assert_int_equal(batch.at.error, EC_CBOR_OK);
	assert_false(ec_batch_read(bytes, 2, &batch));
	uint32_t signatures;
	assert_true(ec_batch_check(world.genesis, &ec_crypto_ed25519, bytes, &signatures));
	assert_int_equal(signatures, 3);
	for (uint32_t i = 0; i < 3; i++)
		world_envelope_end(&item[i]);
	ec_drop(bytes);
	ec_pool_free(pool);
	world_end(&world);
}

/* A flip of the batch's own fields or of a salt leaves a batch; any other is refused. */
static void flipped_bytes_of_a_batch(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_batch_item item = world_envelope(&world, 0, 0, 1, note, sizeof note, NULL);
	struct ec_bytes bytes = world_batch(&world, pool, 1, 1000, false, &item, 1);
	size_t first = bytes.size - 34 - item.envelope.size, salt = bytes.size - 32;
	uint32_t signatures;
	for (size_t i = first; i < salt; i++) {
		ec_writable(bytes)[i] ^= 1;
		assert_false(ec_batch_check(world.genesis, &ec_crypto_ed25519, bytes, &signatures));
		ec_writable(bytes)[i] ^= 1;
	}
	for (size_t size = 0; size < bytes.size; size++)
		assert_false(ec_batch_check(world.genesis, &ec_crypto_ed25519,
		                            ec_slice(bytes, 0, size), &signatures));
	world_envelope_end(&item);
	ec_drop(bytes);
	ec_pool_free(pool);
	world_end(&world);
}

static void a_tick_is_a_batch_of_nothing(void **state)
{
	(void)state;
	struct world world = small_world(0);
	struct ec_pool *pool = ec_pool_new(0);
	struct ec_bytes bytes = world_batch(&world, pool, 3, 5, true, NULL, 0);
	struct ec_batch batch;
	struct ec_batch_item item;
	assert_true(ec_batch_read(bytes, 1024, &batch));
	assert_int_equal(batch.count, 0);
	assert_false(ec_batch_next(&batch, &item));
	assert_int_equal(batch.at.error, EC_CBOR_OK);
	ec_drop(bytes);
	ec_pool_free(pool);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_read),
		cmocka_unit_test(every_flipped_byte_is_refused_with_a_reason),
		cmocka_unit_test(unsigned_groups_take_only_zeros),
		cmocka_unit_test(another_groups_envelope_is_refused),
		cmocka_unit_test(large_envelopes_are_made_and_bounded),
		cmocka_unit_test(the_readers_agree),
		cmocka_unit_test(batches_are_read_as_written),
		cmocka_unit_test(flipped_bytes_of_a_batch),
		cmocka_unit_test(a_tick_is_a_batch_of_nothing),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
