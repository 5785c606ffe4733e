/* cmd_init.c - `edgecord init`: makes the folder of a network, and starts nothing. */
#include "cli/client_options.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/make_network.h"
#include "cli/option_numbers.h"
#include "cli/protocol_option.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	OPTION_CELLS = 256,
	OPTION_MEMBERS,
	OPTION_CLOUD,
	OPTION_HOMES,
	OPTION_PORT,
	OPTION_RATE,
	OPTION_KEEP_DAYS,
	OPTION_KEEP_BLOCKS,
	OPTION_PROTOCOL,
	OPTION_OPTION,
	OPTION_CRASH_CELLS,
	OPTION_STORE,
};

struct arguments {
	struct ec_network_plan plan;
	const struct ec_protocol *protocol; /* NULL: that of the plan */
	struct ec_option_pairs pairs;
	bool json;
};

static const struct argp_option options[] = {
	{"dir", 'd', "DIR", 0, "Where to make it; must not hold a network yet", 0},
	{"name", 'n', "NAME", 0, "The network's name (default: community)", 0},
	{"cells", OPTION_CELLS, "N", 0, "Cells (default 1)", 0},
	{"members", OPTION_MEMBERS, "N", 0, "Nodes of a cell (default 4)", 0},
	{"cloud", OPTION_CLOUD, "N", 0, "Nodes of the cloud (default 0: none)", 0},
	{"homes", OPTION_HOMES, "N", 0, "Devices enrolled in each cell (default 10)", 0},
	{"port", OPTION_PORT, "P", 0, "First of three ports a node (default: looked for)", 0},
	{"rate", OPTION_RATE, "N", 0, "Seconds of community time in a second (default 1)", 0},
	{"keep-days", OPTION_KEEP_DAYS, "N", 0,
         "Days that readings, trades and bills stay in the state once they are final, which is "
         "after 10 days (default 400)",
         0},
	{"keep-blocks", OPTION_KEEP_BLOCKS, "N", 0,
         "Blocks that nodes keep whole, so that receipts can be fetched (default 100000)", 0},
	{"store", OPTION_STORE, NULL, 0, "Cells keep keys and values, too (`edgecord store`)", 0},
	{"protocol", OPTION_PROTOCOL, "NAME", 0, "Consensus protocol of every group (default pbft)",
         0},
	{"option", OPTION_OPTION, "NAME=NUMBER", 0, EC_OPTION_PAIR_TEXT, 0},
	{"crash-fault-cells", OPTION_CRASH_CELLS, NULL, 0,
         "The cloud anchors cells whose protocol stands crashes only, too: it takes their word, as "
         "one member that lies can have two histories signed there (default: it refuses them)",
         0},
	{"json", 'j', NULL, 0, "Print what was made as JSON", 0},
	{0},
};

/* It stands in geneses, in JSON, and in the first line of configurations. */
static bool name_good(const char *name)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return size > 0 && size <= 40 && ec_utf8_ok(name, size);
}

static void protocol_judge(struct argp_state *state, struct arguments *arguments)
{
	const struct ec_protocol *protocol = arguments->protocol;
	if (!protocol)
		protocol = ec_option_protocol(state, arguments->plan.protocol);
	ec_option_pairs_encode(state, protocol, &arguments->pairs);
	arguments->plan.protocol = protocol->name;
	arguments->plan.options = arguments->pairs.encoded;
	arguments->plan.options_size = arguments->pairs.encoded_size;
}

