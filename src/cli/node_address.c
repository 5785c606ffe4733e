/* node_address.c - which nodes a person means by a folder of a local network. */
#include "cli/node_address.h"

#include "cli/make_network.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void add(const struct ec_network_node *node, struct ec_node_addresses *out)
{
	snprintf(out->address[out->count++], EC_NODE_ADDRESS_SIZE, "127.0.0.1:%u", node->door_port);
}

/* Those of a network whose folder, or whose group's, is this one. */
static void pick(const struct ec_network *network, const char *whole, struct ec_node_addresses *out)
{
	for (uint32_t g = 0; g < network->groups; g++) {
		const struct ec_network_group *group = &network->group[g];
		bool all = strcmp(group->folder, whole) == 0;
		for (uint32_t i = 0; i < group->nodes; i++)
			if (all || strcmp(group->node[i].folder, whole) == 0)
				add(&group->node[i], out);
	}
}

bool ec_node_addresses_of(const char *path, struct ec_node_addresses *out, char *why,
                          size_t why_size)
{
	struct stat is;
	char whole[PATH_MAX], above[PATH_MAX];
	*out = (struct ec_node_addresses){0};
	why[0] = 0;
	if (stat(path, &is) != 0 || !S_ISDIR(is.st_mode) || !realpath(path, whole)) {
		if (strchr(path, '/'))
			snprintf(why, why_size, "there is no folder %.300s", path);
		return false;
	}
	/* A group stands in the network's folder, a node in a group's. */
	memcpy(above, whole, sizeof above);
	for (int up = 0; up < 2 && out->count == 0; up++) {
		char *slash = strrchr(above, '/');
		if (!slash || slash == above)
			break;
		*slash = 0;
		struct ec_network *network = ec_network_read(above, why, why_size);
		if (network)
			pick(network, whole, out);
		free(network);
	}
	if (out->count > 0)
		return true;
	snprintf(why, why_size,
	         "%.300s is no group or node of a network: expected DIR/GROUP or DIR/GROUP/nodeN "
	         "of a DIR made by `edgecord init` or `edgecord up`",
	         path);
	return false;
}
