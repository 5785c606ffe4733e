/* state.h - an instance of GHOSTDAG: one flat block, and what its files ask of each other. */
#ifndef EC_GHOSTDAG_STATE_H
#define EC_GHOSTDAG_STATE_H

#include "base/prng.h"
#include "base/quorum.h"
#include "consensus/alike.h"
#include "consensus/ghostdag/messages.h"

#include <assert.h>

enum {
	QUEUE = 64,         /* batches taken and not yet final */
	ORPHANS = 16,       /* blocks a member told of that cannot be placed yet */
	DELIVERIES = 512,   /* in a step, but for the last chain block's */
	CHECKPOINTS = 8,    /* in a step */
	BESIDE = 3,         /* blocks of one maker side by side that are taken unasked */
	OWN_MAX = 16,       /* and that a good block may have in its past */
	TOLD_TIPS = 16,     /* in a TIPS */
	RANGE_BLOCKS = 512, /* in a RANGE */
	ANSWERS = 4,        /* of a RANGE with nothing new and no more to tell */
};

#define ASK_AFTER_NS ((uint64_t)200 * 1000 * 1000) /* how long a parent may be on its way */

/* What is kept of the block of the same number in the graph. */
struct entry {
	struct ec_bytes head, body, proof; /* no head: it came with a checkpoint; no proof: ours */
	ec_hash digest;                    /* of the batch */
	ec_node maker;
	uint64_t number; /* among those of its maker */
};

struct orphan {
	bool here, asked;
	ec_hash id, digest;
	uint64_t since;
	struct ec_bytes head, body, proof;
};

struct waiting { /* a batch that is not final */
	struct ec_bytes body;
	ec_hash digest;
	bool own;
	uint64_t since;
};

/* A checkpoint whose application is on disk. */
struct mark {
	struct offer offer;
	struct ec_bytes graph;
};

struct peer {
	bool alone;       /* it needs a block above its last one, before it may make its next */
	bool asked;       /* an ASK of ours is not answered yet */
	uint32_t answers; /* to its ASKs, while the link is up and the graph has `grown` blocks */
	bool more;        /* and there was more to tell */
	uint64_t grown;
	uint64_t served; /* grown, plus 1, when it was last sent a STATE */
	uint32_t offers;
	struct offer offer[OFFERS]; /* its last */
	uint32_t next;              /* orphan to be replaced */
	struct orphan orphan[ORPHANS];
};

struct ghostdag {
	struct ec_config config;
	struct ghostdag_options options;
	struct ec_prng prng;
	uint32_t n, others; /* others: makers of whom a block must have news */
	bool voter;         /* I am one */
	bool started, fetching;
	bool changed;  /* the graph has, since it was looked at */
	bool unjudged; /* the graph, what it holds, or the root has, since a heavier chain that
	                  leaves the root out was looked for */
	bool full;     /* blocks were turned away because the graph is */
	bool flying;   /* my last block has not come back to me */
	uint64_t now, since;
	uint64_t grown;      /* blocks added in this life */
	uint64_t grown_at;   /* when the last was */
	uint64_t told;       /* grown, plus 1, when tips were told because nothing went on */
	uint64_t flood_told; /* members whose forks were blamed */

	uint32_t root;   /* the last final block of the chain */
	uint32_t placed; /* the chain block up to which everything is delivered */
	ec_seq tip;      /* delivered up to here */
	ec_seq final;    /* and final up to here */
	ec_hash root_id; /* of the root that records name */
	ec_seq sure;     /* deep enough, or certified, up to here */
	ec_hash pin;     /* a chain block that is certified and not here yet; or zeros */
	ec_seq pin_seq;  /* up to here */

	bool alone;        /* I have something to say, and my next block needs others' first */
	uint64_t made_at;  /* when I made my last block, or tried nonces */
	uint64_t level_at; /* when enough others were level with it; 0: they were not yet */
	uint64_t number;   /* of my last block */
	ec_hash last;      /* its id */
	uint64_t make_at;  /* when there may be something to make; 0: not before a step anyway */

