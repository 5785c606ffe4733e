/* state.h - an instance of Raft: one flat block, and what its files ask of each other.
 *
 * The log, by index: position base + i in the order of the group is index i here.
 *
 *      on disk as a state | ring: window entries at most
 *      1 ......... floor  | floor+1 .. snap .. commit .. verified .. last
 *
 * `commit` is what this life has learned to be committed; the application (`delivered`) may stand
 * ahead of it, for it remembers more than we do. */
#ifndef EC_RAFT_STATE_H
#define EC_RAFT_STATE_H

#include "base/prng.h"
#include "base/quorum.h"
#include "consensus/alike.h"
#include "consensus/raft/messages.h"

#include <assert.h>

enum {
	ROUNDS = 8,    /* of heartbeats whose times are remembered */
	FILLERS = 256, /* that fit into the ring beside a full window: terms in a row that commit
	                  nothing */
};

enum role { FOLLOWER, PRECANDIDATE, CANDIDATE, LEADER };

struct entry {
	uint64_t term;
	ec_node origin; /* who proposed the batch; EC_ALL: a filler */
	ec_hash digest; /* of the batch */
	struct ec_bytes body;
};

/* How a leader fills one follower's log. */
enum flow {
	PROBE,     /* one message, until it is known where the logs part */
	REPLICATE, /* up to `inflight` entries ahead of what is known to be there */
	SNAPSHOT,  /* a state is brought: nothing until it has come */
};

struct member {
	enum flow flow;
	bool waits;        /* PROBE: the answer to one is on its way */
	ec_seq match;      /* its log is mine up to here, on its disk */
	ec_seq next;       /* the next entry to send it */
	uint64_t heard_at; /* when it last answered in this term */
	uint64_t round;    /* of the heartbeats that it answered, the last */
	uint64_t probed;   /* in which round something was last sent */
	uint64_t asks;     /* reads up to this ticket wait for the next round; 0: none */
	uint64_t asked;    /* these for the round that is out; 0: none */
};

struct raft {
	struct ec_config config;
	struct raft_options options;
	uint32_t n, voters, quorum, ring, tag;
	uint64_t voter_set, leader_set;
	ec_node first;        /* leads from the era's beginning */
	bool voter, may_lead; /* I, unless muted */

	bool started, recorded, fetching;
	enum role role;
	uint64_t term;
	ec_node vote;   /* in this term; EC_ALL: nobody's */
	ec_node leader; /* of this term; EC_ALL: not known */
	ec_node lead;   /* the last that was known */
	uint64_t now;
	uint64_t loyal;     /* until then nobody but the leader that I heard is voted for */
	uint64_t deadline;  /* when I stand for election; 0: I do, and my vote is not on disk */
	uint32_t fruitless; /* terms in a row in which no other led */
	uint64_t votes;     /* for me, in this term or before it */
	uint64_t unbound;   /* as leader: whose ACKs count for nothing but what to send next */
	uint8_t vote_word;  /* of my VOTE, as long as I stand */
	struct ec_prng prng;

	ec_seq floor, last, commit, verified, delivered;
	uint64_t floor_term; /* 0 above index 0: not known (log.c) */
	uint64_t generation; /* how often the log began anew at a state */
	ec_seq snap;         /* others may be brought here */
	uint64_t snap_term;
	ec_hash snap_digest;
	ec_seq install;                    /* a state of this index was asked for, */
	uint64_t install_term;             /* whose entry has this term */
	ec_seq commit_before, last_before; /* this step; for invariants */
	uint64_t term_before;

	uint64_t calm;             /* as leader: since when a quorum answers soon */
	ec_seq begun;              /* as leader: the filler with which my term began */
	uint64_t heartbeat_at;     /* when the next round is due */
	uint64_t round, confirmed; /* the last round; the last that a quorum answered */
	uint64_t round_at[ROUNDS]; /* when they left */
	uint64_t read_round;       /* the round that reads wait for; 0: none is out */
	ec_seq read_commit;        /* what they will see */
	ec_node heir;              /* to whom I hand over; EC_ALL: nobody */
	uint64_t heir_deadline;
	bool heir_asked; /* it was told */
	bool heir_told;  /* somebody was in this term: he may be elected while I am heard */

