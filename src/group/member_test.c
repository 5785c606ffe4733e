/* member_test.c - four members over PBFT: commit, crash, restart, outvote, read, keep time. */
#include "base/test.h"
#include "group/member_fake.h"

static void test_envelopes_commit_on_all(void **state)
{
	(void)state;
	enum { COUNT = 300 };
	struct cluster *c = four(1);
	uint32_t count = COUNT, n = 4;
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_true(cluster_submit(c, i % 4, i + 1));
		if (i % 10 == 9)
			cluster_run(c, MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, n);
	assert_int_equal(status_of(c, 0).view, 0);
	assert_int_equal(status_of(c, 0).envelopes_delivered, COUNT);
	cluster_free(c);
}

/* The delay of a lone client: one batch, no waiting for company. */
static void test_one_client_does_not_wait(void **state)
{
	(void)state;
	struct cluster *c = four(2);
	uint64_t worst = 0;
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t count = i + 1;
		uint64_t before = cluster_now(c);
		assert_true(cluster_submit(c, i % 4, i + 1));
		assert_true(cluster_run(c, SECOND, told_all, &count));
		uint64_t took = cluster_now(c) - before;
		worst = took > worst ? took : worst;
	}
	/* Links of at most 1 ms five times, syncs of at most 0.75 ms three times. */
	assert_in_range(worst, 0, 8 * MS);
	cluster_free(c);
}

/* What a gateway gets at one moment is one batch. */
static void test_what_comes_together_goes_together(void **state)
{
	(void)state;
	enum { ROUNDS = 10, EACH = 40 };
	struct cluster *c = four(12);
	uint32_t count = 0, before = status_of(c, 0).batches_delivered;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < 4 * EACH; i++)
			assert_true(cluster_submit(c, i % 4, ++count));
		assert_true(cluster_run(c, SECOND, told_all, &count));
	}
	assert_in_range(status_of(c, 0).batches_delivered - before, 1, 4 * ROUNDS);
	settle(c, 4);
	cluster_free(c);
}

/* Clients that are answered together come again one by one, within a ms: one batch all the same. */
static void test_who_was_answered_together_goes_together(void **state)
{
	(void)state;
	enum { ROUNDS = 30, EACH = 8 };
	struct cluster *c = four(13);
	uint32_t count = 0, before = status_of(c, 0).batches_delivered;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < EACH; i++) {
			assert_true(cluster_submit(c, 1, ++count));
			cluster_run(c, MS / 10, NULL, NULL);
		}
		assert_true(cluster_run(c, SECOND, told_all, &count));
	}
	/* Without waiting for company they are two a round. */
	assert_in_range(status_of(c, 0).batches_delivered - before, ROUNDS, ROUNDS * 3 / 2);
	settle(c, 4);
	cluster_free(c);
}

/* Each client comes again as soon as it is told, until `until` have been. */
static void come_again(struct cluster *c, uint32_t node, uint32_t *count, uint32_t until)
{
	while (told_count(c) < until) {
		uint32_t told = told_count(c);
		cluster_run(c, MS / 20, NULL, NULL);
		for (uint32_t i = told; i < told_count(c); i++)
			assert_true(cluster_submit(c, node, ++*count));
	}
}

/* Two rows of clients, one waiting while the other is under way, become one. */
static void test_two_rows_of_clients_become_one(void **state)
{
	(void)state;
	enum { EACH = 3, ROUNDS = 40 };
	struct cluster *c = four(14);
	uint32_t count = 0;
	for (uint32_t row = 0; row < 2; row++) {
		for (uint32_t i = 0; i < EACH; i++)
			assert_true(cluster_submit(c, 1, ++count));
		cluster_run(c, MS, NULL, NULL);
	}
	come_again(c, 1, &count, 2 * EACH * ROUNDS);
	uint32_t before = status_of(c, 1).batches_delivered, told = told_count(c);
	come_again(c, 1, &count, 2 * EACH * ROUNDS * 2);
	told = told_count(c) - told;
	assert_in_range(status_of(c, 1).batches_delivered - before, 1, told / (2 * EACH) * 5 / 4);
	cluster_free(c);
}

