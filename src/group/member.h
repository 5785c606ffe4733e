/* member.h - one member of one group: what joins a protocol instance to a ledger.
 *
 * PURE: (state, input) -> (state', acts).  The daemon and the simulator are two hosts of it.  A
 * host gives it frames from links, envelopes from clients, the news that records are durable, and
 * time; and performs the acts that ec_member_next() hands out, in order.
 *
 *   envelopes -> batches -> bodies spread to all -> protocol orders digests -> ledger executes
 *   -> header signed -> signatures gathered -> certificate -> receipts
 *
 * Order of acts.  What a record promises is said only after the host reported it durable: the
 * member holds back what must wait (flush.h), so the host performs every act at once. Peers are
 * named by a small number, one an identity key, stable for the member's life.
 */
#ifndef EC_GROUP_MEMBER_H
#define EC_GROUP_MEMBER_H

#include "consensus/consensus.h"
#include "consensus/proof.h"
#include "ledger/ledger.h"

enum {
	EC_FRAME_SIZE_MAX = 8 << 20, /* of one frame between members */
	EC_PEERS_MAX = EC_MEMBERS_MAX,
	EC_CHECKS_MAX = 256, /* batches handed out by EC_ACT_CHECK that were not judged yet */
};

struct ec_member;

/* A host's memory of batches that passed their check, by digest: then they need no second one. Both
 * are called from any thread that checks. */
struct ec_batches_seen {
	void *self;
	bool (*has)(void *self, const ec_hash *digest); /* NULL: every copy is checked */
	void (*add)(void *self, const ec_hash *digest);
};

/* Where our parts of the keys that members share come from. */
struct ec_shares_source {
	void *self;
	/* Fills our parts, for the seat `index` of a roster.  Asked in every life, when the roster
	 * comes into force.  Returns: false when it has none.  NULL: they are recomputed from the
	 * key generation in the ledger's state and our era key (ledger/keygen.h). */
	bool (*find)(void *self, const struct ec_membership *membership, uint32_t index,
	             struct ec_shares *shares);
};

struct ec_member_config {
	const struct ec_genesis *genesis; /* outlives the member */
	const struct ec_crypto *crypto;
	const struct ec_protocol *const *protocols; /* all that this program has; NULL ends */
	const struct ec_service *const *services;
	struct ec_store *store; /* settled state; stays the caller's */
	struct ec_pool *pool;   /* outlives the member */
	struct ec_secret
		identity; /* whose seat is ours; none with this key: a learner that asks in */
	struct ec_secret era_key; /* of the era in force */
	uint8_t seed[32];         /* fresh randomness of this life */
	struct ec_batches_seen seen;
	struct ec_shares_source shares;
	uint64_t bodies_bytes_max;    /* undelivered batch bodies kept, a member; 0: 4 MiB */
	uint64_t clients_max;         /* envelopes waiting at this gateway; 0: 65536 */
	uint64_t protocol_timeout_ns; /* first time-out of protocols that have one; 0: their own */
};

struct ec_time {
	uint64_t now;   /* ns, monotonic in this life, never 0 */
	uint64_t stamp; /* ns since 1970 as this host believes */
};

/* Opens over a store as it was left.  Then every record of the log, oldest first, by
 * ec_member_record(), then ec_member_start().  Returns: the member, ended by ec_member_close();
 * NULL with a sentence in `why`: a store that the ledger refuses, a roster that this program cannot
 * serve. */
struct ec_member *ec_member_open(const struct ec_member_config *config, char *why, size_t why_size);

/* Gives it a record of its log, as EC_ACT_LOG handed it out; keeps what it needs of the bytes.
 * Returns: false with a sentence in `why` when it is of no known form. */
bool ec_member_record(struct ec_member *member, struct ec_bytes record, char *why, size_t why_size);

/* The log was given to its end: from now the member takes part.  One that diverged in an earlier
 * life hands out EC_ACT_HALT. */
void ec_member_start(struct ec_member *member, struct ec_time time);

/* A further era key of ours: used from the first era whose roster names it as our seat's, also from
 * the one in force when given between open and start.  While the roster names none of our keys we
 * follow and promise nothing.
 * Once it is in use, and the reign of the key before is over, EC_ACT_ERA_KEY names it, once a life:
 * the host then destroys the key before, which signs nothing any more. */
