/* member_change_test.c - members come, leave, are replaced and change their keys, by eras of every
 * protocol, under load, while some crash and links break. */
#include "base/test.h"
#include "consensus/ghostdag/ghostdag.h"
#include "consensus/honeybadger/honeybadger.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/paxos.h"
#include "consensus/raft/raft.h"
#include "group/member_fake.h"
#include "ledger/proof.h"

enum { NODES = 8, FIRST = 4, MOST = 6, LIVES = 1 };
enum kind { ADD, RETIRE, REPLACE, ROTATE, KINDS };

/* A new member in two eras: it has a seat without roles, and then votes.  So it must come where the
 * protocol stands crashes only, for there no empty disk has a vote in an era that it did not see
 * begin; elsewhere it may. */

struct life {
	struct cluster *c;
	struct ec_membership *now, *next; /* next: NULL: no change is under way */
	uint64_t token;
	uint32_t keys;  /* made so far */
	uint32_t guest; /* who has a seat without roles */
	bool faults, crash_only;
};

static uint32_t node_of(const struct ec_seat *seat)
{
	for (uint32_t i = 0; i < NODES; i++) {
		struct ec_secret identity = world_secret('i', i);
		if (memcmp(identity.key, seat->identity_key, EC_KEY_SIZE) == 0)
			return i;
	}
	assert_true(false);
	return NODES;
}

static bool seated(const struct ec_membership *roster, uint32_t node)
{
	struct ec_secret identity = world_secret('i', node);
	return roster && ec_membership_find(roster, identity.key) < roster->n;
}

static struct ec_secret key_new(struct life *life)
{
	return world_secret('k', ++life->keys);
}

/* Any member of the roster in force. */
static uint32_t anyone(struct life *life)
{
	uint64_t seat = ec_prng_below(cluster_prng(life->c), life->now->n);
	return node_of(&life->now->seat[seat]);
}

/* A seat for a node that has none: its disk is empty and its era key new, whoever it was before. */
static void newcomer(struct life *life, struct ec_seat *seat)
{
	uint32_t i = (uint32_t)ec_prng_below(cluster_prng(life->c), NODES);
	while (seated(life->now, i))
		i = (i + 1) % NODES;
	struct cluster_node *node = cluster_node(life->c, i);
	cluster_crash(life->c, i);
	cluster_wipe(life->c, i);
	node->crash_at_append = 0;
	node->has_next_key = false;
	node->era_key = key_new(life);
	*seat = (struct ec_seat){.weight = 1, .roles = life->crash_only ? 0 : EC_VOTER | EC_LEADER};
	life->guest = i;
	memcpy(seat->identity_key, node->identity.key, EC_KEY_SIZE);
	memcpy(seat->era_key, node->era_key.key, EC_KEY_SIZE);
	snprintf(seat->owner, sizeof seat->owner, "owner %u", i);
	snprintf(seat->site, sizeof seat->site, "site %u", i);
}

/* Another key for somebody who is not about to change it. */
static void rotate(struct life *life, struct ec_membership *next)
{
	uint32_t s = (uint32_t)ec_prng_below(cluster_prng(life->c), next->n);
	while (cluster_node(life->c, node_of(&next->seat[s]))->has_next_key)
		s = (s + 1) % next->n;
	struct cluster_node *node = cluster_node(life->c, node_of(&next->seat[s]));
	node->next_key = key_new(life);
	node->has_next_key = true;
	if (node->member)
		ec_member_next_era_key(node->member, &node->next_key);
	memcpy(next->seat[s].era_key, node->next_key.key, EC_KEY_SIZE);
}

/* The roster in force, an era on, with more or fewer seats. */
static struct ec_membership *plan(struct life *life, bool more, bool fewer)
{
	const struct ec_membership *now = life->now;
	struct ec_membership *next = ec_membership_new(now->n + more - fewer);
	uint32_t leaves = NODES;
	while (fewer && (leaves == NODES || node_of(&now->seat[leaves]) == life->guest))
		leaves = (uint32_t)ec_prng_below(cluster_prng(life->c), now->n);
	next->era = now->era + 1;
	memcpy(next->protocol, now->protocol, sizeof next->protocol);
	memcpy(next->options, now->options, sizeof next->options);
	next->options_size = now->options_size;
	for (uint32_t i = 0, k = 0; i < now->n; i++)
		if (i != leaves)
			next->seat[k++] = now->seat[i];
	if (more)
		newcomer(life, &next->seat[next->n - 1]);
	return life->next = next;
}

