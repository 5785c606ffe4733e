/* cmd_node_join.c - `edgecord node join` and `edgecord node rejoin`: a new member, or one whose
 * data is gone, enters a running group of a local network by a change of era. */
#include "base/text.h"
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/network_file.h"
#include "cli/node_files.h"
#include "cli/node_place.h"
#include "cli/node_readmit.h"
#include "cli/node_told.h"
#include "cli/roster_change.h"
#include "cli/up.h"
#include "ledger/known.h"
#include "node/file.h"
#include "node/keys.h"
#include "node/run.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, ASK_EVERY_US = 50000, OPTION_NO_START = 256, OPTION_REPLACE };
#define NOBODY UINT32_MAX

struct arguments {
	struct place_arguments of;
	const char *instead; /* the folder of a node that leaves; NULL: none */
	bool no_start;
};

static const struct argp_option join_options[] = {
	{"no-start", OPTION_NO_START, NULL, 0, "Do all but run the node", 0},
	{"replace", OPTION_REPLACE, "DIR/GROUP/nodeN", 0,
         "A node that leaves for the one that joins", 0},
	{"json", 'j', NULL, 0,
         "Print the new era, the pause of commits and the configuration as one JSON object; what "
         "goes wrong, and what the node says, is JSON on stderr, a line each",
         0},
	{0},
};

/* All of them but --replace. */
static const struct argp_option rejoin_options[] = {
	{"no-start", OPTION_NO_START, NULL, 0, "Do all but run the node", 0},
	{"json", 'j', NULL, 0, "As of `node join`", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case OPTION_NO_START:
		out->no_start = true;
		return 0;
	case OPTION_REPLACE:
		out->instead = argument;
		return 0;
	default:
		return place_parse(
			key, argument, state, &out->of,
			"give the folder: of the group to join, or of the node that comes back");
	}
}

/* A new key in the folder of the node at this place.  Returns: false with a message. */
static bool key_make(const struct place *place, const char *name, struct ec_secret *secret)
{
	char path[FILE_PATH_MAX], why[512];
	ec_secret_random(secret);
	if (!file_path(path, place_node(place)->folder, name))
		return place_refuse(place, "the path is too long");
	return ec_key_write(path, secret, why, sizeof why) || place_refuse(place, why);
}

/* Folder, keys and configuration of one more node, which is the place from then on; network.json is
 * written last. */
static bool node_add(struct place *place, struct ec_seat *seat)
{
	char why[512];
	struct ec_network_group *group = &place->network->group[place->g];
	struct ec_network_node *node = &group->node[group->nodes];
	struct ec_secret identity, era;
	if (group->nodes == EC_NETWORK_NODES_MAX)
		return place_refuse(place,
		                    "the group has as many nodes as a local network may have");
	place->i = group->nodes;
	uint16_t port = ec_network_ports_find(3);
	*node = (struct ec_network_node){.peer_port = port,
	                                 .door_port = (uint16_t)(port + 1),
	                                 .http_port = (uint16_t)(port + 2)};
	uint32_t number = group->nodes;
	struct ec_text path;
	do { /* the folders of those who left are still there */
		path = ec_text_over(node->folder, sizeof node->folder);
		ec_text_add(&path, "%s/node%u", group->folder, ++number);
	} while (!path.cut && access(node->folder, F_OK) == 0);
	if (!port || path.cut || !file_make_folder(node->folder, 0700))
		return place_refuse(place, "cannot make the node's folder, or no ports are free");
	if (!key_make(place, "identity.key", &identity) || !key_make(place, "era.key", &era))
		return false;
	memcpy(node->identity_key, identity.key, EC_KEY_SIZE);
	*seat = (struct ec_seat){.weight = 1, .roles = EC_VOTER | EC_LEADER};
	memcpy(seat->identity_key, identity.key, EC_KEY_SIZE);
	memcpy(seat->era_key, era.key, EC_KEY_SIZE);
	snprintf(seat->owner, sizeof seat->owner, "owner%u", number);
	snprintf(seat->site, sizeof seat->site, "%.40s-site%u", group->name, number);
	ec_secret_erase(&identity);
	ec_secret_erase(&era);
	group->nodes++;
	return (ec_node_files_write(place->network, place->g, place->i, why, sizeof why) &&
	        ec_network_write(place->network, why, sizeof why)) ||
	       place_refuse(place, why);
}

