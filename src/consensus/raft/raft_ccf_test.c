/* raft_ccf_test.c - CCF's scenarios: the same commands, and the same answers about who leads, what
 * is committed, and whether all agree.
 *
 * A command moves one node, or all: its time, or what waits on its channels.  What a leader is
 * given leaves with its next heartbeat, as there.  Scenarios are played by members without PreVote
 * and CheckQuorum (a planted bug), as CCF's are; those about CheckQuorum by members as they are.  A
 * wait is 100 ms, and nobody clings to a leader, for time passes for one node alone.
 *
 * - Leadership is asserted; a member that asks whether to stand counts as a candidate.
 * - Safety always: one leader a term, one order, nothing refused at the door, invariants.
 * - `assert_state_sync`: all members of the newest era have one term, log, commit and order.
 * - Commit indices: CCF commits up to a signature, and its terms begin with no filler: what a
 *   leader has delivered is counted so, and printed beside our position.  Who follows is told at
 *   once here, there with the next heartbeat: it has at least as much.
 * - A change of the configuration is an era; who leads goes on to lead it, else its first member
 *   does.  What stood behind it in the log is submitted again.
 * - Retirement (`membership_state`, `retirement_phase`), and whatever is asserted of a node that is
 *   no member of the newest era, is not applicable: such a node has no instance any more.
 *
 * Left out, all of whose point is something that is otherwise here:
 * - ackuracy: counts and delivers single messages, of batches of entries and empty ones, to keep
 * one refusal for later; an answer names its question here (raft_bug_test.c has an old one).
 * - retire_one: the old configuration commits behind the change, together with the new one.
 * - reconfig_01_el0_12, reconfig_01_el0_23, reconfig_01_el2_12: a node stands that joins by a
 * change which is not committed, or that leaves by it: an era begins when it is.
 * Of those that are played two assertions, each named where it is left out. */
#include "base/shared_test.h"
#include "base/test.h"
#include "consensus/raft/raft_ccf_world.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 12 };

struct scenario {
	const char *name;
	bool plain;    /* without PreVote and CheckQuorum */
	int otherwise; /* a line that asks for a commit that comes otherwise here; 0: none, */
	const char *why;
};

struct play {
	const struct scenario *is;
	struct ccf *ccf;
	int line, words;
	char word[WORDS_MAX][64];
	uint32_t leadership, commits, ahead, syncs, retirement;
	char map[512];
	size_t map_size;
};

static void differs(const struct play *play, const char *expected, const char *happened)
{
	fail_msg("%s:%d: %s: expected %s, not %s", play->is->name, play->line, play->word[0],
	         expected, happened);
}

static ec_node node_at(const struct play *play, int word)
{
	unsigned long node = word < play->words ? strtoul(play->word[word], NULL, 10) : CCF_NODES;
	assert_true(node < CCF_NODES);
	return (ec_node)node;
}

static const char *role_of(const struct ccf *ccf, ec_node node)
{
	static const char *const roles[] = {"Follower", "Candidate", "Candidate", "Leader"};
	return roles[ccf_raft(ccf, node)->role];
}

/* `assert_detail,NODE,leadership_state,ROLE`, or with `!` */
static void detail_assert(struct play *play, bool so)
{
	ec_node node = node_at(play, 1);
	if (strcmp(play->word[2], "leadership_state") != 0 || !ccf_member(play->ccf, node)) {
		play->retirement++;
		return;
	}
	const char *wanted = strcmp(play->word[3], "Primary") == 0 ? "Leader" : play->word[3];
	play->leadership++;
	if ((strcmp(wanted, role_of(play->ccf, node)) == 0) != so)
		differs(play, so ? wanted : "another role", role_of(play->ccf, node));
}

