/* market_test.c - the auction through the ledger's state: gate, bounds, trades, money, turns. */
#include "services/services.h"

#include "base/prng.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"
#include "services/scratch_fake.h"

enum { NIGHT = 1782000000, SLOT = NIGHT / 900 * 900 + 7200, PARTIES = 24 };

#define NS(seconds) ((uint64_t)(seconds)*1000000000)

static uint8_t parameter_bytes[EC_PARAMETERS_SIZE_MAX];

static struct ec_bytes rules(const struct ec_market_parameters *rule)
{
	size_t size = ec_market_parameters_write(rule, parameter_bytes);
	struct ec_bytes bytes = {.data = parameter_bytes, .size = size};
	assert_true(ec_market.parameters_check(bytes));
	return bytes;
}

static struct ec_bytes usual(void)
{
	struct ec_market_parameters rule = ec_market_parameters_usual();
	return rules(&rule);
}

struct asked {
	uint8_t author;
	uint64_t slot;
	uint64_t side;
	uint64_t energy;
	int64_t price;
};

static enum ec_result order_at(struct ec_scratch *scratch, struct ec_bytes rule, struct asked asked,
                               uint64_t now_s, uint32_t roles)
{
	uint8_t bytes[64];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, 2);
	ec_cbor_write_uint(&writer, asked.slot);
	ec_cbor_write_uint(&writer, asked.side);
	ec_cbor_write_uint(&writer, asked.energy);
	ec_cbor_write_int(&writer, asked.price);
	struct ec_transaction transaction = {.author_roles = roles, .time_ns = NS(now_s)};
	memset(transaction.author, asked.author, 32);
	return fake_execute(scratch, &ec_market, rule, transaction,
	                    (struct ec_bytes){.data = bytes, .size = writer.out.size});
}

static enum ec_result order(struct ec_scratch *scratch, struct asked asked)
{
	return order_at(scratch, usual(), asked, SLOT - 3600, EC_ROLE_TRADER);
}

static struct ec_slot_summary summary_of(struct ec_scratch *scratch, uint64_t slot)
{
	struct ec_name name = ec_name_slot(slot);
	struct ec_slot_summary summary;
	struct ec_bytes value;
	assert_true(ec_name_get(scratch, &name, &value));
	assert_true(ec_slot_summary_read(value, &summary));
	return summary;
}

static struct ec_trade trade_of(struct ec_scratch *scratch, uint64_t slot, uint64_t index)
{
	struct ec_name name = ec_name_trade(slot, index);
	struct ec_trade trade;
	struct ec_bytes value;
	assert_true(ec_name_get(scratch, &name, &value));
	assert_true(ec_trade_read(value, &trade));
	return trade;
}

static size_t names_with(struct ec_scratch *scratch, const char *prefix)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	size_t count = 0;
	ec_cursor_start(&cursor, prefix, strlen(prefix));
	while (ec_cursor_next(scratch, &cursor, &value))
		count++;
	return count;
}

static void the_trap_vector_through_the_state(void **state)
{
	(void)state;
	static const uint64_t pairs[] = {2500, 1500, 2500, 500};
	struct ec_scratch *scratch = fake_new();
	static const struct asked book[] = {
		{1, SLOT, 0, 4000, 300000}, {2, SLOT, 0, 3000, 240000}, {3, SLOT, 0, 5000, 180000},
		{4, SLOT, 1, 2500, 80000},  {5, SLOT, 1, 4000, 120000}, {6, SLOT, 1, 6000, 220000},
	};
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(order(scratch, book[i]), EC_RESULT_DONE);
	assert_int_equal(ec_market.due(scratch, usual()), NS(SLOT));
	assert_true(fake_turn(scratch, &ec_market, usual(), 0, NS(SLOT) - 1));
	assert_int_equal(names_with(scratch, "slot/"), 0);
	assert_true(fake_turn(scratch, &ec_market, usual(), 0, NS(SLOT)));
	struct ec_slot_summary summary = summary_of(scratch, SLOT);
	assert_int_equal(summary.energy_wh, 7000);
	assert_int_equal(summary.price_ueur_kwh, 220000);
	assert_int_equal(summary.trades, 4);
	assert_int_equal(summary.amount_nano_eur, 7000LL * 220000);
	assert_int_equal(summary.bids, 3);
	assert_int_equal(summary.offer_wh, 12500);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(trade_of(scratch, SLOT, i).energy_wh, pairs[i]);
	uint8_t first[32];
	memset(first, 1, 32);
	assert_int_equal(ec_balance(scratch, first), -4000LL * 220000);
	assert_int_equal(names_with(scratch, "order/"), 0);
	assert_int_equal(names_with(scratch, "side/"), 0);
	assert_int_equal(names_with(scratch, "book/"), 0);
	assert_int_equal(ec_market.due(scratch, usual()), UINT64_MAX);
	fake_free(scratch);
}