/* Becomes the node.  In: option: one more for it; NULL: none. */
static int start(const struct place *place, const char *option, const struct arguments *arguments)
{
	char configuration[FILE_PATH_MAX], name[] = "edgecord node", with[] = "--config";
	char more[16] = "", json[] = "--json";
	if (!node_config_path(place, configuration))
		return EC_EXIT_FAILED;
	if (!arguments->of.json)
		printf("start it with: %s node --config %s\n", program_invocation_name,
		       configuration);
	fflush(stdout);
	char *argv[6] = {name, with, configuration};
	int count = 3;
	if (arguments->no_start)
		return EC_EXIT_OK;
	if (option) {
		snprintf(more, sizeof more, "%s", option);
		argv[count++] = more;
	}
	if (arguments->of.json)
		argv[count++] = json;
	return ec_cmd_node(count, argv);
}

static struct ec_node_config *config_of(const struct place *place)
{
	char path[FILE_PATH_MAX], why[512];
	if (!node_config_path(place, path))
		return NULL;
	struct ec_node_config *config = ec_node_config_read(path, NULL, why, sizeof why);
	if (!config)
		place_refuse(place, why);
	return config;
}

/* Data aside, a fresh era key in place of the old one. */
static bool node_renew(const struct place *place, uint8_t key[static EC_KEY_SIZE])
{
	char why[512];
	struct ec_node_config *config = config_of(place);
	bool good =
		config && (ec_node_renew(config, key, why, sizeof why) || place_refuse(place, why));
	free(config);
	return good;
}

/* The public half of the era key that a node has. */
static bool era_key_of(const struct place *place, uint8_t key[static EC_KEY_SIZE])
{
	char why[512];
	struct ec_secret secret = {0};
	struct ec_node_config *config = config_of(place);
	bool good = config && (ec_key_read(config->era_key, &secret, why, sizeof why) ||
	                       place_refuse(place, why));
	if (good)
		memcpy(key, secret.key, EC_KEY_SIZE);
	ec_secret_erase(&secret);
	free(config);
	return good;
}

/* Waits as long as the node answers.  Returns: false, after saying so, when it does not. */
static bool state_await(const struct place *place)
{
	struct ec_node_says said = {0};
	for (uint64_t heard = up_now(); !said.ready; usleep(ASK_EVERY_US)) {
		said = ec_node_ask(place_node(place));
		if (said.era)
			heard = up_now();
		else if (up_now() - heard > (uint64_t)PATIENCE_MS * 1000000)
			return place_refuse(
				place, "the node does not answer, so its era key is not voted on: "
				       "start it, then `edgecord node rejoin` has it voted on");
	}
	return true;
}

/* Has the group vote the era key of a node into its seat, which gets a vote if it has none, and
 * another node out of its.  In: leaves: the number of that; NOBODY: none.  Returns: false with a
 * message. */
static bool key_vote(struct place *place, uint32_t leaves)
{
	char why[512];
	struct ec_roster_change change;
	const struct ec_network_group *group = &place->network->group[place->g];
	bool good =
		ec_roster_change_begin(&change, group, PATIENCE_MS, place->i, why, sizeof why) ||
		place_refuse(place, why);
	uint32_t seat = good ? ec_membership_find(change.now, place_node(place)->identity_key) : 0;
	if (good && seat >= change.now->n)
		good = place_refuse(place, "the roster in force has no seat for this node; use "
		                           "`node join`");
	if (good) {
		ec_roster_change_plan(&change, 0);
		struct ec_seat *its = &change.next->seat[seat];
		good = era_key_of(place, its->era_key);
		its->roles = its->roles ? its->roles : EC_VOTER | EC_LEADER;
	}
	good = good && (leaves == NOBODY || seat_drop(place, &change, leaves)) &&
	       ((ec_roster_change_keys_again(&change, why, sizeof why) &&
	         ec_roster_change_vote(&change, why, sizeof why)) ||
	        place_refuse(place, why)) &&
	       (leaves == NOBODY || place_forget(place, leaves));
	if (good)
		node_told(place, &change);
	ec_roster_change_end(&change);
	return good;
}

