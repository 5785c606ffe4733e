/* cluster_fake.h - a few members in one process with virtual time: for tests.
 *
 * Links are first-in first-out with random delays and lose what is in flight when they break; a log
 * is an array of records of which a prefix is durable; a crash keeps the durable ones, perhaps some
 * more, and of the store what was synced.
 */
#ifndef EC_GROUP_CLUSTER_FAKE_H
#define EC_GROUP_CLUSTER_FAKE_H

#include "base/prng.h"
#include "group/frames.h"
#include "group/member.h"
#include "ledger/test_world.h"

enum { CLUSTER_MAX = 8 };

struct cluster_plan {
	uint64_t seed;
	uint32_t members;    /* in the genesis */
	uint32_t spare;      /* further ones, not in it */
	uint32_t authors;    /* of envelopes; at least 1 */
	uint32_t learners;   /* so many members, the first ones, do not vote */
	bool keys;           /* the voters of the genesis share keys (ledger/test_keys.h) */
	bool roots_apart;    /* not every block has a state root */
	bool unsigned_group; /* envelopes carry no signature, and the crypto is a cheap stand-in */
	uint64_t delay_min_ns, delay_max_ns; /* of a link; 0: 100 us to 1 ms */
	uint64_t sync_ns;                    /* of a log; 0: 500 us */
	uint64_t check_ns;                   /* of a batch that was secret, about; 0: nothing */
	/* What work costs a node, which does one thing at a time; 0: nothing. */
	uint64_t frame_ns, byte_ns, envelope_ns, persist_ns;
	const struct ec_protocol *const *protocols;
	const char *protocol; /* of the genesis; NULL: pbft */
	struct ec_shares_source shares;
	const struct ec_service *const *services; /* NULL: none */
	const struct ec_service_entry *service;   /* of the genesis */
	uint32_t service_count;
};

struct cluster_told { /* what a client heard */
	uint64_t token, seq, at;
	ec_hash id;
	uint32_t node;
	unsigned code;
};

struct cluster_beacon { /* what became of an ask for a beacon */
	uint64_t token, seq, at;
	ec_hash value;
	unsigned code; /* enum ec_beacon_end */
	size_t proof_size;
	uint8_t proof[8192];
};

struct event;

struct cluster_node {
	struct ec_member *member; /* NULL: down */
	struct ec_pool *pool;
	struct ec_store *store;
	struct ec_secret identity, era_key, next_key;
	struct ec_proof_memo memo;
	struct ec_bytes *log; /* bytes from malloc */
	uint32_t log_count, log_durable, log_capacity;
	uint32_t syncing; /* records that the sync under way makes durable */
	uint32_t life;
	uint64_t appends;                         /* of all lives */
	uint64_t crash_at_append;                 /* it crashes as it appends that one; 0: never */
	const struct ec_service *const *services; /* NULL: those of the plan */
	const struct ec_protocol *const *protocols;
	bool halted, has_next_key;
	bool log_waits; /* its disk is full: nothing becomes durable */
	bool liar;      /* flips a bit in chunks of state, and older blocks, that it sends */
	bool silent;    /* sends none */
	bool unsaid;    /* its header signatures and certificates get lost on the way */
	bool garbles;   /* changes a byte in one of eight frames that it sends */
	bool mulls; /* takes 1 us a byte to check a batch, several at once: smaller ones overtake */
	bool misshares;       /* its shares of beacons are changed */
	bool forges;          /* its offers of a sealed batch hold a wrong signature */
	uint32_t equivocates; /* while it leads this node gets other proposals; less 1; 0: nobody */
	uint32_t censored;    /* while it leads it gets no batch of this node; less 1; 0: of all */
	bool starves;         /* of that node it lacks the next batch alone: `starved` */
	ec_hash starved;
	uint64_t wake;
	struct event *work; /* what arrived and waits until it is free */
	uint32_t work_first, work_count, work_capacity;
	uint64_t free_at;
	bool woke; /* the last that it did was to wake */
	uint64_t sent[EC_FRAME_KINDS];
	uint64_t check_ns;       /* instead of the plan's; 0: that */
	uint64_t checks;         /* batches that it had checked when they were delivered */
	uint64_t admitted, busy; /* envelopes taken, and those that were too many */
	uint32_t alarms, crashes, keys_retired;
	ec_hash key_alone; /* that alone signs, as the member said last */
	uint64_t fetches;  /* of earlier lives */
	char alarm[160], halt[160];
	struct cluster_beacon beacon; /* the last that it told, of so many */
	uint32_t beacons;
	uint64_t readable; /* the last token of a read that was answered */
};

struct cluster;

struct cluster *cluster_new(const struct cluster_plan *plan);
void cluster_free(struct cluster *cluster);

struct cluster_node *cluster_node(struct cluster *cluster, uint32_t node);
const struct world *cluster_world(const struct cluster *cluster);
struct ec_prng *cluster_prng(struct cluster *cluster);
uint64_t cluster_now(const struct cluster *cluster);

void cluster_start(struct cluster *cluster, uint32_t node);
void cluster_crash(struct cluster *cluster, uint32_t node); /* as a loss of power */
void cluster_wipe(struct cluster *cluster, uint32_t node);  /* down: log and store are gone */

/* Whether a and b may be connected; at the start all are. */
void cluster_connect(struct cluster *cluster, uint32_t a, uint32_t b, bool connected);
void cluster_break(struct cluster *cluster, uint32_t a, uint32_t b); /* comes back by itself */

/* From now links take so long, also for what is under way, if that is sooner. */
void cluster_delays(struct cluster *cluster, uint64_t min_ns, uint64_t max_ns);

/* Runs for that long, or until `done` (may be NULL) says so.  Returns: whether it did. */
bool cluster_run(struct cluster *cluster, uint64_t ns, bool (*done)(struct cluster *, void *),
                 void *self);

/* Gives a note of its own, by an author, to a gateway.  Returns: whether it was admitted; where
 * work takes time, whether it is up: `admitted` and `busy` of the node count what it says later. */
bool cluster_submit(struct cluster *cluster, uint32_t node, uint64_t token);

/* Gives any payload by an author, whose sequence in lane 0 counts up. */
bool cluster_submit_payload(struct cluster *cluster, uint32_t node, uint32_t author, uint64_t token,
                            const void *payload, size_t size);

/* Gives any payload by a member's identity key, through itself. */
bool cluster_submit_own(struct cluster *cluster, uint32_t node, uint64_t token, const void *payload,
                        size_t size);

/* What its members verify with. */
const struct ec_crypto *cluster_crypto(const struct cluster *cluster);

enum ec_admission cluster_read(struct cluster *cluster, uint32_t node, uint64_t token);

/* Has a member hand over: as ec_member_hand_over(). */
const char *cluster_hand_over(struct cluster *cluster, uint32_t node, uint32_t heir);

/* Asks a member for the beacon of a block; 0: the newest that is certified. */
void cluster_beacon(struct cluster *cluster, uint32_t node, uint64_t token, uint64_t seq);

/* The vote of a member, through itself, for a next roster.  Returns: whether it was admitted. */
bool cluster_vote(struct cluster *cluster, struct ec_membership *next, uint32_t node,
                  uint64_t token);

/* Transfers of state begun by a member in all its lives. */
uint64_t cluster_fetches(struct cluster *cluster, uint32_t node);

/* All that clients heard so far. */
const struct cluster_told *cluster_told(const struct cluster *cluster, uint32_t *count);

#endif
