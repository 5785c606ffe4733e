/* anchorer.h - a cell's node enters its newest certified header in the cloud, when it is its turn.
 *
 * Each member has its turn once a round, so that one that is down delays an anchor by one turn.  At
 * its turn it asks the cloud what is anchored, and if the cell has gone on, submits era links,
 * header, certificate and the paths that tie it to the last one.  The cloud being away hurts
 * nothing: the next turn that reaches it anchors the newest header, and with it all before.
 *
 * When what is anchored is of another history than ours, the whole cell was restored from an old
 * backup, or signed twice.  The node's alarm says so, and the cloud is shown the two headers, which
 * it then keeps for good.
 */
#ifndef EC_DOORS_ANCHORER_H
#define EC_DOORS_ANCHORER_H

#include "node/config.h"
#include "node/daemon.h"

struct ec_anchorer;

struct ec_anchorer_config {
	const struct ec_secret *identity; /* signs the transaction; outlives the anchorer */
	const struct ec_address *cloud;   /* binary doors of the cloud's gateways; copied */
	uint32_t clouds;                  /* at least 1 */
	ec_hash cloud_genesis;            /* its hash */
	uint32_t turn_ms;                 /* length of one member's turn; 0: 2000 */
};

struct ec_anchorer_counters {
	uint64_t turns, anchored, refused, unreached;
	uint64_t block; /* the newest that the cloud holds, as of our last turn */
	bool other;     /* the cloud has another history of the cell than we */
	char last[160]; /* what came of the last turn, for people */
};

/* Starts on the daemon's loop; the network is used on libuv's thread pool.  Returns: NULL when
 * there is no memory. */
struct ec_anchorer *ec_anchorer_open(struct ec_daemon *daemon,
                                     const struct ec_anchorer_config *config);

/* Waits for a turn that is under way, frees it, then calls `done`.  Before ec_daemon_stop(). */
void ec_anchorer_stop(struct ec_anchorer *anchorer, void (*done)(void *self), void *self);

/* Out: since it was opened; on the loop's thread. */
void ec_anchorer_counters(const struct ec_anchorer *anchorer, struct ec_anchorer_counters *out);

#endif
