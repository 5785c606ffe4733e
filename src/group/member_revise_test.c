/* member_revise_test.c - members of a protocol whose order is revised until it is final. */
#include "base/test.h"
#include "group/drift_fake.h"
#include "group/revising.h" /* looks inside */
#include "ledger/proof.h"

#include "group/member_fake.h"

static const struct ec_protocol *const both[] = {&ec_drift, &ec_pbft, NULL};

static struct cluster *drifting(uint64_t seed, struct drift_knobs knobs)
{
	struct cluster *c = cluster_new(&(struct cluster_plan){
		.seed = seed, .members = 4, .authors = 48, .protocols = both, .protocol = "drift"});
	drift = knobs;
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

/* A few at each gateway every 5 ms.  Returns: how many were taken. */
static uint32_t load(struct cluster *c, uint32_t rounds, uint64_t *token)
{
	uint32_t taken = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < 4; i++)
			taken += cluster_submit(c, i, ++*token);
		cluster_run(c, 5 * MS, NULL, NULL);
	}
	return taken;
}

/* Every answer is DONE, and each token has one. */
static void check_answers(struct cluster *c, uint32_t expected)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	uint8_t *heard = calloc(1, 1 << 16);
	assert_non_null(heard);
	assert_int_equal(count, expected);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(told[i].code, EC_RESULT_DONE);
		assert_int_equal(heard[told[i].token]++, 0);
	}
	free(heard);
}

/* Every told envelope has a receipt at every member that has its block, the same block. */
static void check_receipts(struct cluster *c)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	for (uint32_t i = 0; i < 4; i++) {
		struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, i)->member);
		for (uint32_t k = 0; k < count; k += 1 + count / 40) {
			struct ec_bytes proof;
			enum ec_lookup found = ec_ledger_receipt(ledger, &told[k].id, &proof);
			if (found == EC_ELSEWHERE && cluster_fetches(c, i))
				continue;
			assert_int_equal(found, EC_FOUND);
			struct ec_proof_report *report = calloc(1, sizeof *report);
			assert_non_null(report);
			ec_proof_judge(cluster_world(c)->genesis, NULL, cluster_crypto(c), proof,
			               report);
			assert_int_equal(report->verdict, EC_VALID);
			assert_int_equal(report->block.seq, told[k].seq);
			ec_proof_report_end(report);
			free(report);
			ec_drop(proof);
		}
	}
}

static void check_quiet(struct cluster *c)
{
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(cluster_node(c, i)->alarms, 0);
		assert_false(cluster_node(c, i)->halted);
	}
}

/* The tails differ and change; what is told, signed and proven is final. */
static void nothing_is_lost_or_told_twice(void **state)
{
	(void)state;
	struct cluster *c = drifting(1, (struct drift_knobs){.drops = 8});
	uint64_t token = 0;
	uint32_t taken = load(c, 300, &token);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	settle(c, 4);
	assert_true(taken > 1000 && drift.undone > 100 && drift.dropped > 10);
	check_answers(c, taken);
	check_receipts(c);
	check_quiet(c);
	cluster_free(c);
}

struct tentative {
	uint32_t node;
	uint64_t count;
};

static bool tentative(struct cluster *c, void *self)
{
	const struct tentative *wanted = self;
	return status_of(c, wanted->node).tentative >= wanted->count;
}

/* Until it is final nobody hears of it, and nothing of it is shown, signed or saved. */
static void what_is_tentative_is_told_to_nobody(void **state)
{
	(void)state;
	struct cluster *c = drifting(2, (struct drift_knobs){.hold = true});
	uint64_t token = 0;
	uint32_t taken = load(c, 20, &token);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(cluster_run(c, SECOND, tentative, &(struct tentative){i, 4}));
	cluster_run(c, 3 * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		struct ec_member_status status = status_of(c, i);
		assert_true(status.tentative >= 4);
		assert_int_equal(status.seq, 0);
		assert_int_equal(status.certified, 0);
		assert_int_equal(status.waiting_envelopes, taken / 4);
	}
	assert_int_equal(told_count(c), 0);
	drift.hold = false;
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	settle(c, 4);
	check_answers(c, taken);
	check_quiet(c);
	cluster_free(c);
}

