/* metrics_energy_test.c - the community's figures, from a state of a few names. */
#include "doors/metrics_energy.h"

#include "base/test.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOON_S = 1782000000, ENTRIES = 4 };

#define SECOND_NS ((uint64_t)1000000000)

/* The ledger of this test: names in their order. */
static struct {
	struct ec_name name;
	uint8_t value[EC_RECORD_SIZE_MAX];
	size_t size;
} state[ENTRIES];
static uint32_t entries;

struct ec_ledger_at ec_ledger_at(const struct ec_ledger *ledger)
{
	(void)ledger;
	return (struct ec_ledger_at){.time_ns = NOON_S * SECOND_NS};
}

uint64_t ec_ledger_tally(const struct ec_ledger *ledger, uint64_t kind, unsigned code)
{
	(void)ledger;
	return kind * 100 + code;
}

bool ec_ledger_get(struct ec_ledger *ledger, const void *name, size_t name_size,
                   struct ec_bytes *value)
{
	(void)ledger;
	for (uint32_t i = 0; i < entries; i++)
		if (state[i].name.size == name_size && !memcmp(state[i].name.at, name, name_size)) {
			*value = (struct ec_bytes){.data = state[i].value, .size = state[i].size};
			return true;
		}
	return false;
}

void ec_cursor_start(struct ec_cursor *cursor, const void *prefix, size_t prefix_size)
{
	*cursor = (struct ec_cursor){.prefix_size = prefix_size};
	memcpy(cursor->prefix, prefix, prefix_size);
}

void ec_cursor_skip(struct ec_cursor *cursor, const void *name, size_t name_size)
{
	assert_memory_equal(name, cursor->prefix, cursor->prefix_size);
	memcpy(cursor->name, name, name_size);
	cursor->name_size = name_size;
	cursor->begun = true;
}

bool ec_ledger_next(struct ec_ledger *ledger, struct ec_cursor *cursor, struct ec_bytes *value)
{
	(void)ledger;
	for (uint32_t i = 0; i < entries; i++) {
		const struct ec_name *name = &state[i].name;
		if (memcmp(name->at, cursor->prefix, cursor->prefix_size) != 0 ||
		    (cursor->begun && memcmp(name->at, cursor->name, name->size) <= 0))
			continue;
		memcpy(cursor->name, name->at, name->size);
		cursor->name_size = name->size;
		cursor->begun = true;
		*value = (struct ec_bytes){.data = state[i].value, .size = state[i].size};
		return true;
	}
	return false;
}

static void slot_add(uint64_t slot_s, struct ec_slot_summary summary)
{
	state[entries].name = ec_name_slot(slot_s);
	state[entries].size = ec_slot_summary_write(&summary, state[entries].value);
	entries++;
}

static const char *written(const char *const *services, uint32_t count, uint64_t rate)
{
	static char room[16384];
	static uint8_t parameters[EC_PARAMETERS_SIZE_MAX];
	struct ec_market_parameters rule = ec_market_parameters_usual();
	struct ec_service_entry entry[3] = {0};
	rule.lead_s = 900;
	struct ec_bytes bytes = {.data = parameters,
	                         .size = ec_market_parameters_write(&rule, parameters)};
	for (uint32_t i = 0; i < count; i++) {
		snprintf(entry[i].name, sizeof entry[i].name, "%s", services[i]);
		entry[i].parameters = bytes;
	}
	struct ec_genesis genesis = {.services = count, .service = entry, .time_rate = rate};
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_metrics_energy(&genesis, NULL, &text);
	assert_false(text.cut);
	return room;
}

static const char *const both[] = {"metering", "market"};

static void a_group_without_services_has_no_series(void **unused)
{
	(void)unused;
	static const char *const cloud[] = {"anchors"};
	entries = 0;
	assert_string_equal(written(cloud, 1, 1), "");
}

static void results_and_totals_are_counted(void **unused)
{
	(void)unused;
	struct ec_market_total total = {.trades = 12, .energy_wh = 3400, .slots = 5};
	entries = 1;
	state[0].name = ec_name_total("market");
	state[0].size = ec_market_total_write(&total, state[0].value);
	const char *text = written(both, 2, 900);
	assert_non_null(strstr(text, "\nedgecord_readings_total{result=\"done\"} 100\n"));
	assert_non_null(strstr(text, "\nedgecord_orders_total{result=\"rule\"} 209\n"));
	assert_non_null(strstr(text, "\nedgecord_market_trades_total 12\n"));
	assert_non_null(strstr(text, "\nedgecord_market_traded_wh_total 3400\n"));
	assert_non_null(strstr(text, "\nedgecord_market_slots_total 5\n"));
	assert_null(strstr(text, "edgecord_market_clear_seconds"));
}

/* The newest slot counts, not one that is older than two hours; times are real ones. */
static void the_newest_slot_is_shown(void **unused)
{
	(void)unused;
	entries = 0;
	slot_add(NOON_S - 90000, (struct ec_slot_summary){.bid_wh = 1});
	assert_null(strstr(written(both, 2, 900), "edgecord_market_clear_seconds"));
	slot_add(NOON_S - 900, (struct ec_slot_summary){.bid_wh = 2});
	slot_add(NOON_S, (struct ec_slot_summary){.bid_wh = 500,
	                                          .offer_wh = 1200,
	                                          .price_ueur_kwh = -20,
	                                          .closed_ns = (NOON_S - 900 + 45) * SECOND_NS});
	const char *text = written(both, 2, 900);
	assert_non_null(strstr(text, "\nedgecord_market_clear_seconds 0.050000000\n"));
	assert_non_null(strstr(text, "\nedgecord_market_imbalance_wh -700\n"));
	assert_non_null(strstr(text, "\nedgecord_market_price_ueur_kwh -20\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_without_services_has_no_series),
		cmocka_unit_test(results_and_totals_are_counted),
		cmocka_unit_test(the_newest_slot_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
