/* state.h - an instance of HoneyBadgerBFT: one flat block, and what its files ask of each other. */
#ifndef EC_HONEYBADGER_STATE_H
#define EC_HONEYBADGER_STATE_H

#include "base/quorum.h"
#include "consensus/alike.h"
#include "consensus/honeybadger/aba.h"
#include "consensus/honeybadger/messages.h"
#include "consensus/honeybadger/rbc.h"

#include <assert.h>

/* Epochs, with the one where a member stands:
 *
 *      kept: what it said of them can be said again     |  live: broadcasts and agreements
 *   oldest ..                                        .. at .. at + AHEAD
 */
enum { AHEAD = 1, LIVE = 1 + AHEAD };

enum {
	KEPT_MIN = 8,     /* epochs that are kept though checkpoints have passed them */
	BUNDLES = 8,      /* of an epoch, before they are joined to one */
	CLAIMS = 8,       /* of one member, the newest */
	BATCHES_MAX = 16, /* of one proposal */
	QUEUE = 2 * BATCHES_MAX,
	ITEMS = 128,     /* in one bundle, when it is first said */
	ECHOES = 8,      /* said at once */
	DELIVERIES = 32, /* in one step */
	ANEWS_MAX = 4,   /* times that a link may be new though no host says so */
	PATIENCE = 64,   /* inputs that are taken before what is to be said is said */
	LABEL_SIZE = 32 + 8 + 4,
};

/* What a member said of an epoch: exactly what records hold, and what a new link is told. */
struct kept {
	uint64_t epoch; /* 0: not in use */
	bool placed;    /* `first` is known */
	bool proposed;
	ec_seq first;            /* the position before its first delivery */
	struct ec_bytes payload; /* what we proposed, until it is done */
	uint32_t bundles;
	struct ec_bytes bundle[BUNDLES];
};

/* One proposal of a live epoch; its agreement stands beside it (hb_aba). */
struct proposal {
	struct rbc rbc;
	uint64_t spoken;          /* whose share of opening it came: the first one counts */
	uint64_t heard, verified; /* of these, those that are kept; and that are known to be good */
	uint32_t batches;         /* in `list` */
	struct ec_bytes list;     /* what it holds, opened; none: nothing, or not opened */
};

/* An epoch in which we take part.  Sets are of proposers. */
struct live {
	uint64_t epoch;
	uint64_t touched;   /* to be looked at */
	uint64_t active;    /* anything was heard of */
	uint64_t delivered; /* by broadcast */
	uint64_t input;     /* our bit was given */
	uint64_t decided, ones, halted;
	uint64_t good;          /* sealed, and may be opened */
	uint64_t shared;        /* our share of opening it was said */
	uint64_t opened;        /* or found to hold nothing */
	bool fixed;             /* S is `ones`, and all of it is here */
	bool unsaid;            /* more may be to be said than was */
	uint32_t owed;          /* of our words that were said last, those not yet back */
	bool listed;            /* `total` is known: delivery has begun */
	uint32_t total, passed; /* deliveries; those that are behind us */
	uint32_t turn; /* how many of the proposers were passed, in the order of the epoch */
	size_t offset; /* into the list of the next */
	struct ec_bytes val[HONEYBADGER_MEMBERS_MAX]; /* of our own proposal */
};

/* That an application is on disk at a position. */
struct claim {
	ec_seq seq; /* 0: none */
	ec_hash digest;
	uint64_t epoch; /* that delivers it */
	ec_seq first;   /* before the first delivery of that */
};

struct peer {
	bool silent;     /* its link is new and it did not yet say where it stands */
	uint64_t at;     /* where it stands, as it said */
	uint64_t oldest; /* what it keeps */
	uint64_t again;  /* the next epoch to tell it all of; 0: none */
	uint64_t anew;   /* where we stood when its number last was another, */
	uint32_t anews;  /* and how often it was since, or since its link is new */
	uint64_t asked,
		heard; /* numbers of its link: ours, which its AT must repeat, and its own */
	struct claim claim[CLAIMS];
};

/* A batch of our host. */
struct pending {
	ec_hash digest;
	struct ec_bytes bytes;
	uint64_t epoch; /* in which it is proposed; 0: it waits */
};

/* Where the arrays behind the struct begin, in bytes from its own beginning (layout.c). */
struct layout {
	size_t peers, live, proposals, shares, agreements, agreement, kept, echoes, end;
};

