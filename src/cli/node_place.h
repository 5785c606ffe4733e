/* node_place.h - a group of a local network, or a node of it, found by its folder. */
#ifndef EC_CLI_NODE_PLACE_H
#define EC_CLI_NODE_PLACE_H

#include "cli/make_network.h"

#include <argp.h>
#include <limits.h>

struct place {
	struct ec_network *network; /* from malloc, the caller's to free */
	uint32_t g, i;
	const char *command; /* which speaks, as "edgecord node switch" */
	bool json;           /* how a person is told */
};

/* What the command line of every command of `node` has: one folder, and --json. */
struct place_arguments {
	const char *folder;
	bool json;
};

/* A parser of argp for these.  In: missing: what to say where no folder is given.  Returns:
 * ARGP_ERR_UNKNOWN: it is something else. */
error_t place_parse(int key, char *argument, struct argp_state *state, struct place_arguments *out,
                    const char *missing);

/* Finds the network around the folder of a group, or of a node of one.  In: place->command,
 * place->json.  Returns: false with a message on stderr; nothing is to be freed then. */
bool place_find(struct place *place, const char *folder, bool of_node);

/* The node at a place. */
const struct ec_network_node *place_node(const struct place *place);

/* On stderr: a sentence, or a line as those of a node's journal.  Returns: false. */
bool place_refuse(const struct place *place, const char *why);

/* A node of the group at this place left: network.json forgets it, its folder stays.  In: node: its
 * number; not the only one.  Returns: false with a message. */
bool place_forget(struct place *place, uint32_t node);

/* Takes the last `depth` names off a path. */
void path_above(char path[static PATH_MAX], int depth);

#endif
