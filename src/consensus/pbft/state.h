/* state.h - an instance of PBFT: one flat block, and what its files ask of each other. */
#ifndef EC_PBFT_STATE_H
#define EC_PBFT_STATE_H

#include "base/quorum.h"
#include "consensus/pbft/messages.h"

#include <assert.h>

/* The ring of slots, in intervals of K around the low mark:
 *
 *      retained      |  window of the primary (L = 2K)  |  lookahead
 *   low-K .. low     |  low+1 .. low+2K                 |  .. low+3K
 */
enum { RETAINED = 1, WINDOW = 2, AHEAD = 3, RING = RETAINED + AHEAD };

enum { BODIES = 4, MARKS = 4, BACKOFF_MAX = 5 };
_Static_assert((int)MARKS > (int)AHEAD, "a mark for every checkpoint of the ring");

/* A batch that a slot may need: what is accepted, prepared, committed, and one before. */
struct body {
	ec_hash digest;
	struct ec_bytes bytes;
	uint64_t served; /* who was sent it on request, since its link is new */
	bool saved;      /* a record that is not cut holds it */
};

/* What one member last said of one slot: the highest view of each. */
struct ballot {
	bool prepare_said, commit_said, delivered_said;
	enum kind prepare_kind; /* PREPREPARE or PREPARE: what was signed */
	uint64_t prepare_view, commit_view;
	struct value prepare, commit, delivered;
	struct ec_bytes proof; /* of the first; none once it is part of a certificate */
};

struct slot {
	ec_seq seq;          /* 0: not in use */
	bool accepted;       /* in accepted_view, accepted_value; the primary's word */
	bool voted;          /* for that */
	bool prepared;       /* in prepared_view, prepared_value; `certificate` proves it */
	bool committed;      /* committed_value */
	bool witnessed;      /* the primary's word was shown to one who heard another */
	bool reproposed;     /* a NEW-VIEW of this life settled it */
	bool refetched;      /* its batch is asked for since a NEW-VIEW */
	bool recorded;       /* a record says that it is committed, and to what */
	bool indexed;        /* by index_digest */
	uint32_t index_next; /* in its chain: a ring index plus 1, or 0 */
	ec_hash index_digest;
	uint64_t accepted_view, prepared_view;
	struct value accepted_value, prepared_value, committed_value;
	uint64_t votes; /* who prepared the accepted value in the accepted view, with proofs */
	uint64_t asked; /* for a batch */
	struct ec_bytes certificate; /* list of votes */
	struct body bodies[BODIES];
};

/* A signed message with a body, kept. */
struct letter {
	bool here;
	uint64_t view;
	ec_hash digest; /* of body */
	struct ec_bytes body, proof;
	uint64_t served; /* who was sent it on request, since its link is new */
};

/* A signed CHECKPOINT, kept. */
struct mark {
	ec_seq seq;
	ec_hash digest;
	struct ec_bytes proof;
};

struct member {
	struct letter view_change; /* its latest */
	struct letter new_view;    /* its latest, not judged */
	struct letter named;       /* its VIEW-CHANGE that the NEW-VIEW at hand names */
	struct mark mark[MARKS];
	ec_seq marked; /* the position that it last said it stands at */
	bool answered; /* its AGAIN, while we stood at answered_view, answered_low */
	uint64_t answered_view;
	ec_seq answered_low, answered_seq;
};

/* O of a NEW-VIEW, computed: position base + 1 + index. */
struct planned {
	bool found;
	uint64_t view; /* of the certificate */
	struct value value;
	uint64_t holders; /* members that voted for it there */
};

struct pbft {
	struct ec_config config;
	struct pbft_options options;
	uint32_t n, voters, faults, quorum, leaders;
	uint32_t interval, ring;
	uint64_t voter_set, leader_set;
	bool voter; /* I am one */

	bool started, active, fetching;
	bool prompt;       /* the NEW-VIEW at hand came just now */
	uint64_t view;     /* where I am, or where I want to go unless active */
	uint64_t entered;  /* when the view began for me */
	uint64_t deadline; /* of the NEW-VIEW; 0 until a quorum wants it */
	uint32_t backoff;  /* failed views that calm has not made up for */
	uint32_t doubled;  /* of these, those that the trial of this view may take back */
	bool delivers;     /* this view does */
	uint64_t left;     /* when a view was last left */
	uint64_t calm;     /* since when no batch took long, and no view failed */
	uint64_t rationed; /* up to when the taking back of doublings is used up */
	uint64_t now, since;

