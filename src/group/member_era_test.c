/* member_era_test.c - members change keys and rosters, and crash on the way. */
#include "base/test.h"
#include "group/member_fake.h"

static void test_keys_change_with_the_era(void **state)
{
	(void)state;
	struct cluster *c = four(9);
	uint32_t count = 0;
	for (uint32_t i = 0; i < 200; i++) {
		count += cluster_submit(c, i % 4, i + 1);
		if (i == 70) {
			change_era(c, 4, 2, 1000);
			count += 3;
		}
		if (i == 140) {
			change_era(c, 4, 3, 2000);
			count += 3;
		}
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(status_of(c, i).era, 3);
		assert_true(status_of(c, i).voter);
		assert_string_equal(cluster_node(c, i)->alarm, "");
	}
	cluster_free(c);
}

/* Everyone crashes at some append around the change, in turn at every one. */
static void test_a_crash_anywhere_in_a_change_of_era(void **state)
{
	(void)state;
	for (uint32_t at = 1; at <= 40; at += 3) {
		struct cluster *c = four(100 + at);
		uint32_t count = 0;
		for (uint32_t i = 0; i < 4; i++)
			cluster_submit(c, i, ++count);
		cluster_run(c, 50 * MS, NULL, NULL);
		for (uint32_t i = 0; i < 4; i++) {
			struct cluster_node *node = cluster_node(c, i);
			node->crash_at_append = node->appends + at;
		}
		change_era(c, 4, 2, 1000);
		for (uint32_t round = 0; round < 40; round++) {
			for (uint32_t i = 0; i < 4; i++)
				if (!cluster_node(c, i)->member)
					cluster_start(c, i);
			for (uint32_t i = 0; i < 4; i++)
				cluster_submit(c, i, ++count);
			cluster_run(c, 20 * MS, NULL, NULL);
			if (round % 10 == 9 && status_of(c, 0).era == 1)
				change_era(c, 4, 2, 1000 + round); /* what nobody was told of */
		}
		settle(c, 4);
		assert_int_equal(status_of(c, 0).era, 2);
		assert_int_equal(cluster_node(c, 0)->crashes, 1);
		cluster_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_change_with_the_era),
		cmocka_unit_test(test_a_crash_anywhere_in_a_change_of_era),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