static error_t group_parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	if (key == OPTION_STORE)
		arguments->plan.store = true;
	else if (key == OPTION_PROTOCOL)
		arguments->protocol = ec_option_protocol(state, argument);
	else if (key == OPTION_OPTION)
		ec_option_pair(state, &arguments->pairs, argument);
	else if (key == OPTION_CRASH_CELLS)
		arguments->plan.crash_cells = true;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const char *name_take(struct argp_state *state, const char *name)
{
	if (!name_good(name))
		argp_error(state, "--name takes 1 to 40 bytes of text in UTF-8, in one line");
	return name;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct ec_network_plan *plan = &arguments->plan;
	switch (key) {
	case 'd':
		plan->folder = argument;
		return 0;
	case 'n':
		plan->name = name_take(state, argument);
		return 0;
	case OPTION_CELLS:
		plan->cells = (uint32_t)ec_option_whole(state, "cells", argument, 1,
		                                        EC_NETWORK_GROUPS_MAX - 1);
		return 0;
	case OPTION_MEMBERS:
		plan->members = (uint32_t)ec_option_whole(state, "members", argument, 1,
		                                          EC_NETWORK_NODES_MAX);
		return 0;
	case OPTION_CLOUD:
		plan->cloud = (uint32_t)ec_option_whole(state, "cloud", argument, 0,
		                                        EC_NETWORK_NODES_MAX);
		return 0;
	case OPTION_HOMES:
		plan->homes = (uint32_t)ec_option_whole(state, "homes", argument, 0, 200);
		return 0;
	case OPTION_PORT:
		plan->port = (uint16_t)ec_option_whole(state, "port", argument, 1024, 65000);
		return 0;
	case OPTION_RATE:
		plan->rate = (uint32_t)ec_option_whole(state, "rate", argument, 1, 90000);
		return 0;
	case OPTION_KEEP_DAYS:
		plan->keep_days = (uint32_t)ec_option_whole(state, "keep-days", argument, 1,
		                                            EC_KEEP_DAYS_MAX);
		return 0;
	case OPTION_KEEP_BLOCKS:
		plan->keep_blocks = ec_option_whole(state, "keep-blocks", argument,
		                                    EC_KEEP_BLOCKS_MIN, EC_KEEP_BLOCKS_MAX);
		return 0;
	case 'j':
		arguments->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option; see --help", argument);
		return 0;
	case ARGP_KEY_END:
		if (!plan->folder)
			argp_error(state, "give the folder to make: --dir DIR");
		protocol_judge(state, arguments);
		return 0;
	default:
		return group_parse(key, argument, state);
	}
}

static void print_json(const struct ec_network *network)
{
	struct ec_json json = {0};
	ec_json_open(&json, '{');
	ec_json_put_text(&json, "network", network->name);
	ec_json_put_text(&json, "folder", network->folder);
	ec_json_put_uint(&json, "homes", network->homes);
	ec_json_key(&json, "groups");
	ec_json_open(&json, '[');
	for (uint32_t g = 0; g < network->groups; g++) {
		ec_json_open(&json, '{');
		ec_json_put_text(&json, "name", network->group[g].name);
		ec_json_put_uint(&json, "nodes", network->group[g].nodes);
		ec_json_put_text(&json, "folder", network->group[g].folder);
		ec_json_close(&json, '}');
	}
	ec_json_close(&json, ']');
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

int ec_cmd_init(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Makes keys, geneses and node configurations of a network on this machine.\v"
		"Each node is then started by `edgecord node --config DIR/GROUP/nodeN/node.yaml`. "
		"What is kept, and all else that the members must agree on, stands in the genesis "
		"and cannot be changed afterwards, but for the protocol and its options "
		"(`edgecord node switch`).",
		NULL,
		NULL,
		NULL};
	struct arguments arguments = {.plan = {.name = "community",
	                                       .protocol = "pbft",
	                                       .cells = 1,
	                                       .members = 4,
	                                       .homes = 10,
	                                       .origin_ns = (uint64_t)time(NULL) * 1000000000u,
	                                       .rate = 1}};
	char why[512];
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct ec_network *network = ec_network_make(&arguments.plan, why, sizeof why);
	if (!network) {
		fprintf(stderr, "edgecord init: %s\n", why);
		return EC_EXIT_FAILED;
	}
	if (arguments.json)
		print_json(network);
	for (uint32_t g = 0; g < network->groups && !arguments.json; g++)
		printf("%-8s %u nodes  %s\n", network->group[g].name, network->group[g].nodes,
		       network->group[g].folder);
	free(network);
	return EC_EXIT_OK;
}
