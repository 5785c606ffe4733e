/* door.h - the binary door of a node: wire.h spoken on the daemon's loop. */
#ifndef EC_DOORS_DOOR_H
#define EC_DOORS_DOOR_H

#include "doors/hall.h"
#include "node/daemon.h"

struct ec_door;

struct ec_door_config {
	const char *host;                 /* a name, an IPv4 or IPv6 address to listen on */
	uint16_t port;                    /* 0: any free one */
	const struct ec_secret *identity; /* signs promises; outlives the door */
	uint32_t promise_ms;              /* how far ahead a promise's deadline is; 0: 10 s */
	struct ec_hall_limits limits;     /* zeros: the usual ones */
};

/* Opens the door on the daemon's loop.  Returns: NULL with a sentence in `why`. */
struct ec_door *ec_door_open(struct ec_daemon *daemon, const struct ec_door_config *config,
                             char *why, size_t why_size);

/* Says goodbye to all clients, withdraws from the daemon, frees the door, then calls `done`.  Call
 * before ec_daemon_stop(). */
void ec_door_stop(struct ec_door *door, void (*done)(void *self), void *self);

/* The port that it listens on, also when the configuration said any. */
uint16_t ec_door_port(const struct ec_door *door);

/* Of its connections and frames, since it was opened. */
struct ec_hall_counters ec_door_counters(const struct ec_door *door);

#endif
