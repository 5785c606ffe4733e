/* cmd_up.c - `edgecord up`: a living energy community on this machine. */
#include "cli/commands.h"
#include "cli/option_numbers.h"
#include "cli/protocol_option.h"
#include "cli/up.h"
#include "node/daemon.h"
#include "profile/import.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum up_option {
	OPTION_SLOTS = 256,
	OPTION_SPEED,
	OPTION_EXIT,
	OPTION_JSON,
	OPTION_CELLS,
	OPTION_MEMBERS,
	OPTION_HOMES,
	OPTION_CLOUD,
	OPTION_PORT,
	OPTION_PROTOCOL,
	OPTION_OPTION,
	OPTION_STORE,
	OPTION_DATA,
	OPTION_PV,
	OPTION_KWP,
	OPTION_GAPS,
	OPTION_UNIT,
	OPTION_PV_UNIT,
	OPTION_TZ,
};

static const struct argp_option options[] = {
	{"dir", 'd', "DIR", 0,
         "The network's folder; one that is there goes on as it was made. Default: data/up, anew",
         0},
	{"slots", OPTION_SLOTS, "N", 0, "Quarter-hours to play (default 96, a day)", 0},
	{"speed", OPTION_SPEED, "S", 0, "Quarter-hours a second (default 1)", 0},
	{"exit", OPTION_EXIT, NULL, 0, "End after them; else go on until Ctrl-C", 0},
	{"json", OPTION_JSON, NULL, 0, "Print the summary as one JSON object", 0},
	{"cells", OPTION_CELLS, "N", 0, "Cells (default 3)", 1},
	{"members", OPTION_MEMBERS, "N", 0, "Nodes of a cell (default 4)", 1},
	{"cloud", OPTION_CLOUD, "N", 0, "Nodes of the cloud; 0: none (default 4)", 1},
	{"homes", OPTION_HOMES, "N", 0, "Homes of a cell, a device each (default 10)", 1},
	{"protocol", OPTION_PROTOCOL, "NAME", 0, "Consensus protocol (default pbft)", 1},
	{"store", OPTION_STORE, NULL, 0, "Cells keep keys and values, too (`edgecord store`)", 1},
	{"option", OPTION_OPTION, "NAME=NUMBER", 0, EC_OPTION_PAIR_TEXT, 1},
	{"port", OPTION_PORT, "P", 0, "First of three ports a node (default: looked for)", 1},
	{"data", OPTION_DATA, "FILE", 0, "Loads of homes, CSV or CSV.gz, a column a home", 2},
	{"pv", OPTION_PV, "FILE", 0, "PV per unit of rated power, CSV or CSV.gz", 2},
	{"kwp", OPTION_KWP, "KW", 0, "Rated power behind a PV profile (default 5)", 2},
	{"gaps", OPTION_GAPS, "WHAT", 0,
         "Missing intervals: fill, zero or refuse (default: up to two hours are filled)", 2},
	{"unit", OPTION_UNIT, "UNIT", 0, "Of the loads: W, kW, Wh, kWh; when the file misleads", 2},
	{"pv-unit", OPTION_PV_UNIT, "UNIT", 0, "Of the PV, likewise; pu: part of --kwp", 2},
	{"tz", OPTION_TZ, "ZONE", 0,
         "Of time stamps without one, as Europe/Berlin; European zones only", 2},
	{0},
};

/* Options that are whole numbers, and where they go. */
static const struct number_option {
	int key;
	const char *name;
	uint32_t min, max;
	size_t at;
} numbers[] = {
	{OPTION_SLOTS, "slots", 1, 10000000, offsetof(struct up_options, slots)},
	{OPTION_CELLS, "cells", 1, EC_NETWORK_GROUPS_MAX - 1, offsetof(struct up_options, cells)},
	{OPTION_MEMBERS, "members", 1, EC_NETWORK_NODES_MAX, offsetof(struct up_options, members)},
	{OPTION_CLOUD, "cloud", 0, EC_NETWORK_NODES_MAX, offsetof(struct up_options, cloud)},
	{OPTION_HOMES, "homes", 1, 200, offsetof(struct up_options, homes)},
	{OPTION_PORT, "port", 1024, 65000, offsetof(struct up_options, port)},
};

