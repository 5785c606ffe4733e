/* verify_bill_test.c - a proven bill is judged by its own figures, and by its name. */
#include "base/test.h"
#include "cli/verify_report.h"
#include "services/names.h"
#include "services/read.h"

#include <stdio.h>

enum { DAY = 20000 };

struct proven {
	struct ec_bill bill;
	struct ec_name name;
	uint8_t value[EC_BILL_SIZE_MAX];
	struct ec_proof_report report;
};

/* Two lines: 500 Wh bought from the supplier, and 300 Wh of 500 traded for 20 ct/kWh. */
static void proven_begin(struct proven *proven)
{
	memset(proven, 0, sizeof *proven);
	struct ec_bill *bill = &proven->bill;
	*bill = (struct ec_bill){.day = DAY,
	                         .version = 1,
	                         .retail_ueur_kwh = 300000,
	                         .feed_in_ueur_kwh = 80000,
	                         .lines = 2};
	memset(bill->key, 7, sizeof bill->key);
	for (uint32_t i = 0; i < 2; i++)
		bill->line[i] = (struct ec_bill_line){.slot_s = DAY * 86400 + i * 900,
		                                      .status = EC_LINE_METERED,
		                                      .import_register_wh = 10000 + i * 500,
		                                      .import_wh = 500,
		                                      .span = 1,
		                                      .net_wh = 500,
		                                      .net_nano_eur = -500 * 300000,
		                                      .reading = {{1}}};
	struct ec_bill_line *traded = &bill->line[1];
	traded->bought_wh = 300;
	traded->price_ueur_kwh = 200000;
	traded->trade_nano_eur = -300 * 200000;
	traded->traded_wh = 300;
	traded->net_wh = 200;
	traded->net_nano_eur = -200 * 300000;
	proven->name = ec_name_bill(bill->key, bill->day);
}

static enum ec_verdict judge(struct proven *proven)
{
	proven->report = (struct ec_proof_report){.claim = 1};
	proven->report.name = (struct ec_bytes){.data = proven->name.at, .size = proven->name.size};
	proven->report.value = (struct ec_bytes){
		.data = proven->value, .size = ec_bill_write(&proven->bill, proven->value)};
	ec_verify_bill(&proven->report);
	return proven->report.verdict;
}

static void assert_refused(struct proven *proven, const char *words)
{
	assert_int_equal(judge(proven), EC_INVALID);
	if (!strstr(proven->report.why, words))
		fail_msg("'%s' is not in '%s'", words, proven->report.why);
}

static void a_bill_that_adds_up(void **state)
{
	(void)state;
	static struct proven proven;
	proven_begin(&proven);
	assert_int_equal(judge(&proven), EC_VALID);
	assert_true(ec_verify_is_bill(&proven.report));
	proven.report.claim = 2; /* that there is none */
	ec_verify_bill(&proven.report);
	assert_int_equal(proven.report.verdict, EC_VALID);
}

static void a_bill_that_does_not(void **state)
{
	(void)state;
	static struct proven proven;
	proven_begin(&proven);
	proven.bill.line[1].net_nano_eur++;
	assert_refused(&proven, "line 2 of the bill, slot 1728000900, does not follow");
	proven_begin(&proven);
	proven.bill.line[0].import_wh = 400;
	assert_refused(&proven, "line 1 of the bill");
	proven_begin(&proven);
	proven.bill.day++;
	assert_refused(&proven, "another home or day");
	proven_begin(&proven);
	proven.bill.key[0] ^= 1;
	assert_refused(&proven, "another home or day");
	proven_begin(&proven);
	proven.bill.retail_ueur_kwh = INT64_C(1) << 40;
	assert_refused(&proven, "tariffs");
	proven_begin(&proven);
	judge(&proven);
	proven.report.value.size--;
	ec_verify_bill(&proven.report);
	assert_int_equal(proven.report.verdict, EC_INVALID);
	assert_non_null(strstr(proven.report.why, "is no bill"));
}

static void the_name_that_was_asked_for(void **state)
{
	(void)state;
	struct ec_proof_report report = {.claim = 2,
	                                 .name = {.data = (const uint8_t *)"bill/x", .size = 6}};
	ec_verify_name(&report, "bill/x");
	assert_int_equal(report.verdict, EC_VALID);
	ec_verify_name(&report, "0x62696c6c2f78");
	assert_int_equal(report.verdict, EC_VALID);
	ec_verify_name(&report, "bill/y");
	assert_int_equal(report.verdict, EC_INVALID);
	assert_non_null(strstr(report.why, "another name than --name bill/y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bill_that_adds_up),
		cmocka_unit_test(a_bill_that_does_not),
		cmocka_unit_test(the_name_that_was_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
