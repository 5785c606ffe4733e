/* member_switch_test.c - a group goes over to another protocol and back, by changes of era. */
#include "group/state.h"

#include "base/test.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos.h"
#include "group/member_fake.h"
#include "group/veil_fake.h"
#include "ledger/proof.h"

static const struct ec_protocol *const all[] = {&ec_pbft,       &veil,     &ec_honeybadger,
                                                &ec_multipaxos, &ec_paxos, NULL};

static struct cluster *group_of(const struct cluster_plan *of)
{
	struct cluster_plan plan = *of;
	plan.members = plan.authors = 4;
	plan.protocols = all;
	struct cluster *c = cluster_new(&plan);
	for (uint32_t i = 0; i < 4; i++)
		cluster_start(c, i);
	cluster_run(c, 100 * MS, NULL, NULL);
	return c;
}

static bool era_is(struct cluster *c, void *self)
{
	for (uint32_t i = 0; i < 4; i++)
		if (cluster_node(c, i)->member && status_of(c, i).era != *(const uint64_t *)self)
			return false;
	return true;
}

/* The longest time between two answers to clients of a gateway. */
static uint64_t longest_pause(struct cluster *c, uint32_t first)
{
	uint32_t count;
	const struct cluster_told *told = cluster_told(c, &count);
	uint64_t longest = 0;
	for (uint32_t i = first + 1; i < count; i++)
		if (told[i].at - told[i - 1].at > longest)
			longest = told[i].at - told[i - 1].at;
	return longest;
}

/* Every envelope was executed, and once. */
static void check_once(struct cluster *c, uint32_t count)
{
	uint32_t told_now;
	const struct cluster_told *told = cluster_told(c, &told_now);
	assert_int_equal(told_now, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(told[i].code, EC_RESULT_DONE);
	for (uint32_t i = 0; i < 4; i++) {
		struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, i)->member);
		assert_int_equal(status_of(c, i).envelopes_delivered, count);
		assert_int_equal(ec_ledger_at(ledger).executed, count);
	}
}

/* Whoever has the genesis alone is convinced, whichever era the envelope is of. */
static void check_receipts(struct cluster *c, uint32_t node)
{
	uint32_t count, links = 0;
	const struct cluster_told *told = cluster_told(c, &count);
	struct ec_ledger *ledger = ec_member_ledger(cluster_node(c, node)->member);
	for (uint32_t i = 0; i < count; i += 7) {
		struct ec_bytes proof;
		struct ec_proof_report report;
		assert_int_equal(ec_ledger_receipt(ledger, &told[i].id, &proof), EC_FOUND);
		ec_proof_judge(cluster_world(c)->genesis, NULL, &ec_crypto_ed25519, proof, &report);
		assert_true(ec_proof_certified(&report)); /* perhaps by the word of members */
		assert_true(ec_hash_equal(&report.envelope.id, &told[i].id));
		assert_true(report.links >= links);
		links = report.links;
		ec_proof_report_end(&report);
		ec_drop(proof);
	}
	assert_int_equal(links, 2); /* the last ones were reached over both changes */
}

/* Whether batches come sealed in an era of this protocol. */
static bool seals(const char *name)
{
	for (uint32_t i = 0; all[i]; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i]->sealed;
	return false;
}

static void test_over_and_back_under_load(void **state)
{
	const char *const to[] = {*state, "pbft"};
	struct cluster *c = group_of(&(struct cluster_plan){.seed = 1, .check_ns = 2 * MS});
	uint32_t count = 0;
	for (uint32_t i = 0; i < 600; i++) {
		if (i % 200 == 100 && i < 400) {
			change_protocol(c, to[i / 200], 2 + i / 200, 10000 + i);
			count += 3;
		}
		count += cluster_submit(c, i % 4, i + 1);
		cluster_run(c, 2 * MS, NULL, NULL);
	}
	assert_int_equal(count, 606);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	check_once(c, count);
	check_receipts(c, 3);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(status_of(c, i).era, 3);
		assert_string_equal(status_of(c, i).protocol, "pbft");
		if (seals(to[0]))
			assert_true(cluster_node(c, i)->checks > 0); /* some came sealed */
		assert_int_equal(cluster_node(c, i)->alarms, 0);
	}
	print_message("longest pause, pbft to %s and back: %.1f ms\n", to[0],
	              (double)longest_pause(c, 0) / (double)MS);
	assert_true(longest_pause(c, 0) < 100 * MS);
	cluster_free(c);
}

