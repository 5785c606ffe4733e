/* log.h - what Paxos and Multi-Paxos have in common: a window of positions, the values accepted
 * and chosen there, delivery in order, catching up, and the end of the log.
 *
 * An instance of either begins with a struct log, and ends with its ring of slots:
 *
 *      retained      |  window, where values are proposed  |  lookahead
 *   low-K .. low     |  low+1 .. low+W                     |  .. low+W+K
 *
 * How a value comes to be chosen is the protocol's own. */
#ifndef EC_PAXOS_LOG_H
#define EC_PAXOS_LOG_H

#include "base/quorum.h"
#include "consensus/alike.h"
#include "consensus/paxos/messages.h"

#include <assert.h>

/* What a position may hold: a batch and who first proposed it; a filler is no bytes by EC_ALL. */
struct value {
	ec_hash digest;
	ec_node origin;
	struct ec_bytes body;
};

struct slot {
	ec_seq seq;        /* 0: not in use */
	uint64_t promised; /* Paxos alone: each position has ballots of its own */
	uint64_t accepted; /* the ballot in which `value` was accepted; 0: in none */
	bool chosen;       /* and `value` is what is chosen */
	struct value value;
	/* Of a proposer. */
	uint64_t proposed;    /* the ballot in which it proposed, 0: in none of this life */
	uint64_t votes;       /* who accepted in that ballot */
	uint64_t best_ballot; /* of the reports to the ballot that it prepares: 0: none */
	struct value best;
};

/* The state of an application on disk. */
struct mark {
	ec_seq seq;
	ec_hash digest;
};

/* Planted bugs of what both have in common: the first of either. */
enum log_bug {
	LOG_SPEAK_FIRST = 1,
	LOG_NO_SAVE,
	LOG_EARLY_CUT,
	LOG_GAP,
	LOG_LEARN_ACCEPTED,
	LOG_BUGS_END, /* where the others begin */
};
/* clang-format off */
#define LOG_BUGS_NAMED \
	[LOG_SPEAK_FIRST - 1] = "an acceptor answers before it saves", \
	[LOG_NO_SAVE - 1] = "an accepted value is not saved", \
	[LOG_EARLY_CUT - 1] = "forgets slots at its own checkpoint, which slow members need", \
	[LOG_GAP - 1] = "delivers behind a gap", \
	[LOG_LEARN_ACCEPTED - 1] = "tells as chosen what it has merely accepted"
/* clang-format on */

struct log {
	struct ec_config config;
	struct paxos_quorums quorums;               /* filled in: how many voters */
	uint32_t interval, window, batch_bytes_max; /* K, W, and of one batch */
	uint64_t timeout_ns; /* for an answer to ASK_LEARN; and the protocol's own */
	uint32_t n, ring;
	uint64_t voter_set, leader_set;
	bool voter; /* I am one */
	bool started, replayed, fetching;
	uint64_t now;
	uint64_t promised; /* Multi-Paxos: the highest ballot promised, for all positions */
	ec_seq low;        /* a quorum has the application on disk here, and so have we */
	ec_seq cut;        /* of the log */
	ec_seq snapped;    /* our application is on disk here, perhaps with no checkpoint */
	ec_seq fetched;    /* at or below this nothing was delivered by us but brought */
	ec_seq delivered;  /* no gap up to here */
	ec_seq chosen;     /* all up to here are chosen, and known or brought */
	ec_seq known;      /* somebody said that all up to here are chosen */
	ec_node source;    /* who said so */
	uint64_t asked;    /* until when an answer is waited for; 0: nobody is asked */
	ec_seq asked_to;   /* what it was asked for at most */
	uint32_t vain;     /* members asked in a row that did not tell that much in time */
	struct mark state; /* our newest checkpoint on disk, for others */
	ec_seq marks[PAXOS_MEMBERS_MAX]; /* where the newest of each member is, ours too */
	size_t slots_at;                 /* from the beginning of the instance */
};

/* The set of one member: sets are words of 64 bits, a bit each. */
static inline uint64_t bit(ec_node node)
{
	assert(node < PAXOS_MEMBERS_MAX);
	return (uint64_t)1 << node;
}

