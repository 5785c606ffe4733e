/* clearing_test.c - the price of an auction against a model that tries every price and volume. */
#include "services/clearing.h"

#include "base/prng.h"
#include "base/test.h"

#include <stdlib.h>

enum { ORDERS_MAX = 8 };

struct book {
	int64_t price[2][ORDERS_MAX];
	uint64_t energy[2][ORDERS_MAX];
	size_t count[2];
};

struct outcome {
	uint64_t volume;
	int64_t low, high, price;
};

static struct outcome run(const struct book *book)
{
	struct ec_clearing clearing;
	struct outcome outcome = {0};
	size_t at[2] = {0};
	enum ec_side_of side;
	ec_clearing_start(&clearing);
	while ((side = ec_clearing_wants(&clearing)) != EC_NO_SIDE) {
		if (at[side] == book->count[side]) {
			ec_clearing_end(&clearing);
			continue;
		}
		ec_clearing_give(&clearing, book->price[side][at[side]],
		                 book->energy[side][at[side]]);
		at[side]++;
	}
	outcome.volume = clearing.volume_wh;
	if (outcome.volume) {
		ec_clearing_interval(&clearing, &outcome.low, &outcome.high);
		outcome.price = ec_clearing_price(outcome.low, outcome.high);
	}
	return outcome;
}

/* What all bids at or above a price want, or all offers at or below it give. */
static uint64_t depth(const struct book *book, int side, int64_t price, bool strictly)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < book->count[side]; i++) {
		int64_t better = side == EC_BID ? book->price[side][i] - price
		                                : price - book->price[side][i];
		sum += better > 0 || (better == 0 && !strictly) ? book->energy[side][i] : 0;
	}
	return sum;
}

/* The greatest welfare of any match, unit by unit: the k-th best unit of demand meets the k-th
 * cheapest of supply. */
static int64_t welfare_best(const struct book *book)
{
	int64_t welfare = 0;
	size_t b = 0, o = 0;
	uint64_t b_used = 0, o_used = 0;
	while (b < book->count[EC_BID] && o < book->count[EC_OFFER]) {
		int64_t gain = book->price[EC_BID][b] - book->price[EC_OFFER][o];
		welfare += gain > 0 ? gain : 0;
		if (++b_used == book->energy[EC_BID][b])
			b++, b_used = 0;
		if (++o_used == book->energy[EC_OFFER][o])
			o++, o_used = 0;
	}
	return welfare;
}

/* The welfare of trading `volume` from the top of both sides. */
static int64_t welfare_of(const struct book *book, uint64_t volume)
{
	int64_t welfare = 0;
	for (int side = EC_BID; side <= EC_OFFER; side++) {
		uint64_t left = volume;
		for (size_t i = 0; i < book->count[side] && left; i++) {
			uint64_t take = book->energy[side][i] < left ? book->energy[side][i] : left;
			welfare += (int64_t)take * book->price[side][i] * (side == EC_BID ? 1 : -1);
			left -= take;
		}
		assert_int_equal(left, 0);
	}
	return welfare;
}

static struct book vector(void)
{
	return (struct book){{{300000, 240000, 180000}, {80000, 120000, 220000}},
	                     {{4000, 3000, 5000}, {2500, 4000, 6000}},
	                     {3, 3}};
}

static void the_trap_vector_clears_7000_wh_at_22_ct(void **state)
{
	(void)state;
	struct book book = vector();
	struct outcome outcome = run(&book);
	assert_int_equal(outcome.volume, 7000);
	assert_int_equal(outcome.low, 220000);
	assert_int_equal(outcome.high, 220000);
	assert_int_equal(outcome.price, 220000); /* the naive middle would be 230000 */
	assert_int_equal(welfare_of(&book, 7000), 113 * 10000 * 1000LL);
}

static void nothing_crosses_nothing_trades(void **state)
{
	(void)state;
	struct book book = {{{100}, {101}}, {{5}, {5}}, {1, 1}};
	assert_int_equal(run(&book).volume, 0);
	book.count[EC_OFFER] = 0;
	assert_int_equal(run(&book).volume, 0);
	book.count[EC_BID] = 0;
	assert_int_equal(run(&book).volume, 0);
}

static void the_middle_rounds_down_below_zero_too(void **state)
{
	(void)state;
	assert_int_equal(ec_clearing_price(1, 2), 1);
	assert_int_equal(ec_clearing_price(-2, -1), -2);
	assert_int_equal(ec_clearing_price(-3, 0), -2);
	assert_int_equal(ec_clearing_price(-1, 0), -1);
	assert_int_equal(ec_clearing_price(7, 7), 7);
}

static int descending(const void *a, const void *b)
{
	return *(const int64_t *)a < *(const int64_t *)b   ? 1
	       : *(const int64_t *)a > *(const int64_t *)b ? -1
	                                                   : 0;
}

static struct book book_random(struct ec_prng *prng)
{
	struct book book = {0};
	for (int side = EC_BID; side <= EC_OFFER; side++) {
		book.count[side] = ec_prng_below(prng, ORDERS_MAX + 1);
		for (size_t i = 0; i < book.count[side]; i++) {
			book.price[side][i] = (int64_t)ec_prng_below(prng, 24) - 6;
			book.energy[side][i] = 1 + ec_prng_below(prng, 9);
		}
		qsort(book.price[side], book.count[side], sizeof(int64_t), descending);
	}
	for (size_t i = 0; i < book.count[EC_OFFER] / 2; i++) {
		int64_t *a = &book.price[EC_OFFER][i];
		int64_t *b = &book.price[EC_OFFER][book.count[EC_OFFER] - 1 - i];
		int64_t swap = *a;
		*a = *b;
		*b = swap;
	}
	return book;
}

/* At every price of the interval supply meets demand at the volume; outside it does not. */
static void interval_verify(const struct book *book, const struct outcome *outcome)
{
	for (int64_t price = -8; price <= 20; price++) {
		uint64_t must_buy = depth(book, EC_BID, price, true);
		uint64_t may_buy = depth(book, EC_BID, price, false);
		uint64_t must_sell = depth(book, EC_OFFER, price, true);
		uint64_t may_sell = depth(book, EC_OFFER, price, false);
		bool clears = must_buy <= outcome->volume && outcome->volume <= may_buy &&
		              must_sell <= outcome->volume && outcome->volume <= may_sell;
		assert_int_equal(clears, price >= outcome->low && price <= outcome->high);
	}
}

static void random_books_clear_at_the_optimum_and_in_equilibrium(void **state)
{
	(void)state;
	struct ec_prng prng;
	int traded = 0;
	ec_prng_seed(&prng, 51);
	for (int round = 0; round < 20000; round++) {
		struct book book = book_random(&prng);
		struct outcome outcome = run(&book);
		assert_int_equal(welfare_of(&book, outcome.volume), welfare_best(&book));
		if (outcome.volume == 0)
			continue;
		traded++;
		assert_true(outcome.low <= outcome.price && outcome.price <= outcome.high);
		interval_verify(&book, &outcome);
	}
	assert_true(traded > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trap_vector_clears_7000_wh_at_22_ct),
		cmocka_unit_test(nothing_crosses_nothing_trades),
		cmocka_unit_test(the_middle_rounds_down_below_zero_too),
		cmocka_unit_test(random_books_clear_at_the_optimum_and_in_equilibrium),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
