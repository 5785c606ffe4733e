/* proof_test.c - proofs of every kind hold with the genesis alone, and nothing near them does. */
#include "base/test.h"
#include "ledger/proof.h"
#include "ledger/test_day.h"

static enum ec_verdict judge_with(const struct ec_genesis *genesis, const struct ec_genesis *cloud,
                                  struct ec_bytes proof, struct ec_proof_report *report)
{
	ec_proof_judge(genesis, cloud, &ec_crypto_ed25519, proof, report);
	if (report->verdict == EC_VALID)
		assert_int_equal(strlen(report->why), 0);
	else
		assert_true(strlen(report->why) > 8);
	return report->verdict;
}

static enum ec_verdict judge(const struct day *day, struct ec_bytes proof)
{
	struct ec_proof_report report;
	enum ec_verdict verdict = judge_with(day->world.genesis, NULL, proof, &report);
	if (verdict != EC_VALID)
		print_message("%s\n", report.why);
	ec_proof_report_end(&report);
	return verdict;
}

/* Whether a byte is one of the name of an absence.  Another name that would stand at the same place
 * of the tree is as absent: the proof then holds, for that name. */
static bool may_change(const struct ec_proof_report *report, struct ec_bytes proof, size_t at)
{
	size_t start = (size_t)(report->name.data - proof.data);
	return report->claim == 2 && at >= start && at < start + report->name.size;
}

/* Every byte, with bits flipped in so many ways, and every cut. */
enum { WAYS = 4 };
static void nothing_near_holds_in(uint32_t ways, const struct ec_genesis *genesis,
                                  const struct ec_genesis *cloud, struct ec_bytes proof)
{
	struct ec_proof_report report;
	static const uint8_t masks[WAYS] = {0x01, 0x10, 0x80, 0xff};
	assert_int_equal(judge_with(genesis, cloud, proof, &report), EC_VALID);
	ec_proof_report_end(&report);
	for (size_t i = 0; i < proof.size; i++) {
		for (size_t k = 0; k < ways; k++) {
			ec_writable(proof)[i] ^= masks[k];
			if (judge_with(genesis, cloud, proof, &report) == EC_VALID &&
			    !may_change(&report, proof, i))
				fail_msg("byte %zu of %zu may change", i, proof.size);
			ec_proof_report_end(&report);
			ec_writable(proof)[i] ^= masks[k];
		}
	}
	for (size_t size = 0; size < proof.size; size++) {
		assert_int_not_equal(judge_with(genesis, cloud, ec_slice(proof, 0, size), &report),
		                     EC_VALID);
		ec_proof_report_end(&report);
	}
}

static void nothing_near_holds(const struct ec_genesis *genesis, const struct ec_genesis *cloud,
                               struct ec_bytes proof)
{
	nothing_near_holds_in(WAYS, genesis, cloud, proof);
}

static void receipts_hold_and_nothing_near_them(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct ec_bytes proof;
	ec_hash id[5], unknown = {{1}};
	struct ec_batch_item item[5];
	for (uint32_t i = 0; i < 5; i++)
		item[i] = day_note(&day, i % 4, 3, 10 + i, &id[i]);
	day_deliver(&day, 0, true, item, 5);
	assert_int_equal(ec_ledger_receipt(day.ledger, &unknown, &proof), EC_UNKNOWN);
	assert_int_equal(ec_ledger_receipt(day.ledger, &id[3], &proof), EC_NOT_YET);
	day_certify(&day, 1, 3);
	assert_int_equal(ec_ledger_receipt(day.ledger, &id[3], &proof), EC_FOUND);
	struct ec_proof_report report;
	assert_int_equal(judge_with(day.world.genesis, NULL, proof, &report), EC_VALID);
	assert_int_equal(report.claim, 0);
	assert_int_equal(report.index, 3);
	assert_int_equal(report.result_code, EC_RESULT_DONE);
	assert_int_equal(report.signers, 3);
	assert_int_equal(report.quorum, 3);
	assert_int_equal(report.signer[2], 2);
	assert_true(ec_hash_equal(&report.envelope.id, &id[3]));
	ec_proof_report_end(&report);
	nothing_near_holds(day.world.genesis, NULL, proof);
	ec_drop(proof);
	day_end(&day);
}

