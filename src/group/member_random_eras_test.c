/* member_random_eras_test.c - random lives of members through eras of several protocols, of orders
 * that are revised among them: crashes at any append, broken and parted links. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos.h"
#include "consensus/raft/raft.h"
#include "group/drift_fake.h"
#include "group/member_fake.h"
#include "group/trouble_fake.h"

/* What eras are of, each with as many rounds as it needs to say what is final. */
struct kind {
	const struct ec_protocol *protocols[5];
	uint32_t count, rounds_an_era;
};
static struct kind drifting = {{&ec_drift, &ec_pbft}, 2, 40},
		   real = {{&ec_pbft, &ec_honeybadger, &ec_ghostdag}, 3, 80},
		   crashing = {{&ec_raft, &ec_multipaxos, &ec_paxos, &ec_pbft}, 4, 60};

/* A graph that is final soon, where it waits for no certificate, or does. */
static void graph_options(struct cluster *c, struct ec_membership *next)
{
	next->options_size = 52; /* docs/formats.md, Roster */
	next->options[16] = 8;   /* final depth */
	next->options[40] = (uint8_t)ec_prng_below(cluster_prng(c), 2); /* pinned */
}

/* Votes for the next era, of another protocol or the same, once all are in one.  A node has two
 * keys: that of this era and the next one, though eras follow quicker than the old reign ends. */
static void change(struct cluster *c, const struct kind *kind, uint64_t token)
{
	uint64_t era = status_of(c, 0).era;
	for (uint32_t i = 1; i < 4; i++)
		if (status_of(c, i).era != era)
			return;
	if (!era)
		return;
	for (uint32_t i = 0; i < 4; i++)
		cluster_node(c, i)->era_key = world_secret('e', (uint32_t)era * 100 + i);
	struct ec_membership *next = world_membership(4, era + 1);
	uint64_t which = kind == &real ? ec_prng_below(cluster_prng(c), 3) : era % kind->count;
	snprintf(next->protocol, sizeof next->protocol, "%s", kind->protocols[which]->name);
	if (kind->protocols[which] == &ec_ghostdag)
		graph_options(c, next);
	vote_in(c, next, token);
	ec_membership_free(next);
}

/* Returns: the newest era. */
static uint64_t random_life(const struct kind *kind, uint64_t seed)
{
	const struct ec_protocol *first = kind->protocols[kind == &real ? seed % 3 : 0];
	struct cluster *c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                       .members = 4,
	                                                       .authors = 40,
	                                                       .roots_apart = seed % 2,
	                                                       .unsigned_group = true,
	                                                       .protocols = kind->protocols,
	                                                       .protocol = first->name});
	uint64_t token = 0;
	drift = (struct drift_knobs){.drops = 16, .late = seed % 3 ? 0 : 3};
	if (!first->byzantine) { /* who comes late is taken for one that lost its disk */
		cluster_restart_some(c, 1);
		cluster_run(c, SECOND, NULL, NULL);
	}
	for (uint32_t round = 0; round < 5 * kind->rounds_an_era; round++) {
		cluster_restart_some(c, 8);
		for (uint64_t k = ec_prng_below(cluster_prng(c), 6); k > 0; k--)
			cluster_submit(c, (uint32_t)ec_prng_below(cluster_prng(c), 4), ++token);
		if (ec_prng_chance(cluster_prng(c), 1, 5))
			cluster_trouble(c);
		if (round % kind->rounds_an_era == kind->rounds_an_era - 1)
			change(c, kind, 50000 + 10 * round);
		if (round % kind->rounds_an_era == kind->rounds_an_era / 2)
			cluster_heal(c);
		cluster_run(c, ec_prng_below(cluster_prng(c), 60 * MS), NULL, NULL);
	}
	cluster_heal(c);
	cluster_run(c, (kind == &real ? 20 : 3) * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		cluster_submit(c, i, ++token);
	settle(c, 4);
	assert_true(told_count(c) > (kind == &real ? 0 : 100));
	for (uint32_t i = 0; i < 4; i++)
		if (cluster_node(c, i)->alarms)
			fail_msg("member %u: %s", i, cluster_node(c, i)->alarm);
	uint64_t era = status_of(c, 0).era;
	cluster_free(c);
	return era;
}

static void random_lives_through_eras(void **state)
{
	const struct kind *kind = *state;
	const char *first = getenv("EDGECORD_SEED"), *many = getenv("EDGECORD_SEEDS");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1, eras = 0;
	uint64_t count = many ? strtoull(many, NULL, 10) : first ? 1 : kind == &real ? 6 : 10;
	for (uint64_t i = 0; i < count; i++) {
		print_message("seed %lu\n", seed + i);
		eras += random_life(kind, seed + i) - 1;
	}
	assert_true(first || eras >= count);
}

/* One whose last blocks were left out by a chain that was heavier than it had seen: what it had
 * final leads nowhere, and it follows again by the graph that others offer. */
static void a_chain_that_was_left_out(void **state)
{
	(void)state;
	random_life(&real, 1096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(random_lives_through_eras, &drifting),
		cmocka_unit_test_prestate(random_lives_through_eras, &real),
		cmocka_unit_test_prestate(random_lives_through_eras, &crashing),
		cmocka_unit_test(a_chain_that_was_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
