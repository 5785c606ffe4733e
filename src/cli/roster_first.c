/* roster_first.c - who leads the next era from its beginning, where its protocol lets a roster say
 * so: whoever leads now.  So a change of era needs no election, and no newcomer leads it. */
#include "cli/protocol_option.h"
#include "cli/roster_change.h"

#include "node/daemon.h"

#include <string.h>

/* The seat in `next` of whom `leader` is in `now`, from 1; 0: none that may lead. */
static uint32_t number_in(const struct ec_membership *now, const char *leader,
                          const struct ec_membership *next)
{
	uint32_t i = 0;
	while (i < now->n && strcmp(now->seat[i].owner, leader) != 0)
		i++;
	if (i == now->n)
		return 0;
	uint32_t seat = ec_membership_find(next, now->seat[i].identity_key);
	return seat < next->n && (next->seat[seat].roles & EC_LEADER) ? seat + 1 : 0;
}

void ec_roster_first_put(const struct ec_membership *now, const char *leader,
                         struct ec_membership *next)
{
	char names[256];
	struct ec_text text = ec_text_over(names, sizeof names);
	const struct ec_protocol *protocol = ec_daemon_protocol(next->protocol, &text);
	if (protocol)
		ec_protocol_option_put(protocol, "first", number_in(now, leader, next),
		                       next->options, &next->options_size);
}
