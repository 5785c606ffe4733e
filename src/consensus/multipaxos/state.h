/* state.h - an instance of Multi-Paxos: one flat block, and what its files ask of each other. */
#ifndef EC_MULTIPAXOS_STATE_H
#define EC_MULTIPAXOS_STATE_H

#include "base/prng.h"
#include "consensus/multipaxos/multipaxos.h"
#include "consensus/paxos/log.h"

enum role {
	FOLLOWER,   /* or a learner */
	CANVASSING, /* asks whether a ballot of its own would be borne */
	PREPARING,  /* has promised a ballot of its own, and asks for promises */
	BEGINNING,  /* first leader of a fresh era: its promise is on its way to the disk */
	LEADING,
};

enum { ROUNDS = 16, BACKOFF_MAX = 3, BEATS = 4 };

struct peer {
	/* To the ballot that I prepare: */
	uint64_t reports; /* how many came, in order */
	bool promised;    /* all of them, and the PROMISE */
	/* In the ballot that I lead: */
	uint64_t acked;          /* the newest round that it heard */
	uint64_t heard;          /* when it last said so */
	uint64_t wants, reading; /* newest tickets: that waits for a round, that is in one */
};

struct multipaxos {
	struct log log; /* first */
	struct multipaxos_options options;
	struct ec_prng prng;
	struct peer peer[PAXOS_MEMBERS_MAX];
	enum role role;
	bool recorded;        /* this life replayed a record */
	uint64_t ballot;      /* mine, unless I follow */
	uint64_t seen;        /* the highest of anybody's */
	uint64_t leader;      /* the ballot of the leader that I hear; 0: none */
	uint64_t heard;       /* when */
	uint64_t borne_until; /* by lease: until when I promise to nobody but that leader */
	uint64_t patience;    /* ns without a leader, drawn anew each time */
	uint64_t deadline;    /* when I lose it */
	uint32_t failures;    /* ballots of mine since I last heard a leader */
	uint64_t view;        /* for people */
	uint64_t supports;    /* members that would bear my ballot */
	ec_seq limit; /* the highest low mark of those who promised: below, reports may lack */
	/* Of a leader: */
	ec_seq next;     /* the next position to propose in */
	ec_seq takeover; /* what was open when it took over ends here */
	ec_seq told;     /* up to here members were told that all is chosen */
	ec_seq stuck;    /* since `moved` this was chosen and no more */
	uint64_t moved;
	uint64_t full;  /* since when my own disk alone keeps the window shut; 0: it does not */
	uint64_t beat;  /* when the next heartbeat is due */
	uint64_t round; /* of heartbeats, over all ballots of this life */
	uint64_t sent[ROUNDS]; /* when the last ones were sent */
	uint64_t read_round;   /* a round that tickets wait for; 0: none */
	/* Of everybody's reads: */
	uint64_t ticket, answered, served; /* the newest: asked, answered by a leader, served */
	ec_seq read_at;                    /* for `answered` */
};

/* Planted bugs exist in one build only.  The first ones are of the log. */
enum bug {
	BUG_TRUNCATED = LOG_BUGS_END,
	BUG_SMALL_QUORUM,
	BUG_FORGETS_ACCEPTED,
	BUG_LOWER_BALLOT,
	BUG_FILLER_OVER,
	BUG_VOTES_ACROSS,
	BUG_REUSED_BALLOT,
	BUG_READ_EARLY,
	BUG_READ_UNASKED,
	BUG_ACCEPT_BELOW,
	BUG_COMMIT_ANY,
	BUG_NO_CHECK_QUORUM,
	BUG_FOREIGN,
};
#ifdef EC_PLANTED
/* Whether this instance has that bug. */
static inline bool planted(const struct multipaxos *self, enum bug which)
{
	return self->log.config.bug == (uint32_t)which;
}
#else
#define planted(self, which) ((void)(self), false)
#endif

/* Whether I may lead. */
static inline bool may_lead(const struct multipaxos *self)
{
	return self->log.leader_set & bit(self->log.config.self);
}

/* ---- options.c: of the vtable, as consensus.h says, and defaults ---- */

/* The options of a configuration, defaults filled in. */
struct multipaxos_options multipaxos_options_of(const struct ec_config *config);
/* Decodes a roster's options (multipaxos.h). */
const char *multipaxos_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
/* Why no instance could serve a roster. */
const char *multipaxos_misfit(const struct ec_config *config);
/* The ballot that every member of a fresh era has promised: that of its first leader. */
uint64_t multipaxos_first_ballot(const struct ec_config *config,
                                 const struct multipaxos_options *options);

/* ---- acceptor.c: promises ---- */

/* A ballot is seen; one that is not below my promise is that of a leader that I hear. */
void multipaxos_leader_heard(struct multipaxos *self, uint64_t ballot, struct ec_out *out);
/* PREPARE: promises, and reports what is accepted. */
void multipaxos_prepare_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out);
/* ACCEPT: accepts unless a higher ballot is promised. */
void multipaxos_accept_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out);
/* COMMIT: all up to a position is chosen. */
void multipaxos_commit_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out);
/* HEARTBEAT: answers, unless a higher ballot is promised. */
void multipaxos_heartbeat_received(struct multipaxos *self, const struct ec_input *in,
                                   const struct message *m, struct ec_out *out);

