/* cmd_node_seat.c - `edgecord node retire` and `edgecord node rotate`: a member of a running group
 * of a local network leaves it, or changes its era key, by a change of era. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/evidence_file.h"
#include "cli/node_told.h"
#include "cli/up.h"
#include "node/keys.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, HEARD_MS = 10000, ASK_EVERY_US = 50000 };

static const char json_text[] =
	"Print the new era, the pause of commits and the configuration as one JSON object; what "
	"goes wrong is JSON on stderr";

static const struct argp_option options[] = {{"json", 'j', NULL, 0, json_text, 0}, {0}};

static const struct argp_option retire_options[] = {
	{"json", 'j', NULL, 0, json_text, 0},
	{"evidence", 'e', "FILE", 0,
         "Judge this first by the group's genesis, and go on only if it proves that the node broke "
         "the protocol (`edgecord receipt --evidence`)",
         0},
	{"through", 'T', "PROOF", 0,
         "The evidence is of a later era than the first: a proof of the group whose era links lead "
         "to the roster of that era",
         0},
	{0},
};

/* What the command line says. */
struct arguments {
	struct place_arguments place;
	const char *evidence, *through; /* of `retire` */
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	return place_parse(key, argument, state, &out->place,
	                   "give the folder of the node: DIR/GROUP/nodeN");
}

static error_t retire_parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *out = state->input;
	switch (key) {
	case 'e':
		out->evidence = argument;
		return 0;
	case 'T':
		out->through = argument;
		return 0;
	case ARGP_KEY_END:
		if (out->through && !out->evidence)
			argp_error(state, "--through leads to the roster of --evidence");
		return parse(key, argument, state);
	default:
		return parse(key, argument, state);
	}
}

/* The era after, planned by `plan`, voted for and told of. */
static bool change(struct place *place,
                   bool (*plan)(struct place *place, struct ec_roster_change *change, void *self),
                   void *self)
{
	char why[512];
	struct ec_roster_change change;
	const struct ec_network_group *group = &place->network->group[place->g];
	bool good =
		ec_roster_change_begin(&change, group, PATIENCE_MS, place->i, why, sizeof why) ||
		place_refuse(place, why);
	if (good)
		ec_roster_change_plan(&change, 0);
	good = good && plan(place, &change, self) &&
	       ((ec_roster_change_keys_again(&change, why, sizeof why) &&
	         ec_roster_change_vote(&change, why, sizeof why)) ||
	        place_refuse(place, why));
	if (good)
		node_told(place, &change);
	ec_roster_change_end(&change);
	return good;
}

static bool without(struct place *place, struct ec_roster_change *change, void *self)
{
	(void)self;
	return seat_drop(place, change, place->i);
}

/* Whether the evidence is against the node at this place. */
static bool is_against(const struct place *place, const struct ec_evidence_report *report)
{
	char why[640];
	if (!ec_evidence_holds(report)) {
		snprintf(why, sizeof why, "the evidence proves nothing: %s", report->why);
		return place_refuse(place, why);
	}
	if (memcmp(report->seat.identity_key, place_node(place)->identity_key, EC_KEY_SIZE) == 0)
		return true;
	snprintf(why, sizeof why, "the evidence is against another member, %s", report->seat.owner);
	return place_refuse(place, why);
}

/* Whether the node is proven to have broken the protocol. */
static bool proven(const struct place *place, const struct arguments *arguments)
{
	char path[FILE_PATH_MAX];
	struct ec_evidence_report report;
	size_t size;
	uint8_t *bytes =
		ec_cli_file_read(place->command, arguments->evidence, EC_EVIDENCE_SIZE_MAX, &size);
	struct ec_genesis *genesis =
		file_path(path, place->network->group[place->g].folder, "genesis")
			? ec_cli_genesis_read(place->command, path)
			: NULL;
	bool good = bytes && genesis &&
	            ec_evidence_file_judge(place->command, genesis, NULL,
	                                   (struct ec_bytes){.data = bytes, .size = size},
	                                   arguments->through, &report) &&
	            is_against(place, &report);
	ec_genesis_free(genesis);
	free(bytes);
	return good;
}

