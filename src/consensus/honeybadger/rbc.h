/* rbc.h - reliable broadcast of one payload by one proposer: all correct members deliver the same,
 * or none ever does; of a correct proposer, all deliver what it sent.
 *
 * Cachin and Tessaro, "Asynchronous Verifiable Information Dispersal" (SRDS 2005), as in Miller et
 * al., "The Honey Badger of BFT Protocols" (CCS 2016), figure 2.  The proposer cuts the payload
 * into n shards of which any n - 2f give it back, and sends each member its own (VAL).  Members
 * pass theirs on to all (ECHO), and say READY for the root that n - f members echoed, or that f + 1
 * said READY for.  2f + 1 READY and n - 2f shards of one root deliver: the payload if all n shards
 * are those of it, else nothing.
 *
 * Pure and flat: a copy of a struct rbc is a fork once rbc_held() named its buffers.  It knows no
 * links, no records and no clock; its owner asks what is to be said, saves that, then says it:
 *
 *     VAL, ECHO, READY   ->  rbc_val, rbc_echo, rbc_ready    what came, judged by rbc_check before
 *     rbc_next           ->  record, then a message to all   once a thing; oneself hears it too
 *     rbc_said           ->  a message to one                again, over a new link
 *     record             ->  rbc_restore                     after a crash
 *
 * The proposer's own record is the payload: VALs are made of it again, for new links and, after a
 * crash, for itself.
 *
 * Members are the n voters, counted from 0.  A `self` of n or more is a learner: it hears and
 * delivers, and says nothing. */
#ifndef EC_HONEYBADGER_RBC_H
#define EC_HONEYBADGER_RBC_H

#include "base/bytes.h"
#include "crypto/erasure.h"

enum {
	RBC_MEMBERS_MAX = EC_ERASURE_SHARDS_MAX,
	RBC_PATH_MAX = 6, /* hashes from a leaf of 64 to the root */
	/* What stands around a stripe in a body: root, path, header of the shard. */
	RBC_OVERHEAD_MAX = 32 * (1 + RBC_PATH_MAX) + EC_ERASURE_HEADER_SIZE,
};
_Static_assert(1 << RBC_PATH_MAX >= RBC_MEMBERS_MAX, "a path for every leaf");

/* What all members know alike. */
struct rbc_group {
	uint32_t n, f;        /* 1 <= n <= RBC_MEMBERS_MAX, 3f < n */
	uint32_t payload_max; /* bytes, at most EC_ERASURE_PAYLOAD_MAX */
};

/* The body of VAL and of ECHO: root, path, shard (8 bytes of header, then the stripe).  VAL holds
 * the shard of its receiver, ECHO that of its sender, so an ECHO is a VAL passed on as it is. */

/* The largest body there can be, in bytes. */
size_t rbc_body_max(struct rbc_group group);

/* Makes the VALs of a payload of at most payload_max bytes, which may be empty.  A function of its
 * arguments: made again, they are the same.  Out: body[0..n), each with one owner, the caller; in
 * total 3 payloads and n paths or less. */
void rbc_encode(struct rbc_group group, struct ec_bytes payload, struct ec_pool *pool,
                struct ec_bytes *body);

/* Judges a VAL for member `index`, or an ECHO by it: any bytes, any index.  Returns: whether it
 * holds that member's shard under its root.  Costs a hash of the body; may run on any thread. */
bool rbc_check(struct rbc_group group, uint32_t index, struct ec_bytes body);

/* The root of a body that rbc_check took. */
ec_hash rbc_root(struct ec_bytes body);

enum rbc_kind { RBC_ECHO, RBC_READY };

/* Something that a member says to all, at most once of each kind in all its lives. */
struct rbc_say {
	enum rbc_kind kind;
	ec_hash root;         /* of both kinds */
	struct ec_bytes body; /* of ECHO; borrowed: the instance owns it */
};

enum rbc_result {
	RBC_PENDING, /* nothing is delivered yet */
	RBC_PAYLOAD,
	RBC_NOTHING, /* the proposer's shards are no payload's: the same at every member */
};

struct rbc {
	struct rbc_group group;
	uint32_t self;
	bool trusting;        /* planted: see rbc_init */
	bool echoed, readied; /* said */
	bool ready_due;       /* to be said, and for ready_root */
	bool certain;         /* somebody correct has delivered */
	bool ripe;            /* 2f + 1 READYs and n - 2f shards are here for ripe_root */
	enum rbc_result result;
	uint64_t echoes, readies;      /* members heard, a bit each */
	ec_hash ready_root, ripe_root; /* the first: ours */
	ec_hash ready[RBC_MEMBERS_MAX];
	struct ec_bytes own;                    /* the VAL to us, which is our ECHO */
	struct ec_bytes shard[RBC_MEMBERS_MAX]; /* ECHOs, until the result stands */
	struct ec_bytes payload;
};

/* A new instance in *rbc, whatever was there.  In: trusting, in builds with EC_PLANTED: the bug of
 * delivering what was decoded without encoding it again. */
void rbc_init(struct rbc *rbc, struct rbc_group group, uint32_t self, bool trusting);

/* A VAL from the proposer, which rbc_check took for `self`.  The first one counts. */
void rbc_val(struct rbc *rbc, struct ec_bytes body);

/* An ECHO by member `from`, which rbc_check took for it, or a READY; `from` may be oneself, and any
 * number.  The first one of a member counts.  rbc_echo keeps the body, one a member at most. */
void rbc_echo(struct rbc *rbc, uint32_t from, struct ec_bytes body);
void rbc_ready(struct rbc *rbc, uint32_t from, const ec_hash *root);

/* The next thing to say; from now on it counts as said.  Returns: false when there is none. */
bool rbc_next(struct rbc *rbc, struct rbc_say *say);

/* Number `index` of the things said so far, from 0.  Returns: false when there are no more. */
bool rbc_said(const struct rbc *rbc, uint32_t index, struct rbc_say *say);

/* A record of something that rbc_next gave in an earlier life: it was said, and oneself heard it.
 * The body must be one that rbc_check takes for `self`. */
void rbc_restore(struct rbc *rbc, const struct rbc_say *say);

/* A correct member has delivered, as its agreement told the owner.  From now on f + 1 READY are
 * enough to deliver: one is of a correct member, and those are ready for one root only.  So whoever
 * comes late needs no more than f + 1 members to tell it. */
void rbc_certain(struct rbc *rbc);

/* What is delivered; decodes when that has become possible, for which it takes n bodies of the
 * broadcast from the pool and gives them back.  Out: payload, with RBC_PAYLOAD: borrowed, until
 * rbc_forget.  Ask after each rbc_echo and rbc_ready. */
enum rbc_result rbc_delivered(struct rbc *rbc, struct ec_pool *pool, struct ec_bytes *payload);

/* Gives the delivered payload back, which is empty from then on; what was said can still be said
 * again. */
void rbc_forget(struct rbc *rbc);

/* Gives everything back.  Only rbc_init may follow. */
void rbc_free(struct rbc *rbc);

/* All references that it owns, at most n + 2.  Out: at[0..returned); NULL: counts only. */
uint32_t rbc_held(const struct rbc *rbc, struct ec_bytes *at);

/* Asserts (R1) to (R4) of rbc.c. */
void rbc_invariants(const struct rbc *rbc);

#endif
