/* metering_test.c - registers that only grow, slots that are missing, readings that come late. */
#include "services/community_fake.h"

#include "base/prng.h"

static struct ec_metering_total total_of(struct ec_scratch *scratch)
{
	struct ec_name name = ec_name_total("metering");
	struct ec_metering_total total;
	struct ec_bytes value;
	assert_true(ec_name_get(scratch, &name, &value));
	assert_true(ec_metering_total_read(value, &total));
	return total;
}

static enum ec_result at(struct ec_scratch *scratch, const struct rules *rules, uint64_t index,
                         uint64_t import_wh)
{
	uint64_t slot = DAY_BEGIN + index * 900;
	return reading(scratch, rules,
	               (struct meter_says){.home = 1,
	                                   .slot = slot,
	                                   .import_wh = import_wh,
	                                   .export_wh = import_wh / 2,
	                                   .now_s = slot + 960});
}

static void refused(struct ec_scratch *scratch, enum ec_result result, const char *reason)
{
	assert_int_equal(result, EC_RESULT_RULE);
	if (!strstr(scratch->reason, reason))
		fail_msg("'%s' is not in '%s'", reason, scratch->reason);
}

static void intervals_are_differences_of_registers(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_meter_reading it;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	assert_int_equal(at(scratch, &rules, 0, 1000), EC_RESULT_DONE);
	assert_int_equal(at(scratch, &rules, 1, 1250), EC_RESULT_DONE);
	assert_true(reading_at(scratch, 1, DAY_BEGIN, &it));
	assert_int_equal(it.span, 0);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 900, &it));
	assert_int_equal(it.span, 1);
	assert_int_equal(it.interval_import_wh, 250);
	assert_int_equal(it.interval_export_wh, 125);
	assert_int_equal(names_with(scratch, "fresh/"), 2);
	fake_free(scratch);
}

static void a_gap_is_listed_and_filled(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_meter_reading it;
	struct ec_gap gap;
	struct ec_bytes value;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	at(scratch, &rules, 0, 1000);
	assert_int_equal(at(scratch, &rules, 4, 1400), EC_RESULT_DONE);
	uint8_t key[32];
	memset(key, 1, 32);
	struct ec_name name = ec_name_gap(key, DAY_BEGIN + 900);
	assert_true(ec_name_get(scratch, &name, &value) && ec_gap_read(value, &gap));
	assert_int_equal(gap.last_s, DAY_BEGIN + 3 * 900);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 4 * 900, &it));
	assert_int_equal(it.span, 4);
	assert_int_equal(total_of(scratch).missing_slots, 3);
	assert_int_equal(at(scratch, &rules, 2, 1150), EC_RESULT_DONE);
	assert_int_equal(names_with(scratch, "gap/"), 2);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 2 * 900, &it));
	assert_int_equal(it.span, 2);
	assert_int_equal(it.interval_import_wh, 150);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 4 * 900, &it));
	assert_int_equal(it.span, 2);
	assert_int_equal(it.interval_import_wh, 250);
	assert_int_equal(at(scratch, &rules, 1, 1100), EC_RESULT_DONE);
	assert_int_equal(at(scratch, &rules, 3, 1160), EC_RESULT_DONE);
	assert_int_equal(names_with(scratch, "gap/"), 0);
	assert_int_equal(total_of(scratch).missing_slots, 0);
	assert_int_equal(total_of(scratch).late, 3);
	fake_free(scratch);
}

static void what_breaks_a_rule_is_told_which(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	struct meter_says says = {.home = 1, .slot = DAY_BEGIN, .import_wh = 5, .now_s = DAY_BEGIN};
	says.slot++;
	refused(scratch, reading(scratch, &rules, says), "multiple of 900");
	says.slot = DAY_BEGIN + 366 * 86400;
	refused(scratch, reading(scratch, &rules, says), "clock");
	says.slot = DAY_BEGIN - 366 * 86400;
	refused(scratch, reading(scratch, &rules, says), "later than");
	assert_int_equal(at(scratch, &rules, 4, 1000), EC_RESULT_DONE);
	refused(scratch, at(scratch, &rules, 3, 1000), "older than this meter's first");
	refused(scratch, at(scratch, &rules, 4, 1001), "already");
	refused(scratch, at(scratch, &rules, 5, 999), "import register would decrease");
	says = (struct meter_says){.home = 1,
	                           .slot = DAY_BEGIN + 5 * 900,
	                           .import_wh = 1000,
	                           .export_wh = 499,
	                           .now_s = DAY_BEGIN + 6 * 900};
	refused(scratch, reading(scratch, &rules, says), "export register would decrease");
	refused(scratch, at(scratch, &rules, 5, 26001), "more energy");
	assert_int_equal(at(scratch, &rules, 6, 1100), EC_RESULT_DONE);
	refused(scratch, at(scratch, &rules, 5, 1101), "decrease"); /* to the one after it */
	refused(scratch, at(scratch, &rules, 5, 900), "decrease");
	assert_int_equal(at(scratch, &rules, 8, 51100), EC_RESULT_DONE); /* over two slots it may */
	says.correction = EC_CORRECTION_VALUE;
	refused(scratch, reading(scratch, &rules, says), "no reading of this slot");
	struct ec_transaction stranger = {.time_ns = NS(DAY_BEGIN), .author_roles = EC_ROLE_TRADER};
	static const uint8_t empty[] = {0x82, 0x01, 0x80};
	assert_int_equal(fake_execute(scratch, &ec_metering, rules.of_metering, stranger,
	                              (struct ec_bytes){empty, sizeof empty, NULL}),
	                 EC_RESULT_MALFORMED);
	fake_free(scratch);
}

