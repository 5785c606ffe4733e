/* member_transfer_test.c - members that lost everything, or never had it, get the state of others.
 */
#include "base/test.h"
#include "group/member_fake.h"

enum { FILL_VALUES = 4, FILL_SIZE = 8000 };

static bool fill_check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	(void)kind;
	ec_cbor_uint(&body, UINT32_MAX);
	return items == 1 && body.error == EC_CBOR_OK;
}

static bool fill_parameters(struct ec_bytes parameters)
{
	return parameters.size == 0;
}

/* A transaction that leaves much state. */
static enum ec_result fill_execute(struct ec_scratch *scratch, struct ec_bytes parameters,
                                   uint64_t kind, const struct ec_transaction *transaction)
{
	uint8_t value[FILL_SIZE], name[33];
	struct ec_prng prng;
	(void)parameters;
	(void)kind;
	memcpy(name, transaction->id.b, 32);
	ec_prng_seed(&prng, transaction->position);
	for (uint32_t k = 0; k < FILL_VALUES; k++) {
		for (size_t i = 0; i < sizeof value; i++)
			value[i] = (uint8_t)ec_prng_next(&prng);
		name[32] = (uint8_t)k;
		ec_state_put(scratch, name, sizeof name, value, sizeof value);
	}
	return EC_RESULT_DONE;
}

static uint64_t fill_due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	(void)scratch;
	(void)parameters;
	return UINT64_MAX;
}

static const struct ec_service fill_service = {.name = "fill",
                                               .kind_first = 2,
                                               .kind_last = 2,
                                               .check = fill_check,
                                               .parameters_check = fill_parameters,
                                               .execute = fill_execute,
                                               .due = fill_due};
static const struct ec_service *const services[] = {&fill_service, NULL};
static struct ec_service_entry fill_entry = {.name = "fill"};

static struct cluster *filled(uint64_t seed, uint32_t spare)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 4,
	                                                       .spare = spare,
	                                                       .authors = 4,
	                                                       .protocols = protocols,
	                                                       .services = services,
	                                                       .service = &fill_entry,
	                                                       .service_count = 1});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

static uint32_t fill(struct cluster *c, uint32_t count, uint64_t token)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t payload[16];
		struct ec_cbor_writer writer = ec_cbor_writer_over(payload, sizeof payload);
		ec_cbor_write_array(&writer, 2);
		ec_cbor_write_uint(&writer, 2);
		ec_cbor_write_uint(&writer, i);
		taken += cluster_submit_payload(c, i % 3, i % 4, token + i, payload,
		                                writer.out.size);
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	return taken;
}

/* As an operator does after a loss: everything is gone, and there is a new era key. */
static void lose_all(struct cluster *c, uint32_t node)
{
	cluster_crash(c, node);
	cluster_wipe(c, node);
	cluster_node(c, node)->era_key = world_secret('n', node);
}

static void come_back_past_a_liar(uint32_t wiped, uint32_t liar)
{
	char says[80];
	struct cluster *c = filled(20, 0);
	uint32_t told = fill(c, 200, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	lose_all(c, wiped);
	cluster_node(c, liar)->liar = true;
	told += fill(c, 20, 1000);
	cluster_start(c, wiped);
	told += fill(c, 100, 2000);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 4);
	struct ec_member_status status = status_of(c, wiped);
	assert_false(status.voter); /* it forgot what it promised: until a roster names its key */
	assert_true(status.fetches >= 1);
	assert_int_equal(status.liar, liar); /* whoever is wiped: a seat, no number of our own */
	snprintf(says, sizeof says, "owner %u sent a wrong chunk of state", liar);
	assert_non_null(strstr(cluster_node(c, wiped)->alarm, says));
	uint64_t state_bytes = told * FILL_VALUES * (FILL_SIZE + 33);
	assert_in_range(status.fetched_bytes, 100 * FILL_VALUES * FILL_SIZE,
	                state_bytes + state_bytes / 5);
	cluster_free(c);
}

