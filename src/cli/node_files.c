/* node_files.c - the configuration file of one node of a local network. */
#include "cli/node_files.h"

#include "base/text.h"
#include "node/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CONFIGURATION_MAX = 8192 };

static void add_peers(const struct ec_network_group *group, uint32_t self, struct ec_text *text)
{
	ec_text_add(text, group->nodes > 1 ? "peers:\n" : "peers: []\n");
	for (uint32_t i = 0; i < group->nodes; i++) {
		if (i == self)
			continue;
		ec_text_add(text, "  - {key: ");
		ec_text_add_hex(text, group->node[i].identity_key, 32);
		ec_text_add(text, ", address: 127.0.0.1:%u}\n", group->node[i].peer_port);
	}
}

/* Where a cell's node anchors: the doors of the cloud. */
static void add_cloud(const struct ec_network *network, struct ec_text *text)
{
	const struct ec_network_group *cloud = &network->group[network->groups - 1];
	ec_text_add(text, "cloud: [");
	for (uint32_t i = 0; i < cloud->nodes; i++)
		ec_text_add(text, "%s127.0.0.1:%u", i ? ", " : "", cloud->node[i].door_port);
	ec_text_add(text, "]\ncloud_genesis: ../../%s/genesis\n", cloud->name);
}

bool ec_node_files_write(const struct ec_network *network, uint32_t g, uint32_t i, char *why,
                         size_t why_size)
{
	const struct ec_network_group *group = &network->group[g];
	const struct ec_network_node *node = &group->node[i];
	char at[CONFIGURATION_MAX], path[FILE_PATH_MAX];
	struct ec_text text = ec_text_over(at, sizeof at);
	ec_text_add(&text, "# Node %u of %s in network %s.\n", i + 1, group->name, network->name);
	ec_text_add(&text, "data: data\ngenesis: ../genesis\nidentity: identity.key\n"
	                   "era_key: era.key\n");
	ec_text_add(&text, "listen: 127.0.0.1:%u\n", node->peer_port);
	ec_text_add(&text, "doors: {binary: 127.0.0.1:%u, http: 127.0.0.1:%u}\n", node->door_port,
	            node->http_port);
	add_peers(group, i, &text);
	if (network->has_cloud && g + 1 < network->groups)
		add_cloud(network, &text);
	if (!text.cut && file_path(path, node->folder, "node.yaml") &&
	    file_replace(path, text.at, text.size, 0644))
		return true;
	snprintf(why, why_size, "cannot write %s/node.yaml: %s", node->folder, strerror(errno));
	return false;
}
