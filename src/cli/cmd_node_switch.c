/* cmd_node_switch.c - `edgecord node switch`: a running group of a local network goes on by another
 * protocol, or by other options of the one it has, by a change of era. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/node_told.h"
#include "cli/option_numbers.h"
#include "cli/protocol_option.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATIENCE_S = 60,
	PATIENCE_S_MAX = 86400,
	OPTION_PROTOCOL = 256,
	OPTION_OPTION,
	OPTION_KEYS,
	OPTION_PATIENCE
};

struct arguments {
	struct place_arguments of;
	const struct ec_protocol *protocol;
	struct ec_option_pairs pairs;
	uint32_t patience_ms;
	bool keys;
};

static const struct argp_option options[] = {
	{"protocol", OPTION_PROTOCOL, "NAME", 0, "The protocol of the next era", 0},
	{"option", OPTION_OPTION, "NAME=NUMBER", 0, EC_OPTION_PAIR_TEXT, 0},
	{"keys", OPTION_KEYS, NULL, 0,
         "The members make keys that they share, though the protocol does without: for "
         "`edgecord beacon`",
         0},
	{"patience", OPTION_PATIENCE, "SECONDS", 0,
         "How long to wait for what the group orders, 60 if not said, and four times as long as a "
         "phase of making keys may take; where it orders something only now and then, longer than "
         "four times the time between",
         0},
	{"json", 'j', NULL, 0,
         "Print the new era and the pause of commits as a JSON object; what goes wrong is JSON on "
         "stderr",
         0},
	{0},
};

static void arguments_judge(struct arguments *out, struct argp_state *state)
{
	if (!out->protocol)
		argp_error(state, "say which protocol: --protocol NAME");
	ec_option_pairs_encode(state, out->protocol, &out->pairs);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case OPTION_PROTOCOL:
		out->protocol = ec_option_protocol(state, argument);
		return 0;
	case OPTION_OPTION:
		ec_option_pair(state, &out->pairs, argument);
		return 0;
	case OPTION_KEYS:
		out->keys = true;
		return 0;
	case OPTION_PATIENCE:
		out->patience_ms = 1000 * (uint32_t)ec_option_whole(state, "patience", argument, 1,
		                                                    PATIENCE_S_MAX);
		return 0;
	default:
		break;
	}
	error_t code = place_parse(key, argument, state, &out->of,
	                           "give the folder of the group: DIR/GROUP");
	if (key == ARGP_KEY_END)
		arguments_judge(out, state);
	return code;
}

static void tell(const struct place *place, const struct ec_roster_change *change)
{
	char with[EC_TEXT_MAX + 16];
	struct ec_json json = {0};
	snprintf(with, sizeof with, "protocol %s", change->next->protocol);
	if (!place->json) {
		era_print(change, with);
		return;
	}
	era_put(&json, change, change->next->protocol);
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

static bool go_over(const struct place *place, const struct arguments *arguments)
{
	char why[512];
	struct ec_roster_change change;
	const struct ec_network_group *group = &place->network->group[place->g];
	bool good = ec_roster_change_begin(&change, group, arguments->patience_ms, UINT32_MAX, why,
	                                   sizeof why);
	if (good) {
		ec_roster_change_plan(&change, 0);
		snprintf(change.next->protocol, sizeof change.next->protocol, "%s",
		         arguments->protocol->name);
		memcpy(change.next->options, arguments->pairs.encoded,
		       arguments->pairs.encoded_size);
		change.next->options_size = arguments->pairs.encoded_size;
		change.first_named = ec_option_pairs_name(&arguments->pairs, "first");
		good = !(arguments->protocol->sealed || arguments->keys) ||
		       ec_roster_change_keys(&change, why, sizeof why);
		good = good && ec_roster_change_vote(&change, why, sizeof why);
	}
	if (good)
		tell(place, &change);
	else
		place_refuse(place, why);
	ec_roster_change_end(&change);
	return good;
}

int ec_cmd_node_switch(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"DIR/GROUP",
		"Has a running group of a local network go on by another protocol, or by other "
		"options of the one it has: its members vote for a roster that names them.  For "
		"a protocol that seals batches they first make the keys that this takes.\v"
		"Every member must run a program that has the protocol.  Nothing that was "
		"acknowledged is lost, and receipts stay good (docs/protocols.md).  In a real "
		"network each owner votes with his own key.  Exit code 0: the new era has begun; "
		"1: not (no such group, no answer, refused); 2: a wrong command line.",
		NULL,
		NULL,
		NULL};
	static char name[] = "edgecord node switch";
	struct arguments arguments = {.patience_ms = 1000 * PATIENCE_S};
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct place place = {.command = name, .json = arguments.of.json};
	if (!place_find(&place, arguments.of.folder, false))
		return EC_EXIT_FAILED;
	bool good = go_over(&place, &arguments);
	free(place.network);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}
