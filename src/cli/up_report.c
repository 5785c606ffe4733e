/* up_report.c - what a person sees of a local network: a line of progress, and the summary. */
#include "cli/up.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SLOT_S = 900, DAY_S = 86400, ZONE_S = 7200 };

/* Sums over the cells and nodes. */
struct totals {
	uint64_t readings, missing, trades, energy_wh, slots, retail_wh, feed_in_wh;
	int64_t traded_nano_eur, retail_nano_eur, feed_in_nano_eur;
	int64_t price_min, price_max;
	uint64_t certificates, view_changes, cpu_ns, bill_lines;
	bool traded;
	uint32_t nodes, nodes_up;
	bool diverged;
};

static void add_cell(const struct up_cell_sight *cell, struct totals *totals)
{
	totals->readings += cell->metering.readings;
	totals->missing += cell->missing;
	totals->bill_lines += cell->bill_lines;
	totals->trades += cell->market.trades;
	totals->energy_wh += cell->market.energy_wh;
	totals->slots += cell->market.slots;
	totals->traded_nano_eur += cell->market.amount_nano_eur;
	totals->retail_wh += cell->settlement.retail_wh;
	totals->feed_in_wh += cell->settlement.feed_in_wh;
	totals->retail_nano_eur += cell->settlement.retail_nano_eur;
	totals->feed_in_nano_eur += cell->settlement.feed_in_nano_eur;
	if (cell->market.trades == 0)
		return;
	if (!totals->traded || cell->market.price_min < totals->price_min)
		totals->price_min = cell->market.price_min;
	if (!totals->traded || cell->market.price_max > totals->price_max)
		totals->price_max = cell->market.price_max;
	totals->traded = true;
}

static struct totals totals_of(const struct up *up)
{
	struct totals totals = {0};
	for (uint32_t g = 0; g < up->network->groups; g++) {
		bool cloud = up->network->has_cloud && g == up->network->groups - 1;
		uint64_t certificates = 0;
		for (uint32_t i = 0; i < up->network->group[g].nodes; i++) {
			const struct up_node_sight *node = &up->sight.node[g][i];
			totals.nodes++;
			totals.nodes_up += node->up;
			totals.diverged |= node->diverged;
			totals.cpu_ns += node->usage.cpu_ns;
			if (node->certificates > certificates)
				certificates = node->certificates;
			if (node->view_changes > totals.view_changes)
				totals.view_changes = node->view_changes;
		}
		totals.certificates += certificates;
		if (!cloud)
			add_cell(&up->sight.cell[g], &totals);
	}
	return totals;
}

static double euro(int64_t nano)
{
	return (double)nano / 1e9;
}

static double cents_kwh(int64_t micro)
{
	return (double)micro / 1e4;
}

/* The clock of the community: that of the furthest cell. */
static uint64_t community_s(const struct up *up)
{
	uint64_t newest = 0;
	for (uint32_t g = 0; g < up->network->groups; g++)
		for (uint32_t i = 0; i < up->network->group[g].nodes; i++)
			if (up->sight.node[g][i].time_ns > newest)
				newest = up->sight.node[g][i].time_ns;
	return newest / 1000000000u;
}

void up_progress(const struct up *up, bool last)
{
	FILE *out = up->options.json ? stderr : stdout;
	struct totals totals = totals_of(up);
	uint64_t local_s = (community_s(up) + ZONE_S) % DAY_S;
	const struct ec_slot_summary *newest = NULL;
	uint64_t slot_s = 0;
	for (uint32_t g = 0; g < up->network->groups; g++)
		if (up->sight.cell[g].slot_s > slot_s) {
			slot_s = up->sight.cell[g].slot_s;
			newest = &up->sight.cell[g].newest;
		}
	char price[48] = "no trade yet";
	if (newest)
		snprintf(price, sizeof price, "%5.2f ct/kWh, %5" PRIu64 " Wh",
		         cents_kwh(newest->price_ueur_kwh), newest->energy_wh);
	bool terminal = isatty(fileno(out));
	if (last && !terminal)
		return; /* the line before is the last; a terminal's wants its end */
	fprintf(out,
	        "%s%02" PRIu64 ":%02" PRIu64 "  %2u/%u nodes  %6" PRIu64 " readings  %6" PRIu64
	        " trades  %-24s  %6" PRIu64 " certificates  %5" PRIu64 " anchors%s",
	        terminal ? "\r\033[K" : "", local_s / 3600, local_s / 60 % 60, totals.nodes_up,
	        totals.nodes, totals.readings, totals.trades, price, totals.certificates,
	        up->sight.anchors, terminal && !last ? "" : "\n");
	fflush(out);
}

/* Whether no money was made or lost: the accounts of every cell, added up now, come to zero, no
 * line of a bill was left out, all bills agree with the trades and accounts (as far as they are
 * kept), and no member computed something else. */
