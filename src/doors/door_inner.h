/* door_inner.h - the binary door's visitors, as its files share them.  Inside doors/. */
#ifndef EC_DOORS_DOOR_INNER_H
#define EC_DOORS_DOOR_INNER_H

#include "doors/desk.h"
#include "doors/door.h"

enum { QUERIES_MAX = 4 }; /* of one visitor that wait at once */

/* A question that waits: at the desk, or for a beacon. */
struct query {
	struct visitor *visitor; /* NULL: free */
	uint64_t token;
};

/* A client at the door. */
struct visitor {
	struct ec_line line;
	struct ec_door *door; /* NULL before its first frame */
	struct ticket *tickets;
	struct query query[QUERIES_MAX];
	bool welcomed, following;
	uint64_t follow_token, follow_told; /* told: the newest certified block it knows of */
};

struct ec_door {
	struct ec_daemon *daemon;
	struct ec_door_config config;
	struct ec_hall *hall;
	struct ec_desk *desk;
	struct ticket *tickets;
	uint32_t ticket_count;
	void (*stopped)(void *self);
	void *stopped_self;
};

/* Answers REFUSED.  In: text: what it was this time; copied. */
void door_refuse(struct visitor *visitor, uint64_t token, enum ec_reason reason, uint32_t retry_ms,
                 const char *text);

/* The ledger of the node. */
struct ec_ledger *door_ledger(const struct ec_door *door);

/* A place for a question that waits, whose answer is owed.  Returns: NULL after refusing it. */
struct query *door_query(struct visitor *visitor, uint64_t token);

/* It waits no more.  Returns: who asked, and under which token. */
struct visitor *door_query_end(struct query *query, uint64_t *token);

/* RECEIPT, DEPTH, STATE_PROOF, TIE, RESULT: from the blocks that are kept, at once (door_proofs.c).
 */
void door_prove(struct visitor *visitor, const struct ec_door_request *request);

/* LEAD: has the daemon hand over, if whoever holds its identity key wishes so (door_lead.c). */
void door_lead(struct visitor *visitor, const struct ec_door_request *request);

/* BEACON: asks the daemon, who asks the members. */
void door_beacon(struct visitor *visitor, const struct ec_door_request *request);

#endif