/* A learner becomes a voter: once it has the state, not before. */
static bool readmit(struct place *place, uint32_t leaves)
{
	struct ec_json json = {0};
	if (!state_await(place))
		return false;
	if (!ec_node_ask(place_node(place)).voter)
		return key_vote(place, leaves);
	if (!place->json) {
		printf("it votes already\n");
		return true;
	}
	ec_json_open(&json, '{');
	ec_json_put_bool(&json, "votes_already", true);
	node_object_end(place, &json);
	return true;
}

/* All of a return but running the node. */
static int renew_only(const struct place *place, const struct arguments *arguments)
{
	struct ec_json json = {0};
	uint8_t key[EC_KEY_SIZE];
	if (!node_renew(place, key))
		return EC_EXIT_FAILED;
	if (!place->json) {
		printf("it has a new era key; when it runs, `edgecord node rejoin %s` has the key "
		       "voted on\n",
		       place_node(place)->folder);
		return start(place, NULL, arguments);
	}
	ec_json_open(&json, '{');
	ec_json_key(&json, "era_key");
	ec_json_hex(&json, key, sizeof key);
	node_object_end(place, &json);
	return EC_EXIT_OK;
}

static int rejoin(struct place *place, const struct arguments *arguments)
{
	struct ec_node_says said = ec_node_ask(place_node(place));
	if (said.voter) {
		place_refuse(place,
		             "this node runs and votes: if its data is to go, stop it first");
		return EC_EXIT_FAILED;
	}
	if (said.era)
		return readmit(place, NOBODY) ? EC_EXIT_OK : EC_EXIT_FAILED;
	return arguments->no_start ? renew_only(place, arguments)
	                           : start(place, "--rejoin", arguments);
}

bool ec_node_is_local(const char *config)
{
	char path[PATH_MAX];
	if (!realpath(config, path))
		return false;
	path_above(path, 3); /* DIR/GROUP/nodeN/node.yaml */
	size_t size = strlen(path);
	snprintf(path + size, sizeof path - size, "/network.json");
	return access(path, R_OK) == 0;
}

/* In a process of its own: never returns. */
static void readmit_and_exit(struct place *place, uint32_t leaves, pid_t node)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != node)
		_exit(EC_EXIT_FAILED);
	ec_keys_guard();
	bool good = readmit(place, leaves);
	if (!good)
		place_refuse(
			place,
			"it stays a learner; `edgecord node rejoin` has its key voted on again");
	fflush(NULL);
	_exit(good ? EC_EXIT_OK : EC_EXIT_FAILED);
}

static bool readmit_later(struct place *place, uint32_t leaves)
{
	pid_t node = getpid();
	fflush(NULL);
	signal(SIGCHLD, SIG_IGN); /* nobody waits for it */
	pid_t pid = fork();
	if (pid == 0)
		readmit_and_exit(place, leaves, node);
	return pid > 0 || place_refuse(place, strerror(errno));
}

bool ec_node_readmit_later(const char *config, bool json)
{
	char folder[PATH_MAX];
	struct place place = {.command = "edgecord node", .json = json};
	if (!realpath(config, folder))
		return place_refuse(&place, strerror(errno));
	path_above(folder, 1);
	if (!place_find(&place, folder, true))
		return false;
	bool good = readmit_later(&place, NOBODY);
	free(place.network);
	return good;
}

