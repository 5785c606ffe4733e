/* state.h - an instance of PBFT: one flat block, and what its files ask of each other. */
#ifndef EC_PBFT_STATE_H
#define EC_PBFT_STATE_H

#include "base/quorum.h"
#include "consensus/alike.h"
#include "consensus/pbft/messages.h"

#include <assert.h>

/* The ring of slots, in intervals of K around the low mark:
 *
 *      retained      |  window of the primary (L = 2K)  |  lookahead
 *   low-K .. low     |  low+1 .. low+2K                 |  .. low+3K
 */
enum { RETAINED = 1, WINDOW = 2, AHEAD = 3, RING = RETAINED + AHEAD };

enum { BODIES = 4, MARKS = 4, DOUBLINGS_MAX = 5 };
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
	bool prompt;         /* the NEW-VIEW at hand came just now */
	uint64_t view;       /* where I am, or where I want to go unless active */
	uint64_t entered;    /* when the view began for me */
	uint64_t deadline;   /* of the NEW-VIEW; 0 until a quorum wants it */
	uint64_t patience;   /* the time-out of now */
	uint64_t proven;     /* what it was before views failed; 0: none since the last trial */
	bool delivers;       /* this view does */
	uint64_t wanted;     /* since when a quorum wants the view; before that: I */
	uint64_t tried_wait; /* how long a batch waited in this view, at most, until it delivered */
	uint64_t calm;       /* since when calm_wait is the longest wait of a batch, */
	uint64_t calm_wait;  /* while no view failed */
	uint64_t rationed;   /* up to when the taking back of doublings is used up */
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

/* The set of one member: sets are words of 64 bits, a bit each. */
static inline uint64_t bit(ec_node node)
{
	assert(node < PBFT_MEMBERS_MAX);
	return (uint64_t)1 << node;
}

/* How many members are in a set. */
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
	BUG_FEW_COMMITS,
	BUG_FEW_DELIVERED,
	BUG_STALE_VOTES,
	BUG_ACCEPTS_TWICE,
	BUG_PLAN_SHORT,
	BUG_NEXT_STAYS,
	BUG_PROPOSAL_UNSAVED,
	BUG_COMMIT_UNSAVED,
	BUG_CHANGE_UNSAVED,
	BUG_NEW_VIEW_UNSAVED,
	BUG_NOBODY_JOINS,
	BUG_NO_ASK,
	BUG_SAYS_NOT_AGAIN,
};
#ifdef EC_PLANTED
/* Whether this instance has that bug. */
static inline bool planted(const struct ec_config *config, enum bug which)
{
	return config->bug == (uint32_t)which;
}
#else
#define planted(config, which) ((void)(config), false)
#endif

/* ---- layout.c: the arrays behind the struct ---- */

/* The bytes of an instance: limits().state. */
size_t pbft_state_size(const struct ec_config *config);
/* The ring of slots: self->ring of them, position seq at seq % ring. */
struct slot *pbft_slots(const struct pbft *self);
/* What each member last said of a slot: n of them, by member. */
struct ballot *pbft_ballots(const struct pbft *self, const struct slot *slot);
/* What is kept of each member: n of them. */
struct member *pbft_members(const struct pbft *self);
/* O of the NEW-VIEW at hand: AHEAD * K of them, the first for plan_base + 1. */
struct planned *pbft_plan(const struct pbft *self);
/* The options of a configuration, defaults filled in. */
struct pbft_options pbft_options_of(const struct ec_config *config);
/* How many voters are a quorum (base/quorum.h). */
uint32_t pbft_quorum_of(const struct ec_config *config);
/* The set of the voters of a roster. */
uint64_t pbft_voters_of(const struct ec_roster *roster);
/* The primary of a view: v mod count (section 4), over the voters that may lead. */
ec_node pbft_primary_of(const struct ec_roster *roster, uint64_t view);

/* The primary of the view where I am or want to go. */
static inline ec_node primary(const struct pbft *self)
{
	return pbft_primary_of(self->config.roster, self->view);
}

/* ---- options.c: of the vtable, as consensus.h says ---- */