static void restart_some(struct life *life, uint64_t of)
{
	for (uint32_t i = 0; i < NODES; i++)
		if ((seated(life->now, i) || seated(life->next, i)) &&
		    !cluster_node(life->c, i)->member &&
		    ec_prng_below(cluster_prng(life->c), of) == 0)
			cluster_start(life->c, i);
}

static void trouble(struct life *life)
{
	struct ec_prng *prng = cluster_prng(life->c);
	uint32_t a = anyone(life), b = anyone(life);
	struct cluster_node *node = cluster_node(life->c, a);
	if (ec_prng_chance(prng, 1, 2))
		node->crash_at_append = node->appends + 1 + ec_prng_below(prng, 30);
	else if (a != b)
		cluster_break(life->c, a, b);
}

static void go_on(struct life *life, uint32_t rounds)
{
	struct ec_prng *prng = cluster_prng(life->c);
	for (uint32_t round = 0; round < rounds; round++) {
		restart_some(life, 6);
		for (uint64_t k = ec_prng_below(prng, 5); k > 0; k--)
			cluster_submit(life->c, anyone(life), ++life->token);
		if (life->faults && ec_prng_chance(prng, 1, 5))
			trouble(life);
		cluster_run(life->c, ec_prng_below(prng, 40 * MS), NULL, NULL);
	}
}

/* Everybody is up, and nobody dies. */
static void heal(struct life *life)
{
	for (uint32_t i = 0; i < NODES; i++)
		cluster_node(life->c, i)->crash_at_append = 0;
	restart_some(life, 1);
}

static bool in_force(struct cluster *c, void *self)
{
	const struct life *life = self;
	for (uint32_t i = 0; i < NODES; i++)
		if (seated(life->next, i) && status_of(c, i).era != life->next->era)
			return false;
	return true;
}

/* Those in seats vote; those who are out end.  Whose vote was lost with a gateway votes again. */
static void enact(struct life *life)
{
	for (uint32_t tries = 0; !in_force(life->c, life); tries++) {
		assert_in_range(tries, 0, 20);
		for (uint32_t i = 0; i < NODES; i++)
			if (seated(life->now, i) && status_of(life->c, i).era == life->now->era)
				cluster_vote(life->c, life->next, i,
				             (uint64_t)1000000 + ++life->token);
		go_on(life, 10);
		heal(life);
		cluster_run(life->c, 4 * SECOND, in_force, life);
	}
	for (uint32_t i = 0; i < NODES; i++)
		if (!seated(life->next, i))
			cluster_crash(life->c, i);
	ec_membership_free(life->now);
	life->now = life->next;
	life->next = NULL;
}

static bool guest_is_ready(struct cluster *c, void *self)
{
	const struct life *life = self;
	return status_of(c, life->guest).ready;
}

static void change(struct life *life, enum kind kind)
{
	bool comes = kind == ADD || kind == REPLACE, leaves = kind == RETIRE || kind == REPLACE;
	bool twice = comes && life->crash_only;
	struct ec_membership *next = plan(life, comes, leaves && !twice);
	if (kind == ROTATE)
		rotate(life, next);
	enact(life);
	if (twice) {
		heal(life);
		assert_true(cluster_run(life->c, 30 * SECOND, guest_is_ready, life));
		next = plan(life, false, leaves);
		next->seat[next->n - 1].roles = EC_VOTER | EC_LEADER;
		enact(life);
	}
	life->guest = NODES;
}

/* What the first was given, and the last: by the genesis alone, over all changes. */
static void check_receipts(struct life *life, bool byzantine)
{
	uint32_t count, proven = 0;
	const struct cluster_told *told = cluster_told(life->c, &count);
	uint32_t member = node_of(&life->now->seat[0]);
	struct ec_ledger *ledger = ec_member_ledger(cluster_node(life->c, member)->member);
	for (uint32_t i = count - 1; proven < 3 && i > 0; i--) {
		struct ec_bytes proof;
		struct ec_proof_report report;
		if (told[i].code != EC_RESULT_DONE ||
		    ec_ledger_receipt(ledger, &told[i].id, &proof) != EC_FOUND)
			continue;
		ec_proof_judge(cluster_world(life->c)->genesis, NULL, cluster_crypto(life->c),
		               proof, &report);
		assert_int_equal(report.verdict, byzantine ? EC_VALID : EC_IF_NONE_LIED);
		assert_int_equal(report.links, life->now->era - 1);
		assert_true(ec_hash_equal(&report.envelope.id, &told[i].id));
		ec_proof_report_end(&report);
		ec_drop(proof);
		proven++;
	}
	assert_int_equal(proven, 3);
}

