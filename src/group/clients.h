/* clients.h - envelopes that clients gave to this gateway, until they are told what became of them.
 *
 * One that waits is QUEUED for a batch, or BATCHED in one that is under way.  Two clients may wait
 * for one envelope: both are told, one is enough to batch.
 */
#ifndef EC_GROUP_CLIENTS_H
#define EC_GROUP_CLIENTS_H

#include "ledger/envelope.h"

struct clients;

struct client {
	uint64_t token, arrived; /* ns, monotonic */
	ec_hash id;
	struct ec_bytes envelope;
	uint8_t salt[EC_SALT_SIZE];
};

enum { CLIENTS_BYTES_MAX = 32 << 20 }; /* of waiting envelopes */

/* An empty queue, ended by clients_free().  In: how many may wait at once, at least 1; a secret for
 * the table.  Returns: NULL without memory. */
struct clients *clients_new(uint32_t capacity, uint64_t secret);

/* Drops every envelope, and the queue; nobody is told.  NULL is left alone. */
void clients_free(struct clients *clients);

/* Queues one at the end; keeps the envelope.  Returns: false when there is no room. */
bool clients_add(struct clients *clients, const struct client *client);

/* The oldest that is queued; NULL when none is.  Borrowed until the next call that changes. */
const struct client *clients_queued(const struct clients *clients);

/* That one goes into a batch.  In: there is one. */
void clients_batch(struct clients *clients);

/* Everything batched is queued again, in order of arrival. */
void clients_requeue(struct clients *clients);

/* Ends the wait of one client for this envelope, the first of them last.  Out: its token.  Returns:
 * false when nobody waits. */
bool clients_done(struct clients *clients, const ec_hash *id, uint64_t *token);

/* The ids that are waited for, oldest first, each once.  Out: ids, room for clients_waiting().
 * Returns: how many. */
uint32_t clients_ids(const struct clients *clients, ec_hash *ids);

/* When the one that waits longest came, queued or batched; 0: none waits. */
uint64_t clients_since(const struct clients *clients);

/* Each counts those who wait, or the bytes of their envelopes: all, or only the queued. */
uint32_t clients_waiting(const struct clients *clients); /* all */
uint32_t clients_queue(const struct clients *clients);   /* queued, each envelope once */
size_t clients_bytes(const struct clients *clients);     /* of all */
size_t clients_queue_bytes(const struct clients *clients);

#endif