/* How many members are in a set. */
static inline uint32_t set_count(uint64_t set)
{
	return (uint32_t)__builtin_popcountll(set);
}

/* Planted bugs exist in one build only. */
#ifdef EC_PLANTED
/* Whether one of them is on. */
static inline bool log_planted(const struct log *log, enum log_bug which)
{
	return log->config.bug == (uint32_t)which;
}
#else
#define log_planted(log, which) ((void)(log), false)
#endif

/* ---- options.c ---- */

/* Options with the defaults in the place of zeros.  In: given: NULL: none; roster: NULL: leaves the
 * quorums as they are. */
struct paxos_options paxos_options_filled(const struct ec_roster *roster,
                                          const struct paxos_options *given);
/* What a roster alone does not judge.  Returns: NULL, or what they must be. */
const char *paxos_options_wrong(const struct paxos_options *given);
/* Reads the first five numbers of encoded options: all but the time-out. */
void paxos_options_decode(struct ec_reader *reader, struct paxos_options *options);
/* terms() of either, as consensus.h says. */
struct ec_terms paxos_terms(const struct ec_config *config);
/* misfit() likewise: all of it for Paxos. */
const char *paxos_misfit(const struct ec_config *config);

/* ---- log.c: the ring ---- */

/* The set of the voters of a roster. */
uint64_t paxos_voters_of(const struct ec_roster *roster);
/* Those that may lead: the voters with that role; all voters where none has it. */
uint64_t paxos_leaders_of(const struct ec_roster *roster);
/* Quorums with majorities in the place of zeros. */
struct paxos_quorums paxos_quorums_of(const struct ec_roster *roster, struct paxos_quorums asked);
/* Why quorums do not fit a roster, or NULL (Howard, Malkhi and Spiegelman, Flexible Paxos, 2016:
 * one of each kind must meet). */
const char *paxos_quorums_misfit(const struct ec_roster *roster, struct paxos_quorums asked);
/* How many slots a ring has: W + 2K.  In: options with their defaults filled in. */
uint32_t paxos_ring_of(const struct paxos_options *options);
/* What an instance needs whose own struct has `size`, for its log: a step delivers each slot, with
 * its SNAP, or tells an interval, and says a handful of things.  In: options with their defaults
 * filled in. */
struct ec_limits paxos_log_limits(const struct paxos_options *options, size_t size);
/* Begins a log: the whole block is zero but for it.  In: options with their defaults filled in; the
 * size of the protocol's own struct. */
void paxos_log_init(struct log *log, const struct ec_config *config,
                    const struct paxos_options *options, size_t size);
/* The slot of a position; NULL outside the ring. */
struct slot *paxos_slot_at(const struct log *log, ec_seq seq);
/* Slots are those of the positions after this one, */
ec_seq paxos_floor(const struct log *log);
/* up to this one. */
ec_seq paxos_end(const struct log *log);
/* Moves the low mark up: slots that leave the ring are dropped, those that enter are empty. */
void paxos_slide(struct log *log, ec_seq low);
/* The value of a message. */
struct value paxos_value_of(const struct ec_input *in, const struct message *m);
/* Whether two values are the same batch by the same proposer. */
bool paxos_value_equal(const struct value *a, const struct value *b);
/* Puts a value in the place of another; keeps its bytes. */
void paxos_value_set(struct value *place, const struct value *value);
/* Accepts a value in a ballot: a voter saves it before whatever it says next.  In: a ballot not
 * below that of the slot. */
void paxos_accept(struct log *log, struct slot *slot, uint64_t ballot, const struct value *value,
                  struct ec_out *out);
/* The value of a slot is chosen, and this is it; nothing where it is chosen already. */
void paxos_choose(struct log *log, struct slot *slot, const struct value *value);
/* Somebody said that all positions up to one are chosen. */
void paxos_know(struct log *log, ec_node from, ec_seq upto);
/* The first position above the low mark of which it is not known here what is chosen. */
ec_seq paxos_first_open(const struct log *log);
/* Delivers what is chosen, in order; asks for a checkpoint at multiples of K. */
void paxos_deliver(struct log *log, struct ec_out *out);
/* Whether a batch is chosen above the low mark, or was proposed in a ballot, 0: none. */
bool paxos_knows(const struct log *log, const ec_hash *digest, uint64_t ballot);
/* Sends a message to one member, or to EC_ALL; takes over the body. */
void paxos_send(struct log *log, struct ec_out *out, ec_node to, const struct message *message,
                struct ec_bytes body, uint32_t flags);