/* Receipts of old blocks by a newer header, before and after the block went to the store. */
static void later_headers_cover_older_blocks(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct ec_bytes proof;
	ec_hash id[40];
	for (uint32_t i = 0; i < 40; i++)
		day_note_deliver(&day, i % 4, 0, 1 + i, &id[i]);
	day_certify(&day, 33, 4);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 40; i++) {
			enum ec_lookup found = ec_ledger_receipt(day.ledger, &id[i], &proof);
			bool lost = round == 2 && i >= 35; /* never persisted */
			assert_int_equal(found, i < 33 ? EC_FOUND : lost ? EC_UNKNOWN : EC_NOT_YET);
			if (found != EC_FOUND)
				continue;
			assert_int_equal(judge(&day, proof), EC_VALID);
			if (round == 0 && i == 20)
				nothing_near_holds(day.world.genesis, NULL, proof);
			ec_drop(proof);
		}
		assert_true(ec_ledger_persist(day.ledger, 35, NULL, 0));
		if (round == 1) {
			ec_ledger_close(day.ledger);
			day_open(&day);
		}
	}
	day_end(&day);
}

static struct ec_bytes state_proof(struct day *day, const void *name, size_t size)
{
	struct ec_bytes proof;
	assert_int_equal(ec_ledger_state_proof(day->ledger, name, size, &proof), EC_FOUND);
	return proof;
}

static void states_are_proven_present_and_absent(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	uint8_t name[2 + 32] = {'a', '/'};
	struct ec_proof_report report;
	day_note_deliver(&day, 0, 0, 1, NULL);
	day_certify(&day, 1, 3);
	day_note_deliver(&day, 0, 7, 1, NULL); /* a younger block, not certified */
	for (uint32_t i = 0; i < 40; i++) {
		struct ec_secret secret = world_secret('a', i);
		memcpy(name + 2, secret.key, 32);
		struct ec_bytes proof = state_proof(&day, name, sizeof name);
		assert_int_equal(judge_with(day.world.genesis, NULL, proof, &report), EC_VALID);
		assert_int_equal(report.claim, i < 4 ? 1 : 2);
		assert_int_equal(report.block.seq, 1);
		ec_proof_report_end(&report);
		if (i == 2 || (i >= 4 && i < 8))
			nothing_near_holds(day.world.genesis, NULL, proof);
		ec_drop(proof);
	}
	day_end(&day);
}

/* Whether a proof that holds leads to the rosters of eras 1 to 3, and no further. */
static void rosters_are_found(const struct ec_genesis *genesis, struct ec_bytes proof)
{
	static const uint32_t members[] = {4, 5, 4};
	for (uint64_t era = 1; era <= 3; era++) {
		struct ec_membership *roster = ec_proof_roster(genesis, proof, era);
		assert_non_null(roster);
		assert_int_equal(roster->era, era);
		assert_int_equal(roster->n, members[era - 1]);
		ec_membership_free(roster);
	}
	assert_null(ec_proof_roster(genesis, proof, 4));
	assert_null(ec_proof_roster(genesis, proof, 0));
	assert_null(ec_proof_roster(genesis, EC_NO_BYTES, 2));
}

static void proofs_lead_over_eras(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	struct ec_bytes proof, links;
	struct ec_proof_report report;
	ec_hash id[3];
	day_note_deliver(&day, 0, 0, 1, &id[0]);
	day_era(&day, 5);
	day_note_deliver(&day, 0, 0, 2, &id[1]);
	day_era(&day, 4);
	day_note_deliver(&day, 0, 0, 3, &id[2]);
	uint64_t seq = ec_ledger_at(day.ledger).seq;
	day_certify(&day, seq, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ec_ledger_receipt(day.ledger, &id[i], &proof), EC_FOUND);
		assert_int_equal(judge_with(day.world.genesis, NULL, proof, &report), EC_VALID);
		assert_int_equal(report.links, 2);
		assert_int_equal(report.membership->era, 3);
		assert_int_equal(report.block.era, 1 + i);
		ec_proof_report_end(&report);
		rosters_are_found(day.world.genesis, proof);
		if (i != 1)
			nothing_near_holds(day.world.genesis, NULL, proof);
		ec_drop(proof);
	}
	assert_true(ec_ledger_persist(day.ledger, seq, NULL, 0));
	ec_ledger_close(day.ledger);
	day_open(&day);
	assert_int_equal(ec_ledger_membership(day.ledger)->era, 3);
	assert_true(ec_ledger_era_links(day.ledger, &links));
	ec_drop(links);
	assert_int_equal(ec_ledger_receipt(day.ledger, &id[0], &proof), EC_FOUND);
	assert_int_equal(judge(&day, proof), EC_VALID);
	ec_drop(proof);
	day_end(&day);
}