struct hb {
	struct ec_config config;
	struct layout layout;
	struct honeybadger_options options;
	uint32_t n, voters, faults, quorum;
	uint32_t seat;                            /* among the voters; `voters`: I follow */
	uint8_t node_of[HONEYBADGER_MEMBERS_MAX]; /* the i-th voter */
	uint64_t everyone;                        /* the set of the voters */
	uint32_t ring;                            /* of kept epochs */
	struct rbc_group group;
	uint32_t batches_max; /* of a proposal */
	struct aba_options agreement;
	bool keyed, sharing; /* the era has keys; we hold parts of them, config.shares */

	bool started, fetching, more;
	uint32_t inputs; /* since what is to be said was said */
	uint64_t at, oldest;
	ec_seq delivered, snapped;       /* the application: in memory, on disk */
	ec_seq low;                      /* a quorum is on disk here, we too */
	uint64_t low_epoch, lower_epoch; /* that delivers it; that of the low mark before */
	uint64_t tried;                  /* members that a state was asked of */
	ec_seq fetch;                    /* the last state that was asked for */
	struct claim own[CLAIMS];
	struct claim landed; /* seq, digest: where START or FETCHED put the application */
	uint64_t drawn;      /* numbers drawn from the seed */
	uint32_t queued;
	struct pending queue[QUEUE];
};

enum bug {
	BUG_NONE,
	BUG_EARLY_OPENING,
	BUG_LABEL,
	BUG_COIN_NAME,
	BUG_FORGETS,
	BUG_BAD_SEAL,
	BUG_ECHO_UNSAVED,
	BUG_VOTES_UNSAVED,
	BUG_PROPOSES_ANEW,
	BUG_ONE_CLAIM,
	BUG_ARRIVAL_ORDER,
	BUG_TRUSTING, /* of rbc.h */
	BUG_ABA,      /* the first of aba.h: the others follow */
};

/* Whether this bug is on, in a build that has any. */
static inline bool planted(const struct ec_config *config, enum bug bug)
{
#ifdef EC_PLANTED
	return config->bug == (uint32_t)bug;
#else
	(void)config, (void)bug;
	return false;
#endif
}

/* The set of one. */
static inline uint64_t bit(uint32_t i)
{
	return (uint64_t)1 << i;
}

/* How many a set has. */
static inline uint32_t set_count(uint64_t set)
{
	return (uint32_t)__builtin_popcountll(set);
}

/* Whether I am one. */
static inline bool voter(const struct hb *self)
{
	return self->seat < self->voters;
}

/* ---- options.c: of the vtable, as consensus.h says ---- */

/* Decodes a roster's options (honeybadger.h). */
const char *hb_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
/* The options of a configuration, defaults filled in. */
struct honeybadger_options hb_options_of(const struct ec_config *config);
/* What a host must know of them. */
struct ec_terms hb_terms(const struct ec_config *config);
/* Why no instance could serve a roster: too many members, no voter, keys for others. */
const char *hb_misfit(const struct ec_config *config);

/* ---- layout.c: the block, and what a roster and options come to ---- */

/* The bytes of an instance. */
size_t hb_state_size(const struct ec_config *config);
/* All of the vtable's limits (consensus.h). */
struct ec_limits hb_limits(const struct ec_config *config);
/* How many epochs can be kept. */
uint32_t hb_ring_of(const struct ec_config *config);
/* What broadcasts of this roster are like. */
struct rbc_group hb_group_of(const struct ec_config *config);
/* What agreements of this roster are like; `self` is for its caller to set. */
struct aba_options hb_agreement_of(const struct ec_config *config);
/* Which voter a member is, counted from 0; how many there are: it is none. */
uint32_t hb_seat_of(const struct ec_roster *roster, ec_node node);
/* How many batches a proposal may hold: an epoch does not pass more than two intervals, where there
 * are fewer voters than that. */
uint32_t hb_batches_max(const struct ec_config *config);
/* The most bytes that all that is said of an epoch in bundles can have. */
size_t hb_bundle_max(const struct ec_config *config);
/* Fills self->layout.  In: config, n, voters, ring and agreement are set. */
void hb_layout_set(struct hb *self);
/* The key of the coin; NULL: the era has none. */
const struct ec_threshold_key *hb_coin_key(const struct hb *self);
/* The key of the seal.  In: the era has one. */
const struct ec_threshold_key *hb_seal_key(const struct hb *self);
/* A live epoch; NULL: it is none. */
struct live *hb_live(const struct hb *self, uint64_t epoch);
/* The slot of a live epoch, whatever is in it. */
struct live *hb_live_slot(const struct hb *self, uint64_t epoch);
/* Its proposals, by proposer. */
struct proposal *hb_proposal(const struct hb *self, const struct live *live, uint32_t instance);
/* Its agreements. */
struct aba *hb_aba(const struct hb *self, const struct live *live, uint32_t instance);
/* Shares of opening a proposal: one a voter. */
struct ec_threshold_share *hb_shares(const struct hb *self, const struct live *live,
                                     uint32_t instance);
