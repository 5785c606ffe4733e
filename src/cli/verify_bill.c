/* verify_bill.c - a proven bill, judged by its own figures and shown line by line. */
#include "cli/client_options.h"
#include "cli/verify_report.h"
#include "services/names.h"
#include "services/read.h"

#include <inttypes.h>
#include <stdio.h>

static const char PREFIX[] = "bill/";

bool ec_verify_is_bill(const struct ec_proof_report *report)
{
	size_t size = strlen(PREFIX);
	return report->claim == 1 && report->name.size >= size &&
	       memcmp(report->name.data, PREFIX, size) == 0;
}

void ec_verify_bill(struct ec_proof_report *report)
{
	struct ec_bill bill;
	uint32_t wrong = UINT32_MAX;
	if (!ec_verify_is_bill(report))
		return;
	bool good = false;
	if (!ec_bill_read(report->value, &bill)) {
		snprintf(report->why, sizeof report->why,
		         "it was signed, but the value is no bill");
	} else {
		struct ec_name name = ec_name_bill(bill.key, bill.day);
		bool its_own = name.size == report->name.size &&
		               memcmp(name.at, report->name.data, name.size) == 0;
		good = its_own && ec_bill_check(&bill, &wrong);
		if (!its_own)
			snprintf(report->why, sizeof report->why,
			         "it was signed, but the bill is of another home or day than "
			         "its name");
		else if (wrong < bill.lines)
			snprintf(report->why, sizeof report->why,
			         "it was signed, but line %u of the bill, slot %" PRIu64
			         ", does not follow from its figures",
			         wrong + 1, bill.line[wrong].slot_s);
		else
			snprintf(report->why, sizeof report->why,
			         "it was signed, but the bill's tariffs are out of bounds");
	}
	if (!good)
		report->verdict = EC_INVALID;
}

static double euro(int64_t nano_eur)
{
	return (double)nano_eur / 1e9;
}

static void print_line(const struct ec_bill_line *line)
{
	static const char *const status[] = {"?", "metered", "missing", "final"};
	char time[32];
	ec_cli_time(line->slot_s * 1000000000u, time);
	printf("           %.16s  %7" PRIu64 " %7" PRIu64 "  %6" PRIu64 " %6" PRIu64
	       " %8.2f %11.6f  %7" PRId64 " %11.6f  %s\n",
	       time, line->import_wh, line->export_wh, line->bought_wh, line->sold_wh,
	       (double)line->price_ueur_kwh / 1e4, euro(line->trade_nano_eur), line->net_wh,
	       euro(line->net_nano_eur), status[line->status < 4 ? line->status : 0]);
}

void ec_verify_print_bill(struct ec_bytes value)
{
	struct ec_bill bill;
	if (!ec_bill_read(value, &bill))
		return;
	struct ec_bill_total total = ec_bill_total(&bill);
	printf("a bill: day %" PRIu64 ", version %" PRIu64 ", retail %.2f, feed-in %.2f ct/kWh\n",
	       bill.day, bill.version, (double)bill.retail_ueur_kwh / 1e4,
	       (double)bill.feed_in_ueur_kwh / 1e4);
	printf("           %-16s  %7s %7s  %6s %6s %8s %11s  %7s %11s\n", "slot", "import",
	       "export", "bought", "sold", "ct/kWh", "EUR", "net Wh", "EUR");
	for (uint32_t i = 0; i < bill.lines; i++)
		print_line(&bill.line[i]);
	printf("total      trades %.6f EUR, supplier %.6f EUR, together %.6f EUR (below zero: the "
	       "home pays)\n",
	       euro(total.trade_nano_eur), euro(total.net_nano_eur), euro(total.total_nano_eur));
}