	uint64_t wanted; /* the newest ticket that is asked for here; 0: none */
	uint64_t asked;  /* reads up to this one are on their way to the leader; 0: none */
	bool answered;   /* and may see read_at */
	ec_seq read_at;
};

/* The set of one member: sets are words of 64 bits, a bit each. */
static inline uint64_t bit(ec_node node)
{
	assert(node < RAFT_MEMBERS_MAX);
	return (uint64_t)1 << node;
}

/* How many members are in a set. */
static inline uint32_t set_count(uint64_t set)
{
	return (uint32_t)__builtin_popcountll(set);
}

/* Planted bugs exist in one build only. */
enum bug {
	BUG_COUNTS_OLD_TERMS = 1,
	BUG_NO_PREVOTE,
	BUG_READS_ALONE,
	BUG_HALF_QUORUM,
	BUG_ANY_ERA,
	BUG_FORGETS_SLOW,
	BUG_VOTE_UNSAVED,
	BUG_SHORT_LOG,
	BUG_SHORT_APPEND,
	BUG_UNVERIFIED,
	BUG_MATCH_KEPT,
	BUG_STALE_ACK,
	BUG_BLIND_PREVOTE,
	BUG_LONG_LEASE,
	BUG_READS_EARLY,
	BUG_EARLY_CUT,
	BUG_COUNTS_UNSAVED,
	BUG_FIRST_AGAIN,
	BUG_EAGER_ACK,
};
#ifdef EC_PLANTED
/* Whether this instance has that bug. */
static inline bool planted(const struct raft *self, enum bug which)
{
	return self->config.bug == (uint32_t)which;
}
#else
#define planted(self, which) ((void)(self), false)
#endif

/* ---- layout.c: the arrays behind the struct, and what a roster comes to ---- */

/* The bytes of an instance: limits().state. */
size_t raft_state_size(const struct ec_config *config);
/* The ring of entries: raft_ring_of() of them, index i at i % that. */
struct entry *raft_entries(const struct raft *self);
/* What is kept of each member: n of them. */
struct member *raft_members(const struct raft *self);
/* How many entries the ring holds: the window, what leads to the next checkpoint (raft_room), and
 * the fillers of elections. */
uint32_t raft_ring_of(const struct raft_options *options);
/* The set of the voters of a roster. */
uint64_t raft_voters_of(const struct ec_roster *roster);
/* The voters that may lead; all voters where none may. */
uint64_t raft_leaders_of(const struct ec_roster *roster);
/* Who leads an era from its beginning: the option, or the next after it that may. */
ec_node raft_first_of(const struct ec_config *config);
/* What begins every message: a part of the domain, so of group, era and protocol. */
uint32_t raft_tag_of(const struct ec_config *config);

/* ---- options.c: of the vtable, as consensus.h says ---- */

/* The options of a configuration, defaults filled in. */
struct raft_options raft_options_of(const struct ec_config *config);
/* Decodes a roster's options (raft.h). */
const char *raft_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
/* Their fields in order. */
extern const struct ec_option raft_option_table[];
/* What a host must know of them, defaults filled in. */
struct ec_terms raft_terms(const struct ec_config *config);
/* Why no instance could serve a roster. */
const char *raft_misfit(const struct ec_config *config);

/* ---- log.c: the entries ---- */

/* An entry in the ring.  In: floor < index <= last. */
struct entry *raft_entry_at(const struct raft *self, ec_seq index);
/* The term of an entry.  In: floor <= index <= last.  Returns: 0 at index 0, and at a floor that a
 * state was brought to without a word of its term. */
uint64_t raft_term_at(const struct raft *self, ec_seq index);
/* Whether it is not known of which term the log's last entry is. */
bool raft_log_strange(const struct raft *self);
/* How many more entries fit. */
uint32_t raft_log_room(const struct raft *self);
/* Whether a batch is in the ring. */
bool raft_log_knows(const struct raft *self, const ec_hash *digest);
/* The last index, at most `index`, whose term is at most `term`: where two logs may still agree
 * (section 5.3).  Returns: floor where there is none above it.  In: floor <= index <= last. */