/* What was said of an epoch; NULL: nothing is kept. */
struct kept *hb_kept(const struct hb *self, uint64_t epoch);
/* The slot for it, whatever is in it. */
struct kept *hb_kept_slot(const struct hb *self, uint64_t epoch);
/* Our ECHO of a proposal in an epoch that is kept. */
struct ec_bytes *hb_echo(const struct hb *self, const struct kept *kept, uint32_t instance);
/* What is known of a member of the roster. */
struct peer *hb_peer(const struct hb *self, ec_node node);

/* ---- said.c: what was said of an epoch ---- */

/* What is kept of an epoch, begun if it was not.  Returns: NULL where it is older than what is
 * kept, or beyond what can be. */
struct kept *hb_kept_open(struct hb *self, uint64_t epoch);
/* Adds a bundle; joins them when there are too many. */
void hb_bundle_add(struct hb *self, struct kept *kept, struct ec_bytes bundle,
                   struct ec_pool *pool);
/* The epoch is done: of what was said only that stays which others may still need. */
void hb_kept_finish(struct hb *self, struct kept *kept, uint64_t ones, struct ec_pool *pool);
/* Forgets epochs below the oldest that is to be kept. */
void hb_kept_forget(struct hb *self);

/* ---- effects.c: what leaves ---- */

/* How many more effects the step may have. */
uint32_t hb_room(const struct ec_out *out);
/* Sends a message to one member, or to EC_ALL; takes over the body. */
void hb_send(struct hb *self, struct ec_out *out, ec_node to, const struct message *message,
             struct ec_bytes body, uint32_t flags);
/* Sends a message of an epoch to all who can use it now, and to oneself; takes over the body.  At
 * most n effects. */
void hb_tell(struct hb *self, struct ec_out *out, const struct message *message,
             struct ec_bytes body);
/* Whether a member can use messages of an epoch now. */
bool hb_within(const struct hb *self, ec_node node, uint64_t epoch);
/* Appends a record; takes over the body.  In: I am a voter. */
void hb_save(struct hb *self, struct ec_out *out, const struct message *message,
             struct ec_bytes body, uint32_t flags);
/* A line of trace, "RULE NUMBER", if config.notes. */
void hb_note(struct hb *self, struct ec_out *out, const char *rule, uint64_t number);

/* ---- epoch.c: broadcasts and agreements make S ---- */

/* Begins to take part in an epoch, with what we said of it in a former life. */
void hb_live_open(struct hb *self, uint64_t epoch, struct ec_pool *pool);
/* Gives back all that it holds. */
void hb_live_close(struct hb *self, struct live *live);
/* Looks at what was touched: broadcasts that deliver, agreements that decide, S, and opening it. */
void hb_epoch_drive(struct hb *self, struct live *live, struct ec_out *out);
/* What the agreement of a proposal needs to know of its coin. */
struct aba_coin hb_coin(const struct hb *self, uint64_t epoch, uint32_t instance);

/* ---- received.c: what comes ---- */

/* VAL: our shard of the sender's proposal. */
void hb_val_received(struct hb *self, const struct ec_input *in, const struct message *m);
/* ECHO: the sender's shard of a proposal. */
void hb_echo_received(struct hb *self, const struct ec_input *in, const struct message *m);
/* An ECHO or VOTES: whether it is our own that has come back. */
void hb_own_heard(struct hb *self, const struct ec_input *in, const struct message *m);
/* VOTES: a bundle. */
void hb_votes_received(struct hb *self, const struct ec_input *in, const struct message *m);

/* ---- sealing.c: what a proposal is, and keeping it secret until S is fixed ---- */

/* 32 bytes that nobody can foretell, never the same: from config.seed and a count. */
ec_hash hb_draw(struct hb *self);
/* A proposal of `count` batches of the queue: sealed where the era has keys.  Returns: its payload,
 * with one owner. */
struct ec_bytes hb_payload_make(struct hb *self, struct ec_pool *pool, uint64_t epoch,
                                const struct pending *const *batch, uint32_t count);
/* Judges a payload that was delivered by broadcast: what holds nothing is opened at once, and so is
 * what is not sealed; the rest is good, to be opened by shares. */
void hb_payload_judge(struct hb *self, struct live *live, uint32_t instance,
                      struct ec_bytes payload, struct ec_pool *pool);
