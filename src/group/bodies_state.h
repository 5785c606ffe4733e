/* bodies_state.h - what a set of batches is made of: for bodies.c alone. */
#ifndef EC_GROUP_BODIES_STATE_H
#define EC_GROUP_BODIES_STATE_H

#include "base/table.h"
#include "group/bodies.h"

#define NONE UINT32_MAX
enum { SLOTS = BODIES_UNDELIVERED_MAX + BODIES_RECENT_MAX };

enum { BY_ARRIVAL, OF_SOURCE, TO_SUBMIT, LISTS };

struct slot {
	struct body body; /* first: a body's address is its slot's */
	struct {
		uint32_t before, after; /* BY_ARRIVAL, after: next free one */
	} in[LISTS];
};

struct list {
	uint32_t first, last;
};

struct source {
	struct list undelivered, unsubmitted;
	uint32_t count, waiting; /* undelivered; of them, not submitted */
	uint64_t bytes;
	uint64_t served; /* when its oldest was last delivered */
};

struct bodies {
	uint64_t bytes_max, bytes;
	struct list undelivered;
	uint32_t free, used, count, waiting; /* waiting: not submitted */
	uint32_t turn;                       /* the source whose turn it is */
	uint32_t announce; /* the oldest undelivered one that was not announced; NONE */
	uint32_t stray;    /* undelivered ones before this are no strays; NONE: none at all is */
	uint64_t passed;   /* since when one was passed over, at the longest; 0: none waits */
	struct ec_table *held, *delivered;
	uint32_t recent[BODIES_RECENT_MAX], recent_first, recent_count;
	uint64_t recent_bytes;
	ec_hash digest[BODIES_DIGESTS_MAX]; /* a ring */
	uint64_t digests;
	struct source source[BODIES_SOURCES];
	struct slot slot[SLOTS];
};

#endif
