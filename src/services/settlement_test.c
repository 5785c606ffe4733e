/* settlement_test.c - bills that add up, whatever came late, twice or never. */
#include "services/community_fake.h"

#include "base/prng.h"

#define RETAIL  INT64_C(320000)
#define FEED_IN INT64_C(80000)

static const uint64_t DAY = DAY_BEGIN / 86400;

static uint64_t slot_at(uint64_t index)
{
	return DAY_BEGIN + index * 900;
}

static enum ec_result meter(struct ec_scratch *scratch, const struct rules *rules, uint8_t home,
                            uint64_t index, int64_t import_wh, int64_t export_wh)
{
	return reading(scratch, rules,
	               (struct meter_says){.home = home,
	                                   .slot = slot_at(index),
	                                   .import_wh = (uint64_t)import_wh,
	                                   .export_wh = (uint64_t)export_wh,
	                                   .now_s = slot_at(index + 1)});
}

static int64_t balance(struct ec_scratch *scratch, uint8_t home)
{
	uint8_t key[32];
	memset(key, home, 32);
	return ec_balance(scratch, key);
}

static struct ec_slot_books books_of(struct ec_scratch *scratch, uint64_t index)
{
	struct ec_name name = ec_name_settled(slot_at(index));
	struct ec_slot_books books;
	struct ec_bytes value;
	assert_true(ec_name_get(scratch, &name, &value));
	assert_true(ec_slot_books_read(value, &books));
	return books;
}

/* Home 1 bought 1,000 Wh from home 2 at 20 ct for slot 1, and both are metered from slot 0. */
static struct ec_scratch *traded(struct rules *rules)
{
	struct ec_scratch *scratch = fake_new();
	rules_usual(rules);
	order(scratch, rules, (struct order_says){1, slot_at(1), 0, 1000, 200000});
	order(scratch, rules, (struct order_says){2, slot_at(1), 1, 1000, 200000});
	assert_int_equal(meter(scratch, rules, 1, 0, 0, 0), EC_RESULT_DONE);
	assert_int_equal(meter(scratch, rules, 2, 0, 0, 0), EC_RESULT_DONE);
	turns_all(scratch, rules, slot_at(1));
	return scratch;
}

static void what_was_not_traded_goes_by_the_tariffs(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_bill bill;
	struct ec_scratch *scratch = traded(&rules);
	meter(scratch, &rules, 1, 1, 1300, 0); /* used 300 more than bought */
	meter(scratch, &rules, 2, 1, 0, 1100); /* produced 100 more than sold */
	turns_all(scratch, &rules, slot_at(2));
	assert_int_equal(balance(scratch, 1), -1000 * INT64_C(200000) - 300 * RETAIL);
	assert_int_equal(balance(scratch, 2), 1000 * INT64_C(200000) + 100 * FEED_IN);
	assert_true(bill_of(scratch, 1, DAY, &bill));
	assert_int_equal(bill.lines, 2);
	assert_int_equal(bill.version, 1);
	assert_int_equal(bill.line[1].net_wh, 300);
	assert_int_equal(bill.line[1].price_ueur_kwh, 200000);
	assert_int_equal(ec_bill_total(&bill).total_nano_eur, balance(scratch, 1));
	struct ec_slot_books books = books_of(scratch, 1);
	assert_true(books.closed_ns > 0);
	assert_int_equal(books.metered, 2);
	assert_int_equal(books.missing, 0);
	assert_int_equal(books.retail_wh, 300);
	assert_int_equal(books.feed_in_wh, 100);
	assert_int_equal(books.retail_nano_eur, 300 * RETAIL);
	books_verify(scratch);
	fake_free(scratch);
}

static void who_sold_and_did_not_deliver_buys_it_back(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_scratch *scratch = traded(&rules);
	meter(scratch, &rules, 1, 1, 400, 0); /* used 600 less than bought */
	meter(scratch, &rules, 2, 1, 0, 0);
	turns_all(scratch, &rules, slot_at(2));
	assert_int_equal(balance(scratch, 1), -1000 * INT64_C(200000) + 600 * FEED_IN);
	assert_int_equal(balance(scratch, 2), 1000 * INT64_C(200000) - 1000 * RETAIL);
	books_verify(scratch);
	fake_free(scratch);
}