/* A read waits until its marker is final. */
static void a_read_sees_what_is_final(void **state)
{
	(void)state;
	struct cluster *c = drifting(3, (struct drift_knobs){0});
	uint64_t token = 0;
	uint32_t taken = load(c, 10, &token);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	drift.hold = true;
	assert_int_equal(cluster_read(c, 2, 77), EC_ADMITTED);
	assert_true(cluster_run(c, SECOND, tentative, &(struct tentative){2, 1}));
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 2)->readable, 0);
	drift.hold = false;
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(cluster_node(c, 2)->readable, 77);
	cluster_free(c);
}

/* A member that goes down forgets its tail, and finds what is final again. */
static void crashes_forget_the_tail_alone(void **state)
{
	(void)state;
	const char *first = getenv("EDGECORD_SEED");
	uint64_t from = first ? strtoull(first, NULL, 10) : 10;
	for (uint64_t seed = from; seed < from + (first ? 1 : 3); seed++) {
		struct cluster *c = drifting(seed, (struct drift_knobs){.drops = 20});
		uint64_t token = 0;
		for (uint32_t round = 0; round < 40; round++) {
			uint32_t node = (uint32_t)ec_prng_below(cluster_prng(c), 4);
			if (!cluster_node(c, node)->member) {
				cluster_start(c, node);
			} else if (ec_prng_chance(cluster_prng(c), 1, 3)) {
				cluster_crash(c, node);
			} else {
				uint32_t other =
					(node + 1 + (uint32_t)ec_prng_below(cluster_prng(c), 3)) %
					4;
				cluster_break(c, node, other);
			}
			load(c, 4, &token);
		}
		for (uint32_t i = 0; i < 4; i++)
			if (!cluster_node(c, i)->member)
				cluster_start(c, i);
		cluster_run(c, 3 * SECOND, NULL, NULL);
		uint32_t more = told_count(c) + load(c, 10, &token);
		assert_true(cluster_run(c, 20 * SECOND, told_all, &more));
		settle(c, 4);
		assert_true(told_count(c) > 100);
		check_receipts(c);
		check_quiet(c);
		cluster_free(c);
	}
}

static void roster_of(struct cluster *c, const char *protocol, uint64_t era, uint64_t token)
{
	struct ec_membership *next = world_membership(4, era);
	snprintf(next->protocol, sizeof next->protocol, "%s", protocol);
	vote_in(c, next, token);
	ec_membership_free(next);
}

/* From a revised order to one that is not, and back, under load: nothing is lost or told twice. */
static void eras_go_to_another_order_and_back(void **state)
{
	(void)state;
	struct cluster *c = drifting(4, (struct drift_knobs){.drops = 16});
	uint64_t token = 0;
	uint32_t taken = 0;
	for (uint64_t era = 2; era <= 5; era++) {
		taken += load(c, 20, &token);
		roster_of(c, era % 2 ? "drift" : "pbft", era, 60000 + 10 * era);
		taken += 3;
		for (uint32_t round = 0; round < 400 && status_of(c, 0).era < era; round++)
			taken += load(c, 1, &token);
		assert_int_equal(status_of(c, 0).era, era);
		assert_string_equal(status_of(c, 0).protocol, era % 2 ? "drift" : "pbft");
	}
	assert_true(cluster_run(c, 20 * SECOND, told_all, &taken));
	settle(c, 4);
	check_answers(c, taken);
	check_receipts(c);
	check_quiet(c);
	cluster_free(c);
}