ec_seq raft_log_below(const struct raft *self, ec_seq index, uint64_t term);
/* Puts an entry behind the last; takes over its body.  In: there is room. */
void raft_log_put(struct raft *self, const struct entry *entry);
/* The same, with a record of it. */
void raft_log_append(struct raft *self, const struct entry *entry, struct ec_out *out);
/* Drops entries behind `last`.  In: not below floor. */
void raft_log_truncate(struct raft *self, ec_seq last);
/* Drops entries up to `floor`.  In: at most last. */
void raft_log_forget(struct raft *self, ec_seq floor);
/* Drops all: the log ends and begins at `index`, of `term`, or 0 where that is not known. */
void raft_log_reset(struct raft *self, ec_seq index, uint64_t term);

/* ---- effects.c: what leaves ---- */

/* Sends a message in my term, or in the one it names; takes over the body.  In: EC_EAGER of what
 * binds nobody or is on disk. */
void raft_send(struct raft *self, struct ec_out *out, ec_node to, struct message message,
               struct ec_bytes body, uint32_t flags);
/* Appends a record; nothing at a member that is no voter.  Takes over the body. */
void raft_save(struct raft *self, struct ec_out *out, const struct message *message,
               struct ec_bytes body, uint32_t flags);
/* A line of trace, "RULE NUMBER", if config.notes. */
void raft_note(struct raft *self, struct ec_out *out, const char *rule, uint64_t number);

/* ---- election.c: terms, votes, patience (sections 5.2, 5.4.1; thesis 9.6) ---- */

/* Goes to a higher term, whose leader is not known. */
void raft_term_enter(struct raft *self, uint64_t term, struct ec_out *out);
/* Follows in this term, and waits anew. */
void raft_follow(struct raft *self);
/* Draws the next time to stand for election, later after fruitless terms. */
void raft_patience_renew(struct raft *self);
/* A wait in ns, doubled for the fruitless terms behind the first ones, at most 16 times. */
uint64_t raft_longer(const struct raft *self, uint64_t wait_ns);
/* The leader is heard. */
void raft_leader_hear(struct raft *self);
/* Whether the leader was heard so lately that nobody else is voted for. */
bool raft_leader_heard(const struct raft *self);
/* Stands for election in the next term; with ASKED_TO_LEAD at the old leader's wish. */
void raft_stand(struct raft *self, uint8_t word, struct ec_out *out);
/* The wait is over: asks whether standing would help, then stands. */
void raft_election_run(struct raft *self, struct ec_out *out);
void raft_prevote_received(struct raft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out); /* PREVOTE: would I vote? */
void raft_prevoted_received(struct raft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out); /* PREVOTED: a quorum would: I stand */
void raft_vote_received(struct raft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out); /* VOTE: mine, once a term, to disk first */
void raft_voted_received(struct raft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out); /* VOTED: a quorum, myself in it: I lead */

/* A new link: who is asked for a vote may not have heard of it. */
void raft_election_linked(struct raft *self, ec_node node, struct ec_out *out);

/* ---- leader.c: a leader's log becomes the others' (5.3, 5.4.2; thesis 10.2) ---- */

/* I lead: a filler begins my term. */
void raft_lead(struct raft *self, struct ec_out *out);
/* How many batches I take now. */
uint32_t raft_room(const struct raft *self);
/* SUBMIT: appends, sends, saves. */
void raft_submitted(struct raft *self, const struct ec_input *in, struct ec_out *out);
/* Sends a follower what its flow allows. */
void raft_replicate(struct raft *self, ec_node node, struct ec_out *out);
/* ACK: a follower's log is mine up to there, or parts from it. */
void raft_ack_received(struct raft *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out);
/* The index that a quorum of `set` has reached by `match`; 0: none.  Pure. */
ec_seq raft_quorum_index(const struct member *members, uint64_t set, uint32_t quorum);
/* A new link to a follower: it is probed. */
void raft_linked(struct raft *self, ec_node node, struct ec_out *out);