static void a_missing_reading_is_listed_then_settled_as_a_correction(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_bill bill;
	struct ec_scratch *scratch = traded(&rules);
	meter(scratch, &rules, 2, 1, 0, 1000);
	turns_all(scratch, &rules, slot_at(2) + 7199);
	assert_int_equal(books_of(scratch, 1).closed_ns, 0);
	assert_int_equal(ec_settlement.due(scratch, rules.of_settlement), NS(slot_at(2) + 7200));
	turns_all(scratch, &rules, slot_at(2) + 7200);
	assert_int_equal(books_of(scratch, 1).missing, 1);
	assert_int_equal(names_with(scratch, "missing/"), 1);
	assert_true(bill_of(scratch, 1, DAY, &bill));
	assert_int_equal(bill.line[1].status, EC_LINE_MISSING);
	assert_int_equal(bill.line[1].net_nano_eur, 0);
	assert_int_equal(balance(scratch, 1), -1000 * INT64_C(200000));
	books_verify(scratch);
	meter(scratch, &rules, 1, 1, 1200, 0);
	turns_all(scratch, &rules, slot_at(2) + 9000);
	assert_true(bill_of(scratch, 1, DAY, &bill));
	assert_int_equal(bill.version, 2);
	assert_int_equal(bill.line[1].status, EC_LINE_METERED);
	assert_int_equal(balance(scratch, 1), -1000 * INT64_C(200000) - 200 * RETAIL);
	assert_int_equal(books_of(scratch, 1).missing, 0);
	assert_int_equal(names_with(scratch, "missing/"), 0);
	books_verify(scratch);
	fake_free(scratch);
}

static void a_reading_after_a_gap_settles_all_of_it(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_bill bill;
	struct ec_scratch *scratch = traded(&rules);
	meter(scratch, &rules, 2, 1, 0, 1000);
	meter(scratch, &rules, 1, 3, 1500,
	      0); /* slots 1 to 3 together, of which 1000 were bought */
	turns_all(scratch, &rules, slot_at(4) + 7200);
	assert_true(bill_of(scratch, 1, DAY, &bill));
	assert_int_equal(bill.lines, 3); /* in slot 2 nobody reported and nothing was traded */
	assert_int_equal(bill.line[1].status, EC_LINE_MISSING);
	assert_int_equal(bill.line[2].span, 3);
	assert_int_equal(bill.line[2].traded_wh, 1000);
	assert_int_equal(bill.line[2].net_wh, 500);
	int64_t whole = -1000 * INT64_C(200000) - 500 * RETAIL;
	assert_int_equal(balance(scratch, 1), whole);
	turns_all(scratch, &rules, slot_at(4) + 11 * 86400); /* final: covered, so nothing moves */
	assert_int_equal(balance(scratch, 1), whole);
	assert_int_equal(names_with(scratch, "missing/"), 0);
	books_verify(scratch);
	fake_free(scratch);
}

static void who_never_reports_pays_as_if_nothing_was_metered(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_bill bill;
	struct ec_scratch *scratch = traded(&rules);
	meter(scratch, &rules, 1, 1, 1000, 0);
	turns_all(scratch, &rules, slot_at(2) + 10 * 86400);
	assert_true(bill_of(scratch, 2, DAY, &bill));
	assert_int_equal(bill.line[1].status, EC_LINE_FINAL);
	assert_int_equal(balance(scratch, 2), 1000 * INT64_C(200000) - 1000 * RETAIL);
	books_verify(scratch);
	/* What is final stays out of a later reading's line. */
	struct meter_says says = {.home = 2,
	                          .slot = slot_at(2) + 10 * 86400,
	                          .export_wh = 70,
	                          .now_s = slot_at(3) + 10 * 86400};
	assert_int_equal(reading(scratch, &rules, says), EC_RESULT_DONE);
	turns_all(scratch, &rules, says.now_s);
	assert_int_equal(balance(scratch, 2),
	                 1000 * INT64_C(200000) - 1000 * RETAIL + 70 * FEED_IN);
	books_verify(scratch);
	fake_free(scratch);
}