	struct mark mark[OFFERS]; /* the older first */
	struct ec_bytes wanted;   /* the graph of `taking`, while the application is fetched */
	struct offer taking;      /* a checkpoint of others; seq 0: none */
	ec_node taking_from;

	uint32_t queued;
	struct waiting queue[QUEUE];
	size_t graph, entries, peers, scratch; /* where they begin */
};

/* Sets of members are words of 64 bits, a bit each. */
static inline uint64_t bit(ec_node node)
{
	assert(node < GHOSTDAG_MEMBERS_MAX);
	return (uint64_t)1 << node;
}

enum bug {
	BUG_HEIGHT = 1,
	BUG_ARRIVAL,
	BUG_NO_UNDO,
	BUG_MINE_UNSAVED,
	BUG_FORGETS_ROOT,
	BUG_SHALLOW,
	BUG_NO_RATE,
	BUG_PIN_DEAF,
	BUG_EARLY_PRUNE,
	BUG_LINK_SILENT,
	BUG_ROOT_FREE,
};

/* Whether this build and configuration has a bug planted. */
static inline bool planted(const struct ec_config *config, enum bug bug)
{
#ifdef EC_PLANTED
	return config->bug == (uint32_t)bug;
#else
	(void)config, (void)bug;
	return false;
#endif
}

/* layout.c */
/* The options of a roster, defaults filled in. */
struct ghostdag_options ghostdag_options_of(const struct ec_config *config);
/* What the graph is made for. */
struct dag_params ghostdag_params(const struct ghostdag_options *options);
/* Sets where the parts begin.  Returns: the size of an instance. */
size_t ghostdag_layout(struct ghostdag *self, const struct ec_config *config);
/* The parts.  Scratch: a number for each block of the graph and one more, twice. */
struct dag *ghostdag_graph(const struct ghostdag *self);
struct entry *ghostdag_entry(const struct ghostdag *self, uint32_t number);
struct peer *ghostdag_peer(const struct ghostdag *self, ec_node node);
uint32_t *ghostdag_scratch(const struct ghostdag *self);
/* Empties the graph: it begins with the era's first block, the same for all members. */
void ghostdag_graph_begin(struct ghostdag *self);

/* options.c: see consensus.h. */
const char *ghostdag_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
struct ec_terms ghostdag_terms(const struct ec_config *config);
const char *ghostdag_misfit(const struct ec_config *config);

/* effects.c */
/* A message to `to`; takes over the body. */
void ghostdag_send(struct ghostdag *self, struct ec_out *out, ec_node to,
                   const struct message *message, struct ec_bytes body, uint32_t flags);
/* A record; takes over the body. */
void ghostdag_save(struct ghostdag *self, struct ec_out *out, ec_seq seq,
                   const struct message *message, struct ec_bytes body, uint32_t flags);
/* A line of trace. */
void ghostdag_note(struct ghostdag *self, struct ec_out *out, const char *rule, uint64_t number);

/* blocks.c: how blocks come into the graph. */
struct arrival { /* bytes are borrowed */
	struct ec_bytes head, body, proof;
	ec_hash digest;
};
/* A block was told by `from`: it goes into the graph, or waits for its parents.  Returns: the
 * latter. */
bool ghostdag_block_heard(struct ghostdag *self, ec_node from, const struct arrival *arrival,
                          struct ec_out *out);
/* Puts a block into the graph that is on disk already, for replay; or adds to one that came with a
 * checkpoint, or without a proof, what it lacks. */
void ghostdag_block_replayed(struct ghostdag *self, const struct arrival *arrival);
/* Whether a block is in the past of the one that is formed and not added. */
bool ghostdag_in_past(const struct ghostdag *self, uint32_t number);
/* Whether a block by `maker`, formed and not added, keeps the rule of the committee. */
bool ghostdag_rule_kept(const struct ghostdag *self, ec_node maker);
/* Tries orphans again, until none can be placed. */
void ghostdag_orphans_place(struct ghostdag *self, struct ec_out *out);
/* Forgets an orphan. */
void ghostdag_orphan_drop(struct orphan *orphan);