	ec_seq low; /* stable: a quorum stands here */
	ec_hash low_digest;
	struct ec_bytes low_votes;
	uint64_t low_holders;
	ec_seq cut;        /* of the log */
	ec_seq snapped;    /* the application is on disk here */
	ec_seq delivered;  /* no gap up to here */
	ec_seq fetched;    /* at or below this nothing was delivered by us but brought */
	ec_seq next;       /* the next position that I would propose as primary */
	ec_seq planned_to; /* positions up to here were settled by the NEW-VIEW of this view */
	uint64_t catch_up; /* when to fetch unless messages bring us to `low`; 0: no need */
	uint64_t moved;    /* when something was delivered last, or a view was left */
	bool asked_again;  /* since then */
	uint64_t tried;    /* members asked to be fetched from */

	struct ec_bytes change;  /* my VIEW-CHANGE to this view */
	struct letter installed; /* the NEW-VIEW of this view */
	uint64_t new_view_asked; /* members asked for VIEW-CHANGEs that it names */
	struct mark own[MARKS];
	ec_seq replayed;  /* while records replay: delivered up to here as they say */
	uint64_t dropped; /* members of whom something beyond the lookahead was dropped */
	uint64_t blamed;
	ec_seq plan_base;
	uint32_t plan_count;
	uint32_t index[512]; /* chains of slots by digest: a ring index plus 1, or 0 */
};

static inline uint64_t bit(ec_node node)
{
	assert(node < PBFT_MEMBERS_MAX);
	return (uint64_t)1 << node;
}

static inline uint32_t set_count(uint64_t set)
{
	return (uint32_t)__builtin_popcountll(set);
}

/* Planted bugs exist in one build only. */
enum bug {
	BUG_LOWER_VIEW = 1,
	BUG_NO_BODY,
	BUG_SMALL_QUORUM,
	BUG_DOMAIN,
	BUG_EARLY_CUT,
	BUG_VOTE_UNSAVED,
	BUG_NO_WINDOW,
	BUG_FORGETS_VIEWS,
	BUG_NO_FILLER,
	BUG_BLIND_PLAN,
};
#ifdef EC_PLANTED
static inline bool planted(const struct ec_config *config, enum bug which)
{
	return config->bug == (uint32_t)which;
}
#else
#define planted(config, which) ((void)(config), false)
#endif

/* layout.c - the arrays behind the struct. */
size_t pbft_state_size(const struct ec_config *config);
struct slot *pbft_slots(const struct pbft *self);
struct ballot *pbft_ballots(const struct pbft *self, const struct slot *slot); /* n of them */
struct member *pbft_members(const struct pbft *self);                          /* n of them */
struct planned *pbft_plan(const struct pbft *self);                            /* AHEAD * K */
struct pbft_options pbft_options_of(const struct ec_config *config);
uint32_t pbft_quorum_of(const struct ec_config *config);
const char *pbft_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
struct ec_terms pbft_terms(const struct ec_config *config);
const char *pbft_misfit(const struct ec_config *config);
uint64_t pbft_voters_of(const struct ec_roster *roster);
ec_node pbft_primary_of(const struct ec_roster *roster, uint64_t view);

static inline ec_node primary(const struct pbft *self)
{
	return pbft_primary_of(self->config.roster, self->view);
}

/* window.c - slots, and the batches that they hold. */
struct slot *pbft_slot_at(const struct pbft *self, ec_seq seq); /* NULL outside the ring */
ec_seq pbft_window_floor(const struct pbft *self);              /* slots are those after it, */
ec_seq pbft_window_end(const struct pbft *self);                /* up to this one */
void pbft_window_slide(struct pbft *self, ec_seq low);
struct body *pbft_body_find(struct slot *slot, const ec_hash *digest);
bool pbft_body_has(const struct slot *slot, const struct value *value);
struct ec_bytes pbft_body_bytes(struct slot *slot, const struct value *value); /* not a new owner */
void pbft_body_put(struct slot *slot, const ec_hash *digest, struct ec_bytes bytes, bool saved);
bool pbft_window_knows(const struct pbft *self, const ec_hash *digest);
void pbft_slot_accept(struct pbft *self, struct slot *slot, uint64_t view, struct value value);
void pbft_slot_commit(struct pbft *self, struct slot *slot, struct value value);
bool pbft_slot_current(const struct pbft *self,
                       const struct slot *slot); /* accepted in this view */

/* effects.c - what leaves: each takes over the bytes that it is given. */
void pbft_send(struct pbft *self, struct ec_out *out, ec_node to, const struct message *message,
               struct ec_bytes body, uint32_t flags);
void pbft_save(struct pbft *self, struct ec_out *out, const struct message *message,
               struct ec_bytes body, uint32_t flags);
