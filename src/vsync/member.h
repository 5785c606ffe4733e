/* member.h - a member of a group of replicas, without sockets, keys and clocks: what it reads of
 * the store leads to upcalls and to the transactions that it wants to be ordered.
 *
 * (V1) The view in force is what the key "view" holds; its epoch is that key's revision.  A view
 *      is installed by a transaction that compares that revision, so views are numbered without
 *      gaps and never two in one place.
 * (V2) A multicast is a transaction that compares the same revision, and that its sender is
 *      present; so it is ordered within its view or not at all.
 * (V3) Whole members deliver in the order of revisions.  With (V1) and (V2) all who install two
 *      views one after the other have delivered the same between them.
 * (V4) The first whole member of a view with others that are not takes the state before it installs
 *      the view, and puts it in pieces by transactions that compare as a multicast does.  When the
 *      last piece is in the order all members of the view are whole.  So the whole ones come first
 *      in every view; where none is left, the first member begins with no state.
 * (V5) A record is taken out only when every member of the view in force has acknowledged it, or
 *      when it is a piece of a state that its view did not bring whole; of multicasts a sender has
 *      at most VSYNC_WINDOW records at once.
 * (V6) Of what a member sent, each is delivered to it or refused to it, once, before the next view
 *      or `fenced`.  What is surely refused is delivered to nobody.
 *
 * Times are ms of one monotonic clock of the caller's.  Not for use by two threads. */
#ifndef EC_VSYNC_MEMBER_H
#define EC_VSYNC_MEMBER_H

#include "doors/wire.h"
#include "services/store.h"
#include "vsync/form.h"

enum {
	VSYNC_WINDOW = 16,            /* records of one sender that not all have acknowledged */
	VSYNC_QUEUE_MAX = 1 << 20,    /* bytes of multicasts that wait to be ordered */
	VSYNC_RECORDS_MAX = 4096,     /* that not all have acknowledged, of all senders and kinds */
	VSYNC_HELD_MAX = 64 << 20,    /* bytes that wait for the state */
	VSYNC_PIECES_MAX = 1024,      /* of one state */
	VSYNC_PAYLOAD_OVERHEAD = 2048 /* of a transaction beside the value in it, at most */
};

struct vsync_member;

struct vsync_config {
	struct ec_view prefix; /* of the group's keys; copied */
	const char *name;      /* copied */
	uint64_t id;           /* of this life: random, never 0 */
	uint64_t lease;        /* the id of its lease, and the next ones if that is taken */
	uint64_t lease_s;      /* community time */
	uint32_t keep_ms;      /* how often it is kept alive */
	uint32_t value_max;    /* bytes of a record */
	uint32_t state_max;    /* bytes of a state; at most VSYNC_PIECES_MAX records */
	struct ec_vsync_calls calls;
	uint32_t bug; /* planted builds only: enum vsync_bug; 0: none */
};

/* Known errors, for planted builds alone: src/vsync/member_random_test.c finds each. */
enum vsync_bug {
	VSYNC_BUG_NONE,
	VSYNC_BUG_VIEW_UNCOMPARED,     /* a multicast does not compare its view */
	VSYNC_BUG_PRESENCE_UNCOMPARED, /* nor does it need that its sender is present */
	VSYNC_BUG_VIEW_TWICE,          /* a view is installed whatever the one in force is */
	VSYNC_BUG_STATE_LATE,          /* the state is taken when the first piece is sent */
	VSYNC_BUG_HELD_LOST,     /* messages that came while the state was on its way are lost */
	VSYNC_BUG_COLLECT_EARLY, /* records go before all have acknowledged them */
	VSYNC_BUG_CARRIED_OVER,  /* what was not ordered in a view is sent again in the next */
	VSYNC_BUG_DEAF,          /* an excluded member installs the views of others */
	VSYNC_BUG_GAP,           /* what was missed is not looked for */
	VSYNC_BUGS
};

/* A member that is not yet present.  Returns: from malloc; ended by vsync_member_free(). */
struct vsync_member *vsync_member_new(const struct vsync_config *config);

/* Frees it without a word to the group. */
void vsync_member_free(struct vsync_member *member);

/* Queues a multicast for the view in force.
 * Returns: its number, from 1; 0: none is taken now: not whole, fenced, leaving, longer than
 * vsync_member_bytes_max(), or VSYNC_QUEUE_MAX are waiting. */
uint64_t vsync_member_multicast(struct vsync_member *member, const void *bytes, size_t size);

/* The longest multicast that it takes. */
size_t vsync_member_bytes_max(const struct vsync_member *member);

/* Begins to leave: when nothing is queued any more the lease is given back, and then it is fenced.
 */
void vsync_member_leave(struct vsync_member *member);

/* Whether it is out, and `fenced` was called. */
bool vsync_member_over(const struct vsync_member *member);

/* Ends it for a reason that is not the order's. */
void vsync_member_lose(struct vsync_member *member, const char *why);

/* What it wants to read next: STORE or WATCH; without a token.  Ask it whenever no such request is
 * under way: an answer that is lost is asked for again.  Out: views that live as long as the
 * member does and no answer comes. */
void vsync_member_read(const struct vsync_member *member, struct ec_door_request *request);

/* Takes the answer to that; calls what follows from it.  In: VALUES, CHANGES, or REFUSED. */
void vsync_member_answer(struct vsync_member *member, uint64_t now_ms,
                         const struct ec_door_answer *answer);

/* Two lanes of what it wants to be ordered; each has one transaction under way at a time. */
enum vsync_lane { VSYNC_LANE_KEYS, VSYNC_LANE_LEASE, VSYNC_LANES };

/* The next payload for a lane in which none is under way; it then is.
 * Returns: its size; 0: there is nothing to be said now.  In: size_max: value_max and
 * VSYNC_PAYLOAD_OVERHEAD. */
size_t vsync_member_write(struct vsync_member *member, enum vsync_lane lane, uint64_t now_ms,
                          uint8_t *out, size_t size_max);

/* What became of it.  However often it was sent, and to whomever, it was executed once at most. */
struct vsync_written {
	unsigned code;                          /* enum ec_result */
	uint64_t seq;                           /* the block in which it is */
	const struct ec_store_outcome *outcome; /* NULL: not told */
	const char *why;                        /* of a refusal; "" */
};

/* Takes that for the one that is under way in a lane. */
void vsync_member_written(struct vsync_member *member, enum vsync_lane lane, uint64_t now_ms,
                          const struct vsync_written *written);

/* Until when nothing will be asked of it, in ms of its clock, if nothing comes meanwhile. */
uint64_t vsync_member_due(struct vsync_member *member, uint64_t now_ms);

#endif