/* ---- election.c: how a ballot begins, and ends ---- */

/* Follows: whoever leads is to be heard within a patience that is drawn anew. */
void multipaxos_follow(struct multipaxos *self);
/* Promises a ballot: a voter saves it before whatever it says next. */
void multipaxos_promise(struct multipaxos *self, uint64_t ballot, struct ec_out *out);
/* CANVASS: says SUPPORT unless it hears a leader, or could not report to the one who asks. */
void multipaxos_canvass_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out);
/* SUPPORT: with a quorum of them the ballot is promised and prepared. */
void multipaxos_support_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out);
/* REPORT: what one acceptor accepted in one position. */
void multipaxos_report_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out);
/* PROMISE: with a quorum of them I lead. */
void multipaxos_promise_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out);
/* REFUSE: a hint that my ballot is over. */
void multipaxos_refuse_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out);
/* LEAD: a leader asks another to prepare a ballot at once; it leads on until that is promised.  Not
 * under a lease: the others would bear nobody else before it ends. */
void multipaxos_hand_over(struct multipaxos *self, ec_node to, struct ec_out *out);
/* HANDOVER: prepares a ballot with no canvass. */
void multipaxos_handover_received(struct multipaxos *self, const struct ec_input *in,
                                  const struct message *m, struct ec_out *out);
/* The deadline of whoever may lead. */
void multipaxos_election_run(struct multipaxos *self, struct ec_out *out);
/* Says PREPARE to one member, or to EC_ALL. */
void multipaxos_prepare_say(struct multipaxos *self, ec_node to, struct ec_out *out);
/* Says CANVASS likewise. */
void multipaxos_canvass_say(struct multipaxos *self, ec_node to, struct ec_out *out);

/* ---- leader.c: phase 2 ---- */

/* Leads: proposes again what was reported, fills gaps.  In: a quorum has promised my ballot, or it
 * is the first of the era. */
void multipaxos_lead(struct multipaxos *self, struct ec_out *out);
/* A leader that learns of something chosen where it has not proposed follows: another leads. */
void multipaxos_overtaken(struct multipaxos *self);
/* In `from`..`to` this is chosen (NULL: whatever it is, others chose it): a leader that proposed
 * something else there follows before it is taken, for its COMMIT would vouch for what it proposed
 * itself, and a ballot above its own has decided otherwise. */
void multipaxos_overruled(struct multipaxos *self, ec_seq from, ec_seq to,
                          const struct value *value, struct ec_out *out);
/* How many batches I may still propose. */
uint32_t multipaxos_room(const struct multipaxos *self);
/* SUBMIT: a leader gives a batch the next position. */
void multipaxos_submitted(struct multipaxos *self, const struct ec_input *in, struct ec_out *out);
/* ACCEPTED: with a quorum of one ballot the value is chosen. */
void multipaxos_accepted_received(struct multipaxos *self, const struct ec_input *in,
                                  const struct message *m, struct ec_out *out);
/* HEARD: who said it hears me. */
void multipaxos_heard_received(struct multipaxos *self, const struct ec_input *in,
                               const struct message *m, struct ec_out *out);
/* Tells what is newly chosen; heartbeats; steps down where no quorum is heard. */
void multipaxos_leader_run(struct multipaxos *self, struct ec_out *out);
/* Begins a round of heartbeats. */
void multipaxos_beat(struct multipaxos *self, struct ec_out *out);
/* Says again to a new link what it may have lost. */
void multipaxos_leader_linked(struct multipaxos *self, ec_node to, struct ec_out *out);

/* ---- reads.c ---- */

/* READ: asks the leader, if one is known. */
void multipaxos_read(struct multipaxos *self, uint64_t ticket, struct ec_out *out);
/* Asks again: the leader is another, or its link is new. */
void multipaxos_read_ask(struct multipaxos *self, struct ec_out *out);
/* ASK_READ: waits for the next round. */
void multipaxos_ask_read_received(struct multipaxos *self, const struct ec_input *in,
                                  const struct message *m, struct ec_out *out);
/* READ of a leader: what was acknowledged when it was asked stands at its position or before. */
void multipaxos_read_received(struct multipaxos *self, const struct ec_input *in,
                              const struct message *m, struct ec_out *out);
/* Begins and ends rounds of a leader. */
void multipaxos_reads_run(struct multipaxos *self, struct ec_out *out);
/* Serves what is answered once it is delivered. */
void multipaxos_serve(struct multipaxos *self, struct ec_out *out);

/* ---- The rest of the vtable, as consensus.h says ---- */

/* RECORD: restores the promise that was saved with it (recovery.c). */
void multipaxos_record_replayed(struct multipaxos *self, const struct ec_input *in);
/* START: all is replayed (recovery.c). */
void multipaxos_life_start(struct multipaxos *self, const struct ec_input *in, struct ec_out *out);
/* Whether a message may be shown to step(); any thread (check.c). */
bool multipaxos_check(const struct ec_config *config, const struct ec_input *in);
/* Asserts the numbered invariants (invariants.c). */
void multipaxos_invariants(const void *self);
/* The state in a line (show.c). */
void multipaxos_show(const void *self, struct ec_text *text);

#endif