static void test_a_wiped_member_comes_back_past_a_liar(void **state)
{
	static const uint32_t pair[][2] = {{3, 1}, {0, 1}, {0, 3}, {2, 1}, {2, 3}};
	(void)state;
	for (size_t i = 0; i < sizeof pair / sizeof pair[0]; i++)
		come_back_past_a_liar(pair[i][0], pair[i][1]);
}

/* It is on its own again when nobody answers, and others serve it when they can. */
static void test_a_silent_helper_is_passed_over(void **state)
{
	(void)state;
	struct cluster *c = filled(21, 0);
	uint32_t told = fill(c, 140, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	lose_all(c, 3);
	cluster_node(c, 1)->silent = true;
	cluster_start(c, 3);
	settle(c, 4);
	assert_true(status_of(c, 3).fetches >= 1);
	assert_string_equal(cluster_node(c, 3)->alarm, "");
	cluster_free(c);
}

/* What was ordered here and waits for a log without room is not executed again when the state of
 * others has gone past it meanwhile. */
static void test_a_log_that_waits_is_passed_by_the_state(void **state)
{
	(void)state;
	for (uint64_t seed = 24; seed < 28; seed++) {
		struct cluster *c = filled(seed, 0);
		uint32_t told = fill(c, 20, 1);
		assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
		cluster_node(c, 3)->log_waits = true;
		told += fill(c, 200, 1000);
		assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
		cluster_run(c, 5 * SECOND, NULL, NULL);
		uint64_t passed = status_of(c, 3).seq;
		assert_true(status_of(c, 3).fetches >= 1);
		cluster_node(c, 3)->log_waits = false;
		told += fill(c, 100, 2000);
		assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
		settle(c, 4);
		assert_true(status_of(c, 3).seq > passed);
		cluster_free(c);
	}
}

/* A state that finds no room on the disk waits for it, at a checkpoint, at the end of an era, and
 * at the end of a transfer; then the member goes on and is equal to the others. */
static void test_a_full_store_waits_and_goes_on(void **state)
{
	(void)state;
	for (uint64_t seed = 30; seed < 36; seed++) {
		struct cluster *c = filled(seed, 0);
		struct cluster_node *node = cluster_node(c, 3);
		uint32_t told = fill(c, 20, 1);
		assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
		ec_store_memory_full(node->store, true);
		uint64_t persisted = status_of(c, 3).persisted;
		if (seed % 3 == 1) {
			change_era(c, 4, 2, 5000);
			told += 3;
		}
		told += fill(c, 200, 1000);
		assert_true(cluster_run(c, 20 * SECOND, told_all, &told));
		cluster_run(c, (1 + seed % 2) * 3 * SECOND, NULL, NULL);
		assert_non_null(strstr(status_of(c, 3).not_ready, "disk is full"));
		assert_string_equal(node->halt, "");
		if (seed % 3 == 2) { /* what was not saved is gone, and comes again */
			cluster_crash(c, 3);
			ec_store_memory_full(node->store, false);
			cluster_start(c, 3);
		}
		ec_store_memory_full(node->store, false);
		told += fill(c, 50, 2000);
		assert_true(cluster_run(c, 20 * SECOND, told_all, &told));
		settle(c, 4);
		assert_true(status_of(c, 3).persisted > persisted);
		cluster_free(c);
	}
}

/* A transfer that finds no room. */
static void test_a_transfer_waits_for_room(void **state)
{
	(void)state;
	struct cluster *c = filled(40, 0);
	uint32_t told = fill(c, 200, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	lose_all(c, 3);
	told += fill(c, 100, 1000);
	cluster_start(c, 3);
	ec_store_memory_full(cluster_node(c, 3)->store, true);
	cluster_run(c, 15 * SECOND, NULL, NULL);
	assert_true(status_of(c, 3).fetches >= 1);
	assert_int_equal(status_of(c, 3).persisted, 0);
	assert_string_equal(cluster_node(c, 3)->halt, "");
	ec_store_memory_full(cluster_node(c, 3)->store, false);
	told += fill(c, 50, 2000);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &told));
	settle(c, 4);
	assert_true(status_of(c, 3).persisted > 0);
	cluster_free(c);
}

