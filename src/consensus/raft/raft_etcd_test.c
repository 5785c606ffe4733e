/* raft_etcd_test.c - etcd's interaction traces: the same commands, and at every question the same
 * answer: term, vote, leader, commit, log and Match.
 *
 * Who is number k there is member k - 1 here.  What a node says waits until it is told to process
 * it, and then on the network until it is delivered or dropped, as there.  A node begins with a CUT
 * of term 0, where the trace says.  Plain traces are played by members without PreVote and
 * CheckQuorum (a planted bug), those with both, or with PreVote, by members as they are; there time
 * passes with each wish to lead where the trace has no CheckQuorum, so that nobody clings to a
 * leader. What etcd mends by a heartbeat is mended here by a new link; `compact` is a checkpoint
 * there.
 *
 * Left out: changes of the configuration (confchange_*, campaign_learner_must_vote), which are eras
 * here; forget_leader*, which has no like here; async_storage_writes*, whose order of disk and
 * messages consensus.h fixes; checkquorum, which has no PreVote;
 * snapshot_succeed_via_app_resp_behind, which delivers by etcd's own kinds of messages. */
#include "base/shared_test.h"
#include "base/test.h"
#include "consensus/raft/raft_etcd_world.h"

#include <stdio.h>
#include <stdlib.h>

static void differs(const struct env *env, const char *file, const char *happened)
{
	fail_msg("%s:%d: %s: expected\n%shappened\n%s", file, env->block->line, env->block->command,
	         env->block->expected, happened);
}

/* `raft-log N`: term/index and data of each entry. */
static void log_compare(struct env *env, const char *file, ec_node who)
{
	const struct raft *self = env->node[who].state;
	char line[EXPECTED_SIZE];
	struct ec_text text = ec_text_over(line, sizeof line);
	for (ec_seq index = self->floor + 1; index <= self->last; index++) {
		const struct entry *entry = raft_entry_at(self, index);
		ec_text_add(&text, "%u/%u EntryNormal \"%.*s\"\n", (unsigned)entry->term,
		            (unsigned)index, (int)entry->body.size,
		            entry->body.size ? (const char *)entry->body.data : "");
	}
	env->compared++;
	if (self->last > self->floor && strcmp(line, env->block->expected) != 0)
		differs(env, file, line);
	if (self->last == self->floor && strncmp(env->block->expected, "log is empty", 12) != 0)
		differs(env, file, "an empty log\n");
}

/* `status N`: what it knows of each. */
static void status_compare(struct env *env, const char *file, ec_node who)
{
	const struct raft *self = env->node[who].state;
	unsigned id, match;
	char flow[32], happened[64];
	for (const char *at = env->block->expected; *at; at += strcspn(at, "\n") + 1) {
		if (sscanf(at, "%u: %31s match=%u", &id, flow, &match) != 3)
			continue;
		ec_seq ours = raft_members(self)[id - 1].match;
		snprintf(happened, sizeof happened, "%u: match=%u\n", id, (unsigned)ours);
		env->compared++;
		if (ours != match)
			differs(env, file, happened);
	}
}

/* `raft-state`: role, term and leader of each. */
static void state_compare(struct env *env, const char *file)
{
	static const char *const roles[] = {"StateFollower", "StatePreCandidate", "StateCandidate",
	                                    "StateLeader"};
	unsigned id, term, lead;
	char role[32], voter[16], happened[96];
	for (const char *at = env->block->expected; *at; at += strcspn(at, "\n") + 1) {
		if (sscanf(at, "%u: %31s (%15[^)]) Term:%u Lead:%u", &id, role, voter, &term,
		           &lead) != 5)
			continue;
		const struct raft *self = env->node[id - 1].state;
		unsigned leader = self->leader == EC_ALL ? 0 : self->leader + 1;
		snprintf(happened, sizeof happened, "%u: %s Term:%u Lead:%u\n", id,
		         roles[self->role], (unsigned)self->term, leader);
		env->compared++;
		if (strcmp(role, roles[self->role]) != 0 || term != self->term || lead != leader)
			differs(env, file, happened);
	}
}

/* Remembers the last HardState that each node was about to save. */
static void hard_read(struct env *env)
{
	unsigned id, who = 0, vote, commit, term;
	if (sscanf(env->block->command, "process-ready %u", &id) == 1)
		who = id;
	for (const char *at = env->block->expected; *at; at += strcspn(at, "\n") + 1) {
		const char *line = at + strspn(at, " ");
		if (sscanf(line, "> %u handling Ready", &id) == 1)
			who = id;
		if (sscanf(line, "HardState Term:%u Vote:%u Commit:%u", &term, &vote, &commit) !=
		    3) {
			vote = 0;
			if (sscanf(line, "HardState Term:%u Commit:%u", &term, &commit) != 2)
				continue;
		}
		if (who >= 1 && who <= env->n)
			env->node[who - 1].hard = (struct hard){true, term, vote, commit};
	}
}

static void hard_compare(struct env *env, const char *file)
{
	char happened[96];
	for (ec_node who = 0; who < env->n; who++) {
		const struct hard *hard = &env->node[who].hard;
		const struct raft *self = env->node[who].state;
		if (!hard->known || !self || env->node[who].waiting)
			continue;
		unsigned vote = self->vote == EC_ALL ? 0 : self->vote + 1;
		snprintf(happened, sizeof happened, "%u: Term:%u Vote:%u Commit:%u, not %u %u %u\n",
		         who + 1, (unsigned)self->term, vote, (unsigned)self->commit,
		         (unsigned)hard->term, (unsigned)hard->vote, (unsigned)hard->commit);
		env->compared++;
		/* Without CheckQuorum a leader there votes for the next; here it never does. */
		bool led = env->ticking && vote == 0 && hard->vote;
		if (led)
			printf("%s: %u led, and gave no vote\n", file, who + 1);
		if (hard->term != self->term || (hard->vote != vote && !led) ||
		    hard->commit != self->commit)
			differs(env, file, happened);
	}
}