/* Options that are texts. */
static const struct text_option {
	int key;
	size_t at;
} texts[] = {
	{'d', offsetof(struct up_options, folder)},
	{OPTION_PROTOCOL, offsetof(struct up_options, protocol)},
	{OPTION_DATA, offsetof(struct up_options, load_path)},
	{OPTION_PV, offsetof(struct up_options, pv_path)},
	{OPTION_GAPS, offsetof(struct up_options, gaps)},
	{OPTION_UNIT, offsetof(struct up_options, unit)},
	{OPTION_PV_UNIT, offsetof(struct up_options, pv_unit)},
	{OPTION_TZ, offsetof(struct up_options, tz)},
};

static void number_parse(struct argp_state *state, const struct number_option *option,
                         const char *text)
{
	uint32_t *out = (uint32_t *)((char *)state->input + option->at);
	*out = (uint32_t)ec_option_whole(state, option->name, text, option->min, option->max);
}

/* Words that the importer must know. */
static void words_check(struct argp_state *state, const struct up_options *said)
{
	const char *const units[] = {said->unit, said->pv_unit};
	enum ec_unit unit;
	enum ec_gaps gaps;
	for (int i = 0; i < 2; i++)
		if (units[i] && !ec_unit_read(units[i], &unit))
			argp_error(state, "%s takes W, kW, Wh, kWh or pu, not '%s'",
			           i ? "--pv-unit" : "--unit", units[i]);
	if (said->gaps && !ec_gaps_read(said->gaps, &gaps))
		argp_error(state, "--gaps takes fill, zero or refuse, not '%s'", said->gaps);
}

/* What is said about a file, without the file. */
static void files_check(struct argp_state *state, const struct up_options *said)
{
	const struct {
		const char *option, *needs;
		bool given, there;
	} all[] = {{"--pv", "--data", said->pv_path != NULL, said->load_path != NULL},
	           {"--unit", "--data", said->unit != NULL, said->load_path != NULL},
	           {"--gaps", "--data", said->gaps != NULL, said->load_path != NULL},
	           {"--tz", "--data", said->tz != NULL, said->load_path != NULL},
	           {"--pv-unit", "--pv", said->pv_unit != NULL, said->pv_path != NULL},
	           {"--kwp", "--pv", said->kwp > 0, said->pv_path != NULL}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].given && !all[i].there)
			argp_error(state, "%s says something about a file: give %s FILE too",
			           all[i].option, all[i].needs);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct up_options *out = state->input;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i].key == key) {
			number_parse(state, &numbers[i], argument);
			return 0;
		}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].key == key) {
			*(const char **)((char *)out + texts[i].at) = argument;
			return 0;
		}
	switch (key) {
	case ARGP_KEY_END:
		ec_option_pairs_encode(
			state, ec_option_protocol(state, out->protocol ? out->protocol : "pbft"),
			&out->pairs);
		words_check(state, out);
		files_check(state, out);
		return 0;
	case OPTION_OPTION:
		ec_option_pair(state, &out->pairs, argument);
		return 0;
	case OPTION_STORE:
		out->store = true;
		return 0;
	case OPTION_SPEED:
		out->speed = ec_option_real(state, "speed", argument, 0.01, 100);
		return 0;
	case OPTION_KWP:
		out->kwp = ec_option_real(state, "kwp", argument, 0.1, 1000);
		return 0;
	case OPTION_EXIT:
		out->exit_at_end = true;
		return 0;
	case OPTION_JSON:
		out->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option; see --help", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

enum { LOOK_NS = 1000 * 1000 * 1000, KWP_USUAL = 5 };

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
	(void)signal_number;
	stopping = 1;
}

static void nap(uint64_t ns)
{
	const struct timespec span = {.tv_sec = (time_t)(ns / 1000000000u),
	                              .tv_nsec = (long)(ns % 1000000000u)};
	nanosleep(&span, NULL);
}

/* Says which process ended by itself; one may be killed on purpose, so this is no failure yet. */
static void tell_ended(struct up *up)
{
	struct ec_process *ended;
	while ((ended = ec_process_ended(&up->processes))) {
		bool killed = WIFSIGNALED(ended->status);
		fprintf(stderr, "\n%s ended by itself, %s %d; see %s\n", ended->name,
		        killed ? "by signal" : "with exit code",
		        killed ? WTERMSIG(ended->status) : WEXITSTATUS(ended->status), ended->log);
		if (strstr(ended->name, "-node"))
			fprintf(stderr, "start it again: %s node --config %.*s/node.yaml\n",
			        program_invocation_name, (int)(strlen(ended->log) - strlen("/log")),
			        ended->log);
	}
}