static bool era_two(struct cluster *c, void *self)
{
	(void)self;
	for (uint32_t i = 0; i < 5; i++)
		if (status_of(c, i).era != 2)
			return false;
	return true;
}

static void test_a_fifth_member_joins_under_load(void **state)
{
	(void)state;
	struct cluster *c = filled(22, 1);
	uint32_t told = fill(c, 100, 1);
	cluster_node(c, 4)->era_key = world_secret('e', 204);
	cluster_start(c, 4); /* it knows the genesis only, and is in no roster yet */
	cluster_run(c, 100 * MS, NULL, NULL);
	change_era(c, 5, 2, 5000);
	told += 3 + fill(c, 150, 1000);
	assert_true(cluster_run(c, 20 * SECOND, era_two, NULL));
	told += fill(c, 150, 2000);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 5);
	assert_true(status_of(c, 4).voter);
	assert_int_equal(status_of(c, 4).n, 5);
	/* Its vote counts: a quorum of five is four, and one of the old is gone. */
	cluster_crash(c, 1);
	assert_true(cluster_submit(c, 2, 9000));
	told++;
	assert_true(cluster_run(c, 20 * SECOND, told_all, &told));
	cluster_free(c);
}

/* A member that was away while an era passed finds its way by the links from the genesis. */
static void test_who_slept_through_an_era_catches_up(void **state)
{
	(void)state;
	struct cluster *c = filled(23, 0);
	uint32_t told = fill(c, 30, 1);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	cluster_crash(c, 3);
	change_era(c, 4, 2, 5000);
	told += 3 + fill(c, 80, 1000);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	change_era(c, 4, 3, 6000);
	told += 3 + fill(c, 80, 2000);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	cluster_run(c, 40 * SECOND, NULL, NULL); /* the old instances are gone */
	cluster_node(c, 3)->next_key = world_secret('e', 303);
	cluster_start(c, 3);
	settle(c, 4);
	assert_int_equal(status_of(c, 3).era, 3);
	assert_true(status_of(c, 3).voter);
	cluster_free(c);
}

/* All begin again right after a change of era, and nothing more is said: the certificate of the
 * block that ended the era is all that proves the state. */
static void test_the_end_of_an_era_proves_its_state_after_a_restart(void **state)
{
	(void)state;
	struct cluster *c = filled(24, 0);
	uint32_t told = fill(c, 30, 1);
	change_era(c, 4, 2, 5000);
	told += 3;
	assert_true(cluster_run(c, 5 * SECOND, told_all, &told));
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		cluster_crash(c, i);
		cluster_node(c, i)->era_key = cluster_node(c, i)->next_key;
	}
	lose_all(c, 3);
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 20 * SECOND, NULL, NULL);
	assert_int_equal(status_of(c, 0).era, 2);
	assert_int_equal(status_of(c, 3).era, 2);
	assert_true(status_of(c, 3).seq == status_of(c, 0).seq);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_wiped_member_comes_back_past_a_liar),
		cmocka_unit_test(test_a_silent_helper_is_passed_over),
		cmocka_unit_test(test_a_log_that_waits_is_passed_by_the_state),
		cmocka_unit_test(test_a_full_store_waits_and_goes_on),
		cmocka_unit_test(test_a_transfer_waits_for_room),
		cmocka_unit_test(test_a_fifth_member_joins_under_load),
		cmocka_unit_test(test_who_slept_through_an_era_catches_up),
		cmocka_unit_test(test_the_end_of_an_era_proves_its_state_after_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