static void submit_many(struct cluster *c, uint32_t node, uint32_t *count, uint32_t more)
{
	for (uint32_t i = 0; i < more; i++)
		assert_true(cluster_submit(c, node, ++*count));
}

/* Of two batches the one that says that the block may end is checked first by the leader. */
static void test_a_batch_that_was_overtaken_keeps_nobody_waiting(void **state)
{
	(void)state;
	enum { ROUNDS = 10, EACH = 300 };
	struct cluster *c = four(77);
	uint32_t count = 0;
	for (uint32_t round = 0; round < ROUNDS; round++) { /* its pace allows several at once */
		submit_many(c, 1, &count, EACH);
		assert_true(cluster_run(c, SECOND, told_all, &count));
	}
	cluster_node(c, 0)->mulls = true;
	submit_many(c, 1, &count, EACH);
	assert_true(cluster_run(c, 200 * MS, told_all, &count));
	settle(c, 4);
	cluster_free(c);
}

static void test_a_dead_leader_is_replaced(void **state)
{
	(void)state;
	struct cluster *c = four(3);
	uint32_t told = 0;
	for (uint32_t round = 0; round < 40; round++) {
		if (round == 10)
			cluster_crash(c, 0);
		for (uint32_t i = 1; i < 4; i++)
			told += cluster_submit(c, i, round * 4 + i);
		cluster_run(c, 5 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 20 * SECOND, told_all, &told));
	assert_true(status_of(c, 1).view > 0);
	cluster_start(c, 0);
	settle(c, 4);
	cluster_free(c);
}

static void test_all_restart_and_nothing_is_lost(void **state)
{
	(void)state;
	struct cluster *c = four(4);
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			cluster_submit(c, i % 4, round * 1000 + i + 1);
			if (i % 4 == 3)
				cluster_run(c, MS, NULL, NULL);
		}
		cluster_run(c, 2 * MS, NULL, NULL);
		for (uint32_t i = 0; i < 4; i++)
			cluster_crash(c, i);
		for (uint32_t i = 0; i < 4; i++)
			cluster_start(c, i);
		cluster_run(c, 200 * MS, NULL, NULL);
	}
	assert_true(told_count(c) > 100);
	settle(c, 4);
	cluster_free(c);
}

static void test_one_restarts_under_load(void **state)
{
	(void)state;
	struct cluster *c = four(5);
	for (uint32_t round = 0; round < 60; round++) {
		uint32_t down = round / 10 % 4;
		if (round % 10 == 3)
			cluster_crash(c, down);
		if (round % 10 == 8)
			cluster_start(c, down);
		for (uint32_t i = 0; i < 4; i++)
			cluster_submit(c, i, round * 10 + i + 1);
		cluster_run(c, 20 * MS, NULL, NULL);
	}
	settle(c, 4);
	assert_true(told_count(c) > 100);
	cluster_free(c);
}

/* Its FETCH begins before it has a link, and what it asks for may be gone when it has one. */
static void test_one_comes_back_far_behind_and_alone(void **state)
{
	(void)state;
	struct cluster *c = four(11);
	uint32_t n = 4;
	for (uint32_t round = 0; round < 500; round++) {
		if (round == 80)
			cluster_crash(c, 3);
		cluster_submit(c, round % 3, round + 1);
		cluster_run(c, 20 * MS, NULL, NULL);
	}
	for (uint32_t i = 0; i < 3; i++)
		cluster_connect(c, 3, i, false);
	cluster_start(c, 3);
	cluster_run(c, SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 3; i++)
		cluster_connect(c, 3, i, true);
	uint64_t before = cluster_now(c);
	assert_true(cluster_run(c, 20 * SECOND, settled, &n));
	assert_true(cluster_fetches(c, 3) > 0);
	assert_in_range(cluster_now(c) - before, 0, 6 * SECOND);
	cluster_free(c);
}

