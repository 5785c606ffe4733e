/* ticks.h - batches of no envelopes, for a clock or a state root.  Inside group/. */
#ifndef EC_GROUP_TICKS_H
#define EC_GROUP_TICKS_H

#include <stdbool.h>
#include <stdint.h>

struct ec_member;

/* Times are those of this life, in ns, but for claim_ns, a stamp, and due_ns, a community time. */
struct ticks {
	uint64_t claim_ns;   /* our newest stamp in the order */
	uint64_t traffic;    /* when an envelope was last delivered, or we began */
	bool begun;          /* we were able to TICK since our start */
	uint64_t open_since; /* when a batch was delivered whose block goes on; 0: it ended */
	uint64_t rootless;   /* since when no block has ended with a state root; 0: the last did */
	uint64_t due_ns, due_since; /* the deadline last seen to have passed, and since when */
};

/* Makes one if it is time. */
void ticks_turn(struct ec_member *m);

/* When to look again; 0: never. */
uint64_t ticks_wake(const struct ec_member *m);

#endif