static bool conserved(const struct up *up)
{
	uint32_t cells = up->network->groups - (up->network->has_cloud ? 1 : 0);
	for (uint32_t g = 0; g < cells; g++)
		if (!up->sight.cell[g].balanced || up->sight.cell[g].settlement.blocked ||
		    up->sight.cell[g].bills == UP_BILLS_DIFFER)
			return false;
	return !totals_of(up).diverged;
}

static double commit_ms(const struct up *up, uint32_t per_mille)
{
	return (double)ec_histogram_at(&up->sight.commits, per_mille) / 1e6;
}

static uint64_t cpu_ms_per_1000(const struct totals *totals)
{
	return totals->readings ? totals->cpu_ns / 1000 / totals->readings : 0;
}

static bool summary_json(const struct up *up, const struct totals *totals)
{
	json_t *json = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:b, s:f, s:f, s:I, s:I, s:I, s:I, s:f, s:I, s:f, s:i, "
		"s:i}",
		"readings_committed", (json_int_t)totals->readings, "slots_missing",
		(json_int_t)totals->missing, "bill_lines", (json_int_t)totals->bill_lines,
		"trades_committed", (json_int_t)totals->trades, "energy_traded_wh",
		(json_int_t)totals->energy_wh, "money_conserved", conserved(up), "commit_ms_p50",
		commit_ms(up, 500), "commit_ms_p99", commit_ms(up, 990), "certificates",
		(json_int_t)totals->certificates, "anchors", (json_int_t)up->sight.anchors,
		"rss_max_bytes", (json_int_t)up->sight.memory_max_bytes, "disk_bytes",
		(json_int_t)ec_folder_bytes(up->network->folder), "cpu_s_per_1000_readings",
		(double)cpu_ms_per_1000(totals) / 1e3, "view_changes",
		(json_int_t)totals->view_changes, "first_trade_s",
		up->first_trade_ns ? (double)(up->first_trade_ns - up->started_ns) / 1e9 : -1.0,
		"nodes", (int)totals->nodes, "nodes_up", (int)totals->nodes_up);
	if (!json)
		return false;
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return true;
}

static void summary_text(const struct up *up, const struct totals *totals)
{
	printf("\n%-24s %" PRIu64 " (%" PRIu64 " missing)\n", "readings committed",
	       totals->readings, totals->missing);
	printf("%-24s %" PRIu64 " in %" PRIu64 " cleared slots\n", "trades committed",
	       totals->trades, totals->slots);
	printf("%-24s %" PRIu64 " Wh for %.2f EUR\n", "energy traded", totals->energy_wh,
	       euro(totals->traded_nano_eur));
	if (totals->trades)
		printf("%-24s %.2f to %.2f ct/kWh\n", "price", cents_kwh(totals->price_min),
		       cents_kwh(totals->price_max));
	printf("%-24s %" PRIu64 " Wh for %.2f EUR bought, %" PRIu64 " Wh for %.2f EUR sold\n",
	       "with the supplier", totals->retail_wh, euro(totals->retail_nano_eur),
	       totals->feed_in_wh, euro(totals->feed_in_nano_eur));
	if (up->sight.commits.count)
		printf("%-24s p50 %.1f ms, p99 %.1f ms\n", "commit latency", commit_ms(up, 500),
		       commit_ms(up, 990));
	printf("%-24s %" PRIu64 "\n", "certificates", totals->certificates);
	if (up->network->has_cloud)
		printf("%-24s %" PRIu64 "\n", "anchors", up->sight.anchors);
	printf("%-24s %" PRIu64 "\n", "view changes", totals->view_changes);
	printf("%-24s %.1f MB in the largest of %u nodes\n", "memory",
	       (double)up->sight.memory_max_bytes / 1e6, totals->nodes);
	printf("%-24s %.1f MB\n", "disk", (double)ec_folder_bytes(up->network->folder) / 1e6);
	printf("%-24s %.2f s per 1,000 readings, all nodes together\n", "processor",
	       (double)cpu_ms_per_1000(totals) / 1e3);
	if (up->first_trade_ns)
		printf("%-24s %.1f s after the start\n", "first trade",
		       (double)(up->first_trade_ns - up->started_ns) / 1e9);
	printf("%-24s %" PRIu64 " lines added up\n", "bills", totals->bill_lines);
	if (totals->readings == 0)
		printf("no reading was committed: too few slots, a busy machine, or no quorum?  "
		       "the nodes' logs say more\n");
	printf("money conserved: %s\n", conserved(up) ? "yes" : "NO");
}

bool up_summary(struct up *up)
{
	up_look_at_bills(up);
	struct totals totals = totals_of(up);
	if (up->options.json)
		summary_json(up, &totals);
	else
		summary_text(up, &totals);
	fflush(stdout);
	return conserved(up) && totals.readings > 0;
}
