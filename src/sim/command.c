/* command.c - the command line of edgecord-sim. */
#include "sim/command.h"

#include "sim/planted.h"
#include "sim/report.h"
#include "sim/script.h"
#include "sim/world.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { USAGE = 2, SEEDS_MAX = 100000000, SEEDS_A_BUG = 600 };

enum key {
	SEED = 's',
	SEEDS = 'n',
	PROTOCOL = 'p',
	BUG = 'b',
	NODES = 'N',
	BYZANTINE = 'B',
	COLLUDERS = 'c',
	JOBS = 'j',
	TRACE = 't',
	LEDGER = 'l',
	PROOFS = 999,
	ADVERSARY = 997,
	THEN = 998,
	JSON = 1000,
	SCRIPT,
	REWRITE,
	UNTIL,
	FIRST,
	PLANTED,
	ROOT
};

struct asked {
	struct sim_order order;
	const char *protocol, *then, *bug, *script, *root;
	bool one, many, json, rewrite, planted;
};

/* clang-format off */
static const struct argp_option options[] = {
	{"protocol", PROTOCOL, "NAME", 0, "which protocol; pbft if not said", 0},
	{"then", THEN, "NAME", 0, "another protocol, that every second era is served by", 0},
	{"seed", SEED, "N", 0, "live the one world of this seed", 0},
	{"seeds", SEEDS, "COUNT", 0, "live that many worlds", 0},
	{"first", FIRST, "N", 0, "the first of them; 1 if not said", 0},
	{"bug", BUG, "N|NAME", 0, "switch a planted bug on", 0},
	{"planted", PLANTED, NULL, 0,
	 "hunt each planted bug, of one protocol or of all, in at most --seeds worlds (600)", 0},
	{"root", ROOT, "DIR", 0, "for --planted: where src/ and its scripts are, else here", 0},
	{"nodes", NODES, "N", 0, "members; by the seed if not said", 0},
	{"byzantine", BYZANTINE, "N", 0, "Byzantine members; by the seed if not said", 0},
	{"colluders", COLLUDERS, "N", OPTION_ARG_OPTIONAL,
	 "members, f+1 if not said, that fork the order; every fork must be reported", 0},
	{"adversary", ADVERSARY, NULL, 0,
	 "an adversary chooses the order of messages in all of them, else in 1 of 8", 0},
	{"ledger", LEDGER, NULL, 0,
	 "all of them of real members with keys and ledgers, else 1 in 100", 0},
	{"jobs", JOBS, "N", 0, "processes; as many as there are processors if not said", 0},
	{"until-failure", UNTIL, NULL, 0, "stop at the first world that breaks a property", 0},
	{"proofs", PROOFS, "DIR", 0,
	 "leave the genesis and a receipt an envelope of worlds of ledgers in this folder", 0},
	{"trace", TRACE, NULL, 0, "print all that happens", 0},
	{"json", JSON, NULL, 0, "the report as one JSON object", 0},
	{"script", SCRIPT, "FILE", 0, "run a script of this protocol and compare what happens", 0},
	{"rewrite", REWRITE, NULL, 0, "write what happens into the script", 0},
	{0},
};
/* clang-format on */

static uint64_t number(struct argp_state *state, const char *name, const char *text, uint64_t max)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || value > max)
		argp_error(state, "--%s takes a number from 0 to %llu, not '%s'", name,
		           (unsigned long long)max, text);
	return value;
}

