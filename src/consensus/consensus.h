/* consensus.h - what a consensus protocol is to the rest of this program.
 *
 * A protocol is a function: (state, input) -> (state', effects).  It reads no
 * clock, opens no socket, takes no lock and allocates nothing; step() cannot
 * fail.  The simulator and the daemon are two hosts for the same function.
 *
 * Order.   Effects happen in the order emitted, and none overtakes a SAVE
 *          before it, unless marked EC_EAGER.  A crash therefore loses a suffix:
 *          nothing was ever said that was not first written down.
 * Replay.  A life is init(), the RECORDs that are left, START, then the rest.
 *          No effect before START: a record restores a promise, it makes none.
 * Links.   While a link is up its messages arrive whole, once and in order.  When
 *          it breaks, an unknown suffix of both directions is lost; LINK says that
 *          it is new, and what the other may still need is said again.  Hence no
 *          timers that repeat.  Messages to oneself are never lost.
 * Memory.  An instance is one flat block of limits().state bytes, owned by the
 *          host, with no pointers into itself: to copy it is to fork the world,
 *          once held() has named the buffers that now have one more owner.
 * Bytes.   What comes in is borrowed for the step: ec_keep() to retain it.  What
 *          goes out is given away.  Only the stepping thread counts references.
 * Trust.   `from` is authenticated by the host.  Every message passed check().
 * Bodies.  A batch travels as its digest where the receiver has it; the host spreads
 *          batches early, fetches what is missing, and shows a step whole messages.
 *          Those of a protocol that is `sealed` travel in its own messages, and nobody sees one
 *          before it is ordered: one that fails the check then is counted and runs nothing.
 * Proof.   A SEND marked EC_SIGN reaches its receivers, oneself too, with `proof`: a
 *          signature by the sender that anyone can check (consensus/proof.h).  The host
 *          has checked the proof of a message; check() judges those quoted inside it.
 * Owed.    What the host owes in detail, and which test proves it: docs/host-contract.md.
 * Eras.    An instance serves one roster.  New members, keys, options or another
 *          protocol are a new instance, from the batch after the one that said so.
 */
#ifndef EC_CONSENSUS_H
#define EC_CONSENSUS_H

#include "base/bytes.h"      /* ec_bytes, ec_hash, ec_keep(), ec_drop(), ec_pool_take() */
#include "base/roster.h"     /* ec_roster: era, n, members: key, weight, roles */
#include "base/text.h"       /* ec_text */
#include "crypto/verifier.h" /* ec_crypto: what may be verified, purely */

typedef uint32_t ec_node; /* index into the roster */
typedef uint64_t ec_seq;  /* position in the delivered order, from 1 */

#define EC_ALL UINT32_MAX /* every member, oneself included */

enum ec_order {
	EC_TOTAL,     /* all nodes deliver one sequence; seq has no gaps */
	EC_PARTIAL,   /* conflicting batches agree on order; head lists what precedes */
	EC_REVISABLE, /* total order with a tentative tail: UNDO until FINAL */
};

/* Fields used, besides `now` and `since`: then what it says. */
/* clang-format off */
enum ec_input_kind {
	EC_RECORD,  /* seq head body digest replay: the last CUT, then the others, oldest first */
	EC_START,   /* seq digest           all replayed; the application stands here */
	EC_RECV,    /* from head body digest proof a checked message */
	EC_LINK,    /* from                 the link is new: what was in flight may be lost */
	EC_WAKE,    /*                      `wake` has passed or `since` changed; may be early */
	EC_SUBMIT,  /* body digest stamp own a client batch; only while `want` > 0 */
	EC_READ,    /* ticket               someone wants to read; they grow, over all lives */
	EC_SNAPPED, /* seq digest           the checkpoint at seq is on disk */
	EC_FETCHED, /* seq digest           a FETCH ended, or the host went ahead: it stands here */
	EC_PINNED,  /* seq digest           a quorum certified this position: treat it as final */
	EC_LEAD,    /* from                 a wish: who leads hands over to this member if it can */
};
/* clang-format on */

/* Fields used: then what it says. */
/* clang-format off */
enum ec_effect_kind {
	EC_SEND,    /* node head body       to one member, or EC_ALL */
	EC_SAVE,    /* seq head body        append a record; EC_CUT: forget older ones to seq */
	EC_DELIVER, /* seq node stamp head body a batch and who proposed it; empty: a filler */
	EC_UNDO,    /* seq                  take back tentative deliveries after seq */
	EC_FINAL,   /* seq                  no UNDO will ever reach seq or below */
	EC_SNAP,    /* seq                  checkpoint the application: SNAPPED, later */
	EC_FETCH,   /* node seq digest      bring the application; no DELIVER until FETCHED */
	EC_SERVE,   /* seq ticket           reads up to ticket may see seq or later */
	EC_BLAME,   /* node head body       transferable proof that a member misbehaved */
	EC_NOTE,    /* head                 a line of trace, if config.notes; always eager */
};
/* clang-format on */

enum {
	EC_EAGER = 1, /* need not wait for the disk */
	EC_CUT = 2,   /* a SAVE that replaces what came before */
	EC_SIGN = 4,  /* a SEND that receivers can show to others: it comes with `proof` */
	EC_SPARE = 8, /* a SNAP that may be left out, without SNAPPED: another comes in time */
};

struct ec_shared_keys { /* what the voters hold in parts, the i-th the i-th: f + 1 use it */
	struct ec_threshold_key coin, seal;
};