/* Decodes a roster's options (pbft.h). */
const char *pbft_options_read(struct ec_bytes encoded, uint64_t timeout_ns, void *options);
/* What a host must know of them, defaults filled in. */
struct ec_terms pbft_terms(const struct ec_config *config);
/* Why no instance could serve a roster: too many members, or no voter. */
const char *pbft_misfit(const struct ec_config *config);

/* ---- window.c: slots, and the batches that they hold ---- */

/* The slot of a position; NULL outside the ring. */
struct slot *pbft_slot_at(const struct pbft *self, ec_seq seq);
/* Slots are those of the positions after this one, */
ec_seq pbft_window_floor(const struct pbft *self);
/* up to this one. */
ec_seq pbft_window_end(const struct pbft *self);
/* Moves the low mark up to `low`, a multiple of K, and with it the ring: slots that leave it are
 * dropped with all that they hold, those that enter it are empty. */
void pbft_window_slide(struct pbft *self, ec_seq low);
/* The batch of this digest in a slot, borrowed; NULL: it is not held. */
struct body *pbft_body_find(struct slot *slot, const ec_hash *digest);
/* Whether a slot holds the batch of a value; of a filler there is none to hold: true. */
bool pbft_body_has(const struct slot *slot, const struct value *value);
/* Its bytes, not a new owner; none of a filler or of a batch that is not held. */
struct ec_bytes pbft_body_bytes(struct slot *slot, const struct value *value);
/* Keeps a batch, in the place of one that the slot needs no more; with `saved` a record that is not
 * cut holds it. */
void pbft_body_put(struct slot *slot, const ec_hash *digest, struct ec_bytes bytes, bool saved);
/* Whether a batch is accepted in this view, or committed, in any slot: a primary proposes none
 * twice. */
bool pbft_window_knows(const struct pbft *self, const ec_hash *digest);
/* Accepts the primary's word for a slot in a view not below that of the one before; counts the
 * votes for it that came early. */
void pbft_slot_accept(struct pbft *self, struct slot *slot, uint64_t view, struct value value);
/* The slot is final: nothing else is ever delivered in it.  In: it was not yet. */
void pbft_slot_commit(struct pbft *self, struct slot *slot, struct value value);
/* Whether something is accepted in it in this view. */
bool pbft_slot_current(const struct pbft *self, const struct slot *slot);

/* ---- effects.c: what leaves ---- */

/* Sends a message to one member, or to EC_ALL; takes over the body.  In: EC_EAGER of what promises
 * nothing, EC_SIGN of what others are shown. */
void pbft_send(struct pbft *self, struct ec_out *out, ec_node to, const struct message *message,
               struct ec_bytes body, uint32_t flags);
/* Appends a record to the log: what is sent after it waits for the disk, unless it is eager.  Takes
 * over the body.  In: I am a voter; EC_CUT of a record that replaces those before. */
void pbft_save(struct pbft *self, struct ec_out *out, const struct message *message,
               struct ec_bytes body, uint32_t flags);
/* A line of trace, "RULE NUMBER", if config.notes. */
void pbft_note(struct pbft *self, struct ec_out *out, const char *rule, uint64_t number);
/* Keeps a message's body and proof in the place of what was kept. */
void pbft_letter_set(struct letter *letter, uint64_t view, const struct ec_input *in);
/* Drops both; there is none then. */
void pbft_letter_drop(struct letter *letter);

/* ---- normal.c: the three phases (4.2) ---- */

/* How many batches I may still propose: as primary, up to the high water mark; else 0. */
uint32_t pbft_room(const struct pbft *self);
/* SUBMIT: the primary gives a batch the next position, saves it and says PRE-PREPARE; nothing when
 * it has no room, or the batch is known or too large. */
void pbft_submitted(struct pbft *self, const struct ec_input *in, struct ec_out *out);
/* PRE-PREPARE: accepts it, if no other is accepted for (view, position), and votes.  One of a view
 * to come counts as its PREPARE. */
void pbft_preprepare_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                              struct ec_out *out);
/* PREPARE: counts it; asks its sender for a batch that is missing here, or shows it the primary's
 * word for another. */
void pbft_prepare_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
/* COMMIT: a quorum of equal ones, or f+1 who have delivered, make the slot final. */
void pbft_commit_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out);
/* Says PREPARE for what is accepted in this view, once, if the batch is here; saved before, unless
 * the NEW-VIEW is the record. */