static void refused(struct ec_scratch *scratch, struct asked asked, uint64_t now_s,
                    const char *reason)
{
	assert_int_equal(order_at(scratch, usual(), asked, now_s, EC_ROLE_TRADER), EC_RESULT_RULE);
	assert_non_null(strstr(scratch->reason, reason));
}

static void orders_that_break_a_rule_are_told_which(void **state)
{
	(void)state;
	struct ec_scratch *scratch = fake_new();
	struct asked good = {1, SLOT, 0, 100, 1000};
	uint64_t now = SLOT - 3600;
	refused(scratch, (struct asked){1, SLOT + 1, 0, 100, 1000}, now, "multiple of 900");
	refused(scratch, good, SLOT, "gate");
	refused(scratch, good, SLOT + 366 * 86400, "gate");
	refused(scratch, good, SLOT - 97 * 900, "ahead");
	refused(scratch, (struct asked){1, SLOT, 0, 25001, 1000}, now, "energy");
	refused(scratch, (struct asked){1, SLOT, 0, 100, 2000001}, now, "price");
	refused(scratch, (struct asked){1, SLOT, 0, 100, -1000001}, now, "price");
	assert_int_equal(order(scratch, good), EC_RESULT_DONE);
	refused(scratch, (struct asked){1, SLOT, 1, 100, 1000}, now, "himself");
	assert_int_equal(order_at(scratch, usual(), good, now, EC_ROLE_METER), EC_RESULT_FORBIDDEN);
	assert_int_equal(order(scratch, (struct asked){1, SLOT, 0, 0, 1000}), EC_RESULT_MALFORMED);
	assert_int_equal(order(scratch, (struct asked){1, SLOT, 2, 1, 1000}), EC_RESULT_MALFORMED);
	fake_free(scratch);
}

static void a_full_book_says_so(void **state)
{
	(void)state;
	struct ec_market_parameters rule = ec_market_parameters_usual();
	struct ec_scratch *scratch = fake_new();
	rule.orders_slot_max = 5;
	rule.orders_author_max = 2;
	struct ec_bytes bytes = rules(&rule);
	uint64_t now = SLOT - 3600;
	for (uint8_t i = 0; i < 5; i++) {
		struct asked asked = {(uint8_t)(1 + i / 2), SLOT, 0, 10, 1000};
		assert_int_equal(order_at(scratch, bytes, asked, now, EC_ROLE_TRADER),
		                 EC_RESULT_DONE);
	}
	struct asked third = {1, SLOT, 0, 10, 1000}, sixth = {9, SLOT, 1, 10, 1000};
	assert_int_equal(order_at(scratch, bytes, third, now, EC_ROLE_TRADER), EC_RESULT_FULL);
	assert_int_equal(order_at(scratch, bytes, sixth, now, EC_ROLE_TRADER), EC_RESULT_FULL);
	sixth.slot += 900;
	assert_int_equal(order_at(scratch, bytes, sixth, now, EC_ROLE_TRADER), EC_RESULT_DONE);
	fake_free(scratch);
}

static int64_t money(struct ec_scratch *scratch)
{
	int64_t sum = 0;
	for (size_t i = 0; i < scratch->accounts; i++)
		sum += scratch->account[i].balance;
	return sum;
}

static struct asked asked_random(struct ec_prng *prng)
{
	uint64_t author = ec_prng_below(prng, PARTIES);
	return (struct asked){(uint8_t)(1 + author), SLOT, author & 1,
	                      1 + ec_prng_below(prng, 5000),
	                      (int64_t)ec_prng_below(prng, 300000) - 20000};
}