/* Appends a record; takes over the body. */
void paxos_save(struct log *log, struct ec_out *out, const struct message *message,
                struct ec_bytes body, uint32_t flags);
/* A line of trace, "RULE NUMBER", if config.notes. */
void paxos_note(struct log *log, struct ec_out *out, const char *rule, uint64_t number);
/* The buffers that the ring holds, and their count (consensus.h). */
uint32_t paxos_held(const struct log *log, struct ec_bytes *at);

/* ---- marks.c: checkpoints, and the end of the log ---- */

/* The highest position at or above which as many voters as accept have a checkpoint on disk. */
ec_seq paxos_stable(const struct log *log);
/* SNAPPED: the application is on disk at in->seq: tells all. */
void paxos_snapped(struct log *log, const struct ec_input *in, struct ec_out *out);
/* CHECKPOINT: another's is on disk there. */
void paxos_checkpoint_received(struct log *log, const struct ec_input *in, const struct message *m,
                               struct ec_out *out);
/* Tells a new link what is on disk here. */
void paxos_mark_tell(struct log *log, ec_node to, struct ec_out *out);
/* RECORD: one of a CUT. */
void paxos_cut_replayed(struct log *log, const struct message *m);
/* RECORD: one of an ACCEPT. */
void paxos_accept_replayed(struct log *log, const struct ec_input *in, const struct message *m);
/* START: the application stands at in->seq. */
void paxos_log_start(struct log *log, const struct ec_input *in, struct ec_out *out);

/* ---- learn.c: who is behind ---- */

/* Asks for what is known to be chosen and is not here; at the end of each step. */
void paxos_catch_up(struct log *log, struct ec_out *out);
/* Tells one position as chosen.  In: it is. */
void paxos_learn_tell(struct log *log, ec_node to, const struct slot *slot, struct ec_out *out);
/* Names the newest state that is on disk here, if it is at or above `seq`.  Returns: whether. */
bool paxos_state_tell(struct log *log, ec_node to, ec_seq seq, struct ec_out *out);
/* FETCHED: stands where the host says; where we stood or below: it failed, another is asked. */
void paxos_fetched(struct log *log, const struct ec_input *in, struct ec_out *out);
/* A message of what both have in common: ASK_LEARN, LEARN, STATE, CHECKPOINT. */
void paxos_log_received(struct log *log, const struct ec_input *in, const struct message *m,
                        struct ec_out *out);
/* LINK: an answer may be lost. */
void paxos_learn_linked(struct log *log, ec_node from);

/* ---- check.c ---- */

/* Reads the head of a message.  Returns: whether it is one, by a member, and of our group, era and
 * protocol; in the planted build also of others, if config.bug is `foreign`. */
bool paxos_head_good(const struct ec_config *config, const struct ec_input *in, uint32_t foreign,
                     struct message *m);
/* Whether a message of what both have in common has its form and its bounds. */
bool paxos_common_good(const struct ec_config *config, const struct ec_input *in,
                       const struct message *m, uint32_t batch_bytes_max);
/* Whether a value has: a batch of at most batch_bytes_max bytes by a voter, or a filler. */
bool paxos_value_good(const struct ec_config *config, const struct ec_input *in,
                      const struct message *m, uint32_t batch_bytes_max);
/* Whether it is a ballot of a voter that may lead, of no more than NUMBER_TOLD_MAX. */
bool paxos_ballot_good(const struct ec_config *config, uint64_t ballot);

/* ---- promises.c ---- */

/* Says what is not equal.  Returns: false. */
bool paxos_promise_differs(struct ec_text *why, const char *what, uint64_t number);
/* Whether a log restored from all the records of another holds all that it accepted above both low
 * marks.  Out: why, if not. */
bool paxos_accepted_equal(const struct log *lived, const struct log *restored, struct ec_text *why);

/* ---- invariants.c ---- */

/* Asserts the invariants of the ring (L1) to (L5), numbered there. */
void paxos_log_invariants(const struct log *log);

#endif
