/* tail.h - what a revisable order delivered and may still take back, oldest first. */
#ifndef EC_GROUP_TAIL_H
#define EC_GROUP_TAIL_H

#include "base/bytes.h"

struct tail_item {
	ec_hash digest; /* of the body; zero without one */
	struct ec_bytes head, body;
};

/* Positions have no gaps.  Zeroes are an empty one, but for its start. */
struct tail {
	struct tail_item *item; /* a ring */
	uint32_t oldest, count, capacity;
	uint64_t next; /* the position that is delivered next */
	size_t bytes;  /* of heads and bodies */
};

/* Empties it: the next to be delivered is position `next`. */
void tail_start(struct tail *tail, uint64_t next);

/* Delivers tail->next.  Keeps the bytes. */
void tail_push(struct tail *tail, const struct tail_item *item);

/* The position of the oldest; tail->next when there is none. */
uint64_t tail_first(const struct tail *tail);

/* What stands at a position.  In: it is in the tail.  Borrowed until the tail changes. */
const struct tail_item *tail_at(const struct tail *tail, uint64_t position);

/* Takes the oldest out, or the newest.  In: there is one.  Out: ended by tail_item_end(). */
struct tail_item tail_pop_oldest(struct tail *tail);
struct tail_item tail_pop_newest(struct tail *tail);

/* Drops its bytes. */
void tail_item_end(const struct tail_item *item);

/* Drops all of it. */
void tail_free(struct tail *tail);

#endif