/* Everyone crashes at some append around the change, in turn at every fourth. */
static void test_a_crash_anywhere_in_a_change_of_protocol(void **state)
{
	for (uint32_t at = 1; at <= 40; at += 4) {
		struct cluster *c = group_of(&(struct cluster_plan){
			.seed = 100 + at, .check_ns = 2 * MS, .unsigned_group = true});
		const char *to = *state;
		uint32_t count = 0;
		for (uint64_t era = 2; era <= 3; era++, to = "pbft") {
			for (uint32_t i = 0; i < 4; i++)
				cluster_node(c, i)->crash_at_append =
					cluster_node(c, i)->appends + at;
			change_protocol(c, to, era, 100000 * era);
			for (uint32_t round = 0; round < 40; round++) {
				for (uint32_t i = 0; i < 4; i++)
					if (!cluster_node(c, i)->member)
						cluster_start(c, i);
				for (uint32_t i = 0; i < 4; i++)
					cluster_submit(c, i, ++count);
				cluster_run(c, 20 * MS, NULL, NULL);
				if (round % 10 == 9 && status_of(c, 0).era < era)
					change_protocol(c, to, era, 100000 * era + round);
			}
			for (uint32_t i = 0; i < 4; i++) {
				cluster_node(c, i)->crash_at_append = 0; /* it saves little */
				if (!cluster_node(c, i)->member)
					cluster_start(c, i);
			}
			settle(c, 4);
			assert_int_equal(status_of(c, 0).era, era);
			assert_string_equal(status_of(c, 2).protocol, to);
			cluster_run(c, 31 * SECOND, NULL, NULL); /* the key before is given up */
		}
		assert_true(cluster_node(c, 0)->crashes >= 1);
		cluster_free(c);
	}
}

/* A quorum votes for it.  Returns: the code that all of them were told. */
static unsigned voted(struct cluster *c, struct ec_membership *next, uint64_t token)
{
	uint32_t count = told_count(c) + 3, told_now;
	for (uint32_t i = 0; i < 3; i++)
		assert_true(cluster_vote(c, next, i, token + i));
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	const struct cluster_told *told = cluster_told(c, &told_now) + count - 3;
	assert_int_equal(told[0].code, told[1].code);
	assert_int_equal(told[0].code, told[2].code);
	ec_membership_free(next);
	return told[0].code;
}

/* A protocol is asked for with the options and the members that it can have, or stays away. */
static void test_what_the_next_protocol_cannot_serve_is_refused(void **state)
{
	(void)state;
	struct cluster *c = group_of(&(struct cluster_plan){.seed = 3});
	struct ec_membership *optional = world_membership(4, 2), *many = world_membership(9, 2);
	snprintf(optional->protocol, sizeof optional->protocol, "veil");
	snprintf(many->protocol, sizeof many->protocol, "veil");
	optional->options_size = 16; /* those of PBFT, which this one has not */
	assert_int_equal(voted(c, optional, 10), EC_RESULT_RULE);
	assert_int_equal(voted(c, many, 20), EC_RESULT_RULE);
	assert_int_equal(status_of(c, 0).era, 1);
	change_protocol(c, "veil", 2, 30);
	assert_true(cluster_run(c, 5 * SECOND, era_is, &(uint64_t){2}));
	settle(c, 4);
	cluster_free(c);
}

static bool one_halted(struct cluster *c, void *self)
{
	return cluster_node(c, *(const uint32_t *)self)->halted;
}

/* Its votes come to nothing there, so its results are others, and the group goes on without it. */
static void test_a_member_whose_program_lacks_the_protocol_is_outvoted(void **state)
{
	(void)state;
	struct cluster *c = group_of(&(struct cluster_plan){.seed = 4});
	uint32_t node = 3, count;
	cluster_crash(c, node);
	cluster_node(c, node)->protocols = protocols;
	cluster_start(c, node);
	cluster_run(c, 100 * MS, NULL, NULL);
	change_protocol(c, "veil", 2, 30);
	assert_true(cluster_run(c, 5 * SECOND, one_halted, &node));
	assert_non_null(strstr(cluster_node(c, node)->halt, "diverged"));
	count = told_count(c);
	for (uint32_t i = 0; i < 30; i++)
		count += cluster_submit(c, i % 3, 100 + i);
	assert_true(cluster_run(c, 5 * SECOND, told_all, &count));
	settle(c, 4);
	assert_string_equal(status_of(c, 0).protocol, "veil");
	cluster_free(c);
}

/* Messages take longer than PBFT ever waits (16 s): it orders nothing, and no vote.  In one window
 * of 2 s the votes and the change get through; what comes then has no time-outs, and orders as
 * messages arrive. */