/* A member that lagged by more than is kept fetches the state, and its tail is gone. */
static void who_lags_far_behind_fetches_the_state(void **state)
{
	(void)state;
	struct cluster *c = drifting(5, (struct drift_knobs){0});
	uint64_t token = 0;
	uint32_t taken = load(c, 10, &token);
	cluster_crash(c, 3);
	for (uint32_t round = 0; status_of(c, 0).position < 800 && round < 2000; round++)
		for (uint32_t i = 0; i < 3; i++) {
			cluster_submit(c, i, ++token);
			cluster_run(c, 2 * MS, NULL, NULL);
		}
	assert_true(status_of(c, 0).position >= 800);
	cluster_start(c, 3);
	for (uint32_t i = 0; i < 100; i++)
		load(c, 1, &token);
	(void)taken;
	cluster_run(c, 3 * SECOND, NULL, NULL);
	settle(c, 4);
	assert_true(cluster_fetches(c, 3) >= 1 && drift.fetched >= 1);
	check_receipts(c);
	check_quiet(c);
	cluster_free(c);
}

/* A member that hears late of what is decided learns from a certificate that its tail is final. */
static void a_certificate_pins_the_tail(void **state)
{
	(void)state;
	struct cluster *c = drifting(6, (struct drift_knobs){.straight = true, .late = 4});
	uint64_t token = 0;
	uint32_t taken = load(c, 200, &token);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	settle(c, 4);
	assert_true(drift.pinned > 0);
	check_answers(c, taken);
	check_quiet(c);
	assert_int_equal(cluster_fetches(c, 3), 0);
	cluster_free(c);
}

/* One whose tail may hold nothing executes only what is final, and ends with the same. */
static void a_tail_that_is_too_large_is_executed_when_it_is_final(void **state)
{
	(void)state;
	struct cluster *c = drifting(7, (struct drift_knobs){.drops = 8});
	uint64_t token = 0;
	uint32_t taken = 0, behind = 0;
	cluster_node(c, 2)->member->tail_pending_max = 0;
	for (uint32_t i = 0; i < 100; i++) {
		taken += load(c, 1, &token);
		struct ec_ledger_at at = ec_ledger_at(ec_member_ledger(cluster_node(c, 2)->member));
		assert_int_equal(at.position, at.final_position);
		behind += cluster_node(c, 2)->member->tail.count > 0;
	}
	assert_true(behind > 50);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	settle(c, 4);
	check_answers(c, taken);
	cluster_free(c);
}

/* A gateway takes nothing more while too much of the order is not final. */
static void clients_wait_while_too_much_is_tentative(void **state)
{
	(void)state;
	struct cluster *c = drifting(8, (struct drift_knobs){0});
	struct ec_member *member = cluster_node(c, 1)->member;
	uint64_t token = 0;
	uint32_t taken = load(c, 5, &token);
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	assert_true(cluster_submit(c, 1, ++token)); /* no batch has it yet */
	member->tail.bytes += 8 << 20;
	uint64_t busy = cluster_node(c, 1)->busy;
	assert_false(cluster_submit(c, 1, ++token));
	assert_int_equal(cluster_node(c, 1)->busy, busy + 1);
	assert_true(cluster_submit(c, 0, ++token));
	cluster_run(c, SECOND, NULL, NULL);
	assert_int_equal(told_count(c), taken + 1);
	assert_int_equal(status_of(c, 1).waiting_envelopes, 1);
	member->tail.bytes -= 8 << 20;
	assert_true(cluster_submit(c, 1, ++token));
	taken += 3;
	assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
	settle(c, 4);
	cluster_free(c);
}

/* What a protocol said is final it may not take back: the member stops before it is wrong. */
static void what_is_final_is_not_taken_back(void **state)
{
	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		struct cluster *c = drifting(9, (struct drift_knobs){0});
		struct ec_member *member = cluster_node(c, 1)->member;
		uint64_t token = 0;
		uint32_t taken = load(c, 5, &token);
		assert_true(cluster_run(c, 10 * SECOND, told_all, &taken));
		uint64_t final = ec_ledger_at(member->ledger).final_position;
		if (wrong)
			revising_undo(member, final - 1);
		else
			revising_final(member, final + 1);
		cluster_run(c, SECOND, NULL, NULL);
		assert_true(cluster_node(c, 1)->halted);
		assert_non_null(strstr(cluster_node(c, 1)->halt, "protocol drift"));
		cluster_free(c);
	}
}