void ec_member_next_era_key(struct ec_member *member, const struct ec_secret *secret);

/* The public half of such a key that waits for its era, 32 bytes, borrowed until the next step;
 * NULL: none does. */
const uint8_t *ec_member_next_key(const struct ec_member *member);

/* Frees it and drops all it holds, acts that wait included; erases its keys. */
void ec_member_close(struct ec_member *member);

/* The number of the peer with this identity key; UINT32_MAX: in no roster that we know. */
uint32_t ec_member_peer(const struct ec_member *member, const uint8_t identity_key[static 32]);

/* Who owns the peer of this number: borrowed until the roster changes; "a former member" when it
 * has no seat any more. */
const char *ec_member_peer_owner(const struct ec_member *member, uint32_t peer);

/* A link to a peer came up, or is lost.  While up, frames pass whole, once and in order. */
void ec_member_link(struct ec_member *member, struct ec_time time, uint32_t peer, bool up);

/* Whose signature is not good in a frame: for metrics. */
enum ec_forgery {
	EC_FORGERY_NONE,
	EC_FORGERY_BATCH,       /* an envelope's in a batch, or its form */
	EC_FORGERY_MESSAGE,     /* of a protocol's message */
	EC_FORGERY_HEADER,      /* of a member under a header */
	EC_FORGERY_CERTIFICATE, /* in a certificate */
	EC_FORGERIES,
};

/* What a check off the thread found out about a frame. */
struct ec_checked {
	bool good;
	bool deferred;           /* of an era that was not known yet: the member checks it again */
	enum ec_forgery forgery; /* when it is a signature that is not good */
	char why[96];            /* when it is not good */
	ec_hash digest;          /* of the body that it carries */
	uint32_t signatures;     /* client signatures verified: a metric */
};

/* The costly part of receiving: proofs, client signatures, digests, the protocol's check().  Reads
 * only what never changes while a member lives; any thread.  `memo`: of the calls of one thread;
 * NULL: none. */
void ec_member_check(const struct ec_member *member, uint32_t peer, struct ec_bytes frame,
                     struct ec_proof_memo *memo, struct ec_checked *checked);

/* About how long ec_member_check() of this frame takes, in us: any bytes, any thread.  A host
 * checks here what costs less than another thread would. */
uint32_t ec_member_check_us(const struct ec_member *member, struct ec_bytes frame);

/* Whether the frame may be given to the member before earlier ones of its link (bodies, which are
 * named by content). */
bool ec_member_check_unordered(struct ec_bytes frame);

/* The same for a batch that nobody saw before it was ordered (EC_ACT_CHECK).  In: its digest. */
void ec_member_check_batch(const struct ec_member *member, struct ec_bytes batch,
                           const ec_hash *digest, struct ec_checked *checked);

/* About how long ec_member_check_batch() of so many bytes takes, in us.  Any thread. */
uint32_t ec_member_check_batch_us(const struct ec_member *member, size_t size);

/* What ec_member_check_batch() said of the batch of EC_ACT_CHECK with this token; in any order.  A
 * bad one is executed as nothing, here as everywhere; what was delivered behind it waits for it. */
void ec_member_checked(struct ec_member *member, struct ec_time time, uint64_t token,
                       const struct ec_checked *checked);

/* A frame that was checked.  A bad one breaks the link (an act). */
void ec_member_frame(struct ec_member *member, struct ec_time time, uint32_t peer,
                     struct ec_bytes frame, const struct ec_checked *checked);

enum ec_admission {
	EC_ADMITTED,
	EC_BUSY, /* more waits than the group orders soon: ec_member_retry_ms() */
	/* No quorum reachable; behind what a quorum said of itself; diverged; no headers for 10 s.
	 */
	EC_NOT_READY,
};

/* Whether this gateway takes one more envelope of `size` bytes, while `ahead` bytes that it took
 * are being checked.  Asked first: nobody checks a signature for nothing. */
enum ec_admission ec_member_admits(struct ec_member *member, struct ec_time time, size_t ahead,
                                   size_t size);