/* ---- rounds.c: heartbeats, and what their answers prove (thesis 6.2, 6.4) ---- */

/* Starts a round of heartbeats. */
void raft_round_start(struct raft *self, struct ec_out *out);
/* Rounds when they are due; a leader that no quorum answers steps down. */
void raft_rounds_run(struct raft *self, struct ec_out *out);
/* HEARD: an answer of this round. */
void raft_heard_received(struct raft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out);

/* ---- follow.c: what a leader says ---- */

void raft_append_received(struct raft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out); /* APPEND: takes the entry, or says why not */
void raft_heartbeat_received(struct raft *self, const struct ec_input *in, const struct message *m,
                             struct ec_out *out); /* HEARTBEAT: answered */
void raft_committed_received(struct raft *self, const struct ec_input *in, const struct message *m,
                             struct ec_out *out); /* COMMITTED: as far as I am verified */
/* Answers a leader about the APPEND behind `prev`: `index` and `word` as in messages.h. */
void raft_ack(struct raft *self, struct ec_out *out, ec_node to, struct message answer);
/* Whether a leader of my term speaks, whom I follow from now on.  One of an older term is told. */
bool raft_leader_known(struct raft *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out);

/* ---- snapshot.c: checkpoints, the end of the log, state transfer (7) ---- */

/* Delivers what is committed, in order; asks for a checkpoint at multiples of the interval. */
void raft_deliver_ready(struct raft *self, struct ec_out *out);
/* SNAPPED: the application is on disk there: the log is cut an interval below. */
void raft_snap_done(struct raft *self, const struct ec_input *in, struct ec_out *out);
/* INSTALL: has the leader's state brought, unless the log has all of it. */
void raft_install_received(struct raft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
/* FETCHED: the application stands at in->seq. */
void raft_fetch_done(struct raft *self, const struct ec_input *in, struct ec_out *out);
/* The record that replaces those up to the floor. */
void raft_cut_save(struct raft *self, struct ec_out *out);

/* ---- reads.c: linearizable reads (thesis 6.4) ---- */

/* READ: up to this ticket someone wants to read. */
void raft_read_wanted(struct raft *self, uint64_t ticket);
void raft_ask_read_received(struct raft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out); /* ASK_READ: of a follower */
void raft_read_at_received(struct raft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out); /* READ_AT: the leader's answer */
/* Asks for what is wanted; starts a round for what waits; answers what a round has confirmed;
 * serves what may be seen. */
void raft_reads_run(struct raft *self, struct ec_out *out);
/* Forgets what is on its way, to ask again. */
void raft_reads_restart(struct raft *self);
/* Until when the last confirmed round keeps every other from being elected; 0: not known. */
uint64_t raft_lease_end(const struct raft *self);

/* ---- transfer.c: a leader hands over (thesis 3.10) ---- */

/* EC_LEAD: `heir` should lead. */
void raft_hand_over(struct raft *self, ec_node heir, struct ec_out *out);
/* Tells the heir as soon as it has the log; gives up in the end. */
void raft_heir_run(struct raft *self, struct ec_out *out);
void raft_lead_received(struct raft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out); /* LEAD: stands at once */

/* ---- recovery.c: replay and start ---- */

/* RECORD: restores the promise that was saved with it.  No effects. */
void raft_record_replayed(struct raft *self, const struct ec_input *in);
/* START: all is replayed; the application stands at in->seq. */
void raft_life_start(struct raft *self, const struct ec_input *in, struct ec_out *out);

/* ---- The rest of the vtable, as consensus.h says ---- */

/* Whether a message may be shown to step(): form and bounds; any thread (check.c). */
bool raft_check(const struct ec_config *config, const struct ec_input *in);
/* Asserts the numbered invariants (invariants.c). */
void raft_invariants(const void *self);
/* The state in a line (show.c). */
void raft_show(const void *self, struct ec_text *text);
/* A message's or a record's head in words (show.c). */
void raft_show_head(struct ec_bytes head, struct ec_text *text);

#endif