static void test_one_window_of_synchrony_is_enough(void **state)
{
	enum { WINDOW_S = 2, BAD_S = 600 };
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct cluster *c =
			group_of(&(struct cluster_plan){.seed = seed, .unsigned_group = true});
		uint32_t count = 0;
		cluster_delays(c, 10 * SECOND, 30 * SECOND);
		change_protocol(c, *state, 2, 1000);
		count += cluster_submit(c, 0, 1);
		cluster_run(c, BAD_S * SECOND, NULL, NULL);
		assert_int_equal(told_count(c), 0);
		assert_true(status_of(c, 0).view > 3);
		cluster_delays(c, MS / 10, MS);
		cluster_run(c, WINDOW_S * SECOND, NULL, NULL);
		cluster_delays(c, 10 * SECOND, 30 * SECOND);
		for (uint32_t i = 0; i < 4; i++)
			assert_string_equal(status_of(c, i).protocol, *state);
		count = told_count(c);
		assert_in_range(count, 3, 4); /* the last vote may be for an era that has begun */
		for (uint32_t i = 0; i < 40; i++) {
			count += cluster_submit(c, i % 4, 10 + i);
			cluster_run(c, 7 * SECOND, NULL, NULL);
		}
		assert_true(count >= 43); /* none was refused */
		assert_true(cluster_run(c, BAD_S * SECOND, told_all, &count));
		cluster_free(c);
	}
}

static bool shares_find(void *self, const struct ec_membership *membership, uint32_t index,
                        struct ec_shares *shares)
{
	(*(uint32_t *)self)++;
	memset(shares, (int)index + 1, sizeof *shares);
	return membership->era == 2;
}

/* Our parts of shared keys are there from the first step of an era to the end of its reign. */
static void test_shares_come_and_go_with_their_era(void **state)
{
	(void)state;
	uint32_t asked = 0;
	struct cluster *c = group_of(
		&(struct cluster_plan){.seed = 6, .shares = {.self = &asked, .find = shares_find}});
	const struct ec_member *m = cluster_node(c, 1)->member;
	assert_int_equal(asked, 4);
	assert_null(m->now.shares);
	change_protocol(c, "veil", 2, 30);
	assert_true(cluster_run(c, 5 * SECOND, era_is, &(uint64_t){2}));
	assert_int_equal(asked, 8);
	assert_true(veil_had_shares(m->now.instance->state));
	assert_int_equal(m->now.shares->coin.scalar[0], 2);
	assert_ptr_equal(m->now.instance->config.shares, m->now.shares);
	assert_null(m->now.era->config.shares); /* checks on other threads see none */
	settle(c, 4);
	cluster_run(c, 31 * SECOND, NULL, NULL);
	cluster_crash(c, 1);
	cluster_start(c, 1);
	cluster_run(c, 200 * MS, NULL, NULL);
	m = cluster_node(c, 1)->member;
	assert_int_equal(asked, 9);
	assert_true(veil_had_shares(m->now.instance->state));
	change_protocol(c, "pbft", 3, 40);
	assert_true(cluster_run(c, 5 * SECOND, era_is, &(uint64_t){3}));
	assert_null(m->now.shares);
	assert_non_null(m->past.shares); /* it still answers */
	cluster_run(c, 31 * SECOND, NULL, NULL);
	assert_null(m->past.shares);
	cluster_free(c);
}

int main(void)
{
	static char veil_name[] = "veil", honeybadger[] = "honeybadger";
	static char multipaxos[] = "multipaxos", paxos[] = "paxos";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_over_and_back_under_load, veil_name),
		cmocka_unit_test_prestate(test_over_and_back_under_load, honeybadger),
		cmocka_unit_test_prestate(test_over_and_back_under_load, multipaxos),
		cmocka_unit_test_prestate(test_over_and_back_under_load, paxos),
		cmocka_unit_test_prestate(test_a_crash_anywhere_in_a_change_of_protocol, veil_name),
		cmocka_unit_test_prestate(test_a_crash_anywhere_in_a_change_of_protocol,
	                                  honeybadger),
		cmocka_unit_test_prestate(test_a_crash_anywhere_in_a_change_of_protocol,
	                                  multipaxos),
		cmocka_unit_test_prestate(test_a_crash_anywhere_in_a_change_of_protocol, paxos),
		cmocka_unit_test(test_what_the_next_protocol_cannot_serve_is_refused),
		cmocka_unit_test(test_a_member_whose_program_lacks_the_protocol_is_outvoted),
		cmocka_unit_test_prestate(test_one_window_of_synchrony_is_enough, veil_name),
		cmocka_unit_test_prestate(test_one_window_of_synchrony_is_enough, honeybadger),
		cmocka_unit_test(test_shares_come_and_go_with_their_era),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