/* An envelope that ec_member_admits() took and that passed ec_envelope_check().  `token` comes back
 * in EC_ACT_TELL, once.  Keeps the envelope, copies the salt.  Returns: EC_BUSY only when
 * clients_max wait, or their bytes are too many. */
enum ec_admission ec_member_submit(struct ec_member *member, struct ec_time time, uint64_t token,
                                   struct ec_bytes envelope,
                                   const uint8_t salt[static EC_SALT_SIZE]);

/* When a client who met EC_BUSY should try again: what waits here has probably left by then. */
uint32_t ec_member_retry_ms(const struct ec_member *member);

/* A read that must see all that was acknowledged before it: EC_ACT_READABLE with the token, once
 * its state may be read.  Returns: EC_BUSY when too many reads wait. */
enum ec_admission ec_member_read(struct ec_member *member, struct ec_time time, uint64_t token);

/* What became of an ask for a beacon. */
enum ec_beacon_end {
	EC_BEACON_DONE,      /* id: its value; bytes: a proof of it (docs/formats.md, Beacon) */
	EC_BEACON_NOT_YET,   /* no quorum certified the block yet, as far as is known here */
	EC_BEACON_NO_KEYS,   /* the voters of the block's era share no keys */
	EC_BEACON_ERA_OVER,  /* the era ended, with its keys, and the beacon is not kept here */
	EC_BEACON_PRUNED,    /* the block is older than what is kept here */
	EC_BEACON_ELSEWHERE, /* the block was not fetched yet by this member: others have it */
	EC_BEACON_LATE,      /* too few members gave their share in time */
	EC_BEACON_BUSY,      /* too many are asked for here */
	EC_BEACON_NOT_READY, /* this member has not started, or halted */
	EC_BEACON_ENDS,
};

/* Asks for the beacon of block `seq`, 0 for the newest that is certified; of the members, unless it
 * is kept here.  EC_ACT_BEACON with the token tells what became of it, within 5 s. */
void ec_member_beacon(struct ec_member *member, struct ec_time time, uint64_t token, uint64_t seq);

/* Has this member, which leads, hand over to the one with this index in the roster, or to whichever
 * voter it reaches (UINT32_MAX): others are asked in turn while nobody takes over, for four of the
 * protocol's time-outs and 4 s at most.  Returns: NULL; or why nothing is asked, a sentence never
 * freed: that it does not lead, that its protocol has nobody who could, that no other is reached.
 */
const char *ec_member_hand_over(struct ec_member *member, struct ec_time time, uint32_t heir);

/* Whether that is under way: it is over when another is known to lead, and when it is given up. */
bool ec_member_handing_over(const struct ec_member *member);

/* `count` more of the records handed out are durable, oldest first. */
void ec_member_logged(struct ec_member *member, struct ec_time time, uint32_t count);

/* The time asked for by ec_member_wake_at() has come, and the host has given all that it had; may
 * be early. */
void ec_member_wake(struct ec_member *member, struct ec_time time);

/* When to call ec_member_wake(), on the clock of ec_time.now; to be asked after every input.  0:
 * never; a time that has passed: there is more to do. */
uint64_t ec_member_wake_at(const struct ec_member *member);

enum ec_act_kind {               /* fields used */
	           EC_ACT_SEND,  /* peer bytes: a frame to a link that is up */
	           EC_ACT_BREAK, /* peer text: close that link and make it anew */
	           EC_ACT_LOG,   /* bytes: append a record; ec_member_logged() when durable */
	           EC_ACT_TRIM, /* count: that many of the oldest records are not needed any more */
	           EC_ACT_TELL, /* token id code seq index: an envelope is in an ended block; bytes:
	                           the detail of one that is done; text: why it was refused */
	           EC_ACT_CHECK, /* token id bytes: check this batch, id: its digest; the answer by
	                            ec_member_checked() */
	           EC_ACT_READABLE,  /* token seq: the state may be read now */
	           EC_ACT_BEACON,    /* token seq code id bytes: enum ec_beacon_end, of block seq */
	           EC_ACT_CERTIFIED, /* seq: a certificate stands for all blocks up to seq */
	           EC_ACT_MEMBERS,   /* text: the roster changed: links to make or drop */
	           EC_ACT_ERA_KEY,   /* id: the public half of our era key that alone signs now */
	           EC_ACT_ALARM,     /* text: an operator must know (divergence, a liar, blame) */
	           EC_ACT_NOTE,      /* text: worth a line in the log */
	           EC_ACT_HALT,      /* text: this member must not go on */
};

