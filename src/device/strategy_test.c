/* strategy_test.c - limits between the tariffs, energies near the forecast, the same each time. */
#include "device/strategy.h"

#include "base/test.h"

static const struct ec_strategy homes[] = {
	{.seed = 1, .retail_ueur_kwh = 320000, .feed_in_ueur_kwh = 80000, .error_percent = 10},
	{.seed = 2, .retail_ueur_kwh = 320000, .feed_in_ueur_kwh = 80000, .error_percent = 10},
};

static void orders_lie_between_the_tariffs(void **state)
{
	(void)state;
	for (uint64_t slot = 0; slot < 2000 * 900; slot += 900) {
		struct ec_strategy_order bid, offer, again;
		assert_true(ec_strategy_order(&homes[0], slot, 900, 100, &bid));
		assert_true(ec_strategy_order(&homes[0], slot, 100, 900, &offer));
		assert_false(bid.offer);
		assert_true(offer.offer);
		assert_in_range(bid.energy_wh, 720, 880);
		assert_in_range(offer.energy_wh, 720, 880);
		assert_in_range(bid.price_ueur_kwh, 80000, 320000);
		assert_in_range(offer.price_ueur_kwh, 80000, 320000);
		assert_true(ec_strategy_order(&homes[0], slot, 900, 100, &again));
		assert_int_equal(bid.price_ueur_kwh, again.price_ueur_kwh);
		assert_int_equal(bid.energy_wh, again.energy_wh);
	}
}

static void most_pairs_of_homes_find_a_price(void **state)
{
	(void)state;
	int crossed = 0, equal = 0;
	for (uint64_t slot = 0; slot < 1000 * 900; slot += 900) {
		struct ec_strategy_order bid, offer;
		ec_strategy_order(&homes[0], slot, 900, 100, &bid);
		ec_strategy_order(&homes[1], slot, 100, 900, &offer);
		crossed += bid.price_ueur_kwh >= offer.price_ueur_kwh;
		equal += bid.price_ueur_kwh == offer.price_ueur_kwh;
	}
	assert_in_range(crossed, 700, 990);
	assert_true(equal < 100); /* homes do not jitter alike */
}

static void nothing_to_trade(void **state)
{
	(void)state;
	struct ec_strategy_order order;
	assert_false(ec_strategy_order(&homes[0], 900, 0, 0, &order));
	assert_false(ec_strategy_order(&homes[0], 900, 250, 250, &order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_lie_between_the_tariffs),
		cmocka_unit_test(most_pairs_of_homes_find_a_price),
		cmocka_unit_test(nothing_to_trade),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
