/* cmd_bench.c - `edgecord bench`: load on a real cell, and what every member says of it afterwards.
 */
#include "cli/bench.h"
#include "cli/bench_report.h"
#include "cli/commands.h"
#include "cli/option_numbers.h"
#include "cli/protocol_option.h"
#include "node/daemon.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	OPTION_REST = 256,
	OPTION_OPEN,
	OPTION_KEEP,
	OPTION_PAYLOAD,
	OPTION_PROTOCOL,
	OPTION_OPTION,
	OPTION_WARM,
	OPTION_AT,
	OPTION_WRITES,
	SETTLE_MS = 20000,
	SIGNED_A_SECOND = 12000, /* so many envelopes are signed beforehand */
};

static const struct argp_option options[] = {
	{"mode", 'm', "order|ledger|signed|store", 0,
         "order: ids are counted and hashed; ledger: with state; signed: with signatures too; "
         "store: unsigned puts to 10000 keys of its store",
         0},
	{"clients", 'c', "N", 0, "Connections (default 16), spread over the members", 0},
	{"at", OPTION_AT, "N|leader", 0, "All of them to member N, from 1 on, or to who leads", 0},
	{"depth", 'd', "N", 0,
         "Envelopes under way a client, at most 48 (default 1; over the binary door "
         "in an open loop 48)",
         0},
	{"seconds", 's', "S", 0, "How long (default 10)", 0},
	{"warm", OPTION_WARM, "S", 0, "Load before that, which is not counted (default 0)", 0},
	{"writes", OPTION_WRITES, "N", 0,
         "End when so many were acknowledged, if that is before --seconds", 0},
	{"rest", OPTION_REST, NULL, 0, "Over HTTP instead of the binary door", 0},
	{"open", OPTION_OPEN, "RATE", 0, "Open loop: so many a second, whatever comes back", 0},
	{"members", 'n', "N", 0, "Members of the cell (default 4)", 0},
	{"protocol", OPTION_PROTOCOL, "NAME", 0, "Consensus protocol of the cell (default pbft)",
         0},
	{"option", OPTION_OPTION, "NAME=NUMBER", 0, EC_OPTION_PAIR_TEXT, 0},
	{"payload", OPTION_PAYLOAD, "BYTES", 0, "Of each envelope (default 128)", 0},
	{"dir", 'D', "DIR", 0, "Where to make the cell (default data/bench.PID)", 0},
	{"keep", OPTION_KEEP, NULL, 0, "Leave its folder there", 0},
	{"json", 'j', NULL, 0, "Print JSON", 0},
	{0},
};

static enum bench_mode mode_read(struct argp_state *state, const char *text)
{
	for (int mode = BENCH_ORDER; mode < BENCH_MODES; mode++)
		if (strcmp(text, bench_mode_name((enum bench_mode)mode)) == 0)
			return (enum bench_mode)mode;
	argp_error(state, "--mode takes order, ledger, signed or store, not '%s'", text);
	return BENCH_ORDER;
}

struct arguments {
	struct bench_options *options;
};

/* What fits only together. */
static void finish(struct argp_state *state, const struct arguments *arguments)
{
	struct bench_options *out = arguments->options;
	if (!out->depth)
		out->depth = out->open_rate > 0 && !out->rest ? BENCH_DEPTH_MAX : 1;
	if (out->rest && out->depth > 1)
		argp_error(state, "over HTTP a client has one request under way; "
		                  "give more --clients");
	if (out->at > out->members)
		argp_error(state, "there is no member %u of %u", out->at, out->members);
	ec_option_pairs_encode(state, out->protocol, &out->pairs);
}