void pbft_slot_vote(struct pbft *self, struct slot *slot, struct ec_out *out);
/* With a quorum of votes for what I voted for the slot is prepared: saves the certificate and says
 * COMMIT. */
void pbft_slot_count_votes(struct pbft *self, struct slot *slot, struct ec_out *out);
/* Delivers what is final, batch at hand, in order; asks for a checkpoint at multiples of K. */
void pbft_deliver_ready(struct pbft *self, struct ec_out *out);

/* ---- bodies.c: batches that are missing ---- */

/* Asks f+1 of `holders`, a set, for the batch of a slot; none of them twice. */
void pbft_body_ask(struct pbft *self, struct slot *slot, const struct value *value,
                   uint64_t holders, struct ec_out *out);
/* ASK-BODY: sends the batch, once a link. */
void pbft_ask_body_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out);
/* BODY: keeps the batch if the slot waits for it, and votes. */
void pbft_body_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out);

/* ---- checkpoint.c: stability, the end of the log, state transfer (4.3) ---- */

/* SNAPPED: the application is on disk at in->seq: says CHECKPOINT, cuts the log if it may. */
void pbft_snap_done(struct pbft *self, const struct ec_input *in, struct ec_out *out);
/* FETCHED: stands where the host says; where we stood or below: it failed, the next is asked. */
void pbft_fetch_done(struct pbft *self, const struct ec_input *in, struct ec_out *out);
/* CHECKPOINT: a quorum of equal ones proves the position stable. */
void pbft_checkpoint_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                              struct ec_out *out);
/* STABLE: the quorum that proves another's low mark, which check() has judged. */
void pbft_stable_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out);
/* Moves the low mark up to a position that `votes`, copied, prove stable; saves the proof where the
 * log cannot be cut there yet.  Nothing at or below the low mark. */
void pbft_stable_prove(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_bytes votes,
                       struct ec_out *out);
/* Moves the low mark alone; takes over `votes`.  In: seq above it. */
void pbft_low_set(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_bytes votes);
/* Remembers what I said, or a record says that I said, of a checkpoint. */
void pbft_own_mark_set(struct pbft *self, ec_seq seq, const ec_hash *digest);
/* Saves and says CHECKPOINT for a multiple of K, once. */
void pbft_checkpoint_vote(struct pbft *self, ec_seq seq, const ec_hash *digest, struct ec_out *out);
/* Whoever stands below the low mark has the state brought from the next of those that signed it:
 * after half a time-out, or at once where no message can help. */
void pbft_catch_up(struct pbft *self, struct ec_out *out);

/* ---- view_change.c: leaving a view (4.4) ---- */

/* Leaves for a higher view: saves and says VIEW-CHANGE. */
void pbft_view_leave(struct pbft *self, uint64_t view, struct ec_out *out);
/* VIEW-CHANGE: keeps a member's latest, joins f+1 of higher views (4.5.2), counts. */
void pbft_view_change_received(struct pbft *self, const struct ec_input *in,
                               const struct message *m, struct ec_out *out);
/* With a quorum for the view where I want to go its primary makes the NEW-VIEW, and the time-out
 * for it begins. */
void pbft_view_change_count(struct pbft *self, struct ec_out *out);

/* ---- plan.c: what V makes of every slot (4.4) ---- */

/* Computes O from the VIEW-CHANGEs of the members in `named`, as kept in member.named: into
 * plan_base, plan_count and pbft_plan(). */
void pbft_plan_make(struct pbft *self, uint64_t named);

/* ---- new_view.c: entering one (4.4) ---- */

/* Saves and says NEW-VIEW from a quorum of VIEW-CHANGEs, and enters.  In: I am its primary and have
 * heard my own. */
void pbft_new_view_make(struct pbft *self, struct ec_out *out);
/* NEW-VIEW: keeps the primary's latest and tries to enter. */
void pbft_new_view_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out);
/* Enters the view by the NEW-VIEW at hand if every VIEW-CHANGE that it names is here and they make
 * the same of every slot; refuses it if not; asks the primary for what is missing. */