/* make.c: how blocks are made. */
void ghostdag_submitted(struct ghostdag *self, const struct ec_input *in);
void ghostdag_make(struct ghostdag *self, struct ec_out *out);
/* Forgets batches that are final. */
void ghostdag_queue_settle(struct ghostdag *self);

/* order.c: what is delivered, taken back, final. */
void ghostdag_order(struct ghostdag *self, struct ec_out *out);
void ghostdag_pinned(struct ghostdag *self, const struct ec_input *in, struct ec_out *out);
/* The application stands at seq, and nothing is tentative. */
void ghostdag_stand(struct ghostdag *self, ec_seq seq);
/* A block to take the root to, on a heavier chain that leaves it out; DAG_NONE: there is none. */
uint32_t ghostdag_crossing(const struct ghostdag *self);
/* Whether there is more to deliver than one step does. */
bool ghostdag_order_more(const struct ghostdag *self);

/* range.c: what a new link needs, and who lacks much. */
void ghostdag_link_new(struct ghostdag *self, ec_node node, struct ec_out *out);
void ghostdag_tips_tell(struct ghostdag *self, ec_node to, struct ec_out *out);
void ghostdag_tips_received(struct ghostdag *self, ec_node from, const struct message *m,
                            struct ec_out *out);
void ghostdag_ask(struct ghostdag *self, ec_node to, struct ec_out *out);
/* ASK that OFFER answers: blocks would not help. */
void ghostdag_ask_offer(struct ghostdag *self, ec_node to, struct ec_out *out);
void ghostdag_ask_received(struct ghostdag *self, ec_node from, const struct message *m,
                           struct ec_out *out);
void ghostdag_range_received(struct ghostdag *self, const struct ec_input *in,
                             const struct message *m, struct ec_out *out);
/* Asks for parents that did not come. */
void ghostdag_orphans_ask(struct ghostdag *self, struct ec_out *out);
uint64_t ghostdag_orphans_wake(const struct ghostdag *self);

/* checkpoint.c: checkpoints, forgetting, and being brought forward. */
void ghostdag_snapped(struct ghostdag *self, const struct ec_input *in, struct ec_out *out);
void ghostdag_offer(struct ghostdag *self, ec_node to, struct ec_out *out);
void ghostdag_offer_received(struct ghostdag *self, ec_node from, const struct message *m,
                             struct ec_out *out);
void ghostdag_want_received(struct ghostdag *self, ec_node from, const struct message *m,
                            struct ec_out *out);
void ghostdag_state_received(struct ghostdag *self, const struct ec_input *in,
                             const struct message *m, struct ec_out *out);
void ghostdag_fetched(struct ghostdag *self, const struct ec_input *in, struct ec_out *out);
/* Fills the graph from the bytes of a checkpoint at seq.  False: they are none, and the graph is
 * empty. */
bool ghostdag_graph_load(struct ghostdag *self, struct ec_bytes bytes, ec_seq seq);

/* recovery.c */
void ghostdag_record_replayed(struct ghostdag *self, const struct ec_input *in,
                              struct ec_pool *pool);
void ghostdag_life_start(struct ghostdag *self, const struct ec_input *in, struct ec_out *out);

/* blame.c, check.c, invariants.c, show.c: see consensus.h. */
void ghostdag_blame(struct ghostdag *self, struct ec_out *out, uint32_t one, uint32_t two);
bool ghostdag_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                     struct ec_bytes body);
bool ghostdag_check(const struct ec_config *config, const struct ec_input *in);
void ghostdag_invariants(const void *opaque);
void ghostdag_show(const void *opaque, struct ec_text *text);
void ghostdag_show_head(struct ec_bytes head, struct ec_text *text);

#endif
