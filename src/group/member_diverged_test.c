/* member_diverged_test.c - a member that computes other results is outvoted, alone, and knows it.
 */
#include "base/test.h"
#include "group/member_fake.h"
#include "group/records.h"

static bool halted(struct cluster *c, void *self)
{
	return cluster_node(c, *(const uint32_t *)self)->halted;
}

/* Both headers of the block at which it left are in its log, and what the others signed. */
static void check_diverged_record(struct cluster *c, uint32_t node)
{
	const struct cluster_node *of = cluster_node(c, node);
	struct record record = {0};
	struct ec_bytes theirs, certificate, header;
	struct ec_certificate read;
	char why[100] = "";
	for (uint32_t i = 0; i < of->log_count && record.kind != RECORD_DIVERGED; i++)
		assert_true(record_read(of->log[i], &record));
	assert_int_equal(record.kind, RECORD_DIVERGED);
	struct ec_member *other = cluster_node(c, (node + 1) % 4)->member;
	assert_true(ec_ledger_header(ec_member_ledger(other), record.seq, &header));
	ec_hash hash = ec_header_hash(header);
	assert_memory_equal(&record.hash, &hash, sizeof hash);
	struct ec_header own;
	assert_true(ec_header_read(record.head, &own));
	assert_int_equal(own.seq, record.seq);
	assert_false(ec_bytes_equal(record.head, header));
	assert_true(diverged_read(record.body, &theirs, &certificate));
	assert_true(!theirs.size || ec_bytes_equal(theirs, header));
	assert_true(ec_certificate_read(certificate, &read));
	assert_true(ec_certificate_check(&read, ec_member_membership(other), &record.hash,
	                                 &ec_crypto_ed25519, why, sizeof why));
	ec_drop(header);
}

/* A service with a price, as most members and as one computes it. */
static bool price_check(uint64_t kind, struct ec_cbor body, uint64_t items)
{
	(void)kind;
	(void)body;
	(void)items;
	return false;
}

static bool price_parameters(struct ec_bytes parameters)
{
	(void)parameters;
	return true;
}

static enum ec_result price_execute(struct ec_scratch *scratch, struct ec_bytes parameters,
                                    uint64_t kind, const struct ec_transaction *transaction)
{
	(void)scratch;
	(void)parameters;
	(void)kind;
	(void)transaction;
	return EC_RESULT_MALFORMED;
}

static bool price_turn(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t before_ns,
                       uint64_t now_ns)
{
	(void)parameters;
	(void)before_ns;
	ec_state_put(scratch, "price", 5, &now_ns, sizeof now_ns);
	return true;
}

static bool other_price_turn(struct ec_scratch *scratch, struct ec_bytes parameters,
                             uint64_t before_ns, uint64_t now_ns)
{
	return price_turn(scratch, parameters, before_ns, now_ns + 1);
}

static uint64_t price_due(struct ec_scratch *scratch, struct ec_bytes parameters)
{
	(void)scratch;
	(void)parameters;
	return UINT64_MAX;
}

#define PRICE_SERVICE(turns)                                                                     \
	{                                                                                        \
		.name = "price", .kind_first = 1, .kind_last = 0, .check = price_check,          \
		.parameters_check = price_parameters, .execute = price_execute, .turn = (turns), \
		.due = price_due                                                                 \
	}
static const struct ec_service price_service = PRICE_SERVICE(price_turn);
static const struct ec_service other_price_service = PRICE_SERVICE(other_price_turn);
static const struct ec_service *const prices[] = {&price_service, NULL};
static const struct ec_service *const other_prices[] = {&other_price_service, NULL};

static void test_who_computes_another_price_is_outvoted(void **state)
{
	(void)state;
	struct ec_service_entry entry = {.name = "price"};
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = 6,
	                                                       .members = 4,
	                                                       .authors = 4,
	                                                       .protocols = protocols,
	                                                       .services = prices,
	                                                       .service = &entry,
	                                                       .service_count = 1});
	uint32_t wrong = 2;
	cluster_node(c, wrong)->services = other_prices;
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	for (uint32_t i = 0; i < 40; i++) {
		cluster_submit(c, i % 2, i + 1);
		cluster_run(c, 5 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, SECOND, halted, &wrong));
	assert_non_null(strstr(cluster_node(c, 2)->alarm, "divergence at block "));
	settle(c, 4);
	check_diverged_record(c, wrong);
	assert_int_equal(told_count(c), 40);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(cluster_node(c, i)->halted, i == 2);
	/* It does not come back by itself. */
	cluster_node(c, 2)->services = NULL;
	cluster_crash(c, 2);
	cluster_start(c, 2);
	assert_true(cluster_node(c, 2)->halted);
	assert_non_null(strstr(cluster_node(c, 2)->halt, "--rejoin"));
	cluster_free(c);
}

/* Blocks of a member that is down, up to the next end, as the group did not make them. */
static uint64_t stray_blocks(struct cluster *c, uint32_t node)
{
	char why[160] = "";
	struct cluster_node *of = cluster_node(c, node);
	struct ec_ledger_config config = {.genesis = cluster_world(c)->genesis,
	                                  .crypto = cluster_crypto(c),
	                                  .store = of->store,
	                                  .pool = of->pool};
	struct ec_ledger *ledger = ec_ledger_open(&config, why, sizeof why);
	assert_non_null(ledger);
	uint64_t position = ec_ledger_at(ledger).position;
	while (!ec_ledger_deliver(ledger, ++position, EC_NO_BYTES))
		continue;
	uint64_t seq = ec_ledger_at(ledger).seq;
	assert_true(ec_ledger_persist(ledger, seq, why, sizeof why));
	ec_ledger_close(ledger);
	return seq;
}

/* It hears of later blocks alone, and is brought the state of one: as it fetches what was before,
 * it meets its own block. */
static void test_who_was_brought_past_it_finds_out(void **state)
{
	(void)state;
	struct cluster *c = four(9);
	uint32_t node = 3, count = 0;
	struct record record = {0};
	struct ec_header own;
	cluster_run(c, 200 * MS, NULL, NULL);
	cluster_crash(c, node);
	uint64_t seq = stray_blocks(c, node);
	for (uint32_t i = 0; i < 400; i++) {
		count += cluster_submit(c, i % 3, 1 + i);
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	cluster_start(c, node);
	assert_true(cluster_run(c, 20 * SECOND, halted, &node));
	assert_non_null(strstr(cluster_node(c, node)->halt, "diverged"));
	assert_true(cluster_fetches(c, node) > 0);
	for (uint32_t i = 0; i < cluster_node(c, node)->log_count; i++)
		assert_true(record_read(cluster_node(c, node)->log[i], &record));
	assert_int_equal(record.kind, RECORD_DIVERGED);
	assert_int_equal(record.seq, seq);
	assert_true(ec_header_read(record.head, &own));
	assert_int_equal(own.seq, seq);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_computes_another_price_is_outvoted),
		cmocka_unit_test(test_who_was_brought_past_it_finds_out),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
