/* cmd_node_lead.c - `edgecord node lead`: the node that leads a group of a local network hands over
 * to another. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/node_address.h"
#include "cli/node_place.h"
#include "cli/option_numbers.h"
#include "cli/roster_change.h"
#include "cli/up.h"
#include "node/daemon.h"
#include "node/file.h"
#include "node/keys.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATIENCE_S = 10,
	PATIENCE_S_MAX = 3600,
	ANSWER_MS = 5000,
	ASK_EVERY_US = 20000,
	OPTION_PATIENCE = 256
};
#define MS_NS     ((uint64_t)1000 * 1000)
#define SECOND_NS (1000 * MS_NS)

struct arguments {
	struct place_arguments of;
	uint32_t patience_s;
};

static const struct argp_option options[] = {
	{"patience", OPTION_PATIENCE, "SECONDS", 0,
         "How long to wait until the node leads, 10 if not said", 0},
	{"json", 'j', NULL, 0,
         "Print who leads as a JSON object; what goes wrong is JSON on stderr", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	if (key != OPTION_PATIENCE)
		return place_parse(key, argument, state, &out->of,
		                   "give the folder of the node: DIR/GROUP/nodeN");
	out->patience_s = (uint32_t)ec_option_whole(state, "patience", argument, 1, PATIENCE_S_MAX);
	return 0;
}

/* Why the node at this place cannot be asked to lead; NULL: it can.  In: says: what it says. */
static const char *misfit(const struct ec_node_says *says)
{
	char text[256];
	struct ec_text names = ec_text_over(text, sizeof text);
	const struct ec_protocol *protocol = ec_daemon_protocol(says->protocol, &names);
	if (!says->era)
		return "the node does not answer: does it run?";
	if (!protocol || !protocol->hands_over)
		return "the group's protocol has no leader that hands over: raft and multipaxos "
		       "have; in others nobody leads, or the view says who does";
	return says->voter ? NULL : "the node has no vote in the era in force, so it cannot lead";
}

/* The node that leads in the highest view.  Returns: NULL when none says so. */
static const struct ec_network_node *leader_find(const struct place *place,
                                                 struct ec_node_says *says)
{
	const struct ec_network_group *group = &place->network->group[place->g];
	const struct ec_network_node *leader = NULL;
	for (uint32_t i = 0; i < group->nodes; i++) {
		struct ec_node_says of = ec_node_ask(&group->node[i]);
		if (!of.leads || (leader && of.view <= says->view))
			continue;
		leader = &group->node[i];
		*says = of;
	}
	return leader;
}

/* The wish, signed with the key of the one that leads.  Returns: false with a message. */
static bool wish_sign(const struct place *place, const struct ec_network_node *leader,
                      const struct ec_node_says *says, struct ec_door_request *wish)
{
	char path[FILE_PATH_MAX], why[512];
	uint8_t text[EC_DOOR_WISH_SIZE];
	struct ec_secret secret;
	if (!file_path(path, place->network->group[place->g].folder, "genesis"))
		return place_refuse(place, "the path is too long");
	struct ec_genesis *genesis = ec_cli_genesis_read(place->command, path);
	if (!genesis)
		return false;
	*wish = (struct ec_door_request){
		.kind = EC_DOOR_LEAD, .era = says->era, .view = says->view};
	memcpy(wish->key, place_node(place)->identity_key, sizeof wish->key);
	ec_door_wish(&genesis->hash, wish, text);
	ec_genesis_free(genesis);
	if (!file_path(path, leader->folder, "identity.key") ||
	    !ec_key_read(path, &secret, why, sizeof why))
		return place_refuse(place, why);
	ec_sign(&secret, text, sizeof text, wish->signature);
	ec_secret_erase(&secret);
	return true;
}

/* Tells it to the one that leads.  Returns: false with a message. */
static bool wish_tell(const struct place *place, const struct ec_network_node *leader,
                      const struct ec_door_request *wish)
{
	char why[512] = "the node that leads was lost";
	struct ec_node_addresses addresses;
	struct ec_door_answer answer;
	struct ec_client *client =
		ec_node_addresses_of(leader->folder, &addresses, why, sizeof why)
			? ec_client_open(addresses.address[0], ANSWER_MS, why, sizeof why)
			: NULL;
	bool came = client && ec_client_call(client, wish, ANSWER_MS, &answer);
	bool asked = came && answer.kind == EC_DOOR_TEXT;
	if (came && !asked)
		snprintf(why, sizeof why, "refused by the node that leads: %.*s",
		         (int)answer.text.size, (const char *)answer.text.data);
	ec_client_close(client);
	return asked || place_refuse(place, why);
}

static void tell(const struct place *place, const struct ec_node_says *says, uint64_t ms)
{
	struct ec_json json = {0};
	if (!place->json) {
		printf("%s leads, in view %llu of era %llu, after %llu ms\n",
		       place_node(place)->folder, (unsigned long long)says->view,
		       (unsigned long long)says->era, (unsigned long long)ms);
		return;
	}
	ec_json_open(&json, '{');
	ec_json_put_uint(&json, "era", says->era);
	ec_json_put_uint(&json, "member", says->member);
	ec_json_put_uint(&json, "view", says->view);
	ec_json_put_uint(&json, "ms", ms);
	ec_json_close(&json, '}');
	ec_cli_json_print(&json);
}

/* Asks again while it is not so: what was asked may have been lost with an era or a view. */
static bool lead(const struct place *place, const struct arguments *arguments)
{
	uint64_t begin = up_now(), end = begin + SECOND_NS * arguments->patience_s;
	uint64_t view = UINT64_MAX; /* in which it was asked for last */
	struct ec_node_says says = ec_node_ask(place_node(place));
	const char *why = misfit(&says);
	if (why)
		return place_refuse(place, why);
	for (; !says.leads && up_now() < end; says = ec_node_ask(place_node(place))) {
		struct ec_node_says of = {0};
		struct ec_door_request wish;
		const struct ec_network_node *leader = leader_find(place, &of);
		if (leader && leader != place_node(place) && of.view != view) {
			view = of.view;
			if (!wish_sign(place, leader, &of, &wish) ||
			    !wish_tell(place, leader, &wish))
				return false;
		}
		usleep(ASK_EVERY_US);
	}
	if (!says.leads)
		return place_refuse(place, "it does not lead yet: it may lack too much, or no "
		                           "quorum of the group runs; see --patience");
	tell(place, &says, (up_now() - begin) / MS_NS);
	return true;
}

int ec_cmd_node_lead(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"DIR/GROUP/nodeN",
		"Has the node that leads a running group of a local network hand over to this one, "
		"and waits until it leads: for a group whose protocol is raft or multipaxos.\v"
		"The group pauses for about a round trip. The wish is signed with the identity key "
		"of the node that leads: in a real network its owner gives it. A node that is "
		"stopped by SIGTERM or Ctrl-C hands over by itself. Exit code 0: it leads; 1: not "
		"(no such node, no answer, refused, too late); 2: a wrong command line.",
		NULL,
		NULL,
		NULL};
	static char name[] = "edgecord node lead";
	struct arguments arguments = {.patience_s = PATIENCE_S};
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	struct place place = {.command = name, .json = arguments.of.json};
	if (!place_find(&place, arguments.of.folder, true))
		return EC_EXIT_FAILED;
	bool good = lead(&place, &arguments);
	free(place.network);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}