void pbft_note(struct pbft *self, struct ec_out *out, const char *rule, uint64_t number);
void pbft_letter_set(struct letter *letter, uint64_t view, const struct ec_input *in);
void pbft_letter_drop(struct letter *letter);

/* normal.c - the three phases. */
uint32_t pbft_room(const struct pbft *self); /* batches that I may still propose */
void pbft_submitted(struct pbft *self, const struct ec_input *in, struct ec_out *out);
void pbft_preprepare_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                              struct ec_out *out);
void pbft_prepare_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
void pbft_commit_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out);
void pbft_slot_vote(struct pbft *self, struct slot *slot, struct ec_out *out);
void pbft_slot_count_votes(struct pbft *self, struct slot *slot, struct ec_out *out);
void pbft_deliver_ready(struct pbft *self, struct ec_out *out);

/* bodies.c - batches that are missing. */
void pbft_body_ask(struct pbft *self, struct slot *slot, const struct value *value,
                   uint64_t holders, struct ec_out *out);
void pbft_ask_body_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out);
void pbft_body_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out);

/* checkpoint.c - stability, the end of the log, state transfer. */
void pbft_snap_done(struct pbft *self, const struct ec_input *in, struct ec_out *out);
void pbft_fetch_done(struct pbft *self, const struct ec_input *in, struct ec_out *out);
void pbft_checkpoint_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                              struct ec_out *out);
void pbft_stable_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out);
void pbft_stable_prove(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_bytes votes,
                       struct ec_out *out); /* `votes` are copied */
void pbft_low_set(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_bytes votes);
void pbft_own_mark_set(struct pbft *self, ec_seq seq, const ec_hash *digest);
void pbft_checkpoint_vote(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_out *out);
void pbft_catch_up(struct pbft *self, struct ec_out *out);

/* view_change.c - leaving a view. */
void pbft_view_leave(struct pbft *self, uint64_t view, struct ec_out *out);
void pbft_view_change_received(struct pbft *self, const struct ec_input *in,
                               const struct message *m, struct ec_out *out);
void pbft_view_change_count(struct pbft *self, struct ec_out *out);

/* plan.c - what V makes of every slot. */
void pbft_plan_make(struct pbft *self, uint64_t named);

/* new_view.c - entering one. */
void pbft_new_view_make(struct pbft *self, struct ec_out *out);
void pbft_new_view_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out);
void pbft_new_view_try(struct pbft *self, struct ec_out *out);
void pbft_new_view_ask(struct pbft *self, uint64_t whom, struct ec_out *out);
void pbft_new_view_adopt(struct pbft *self, struct ec_bytes body); /* its O into the slots */
void pbft_ask_view_change_received(struct pbft *self, const struct ec_input *in,
                                   const struct message *m, struct ec_out *out);
void pbft_relay_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out);

/* recovery.c - replay, start, and saying again. */
void pbft_record_replayed(struct pbft *self, const struct ec_input *in);
void pbft_life_start(struct pbft *self, const struct ec_input *in, struct ec_out *out);
void pbft_cut_save(struct pbft *self, struct ec_out *out);

/* again.c - what another may still need. */
void pbft_linked(struct pbft *self, ec_node to, struct ec_out *out);
void pbft_say_again(struct pbft *self, ec_node to, struct ec_out *out);
void pbft_again_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out);
void pbft_stuck_ask(struct pbft *self, struct ec_out *out);
uint64_t pbft_stuck_deadline(const struct pbft *self);
void pbft_again_ask(struct pbft *self, uint64_t whom, struct ec_out *out);

/* timers.c - when to lose patience. */
void pbft_patience_double(struct pbft *self);
void pbft_patience_judge(struct pbft *self, const struct slot *slot); /* it is delivered */
void pbft_timers_run(struct pbft *self, struct ec_out *out);
uint64_t pbft_timers_wake(const struct pbft *self);

/* blame.c - evidence. */
void pbft_blame(struct pbft *self, struct ec_out *out, ec_node node, const struct message *one,
                const ec_hash *one_body, struct ec_bytes one_proof, const struct message *two,
                const ec_hash *two_body, struct ec_bytes two_proof);
void pbft_witness_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
void pbft_witness(struct pbft *self, struct slot *slot, ec_node to, struct ec_out *out);
bool pbft_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                 struct ec_bytes body);

/* The rest of the vtable. */
bool pbft_check(const struct ec_config *config, const struct ec_input *in); /* check.c */
void pbft_invariants(const void *self);                                     /* invariants.c */
void pbft_show(const void *self, struct ec_text *text);                     /* show.c */
void pbft_show_head(struct ec_bytes head, struct ec_text *text);            /* show.c */

#endif