static void a_replaced_meter_starts_anew_and_a_value_can_be_corrected(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_meter_reading it;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	at(scratch, &rules, 0, 1000);
	at(scratch, &rules, 1, 1200);
	struct meter_says says = {.home = 1,
	                          .slot = DAY_BEGIN + 1800,
	                          .import_wh = 3,
	                          .now_s = DAY_BEGIN + 2700,
	                          .correction = EC_CORRECTION_REPLACED};
	assert_int_equal(reading(scratch, &rules, says), EC_RESULT_DONE);
	says = (struct meter_says){.home = 1,
	                           .slot = DAY_BEGIN + 2700,
	                           .import_wh = 80,
	                           .now_s = DAY_BEGIN + 3600,
	                           .uncertain = true};
	assert_int_equal(reading(scratch, &rules, says), EC_RESULT_DONE);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 2700, &it));
	assert_int_equal(it.interval_import_wh, 77);
	assert_int_equal(it.flags, EC_READING_UNCERTAIN);
	says = (struct meter_says){.home = 1,
	                           .slot = DAY_BEGIN + 900,
	                           .import_wh = 1300,
	                           .export_wh = 600,
	                           .now_s = DAY_BEGIN + 3600,
	                           .correction = EC_CORRECTION_VALUE};
	assert_int_equal(reading(scratch, &rules, says), EC_RESULT_DONE);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 900, &it));
	assert_int_equal(it.interval_import_wh, 300);
	assert_int_equal(it.flags, EC_READING_CORRECTED);
	assert_true(reading_at(scratch, 1, DAY_BEGIN + 1800, &it));
	assert_int_equal(it.span, 0); /* the replacement keeps its own beginning */
	assert_int_equal(total_of(scratch).corrections, 2);
	fake_free(scratch);
}

static void more_meters_than_the_group_takes_are_told(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	rules.metering.meters_max = 2;
	rules_encode(&rules);
	struct meter_says says = {.slot = DAY_BEGIN, .now_s = DAY_BEGIN + 900};
	for (says.home = 1; says.home <= 3; says.home++)
		assert_int_equal(reading(scratch, &rules, says),
		                 says.home <= 2 ? EC_RESULT_DONE : EC_RESULT_FULL);
	fake_free(scratch);
}

static void random_losses_keep_the_sum_of_intervals(void **state)
{
	(void)state;
	enum { SLOTS = 60 };
	struct ec_prng prng;
	struct rules rules;
	rules_usual(&rules);
	ec_prng_seed(&prng, 3);
	for (int round = 0; round < 200; round++) {
		struct ec_scratch *scratch = fake_new();
		uint64_t registers[SLOTS] = {0}, last = 0, sum = 0;
		bool sent[SLOTS] = {false};
		for (uint64_t i = 1; i < SLOTS; i++)
			registers[i] = registers[i - 1] + ec_prng_below(&prng, 500);
		assert_int_equal(at(scratch, &rules, 0, 0), EC_RESULT_DONE);
		sent[0] = true;
		for (int step = 0; step < 90; step++) {
			uint64_t i = ec_prng_below(&prng, SLOTS);
			enum ec_result result = at(scratch, &rules, i, registers[i]);
			assert_int_equal(result, sent[i] ? EC_RESULT_RULE : EC_RESULT_DONE);
			sent[i] = true;
			last = i > last ? i : last;
		}
		size_t missing = 0, listed = 0;
		for (uint64_t i = 0; i <= last; i++) {
			struct ec_meter_reading it;
			if (reading_at(scratch, 1, DAY_BEGIN + i * 900, &it))
				sum += it.interval_import_wh;
			else
				missing++;
		}
		assert_int_equal(sum, registers[last]); /* M2 */
		struct ec_cursor cursor;
		struct ec_bytes value;
		struct ec_gap gap;
		ec_cursor_start(&cursor, "gap/", 4);
		while (ec_cursor_next(scratch, &cursor, &value)) {
			assert_true(ec_gap_read(value, &gap));
			for (uint64_t slot = gap.first_s; slot <= gap.last_s; slot += 900)
				assert_false(sent[(slot - DAY_BEGIN) / 900]);
			listed += (gap.last_s - gap.first_s) / 900 + 1;
		}
		assert_int_equal(listed, missing); /* M3 */
		assert_int_equal(total_of(scratch).missing_slots, missing);
		fake_free(scratch);
	}
}