/* Judges a proof of a block's beacon.  Returns: its value. */
static ec_hash beacon_holds(const struct day *day, struct ec_bytes proof, uint64_t seq,
                            uint64_t era)
{
	struct ec_proof_report report;
	if (judge_with(day->world.genesis, NULL, proof, &report) != EC_VALID)
		fail_msg("%s", report.why);
	assert_int_equal(report.claim, 3);
	assert_int_equal(report.block.seq, seq);
	assert_int_equal(report.block.era, era);
	assert_false(ec_hash_zero(&report.beacon));
	ec_proof_report_end(&report);
	return report.beacon;
}

static void beacons_hold_and_nothing_near_them(void **state)
{
	(void)state;
	struct day day =
		day_begin_plan((struct world_plan){.members = 4, .authors = 4, .keys = true}, NULL);
	struct ec_bytes proof, of_later;
	for (uint32_t i = 0; i < 3; i++)
		day_note_deliver(&day, 0, 0, 1 + i, NULL);
	day_certify(&day, 1, 3);
	assert_int_equal(day_beacon(&day, 2, 0, &proof), EC_NOT_YET);
	assert_int_equal(day_beacon(&day, 1, 0, &proof), EC_FOUND);
	ec_hash first = beacon_holds(&day, proof, 1, 1);
	nothing_near_holds_in(1, day.world.genesis, NULL, proof);
	ec_drop(proof);
	day_certify(&day, 3, 3);
	for (uint32_t voter = 0; voter < 4;
	     voter++) { /* whoever gives shares, and by a later block */
		assert_int_equal(day_beacon(&day, 1, voter, &proof), EC_FOUND);
		ec_hash same = beacon_holds(&day, proof, 1, 1);
		assert_true(ec_hash_equal(&same, &first));
		ec_drop(proof);
	}
	assert_int_equal(day_beacon(&day, 2, 0, &of_later), EC_FOUND);
	ec_hash second = beacon_holds(&day, of_later, 2, 1);
	assert_false(ec_hash_equal(&second, &first));
	ec_drop(of_later);
	day_end(&day);
}

static void beacon_refused(struct day *day, struct ec_bytes proof, const char *why)
{
	struct ec_proof_report report;
	assert_int_equal(judge_with(day->world.genesis, NULL, proof, &report), EC_INVALID);
	assert_string_equal(report.why, why);
	ec_proof_report_end(&report);
	ec_drop(proof);
}

/* Each block's is judged by the keys of its own era, whatever era certified it. */
static void beacons_are_of_the_era_of_their_block(void **state)
{
	(void)state;
	struct day day =
		day_begin_plan((struct world_plan){.members = 4, .authors = 4, .keys = true}, NULL);
	struct ec_membership *other = world_membership(4, 7);
	struct ec_bytes proof;
	uint64_t seq[3];
	ec_hash value[2];
	for (uint32_t era = 1; era <= 3; era++) {
		day_note_deliver(&day, 0, 0, era, NULL);
		seq[era - 1] = ec_ledger_at(day.ledger).seq;
		day_certify(&day, seq[era - 1], era == 2 ? 4 : 3);
		assert_int_equal(day_beacon(&day, seq[0], 0, &proof), EC_FOUND);
		value[era > 1] = beacon_holds(&day, proof, seq[0], 1);
		assert_true(ec_hash_equal(&value[era > 1], &value[0]));
		if (era == 3)
			nothing_near_holds_in(1, day.world.genesis, NULL, proof);
		ec_drop(proof);
		if (era < 3)
			day_era(&day, era == 1 ? 5 : 4);
	}
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(ec_ledger_era_of(day.ledger, seq[i]), i + 1);
	assert_int_equal(ec_ledger_era_of(day.ledger, seq[0] + 1), 1); /* the last of it */
	assert_int_equal(day_beacon(&day, seq[1], 0, &proof), EC_FOUND);
	beacon_refused(&day, proof, "the voters of era 2 share no keys");
	/* By the keys of another group, or era. */
	struct ec_membership *seated = ec_membership_copy(other);
	struct ec_beacon beacon = test_beacon(day.world.genesis, seated, seq[0], 0);
	assert_int_equal(ec_ledger_beacon_proof(day.ledger, seq[0], &beacon, &proof), EC_FOUND);
	beacon_refused(&day, proof, "the share of voter 0 is not good");
	ec_membership_free(seated);
	ec_membership_free(other);
	day_end(&day);
}

