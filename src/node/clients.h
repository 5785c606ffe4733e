/* clients.h - who waits for what at this gateway: submissions, reads and beacons, found by their
 * token and by the `self` of who asked. */
#ifndef EC_NODE_CLIENTS_H
#define EC_NODE_CLIENTS_H

#include "node/daemon.h"
#include "node/workers.h"

/* One question that is open. */
struct waiting {
	struct ec_job job; /* first: the check on a worker thread */
	struct ec_daemon *daemon;
	uint64_t token;
	struct waiting *next, *next_of_self; /* in the chains of the two tables */
	void *self;                          /* who asked; NULL: forgotten */
	void (*accepted)(void *self, const ec_hash *id);
	ec_daemon_done *done;   /* of a submission */
	ec_daemon_ready *ready; /* of a read */
	ec_daemon_beacon_done *beacon;
	struct ec_bytes envelope;
	uint8_t salt[EC_SALT_SIZE];
	uint64_t begun_ns;
	ec_hash id;
	enum ec_envelope_fault fault;
	char why[160];
};

enum { WAITING_BUCKETS = 1 << 12 };

struct waiting_table {
	uint64_t tokens; /* given so far */
	uint32_t count;
	struct waiting *by_token[WAITING_BUCKETS], *by_self[WAITING_BUCKETS];
};

/* A new one with a token of its own; NULL when there is no memory. */
struct waiting *waiting_new(struct waiting_table *table, void *self);

/* The one with this token; NULL: none. */
struct waiting *waiting_find(const struct waiting_table *table, uint64_t token);

/* Takes it out and frees it. */
void waiting_free(struct waiting_table *table, struct waiting *waiting);

/* All of this asker stay, but call nobody any more. */
void waiting_forget(struct waiting_table *table, const void *self);

/* Frees all. */
void waiting_clear(struct waiting_table *table);

#endif
