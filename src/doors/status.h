/* status.h - what a node tells about itself, for people and programs. */
#ifndef EC_DOORS_STATUS_H
#define EC_DOORS_STATUS_H

#include "doors/json.h"
#include "doors/wire.h"
#include "node/daemon.h"

/* One JSON object: group, order, ledger, traffic, log, disk.  Adds it to `json`. */
void ec_status_json(struct ec_daemon *daemon, struct ec_json *json);

/* The same figures for other programs: COUNTS of the binary door, but for kind and token. */
void ec_status_counts(struct ec_daemon *daemon, struct ec_door_answer *counts);

enum { EC_UNREADY_SIZE = 192 };

/* Whether the node takes clients now.  Out: why not, in the member's own words where it is the
 * member that refuses them; empty when it does. */
bool ec_status_ready(struct ec_daemon *daemon, char why[static EC_UNREADY_SIZE]);

#endif
