/* member_status_test.c - what a member says of itself: why it takes no clients, and what waits. */
#include "base/test.h"
#include "group/member_fake.h"

static void test_without_a_quorum_clients_are_refused(void **state)
{
	(void)state;
	struct cluster *c = four(8);
	cluster_crash(c, 1);
	cluster_crash(c, 2);
	cluster_run(c, 100 * MS, NULL, NULL);
	assert_false(cluster_submit(c, 0, 1));
	assert_string_equal(status_of(c, 0).not_ready, "no quorum of members is reachable");
	cluster_start(c, 1);
	cluster_run(c, 100 * MS, NULL, NULL);
	assert_true(cluster_submit(c, 0, 1));
	settle(c, 4);
	cluster_free(c);
}

static bool certified_again(struct cluster *c, void *self)
{
	(void)self;
	return status_of(c, 0).ready && status_of(c, 0).certified == status_of(c, 0).seq;
}

/* The order goes on, but nobody hears what the others computed: after 10 s no more is taken. */
static void test_without_headers_clients_are_refused(void **state)
{
	(void)state;
	struct cluster *c = four(9);
	uint64_t token = 0;
	for (uint32_t i = 0; i < 4; i++)
		cluster_node(c, i)->unsaid = true;
	assert_true(cluster_submit(c, 0, ++token));
	uint64_t from = cluster_now(c);
	while (status_of(c, 0).ready) {
		cluster_submit(c, 1, ++token);
		cluster_run(c, 100 * MS, NULL, NULL);
		assert_in_range(cluster_now(c) - from, 0, 11 * SECOND);
	}
	assert_in_range(cluster_now(c) - from, 10 * SECOND, 11 * SECOND);
	assert_true(status_of(c, 0).seq > status_of(c, 0).certified);
	assert_string_equal(status_of(c, 0).not_ready, "no quorum of equal headers for 10 s");
	assert_false(cluster_submit(c, 0, ++token));
	assert_int_equal(cluster_read(c, 0, 1), EC_NOT_READY);
	for (uint32_t i = 0; i < 4; i++) {
		cluster_node(c, i)->unsaid = false;
		cluster_break(c, i, (i + 1) % 4); /* a new link: what was said last is said again */
	}
	assert_true(cluster_run(c, SECOND, certified_again, NULL));
	assert_true(cluster_submit(c, 0, ++token));
	settle(c, 4);
	cluster_free(c);
}

/* What waits here, queued or in a batch under way, by when it came to this gateway: the batches of
 * others, and when ours were made, do not count. */
static void test_the_oldest_that_waits_is_an_envelope(void **state)
{
	(void)state;
	struct cluster *c = four(15);
	uint32_t n = 4;
	assert_int_equal(status_of(c, 1).oldest_wait_ns, 0);
	cluster_crash(c, 2);
	cluster_run(c, 100 * MS, NULL, NULL);
	cluster_node(c, 0)->log_waits = cluster_node(c, 3)->log_waits =
		true; /* nothing is ordered */
	assert_true(cluster_submit(c, 1, 1));
	cluster_run(c, 300 * MS, NULL, NULL);
	assert_true(cluster_submit(c, 1, 2));
	struct ec_member_status status = status_of(c, 1);
	assert_int_equal(status.waiting_envelopes, 2);
	assert_int_equal(status.oldest_wait_ns, 300 * MS);
	status = status_of(c, 3);
	assert_int_equal(status.waiting_batches, 1); /* of member 1 */
	assert_int_equal(status.waiting_envelopes, 0);
	assert_int_equal(status.oldest_wait_ns, 0);
	cluster_node(c, 0)->log_waits = cluster_node(c, 3)->log_waits = false;
	cluster_start(c, 2);
	settle(c, n);
	assert_int_equal(status_of(c, 1).oldest_wait_ns, 0);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_a_quorum_clients_are_refused),
		cmocka_unit_test(test_without_headers_clients_are_refused),
		cmocka_unit_test(test_the_oldest_that_waits_is_an_envelope),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
