/* bodies.h - batches that this member holds: undelivered ones, and the newest delivered ones.
 *
 * Everyone keeps every batch until it is delivered, bounded in bytes for each peer that brought
 * them.  Delivered ones are kept a little longer, for those who ask; of still older ones only the
 * digest is known for a while, so that late copies are dropped.
 */
#ifndef EC_GROUP_BODIES_H
#define EC_GROUP_BODIES_H

#include "group/member.h"

struct bodies;

enum { BODIES_WORDS = (EC_PEERS_MAX + 63) / 64 };

enum {
	BODIES_UNDELIVERED_MAX = 8192, /* over all sources */
	BODIES_RECENT_MAX = 128,       /* delivered ones still held */
	BODIES_RECENT_BYTES_MAX = 8 << 20,
	BODIES_DIGESTS_MAX = 4096, /* delivered digests still known */
	BODIES_SOURCES = EC_PEERS_MAX + 1,
	BODIES_OWN = EC_PEERS_MAX, /* the source of our own batches */
};

struct body {
	ec_hash digest;
	struct ec_bytes bytes;
	uint64_t arrived; /* ns, monotonic, > 0 */
	uint64_t began;   /* the same moment in time that this member was awake (state.h), > 0 */
	uint32_t source;  /* its gateway if that brought it, else who did first; or BODIES_OWN */
	bool spread;      /* it came as a BODY: others have it or get it too */
	bool idle;        /* it waits for no delivery: it was delivered, or only kept */
	bool submitted;
	bool ordered;    /* it stands in the order, or stood there just now (undone): set by
	                    bodies_ordered() */
	uint64_t undone; /* where it stood until that was taken back; 0: it was not, or stands again
	                  */
	uint64_t known[BODIES_WORDS]; /* peers whose link of now carried it */
	uint64_t old[BODIES_WORDS];   /* peers that say that it was delivered */
};

/* An empty set, ended by bodies_free().  In: bytes of undelivered ones that each source may have; a
 * secret for the tables.  Returns: NULL without memory. */
struct bodies *bodies_new(uint64_t bytes_max, uint64_t secret);

/* Drops every batch, and the set; NULL is left alone. */
void bodies_free(struct bodies *bodies);

enum bodies_put { BODIES_NEW, BODIES_HELD, BODIES_LATE, BODIES_FULL };

/* In: source < BODIES_SOURCES, arrived > 0.  Keeps the bytes when new.  LATE: it was delivered.
 * FULL: that source holds too much. */
enum bodies_put bodies_put(struct bodies *bodies, const struct body *body);

/* Whether one of `size` bytes from this source would be taken: it has room for the bytes, and for
 * one more batch. */
bool bodies_room(const struct bodies *bodies, uint32_t source, size_t size);

/* The batch with this digest, delivered or not; NULL.  Valid until the next put or delivered. */
struct body *bodies_find(struct bodies *bodies, const ec_hash *digest);

/* Whether it was delivered, as far as is known: among the last BODIES_DIGESTS_MAX. */
bool bodies_was_delivered(const struct bodies *bodies, const ec_hash *digest);

/* Holds one that came inside a message, or for one: whoever leads has proposed it, or it was
 * delivered while we were away, so it waits for no delivery.  Those held like this are bounded
 * together with the delivered ones.  Returns: NEW or HELD. */
enum bodies_put bodies_keep(struct bodies *bodies, const struct body *body);

/* In: held.  One that was only kept waits for delivery from now (two clocks, as in struct body), if
 * its source has room. */
void bodies_wait(struct bodies *bodies, struct body *body, uint64_t arrived, uint64_t began);

/* In: held; source: the gateway that made it, and brings it itself only now (not BODIES_OWN).  From
 * now it stands in the row of that source, at its end, if there is room: nobody who brings a batch
 * of another first can put it behind a row of his own. */
void bodies_claimed(struct bodies *bodies, struct body *body, uint32_t source, uint64_t awake);

/* It was delivered, `awake`; held or not.  Returns: whether it was delivered before, as far as is
 * known. */
bool bodies_delivered(struct bodies *bodies, const ec_hash *digest, uint64_t awake);

/* One that waits for delivery is to be submitted again; it stands at the end of its source's row.
 */
void bodies_unsubmit(struct bodies *bodies, struct body *body);

/* Since when, in time awake, the leader has passed one over, at the longest; 0: none waits.  A
 * batch is passed over while nothing that came before it from the same source is delivered: what
 * stands behind a long row of its own gateway's is not; no other source's turns count for it, nor
 * what came later from its own (docs/decisions/008-batches-wait-in-rows.md). */
uint64_t bodies_passed(const struct bodies *bodies);

/* Notes that the link to a peer carried it, in either direction. */
void body_known_set(struct body *body, uint32_t peer);

/* Whether that was noted since the link is new: it need not be sent there. */
bool body_known(const struct body *body, uint32_t peer);

/* Notes that a peer says that it was delivered.  Returns: how many have said so. */
uint32_t body_old_said(struct body *body, uint32_t peer);

/* The link to a peer is new: what it carried before may be lost. */
void bodies_forget_peer(struct bodies *bodies, uint32_t peer);

/* The next one to submit: oldest first of each source, the sources in turn; only of `source`, or
 * BODIES_SOURCES for any.  NULL: none.  Marks it as submitted. */
struct body *bodies_submit(struct bodies *bodies, uint32_t source);

/* One that waits for delivery is submitted now.  In: it is not yet. */
void bodies_submitted(struct bodies *bodies, struct body *body);

/* Another leads from now: nothing counts as submitted, and what was only kept waits (two clocks, as
 * in struct body) where its source has room. */
void bodies_resubmit(struct bodies *bodies, uint64_t arrived, uint64_t began);

/* Drops the undelivered ones. */
void bodies_clear(struct bodies *bodies);

/* The undelivered one that came first; NULL: none. */
struct body *bodies_oldest(struct bodies *bodies);

/* The one that came next after an undelivered one; NULL: none. */
struct body *bodies_after(struct bodies *bodies, const struct body *body);

/* It stands in the order, or no more (undone). */
void bodies_ordered(struct bodies *bodies, struct body *body, bool ordered);

/* The undelivered one of others that came first of those that are not submitted and stand nowhere
 * in the order; NULL: none.  Under load that costs no walk over those that do. */
struct body *bodies_stray(struct bodies *bodies);

/* The oldest undelivered one that was not yet announced to all; NULL: none. */
struct body *bodies_unannounced(struct bodies *bodies);

/* That one is announced now.  In: there is one. */
void bodies_announced(struct bodies *bodies);

/* Every undelivered one is to be announced again, from the oldest. */
void bodies_reannounce(struct bodies *bodies);

/* How many undelivered ones are not submitted: of `source`, or BODIES_SOURCES for all. */
uint32_t bodies_waiting(const struct bodies *bodies, uint32_t source);

/* The oldest of those; NULL: none. */
const struct body *bodies_first_waiting(const struct bodies *bodies, uint32_t source);

/* Each counts the undelivered ones, or their bytes: of all, or of one source. */
uint32_t bodies_count(const struct bodies *bodies);
uint32_t bodies_from(const struct bodies *bodies, uint32_t source);
uint64_t bodies_bytes(const struct bodies *bodies);
uint64_t bodies_bytes_from(const struct bodies *bodies, uint32_t source);

#endif