/* A proof with another certificate in place of its own, of the same block. */
static struct ec_bytes with_certificate(struct day *day, const ec_hash *id,
                                        const struct ec_certificate *certificate)
{
	struct ec_bytes proof;
	struct day other = day_begin(0, NULL);
	struct ec_batch_item item = day_note(&other, 0, 0, 1, NULL);
	(void)day;
	day_deliver(&other, 0, true, &item, 1);
	assert_int_equal(ec_ledger_certificates(other.ledger), 0);
	ec_ledger_certify(other.ledger, 1, certificate);
	ec_ledger_certify(other.ledger, 1, certificate); /* says nothing new */
	assert_int_equal(ec_ledger_certificates(other.ledger), 1);
	assert_int_equal(ec_ledger_receipt(other.ledger, id, &proof), EC_FOUND);
	struct ec_bytes kept = ec_pool_copy(day->pool, proof.data, proof.size);
	ec_drop(proof);
	day_end(&other);
	return kept;
}

static void refused(struct day *day, const ec_hash *id, const struct ec_certificate *certificate,
                    const char *reason)
{
	struct ec_proof_report report;
	struct ec_bytes proof = with_certificate(day, id, certificate);
	assert_int_equal(judge_with(day->world.genesis, NULL, proof, &report), EC_INVALID);
	if (!strstr(report.why, reason))
		fail_msg("\"%s\" does not say \"%s\"", report.why, reason);
	ec_proof_report_end(&report);
	ec_drop(proof);
}

static void less_than_a_quorum_is_refused(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL);
	ec_hash id;
	day_note_deliver(&day, 0, 0, 1, &id);
	ec_hash hash = ec_ledger_at(day.ledger).header;
	struct ec_certificate certificate = world_certificate(1, &hash, 2);
	refused(&day, &id, &certificate, "signed by 2; a quorum is 3");
	certificate = world_certificate(1, &hash, 3);
	certificate.index[2] = 1;
	memcpy(certificate.signature[2], certificate.signature[1], EC_SIGNATURE_SIZE);
	refused(&day, &id, &certificate, "certificate of era 1 is not one");
	certificate = world_certificate(2, &hash, 3); /* the keys of another roster */
	refused(&day, &id, &certificate, "signature of member 0 is bad");
	day_end(&day);
}

static void another_genesis_and_an_unsigned_one_are_refused(void **state)
{
	(void)state;
	struct day day = day_begin(0, NULL), bare = day_begin(EC_GENESIS_UNSIGNED, NULL);
	struct world other = world_make(&(struct world_plan){.group = "other", .members = 4});
	struct ec_proof_report report;
	struct ec_bytes proof;
	ec_hash id;
	day_note_deliver(&day, 0, 0, 1, &id);
	day_certify(&day, 1, 3);
	assert_int_equal(ec_ledger_receipt(day.ledger, &id, &proof), EC_FOUND);
	assert_int_equal(judge_with(other.genesis, NULL, proof, &report), EC_INVALID);
	assert_non_null(strstr(report.why, "another group's genesis"));
	ec_proof_report_end(&report);
	ec_drop(proof);
	day_note_deliver(&bare, 0, 0, 1, &id);
	day_certify(&bare, 1, 4);
	assert_int_equal(ec_ledger_receipt(bare.ledger, &id, &proof), EC_FOUND);
	assert_int_equal(judge_with(bare.world.genesis, NULL, proof, &report), EC_UNUSABLE);
	assert_non_null(strstr(report.why, "unsigned"));
	ec_proof_report_end(&report);
	ec_drop(proof);
	world_end(&other);
	day_end(&bare);
	day_end(&day);
}

/* A day in a group of that protocol: six blocks, of which the third holds the envelope `id`. */
static struct day day_of(const char *protocol, ec_hash *id)
{
	struct day day = day_begin_plan(
		(struct world_plan){.members = 4, .authors = 4, .protocol = protocol}, NULL);
	for (uint32_t i = 0; i < 6; i++)
		day_note_deliver(&day, i % 4, 0, 1 + i, i == 2 ? id : NULL);
	return day;
}