static bool read_came(struct cluster *c, void *self)
{
	return cluster_node(c, 3)->readable == *(const uint64_t *)self;
}

/* A read at one member sees what a client was told at another before. */
static void test_reads_see_what_was_acknowledged(void **state)
{
	(void)state;
	struct cluster *c = four(7);
	for (uint64_t i = 1; i <= 20; i++) {
		uint32_t count = (uint32_t)i;
		assert_true(cluster_submit(c, (uint32_t)i % 3, i));
		assert_true(cluster_run(c, SECOND, told_all, &count));
		assert_int_equal(cluster_read(c, 3, i), EC_ADMITTED);
		assert_true(cluster_run(c, SECOND, read_came, &i));
		uint32_t told;
		const struct cluster_told *last = cluster_told(c, &told) + i - 1;
		struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, 3)->member);
		assert_int_equal(ec_ledger_result(ledger, &last->id, NULL, NULL, NULL), EC_FOUND);
	}
	cluster_free(c);
}

/* Its marker is ordered while it cannot hear of it, and passed over by a state transfer. */
static void test_a_read_outlives_a_state_transfer(void **state)
{
	(void)state;
	struct cluster *c = four(12);
	uint64_t token = 1;
	assert_int_equal(cluster_read(c, 3, token), EC_ADMITTED);
	cluster_run(c, 2 * MS, NULL, NULL);
	for (uint32_t i = 0; i < 3; i++)
		cluster_connect(c, 3, i, false);
	for (uint32_t round = 0; round < 400; round++) {
		cluster_submit(c, round % 3, round + 1);
		cluster_run(c, 20 * MS, NULL, NULL);
	}
	for (uint32_t i = 0; i < 3; i++)
		cluster_connect(c, 3, i, true);
	assert_true(cluster_run(c, 10 * SECOND, read_came, &token));
	assert_true(cluster_fetches(c, 3) > 0);
	cluster_free(c);
}

/* A service that waits for every full second of community time. */
static const char clock_name[] = "clock";

static bool clock_check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	(void)kind;
	(void)body;
	(void)items;
	return false;
}

static bool clock_parameters(struct ec_bytes parameters)
{
	return parameters.size == 0;
}

static enum ec_result clock_execute(struct ec_scratch *scratch, struct ec_bytes parameters,
                                    uint64_t kind, const struct ec_transaction *transaction)
{
	(void)scratch;
	(void)parameters;
	(void)kind;
	(void)transaction;
	return EC_RESULT_UNKNOWN;
}

static uint64_t clock_next(uint64_t now_ns)
{
	return now_ns / SECOND * SECOND + SECOND;
}

static bool clock_turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                       uint64_t now_ns)
{
	uint64_t next = clock_next(now_ns);
	(void)parameters;
	(void)before_ns;
	ec_state_put(scratch, clock_name, sizeof clock_name, &next, sizeof next);
	return true;
}

static uint64_t clock_due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	struct ec_bytes value;
	uint64_t next;
	(void)parameters;
	if (!ec_state_get(scratch, clock_name, sizeof clock_name, &value))
		return clock_next(WORLD_START_NS);
	memcpy(&next, value.data, sizeof next);
	return next;
}

static const struct ec_service clock_service = {.name = clock_name,
                                                .kind_first = 1,
                                                .kind_last = 0,
                                                .check = clock_check,
                                                .parameters_check = clock_parameters,
                                                .execute = clock_execute,
                                                .turn = clock_turn,
                                                .due = clock_due};