struct ec_act {
	enum ec_act_kind kind;
	uint32_t peer, index, count;
	unsigned code;
	uint64_t token, seq;
	ec_hash id;
	struct ec_bytes bytes; /* passes to the host, who drops it */
	char text[160];
};

/* The next act; false when there is none.  Call until false after every input. */
bool ec_member_next(struct ec_member *member, struct ec_act *act);

struct ec_member_status {
	uint64_t era, view, position, seq, certified, persisted, stamp_ns, time_ns;
	uint64_t tentative; /* of the positions, those that may be taken back yet */
	uint64_t locked;    /* block that it signed while the order was another, and that no quorum
	                       certified yet: it signs nothing meanwhile; 0: none */
	uint32_t self, leader, n, links_up; /* self: index in the roster, UINT32_MAX none */
	bool leader_self, ready, diverged, fetching, voter;
	bool leaderless; /* nobody leads in this protocol */
	bool keyed;      /* the members of this era share keys, */
	bool sharing;    /* and this one holds its parts of them */
	bool quorum;     /* links are up to enough voters */
	char protocol[EC_TEXT_MAX];
	char not_ready[64];         /* why clients are refused; empty when ready */
	char refuses[128];          /* why they are though it is ready; empty when they are not */
	uint64_t waiting_envelopes; /* of clients of this gateway, queued or in a batch under way */
	uint64_t oldest_wait_ns;    /* how long the first of them has waited; 0: none waits */
	uint64_t waiting_batches, bodies_bytes; /* of anyone, undelivered */
	uint64_t messages_sent, bytes_sent, messages_received, bytes_received;
	uint64_t signatures_checked, view_changes, batches_delivered, envelopes_delivered;
	uint64_t fetched_bytes, fetches; /* state transfer */
	uint64_t older_missing; /* blocks up to it, as far as they are kept, come yet; 0: none */
	uint64_t older_bytes;   /* of older blocks, fetched in the background */
	uint64_t beacons,
		beacon_shares; /* rounds that came together here; shares given to others */
	uint32_t guilty;       /* members of whom there is proof that they broke the protocol */
	uint32_t liar;         /* index of who was caught lying last; UINT32_MAX: nobody who is
	                          a member now */
};

/* What the member says of itself now; messages, bytes and what else adds up since it was opened. */
void ec_member_status(const struct ec_member *member, struct ec_member_status *status);

/* Who broke the protocol, and the proof of it. */
struct ec_guilty {
	uint64_t era;
	uint32_t index;              /* in the roster of that era */
	uint32_t seat;               /* in the one in force; UINT32_MAX: none any more */
	const uint8_t *identity_key; /* whoever has or had that seat; 32 bytes */
	struct ec_bytes evidence;    /* docs/formats.md, Evidence */
};

/* Proof number `number`, from 0, that a member broke the protocol.  It outlives restarts.  Returns:
 * false when there are no more.  Out: key and evidence borrowed while the member lives. */
bool ec_member_guilty(const struct ec_member *member, uint32_t number, struct ec_guilty *guilty);

/* Why none of `protocols` (a table that NULL ends, as in ec_member_config) can serve this roster: a
 * sentence without its subject, the protocol.  Returns: NULL when one can. */
const char *ec_member_misfit(const void *protocols, const struct ec_membership *membership);

/* Its ledger, for queries and receipts; it stays the member's, who alone delivers to it. */
struct ec_ledger *ec_member_ledger(struct ec_member *member);

/* The proof of an envelope: by a certificate if there is one, as ec_ledger_receipt(); else, where
 * the order is revisable, by what members signed so far of its block or a later one, which `verify`
 * calls probabilistic.  EC_NOT_YET: nothing of that is there. */
enum ec_lookup ec_member_receipt(struct ec_member *member, const ec_hash *id,
                                 struct ec_bytes *proof);

/* The membership of the era that it is in; borrowed while the member lives. */
const struct ec_membership *ec_member_membership(const struct ec_member *member);

#endif
