/* pace.h - how much a gateway brings at once: as much as the group orders in a part of the
 * time-out.
 *
 * A group that has too much to do must not look like one whose leader is faulty.  So each gateway
 * watches how long its own batches take: it lets more be under way while they come back soon, and
 * less as soon as they take long; and it takes no more from clients than follows from that.
 */
#ifndef EC_GROUP_PACE_H
#define EC_GROUP_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACE_WINDOW_MIN = 16 << 10, /* bytes of own batches under way; also the first */
	PACE_WINDOW_MAX = 1 << 20,
	PACE_BATCH_ALONE = 16 << 10, /* bytes that one may have when no other is under way */
	PACE_BATCH_MIN = 4 << 10,    /* bytes of one batch; a single envelope may be larger */
	PACE_BATCH_MAX = 64 << 10,
	PACE_WAITING_MIN = 144 << 10, /* bytes of clients that are always taken, */
	PACE_WAITING_CALM = 1 << 20,  /* and while batches do not take long */
	PACE_PENDING_MAX = 10 << 20,  /* bytes that the ledger should hold between two saves */
};

struct pace {
	uint64_t target_ns; /* what a batch should take, at the most */
	uint64_t window;
	uint64_t cut;     /* when it was last made smaller; 0: never */
	uint64_t ordered; /* bytes of batches since the ledger's last save */
	uint64_t pending; /* bytes that the ledger holds because of them, */
	uint32_t left;    /* and positions until the next save; 0: it is due now */
};

/* Sets it to where a life begins: the smallest window.  In: the first time-out of the protocol, ns;
 * 0: it has none. */
void pace_start(struct pace *pace, uint64_t timeout_ns);

/* A batch of ours of `size` bytes was ordered, which came at `arrived` (ns); `under_way` bytes of
 * ours were with it. */
void pace_ordered(struct pace *pace, uint64_t arrived, uint64_t now, size_t size,
                  uint64_t under_way);

/* What the ledger holds: `size` bytes were just delivered; `left` positions until it is saved. */
void pace_delivered(struct pace *pace, size_t size, uint64_t pending, uint32_t left);

/* The bytes that the next batch may have while so many bytes of ours are under way. */
size_t pace_batch_max(const struct pace *pace, uint64_t under_way);

/* Whether a further batch may leave while so many bytes of ours are under way. */
bool pace_room(const struct pace *pace, uint64_t under_way);

/* Whether an envelope may be taken while so many bytes of clients wait at this gateway, of which
 * the first that is in no batch yet came at `oldest`; 0: none. */
bool pace_admits(const struct pace *pace, uint64_t now, uint64_t oldest, uint64_t waiting,
                 size_t size);

/* When the clients who wait now are probably through: ms, at least 1. */
uint32_t pace_retry_ms(const struct pace *pace, uint64_t waiting);

#endif
