/* protocol_option_test.c - options of a protocol, as people write them and a roster holds them. */
#include "base/test.h"
#include "cli/protocol_option.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/pbft/pbft.h"
#include "consensus/raft/raft.h"

static const struct ec_protocol bare = {.name = "bare"};

static void refused(const struct ec_protocol *protocol, const char *pair, const char *reason)
{
	uint8_t out[EC_OPTIONS_MAX];
	char why[300] = "";
	size_t size;
	assert_false(ec_protocol_options(protocol, &pair, 1, out, &size, why, sizeof why));
	if (!strstr(why, reason))
		fail_msg("\"%s\" says nothing of \"%s\"", why, reason);
}

static void they_are_encoded_in_the_order_of_the_protocol(void **state)
{
	(void)state;
	static const char *const pairs[] = {"timeout_ns=2000000000", "interval=128"};
	static const uint8_t expected[16] = {128, 0, 0, 0, 0, 0, 0, 0, 0, 0x94, 0x35, 0x77};
	uint8_t out[EC_OPTIONS_MAX];
	char why[300] = "";
	size_t size;
	assert_true(ec_protocol_options(&ec_pbft, pairs, 2, out, &size, why, sizeof why));
	assert_int_equal(size, sizeof expected);
	assert_memory_equal(out, expected, sizeof expected);
	assert_true(ec_protocol_options(&ec_pbft, NULL, 0, out, &size, why, sizeof why));
	assert_int_equal(size, 0);
	static const char *const thrown = "coins=1";
	assert_true(ec_protocol_options(&ec_honeybadger, &thrown, 1, out, &size, why, sizeof why));
	assert_int_equal(size, 13);
	assert_int_equal(out[12], 1);
	assert_true(ec_protocol_options(&bare, NULL, 0, out, &size, why, sizeof why));
	assert_int_equal(size, 0);
}

static void one_field_is_set_among_the_others(void **state)
{
	(void)state;
	static const char *const pairs[] = {"interval=128", "first=1"};
	const struct ec_option_pairs said = {.pair = {"first=1", "interval=128"}, .count = 2};
	uint8_t out[EC_OPTIONS_MAX] = {0}, expected[EC_OPTIONS_MAX];
	char why[300] = "";
	size_t size = 0, expected_size;
	assert_true(ec_option_pairs_name(&said, "first"));
	assert_false(ec_option_pairs_name(&said, "firs"));
	assert_false(ec_option_pairs_name(&said, "lease"));
	ec_protocol_option_put(&ec_raft, "first", 0, out, &size);
	assert_int_equal(size, 0); /* as by default */
	ec_protocol_option_put(&ec_pbft, "first", 2, out, &size);
	ec_protocol_option_put(&bare, "first", 2, out, &size);
	assert_int_equal(size, 0); /* they have none */
	ec_protocol_option_put(&ec_raft, "first", 2, out, &size);
	assert_true(ec_protocol_options(&ec_raft, (const char *const[]){"first=2"}, 1, expected,
	                                &expected_size, why, sizeof why));
	assert_int_equal(size, expected_size);
	assert_memory_equal(out, expected, size);
	assert_true(ec_protocol_options(&ec_raft, pairs, 2, out, &size, why, sizeof why));
	assert_true(
		ec_protocol_options(&ec_raft, pairs, 1, expected, &expected_size, why, sizeof why));
	ec_protocol_option_put(&ec_raft, "first", 0, out, &size);
	assert_int_equal(size, expected_size);
	assert_memory_equal(out, expected, size);
	ec_protocol_option_put(&ec_raft, "interval", 4096, out, &size); /* not taken */
	assert_memory_equal(out, expected, size);
}

static void what_is_wrong_is_said_with_what_there_is(void **state)
{
	(void)state;
	refused(&ec_pbft, "colour=1",
	        "'colour=1' is no option of pbft: expected NAME=NUMBER with a name of: interval, "
	        "batch_bytes_max, timeout_ns");
	refused(&ec_pbft, "interval", "no option of pbft");
	refused(&ec_pbft,
	        "interval=", "interval of pbft is a whole number from 0 to 4294967295, not ''");
	refused(&ec_pbft, "interval=4294967296",
	        "interval of pbft is a whole number from 0 to 4294967295, not '4294967296'");
	refused(&ec_pbft, "interval=-1", "to 4294967295, not '-1'");
	refused(&ec_pbft, "timeout_ns=18446744073709551616",
	        "timeout_ns of pbft is a whole number from 0 to 18446744073709551615, not '1844");
	refused(&ec_pbft, "interval=512", "pbft: its interval of checkpoints is at most 256");
	refused(&ec_honeybadger, "coins=256",
	        "coins of honeybadger is a whole number from 0 to 255, not '256'");
	refused(&ec_honeybadger, "coins=2", "its coins are 0, scheduled, or 1");
	refused(&bare, "interval=64",
	        "no option of bare: expected NAME=NUMBER with a name of: (it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_encoded_in_the_order_of_the_protocol),
		cmocka_unit_test(one_field_is_set_among_the_others),
		cmocka_unit_test(what_is_wrong_is_said_with_what_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
