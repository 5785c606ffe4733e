/* daemon_giving.c - a node that is to be stopped gives way to another leader first. */
#include "node/daemon_inner.h"

void daemon_gave_way(struct ec_daemon *daemon)
{
	void (*gave_way)(void *self) = daemon->gave_way;
	if (!gave_way || (!daemon->halted && ec_member_handing_over(daemon->member)))
		return;
	daemon->gave_way = NULL;
	gave_way(daemon->gave_way_self);
}

const char *ec_daemon_hand_over(struct ec_daemon *daemon, uint32_t heir)
{
	if (daemon->halted || daemon->stopping || !daemon->started)
		return "this node takes no part";
	const char *why = ec_member_hand_over(daemon->member, daemon_time(), heir);
	daemon_drain(daemon);
	return why;
}

void ec_daemon_give_way(struct ec_daemon *daemon, void (*done)(void *self), void *self)
{
	if (ec_daemon_hand_over(daemon, UINT32_MAX)) {
		done(self);
		return;
	}
	daemon->gave_way = done;
	daemon->gave_way_self = self;
}
