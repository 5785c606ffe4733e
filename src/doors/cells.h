/* cells.h - a cloud's node watches what is proven against its cells, and tells its operator. */
#ifndef EC_DOORS_CELLS_H
#define EC_DOORS_CELLS_H

#include "node/daemon.h"

/* Looks whenever a block is certified, until ec_daemon_forget(daemon, daemon): every cell that
 * showed two histories ("fork/" and "fork-retired/", tiers/anchors.h) is named in the node's alarm,
 * as far as EC_ALARM_MAX goes. */
void ec_cells_watch(struct ec_daemon *daemon);

#endif