struct ec_shares { /* one member's parts */
	struct ec_threshold_secret coin, seal;
};

struct ec_config {
	ec_node self;
	bool notes;
	bool muted; /* only what is eager leaves this life: it follows, and binds itself to nothing
	             */
	uint32_t bug; /* planted builds only: protocol.bugs[bug - 1]; 0 = none */
	ec_seq base;  /* the era's first delivery is base + 1, the same for all its members */
	const struct ec_roster *roster;    /* of this era; immutable, outlives us */
	const struct ec_crypto *crypto;    /* what may be verified, combined, sealed: pure */
	const struct ec_shared_keys *keys; /* of the era; NULL: its members share none */
	const struct ec_shares *shares;    /* our parts, which outlive us; NULL: we have none */
	ec_hash domain;      /* of group, era and protocol: begins all that is signed */
	uint8_t seed[32];    /* all the randomness of this life; never given twice */
	const void *options; /* the protocol's own struct, or NULL: its defaults */
};

struct ec_limits { /* set aside by the host before init(), never exceeded */
	size_t state;
	uint32_t effects_per_step, buffers_held, message_max, record_max;
};

struct ec_terms {                 /* what a host must know of the options */
	uint64_t timeout_ns;      /* the first; 0: there is none */
	uint32_t interval;        /* deliveries between checkpoints */
	uint32_t batch_bytes_max; /* of one batch */
	uint32_t buried;          /* FINAL waits for PINNED: positions that lie on a block before
	                             members sign it; 0: FINAL needs no certificate */
};

struct ec_input {
	enum ec_input_kind kind;
	ec_node from;
	uint64_t now;   /* ns of a clock that only this life reads; never decreases */
	uint64_t since; /* when a batch that this host still waits for came, or was last preceded by
	                   an older one of its source: the earliest of them; 0: none waits */
	ec_seq seq;
	uint64_t stamp; /* ns since 1970 as this host believes */
	uint64_t ticket;
	bool own;       /* this host made the batch: where nobody leads, no other proposes it yet */
	ec_hash digest; /* SHA-256 of body (zero without one), made off the stepping thread; in
	                   START, SNAPPED and FETCHED: of the application */
	struct ec_bytes head, body, proof;
};

struct ec_effect {
	enum ec_effect_kind kind;
	uint32_t flags;
	ec_node node;
	ec_seq seq;
	uint64_t stamp; /* time agreed by the members, or 0 */
	uint64_t ticket;
	ec_hash digest;
	struct ec_bytes head, body;
};

struct ec_out { /* the host empties it after each step */
	struct ec_effect *effect;
	uint32_t count, capacity;
	struct ec_pool *pool; /* buffers for what the protocol writes */
	uint64_t wake; /* step me with WAKE at this time; 0 = never, past = I have more to do */
	uint64_t view; /* term, view, epoch or height: for people, never decreases in a life */
	uint32_t want; /* batches I can take now; 0 = hold clients back */
	ec_node lead;  /* who takes batches: a member, or EC_ALL */
};

struct ec_option {        /* a field of encoded options: a number, little-endian; 0: its default */
	const char *name; /* with its unit */
	uint32_t size;    /* 1, 4 or 8 bytes */
};

struct ec_protocol {
	const char *name;
	enum ec_order order;
	bool reads;  /* answers READ; else order a batch to read */
	bool weighs; /* counts weight; else each weighs 1 */
	bool sealed; /* what it proposes is secret until ordered: hosts do not spread batches, each
	                submits its own, and checks those of others when they are delivered */
	bool hands_over;                              /* who leads heeds LEAD */
	bool byzantine;                               /* which faults the simulator may inject, */
	uint32_t (*faults)(const struct ec_roster *); /* in how many voters, */
	const char *const *bugs;                      /* and which it must then find; NULL ends */
	size_t options_size; /* of what config.options points to; 0: it has none */
	/* Decodes options of a roster, any bytes, none for the defaults.  timeout_ns, if not 0,
	 * stands for theirs.  Returns: NULL, or what they must be, a sentence never freed. */
	const char *(*options_read)(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
	const struct ec_option *option; /* all their fields in order, for whoever writes them; a
	                                   NULL name ends; NULL: people write none */
	struct ec_terms (*terms)(const struct ec_config *); /* reads options alone */
	/* Why no instance could serve this roster, with these options and shared keys; NULL: one
	 * can.  Reads these alone; limits() and init() are called only after it said NULL. */
	const char *(*misfit)(const struct ec_config *);
	struct ec_limits (*limits)(const struct ec_config *);
	/* In: limits().state bytes, all zero: what an instance does not use yet may then cost no
	 * memory. */
	void (*init)(void *self, const struct ec_config *);
	bool (*check)(const struct ec_config *, const struct ec_input *); /* a RECV; any thread */
	bool (*guilty)(const struct ec_config *, ec_node, struct ec_bytes head,
	               struct ec_bytes body); /* judges a BLAME, with no trust in who brought it */
	void (*step)(void *self, const struct ec_input *, struct ec_out *);
	uint32_t (*held)(const void *self, struct ec_bytes *at); /* all references it owns; count */
	void (*invariants)(const void *self);                    /* asserts them */
	void (*show)(const void *self, struct ec_text *);        /* state, */
	void (*show_head)(struct ec_bytes head, struct ec_text *); /* message or record */
};

/* Hands an effect to the host, for protocols: takes over head and body.  Asserts that the step
 * stays within limits().effects_per_step. */
void ec_emit(struct ec_out *, struct ec_effect);

#endif
