/* day_test.c - a community's day on the real ledger: blocks, bills, and proofs of them. */
#include "base/test.h"
#include "base/prng.h"
#include "base/senml.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"
#include "services/names.h"
#include "services/parameters.h"
#include "services/read.h"
#include "services/services.h"

enum { HOMES = 6, SLOTS = 30, BEGIN_S = 1700000000 / 900 * 900 + 1800 };

static struct day community_open(uint64_t time_rate)
{
	static uint8_t bytes[3][EC_PARAMETERS_SIZE_MAX];
	struct ec_metering_parameters metering = ec_metering_parameters_usual();
	struct ec_market_parameters market = ec_market_parameters_usual();
	struct ec_settlement_parameters settlement = ec_settlement_parameters_usual();
	struct ec_service_entry entry[3] = {
		{"metering", {bytes[0], ec_metering_parameters_write(&metering, bytes[0]), NULL}},
		{"market", {bytes[1], ec_market_parameters_write(&market, bytes[1]), NULL}},
		{"settlement",
	         {bytes[2], ec_settlement_parameters_write(&settlement, bytes[2]), NULL}}};
	struct world_plan plan = {.members = 4,
	                          .authors = HOMES,
	                          .time_rate = time_rate,
	                          .service = entry,
	                          .services = 3};
	struct day day = {.world = world_make(&plan),
	                  .pool = ec_pool_new(0),
	                  .store = ec_store_memory(),
	                  .services = ec_services,
	                  .stamp_ns = WORLD_START_NS};
	day_open(&day);
	return day;
}

static struct ec_batch_item reading_of(const struct day *day, uint32_t home, uint64_t index,
                                       uint64_t import_wh, uint64_t export_wh)
{
	uint8_t payload[EC_SENML_SIZE_MAX + 8];
	struct ec_reading reading = {.name = "home/",
	                             .time_s = BEGIN_S + index * 900,
	                             .import_wh = import_wh,
	                             .export_wh = export_wh};
	struct ec_cbor_writer writer = ec_cbor_writer_over(payload, sizeof payload);
	ec_cbor_write_array(&writer, 2);
	ec_cbor_write_uint(&writer, 1);
	ec_senml_write(&writer, &reading);
	assert_true(ec_cbor_writer_ok(&writer));
	return world_envelope(&day->world, home, 0, index + 1, payload, writer.out.size, NULL);
}

static struct ec_batch_item order_of(const struct day *day, uint32_t home, uint64_t index,
                                     uint64_t energy_wh, int64_t price)
{
	uint8_t payload[64];
	struct ec_cbor_writer writer = ec_cbor_writer_over(payload, sizeof payload);
	ec_cbor_write_array(&writer, 5);
	ec_cbor_write_uint(&writer, 2);
	ec_cbor_write_uint(&writer, BEGIN_S + index * 900);
	ec_cbor_write_uint(&writer, home & 1);
	ec_cbor_write_uint(&writer, energy_wh);
	ec_cbor_write_int(&writer, price);
	assert_true(ec_cbor_writer_ok(&writer));
	return world_envelope(&day->world, home, 1, index + 1, payload, writer.out.size, NULL);
}

/* One slot's batch: everybody's registers at its begin, and orders for the slot after. */
static void slot_deliver(struct day *day, uint64_t index)
{
	struct ec_batch_item items[2 * HOMES];
	struct ec_prng prng;
	uint32_t count = 0;
	ec_prng_seed(&prng, index);
	for (uint32_t home = 0; home < HOMES; home++) {
		uint64_t import_wh = home & 1 ? 0 : index * 300,
			 export_wh = index * 400 - import_wh;
		if (index % 7 != 3 || home != 2) /* home 2 misses some */
			items[count++] =
				reading_of(day, home, index, import_wh, home & 1 ? export_wh : 0);
		items[count++] = order_of(day, home, index + 1, 100 + ec_prng_below(&prng, 400),
		                          100000 + (int64_t)ec_prng_below(&prng, 200000));
	}
	uint64_t into_ns = (BEGIN_S + index * 900 + 1) * UINT64_C(1000000000) - WORLD_START_NS;
	day->stamp_ns = WORLD_START_NS + into_ns / day->world.genesis->time_rate;
	for (uint32_t member = 0; member < 4; member++) /* everybody's clock moves */
		day_deliver(day, member, false, NULL, 0);
	assert_true(day_deliver(day, 0, true, items, count));
}

/* What a service left under a name. */
static struct ec_bytes value_at(struct day *day, struct ec_name name)
{
	struct ec_bytes value;
	assert_true(ec_ledger_get(day->ledger, name.at, name.size, &value));
	return value;
}