static void commit_assert(struct play *play)
{
	ec_node node = node_at(play, 1);
	uint32_t wanted = (uint32_t)strtoul(play->word[2], NULL, 10);
	uint32_t index = ccf_index(play->ccf, node);
	char happened[32];
	if (!ccf_member(play->ccf, node)) {
		play->retirement++;
		return;
	}
	if (play->line == play->is->otherwise) {
		printf("%s:%d: left out: %s\n", play->is->name, play->line, play->is->why);
		return;
	}
	bool leads = ccf_leader(play->ccf) == node;
	snprintf(happened, sizeof happened, "%u", index);
	if (leads ? index != wanted : index < wanted)
		differs(play, play->word[2], happened);
	play->commits++;
	play->ahead += index > wanted;
	play->map_size +=
		(size_t)snprintf(play->map + play->map_size, sizeof play->map - play->map_size,
	                         " %u:%u", wanted, play->ccf->node[node].delivered);
}

static void sync_assert(struct play *play)
{
	struct ccf *ccf = play->ccf;
	const struct ccf_era *era = &ccf->era[ccf->eras - 1];
	const struct ccf_node *one = &ccf->node[era->member[0]];
	for (uint32_t i = 0; i < era->n; i++) {
		const struct ccf_node *other = &ccf->node[era->member[i]];
		const struct raft *a = ccf_raft(ccf, era->member[0]);
		const struct raft *b = ccf_raft(ccf, era->member[i]);
		if (other->era != one->era || a->term != b->term || a->last != b->last ||
		    a->commit != b->commit || a->commit != a->last)
			differs(play, "one state", "several");
		if (other->delivered != one->delivered ||
		    memcmp(other->log, one->log, one->delivered * sizeof one->log[0]) != 0)
			differs(play, "one order", "several");
	}
	play->syncs++;
}

/* Nodes named from a word on, or between `out` and `in`: a set. */
static uint64_t set_at(const struct play *play, int word, const char *end)
{
	uint64_t set = 0;
	for (; word < play->words && strcmp(play->word[word], end) != 0; word++)
		if (isdigit((unsigned char)play->word[word][0]))
			set |= bit(node_at(play, word));
	return set;
}

/* `trust_node(s),TERM,NODE..`, `swap_nodes,TERM,out,NODE..,in,NODE..` */
static void roster_change(struct play *play)
{
	const struct ccf_era *era = &play->ccf->era[play->ccf->eras - 1];
	uint64_t set = 0, out = 0, in = 0;
	for (uint32_t i = 0; i < era->n; i++)
		set |= bit(era->member[i]);
	for (int i = 2; i < play->words; i++) {
		if (strcmp(play->word[i], "out") == 0)
			out = set_at(play, i + 1, "in");
		if (strcmp(play->word[i], "in") == 0)
			in = set_at(play, i + 1, "out");
	}
	if (play->word[0][0] == 't')
		in = set_at(play, 2, "");
	assert_true(ccf_submit(play->ccf, CCF_ROSTER, (set & ~out) | in));
}

static void node_connect(struct play *play, ec_node node, bool connected)
{
	for (ec_node other = 0; other < CCF_NODES; other++)
		if (other != node)
			ccf_connect(play->ccf, node, other, connected);
}

/* Commands that move messages or links.  Returns: false when it is none. */
static bool obey_network(struct play *play)
{
	struct ccf *ccf = play->ccf;
	const char *verb = play->word[0];
#define IS(name) (strcmp(verb, name) == 0)
	if (IS("dispatch_all"))
		ccf_dispatch_all(ccf);
	else if (IS("dispatch_one"))
		ccf_dispatch(ccf, node_at(play, 1), CCF_NODES, false);
	else if (IS("dispatch_single"))
		ccf_dispatch(ccf, node_at(play, 1), node_at(play, 2), true);
	else if (IS("drop_pending"))
		ccf_drop(ccf, node_at(play, 1), CCF_NODES);
	else if (IS("drop_pending_to"))
		ccf_drop(ccf, node_at(play, 1), node_at(play, 2));
	else if (IS("disconnect"))
		ccf_connect(ccf, node_at(play, 1), node_at(play, 2), false);
	else if (IS("connect") || IS("reconnect"))
		ccf_connect(ccf, node_at(play, 1), node_at(play, 2), true);
	else if (IS("disconnect_node") || IS("reconnect_node"))
		node_connect(play, node_at(play, 1), verb[0] == 'r');
	else
		return false;
	return true;
}