static error_t option_of_world(int key, char *arg, struct argp_state *state)
{
	struct sim_order *order = &((struct asked *)state->input)->order;
	switch (key) {
	case NODES:
		order->wish.members = (uint32_t)number(state, "nodes", arg, SIM_MEMBERS_MAX);
		return 0;
	case BYZANTINE:
		order->wish.byzantine = (uint32_t)number(state, "byzantine", arg, SIM_MEMBERS_MAX);
		return 0;
	case COLLUDERS:
		order->wish.colluders =
			arg ? (uint32_t)number(state, "colluders", arg, SIM_MEMBERS_MAX)
			    : UINT32_MAX;
		return 0;
	case JOBS:
		order->jobs = (uint32_t)number(state, "jobs", arg, SIM_JOBS_MAX);
		return 0;
	case UNTIL:
		order->until_failure = true;
		return 0;
	case ADVERSARY:
		order->wish.adversary = true;
		return 0;
	case LEDGER:
		order->wish.ledger = true;
		return 0;
	case PROOFS:
		order->wish.proofs = arg;
		return 0;
	case TRACE:
		order->trace = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t option(int key, char *arg, struct argp_state *state)
{
	struct asked *asked = state->input;
	switch (key) {
	case PROTOCOL:
		asked->protocol = arg;
		return 0;
	case THEN:
		asked->then = arg;
		return 0;
	case SEED:
		asked->one = true;
		asked->order.first = number(state, "seed", arg, UINT64_MAX - SEEDS_MAX);
		return 0;
	case SEEDS:
		asked->many = true;
		asked->order.count = number(state, "seeds", arg, SEEDS_MAX);
		if (asked->order.count == 0)
			argp_error(state, "--seeds 0 would live no world and find nothing");
		return 0;
	case FIRST:
		asked->order.first = number(state, "first", arg, UINT64_MAX - SEEDS_MAX);
		return 0;
	case BUG:
		asked->bug = arg;
		return 0;
	case PLANTED:
		asked->planted = true;
		return 0;
	case ROOT:
		asked->root = arg;
		return 0;
	case JSON:
		asked->json = true;
		return 0;
	case SCRIPT:
		asked->script = arg;
		return 0;
	case REWRITE:
		asked->rewrite = true;
		return 0;
	}
	return option_of_world(key, arg, state);
}

/* By its number from 1, or by its name.  Returns: 0 when there is none. */
static uint32_t bug_find(const struct ec_protocol *protocol, const char *word)
{
	char *end;
	uint64_t wanted = strtoull(word, &end, 10);
	for (uint32_t i = 0; protocol->bugs && protocol->bugs[i]; i++)
		if ((*end == 0 && wanted == i + 1) || strcmp(protocol->bugs[i], word) == 0)
			return i + 1;
	return 0;
}

/* Whether receipts can be left there. */
static bool folder_good(const char *program, const char *path)
{
	struct stat is;
	bool there = stat(path, &is) == 0;
	if (there && S_ISDIR(is.st_mode) && access(path, W_OK | X_OK) == 0)
		return true;
	if (there && !S_ISDIR(is.st_mode))
		errno = ENOTDIR;
	fprintf(stderr, "%s: --proofs takes a folder that can be written: %s: %s\n", program, path,
	        strerror(errno));
	return false;
}

/* The program as messages name it: without the folders that a replay command begins with. */
static const char *speaker(const struct sim_order *order)
{
	const char *slash = strrchr(order->program, '/');
	return slash ? slash + 1 : order->program;
}

/* Says so where there is none that can be simulated.  Returns: NULL then. */
static const struct sim_protocol_entry *entry_find(const struct sim_order *order, const char *name)
{
	const struct sim_protocol_entry *entry = sim_protocol_find(name);
	if (!entry) {
		fprintf(stderr, "%s: no protocol '%s'; there are:", speaker(order), name);
		for (unsigned i = 0; sim_protocol_at(i); i++)
			fprintf(stderr, " %s", sim_protocol_at(i)->protocol->name);
		fprintf(stderr, "\n");
		return NULL;
	}
	if (sim_oracles_of(entry->protocol->order))
		return entry;
	fprintf(stderr,
	        "%s: no oracles for this order kind yet: nothing here would judge what %s "
	        "promises\n",
	        order->program, name);
	return NULL;
}

static bool asked_complete(struct asked *asked)
{
	struct sim_order *order = &asked->order;
	const struct sim_protocol_entry *first = sim_protocol_at(0);
	order->entry = asked->protocol ? entry_find(order, asked->protocol) : first;
	if (asked->then)
		order->wish.other = entry_find(order, asked->then);
	if (!order->entry || (asked->then && !order->wish.other))
		return false;
	if (asked->then && (asked->script || order->wish.colluders || order->wish.ledger)) {
		fprintf(stderr, "%s: --then goes with neither --script, --colluders nor --ledger\n",
		        speaker(order));
		return false;
	}
	const struct ec_protocol *protocol = order->entry->protocol;
	order->wish.bug = asked->bug ? bug_find(protocol, asked->bug) : 0;
	if (asked->bug && !order->wish.bug) {
		fprintf(stderr, "%s: no planted bug '%s' in %s; there are:\n", speaker(order),
		        asked->bug, protocol->name);
		for (uint32_t i = 0; protocol->bugs && protocol->bugs[i]; i++)
			fprintf(stderr, "  %u  %s\n", i + 1, protocol->bugs[i]);
		return false;
	}
	if (asked->one + asked->many + (asked->script != NULL) != 1) {
		fprintf(stderr,
		        "%s: exactly one of --seed, --seeds, --script and --planted is needed; see "
		        "--help\n",
		        speaker(order));
		return false;
	}
	if (order->wish.members == 0 ||
	    (order->wish.members != UINT32_MAX && order->wish.byzantine != UINT32_MAX &&
	     order->wish.byzantine > order->wish.members)) {
		fprintf(stderr,
		        "%s: a world has at least one member (--nodes), and no more Byzantine "
		        "ones than members (--byzantine)\n",
		        speaker(order));
		return false;
	}
	return !order->wish.proofs || folder_good(speaker(order), order->wish.proofs);
}

static uint32_t jobs_default(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (processors < 1)
		return 1;
	return processors > SIM_JOBS_MAX ? SIM_JOBS_MAX : (uint32_t)processors;
}

/* --planted stands alone but for what it says it takes. */
static int planted(const struct asked *asked)
{
	const struct sim_order *order = &asked->order;
	const struct sim_wish *wish = &order->wish;
	if (asked->one || asked->script || asked->bug || asked->then || asked->rewrite ||
	    order->trace || order->until_failure || wish->members != UINT32_MAX ||
	    wish->byzantine != UINT32_MAX || wish->colluders || wish->adversary || wish->ledger ||
	    wish->proofs) {
		fprintf(stderr,
		        "%s: --planted goes with --protocol, --seeds, --first, --root, --jobs and "
		        "--json only\n",
		        speaker(order));
		return USAGE;
	}
	struct sim_planted_order hunt = {.root = asked->root ? asked->root : ".",
	                                 .first = order->first,
	                                 .seeds = asked->many ? order->count : SEEDS_A_BUG,
	                                 .jobs = order->jobs ? order->jobs : 1,
	                                 .json = asked->json,
	                                 .progress = isatty(STDERR_FILENO)};
	if (asked->protocol) {
		hunt.entry = entry_find(order, asked->protocol);
		if (!hunt.entry)
			return USAGE;
	}
	return sim_planted(&hunt);
}

int sim_command(int argc, char **argv)
{
	static const struct argp parser = {
		.options = options,
		.parser = option,
		.doc = "Simulates groups of members with faulty links, disks, clocks and members."
		       "\vExit status: 0 clean, 1 a property is broken, 2 usage."};
	struct asked asked = {.order = {.program = argc ? argv[0] : "edgecord-sim",
	                                .first = 1,
	                                .count = 1,
	                                .wish = {.members = UINT32_MAX, .byzantine = UINT32_MAX},
	                                .jobs = jobs_default()}};
	static struct sim_outcome outcome;
	argp_err_exit_status = USAGE;
	if (!ec_crypto_start() || argp_parse(&parser, argc, argv, 0, NULL, &asked) != 0)
		return USAGE;
	if (asked.planted)
		return planted(&asked);
	if (!asked_complete(&asked))
		return USAGE;
	struct sim_order *order = &asked.order;
	if (asked.script)
		return sim_script_run(order->entry, asked.script, order->wish.bug, asked.rewrite);
	order->progress = asked.many && isatty(STDERR_FILENO);
	if (order->jobs == 0)
		order->jobs = 1;
	sim_explore(order, &outcome);
	struct sim_verdict verdict = sim_judge(order, &outcome);
	if (asked.json)
		sim_report_json(order, &outcome, &verdict);
	else
		sim_report_text(order, &outcome, &verdict);
	return verdict.clean ? 0 : 1;
}
