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

/* Whether the node takes clients now; if not, why, as a sentence that is never freed. */
const char *ec_status_unready(struct ec_daemon *daemon);

#endif
