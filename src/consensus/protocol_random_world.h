/* protocol_random_world.h - worlds at random, for the tests of any protocol: lost suffixes of
 * links, parts, crashes that lose what was not durable, slow disks; then healing, after which
 * nobody may be behind. */
#ifndef EC_PROTOCOL_RANDOM_WORLD_H
#define EC_PROTOCOL_RANDOM_WORLD_H

#include "consensus/protocol_world.h"

/* What random worlds of a protocol are like.  The functions may be NULL. */
struct world_random {
	const struct world_protocol *of;
	uint32_t seeds; /* how many; NAME_SEEDS of the environment, from NAME_SEED on, go before */
	uint32_t moves; /* of each */
	uint32_t batches;   /* at most */
	uint32_t heard;     /* messages in a move, at most; 0 is none */
	uint32_t down;      /* members at once, at most */
	uint32_t time_ms;   /* that pass at once, at most; 0: no time passes */
	uint32_t time_in;   /* of 40 moves, in how many it does */
	uint32_t parts_in;  /* of 40 troubles with links, how many part the group in two */
	bool twice;         /* what was said may be heard again */
	uint32_t finish_ms; /* after healing, until nobody is behind */
	/* The world of a seed.  In: is: .n, 4..7 or where nobody lies 3..7, .seed and .twins are
	 * set; options: the protocol's own, zero. */
	void (*draw)(uint64_t seed, struct world_options *is, void *options);
	void (*batch)(struct world *world); /* a new one; NULL: world_batch() */
	void (*judge)(struct world *world); /* in the end, besides what every world is asked */
};

struct world_sums {
	uint32_t delivered, steps, fetches, undos, finals, saves, served, effects_most;
	uint32_t sent[WORLD_KINDS];
};

/* Lives all of them, and prints their sums.  Returns: NULL, or the violation with its seed, a
 * sentence that stands until the next call.  Out: sums; asked: whether the environment chose the
 * seeds, so that the sums say nothing. */
const char *world_random(const struct world_random *random, struct world_sums *sums, bool *asked);

/* Any member. */
ec_node world_any(struct world *world);

/* What the environment says of a protocol: PBFT_SEEDS; NULL: nothing. */
const char *world_environment(const struct ec_protocol *protocol, const char *what);

/* How a member is killed at each of its saves. */
struct world_killing {
	const struct world_protocol *of;
	struct world_options is;
	ec_node node;
	ec_node other; /* dies once the member has applied two, and comes back with it; or EC_ALL */
	bool turns;    /* batches are offered to voters in turn, else to all */
};

/* The member's disk does so many saves and no more; the member is killed there, the others go on,
 * it comes back, and nobody may stay behind: for 0 saves, 1, and so on, until it asks for no more.
 * Returns: NULL or the first violation.  Out: saves: how many there were. */
const char *world_kill_at_every_save(const struct world_killing *how, uint32_t *saves);

#endif
