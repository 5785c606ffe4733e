/* planted.c - each planted bug is hunted: by scripts that name it, then by worlds. */
#include "sim/planted.h"

#include "sim/report.h"
#include "sim/script.h"
#include "sim/world.h"

#include <assert.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOGETHER = 8 }; /* worlds at most between two looks at what failed; few at first */

/* The one place that says so; planted_test.c asks that each of them exists.  Most bugs of binary
 * agreement need a scheduler that knows the coin, a liar who shares its keys, or a course of
 * hundreds; those of Raft and Paxos a message of another term or group, or links half broken. */
static const struct sim_planted_test tests[] = {
	{"pbft", 4, "src/consensus/pbft/pbft_view_test.c", "each_bug_is_found_and_only_it"},
	{"pbft", 11, "src/consensus/pbft/pbft_view_test.c", "each_bug_is_found_and_only_it"},
#define HONEYBADGER(bug, file, test)                                        \
	{                                                                   \
		"honeybadger", bug, "src/consensus/honeybadger/" file, test \
	}
	HONEYBADGER(1, "honeybadger_liar_test.c", "planted_bugs_are_found_by_properties"),
	HONEYBADGER(2, "honeybadger_liar_test.c", "nobody_proposes_what_another_sealed"),
	HONEYBADGER(3, "honeybadger_liar_test.c", "planted_bugs_are_found_by_properties"),
	HONEYBADGER(5, "honeybadger_liar_test.c", "seals_that_are_broken_hold_nothing"),
	HONEYBADGER(9, "honeybadger_liar_test.c", "one_claim_brings_nobody_anywhere"),
	HONEYBADGER(11, "rbc_test.c", "without_encoding_again_members_differ"),
	HONEYBADGER(12, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(13, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(14, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(15, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(16, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(17, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(18, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(19, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(20, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(21, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(22, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(23, "aba_random_test.c", "planted_bugs_are_found"),
	HONEYBADGER(24, "aba_liveness_test.c", "who_adopts_goes_on_for_the_others"),
	HONEYBADGER(25, "aba_liveness_test.c", "with_conf_waited_for_and_ignored_it_never_ends"),
	{"ghostdag", 7, "src/consensus/ghostdag/ghostdag_bug_test.c", "planted_bugs_are_found"},
#define RAFT(bug, test)                                                 \
	{                                                               \
		"raft", bug, "src/consensus/raft/raft_bug_test.c", test \
	}
	RAFT(2, "half_connected_members_keep_a_leader"),
	RAFT(5, "votes_of_another_era_do_not_count"),
	RAFT(9, "an_old_append_cuts_nothing"),
	RAFT(11, "a_new_leader_knows_nothing_of_logs"),
	RAFT(12, "an_answer_to_an_older_term_is_none"),
	RAFT(13, "who_cannot_win_does_not_stand"),
	RAFT(14, "a_lease_ends_before_an_election"),
#define MULTIPAXOS(bug, file, test)                            \
	{                                                      \
		"multipaxos", bug, "src/consensus/" file, test \
	}
#define PAXOS(bug, file, test)                            \
	{                                                 \
		"paxos", bug, "src/consensus/" file, test \
	}
#define OF_BOTH "multipaxos/multipaxos_log_test.c"
	MULTIPAXOS(3, OF_BOTH, "nothing_is_forgotten_before_a_quorum_has_it"),
	MULTIPAXOS(17, "multipaxos/multipaxos_fault_test.c",
                   "a_leader_that_hears_no_quorum_steps_down"),
	MULTIPAXOS(18, OF_BOTH, "what_another_group_says_is_nothing"),
	PAXOS(3, OF_BOTH, "nothing_is_forgotten_before_a_quorum_has_it"),
	PAXOS(9, "paxos/paxos_fault_test.c", "votes_are_counted_in_one_ballot"),
	PAXOS(16, OF_BOTH, "what_another_group_says_is_nothing"),
};

const struct sim_planted_test *sim_planted_test_at(unsigned index)
{
	return index < sizeof tests / sizeof tests[0] ? &tests[index] : NULL;
}

static const struct sim_planted_test *test_of(const struct sim_protocol_entry *entry, uint32_t bug)
{
	const struct sim_planted_test *test;
	for (unsigned i = 0; (test = sim_planted_test_at(i)); i++)
		if (test->bug == bug && strcmp(test->protocol, entry->protocol->name) == 0)
			return test;
	return NULL;
}

/* What became of one bug, or, of bug 0, of the protocol without any. */
struct hunt {
	const struct sim_protocol_entry *entry;
	uint32_t bug;
	enum { MISSED, BY_SCRIPT, BY_WORLD, BY_TEST } caught;
	char property[64]; /* that it breaks */
	char where[PATH_MAX];
	uint64_t seeds; /* worlds that were lived until then */
	uint32_t scripts;
	double seconds;
};

/* The sum over all of them. */
struct hunts {
	const struct sim_planted_order *order;
	uint32_t bugs, missed, dirty;
};

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What stands before ": " in a violation. */
static void property_of(const char *violation, char property[static 64])
{
	const char *colon = strstr(violation, ": ");
	snprintf(property, 64, "%.*s", colon ? (int)(colon - violation) : 63, violation);
}

/* ---- Scripts ---- */

/* The line `# Planted bug N breaks PROPERTY here.` of a script.  Returns: N, or 0. */
static uint32_t script_bug(const char *path, char property[static 64])
{
	char line[256];
	uint32_t bug = 0;
	FILE *file = fopen(path, "r");
	while (file && !bug && fgets(line, sizeof line, file)) {
		char *end = strstr(line, " here.\n");
		int at = 0;
		if (end && sscanf(line, "# Planted bug %u breaks %n", &bug, &at) == 1 && at > 0)
			snprintf(property, 64, "%.*s", (int)(end - line - at), line + at);
		else
			bug = 0;
	}
	if (file)
		fclose(file);
	return bug;
}

/* Runs a script in a process of its own, so that an assertion ends only that.  Out: what it
 * printed, cut at `size`.  Returns: its exit code; -1: it did not end by itself. */
static int script_run(const struct hunt *hunt, const char *path, char *out, size_t size)
{
	FILE *said = tmpfile();
	int status;
	assert(said);
	fflush(stdout);
	pid_t child = fork();
	assert(child >= 0);
	if (child == 0) {
		dup2(fileno(said), STDOUT_FILENO);
		int code = sim_script_run(hunt->entry, path, hunt->bug, false);
		fflush(stdout);
		_exit(code);
	}
	pid_t done = waitpid(child, &status, 0);
	assert(done == child);
	rewind(said);
	out[fread(out, 1, size - 1, said)] = 0;
	fclose(said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Of bug 0 every script that names a bug must run as it says. */
static void script_judge(struct hunt *hunt, const char *path)
{
	static char said[1 << 16];
	char property[64], wanted[PATH_MAX + 80];
	uint32_t bug = script_bug(path, property);
	if (!bug || (hunt->bug && bug != hunt->bug))
		return;
	hunt->scripts++;
	int code = script_run(hunt, path, said, sizeof said);
	snprintf(wanted, sizeof wanted, "%s: %s: ", path, property);
	bool breaks = hunt->bug ? code == 1 && strstr(said, wanted) : code != 0;
	if (!breaks)
		return;
	hunt->caught = BY_SCRIPT;
	memcpy(hunt->property, property, sizeof property);
	snprintf(hunt->where, sizeof hunt->where, "%s", path);
}

static void folder_hunt(struct hunt *hunt, const char *pattern)
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc && !hunt->caught; i++)
		script_judge(hunt, found.gl_pathv[i]);
	globfree(&found);
}

/* Scripts right in the folder of the simulator are those of its own first protocol. */
static void scripts_hunt(struct hunt *hunt, const char *root)
{
	const char *name = hunt->entry->protocol->name;
	char pattern[PATH_MAX];
	snprintf(pattern, sizeof pattern, "%s/src/consensus/%s/scripts/*.txt", root, name);
	folder_hunt(hunt, pattern);
	bool own = strcmp(name, "sequencer") == 0;
	snprintf(pattern, sizeof pattern, "%s/src/sim/scripts/%s/*.txt", root, own ? "." : name);
	folder_hunt(hunt, pattern);
}

/* ---- Worlds ---- */

/* The least seed that breaks a property; without a bug whatever fails counts.  NULL: none. */
static const struct sim_failure *least(const struct hunt *hunt, const struct sim_outcome *outcome)
{
	const struct sim_failure *best = NULL;
	for (uint32_t i = 0; i < outcome->failures; i++) {
		const struct sim_failure *failure = &outcome->failure[i];
		bool assertion = strncmp(failure->text, "invariants: ", 12) == 0;
		if (!(hunt->bug && assertion) && (!best || failure->seed < best->seed))
			best = failure;
	}
	return best;
}

static void worlds_hunt(struct hunt *hunt, const struct sim_planted_order *asked, uint64_t seeds)
{
	static struct sim_outcome outcome;
	struct sim_order order = {.program = "",
	                          .entry = hunt->entry,
	                          .wish = {.members = UINT32_MAX,
	                                   .byzantine = UINT32_MAX,
	                                   .bug = hunt->bug,
	                                   .no_ledger = true},
	                          .jobs = asked->jobs,
	                          .quiet = hunt->bug != 0};
	while (hunt->seeds < seeds && !hunt->caught) {
		uint64_t left = seeds - hunt->seeds;
		order.first = asked->first + hunt->seeds;
		order.count = hunt->seeds < TOGETHER ? asked->jobs : TOGETHER;
		order.count = left < order.count ? left : order.count;
		sim_explore(&order, &outcome);
		const struct sim_failure *failure = least(hunt, &outcome);
		hunt->seeds += failure ? failure->seed - order.first + 1 : order.count;
		if (!failure)
			continue;
		hunt->caught = BY_WORLD;
		property_of(failure->text, hunt->property);
		snprintf(hunt->where, sizeof hunt->where, "seed %llu",
		         (unsigned long long)failure->seed);
	}
}

/* ---- The table ---- */

static const char *bug_name(const struct hunt *hunt)
{
	return hunt->entry->protocol->bugs[hunt->bug - 1];
}

static const char *how(const struct hunt *hunt)
{
	static const char *const words[] = {[MISSED] = "NOT CAUGHT",
	                                    [BY_SCRIPT] = "script",
	                                    [BY_WORLD] = "world",
	                                    [BY_TEST] = "test"};
	return words[hunt->caught];
}

static void bug_print(const struct hunts *hunts, const struct hunt *hunt)
{
	const char *slash = strrchr(hunt->where, '/');
	if (!hunts->order->json) {
		printf("%-11s %3u  %-62.62s  %-10s  %-22s  %5llu  %6.1f  %s\n",
		       hunt->entry->protocol->name, hunt->bug, bug_name(hunt), how(hunt),
		       hunt->property, (unsigned long long)hunt->seeds, hunt->seconds,
		       slash ? slash + 1 : hunt->where);
		fflush(stdout);
		return;
	}
	printf("%s{\"protocol\":\"%s\",\"bug\":%u,\"name\":", hunts->bugs ? "," : "",
	       hunt->entry->protocol->name, hunt->bug);
	sim_json_text(bug_name(hunt));
	printf(",\"caught\":%s,\"how\":\"%s\",\"property\":", hunt->caught ? "true" : "false",
	       hunt->caught ? how(hunt) : "");
	sim_json_text(hunt->property);
	printf(",\"where\":");
	sim_json_text(hunt->where);
	printf(",\"seeds\":%llu,\"seconds\":%.3f}", (unsigned long long)hunt->seeds, hunt->seconds);
}

static void clean_print(const struct hunts *hunts, const struct hunt *hunt, bool first)
{
	if (!hunts->order->json) {
		printf("%-11s   -  none: %u scripts and %llu worlds: %s%s%s%s\n",
		       hunt->entry->protocol->name, hunt->scripts, (unsigned long long)hunt->seeds,
		       hunt->caught ? "BROKEN: " : "clean", hunt->property,
		       hunt->caught ? " in " : "", hunt->where);
		fflush(stdout);
		return;
	}
	printf("%s{\"protocol\":\"%s\",\"scripts\":%u,\"seeds\":%llu,\"clean\":%s,\"where\":",
	       first ? "" : ",", hunt->entry->protocol->name, hunt->scripts,
	       (unsigned long long)hunt->seeds, hunt->caught ? "false" : "true");
	sim_json_text(hunt->where);
	printf("}");
}

static void hunt_bug(const struct sim_planted_order *order, struct hunt *hunt)
{
	const struct sim_planted_test *test = test_of(hunt->entry, hunt->bug);
	double begin = seconds();
	if (order->progress)
		fprintf(stderr, "\r\033[K%s bug %u ", hunt->entry->protocol->name, hunt->bug);
	scripts_hunt(hunt, order->root);
	if (!hunt->caught && test) {
		hunt->caught = BY_TEST;
		snprintf(hunt->where, sizeof hunt->where, "%s: %s", test->file, test->test);
	} else if (!hunt->caught) {
		worlds_hunt(hunt, order, order->seeds);
	}
	hunt->seconds = seconds() - begin;
	if (order->progress)
		fprintf(stderr, "\r\033[K");
}

/* All bugs of a protocol.  Returns: how many worlds the hardest of them took. */
static uint64_t protocol_hunt(struct hunts *hunts, const struct sim_protocol_entry *entry)
{
	uint64_t most = 0;
	for (uint32_t bug = 1; entry->protocol->bugs && entry->protocol->bugs[bug - 1]; bug++) {
		struct hunt hunt = {.entry = entry, .bug = bug};
		hunt_bug(hunts->order, &hunt);
		bug_print(hunts, &hunt);
		hunts->bugs++;
		hunts->missed += !hunt.caught;
		most = hunt.seeds > most ? hunt.seeds : most;
	}
	return most;
}

static void clean_judge(struct hunts *hunts, const struct sim_protocol_entry *entry, uint64_t seeds,
                        bool first)
{
	struct hunt hunt = {.entry = entry};
	scripts_hunt(&hunt, hunts->order->root);
	worlds_hunt(&hunt, hunts->order, seeds);
	clean_print(hunts, &hunt, first);
	hunts->dirty += hunt.caught != MISSED;
}

static void hunt_all(struct hunts *hunts)
{
	enum { PROTOCOLS_MAX = 32 };
	const struct sim_protocol_entry *entry, *hunted[PROTOCOLS_MAX];
	uint64_t seeds[PROTOCOLS_MAX];
	unsigned count = 0;
	for (unsigned i = 0; (entry = sim_protocol_at(i)); i++) {
		if ((hunts->order->entry && entry != hunts->order->entry) || !entry->protocol->bugs)
			continue;
		assert(count < PROTOCOLS_MAX);
		hunted[count] = entry;
		seeds[count++] = protocol_hunt(hunts, entry);
	}
	if (hunts->order->json)
		printf("],\"without\":[");
	for (unsigned i = 0; i < count; i++)
		clean_judge(hunts, hunted[i], seeds[i], i == 0);
}

int sim_planted(const struct sim_planted_order *order)
{
	struct hunts hunts = {.order = order};
	double begin = seconds();
	bool any = false;
	for (unsigned i = 0; sim_protocol_at(i); i++)
		any |= sim_protocol_at(i)->protocol->bugs &&
		       (!order->entry || order->entry == sim_protocol_at(i));
	if (!any) {
		fprintf(stderr, "edgecord-sim: no planted bugs in this build, or none in this "
		                "protocol: EC_PLANTED builds them\n");
		return 2;
	}
	if (order->json)
		printf("{\"bugs\":[");
	else
		printf("%-11s %3s  %-62s  %-10s  %-22s  %5s  %6s  %s\n", "protocol", "bug", "what",
		       "caught by", "property", "seeds", "s", "where");
	hunt_all(&hunts);
	bool clean = !hunts.missed && !hunts.dirty;
	if (order->json)
		printf("],\"caught\":%u,\"missed\":%u,\"clean\":%s,\"wall_s\":%.3f}\n",
		       hunts.bugs - hunts.missed, hunts.missed, clean ? "true" : "false",
		       seconds() - begin);
	else
		printf("%u of %u bugs caught, %.1f s\n%s\n", hunts.bugs - hunts.missed, hunts.bugs,
		       seconds() - begin, clean ? "clean" : "VIOLATION");
	return clean ? 0 : 1;
}
