/* up_keys.c - the keys of a network that began without: each group has its members make them, and
 * goes over to an era of the same protocol with them. */
#include "cli/roster_change.h"
#include "cli/up.h"

#include "node/daemon.h"

#include <stdio.h>

enum { PATIENCE_MS = 60000 };

/* Whether a group still is in the era of its genesis, without keys.  One that went on is left as it
 * is: somebody may have chosen that. */
static bool lacks_keys(const struct ec_network_group *group)
{
	struct ec_node_says says = ec_node_ask(&group->node[0]);
	return says.era == 1 && !says.keyed;
}

bool up_make_keys(struct up *up)
{
	char why[400], room[200];
	struct ec_text names = ec_text_over(room, sizeof room);
	FILE *out = up->options.json ? stderr : stdout;
	const struct ec_protocol *protocol = ec_daemon_protocol(up->network->protocol, &names);
	if (!protocol || !protocol->sealed)
		return true;
	for (uint32_t g = 0; g < up->network->groups; g++) {
		const struct ec_network_group *group = &up->network->group[g];
		uint64_t begin = up_now();
		if (!lacks_keys(group))
			continue;
		if (!ec_roster_change_to_keys(group, PATIENCE_MS, why, sizeof why)) {
			snprintf(up->why, sizeof up->why, "%s: %s", group->name, why);
			return false;
		}
		fprintf(out, "keys      %s: %u members made their keys, era 2 has begun; %.1f s\n",
		        group->name, group->nodes, (double)(up_now() - begin) / 1e9);
		fflush(out);
	}
	return true;
}
