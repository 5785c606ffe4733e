/* member_random_test.c - random lives: crashes at any append, broken and parted links. */
#include "base/test.h"
#include "group/member_fake.h"
#include "group/trouble_fake.h"

static void random_life(uint64_t seed)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 4,
	                                                       .authors = 4,
	                                                       .roots_apart = seed % 2,
	                                                       .unsigned_group = true,
	                                                       .protocols = protocols});
	uint64_t token = 0;
	for (uint32_t round = 0; round < 150; round++) {
		cluster_restart_some(c, 8);
		for (uint64_t k = ec_prng_below(cluster_prng(c), 6); k > 0; k--)
			cluster_submit(c, (uint32_t)ec_prng_below(cluster_prng(c), 4), ++token);
		if (ec_prng_chance(cluster_prng(c), 1, 4))
			cluster_trouble(c);
		cluster_run(c, ec_prng_below(cluster_prng(c), 60 * MS), NULL, NULL);
	}
	cluster_heal(c);
	cluster_run(c, 3 * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		cluster_submit(c, i, ++token);
	settle(c, 4);
	assert_true(told_count(c) > 0);
	cluster_free(c);
}

static void test_random_lives(void **state)
{
	(void)state;
	const char *first = getenv("EDGECORD_SEED");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1, count = first ? 1 : 12;
	for (uint64_t i = 0; i < count; i++) {
		print_message("seed %lu\n", seed + i);
		random_life(seed + i);
	}
}

/* Broken frames break links, never members; what the others agree on goes on. */
static void test_a_member_that_garbles(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct cluster *c = four(200 + seed);
		uint32_t garbler = (uint32_t)seed % 4;
		cluster_node(c, garbler)->garbles = true;
		for (uint32_t round = 0; round < 100; round++) {
			for (uint32_t i = 0; i < 4; i++)
				cluster_submit(c, i, round * 4 + i + 1);
			cluster_run(c, 10 * MS, NULL, NULL);
		}
		cluster_node(c, garbler)->garbles = false;
		cluster_run(c, 3 * SECOND, NULL, NULL);
		for (uint32_t i = 0; i < 4; i++)
			cluster_submit(c, i, 1000 + i);
		settle(c, 4);
		assert_true(told_count(c) > 100);
		for (uint32_t i = 0; i < 4; i++)
			assert_false(cluster_node(c, i)->halted);
		cluster_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_lives),
		cmocka_unit_test(test_a_member_that_garbles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