static void old_readings_are_forgotten(void **state)
{
	(void)state;
	struct rules rules;
	struct ec_scratch *scratch = fake_new();
	rules_usual(&rules);
	rules.metering.late_s = 900;
	rules.metering.keep_slots = 100;
	rules_encode(&rules);
	for (uint64_t i = 0; i < 300; i += 1 + (i % 7 == 0))
		assert_int_equal(at(scratch, &rules, i, 10 * i), EC_RESULT_DONE);
	assert_in_range(names_with(scratch, "reading/"), 80, 101);
	fake_free(scratch);
}

static void another_form_is_malformed(void **state)
{
	(void)state;
	uint8_t bytes[EC_SENML_SIZE_MAX], copy[EC_SENML_SIZE_MAX];
	struct ec_cbor_writer writer = ec_cbor_writer_over(bytes, sizeof bytes);
	struct ec_reading it = {.name = "home-01/",
	                        .time_s = DAY_BEGIN,
	                        .import_wh = 70000,
	                        .export_wh = 12,
	                        .chained = true,
	                        .uncertain = true,
	                        .correction = EC_CORRECTION_VALUE},
			  again;
	memset(it.previous.b, 0xa5, 32);
	ec_senml_write(&writer, &it);
	size_t size = writer.out.size, accepted = 0;
	struct ec_cbor cbor = ec_cbor_over(bytes, size);
	assert_true(ec_metering.check(1, cbor, 1));
	assert_false(ec_metering.check(1, cbor, 2));
	assert_true(ec_senml_read(&cbor, &again));
	assert_memory_equal(&it, &again, sizeof it);
	for (size_t i = 0; i < size; i++) { /* another byte is another reading, or none */
		memcpy(copy, bytes, size);
		copy[i] ^= 1;
		cbor = ec_cbor_over(copy, size);
		if (!ec_metering.check(1, cbor, 1))
			continue;
		accepted++;
		assert_true(ec_senml_read(&cbor, &again));
		assert_memory_not_equal(&it, &again, sizeof it);
	}
	assert_true(accepted > 32 && accepted < 60); /* the chain's id, numbers, name */
	for (size_t i = 0; i < size; i++)
		assert_false(ec_metering.check(1, ec_cbor_over(bytes, i), 1));
}

static void a_meter_that_stays_behind_is_overdue(void **state)
{
	(void)state;
	const struct ec_meter_head head = {.first_s = 900, .last_s = 9000};
	const uint64_t second_ns = 1000000000u;
	for (uint64_t slots = 0; slots < 20; slots++) {
		/* The slot after the newest reading ends at 10,800; the deadline is 7,200 later. */
		uint64_t end_s = 10800 + 7200 + slots * 900;
		assert_int_equal(ec_meter_overdue(&head, 7200, (end_s - 1) * second_ns), slots);
		assert_int_equal(ec_meter_overdue(&head, 7200, end_s * second_ns), slots + 1);
	}
	assert_int_equal(ec_meter_overdue(&head, 7200, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_are_differences_of_registers),
		cmocka_unit_test(a_gap_is_listed_and_filled),
		cmocka_unit_test(what_breaks_a_rule_is_told_which),
		cmocka_unit_test(a_replaced_meter_starts_anew_and_a_value_can_be_corrected),
		cmocka_unit_test(more_meters_than_the_group_takes_are_told),
		cmocka_unit_test(random_losses_keep_the_sum_of_intervals),
		cmocka_unit_test(old_readings_are_forgotten),
		cmocka_unit_test(another_form_is_malformed),
		cmocka_unit_test(a_meter_that_stays_behind_is_overdue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