enum { KIND_GRANT = 20 };

static enum ec_result grant(struct ec_scratch *scratch, struct ec_bytes parameters, uint64_t kind,
                            const struct ec_transaction *transaction)
{
	uint8_t bank[32];
	(void)parameters;
	(void)kind;
	ec_account_of("bank", bank);
	ec_post(scratch, bank, -1000);
	ec_post(scratch, transaction->author, 1000);
	return EC_RESULT_DONE;
}

static const struct ec_service granting = {
	.name = "granting", .kind_first = KIND_GRANT, .kind_last = KIND_GRANT, .execute = grant};

static uint32_t grants(struct cluster *c, uint32_t rounds, uint64_t *token)
{
	uint32_t taken = 0;
	uint8_t payload[8];
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < 4; i++) {
			struct ec_cbor_writer writer = ec_cbor_writer_over(payload, sizeof payload);
			ec_cbor_write_array(&writer, 1);
			ec_cbor_write_uint(&writer, KIND_GRANT);
			++*token;
			taken += cluster_submit_payload(c, i, (uint32_t)(*token % 48), *token,
			                                payload, writer.out.size);
		}
		cluster_run(c, 5 * MS, NULL, NULL);
	}
	return taken;
}

/* The sum of all balances, and of those above 0. */
static int64_t balances(struct ec_ledger *ledger, int64_t *above)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	int64_t sum = 0;
	*above = 0;
	ec_cursor_start(&cursor, "b/", 2);
	while (ec_ledger_next(ledger, &cursor, &value)) {
		struct ec_cbor cbor = ec_cbor_over(value.data, value.size);
		int64_t balance = ec_cbor_int(&cbor);
		sum += balance;
		*above += balance > 0 ? balance : 0;
	}
	return sum;
}

/* What was granted in a tail that was taken back was never granted; the rest once. */
static void money_is_made_once_and_adds_up(void **state)
{
	(void)state;
	static const struct ec_service *const services[] = {&granting, NULL};
	struct ec_service_entry entry = {.name = "granting"};
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = 15,
	                                                       .members = 4,
	                                                       .authors = 48,
	                                                       .protocols = both,
	                                                       .protocol = "drift",
	                                                       .services = services,
	                                                       .service = &entry,
	                                                       .service_count = 1});
	uint64_t token = 0;
	drift = (struct drift_knobs){.drops = 8};
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	uint32_t taken = grants(c, 60, &token);
	cluster_crash(c, 2);
	cluster_start(c, 2);
	taken += grants(c, 60, &token);
	cluster_run(c, 5 * SECOND, NULL, NULL);
	settle(c, 4);
	for (uint32_t i = 0; i < 4; i++) {
		int64_t above;
		struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, i)->member);
		assert_int_equal(balances(ledger, &above), 0);
		assert_in_range(above, 1000 * (int64_t)told_count(c), 1000 * (int64_t)taken);
		assert_int_equal(above % 1000, 0);
	}
	assert_true(drift.undone > 50);
	cluster_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_told_twice),
		cmocka_unit_test(what_is_tentative_is_told_to_nobody),
		cmocka_unit_test(a_read_sees_what_is_final),
		cmocka_unit_test(crashes_forget_the_tail_alone),
		cmocka_unit_test(eras_go_to_another_order_and_back),
		cmocka_unit_test(who_lags_far_behind_fetches_the_state),
		cmocka_unit_test(a_certificate_pins_the_tail),
		cmocka_unit_test(a_tail_that_is_too_large_is_executed_when_it_is_final),
		cmocka_unit_test(clients_wait_while_too_much_is_tentative),
		cmocka_unit_test(what_is_final_is_not_taken_back),
		cmocka_unit_test(money_is_made_once_and_adds_up),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