static void obey(struct play *play)
{
	struct ccf *ccf = play->ccf;
	const char *verb = play->word[0];
	if (obey_network(play))
		return;
	if (IS("start_node"))
		assert_true(ccf_submit(ccf, CCF_DATA, 0)); /* there a configuration */
	else if (IS("emit_signature"))
		assert_true(ccf_submit(ccf, CCF_SIGNATURE, 0));
	else if (IS("replicate") || IS("cleanup_nodes"))
		assert_true(ccf_submit(ccf, CCF_DATA, 0));
	else if (IS("trust_node") || IS("trust_nodes") || IS("swap_nodes"))
		roster_change(play);
	else if (IS("periodic_one"))
		ccf_pass(ccf, node_at(play, 1), (uint32_t)strtoul(play->word[2], NULL, 10));
	else if (IS("periodic_all"))
		for (ec_node node = 0; node < CCF_NODES; node++)
			ccf_pass(ccf, node, (uint32_t)strtoul(play->word[1], NULL, 10));
	else if (IS("assert_detail") || IS("assert_!detail"))
		detail_assert(play, IS("assert_detail"));
	else if (IS("assert_commit_idx"))
		commit_assert(play);
	else if (IS("assert_state_sync"))
		sync_assert(play);
	else if (!IS("state_all"))
		fail_msg("%s:%d: no such command: %s", play->is->name, play->line, verb);
#undef IS
}

/* Returns: false where a line has no command. */
static bool line_split(struct play *play, char *line)
{
	line[strcspn(line, "#\n")] = 0;
	play->words = 0;
	for (char *word = strtok(line, ","); word && play->words < WORDS_MAX;
	     word = strtok(NULL, ",")) {
		word += strspn(word, " ");
		snprintf(play->word[play->words], sizeof play->word[0], "%.*s",
		         (int)strcspn(word, " "), word);
		play->words += play->word[play->words][0] != 0;
	}
	return play->words > 0;
}

static bool scenario_play(struct play *play, uint32_t *asserted)
{
	char path[512], name[128], line[256];
	snprintf(name, sizeof name, "vectors/ccf-raft-scenarios/tests/raft_scenarios/%s",
	         play->is->name);
	if (!ec_shared_path(path, sizeof path, name))
		return false;
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	play->ccf = ccf_new(play->is->plain);
	for (play->line = 1; fgets(line, sizeof line, file); play->line++) {
		if (!line_split(play, line))
			continue;
		obey(play);
		if (play->ccf->violation)
			differs(play, "safety", play->ccf->violation);
	}
	fclose(file);
	const char *violation = ccf_free(play->ccf);
	assert_null(violation);
	printf("%-24s %2u of leaders, %2u of commits (%u are told sooner), %u of sync; %2u not "
	       "applicable; CCF's index and our position:%s\n",
	       play->is->name, play->leadership, play->commits, play->ahead, play->syncs,
	       play->retirement, play->map);
	*asserted += play->leadership + play->commits + play->syncs;
	return true;
}

static void scenarios_of_ccf_come_to_the_same(void **state)
{
	static const struct scenario scenarios[] = {
		{"startup", true, 0, NULL},
		{"startup_2nodes", true, 0, NULL},
		{"append", true, 0, NULL},
		{"replicate", true, 0, NULL},
		{"election", true, 0, NULL},
		{"fancy_election.1", true, 0, NULL},
		{"liveness_through_conflict", true, 0, NULL},
		{"reconnect", true, 0, NULL},
		{"soft_rollback", true, 0, NULL},
		{"suffix_collision.1", true, 0, NULL},
		{"suffix_collision.2", true, 0, NULL},
		{"reconfiguration", true, 42,
	         "what stood behind the change goes to the next era again"},
		{"reconfig_0_1", true, 0, NULL},
		{"reconfig_01_12", true, 0, NULL},
		{"reconfig_01_23", true, 0, NULL},
		{"reconfig_01_el1_12", true, 32,
	         "the filler of a term commits what its leader took over"},
		{"check_quorum", false, 0, NULL},
		{"reelection", false, 0, NULL},
	};
	uint32_t asserted = 0;
	(void)state;
	for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
		struct play play = {.is = &scenarios[i]};
		if (!scenario_play(&play, &asserted))
			return;
	}
	assert_true(asserted > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios_of_ccf_come_to_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