static bool retire(struct place *place, const struct arguments *arguments)
{
	char folder[sizeof place_node(place)->folder];
	memcpy(folder, place_node(place)->folder, sizeof folder);
	if (arguments->evidence && !proven(place, arguments))
		return false;
	if (!change(place, without, NULL) || !place_forget(place, place->i))
		return false;
	if (!place->json)
		printf("its process may be stopped; %s stays as it is\n", folder);
	return true;
}

/* In: self: the new key. */
static bool with_key(struct place *place, struct ec_roster_change *change, void *self)
{
	uint32_t seat = ec_membership_find(change->next, place_node(place)->identity_key);
	if (seat >= change->next->n)
		return place_refuse(place, "the roster in force has no seat for this node");
	memcpy(change->next->seat[seat].era_key, self, EC_KEY_SIZE);
	return true;
}

/* A key in the file for the one to come, or the one that an earlier try left there. */
static bool next_key(const struct place *place, uint8_t key[static EC_KEY_SIZE])
{
	char path[FILE_PATH_MAX], why[512];
	struct ec_secret secret = {0};
	if (!file_path(path, place_node(place)->folder, "next.key"))
		return place_refuse(place, "the path is too long");
	bool there = access(path, F_OK) == 0;
	if (!there)
		ec_secret_random(&secret);
	bool good = (there ? ec_key_read(path, &secret, why, sizeof why)
	                   : ec_key_write(path, &secret, why, sizeof why)) ||
	            place_refuse(place, why);
	memcpy(key, secret.key, EC_KEY_SIZE);
	ec_secret_erase(&secret);
	return good;
}

/* Waits until the node has the key at hand. */
static bool heard_of(const struct place *place, const uint8_t key[static EC_KEY_SIZE])
{
	for (uint64_t begin = up_now(); up_now() - begin < (uint64_t)HEARD_MS * 1000000;
	     usleep(ASK_EVERY_US)) {
		struct ec_node_says said = ec_node_ask(place_node(place));
		if (said.next_waits && memcmp(said.next_key, key, EC_KEY_SIZE) == 0)
			return true;
	}
	return place_refuse(place, "the node did not take its next.key: is it the key of the era "
	                           "in force, whose predecessor is not destroyed yet? (30 s)");
}

static bool rotate(struct place *place, const struct arguments *arguments)
{
	uint8_t key[EC_KEY_SIZE];
	struct ec_node_says said = ec_node_ask(place_node(place));
	(void)arguments;
	if (!said.era)
		return place_refuse(place, "the node does not answer: start it first");
	if (!said.voter)
		return place_refuse(place, "the node has no vote, so no key of its own counts: see "
		                           "`edgecord node rejoin`");
	return next_key(place, key) && heard_of(place, key) && change(place, with_key, key);
}

static int command(int argc, char **argv, const struct argp *argp, char *name,
                   bool (*act)(struct place *place, const struct arguments *arguments))
{
	struct arguments arguments = {0};
	argv[0] = name;
	argp_parse(argp, argc, argv, 0, NULL, &arguments);
	struct place place = {.command = name, .json = arguments.place.json};
	if (!place_find(&place, arguments.place.folder, true))
		return EC_EXIT_FAILED;
	bool good = act(&place, &arguments);
	free(place.network);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}

int ec_cmd_node_retire(int argc, char **argv)
{
	static const struct argp argp = {
		retire_options,
		retire_parse,
		"DIR/GROUP/nodeN",
		"Ends the membership of a node, which may run or be gone: the members of the "
		"group vote for a roster without its seat.  `edgecord node join --replace` does "
		"this and adds another.",
		NULL,
		NULL,
		NULL};
	static char name[] = "edgecord node retire";
	return command(argc, argv, &argp, name, retire);
}

int ec_cmd_node_rotate(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"DIR/GROUP/nodeN",
		"Gives a running node another era key: makes one beside that in force, and has "
		"the members vote for a roster that names it.  The old key is destroyed when "
		"its reign is over (30 s).",
		NULL,
		NULL,
		NULL};
	static char name[] = "edgecord node rotate";
	return command(argc, argv, &argp, name, rotate);
}
