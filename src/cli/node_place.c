/* node_place.c - a group of a local network, or a node of it, found by its folder. */
#include "cli/node_place.h"

#include "base/text.h"
#include "cli/client_options.h"
#include "cli/network_file.h"
#include "node/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

error_t place_parse(int key, char *argument, struct argp_state *state, struct place_arguments *out,
                    const char *missing)
{
	switch (key) {
	case 'j':
		out->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (out->folder)
			argp_error(state, "one folder only, not also '%s'", argument);
		out->folder = argument;
		return 0;
	case ARGP_KEY_END:
		if (!out->folder)
			argp_error(state, "%s", missing);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A sentence, which may have a gateway's words in it. */
static void say_plain(const char *command, const char *why)
{
	fprintf(stderr, "%s: ", command);
	ec_cli_print_plain(stderr,
	                   (struct ec_bytes){.data = (const uint8_t *)why, .size = strlen(why)});
	fputc('\n', stderr);
}

bool place_refuse(const struct place *place, const char *why)
{
	const struct ec_journal journal = {.fd = STDERR_FILENO, .json = true};
	if (place->json)
		ec_journal_say(&journal, EC_ERROR, "refused", EC_TEXT("text", why));
	else
		say_plain(place->command, why);
	return false;
}

const struct ec_network_node *place_node(const struct place *place)
{
	return &place->network->group[place->g].node[place->i];
}

void path_above(char path[static PATH_MAX], int depth)
{
	for (int k = 0; k < depth; k++) {
		char *slash = strrchr(path, '/');
		if (slash && slash != path)
			*slash = 0;
	}
}

bool place_find(struct place *place, const char *folder, bool of_node)
{
	char why[512], whole[PATH_MAX], above[PATH_MAX], file[PATH_MAX + 16];
	const char *expected = of_node ? "expected the folder of a node of a local network, as "
	                                 "DIR/cell1/node2 with a DIR that `edgecord init` made"
	                               : "expected the folder of a group of a local network, as "
	                                 "DIR/cell1 with a DIR that `edgecord init` made";
	if (!realpath(folder, whole)) {
		snprintf(why, sizeof why, "%.300s: %s", folder, strerror(errno));
		return place_refuse(place, why);
	}
	memcpy(above, whole, PATH_MAX);
	path_above(above, of_node ? 2 : 1);
	snprintf(file, sizeof file, "%s/network.json", above);
	if (access(file, F_OK) != 0)
		return place_refuse(place, expected);
	struct ec_network *network = place->network = ec_network_read(above, why, sizeof why);
	if (!network)
		return place_refuse(place, why);
	for (place->g = 0; place->g < network->groups; place->g++) {
		const struct ec_network_group *group = &network->group[place->g];
		for (place->i = 0; place->i < (of_node ? group->nodes : 1); place->i++)
			if (strcmp(of_node ? group->node[place->i].folder : group->folder, whole) ==
			    0)
				return true;
	}
	free(network);
	return place_refuse(place, expected);
}

bool place_forget(struct place *place, uint32_t node)
{
	char why[512];
	struct ec_network_group *group = &place->network->group[place->g];
	if (group->nodes < 2)
		return place_refuse(place, "the last node of a group cannot leave");
	group->nodes--;
	memmove(&group->node[node], &group->node[node + 1],
	        (group->nodes - node) * sizeof group->node[0]);
	if (place->i > node)
		place->i--;
	return ec_network_write(place->network, why, sizeof why) || place_refuse(place, why);
}
