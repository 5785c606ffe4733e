/* desk.h - questions about the state, as all doors ask them: local, certified, or latest.
 *
 * local      what the last executed block left, answered at once.
 * certified  the same, held back until a quorum certified that block or a later one.
 * latest     after a read through the order: sees all that was acknowledged before the question.
 *
 * Answers that wait are bounded in number, bytes and time.
 */
#ifndef EC_DOORS_DESK_H
#define EC_DOORS_DESK_H

#include "doors/wire.h"
#include "node/daemon.h"

enum {
	EC_DESK_WAITING_MAX = 1024,       /* questions */
	EC_DESK_HELD_BYTES_MAX = 8 << 20, /* of answers that wait for a certificate */
	EC_DESK_WAIT_MS = 5000,
};

struct ec_desk;

enum { EC_RETRY_BUSY_MS = 200, EC_RETRY_NOT_READY_MS = 1000 };

/* The same for both doors: why a submission is refused, NONE when it is done.  Out: *retry_ms,
 * after which it may be tried again; 0: trying again is no use.  When done it says nothing. */
enum ec_reason ec_desk_refusal(const struct ec_outcome *outcome, uint32_t *retry_ms);

/* Why there are no receipts, proofs and results of envelopes at this node (EC_REASON_ORDER_ONLY):
 * its group counts envelopes and hashes their ids, and keeps neither.  NULL: there are. */
const char *ec_desk_order_only(const struct ec_daemon *daemon);

enum ec_ask {
	EC_ASK_STATE, /* names of the state */
	EC_ASK_STORE, /* keys of the store; what comes first is its head, where it has one */
	EC_ASK_WATCH, /* changes of the store, once there are any; local */
};

struct ec_question {
	enum ec_ask what;
	enum ec_door_at at;
	bool prefix;
	uint32_t limit; /* 1..EC_DOOR_LIMIT_MAX */
	uint64_t min_seq;
	uint8_t name[EC_DOOR_NAME_MAX], after[EC_DOOR_NAME_MAX];
	size_t name_size, after_size;
	uint64_t revision, index; /* WATCH: the first change wanted; revision 0: after the newest */
};

struct ec_reply {
	enum ec_reason reason; /* EC_REASON_NONE: answered, though perhaps with no name at all */
	uint32_t retry_ms;
	const char *why; /* when refused: a sentence */
	uint64_t seq, certified, time_ns;
	bool more;
	uint32_t count;
	uint64_t revision;                  /* WATCH: the newest of the store */
	uint64_t next_revision, next_index; /* WATCH: where to go on; else 0 */
	struct ec_bytes items;              /* (block name, block value)*, borrowed for the call */
};

typedef void ec_desk_reply(void *self, const struct ec_reply *reply);

/* Opens a desk on the daemon's loop, for one door.  Returns: NULL when there is no memory. */
struct ec_desk *ec_desk_open(struct ec_daemon *daemon);

/* Closes its timer, forgets all who wait, frees it, then calls `done`. */
void ec_desk_stop(struct ec_desk *desk, void (*done)(void *self), void *self);

/* A WATCH that finds nothing is answered after EC_DESK_WAIT_MS, without items.
 * Calls `reply` exactly once, perhaps before it returns, unless forgotten. */
void ec_desk_ask(struct ec_desk *desk, const struct ec_question *question, ec_desk_reply *reply,
                 void *self);

/* No call with this `self` will come any more, nor one of the daemon's: of who asked for a beacon.
 */
void ec_desk_forget(struct ec_desk *desk, const void *self);

#endif