/* Every trade at the one price, within the limits of both orders as they were sent. */
static uint64_t trades_verify(struct ec_scratch *scratch, const struct asked *book, size_t count)
{
	struct ec_slot_summary summary = summary_of(scratch, SLOT);
	uint64_t sum = 0;
	for (uint64_t i = 0; i < summary.trades; i++) {
		struct ec_trade trade = trade_of(scratch, SLOT, i);
		assert_int_equal(trade.price_ueur_kwh, summary.price_ueur_kwh);
		assert_int_equal(trade.amount_nano_eur,
		                 (int64_t)trade.energy_wh * trade.price_ueur_kwh);
		assert_memory_not_equal(trade.buyer, trade.seller, 32);
		sum += trade.energy_wh;
	}
	assert_int_equal(sum, summary.energy_wh);
	/* Whoever is strictly better than the price trades all of it; whoever is worse, nothing. */
	uint64_t must = 0, may = 0;
	for (size_t i = 0; i < count; i++) {
		if (book[i].side != 0)
			continue;
		must += book[i].price > summary.price_ueur_kwh ? book[i].energy : 0;
		may += book[i].price >= summary.price_ueur_kwh ? book[i].energy : 0;
	}
	if (sum)
		assert_true(must <= sum && sum <= may);
	return sum;
}

static void random_books_conserve_energy_and_money(void **state)
{
	(void)state;
	struct ec_prng prng;
	ec_prng_seed(&prng, 7);
	for (int round = 0; round < 300; round++) {
		struct ec_scratch *scratch = fake_new();
		struct asked book[60];
		size_t count = 0;
		for (int i = 0; i < 60; i++) {
			struct asked asked = asked_random(&prng);
			if (order(scratch, asked) == EC_RESULT_DONE)
				book[count++] = asked;
		}
		assert_true(fake_turn(scratch, &ec_market, usual(), 0, NS(SLOT)));
		trades_verify(scratch, book, count);
		assert_int_equal(money(scratch), 0);
		assert_int_equal(names_with(scratch, "order/"), 0);
		fake_free(scratch);
	}
}

static void small_turns_end_where_a_large_one_does(void **state)
{
	(void)state;
	struct ec_prng prng;
	ec_hash digest[3];
	static const int64_t budget[3] = {256, 7, 1};
	for (int variant = 0; variant < 3; variant++) {
		struct ec_market_parameters rule = ec_market_parameters_usual();
		struct ec_scratch *scratch = fake_new();
		rule.trades_turn_max = budget[variant];
		struct ec_bytes bytes = rules(&rule);
		ec_prng_seed(&prng, 99);
		for (int i = 0; i < 60; i++)
			order_at(scratch, bytes, asked_random(&prng), SLOT - 3600, EC_ROLE_TRADER);
		int turns = 1;
		while (!fake_turn(scratch, &ec_market, bytes, 0, NS(SLOT))) {
			assert_int_equal(money(scratch), 0);
			assert_true(++turns < 500);
		}
		assert_true((variant == 0) == (turns == 1));
		digest[variant] = fake_digest(scratch);
		fake_free(scratch);
	}
	assert_memory_equal(&digest[0], &digest[1], 32);
	assert_memory_equal(&digest[0], &digest[2], 32);
}

/* Distinct prices: whatever order the same orders arrive in, who trades how much is the same. */
static void arrival_order_inside_the_gate_does_not_matter(void **state)
{
	(void)state;
	struct ec_prng prng;
	ec_prng_seed(&prng, 12);
	for (int round = 0; round < 50; round++) {
		struct asked book[20];
		int64_t balance[2][20], price[2] = {0};
		for (int i = 0; i < 20; i++)
			book[i] = (struct asked){(uint8_t)(1 + i), SLOT, (uint64_t)i & 1,
			                         1 + ec_prng_below(&prng, 900),
			                         (int64_t)ec_prng_below(&prng, 9000) * 20 + i};
		for (int variant = 0; variant < 2; variant++) {
			struct ec_scratch *scratch = fake_new();
			for (int i = 0; i < 20; i++)
				assert_int_equal(order(scratch, book[i]), EC_RESULT_DONE);
			fake_turn(scratch, &ec_market, usual(), 0, NS(SLOT));
			price[variant] = summary_of(scratch, SLOT).price_ueur_kwh;
			for (int i = 0; i < 20; i++) {
				uint8_t key[32];
				memset(key, 1 + i, 32);
				balance[variant][i] = ec_balance(scratch, key);
			}
			fake_free(scratch);
			for (int i = 19; i > 0; i--) {
				uint64_t j = ec_prng_below(&prng, (uint64_t)i + 1);
				struct asked swap = book[i];
				book[i] = book[j];
				book[j] = swap;
			}
		}
		assert_int_equal(price[0], price[1]);
		assert_memory_equal(balance[0], balance[1], sizeof balance[0]);
	}
}

