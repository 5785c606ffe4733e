/* node_told.c - what a person is told of a change of era. */
#include "cli/node_told.h"

#include "cli/client_options.h"

#include <stdio.h>

bool node_config_path(const struct place *place, char path[static FILE_PATH_MAX])
{
	return file_path(path, place_node(place)->folder, "node.yaml") ||
	       place_refuse(place, "the path is too long");
}

void node_object_end(const struct place *place, struct ec_json *json)
{
	char configuration[FILE_PATH_MAX];
	if (node_config_path(place, configuration))
		ec_json_put_text(json, "config", configuration);
	ec_json_close(json, '}');
	ec_cli_json_print(json);
	fflush(stdout);
}

bool seat_drop(const struct place *place, struct ec_roster_change *change, uint32_t node)
{
	const struct ec_network_group *group = &place->network->group[place->g];
	uint32_t seat = ec_membership_find(change->next, group->node[node].identity_key);
	if (seat >= change->next->n)
		return place_refuse(place, "the node that is to leave has no seat in the roster");
	if (change->next->n == 1)
		return place_refuse(place, "the last member of a group cannot leave");
	ec_roster_change_drop(change, seat);
	return true;
}

void era_print(const struct ec_roster_change *change, const char *with)
{
	printf("era %llu has begun with %s; commits paused for at most %.0f ms "
	       "(%llu notes meanwhile)\n",
	       (unsigned long long)change->next->era, with, (double)change->pause_ns / 1e6,
	       (unsigned long long)change->commits);
	fflush(stdout);
}

void era_put(struct ec_json *json, const struct ec_roster_change *change, const char *protocol)
{
	ec_json_open(json, '{');
	ec_json_put_uint(json, "era", change->next->era);
	ec_json_put_uint(json, "members", change->next->n);
	if (protocol)
		ec_json_put_text(json, "protocol", protocol);
	ec_json_key(json, "pause_ms");
	ec_json_real(json, (double)change->pause_ns / 1e6, 3);
	ec_json_put_uint(json, "notes", change->commits);
}

void node_told(const struct place *place, const struct ec_roster_change *change)
{
	char with[32];
	struct ec_json json = {0};
	snprintf(with, sizeof with, "%u members", change->next->n);
	if (!place->json) {
		era_print(change, with);
		return;
	}
	era_put(&json, change, NULL);
	node_object_end(place, &json);
}