/* Our share of opening a proposal that is good. */
void hb_share_make(struct hb *self, const struct live *live, uint32_t instance,
                   struct ec_threshold_share *share);
/* Opens a good proposal if there are shares enough; verifies them only if they do not fit. */
void hb_payload_open(struct hb *self, struct live *live, uint32_t instance, struct ec_pool *pool);

/* ---- propose.c ---- */

/* How many batches I can take. */
uint32_t hb_want(const struct hb *self);
/* SUBMIT: keeps a batch until it is delivered as ours. */
void hb_submitted(struct hb *self, const struct ec_input *in);
/* Proposes in the epoch where we stand, once, if there is a reason to. */
bool hb_propose(struct hb *self, struct ec_out *out);
/* Our proposal in an epoch was delivered, or it was not: its batches are done, or wait again. */
void hb_proposal_settled(struct hb *self, uint64_t epoch, bool delivered);

/* ---- say.c ---- */

/* Saves and says what is new of a live epoch.  Returns: whether there was anything. */
bool hb_say(struct hb *self, struct live *live, struct ec_out *out);

/* ---- deliver.c ---- */

/* Delivers what is opened, in pieces; ends the epoch when all agreements have halted.  Returns:
 * whether anything moved. */
bool hb_deliver(struct hb *self, struct ec_out *out);
/* Begins to take part in the epoch where we stand, which is `placed`, and those after it. */
void hb_stand(struct hb *self, struct ec_pool *pool);
/* Goes to a later epoch, of which a claim says where it is in the order. */
void hb_jump(struct hb *self, const struct claim *claim, struct ec_out *out);

/* ---- links.c ---- */

/* LINK: says where we stand, and our claims; what was in flight will be said again. */
void hb_linked(struct hb *self, ec_node to, struct ec_out *out);
/* AT: where a member stands. */
void hb_at_received(struct hb *self, const struct ec_input *in, const struct message *m,
                    struct ec_out *out);
/* How many voters say that they stand beyond our epoch. */
uint32_t hb_beyond(const struct hb *self);
/* Says where we stand to one, or EC_ALL: n effects at most. */
void hb_at_say(struct hb *self, ec_node to, struct ec_out *out);
/* Says one epoch to one member who needs it.  Returns: whether there was one. */
bool hb_again(struct hb *self, struct ec_out *out);

/* ---- checkpoint.c ---- */

/* SNAPPED or START, the application is on disk there: claims the position; cuts the log if it may.
 */
void hb_snapped(struct hb *self, const struct ec_input *in, struct ec_out *out);
/* FETCHED: stands where the host says. */
void hb_fetched(struct hb *self, const struct ec_input *in, struct ec_out *out);
/* CLAIM: keeps it, counts equal ones. */
void hb_claim_received(struct hb *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out);
/* Says our claims from the low mark up, to one. */
void hb_claims_say(struct hb *self, ec_node to, struct ec_out *out);
/* Remembers what we claimed. */
void hb_own_claim_set(struct hb *self, const struct claim *claim);
/* Claims a position that our application has on disk, if it is a checkpoint and we know which epoch
 * delivers it; once. */
void hb_claim_make(struct hb *self, ec_seq seq, const ec_hash *digest, struct ec_out *out);
/* Has the application brought where messages can no longer help.  Returns: whether it asked. */
bool hb_catch_up(struct hb *self, struct ec_out *out);
/* The oldest epoch that is to be kept by one who stands at `at`. */
uint64_t hb_oldest(const struct hb *self, uint64_t at);
/* Whether there is no room for the epoch after the one where we stand: a checkpoint must pass. */
bool hb_ring_full(const struct hb *self);

/* ---- recovery.c ---- */

/* RECORD: restores what was said with it.  No effects. */
void hb_record_replayed(struct hb *self, const struct ec_input *in, struct ec_pool *pool);
/* START: all is replayed; the application stands at in->seq. */
void hb_life_start(struct hb *self, const struct ec_input *in, struct ec_out *out);

/* ---- The rest of the vtable, as consensus.h says ---- */

/* Whether a message may be shown to step(): form, numbers, shards; any thread (check.c). */
bool hb_check(const struct ec_config *config, const struct ec_input *in);
/* All references that an instance owns (held.c). */
uint32_t hb_held(const void *self, struct ec_bytes *at);
/* Asserts the numbered invariants (invariants.c). */
void hb_invariants(const void *self);
/* The state in a line (show.c). */
void hb_show(const void *self, struct ec_text *text);
/* A message's or a record's head in words (show.c). */
void hb_show_head(struct ec_bytes head, struct ec_text *text);

#endif
