/* table_test.c - the map against a plain array, under random puts and removals. */
#include "base/prng.h"
#include "base/table.h"
#include "base/test.h"

#include <stdlib.h>

enum { NAMES = 64 };

static ec_hash name_of(uint32_t i)
{
	ec_hash name = {{0}};
	name.b[0] = (uint8_t)(i & 3); /* homes collide */
	name.b[31] = (uint8_t)i;
	return name;
}

static void test_agrees_with_an_array(void **state)
{
	(void)state;
	uint32_t expected[NAMES];
	struct ec_prng prng;
	struct ec_table *table = calloc(1, ec_table_size(NAMES));
	ec_prng_seed(&prng, 7);
	ec_table_init(table, NAMES, ec_prng_next(&prng));
	memset(expected, 0xff, sizeof expected);
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t i = (uint32_t)ec_prng_below(&prng, NAMES);
		ec_hash name = name_of(i);
		if (expected[i] == UINT32_MAX) {
			expected[i] = step;
			ec_table_put(table, &name, step);
		} else {
			expected[i] = UINT32_MAX;
			ec_table_remove(table, &name);
		}
		uint32_t count = 0;
		for (uint32_t k = 0; k < NAMES; k++) {
			ec_hash other = name_of(k);
			assert_int_equal(ec_table_find(table, &other), expected[k]);
			count += expected[k] != UINT32_MAX;
		}
		assert_int_equal(ec_table_count(table), count);
	}
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_agrees_with_an_array)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