static void a_line_waits_until_the_market_cleared(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	order(scratch, &rules, (struct order_says){1, slot_at(1), 0, 1000, 200000});
	order(scratch, &rules, (struct order_says){2, slot_at(1), 1, 1000, 200000});
	meter(scratch, &rules, 1, 0, 0, 0);
	struct meter_says early = {
		.home = 1, .slot = slot_at(1), .import_wh = 1000, .now_s = slot_at(1) - 60};
	assert_int_equal(reading(scratch, &rules, early), EC_RESULT_DONE);
	assert_true(fake_turn(scratch, &ec_settlement, rules.of_settlement, 0, NS(slot_at(2))));
	assert_int_equal(names_with(scratch, "fresh/"), 1);
	turns_all(scratch, &rules, slot_at(2));
	assert_int_equal(names_with(scratch, "fresh/"), 0);
	assert_int_equal(balance(scratch, 1), -1000 * INT64_C(200000));
	fake_free(scratch);
}

enum { HOMES = 6, SLOTS = 100, EVENTS = HOMES * SLOTS };

/* One history: what every meter would say and which orders are sent. */
struct history {
	int64_t import_wh[HOMES][SLOTS], export_wh[HOMES][SLOTS];
	bool lost[HOMES][SLOTS];
};

static void history_make(struct history *history, uint64_t seed)
{
	struct ec_prng prng;
	ec_prng_seed(&prng, seed);
	memset(history, 0, sizeof *history);
	for (int home = 0; home < HOMES; home++)
		for (int i = 1; i < SLOTS; i++) {
			int64_t load = (int64_t)ec_prng_below(&prng, 900);
			int64_t pv = home & 1 ? (int64_t)ec_prng_below(&prng, 1500) : 0;
			int64_t net = load - pv;
			history->import_wh[home][i] =
				history->import_wh[home][i - 1] + (net > 0 ? net : 0);
			history->export_wh[home][i] =
				history->export_wh[home][i - 1] + (net < 0 ? -net : 0);
			history->lost[home][i] = ec_prng_chance(&prng, 1, 10);
		}
}

static void orders_send(struct ec_scratch *scratch, const struct rules *rules, uint64_t index,
                        uint64_t seed)
{
	struct ec_prng prng;
	ec_prng_seed(&prng, seed * 1000 + index);
	for (uint8_t home = 0; home < HOMES; home++) {
		struct order_says says = {(uint8_t)(home + 1), slot_at(index), home & 1,
		                          1 + ec_prng_below(&prng, 900),
		                          80000 + (int64_t)ec_prng_below(&prng, 240000)};
		assert_int_equal(order(scratch, rules, says), EC_RESULT_DONE);
	}
}

/* Plays a history.  Each reading is sent `delay` slots late, at random up to `delay_max`. */
static void play(struct ec_scratch *scratch, const struct rules *rules,
                 const struct history *history, uint64_t seed, uint64_t delay_max)
{
	struct ec_prng prng;
	uint64_t when[HOMES][SLOTS];
	ec_prng_seed(&prng, seed + delay_max);
	for (int home = 0; home < HOMES; home++)
		for (uint64_t i = 0; i < SLOTS; i++)
			when[home][i] = i + 1 + (i ? ec_prng_below(&prng, delay_max + 1) : 0);
	for (uint64_t now = 0; now < SLOTS + delay_max + 20; now++) {
		if (now > 0 && now < SLOTS)
			orders_send(scratch, rules, now, seed);
		for (uint8_t home = 0; home < HOMES; home++)
			for (uint64_t i = 0; i < SLOTS && i < now; i++) {
				if (when[home][i] != now || history->lost[home][i])
					continue;
				struct meter_says says = {
					.home = (uint8_t)(home + 1),
					.slot = slot_at(i),
					.import_wh = (uint64_t)history->import_wh[home][i],
					.export_wh = (uint64_t)history->export_wh[home][i],
					.now_s = slot_at(now)};
				assert_int_equal(reading(scratch, rules, says), EC_RESULT_DONE);
			}
		turns_all(scratch, rules, slot_at(now));
		recount_of(scratch);
	}
}

