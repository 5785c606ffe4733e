/* standing.h - how a member's history stands to what the cloud has anchored of its cell. */
#ifndef EC_TIERS_STANDING_H
#define EC_TIERS_STANDING_H

#include "tiers/anchors.h"

enum {
	EC_STANDING_TURNS_MAX = 3, /* of a member that is ready, before it is said to be behind */
};

enum ec_standing {
	EC_STANDING_NEWER,  /* there is something to anchor */
	EC_STANDING_EVEN,   /* the newest certified block is anchored, or there is none */
	EC_STANDING_BEHIND, /* the cloud has a newer block: another member was faster */
	EC_STANDING_LOST,   /* it had it turns ago, and this member is ready and still below */
	EC_STANDING_OTHER,  /* two histories, for certain: restored from an old backup, or forked */
};

/* What the cloud has of the cell. */
struct ec_anchored {
	bool known; /* anything */
	struct ec_anchor last;
	uint64_t stamp_ns; /* of that header; 0: not known */
};

/* What the member has. */
struct ec_history_end {
	uint64_t seq;      /* newest certified block; 0: none */
	uint64_t stamp_ns; /* of that */
	uint64_t era;      /* of that; 0: not known */
	bool found;        /* its header at the lower of `seq` and the anchored block is at hand: */
	ec_hash header;    /* this */
	bool ready;        /* it takes part in its cell and fetches no state */
};

/* How long it has been below. */
struct ec_lag {
	uint64_t block; /* that the cloud had when it began */
	uint32_t turns;
};

/* Judges once a turn.  In and out: lag, at first all zeros. */
enum ec_standing ec_standing_judge(const struct ec_anchored *cloud,
                                   const struct ec_history_end *ours, struct ec_lag *lag);

#endif
