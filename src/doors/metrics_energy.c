/* metrics_energy.c - what the community's services did, as the node's state has it. */
#include "doors/metrics_energy.h"

#include "doors/metric.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"

#include <inttypes.h>

enum { READING = 1, ORDER = 2, SLOTS_BACK = 8, SLOTS_LOOKED_AT = 64 };

#define SECOND_NS ((uint64_t)1000000000)

static const struct ec_service_entry *service_find(const struct ec_genesis *genesis,
                                                   const char *name)
{
	for (uint32_t i = 0; i < genesis->services; i++)
		if (strcmp(genesis->service[i].name, name) == 0)
			return &genesis->service[i];
	return NULL;
}

/* Envelopes of one kind by what became of them: as many lines as there are results. */
static void put_results(struct ec_text *text, const struct ec_ledger *ledger, uint64_t kind,
                        const char *name, const char *help)
{
	ec_metric_head(text, name, "counter", help);
	for (unsigned code = 0; code < EC_RESULT_COUNT; code++)
		ec_text_add(text, "%s{result=\"%s\"} %" PRIu64 "\n", name, ec_result_name(code),
		            ec_ledger_tally(ledger, kind, code));
}

/* The newest slot that was cleared, looked for from a little before community time on. */
static bool slot_newest(struct ec_ledger *ledger, uint64_t *slot_s, struct ec_slot_summary *summary)
{
	uint64_t now_s = ec_ledger_at(ledger).time_ns / SECOND_NS;
	uint64_t begin_s = now_s > SLOTS_BACK * EC_SLOT_S ? now_s - SLOTS_BACK * EC_SLOT_S : 0;
	struct ec_name prefix = ec_name_of("slot/"), from = ec_name_slot(begin_s);
	struct ec_cursor cursor;
	struct ec_bytes value;
	bool found = false;
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	ec_cursor_skip(&cursor, from.at, from.size);
	for (int i = 0; i < SLOTS_LOOKED_AT && ec_ledger_next(ledger, &cursor, &value); i++) {
		struct ec_slot_summary next;
		if (!ec_slot_summary_read(value, &next))
			break;
		*slot_s = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
		*summary = next;
		found = true;
	}
	return found;
}

static void put_slot(struct ec_text *text, struct ec_ledger *ledger,
                     const struct ec_market_parameters *rule, uint64_t time_rate)
{
	struct ec_slot_summary summary;
	uint64_t slot_s, lead_s = (uint64_t)rule->lead_s;
	if (!slot_newest(ledger, &slot_s, &summary))
		return;
	uint64_t gate_ns = slot_s > lead_s ? (slot_s - lead_s) * SECOND_NS : 0;
	uint64_t late_ns = summary.closed_ns > gate_ns ? summary.closed_ns - gate_ns : 0;
	ec_metric_seconds(text, "edgecord_market_clear_seconds", "gauge",
	                  "Real time from the newest slot's gate to the begin of its clearing.",
	                  (int64_t)(late_ns / time_rate));
	ec_metric_gauge(text, "edgecord_market_imbalance_wh",
	                "Energy bid less energy offered when the newest slot's gate closed.",
	                (int64_t)(summary.bid_wh - summary.offer_wh));
	ec_metric_gauge(text, "edgecord_market_price_ueur_kwh",
	                "Price of the newest slot, in micro-EUR a kWh; 0 without trades.",
	                summary.price_ueur_kwh);
}

static void put_market(struct ec_text *text, struct ec_ledger *ledger,
                       const struct ec_service_entry *service, uint64_t time_rate)
{
	struct ec_name name = ec_name_total("market");
	struct ec_market_total total = {0};
	struct ec_market_parameters rule;
	struct ec_bytes value;
	put_results(text, ledger, ORDER, "edgecord_orders_total",
	            "Orders since the node started, by what became of them.");
	if (ec_ledger_get(ledger, name.at, name.size, &value))
		ec_market_total_read(value, &total);
	ec_metric_count(text, "edgecord_market_trades_total", "Trades since the group began.",
	                total.trades);
	ec_metric_count(text, "edgecord_market_traded_wh_total", "Energy traded in them.",
	                total.energy_wh);
	ec_metric_count(text, "edgecord_market_slots_total", "Slots cleared since the group began.",
	                total.slots);
	if (ec_market_parameters_read(service->parameters, &rule))
		put_slot(text, ledger, &rule, time_rate);
}

/* Slots without a reading: between readings of a meter, and overdue ones of meters that are off. */
static uint64_t missing_slots(const struct ec_genesis *genesis, struct ec_ledger *ledger,
                              const struct ec_metering_total *total)
{
	const struct ec_service_entry *settlement = service_find(genesis, "settlement");
	struct ec_settlement_parameters rule;
	struct ec_name prefix = ec_name_of("meter/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	uint64_t missing = total->missing_slots, time_ns = ec_ledger_at(ledger).time_ns;
	if (!settlement || !ec_settlement_parameters_read(settlement->parameters, &rule))
		return missing;
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	while (ec_ledger_next(ledger, &cursor, &value)) {
		struct ec_meter_head head;
		if (ec_meter_head_read(value, &head))
			missing += ec_meter_overdue(&head, (uint64_t)rule.deadline_s, time_ns);
	}
	return missing;
}

static void put_metering(struct ec_text *text, const struct ec_genesis *genesis,
                         struct ec_ledger *ledger)
{
	struct ec_name name = ec_name_total("metering");
	struct ec_metering_total total = {0};
	struct ec_bytes value;
	put_results(text, ledger, READING, "edgecord_readings_total",
	            "Readings since the node started, by what became of them.");
	if (ec_ledger_get(ledger, name.at, name.size, &value))
		ec_metering_total_read(value, &total);
	ec_metric_gauge(text, "edgecord_meters", "Meters that ever sent a reading.",
	                (int64_t)total.meters);
	ec_metric_gauge(text, "edgecord_missing_slots",
	                "Slots without a reading, between two of a meter or overdue.",
	                (int64_t)missing_slots(genesis, ledger, &total));
}

void ec_metrics_energy(const struct ec_genesis *genesis, struct ec_ledger *ledger,
                       struct ec_text *text)
{
	const struct ec_service_entry *market = service_find(genesis, "market");
	if (service_find(genesis, "metering"))
		put_metering(text, genesis, ledger);
	if (market)
		put_market(text, ledger, market, genesis->time_rate);
}