static void a_day_of_trading_adds_up(void **state)
{
	(void)state;
	char why[256];
	struct day day = community_open(1);
	for (uint64_t index = 0; index < SLOTS; index++)
		slot_deliver(&day, index);
	struct ec_metering_total metering;
	struct ec_market_total market;
	struct ec_settlement_total settlement;
	assert_true(ec_metering_total_read(value_at(&day, ec_name_total("metering")), &metering));
	assert_true(ec_market_total_read(value_at(&day, ec_name_total("market")), &market));
	assert_true(
		ec_settlement_total_read(value_at(&day, ec_name_total("settlement")), &settlement));
	assert_int_equal(metering.readings, HOMES * SLOTS - 4);
	assert_int_equal(metering.missing_slots, 4);
	assert_int_equal(market.orders, HOMES * SLOTS);
	assert_int_equal(market.slots, SLOTS - 1);
	assert_true(market.trades > SLOTS && market.energy_wh > 0);
	assert_true(settlement.slots >= SLOTS - 12 && settlement.lines >= HOMES * (SLOTS - 12));
	assert_int_equal(settlement.blocked, 0);
	uint64_t seq = ec_ledger_at(day.ledger).seq;
	if (!ec_ledger_persist(day.ledger, seq, why, sizeof why)) /* recounts all money */
		fail_msg("%s", why);
	day_end(&day);
}

static void a_bill_is_proven_with_the_genesis_alone(void **state)
{
	(void)state;
	struct day day = community_open(1);
	struct ec_proof_report report;
	struct ec_bytes proof;
	struct ec_bill bill;
	for (uint64_t index = 0; index < SLOTS; index++)
		slot_deliver(&day, index);
	day_certify(&day, ec_ledger_at(day.ledger).seq, 3);
	for (uint32_t home = 0; home < HOMES; home++) {
		struct ec_name name = ec_name_bill(day.world.author[home].key, BEGIN_S / 86400);
		assert_int_equal(ec_ledger_state_proof(day.ledger, name.at, name.size, &proof),
		                 EC_FOUND);
		ec_proof_judge(day.world.genesis, NULL, &ec_crypto_ed25519, proof, &report);
		if (report.verdict != EC_VALID)
			fail_msg("%s", report.why);
		assert_true(ec_bill_read(report.value, &bill));
		assert_true(ec_bill_check(&bill, NULL));
		assert_memory_equal(bill.key, day.world.author[home].key, 32);
		assert_true(bill.lines > 0);
		ec_proof_report_end(&report);
		ec_drop(proof);
	}
	day_end(&day);
}

static void undone_and_done_again_is_the_same(void **state)
{
	(void)state;
	struct day day = community_open(1), other = community_open(1);
	char why[256];
	uint64_t position = 0;
	for (uint64_t index = 0; index < SLOTS; index++) {
		slot_deliver(&day, index);
		slot_deliver(&other, index);
		if (index % 5 == 4) { /* one goes back a slot and forth again */
			ec_ledger_undo(day.ledger, position);
			slot_deliver(&day, index);
		}
		if (index == 12) { /* the other one forgets all but its store */
			assert_true(ec_ledger_persist(other.ledger, ec_ledger_at(other.ledger).seq,
			                              why, sizeof why));
			ec_ledger_close(other.ledger);
			day_open(&other);
		}
		position = ec_ledger_at(day.ledger).position;
		ec_hash a = ec_ledger_at(day.ledger).header, b = ec_ledger_at(other.ledger).header;
		assert_memory_equal(&a, &b, sizeof a);
	}
	day_end(&day);
	day_end(&other);
}

/* Most clocks are a year off where a quarter-hour takes a second: community time cannot be later,
 * and there is much to clear and settle.  Who restarts between two blocks goes on the same. */
static void at_the_end_of_time_a_restart_changes_nothing(void **state)
{
	(void)state;
	enum { BLOCKS = 12 };
	const uint64_t year_ns = (uint64_t)365 * 86400 * UINT64_C(1000000000);
	struct day day = community_open(900), other = community_open(900);
	struct day *const both[] = {&day, &other};
	char why[256];
	for (int i = 0; i < 2; i++)
		for (uint64_t index = 0; index < SLOTS; index++)
			slot_deliver(both[i], index);
	for (uint32_t block = 0; block < BLOCKS; block++) {
		for (int i = 0; i < 2; i++) {
			both[i]->stamp_ns = WORLD_START_NS + year_ns + block;
			day_deliver(both[i], block % 4, true, NULL, 0);
		}
		ec_hash a = ec_ledger_at(day.ledger).header, b = ec_ledger_at(other.ledger).header;
		assert_memory_equal(&a, &b, sizeof a);
		assert_true(ec_ledger_persist(other.ledger, ec_ledger_at(other.ledger).seq, why,
		                              sizeof why));
		ec_ledger_close(other.ledger);
		day_open(&other);
	}
	day_end(&day);
	day_end(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_of_trading_adds_up),
		cmocka_unit_test(a_bill_is_proven_with_the_genesis_alone),
		cmocka_unit_test(undone_and_done_again_is_the_same),
		cmocka_unit_test(at_the_end_of_time_a_restart_changes_nothing),
	};
	assert_true(ec_crypto_start());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
