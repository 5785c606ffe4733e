/* raft_ccf_world.h - nodes, channels and eras that move as CCF's scenarios say. */
#ifndef EC_RAFT_CCF_WORLD_H
#define EC_RAFT_CCF_WORLD_H

#include "consensus/raft/state.h"

enum {
	CCF_NODES = 8,
	CCF_ERAS = 8,
	CCF_BATCHES = 256, /* of a script */
	CCF_LETTERS = 4096,
	CCF_NONE = -1
};

enum ccf_kind { CCF_DATA, CCF_SIGNATURE, CCF_ROSTER };

struct ccf_batch {
	enum ccf_kind kind;
	int era;       /* ROSTER: that it begins */
	int submitted; /* in which era last */
	ec_node by;    /* to whom */
	struct ec_bytes body;
	ec_hash digest;
};

struct ccf_era {
	uint32_t n;
	ec_node member[CCF_NODES]; /* who has which seat */
	struct ec_roster_member seat[CCF_NODES];
	struct ec_roster roster;
	struct raft_options options;
	struct ec_config config;
	bool begun;
};

struct ccf_letter {
	int era;
	uint64_t term;    /* in which it was written */
	ec_node from, to; /* nodes, not seats */
	struct ec_bytes head, body;
};

struct ccf_node {
	struct raft *life[CCF_ERAS]; /* NULL: not begun there */
	int era;                     /* CCF_NONE: not started */
	uint64_t now;
	uint32_t log[2 * CCF_BATCHES]; /* delivered: batches plus 1, fillers 0 */
	uint32_t delivered, batches;   /* of these, so many are no fillers */
};

struct ccf {
	bool plain; /* no PreVote, no CheckQuorum */
	struct ccf_era era[CCF_ERAS];
	int eras;
	struct ccf_node node[CCF_NODES];
	struct ccf_batch batch[CCF_BATCHES];
	uint32_t batches;
	struct ccf_letter letter[CCF_LETTERS], held[CCF_LETTERS];
	uint32_t letters, helds;
	bool cut[CCF_NODES][CCF_NODES], lossy[CCF_NODES][CCF_NODES];
	struct ec_pool *pool;
	const char *violation;
};

struct ccf *ccf_new(bool plain);
/* Returns: the first violation: two leaders of a term, or two orders; NULL. */
const char *ccf_free(struct ccf *ccf);

/* The instance of the era a node is in; NULL: it has not started, or is no member of the newest. */
const struct raft *ccf_raft(const struct ccf *ccf, ec_node node);
/* Whether it has a seat in the newest era. */
bool ccf_member(const struct ccf *ccf, ec_node node);
/* Who leads in the highest era and term; CCF_NODES: nobody. */
ec_node ccf_leader(const struct ccf *ccf);
/* CCF's index for what a node has delivered: its last signature, fillers not counted. */
uint32_t ccf_index(const struct ccf *ccf, ec_node node);

/* A batch to whoever leads: what it sends goes with its next heartbeat, as there.  In: set: of
 * nodes, for a roster.  Returns: false when nobody leads. */
bool ccf_submit(struct ccf *ccf, enum ccf_kind kind, uint64_t set);
/* Time of one node. */
void ccf_pass(struct ccf *ccf, ec_node node, uint32_t ms);
/* The first message, or all that wait now, from one node (to one; CCF_NODES: to all).  Returns:
 * how many. */
uint32_t ccf_dispatch(struct ccf *ccf, ec_node from, ec_node to, bool one);
/* All messages, until none is left. */
void ccf_dispatch_all(struct ccf *ccf);
/* Loses what waits from one node to another; CCF_NODES: to all. */
void ccf_drop(struct ccf *ccf, ec_node from, ec_node to);
void ccf_connect(struct ccf *ccf, ec_node a, ec_node b, bool connected);

#endif