static unsigned number_of(const struct block *block, const char *name, unsigned otherwise)
{
	const char *at = strstr(block->command, name);
	return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : otherwise;
}

/* `add-nodes COUNT voters=(..) index=N inflight=N prevote=true checkquorum=true` */
static void nodes_add(struct env *env, const struct block *block)
{
	char id[NODES][16];
	int voters = block_values(block, "voters", id, NODES);
	bool prevote = strstr(block->command, "prevote=true");
	bool quorum = strstr(block->command, "checkquorum=true");
	if (!env->n)
		env_begin(env, (uint32_t)voters, number_of(block, "inflight=", 0), prevote,
		          prevote && !quorum);
	for (unsigned i = number_of(block, "add-nodes ", 0); i; i--)
		node_add(env, number_of(block, "index=", 0));
}

/* The nodes that a command names, "1 2 3"; all if it names none. */
static uint64_t nodes_named(const struct env *env, const char *words)
{
	uint64_t set = 0;
	for (char *end; *words; words = *end ? end + 1 : end) {
		unsigned long id = strtoul(words, &end, 10);
		if (end == words)
			break;
		set |= (uint64_t)1 << (id - 1);
	}
	return set ? set : ((uint64_t)1 << env->n) - 1;
}

static void deliver_or_drop(struct env *env, const char *words)
{
	const char *drop = strstr(words, "drop=");
	uint64_t set;
	char plain[64] = "";
	if (drop)
		snprintf(plain, sizeof plain, "%s", drop + 5 + (drop[5] == '('));
	set = nodes_named(env, drop ? plain : words);
	for (ec_node who = 0; who < env->n; who++)
		if (set >> who & 1)
			deliver(env, who, drop != NULL);
}

static void hard_forget(struct env *env)
{
	for (ec_node who = 0; who < env->n; who++)
		env->node[who].hard.known = false;
}

/* Returns: false where a command has no like here. */
static bool obey(struct env *env, const char *file)
{
	const char *command = env->block->command, *words = strchr(command, ' ');
	ec_node who = words ? (ec_node)strtoul(words, NULL, 10) - 1 : 0;
	size_t size = strcspn(command, " ");
	words = words ? words + 1 : "";
	hard_read(env);
#define IS(verb) (size == strlen(verb) && strncmp(command, verb, size) == 0)
	if (IS("log-level")) {
		if (strcmp(words, "none") == 0)
			hard_forget(env);
	} else if (IS("add-nodes")) {
		nodes_add(env, env->block);
	} else if (IS("campaign")) {
		campaign(env, who);
	} else if (IS("stabilize")) {
		stabilize(env, nodes_named(env, words));
	} else if (IS("process-ready")) {
		for (ec_node each = 0; each < env->n; each++)
			if (nodes_named(env, words) >> each & 1)
				process(env, each);
	} else if (IS("deliver-msgs")) {
		deliver_or_drop(env, words);
	} else if (IS("propose")) {
		propose(env, who, strchr(words, ' ') + 1);
	} else if (IS("tick-heartbeat")) {
		heartbeat(env, who);
	} else if (IS("tick-election")) {
		env->node[who].now += env->options.election_min_ns;
	} else if (IS("set-randomized-election-timeout")) {
		/* every wait is long enough here */
	} else if (IS("report-unreachable")) {
		step(env, who,
		     (struct ec_input){.kind = EC_LINK,
		                       .from = (ec_node)strtoul(strchr(words, ' '), NULL, 10) - 1});
	} else if (IS("compact")) {
		step(env, who,
		     (struct ec_input){.kind = EC_SNAPPED,
		                       .seq = strtoul(strchr(words, ' '), NULL, 10)});
	} else if (IS("raft-log")) {
		log_compare(env, file, who);
	} else if (IS("status")) {
		status_compare(env, file, who);
	} else if (IS("raft-state")) {
		state_compare(env, file);
	} else {
		return false;
	}
#undef IS
	return true;
}

static void traces_of_etcd_come_to_the_same(void **state)
{
	static const char *const names[] = {"campaign",
	                                    "heartbeat_resp_recovers_from_probing",
	                                    "lagging_commit",
	                                    "prevote",
	                                    "prevote_checkquorum",
	                                    "probe_and_replicate",
	                                    "replicate_pause",
	                                    "single_node",
	                                    "slow_follower_after_compaction",
	                                    "snapshot_succeed_via_app_resp"};
	char path[512], name[128];
	uint32_t compared = 0;
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct blocks blocks;
		struct block block;
		snprintf(name, sizeof name, "vectors/etcd-raft/testdata/%s.txt", names[i]);
		if (!ec_shared_path(path, sizeof path, name))
			return;
		struct env *env = calloc(1, sizeof *env);
		assert_true(blocks_open(&blocks, path));
		env->block = &block;
		while (blocks_next(&blocks, &block))
			if (!obey(env, names[i]))
				fail_msg("%s:%d: no such command: %s", path, block.line,
				         block.command);
		hard_compare(env, names[i]);
		printf("%s: %u answers\n", names[i], env->compared);
		compared += env->compared;
		env_free(env);
	}
	assert_true(compared > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traces_of_etcd_come_to_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