static void equal_prices_trade_in_the_order_of_the_ledger(void **state)
{
	(void)state;
	struct ec_scratch *scratch = fake_new();
	assert_int_equal(order(scratch, (struct asked){7, SLOT, 0, 100, 1000}), EC_RESULT_DONE);
	assert_int_equal(order(scratch, (struct asked){3, SLOT, 0, 100, 1000}), EC_RESULT_DONE);
	assert_int_equal(order(scratch, (struct asked){4, SLOT, 1, 150, 1000}), EC_RESULT_DONE);
	fake_turn(scratch, &ec_market, usual(), 0, NS(SLOT));
	assert_int_equal(trade_of(scratch, SLOT, 0).buyer[0], 7);
	assert_int_equal(trade_of(scratch, SLOT, 0).energy_wh, 100);
	assert_int_equal(trade_of(scratch, SLOT, 1).buyer[0], 3);
	assert_int_equal(trade_of(scratch, SLOT, 1).energy_wh, 50);
	fake_free(scratch);
}

static void an_account_at_its_range_stops_its_own_trade_only(void **state)
{
	(void)state;
	struct ec_scratch *scratch = fake_new();
	uint8_t rich[32], bank[32];
	memset(rich, 2, 32);
	memset(bank, 99, 32);
	ec_post(scratch, rich, INT64_C(4000000000000000000));
	ec_post(scratch, bank, -INT64_C(4000000000000000000));
	fake_end(scratch, true);
	order(scratch, (struct asked){1, SLOT, 0, 100, 1000});
	order(scratch, (struct asked){2, SLOT, 1, 60, 900});
	order(scratch, (struct asked){3, SLOT, 1, 40, 1000});
	assert_true(fake_turn(scratch, &ec_market, usual(), 0, NS(SLOT)));
	struct ec_slot_summary summary = summary_of(scratch, SLOT);
	assert_int_equal(summary.trades, 1);
	assert_int_equal(summary.energy_wh, 40);
	assert_int_equal(money(scratch), 0);
	fake_free(scratch);
}

static void old_slots_are_forgotten(void **state)
{
	(void)state;
	struct ec_market_parameters rule = ec_market_parameters_usual();
	struct ec_scratch *scratch = fake_new();
	rule.keep_slots = 96;
	struct ec_bytes bytes = rules(&rule);
	for (uint64_t slot = SLOT; slot < SLOT + 200 * 900; slot += 900) {
		struct asked bid = {1, slot, 0, 10, 1000}, offer = {2, slot, 1, 10, 900};
		order_at(scratch, bytes, bid, slot - 900, EC_ROLE_TRADER);
		order_at(scratch, bytes, offer, slot - 900, EC_ROLE_TRADER);
		assert_true(fake_turn(scratch, &ec_market, bytes, 0, NS(slot)));
	}
	assert_in_range(names_with(scratch, "slot/"), 96, 98);
	assert_in_range(names_with(scratch, "trade/"), 96, 98);
	assert_in_range(names_with(scratch, "net/"), 192, 196);
	fake_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trap_vector_through_the_state),
		cmocka_unit_test(orders_that_break_a_rule_are_told_which),
		cmocka_unit_test(a_full_book_says_so),
		cmocka_unit_test(random_books_conserve_energy_and_money),
		cmocka_unit_test(small_turns_end_where_a_large_one_does),
		cmocka_unit_test(arrival_order_inside_the_gate_does_not_matter),
		cmocka_unit_test(equal_prices_trade_in_the_order_of_the_ledger),
		cmocka_unit_test(an_account_at_its_range_stops_its_own_trade_only),
		cmocka_unit_test(old_slots_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