static struct ec_bytes under(struct day *day, const ec_hash *id, uint64_t later, uint32_t signers)
{
	struct ec_header header = day_header(day, later);
	uint8_t bytes[EC_HEADER_SIZE_MAX];
	ec_hash hash = ec_sha256(bytes, ec_header_write(&header, bytes));
	struct ec_certificate signatures = world_certificate(1, &hash, signers);
	struct ec_bytes proof;
	assert_int_equal(ec_ledger_receipt_under(day->ledger, id, later, &signatures, &proof),
	                 EC_FOUND);
	return proof;
}

/* Nothing near it is better than probabilistic, or anything with another byte but in a signer's
 * entry; and every cut is nothing. */
static void nothing_near_is_better(const struct day *day, struct ec_bytes proof)
{
	struct ec_proof_report report;
	for (size_t i = 0; i < proof.size; i++) {
		ec_writable(proof)[i] ^= 1 << i % 8;
		enum ec_verdict verdict = judge_with(day->world.genesis, NULL, proof, &report);
		assert_true(verdict == EC_INVALID || verdict == EC_UNUSABLE);
		ec_proof_report_end(&report);
		ec_writable(proof)[i] ^= 1 << i % 8;
		assert_int_equal(
			judge_with(day->world.genesis, NULL, ec_slice(proof, 0, i), &report),
			EC_UNUSABLE);
		ec_proof_report_end(&report);
	}
}

/* Where the order may be revised the word of some members is worth what it is worth. */
static void less_than_a_quorum_is_probable_where_the_order_is_revised(void **state)
{
	(void)state;
	ec_hash id;
	struct day day = day_of("ghostdag", &id);
	struct ec_proof_report report;
	for (uint32_t signers = 1; signers <= 3; signers++)
		for (uint64_t later = 3; later <= 6; later++) {
			struct ec_bytes proof = under(&day, &id, later, signers);
			assert_int_equal(judge_with(day.world.genesis, NULL, proof, &report),
			                 signers < 3 ? EC_PROBABILISTIC : EC_VALID);
			if (signers < 3) {
				assert_int_equal(report.depth, later - 3);
				assert_int_equal(report.one_honest, signers == 2);
			}
			assert_int_equal(report.signers, signers);
			assert_int_equal(report.quorum, 3);
			ec_proof_report_end(&report);
			if (later == 6 && signers == 2)
				nothing_near_is_better(&day, proof);
			ec_drop(proof);
		}
	struct ec_certificate none = {0};
	struct ec_bytes proof;
	assert_int_equal(ec_ledger_receipt_under(day.ledger, &id, 6, &none, &proof), EC_NOT_YET);
	none = world_certificate(1, &id, 1);
	assert_int_equal(ec_ledger_receipt_under(day.ledger, &id, 2, &none, &proof), EC_NOT_YET);
	assert_int_equal(ec_ledger_receipt_under(day.ledger, &id, 7, &none, &proof), EC_NOT_YET);
	assert_int_equal(ec_ledger_receipt_under(day.ledger, &id, 6, &none, &proof), EC_FOUND);
	assert_int_equal(judge(&day, proof), EC_INVALID); /* it is of another header */
	ec_drop(proof);
	day_end(&day);
}

/* A total order never gets that verdict, nor does what has no signature, or an era that ended. */
static void what_is_never_probable(void **state)
{
	(void)state;
	ec_hash id;
	struct day total = day_of("pbft", &id);
	struct ec_bytes proof = under(&total, &id, 6, 2);
	assert_int_equal(judge(&total, proof), EC_INVALID);
	ec_drop(proof);
	day_end(&total);
	assert_true(ec_order_revisable("ghostdag"));
	static const char *const others[] = {"pbft",    "honeybadger", "raft",
	                                     "ghostda", "ghostdag2",   ""};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(ec_order_revisable(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receipts_hold_and_nothing_near_them),
		cmocka_unit_test(later_headers_cover_older_blocks),
		cmocka_unit_test(states_are_proven_present_and_absent),
		cmocka_unit_test(proofs_lead_over_eras),
		cmocka_unit_test(beacons_hold_and_nothing_near_them),
		cmocka_unit_test(beacons_are_of_the_era_of_their_block),
		cmocka_unit_test(less_than_a_quorum_is_refused),
		cmocka_unit_test(less_than_a_quorum_is_probable_where_the_order_is_revised),
		cmocka_unit_test(what_is_never_probable),
		cmocka_unit_test(another_genesis_and_an_unsigned_one_are_refused),
	};
	return ec_crypto_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
