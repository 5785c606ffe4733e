/* member_starved_test.c - one batch left out of an otherwise served row is as good as a silence. */
#include "group/state.h"

#include "base/test.h"
#include "group/member_fake.h"

struct clients {
	uint64_t token;
	uint32_t told, of_two; /* answers read; those of gateway 2 */
};

/* A millisecond of clients: one at each gateway every four. */
static void clients_come(struct cluster *c, struct clients *clients, uint64_t ms)
{
	uint32_t count;
	cluster_submit(c, (uint32_t)(ms % 4), ++clients->token);
	cluster_run(c, MS, NULL, NULL);
	const struct cluster_told *told = cluster_told(c, &count);
	for (; clients->told < count; clients->told++)
		clients->of_two += told[clients->told].node == 2;
}

/* Node 0 leads and orders all that gateway 2 brings, but for one batch. */
static void test_one_batch_is_enough(void **state)
{
	(void)state;
	struct clients clients = {0};
	struct cluster *c = four(7);
	struct cluster_node *leader = cluster_node(c, 0);
	uint64_t ms = 0, from = 0;
	for (; ms < 1000; ms++)
		clients_come(c, &clients, ms);
	assert_true(status_of(c, 0).leader_self && status_of(c, 1).view == 0);
	leader->starves = true;
	leader->censored = 2 + 1;
	for (; ec_hash_zero(&leader->starved) && ms < 2000; ms++)
		clients_come(c, &clients, ms);
	from = cluster_now(c);
	uint32_t before = clients.of_two;
	for (; status_of(c, 1).view == 0 && ms < 5000; ms++)
		clients_come(c, &clients, ms);
	uint64_t took = cluster_now(c) - from;
	print_message("deposed after %lu ms, %u of gateway 2 were answered meanwhile\n", took / MS,
	              clients.of_two - before);
	assert_true(clients.of_two > before + 10); /* later ones of the row do not help */
	assert_in_range(took, 490 * MS, 700 * MS); /* one first time-out */
	for (uint64_t end = ms + 1000; ms < end; ms++)
		clients_come(c, &clients, ms);
	cluster_run(c, 5 * SECOND, NULL, NULL);
	assert_int_equal(told_count(c), clients.token);
	assert_int_equal(status_of(c, 1).view, 1);
	cluster_free(c);
}

static uint32_t row(struct cluster *c, uint32_t node, uint32_t source)
{
	return bodies_from(cluster_node(c, node)->member->bodies, source);
}

static bool row_of_one(struct cluster *c, void *unused)
{
	(void)unused;
	return row(c, 3, 1) == 1;
}

static bool row_of_two(struct cluster *c, void *unused)
{
	(void)unused;
	return row(c, 3, 2) == 1;
}

/* A batch of gateway 2 comes to node 3 by node 1; when 2 itself has it for 3, it stands with 2. */
static void test_a_batch_stands_with_its_gateway(void **state)
{
	(void)state;
	struct cluster *c = four(8);
	cluster_node(c, 0)->censored = 2 + 1; /* the leader: it is not delivered meanwhile */
	cluster_connect(c, 2, 3, false);
	assert_true(cluster_submit(c, 2, 1));
	assert_true(cluster_run(c, 450 * MS, row_of_one, NULL));
	assert_int_equal(row(c, 3, 2), 0);
	cluster_connect(c, 2, 3, true);
	assert_true(cluster_run(c, 100 * MS, row_of_two, NULL));
	assert_int_equal(row(c, 3, 1), 0);
	cluster_run(c, 3 * SECOND, NULL, NULL);
	assert_int_equal(told_count(c), 1);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_batch_is_enough),
		cmocka_unit_test(test_a_batch_stands_with_its_gateway),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