/* All lines of all bills and the balances, without what tells of the way: versions. */
static ec_hash outcome(struct ec_scratch *scratch)
{
	ec_hash digest = {0};
	for (uint8_t home = 1; home <= HOMES; home++)
		for (uint64_t day = DAY; day < DAY + 2; day++) {
			struct ec_bill bill;
			int64_t money = balance(scratch, home);
			assert_true(bill_of(scratch, home, day, &bill));
			for (uint32_t i = 0; i < bill.lines; i++) {
				struct ec_bill_line *line = &bill.line[i];
				uint64_t row[] = {
					line->slot_s,           line->status,
					(uint64_t)line->net_wh, (uint64_t)line->traded_wh,
					line->import_wh,        (uint64_t)line->net_nano_eur,
					(uint64_t)money};
				struct ec_part parts[] = {{digest.b, 32}, {row, sizeof row}};
				digest = ec_sha256_parts(parts, 2);
			}
		}
	return digest;
}

static void the_order_of_arrival_leaves_no_trace(void **state)
{
	(void)state;
	static const uint64_t delays[] = {0, 3, 30};
	static struct history history;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		ec_hash digest[3];
		history_make(&history, seed);
		for (int variant = 0; variant < 3; variant++) {
			struct rules rules;
			struct ec_scratch *scratch = fake_new();
			rules_usual(&rules);
			rules.settlement.lines_turn_max = variant == 1 ? 2 : 32;
			rules_encode(&rules);
			play(scratch, &rules, &history, seed, delays[variant]);
			turns_all(scratch, &rules, slot_at(SLOTS + 60));
			digest[variant] = outcome(scratch);
			assert_int_equal(names_with(scratch, "fresh/"), 0);
			assert_int_equal(names_with(scratch, "open/"), 0);
			turns_all(scratch, &rules, slot_at(SLOTS) + 11 * 86400);
			assert_int_equal(names_with(scratch, "missing/"), 0);
			assert_int_equal(ec_settlement.due(scratch, rules.of_settlement),
			                 UINT64_MAX);
			books_verify(scratch);
			fake_free(scratch);
		}
		assert_memory_equal(&digest[0], &digest[1], 32);
		assert_memory_equal(&digest[0], &digest[2], 32);
	}
}

static void a_changed_bill_is_found_out(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_bill bill, bad;
	uint32_t wrong = 99;
	struct ec_scratch *scratch = traded(&rules);
	meter(scratch, &rules, 1, 1, 1300, 0);
	turns_all(scratch, &rules, slot_at(2));
	assert_true(bill_of(scratch, 1, DAY, &bill));
	assert_true(ec_bill_check(&bill, NULL));
	bad = bill;
	bad.line[1].net_nano_eur++;
	assert_false(ec_bill_check(&bad, &wrong));
	assert_int_equal(wrong, 1);
	bad = bill;
	bad.line[1].import_wh--;
	bad.line[1].net_wh--;
	bad.line[1].net_nano_eur += RETAIL;
	assert_false(ec_bill_check(&bad, NULL)); /* the registers say otherwise */
	bad = bill;
	bad.line[1].trade_nano_eur += 1000;
	assert_false(ec_bill_check(&bad, NULL));
	bad = bill;
	bad.line[1].slot_s = bad.line[0].slot_s;
	assert_false(ec_bill_check(&bad, NULL));
	bad = bill;
	bad.line[0].traded_wh = INT64_MIN;
	assert_false(ec_bill_check(&bad, NULL));
	fake_free(scratch);
}

static void old_bills_are_forgotten(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	rules.settlement.keep_days = 3;
	rules_encode(&rules);
	for (uint64_t i = 0; i < 96 * 9; i += 8) {
		assert_int_equal(meter(scratch, &rules, 1, i, (int64_t)i, 0), EC_RESULT_DONE);
		turns_all(scratch, &rules, slot_at(i + 1));
	}
	assert_int_equal(names_with(scratch, "bill/"), 4);
	fake_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_traded_goes_by_the_tariffs),
		cmocka_unit_test(who_sold_and_did_not_deliver_buys_it_back),
		cmocka_unit_test(a_missing_reading_is_listed_then_settled_as_a_correction),
		cmocka_unit_test(a_reading_after_a_gap_settles_all_of_it),
		cmocka_unit_test(who_never_reports_pays_as_if_nothing_was_metered),
		cmocka_unit_test(a_line_waits_until_the_market_cleared),
		cmocka_unit_test(the_order_of_arrival_leaves_no_trace),
		cmocka_unit_test(a_changed_bill_is_found_out),
		cmocka_unit_test(old_bills_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
