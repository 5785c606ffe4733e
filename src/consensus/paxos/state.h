/* state.h - an instance of Paxos: one flat block, and what its files ask of each other. */
#ifndef EC_PAXOS_STATE_H
#define EC_PAXOS_STATE_H

#include "base/prng.h"
#include "consensus/paxos/log.h"

enum { PENDING = 64, BACKOFF_MAX = 6 };

enum phase {
	IDLE,      /* nothing to propose, or another's ballot is let through */
	PREPARING, /* phase 1 of `ballot` in position `at` */
	PROPOSING, /* phase 2 */
};

struct paxos {
	struct log log; /* first */
	struct ec_prng prng;
	struct value pending[PENDING]; /* batches that I was given and that are not chosen yet */
	uint32_t pending_count;
	ec_seq cleared; /* those chosen up to here are pending no more */
	enum phase phase;
	ec_seq at; /* the position that my ballot is for: the one behind the chosen */
	uint64_t ballot;
	uint64_t seen; /* the highest ballot of anybody in the position behind the chosen */
	ec_seq seen_at;
	uint64_t promises; /* members that promised `ballot` */
	uint64_t deadline; /* of the ballot, or of the pause behind one */
	uint64_t begun;    /* when my ballot began */
	uint64_t patience; /* how long one may take: a time-out, more where disks are slow */
	uint32_t failures; /* of my ballots in a row */
};

/* Planted bugs exist in one build only.  The first ones are of the log. */
enum bug {
	BUG_SMALL_QUORUM = LOG_BUGS_END,
	BUG_FORGETS_ACCEPTED,
	BUG_LOWER_BALLOT,
	BUG_VOTES_ACROSS,
	BUG_PROMISE_UNSAVED,
	BUG_ACCEPT_BELOW,
	BUG_OWN_VALUE,
	BUG_REPROMISE,
	BUG_PROMISES_ONE,
	BUG_EAGER_PREPARE,
	BUG_FOREIGN,
};
#ifdef EC_PLANTED
/* Whether this instance has that bug. */
static inline bool planted(const struct paxos *self, enum bug which)
{
	return self->log.config.bug == (uint32_t)which;
}
#else
#define planted(self, which) ((void)(self), false)
#endif

/* ---- options.c ---- */

/* Decodes a roster's options (paxos.h), as consensus.h says. */
const char *paxos_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);

/* ---- acceptor.c ---- */

/* PREPARE: promises the ballot in its position, and says what is accepted there. */
void paxos_prepare_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out);
/* ACCEPT: accepts unless a higher ballot is promised there. */
void paxos_accept_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);

/* ---- proposer.c ---- */

/* SUBMIT: keeps a batch until it is chosen. */
void paxos_submitted(struct paxos *self, const struct ec_input *in, struct ec_out *out);
/* How many more it can keep. */
uint32_t paxos_room(const struct paxos *self);
/* REPORT: a promise, with what was accepted; from a quorum phase 2 begins. */
void paxos_report_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
/* ACCEPTED: from a quorum in one ballot the value is chosen, and all are told. */
void paxos_accepted_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                             struct ec_out *out);
/* REFUSE: a hint that the ballot is over. */
void paxos_refuse_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
/* What is chosen is pending no more; begins the next ballot when there is one to begin. */
void paxos_proposer_run(struct paxos *self, struct ec_out *out);
/* A new link: says the ballot again. */
void paxos_proposer_linked(struct paxos *self, ec_node to, struct ec_out *out);
/* PREPARE or ACCEPT of another: its ballot is given time, if I have none under way. */
void paxos_yield(struct paxos *self, ec_node from);
/* When to be stepped for it; 0: never. */
uint64_t paxos_proposer_wake(const struct paxos *self);

/* ---- The rest of the vtable, as consensus.h says ---- */

/* Whether a message may be shown to step(); any thread (check.c). */
bool paxos_check(const struct ec_config *config, const struct ec_input *in);
/* Asserts the numbered invariants (invariants.c). */
void paxos_invariants(const void *self);
/* The state in a line (show.c). */
void paxos_show(const void *self, struct ec_text *text);

#endif