/* The node of the group with this folder.  Returns: false with a message. */
static bool leaver_find(const struct place *place, const char *folder, uint32_t *leaves)
{
	char whole[PATH_MAX];
	const struct ec_network_group *group = &place->network->group[place->g];
	for (*leaves = 0; realpath(folder, whole) && *leaves < group->nodes; ++*leaves)
		if (strcmp(group->node[*leaves].folder, whole) == 0)
			return true;
	return place_refuse(place, "--replace: expected the folder of a node of this group, as "
	                           "DIR/cell1/node2");
}

/* A seat for a new node, which is the place from then on.  Where the protocol stands crashes only
 * it has no roles: there no empty disk has a vote in an era that it did not see begin. */
static bool seat_vote(struct place *place, struct ec_roster_change *change, uint32_t leaves,
                      bool later)
{
	char why[512];
	struct ec_seat seat;
	ec_roster_change_plan(change, 1);
	if (!node_add(place, &seat))
		return false;
	if (later)
		seat.roles = 0;
	change->next->seat[change->next->n - 1] = seat;
	return (later || leaves == NOBODY || seat_drop(place, change, leaves)) &&
	       ((ec_roster_change_keys_again(change, why, sizeof why) &&
	         ec_roster_change_vote(change, why, sizeof why)) ||
	        place_refuse(place, why)) &&
	       (later || leaves == NOBODY || place_forget(place, leaves));
}

static int join(struct place *place, const struct arguments *arguments)
{
	char why[512];
	struct ec_roster_change change = {0};
	struct ec_network_group *group = &place->network->group[place->g];
	uint32_t leaves = NOBODY;
	bool good =
		(!arguments->instead || leaver_find(place, arguments->instead, &leaves)) &&
		(ec_roster_change_begin(&change, group, PATIENCE_MS, UINT32_MAX, why, sizeof why) ||
	         place_refuse(place, why));
	bool later = good && ec_faults_crash_only(change.now->protocol);
	good = good && seat_vote(place, &change, leaves, later);
	if (good && (!later || arguments->no_start))
		node_told(place, &change);
	ec_roster_change_end(&change);
	if (good && later && !arguments->no_start)
		good = readmit_later(place, leaves);
	else if (good && later && !place->json)
		printf("it has no vote yet: when it runs, `edgecord node rejoin %s` has it "
		       "vote%s\n",
		       place_node(place)->folder,
		       leaves == NOBODY ? "" : ", then `edgecord node retire` ends the other");
	return good ? start(place, NULL, arguments) : EC_EXIT_FAILED;
}

/* What both commands do with their command line. */
static int command(int argc, char **argv, const struct argp *argp, bool of_node)
{
	static char name[2][24] = {"edgecord node join", "edgecord node rejoin"};
	struct arguments arguments = {0};
	argv[0] = name[of_node];
	argp_parse(argp, argc, argv, 0, NULL, &arguments);
	struct place place = {.command = name[of_node], .json = arguments.of.json};
	if (!place_find(&place, arguments.of.folder, of_node))
		return EC_EXIT_FAILED;
	int code = of_node ? rejoin(&place, &arguments) : join(&place, &arguments);
	free(place.network);
	return code;
}

int ec_cmd_node_join(int argc, char **argv)
{
	static const struct argp argp = {
		join_options,
		parse,
		"DIR/GROUP",
		"Adds a node to a running group of a local network and runs it: makes its "
		"folder, has the members vote for a roster with one more seat, and says how long "
		"commits paused.\vWhere the protocol stands crashes only it first has a seat "
		"without a vote, and votes from the era after, once it has the state.",
		NULL,
		NULL,
		NULL};
	return command(argc, argv, &argp, false);
}

int ec_cmd_node_rejoin(int argc, char **argv)
{
	static const struct argp argp = {
		rejoin_options,
		parse,
		"DIR/GROUP/nodeN",
		"Brings back a node whose data is lost or diverged: sets its data aside, makes a "
		"new era key, and runs the node as a learner, which fetches the state from the "
		"others; then the members vote for a roster with the new key, and it votes from "
		"the next era.  A node that runs as a learner is left running: only its key is "
		"voted on.",
		NULL,
		NULL,
		NULL};
	return command(argc, argv, &argp, true);
}
