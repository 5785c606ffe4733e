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

void ec_daemon_give_way(struct ec_daemon *daemon, void (*done)(void *self), void *self)
{
	bool asked = !daemon->halted && !daemon->stopping && daemon->started &&
	             !ec_member_hand_over(daemon->member, daemon_time(), UINT32_MAX);
	if (!asked) {
		done(self);
		return;
	}
	daemon->gave_way = done;
	daemon->gave_way_self = self;
	daemon_drain(daemon);
}
