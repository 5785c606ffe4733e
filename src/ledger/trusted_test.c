/* trusted_test.c - proofs over eras that stand crashes only hold, and name these eras. */
#include "base/test.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"

static enum ec_verdict judge_with(const struct ec_genesis *genesis, struct ec_bytes proof,
                                  struct ec_proof_report *report)
{
	struct ec_text none = ec_text_over(NULL, 0);
	ec_proof_judge(genesis, NULL, &ec_crypto_ed25519, proof, report);
	bool trusted = report->verdict == EC_IF_NONE_LIED;
	assert_int_equal(ec_proof_certified(report), trusted || report->verdict == EC_VALID);
	if (ec_proof_certified(report))
		assert_int_equal(ec_proof_trusted(report, &none), trusted);
	return report->verdict;
}

static void trusted_as(struct day *day, const ec_hash *id, enum ec_verdict verdict, const char *why)
{
	struct ec_proof_report report;
	struct ec_bytes proof;
	assert_int_equal(ec_ledger_receipt(day->ledger, id, &proof), EC_FOUND);
	assert_int_equal(judge_with(day->world.genesis, proof, &report), verdict);
	assert_string_equal(report.why, why);
	ec_proof_report_end(&report);
	ec_drop(proof);
}

/* A chain of certificates is as good as its weakest, wherever that stands. */
static void eras_that_stand_crashes_only_are_named(void **state)
{
	(void)state;
	static const char *const next[] = {"raft", "pbft", "paxos", "paxos", NULL};
	static const char *const of_first[] = {
		"", "holds if no member lied: era 2 (raft)",
		"holds if no member lied: era 2 (raft)",
		"holds if no member lied: era 2 (raft), era 4 (paxos)",
		"holds if no member lied: era 2 (raft), eras 4 to 5 (paxos)"};
	struct day day = day_begin(0, NULL);
	ec_hash first, id;
	for (uint32_t era = 1; era <= 5; era++) {
		day_note_deliver(&day, 0, 0, era, era == 1 ? &first : &id);
		uint32_t quorum = (uint32_t)ec_membership_quorum(ec_ledger_membership(day.ledger));
		assert_int_equal(quorum, era == 3 ? 4 : 3);
		day_certify(&day, ec_ledger_at(day.ledger).seq, quorum);
		trusted_as(&day, &first, era == 1 ? EC_VALID : EC_IF_NONE_LIED, of_first[era - 1]);
		if (era > 1) /* which leads over the same eras */
			trusted_as(&day, &id, EC_IF_NONE_LIED, of_first[era - 1]);
		if (next[era - 1])
			day_era_of(&day, 5, next[era - 1]);
	}
	day_end(&day);
}

/* No more eras are named than there is room for; of the rest the number is said. */
static void many_eras_are_counted(void **state)
{
	(void)state;
	struct ec_trusted trusted = {0};
	char said[EC_ERAS_TEXT_MAX] = "";
	struct ec_text text = ec_text_over(said, sizeof said);
	struct ec_membership *membership = world_membership(4, 1);
	ec_trusted_say(&trusted, &text);
	assert_string_equal(said, "");
	for (uint64_t era = 1; era <= 2 * EC_TRUSTED_RUNS_MAX + 4; era++) {
		membership->era = era;
		snprintf(membership->protocol, EC_TEXT_MAX, "%s",
		         era % 2 || era > 2 * EC_TRUSTED_RUNS_MAX ? "raft" : "pbft");
		ec_trusted_add(&trusted, membership);
	}
	ec_trusted_say(&trusted, &text);
	assert_string_equal(said, "era 1 (raft), era 3 (raft), era 5 (raft), era 7 (raft), era 9 "
	                          "(raft), era 11 (raft), era 13 (raft), era 15 (raft) and 4 more "
	                          "eras");
	ec_membership_free(membership);
}

static void no_byte_of_a_majoritys_proof_may_change(void **state)
{
	(void)state;
	struct day day = day_begin_plan(
		(struct world_plan){.members = 5, .authors = 4, .protocol = "raft"}, NULL);
	struct ec_proof_report report;
	struct ec_bytes proof;
	ec_hash id;
	day_note_deliver(&day, 0, 0, 1, &id);
	day_note_deliver(&day, 0, 0, 2, NULL);
	day_certify(&day, 2, 3);
	assert_int_equal(ec_ledger_receipt(day.ledger, &id, &proof), EC_FOUND);
	assert_int_equal(judge_with(day.world.genesis, proof, &report), EC_IF_NONE_LIED);
	assert_int_equal(report.quorum, 3);
	ec_proof_report_end(&report);
	for (size_t i = 0; i < proof.size; i++) {
		ec_writable(proof)[i] ^= 1 << i % 8;
		assert_true(judge_with(day.world.genesis, proof, &report) == EC_INVALID ||
		            report.verdict == EC_UNUSABLE);
		ec_proof_report_end(&report);
		ec_writable(proof)[i] ^= 1 << i % 8;
	}
	ec_drop(proof);
	day_end(&day);
}

/* As many as were enough for PBFT's five are not asked for, but two are too few. */
static void less_than_a_majority_is_refused(void **state)
{
	(void)state;
	struct day day = day_begin_plan(
		(struct world_plan){.members = 5, .authors = 4, .protocol = "raft"}, NULL);
	struct ec_proof_report report;
	struct ec_bytes proof;
	ec_hash id;
	day_note_deliver(&day, 0, 0, 1, &id);
	ec_hash hash = ec_ledger_at(day.ledger).header;
	for (uint32_t signers = 1; signers <= 5; signers++) {
		struct ec_certificate signatures = world_certificate(1, &hash, signers);
		assert_int_equal(ec_ledger_receipt_under(day.ledger, &id, 1, &signatures, &proof),
		                 EC_FOUND);
		assert_int_equal(judge_with(day.world.genesis, proof, &report),
		                 signers < 3 ? EC_INVALID : EC_IF_NONE_LIED);
		ec_proof_report_end(&report);
		ec_drop(proof);
	}
	day_end(&day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eras_that_stand_crashes_only_are_named),
		cmocka_unit_test(many_eras_are_counted),
		cmocka_unit_test(no_byte_of_a_majoritys_proof_may_change),
		cmocka_unit_test(less_than_a_majority_is_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
