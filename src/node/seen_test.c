/* seen_test.c - a second copy of a batch is not checked again, a bad one is refused each time. */
#include "node/seen.h"

#include "base/test.h"
#include "consensus/pbft/pbft.h"
#include "group/frames.h"
#include "ledger/test_world.h"

static struct world world;
static struct ec_pool *pool;
static struct ec_store *store;
static struct seen *seen;
static struct ec_member *member;

static int begin(void **state)
{
	(void)state;
	static const struct ec_protocol *const protocols[] = {&ec_pbft, NULL};
	static const struct ec_service *const services[] = {NULL};
	world = world_make(&(struct world_plan){.members = 4, .authors = 2});
	pool = ec_pool_new(0);
	store = ec_store_memory();
	seen = seen_new();
	struct ec_member_config config = {.genesis = world.genesis,
	                                  .crypto = &ec_crypto_ed25519,
	                                  .protocols = protocols,
	                                  .services = services,
	                                  .store = store,
	                                  .pool = pool,
	                                  .identity = world.identity[0],
	                                  .era_key = world.era[0],
	                                  .seen = seen_by(seen)};
	char why[200];
	member = ec_member_open(&config, why, sizeof why);
	return member ? 0 : 1;
}

static int end(void **state)
{
	(void)state;
	ec_member_close(member);
	seen_free(seen);
	store->close(store);
	ec_pool_free(pool);
	world_end(&world);
	return 0;
}

/* A frame with a batch of one note by member 1; its signature is spoilt when `bad`. */
static struct ec_bytes frame_of(uint64_t sequence, bool bad)
{
	uint8_t payload[64];
	size_t size = world_note("hello", 5, payload, sizeof payload);
	struct ec_batch_item item = world_envelope(&world, 0, 1, sequence, payload, size, NULL);
	struct ec_bytes batch = world_batch(&world, pool, 1, 1, true, &item, 1);
	const uint8_t *in = memmem(batch.data, batch.size, item.envelope.data, item.envelope.size);
	assert_non_null(in);
	if (bad) /* an envelope ends with its signature */
		ec_writable(batch)[(size_t)(in - batch.data) + item.envelope.size - 1] ^= 1;
	struct ec_bytes frame =
		ec_frame_write(pool, &(struct ec_frame){.kind = EC_FRAME_BODY, .block = {batch}});
	ec_drop(batch);
	world_envelope_end(&item);
	return frame;
}

static struct ec_checked check(struct ec_bytes frame)
{
	struct ec_checked checked;
	ec_member_check(member, 1, frame, NULL, &checked);
	return checked;
}

static void a_second_copy_is_not_checked_again(void **state)
{
	(void)state;
	struct ec_bytes frame = frame_of(1, false);
	struct ec_checked first = check(frame), second = check(frame);
	assert_true(first.good && second.good);
	assert_int_equal(first.signatures, 1);
	assert_int_equal(second.signatures, 0);
	assert_true(ec_hash_equal(&first.digest, &second.digest));
	ec_drop(frame);
}

static void a_bad_one_is_refused_each_time(void **state)
{
	(void)state;
	struct ec_bytes frame = frame_of(2, true);
	for (uint32_t i = 0; i < 3; i++) {
		struct ec_checked checked = check(frame);
		assert_false(checked.good);
		assert_int_equal(checked.forgery, EC_FORGERY_BATCH);
	}
	ec_drop(frame);
}

static void what_is_long_past_is_checked_again(void **state)
{
	(void)state;
	struct ec_bytes frame = frame_of(3, false);
	assert_int_equal(check(frame).signatures, 1);
	const struct ec_batches_seen by = seen_by(seen);
	ec_hash other = {{1}};
	for (uint32_t i = 0; i < 1000; i++)
		by.add(by.self, &other);
	assert_int_equal(check(frame).signatures, 1);
	assert_int_equal(check(frame).signatures, 0);
	ec_drop(frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_copy_is_not_checked_again),
		cmocka_unit_test(a_bad_one_is_refused_each_time),
		cmocka_unit_test(what_is_long_past_is_checked_again),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, begin, end) : 1;
}