/* Where the load goes, what comes before it, and where it ends. */
static error_t extent_read(int key, const char *argument, struct argp_state *state,
                           struct bench_options *out)
{
	switch (key) {
	case OPTION_AT:
		out->at_leader = strcmp(argument, "leader") == 0;
		if (!out->at_leader)
			out->at = (uint32_t)ec_option_whole(state, "at", argument, 1,
			                                    BENCH_NODES_MAX);
		return 0;
	case OPTION_WARM:
		out->warm_s = ec_option_real(state, "warm", argument, 0, 3600);
		return 0;
	case OPTION_WRITES:
		out->writes = ec_option_whole(state, "writes", argument, 1, 1000000000);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct bench_options *out = arguments->options;
	switch (key) {
	case 'm':
		out->mode = mode_read(state, argument);
		return 0;
	case 'c':
		out->clients =
			(uint32_t)ec_option_whole(state, "clients", argument, 1, BENCH_CLIENTS_MAX);
		return 0;
	case 'd':
		out->depth =
			(uint32_t)ec_option_whole(state, "depth", argument, 1, BENCH_DEPTH_MAX);
		return 0;
	case 's':
		out->seconds = ec_option_real(state, "seconds", argument, 0.1, 86400);
		return 0;
	case 'n':
		out->members =
			(uint32_t)ec_option_whole(state, "members", argument, 1, BENCH_NODES_MAX);
		return 0;
	case 'D':
		out->folder = argument;
		return 0;
	case 'j':
		out->json = true;
		return 0;
	case OPTION_REST:
		out->rest = true;
		return 0;
	case OPTION_OPEN:
		out->open_rate = ec_option_real(state, "open", argument, 1, 1e6);
		return 0;
	case OPTION_KEEP:
		out->keep = true;
		return 0;
	case OPTION_PROTOCOL:
		out->protocol = ec_option_protocol(state, argument);
		return 0;
	case OPTION_OPTION:
		ec_option_pair(state, &out->pairs, argument);
		return 0;
	case OPTION_PAYLOAD:
		out->payload_bytes = (uint32_t)ec_option_whole(state, "payload", argument, 1, 1500);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", argument);
		return 0;
	case ARGP_KEY_END:
		finish(state, arguments);
		return 0;
	default:
		return extent_read(key, argument, state, out);
	}
}

static bool folder_refuse(const char *folder)
{
	fprintf(stderr, "edgecord bench: cannot make the folder %s: %s\n", folder, strerror(errno));
	return false;
}

/* The folder of the cell: as told, or one of our own.  Returns: false when it cannot be made. */
static bool folder_make(const struct bench_options *out, char folder[static 256])
{
	if (out->folder && snprintf(folder, 256, "%s", out->folder) >= 256) {
		errno = ENAMETOOLONG;
		return folder_refuse(out->folder);
	}
	if (!out->folder && mkdir("data", 0755) != 0 && errno != EEXIST)
		return folder_refuse("data");
	if (!out->folder)
		snprintf(folder, 256, "data/bench.%d", (int)getpid());
	return mkdir(folder, 0700) == 0 || folder_refuse(folder);
}

static void folder_remove(const char *folder)
{
	char path[sizeof((struct bench_run *)0)->folder];
	snprintf(path, sizeof path, "%s", folder);
	pid_t child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* Which member the clients talk to. */
static bool place_find(struct bench_run *run, struct bench_cell *cell)
{
	if (run->options.at_leader)
		run->options.at = bench_cell_leader(cell, run->why, sizeof run->why);
	return !run->options.at_leader || run->options.at;
}

/* The same load beforehand, so that caches, windows and time-outs are what they will be. */
static bool cell_warm(struct bench_run *run, struct bench_cell *cell, struct bench_mill *mill)
{
	if (!place_find(run, cell))
		return false;
	struct bench_options warm = run->options;
	warm.seconds = warm.warm_s;
	warm.writes = 0;
	return warm.seconds <= 0 ||
	       bench_load(&warm, cell, mill, &run->result, run->why, sizeof run->why);
}

/* Load, and counts before and after it. */
static bool cell_load(struct bench_run *run, struct bench_cell *cell)
{
	const struct bench_options *o = &run->options;
	uint32_t each = (uint32_t)((o->seconds + o->warm_s) * SIGNED_A_SECOND) / o->clients + 1;
	struct bench_mill *mill = bench_mill_new(o, cell, each);
	bool good = cell_warm(run, cell, mill) &&
	            bench_cell_settle(cell, SETTLE_MS, run->before, run->why, sizeof run->why) &&
	            place_find(run, cell) &&
	            bench_load(o, cell, mill, &run->result, run->why, sizeof run->why) &&
	            bench_cell_count(cell, run->after, run->why, sizeof run->why) &&
	            bench_cell_settle(cell, SETTLE_MS, run->rest, run->why, sizeof run->why);
	bench_mill_free(mill);
	return good;
}

static int run_all(struct bench_run *run)
{
	static struct bench_cell cell;
	bool good =
		bench_limits_measure(run->folder, &run->limits, run->why, sizeof run->why) &&
		bench_cell_start(&run->options, run->folder, &cell, run->why, sizeof run->why) &&
		cell_load(run, &cell);
	run->members = cell.members;
	run->keyed = cell.keyed;
	bench_cell_stop(&cell);
	good = good && bench_limits_verifies_again(&run->limits, run->why, sizeof run->why);
	if (!good) {
		fprintf(stderr, "edgecord bench: %s\n", run->why);
		return EC_EXIT_FAILED;
	}
	bool agree = bench_agreement(run);
	if (run->options.json)
		bench_print_json(run, agree);
	else
		bench_print_text(run, agree);
	return agree ? EC_EXIT_OK : EC_EXIT_FAILED;
}

int ec_cmd_bench(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Starts a cell, loads it, and asks every member what it did.\v"
		"Prints throughput, latency, CPU, messages and bytes a request, beside what this "
		"machine can do at best. Exit code 0: the members agree with the figures; 1: they "
		"do not, or the cell did not run; 2: usage.",
		NULL,
		NULL,
		NULL};
	static struct bench_run run;
	char room[200];
	struct ec_text names = ec_text_over(room, sizeof room);
	struct arguments arguments = {.options = &run.options};
	run.options = (struct bench_options){.protocol = ec_daemon_protocol("pbft", &names),
	                                     .clients = 16,
	                                     .members = 4,
	                                     .payload_bytes = 128,
	                                     .seconds = 10};
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	if (!folder_make(&run.options, run.folder))
		return EC_EXIT_FAILED;
	int code = run_all(&run);
	if (!run.options.keep)
		folder_remove(run.folder);
	return code;
}