void pbft_new_view_try(struct pbft *self, struct ec_out *out);
/* Asks the members of `whom`, a set, for the VIEW-CHANGEs that are missing. */
void pbft_new_view_ask(struct pbft *self, uint64_t whom, struct ec_out *out);
/* The view is entered: O of a NEW-VIEW's body into the slots, with no word said. */
void pbft_new_view_adopt(struct pbft *self, struct ec_bytes body);
/* ASK-VIEW-CHANGE: passes one on with its author's proof, once a link. */
void pbft_ask_view_change_received(struct pbft *self, const struct ec_input *in,
                                   const struct message *m, struct ec_out *out);
/* RELAY: another's word with its proof counts as if it had said it here. */
void pbft_relay_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out);

/* ---- recovery.c: replay and start ---- */

/* RECORD: restores the promise that was saved with it.  No effects. */
void pbft_record_replayed(struct pbft *self, const struct ec_input *in);
/* START: all is replayed; the application stands at in->seq. */
void pbft_life_start(struct pbft *self, const struct ec_input *in, struct ec_out *out);
/* Saves the CUT: all that is no slot's own, in the place of the records up to self->cut. */
void pbft_cut_save(struct pbft *self, struct ec_out *out);

/* ---- again.c: what another may still need ---- */

/* LINK: what was in flight to `to` may be lost, and is said again. */
void pbft_linked(struct pbft *self, ec_node to, struct ec_out *out);
/* Says again to `to` whatever it has not shown to have on disk. */
void pbft_say_again(struct pbft *self, ec_node to, struct ec_out *out);
/* AGAIN: the same on request, once for each view and low mark of ours and each advance of the
 * asker's. */
void pbft_again_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out);
/* Asks all voters, once until something moves, when pbft_stuck_deadline() has passed. */
void pbft_stuck_ask(struct pbft *self, struct ec_out *out);
/* When someone who has no other timer has waited for a time-out and nothing moved; 0: not stuck. */
uint64_t pbft_stuck_deadline(const struct pbft *self);
/* Sends AGAIN to the members of `whom`, a set, but myself. */
void pbft_again_ask(struct pbft *self, uint64_t whom, struct ec_out *out);

/* ---- timers.c: when to lose patience (4.5.2) ---- */

/* A view failed: the time-out doubles, up to DOUBLINGS_MAX times the first. */
void pbft_patience_double(struct pbft *self);
/* A batch was delivered in this slot: after a long calm the time-out comes back, at most by half.
 */
void pbft_patience_judge(struct pbft *self, const struct slot *slot);
/* Leaves the view if its deadline has passed; takes back doublings that the old primary caused. */
void pbft_timers_run(struct pbft *self, struct ec_out *out);
/* When to be stepped for any of the timers, on the clock of `now`; 0: never. */
uint64_t pbft_timers_wake(const struct pbft *self);

/* ---- blame.c: evidence ---- */

/* Emits a BLAME of `node` by two signed messages that contradict each other; once a member, and
 * only with both proofs.  In: digests of the bodies. */
void pbft_blame(struct pbft *self, struct ec_out *out, ec_node node, const struct message *one,
                const ec_hash *one_body, struct ec_bytes one_proof, const struct message *two,
                const ec_hash *two_body, struct ec_bytes two_proof);
/* A RELAY of a member's vote: if it contradicts what that member told us, blames it; a primary that
 * does so is left. */
void pbft_witness_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out);
/* Shows the primary's signed word for what is accepted to one who heard another, once a slot. */
void pbft_witness(struct pbft *self, struct slot *slot, ec_node to, struct ec_out *out);
/* Judges the evidence of a BLAME, any bytes, with no trust in who brought it. */
bool pbft_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                 struct ec_bytes body);

/* ---- The rest of the vtable, as consensus.h says ---- */

/* Whether a message may be shown to step(): form, numbers, quoted proofs; any thread (check.c). */
bool pbft_check(const struct ec_config *config, const struct ec_input *in);
/* Asserts the numbered invariants (invariants.c). */
void pbft_invariants(const void *self);
/* The state in a line (show.c). */
void pbft_show(const void *self, struct ec_text *text);
/* A message's or a record's head in words (show.c). */
void pbft_show_head(struct ec_bytes head, struct ec_text *text);

#endif