/* Waits until all nodes are ready.  Returns: false when they are not in time. */
static bool wait_ready(struct up *up)
{
	uint64_t begin = up_now();
	while (!stopping && up_now() - begin < 60 * 1000000000ull) {
		if (up_look(up))
			return true;
		struct ec_process *ended = ec_process_ended(&up->processes);
		if (ended) {
			char words[400];
			ec_process_last_words(ended, words, sizeof words);
			snprintf(up->why, sizeof up->why, "%s ended at once: %.380s", ended->name,
			         words);
			return false;
		}
		nap(100 * 1000000);
	}
	if (stopping)
		return false;
	snprintf(up->why, sizeof up->why,
	         "the nodes were not ready within 60 s; their logs stand in %s/*/node*/log",
	         up->network->folder);
	return false;
}

/* How many slots were played since the devices started. */
static double slots_played(const struct up *up)
{
	double slot_ns = 900e9 / (double)up->network->rate;
	return (double)(up_now() - up->ready_ns) / slot_ns;
}

static void look_around(struct up *up)
{
	up_look(up);
	tell_ended(up);
	for (uint32_t g = 0; g < up->network->groups; g++)
		if (!up->first_trade_ns && up->sight.cell[g].market.trades > 0)
			up->first_trade_ns = up_now();
	up_progress(up, false);
}

static void tell_where(const struct up *up)
{
	FILE *out = up->options.json ? stderr : stdout;
	const struct ec_network_group *cell = &up->network->group[0];
	fprintf(out, "network   %s\n", up->network->folder);
	fprintf(out, "status    %s status --node %s/node1\n", program_invocation_name,
	        cell->folder);
	fprintf(out, "a gateway http://127.0.0.1:%u/v1/status, /metrics\n",
	        cell->node[0].http_port);
	fprintf(out, "logs      %s/node1/log\n\n", cell->folder);
}

static int play(struct up *up)
{
	if (!up_data_read(up) || !up_start_nodes(up) || !wait_ready(up) || !up_make_keys(up) ||
	    !up_start_devices(up)) {
		if (stopping)
			return EC_EXIT_OK;
		fprintf(stderr, "edgecord up: %s\n", up->why);
		return EC_EXIT_FAILED;
	}
	up->ready_ns = up_now();
	tell_where(up);
	bool summed = false, good = true;
	while (!stopping) {
		nap(LOOK_NS);
		look_around(up);
		/* Two slots more: the last one's readings and its settlement follow it. */
		if (!summed && slots_played(up) >= up->options.slots + 2) {
			up_progress(up, true);
			good = up_summary(up);
			summed = true;
			if (up->options.exit_at_end)
				break;
		}
	}
	if (!summed) {
		up_look(up);
		up_progress(up, true);
		good = up_summary(up);
	}
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}

int ec_cmd_up(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Starts a cloud, cells and homes as processes on this machine and plays a trading "
		"day.\vCtrl-C stops everything. Exit code 0: all went well; 1: not; 2: usage.",
		NULL,
		NULL,
		NULL};
	struct up *up = calloc(1, sizeof *up);
	if (!up)
		return EC_EXIT_FAILED;
	up->lock = -1;
	up->options = (struct up_options){.slots = 96,
	                                  .cells = UP_UNSAID,
	                                  .members = UP_UNSAID,
	                                  .cloud = UP_UNSAID,
	                                  .homes = UP_UNSAID};
	argp_parse(&argp, argc, argv, 0, NULL, &up->options);
	if (!up->options.kwp)
		up->options.kwp = KWP_USUAL;
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	up->started_ns = up_now();
	int code = play(up);
	if (up->network)
		up_watch_end(up);
	uint32_t killed = ec_process_stop_all(&up->processes, 10000);
	if (killed) {
		fprintf(stderr, "edgecord up: %u processes had to be killed\n", killed);
		code = EC_EXIT_FAILED;
	}
	free(up->network);
	if (up->lock >= 0)
		close(up->lock);
	free(up);
	return code;
}