/* An idle group keeps its deadlines, with no more batches than a majority of clocks needs. */
static void test_deadlines_pass_in_an_idle_group(void **state)
{
	(void)state;
	static const struct ec_service *const services[] = {&clock_service, NULL};
	struct ec_service_entry entry = {.name = "clock"};
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = 10,
	                                                       .members = 4,
	                                                       .authors = 1,
	                                                       .protocols = protocols,
	                                                       .services = services,
	                                                       .service = &entry,
	                                                       .service_count = 1});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	enum { SECONDS = 30 };
	cluster_run(c, SECONDS * SECOND, NULL, NULL);
	struct ec_member_status status = status_of(c, 1);
	assert_in_range(status.time_ns, WORLD_START_NS + (SECONDS - 1) * SECOND,
	                WORLD_START_NS + (SECONDS + 1) * SECOND);
	assert_in_range(status.batches_delivered, 3 * (SECONDS - 1), 3 * SECONDS + 8);
	cluster_crash(c, 3); /* then the one that waited steps in */
	cluster_run(c, SECONDS * SECOND, NULL, NULL);
	status = status_of(c, 1);
	assert_in_range(status.time_ns, WORLD_START_NS + (2 * SECONDS - 2) * SECOND,
	                WORLD_START_NS + (2 * SECONDS + 1) * SECOND);
	cluster_free(c);
}

/* A group that was away knows the time before the first envelope comes. */
static void test_a_group_that_begins_again_knows_the_time(void **state)
{
	(void)state;
	enum { AWAY_S = 3600 };
	struct cluster *c = cluster_new(&(struct cluster_plan){
		.seed = 11, .members = 4, .authors = 1, .protocols = protocols});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		cluster_crash(c, i);
	cluster_run(c, AWAY_S * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, SECOND, NULL, NULL);
	assert_in_range(status_of(c, 1).time_ns, WORLD_START_NS + AWAY_S * SECOND,
	                WORLD_START_NS + (AWAY_S + 2) * SECOND);
	cluster_free(c);
}

static bool root_waits(struct cluster *c)
{
	return ec_ledger_at(ec_member_ledger(cluster_node(c, 1)->member)).root_waits;
}

/* Where not every block has a state root a quiet group comes to one, by one batch more; no clock
 * calls for any meanwhile. */
static void test_a_quiet_group_has_a_state_root(void **state)
{
	(void)state;
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = 12,
	                                                       .members = 4,
	                                                       .authors = 1,
	                                                       .protocols = protocols,
	                                                       .roots_apart = true});
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 300 * MS, NULL, NULL);
	uint64_t ticks = status_of(c, 1).batches_delivered;
	assert_false(root_waits(c));
	assert_true(cluster_submit(c, 1, 1));
	cluster_run(c, 30 * MS, NULL, NULL);
	assert_int_equal(told_count(c), 1);
	assert_true(root_waits(c));
	cluster_run(c, 450 * MS, NULL, NULL);
	assert_true(root_waits(c));
	cluster_run(c, 230 * MS, NULL, NULL);
	assert_false(root_waits(c));
	assert_int_equal(status_of(c, 1).batches_delivered, ticks + 2);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelopes_commit_on_all),
		cmocka_unit_test(test_one_client_does_not_wait),
		cmocka_unit_test(test_what_comes_together_goes_together),
		cmocka_unit_test(test_who_was_answered_together_goes_together),
		cmocka_unit_test(test_two_rows_of_clients_become_one),
		cmocka_unit_test(test_a_batch_that_was_overtaken_keeps_nobody_waiting),
		cmocka_unit_test(test_a_dead_leader_is_replaced),
		cmocka_unit_test(test_all_restart_and_nothing_is_lost),
		cmocka_unit_test(test_one_restarts_under_load),
		cmocka_unit_test(test_one_comes_back_far_behind_and_alone),
		cmocka_unit_test(test_reads_see_what_was_acknowledged),
		cmocka_unit_test(test_a_read_outlives_a_state_transfer),
		cmocka_unit_test(test_deadlines_pass_in_an_idle_group),
		cmocka_unit_test(test_a_group_that_begins_again_knows_the_time),
		cmocka_unit_test(test_a_quiet_group_has_a_state_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