static void check_members(struct life *life)
{
	for (uint32_t i = 0; i < NODES; i++) {
		const struct cluster_node *node = cluster_node(life->c, i);
		assert_int_equal(seated(life->now, i), node->member != NULL);
		if (!node->member)
			continue;
		assert_int_equal(status_of(life->c, i).era, life->now->era);
		assert_true(status_of(life->c, i).voter);
		assert_false(node->halted);
	}
}

static struct life life_begin(const struct ec_protocol *protocol, bool bare, uint64_t seed)
{
	static const struct ec_protocol *const all[] = {
		&ec_pbft, &ec_honeybadger, &ec_ghostdag, &ec_raft, &ec_multipaxos, &ec_paxos, NULL};
	struct life life = {.c = cluster_new(&(struct cluster_plan){.seed = seed,
	                                                            .members = FIRST,
	                                                            .spare = NODES - FIRST,
	                                                            .authors = 20,
	                                                            .unsigned_group = bare,
	                                                            .protocols = all,
	                                                            .protocol = protocol->name}),
	                    .guest = NODES,
	                    .crash_only = !protocol->byzantine};
	life.now = ec_membership_copy(cluster_world(life.c)->genesis->membership);
	for (uint32_t i = 0; i < FIRST; i++)
		cluster_start(life.c, i);
	cluster_run(life.c, SECOND, NULL, NULL);
	return life;
}

static void life_end(struct life *life)
{
	heal(life);
	cluster_run(life->c, 5 * SECOND, NULL, NULL);
	for (uint32_t i = 0; i < life->now->n; i++)
		cluster_submit(life->c, node_of(&life->now->seat[i]), ++life->token);
	settle(life->c, NODES);
	check_members(life);
}

static void life_free(struct life *life)
{
	ec_membership_free(life->now);
	cluster_free(life->c);
}

static void each_kind_of_change_is_proven(void **state)
{
	const struct ec_protocol *protocol = *state;
	struct life life = life_begin(protocol, false, 1);
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		go_on(&life, 5);
		change(&life, kind);
	}
	life_end(&life);
	assert_true(life.now->era >= 1 + KINDS);
	assert_int_equal(life.now->n, FIRST);
	check_receipts(&life, protocol->byzantine);
	life_free(&life);
}

static void random_changes(void **state)
{
	const struct ec_protocol *protocol = *state;
	const char *first = getenv("EDGECORD_SEED"), *many = getenv("EDGECORD_SEEDS");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
	uint64_t count = many ? strtoull(many, NULL, 10) : first ? 1 : LIVES;
	if (getenv("EDGECORD_PROTOCOL") && strcmp(getenv("EDGECORD_PROTOCOL"), protocol->name) != 0)
		skip();
	for (uint64_t i = 0; i < count; i++) {
		print_message("%s seed %lu\n", protocol->name, seed + i);
		struct life life = life_begin(protocol, true, seed + i);
		life.faults = true;
		for (uint32_t era = 0; era < 5; era++) {
			enum kind kind = (enum kind)ec_prng_below(cluster_prng(life.c), KINDS);
			if (kind == ADD && life.now->n == MOST)
				kind = RETIRE;
			else if (kind == RETIRE && life.now->n == FIRST)
				kind = REPLACE;
			go_on(&life, 20);
			change(&life, kind);
		}
		life_end(&life);
		life_free(&life);
	}
}

#define OF(protocol)                                                           \
	cmocka_unit_test_prestate(each_kind_of_change_is_proven, &(protocol)), \
		cmocka_unit_test_prestate(random_changes, &(protocol))

int main(void)
{
	static struct ec_protocol of[6];
	const struct ec_protocol *const all[] = {&ec_pbft, &ec_honeybadger, &ec_ghostdag,
	                                         &ec_raft, &ec_multipaxos,  &ec_paxos};
	for (uint32_t i = 0; i < 6; i++)
		of[i] = *all[i];
	const struct CMUnitTest tests[] = {OF(of[0]), OF(of[1]), OF(of[2]),
	                                   OF(of[3]), OF(of[4]), OF(of[5])};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
