/* network_file.c - network.json: what a local network consists of, written and read back. */
#include "cli/network_file.h"

#include "base/text.h"
#include "node/file.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *node_json(const struct ec_network_node *node)
{
	char key[65];
	struct ec_text text = ec_text_over(key, sizeof key);
	ec_text_add_hex(&text, node->identity_key, sizeof node->identity_key);
	return json_pack("{s:s, s:i, s:i, s:i, s:s}", "folder", node->folder, "peer_port",
	                 node->peer_port, "door_port", node->door_port, "http_port",
	                 node->http_port, "identity_key", key);
}

static json_t *group_json(const struct ec_network_group *group)
{
	json_t *nodes = json_array();
	for (uint32_t i = 0; i < group->nodes; i++)
		json_array_append_new(nodes, node_json(&group->node[i]));
	return json_pack("{s:s, s:s, s:o}", "name", group->name, "folder", group->folder, "nodes",
	                 nodes);
}

bool ec_network_write(const struct ec_network *network, char *why, size_t why_size)
{
	json_t *groups = json_array();
	for (uint32_t i = 0; i < network->groups; i++)
		json_array_append_new(groups, group_json(&network->group[i]));
	json_t *whole = json_pack("{s:s, s:s, s:b, s:i, s:I, s:I, s:I, s:o}", "name", network->name,
	                          "protocol", network->protocol, "cloud", network->has_cloud,
	                          "homes", (int)network->homes, "rate", (json_int_t)network->rate,
	                          "start_ns", (json_int_t)network->start_ns, "origin_ns",
	                          (json_int_t)network->origin_ns, "groups", groups);
	char *text = whole ? json_dumps(whole, JSON_INDENT(2)) : NULL;
	json_decref(whole);
	char path[FILE_PATH_MAX];
	bool good = text && file_path(path, network->folder, "network.json") &&
	            file_replace(path, text, strlen(text), 0644);
	if (!good)
		snprintf(why, why_size, "cannot write %s/network.json: %s", network->folder,
		         strerror(errno));
	free(text);
	return good;
}

/* A port number, or 0 when it is none. */
static uint16_t port_of(json_t *node, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(node, name));
	return value > 0 && value <= UINT16_MAX ? (uint16_t)value : 0;
}

static bool copy_text(json_t *object, const char *name, char *out, size_t out_size)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text && (size_t)snprintf(out, out_size, "%s", text) < out_size;
}

static bool node_read(json_t *json, struct ec_network_node *node)
{
	char key[80];
	node->peer_port = port_of(json, "peer_port");
	node->door_port = port_of(json, "door_port");
	node->http_port = port_of(json, "http_port");
	return node->peer_port && node->door_port && node->http_port &&
	       copy_text(json, "folder", node->folder, sizeof node->folder) &&
	       copy_text(json, "identity_key", key, sizeof key) &&
	       ec_hex_read(key, node->identity_key, sizeof node->identity_key);
}

static bool group_read(json_t *json, struct ec_network_group *group)
{
	json_t *nodes = json_object_get(json, "nodes");
	group->nodes = (uint32_t)json_array_size(nodes);
	if (group->nodes == 0 || group->nodes > EC_NETWORK_NODES_MAX ||
	    !copy_text(json, "name", group->name, sizeof group->name) ||
	    !copy_text(json, "folder", group->folder, sizeof group->folder))
		return false;
	for (uint32_t i = 0; i < group->nodes; i++)
		if (!node_read(json_array_get(nodes, i), &group->node[i]))
			return false;
	return true;
}

static bool network_fill(json_t *json, struct ec_network *network)
{
	json_t *groups = json_object_get(json, "groups");
	network->groups = (uint32_t)json_array_size(groups);
	network->has_cloud = json_is_true(json_object_get(json, "cloud"));
	network->homes = (uint32_t)json_integer_value(json_object_get(json, "homes"));
	network->rate = (uint64_t)json_integer_value(json_object_get(json, "rate"));
	network->start_ns = (uint64_t)json_integer_value(json_object_get(json, "start_ns"));
	network->origin_ns = (uint64_t)json_integer_value(json_object_get(json, "origin_ns"));
	if (network->groups == 0 || network->groups > EC_NETWORK_GROUPS_MAX || !network->rate ||
	    !copy_text(json, "name", network->name, sizeof network->name) ||
	    !copy_text(json, "protocol", network->protocol, sizeof network->protocol))
		return false;
	for (uint32_t i = 0; i < network->groups; i++)
		if (!group_read(json_array_get(groups, i), &network->group[i]))
			return false;
	return true;
}

struct ec_network *ec_network_read(const char *folder, char *why, size_t why_size)
{
	char path[FILE_PATH_MAX], whole[PATH_MAX];
	json_error_t error;
	if (!realpath(folder, whole) || !file_path(path, whole, "network.json")) {
		snprintf(why, why_size, "%s: %s; `edgecord init --dir %s` makes a network there",
		         folder, strerror(errno), folder);
		return NULL;
	}
	json_t *json = json_load_file(path, 0, &error);
	struct ec_network *network = calloc(1, sizeof *network);
	if (!json)
		snprintf(why, why_size, "%s: line %d: %s; `edgecord init` makes one", path,
		         error.line < 0 ? 0 : error.line, error.text);
	else if (!network || !network_fill(json, network) ||
	         (size_t)snprintf(network->folder, sizeof network->folder, "%s", whole) >=
	                 sizeof network->folder)
		snprintf(why, why_size, "%s is not what `edgecord init` writes; make it anew",
		         path);
	else {
		json_decref(json);
		return network;
	}
	json_decref(json);
	free(network);
	return NULL;
}
