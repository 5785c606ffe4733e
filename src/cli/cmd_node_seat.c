/* cmd_node_seat.c - `edgecord node retire` and `edgecord node rotate`: a member of a running group
 * of a local network leaves it, or changes its era key, by a change of era. */
#include "cli/client_options.h"
#include "cli/commands.h"
#include "cli/node_told.h"
#include "cli/up.h"
#include "node/keys.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, HEARD_MS = 10000, ASK_EVERY_US = 50000 };

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0,
         "Print the new era, the pause of commits and the configuration as one JSON object; what "
         "goes wrong is JSON on stderr",
         0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	return place_parse(key, argument, state, state->input,
	                   "give the folder of the node: DIR/GROUP/nodeN");
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

static bool retire(struct place *place)
{
	char folder[sizeof place_node(place)->folder];
	memcpy(folder, place_node(place)->folder, sizeof folder);
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

static bool rotate(struct place *place)
{
	uint8_t key[EC_KEY_SIZE];
	struct ec_node_says said = ec_node_ask(place_node(place));
	if (!said.era)
		return place_refuse(place, "the node does not answer: start it first");
	if (!said.voter)
		return place_refuse(place, "the node has no vote, so no key of its own counts: see "
		                           "`edgecord node rejoin`");
	return next_key(place, key) && heard_of(place, key) && change(place, with_key, key);
}

static int command(int argc, char **argv, const struct argp *argp, char *name,
                   bool (*act)(struct place *place))
{
	struct place_arguments arguments = {0};
	argv[0] = name;
	argp_parse(argp, argc, argv, 0, NULL, &arguments);
	struct place place = {.command = name, .json = arguments.json};
	if (!place_find(&place, arguments.folder, true))
		return EC_EXIT_FAILED;
	bool good = act(&place);
	free(place.network);
	return good ? EC_EXIT_OK : EC_EXIT_FAILED;
}

int ec_cmd_node_retire(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
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
