/* acceptor.c - the acceptor of each position ("Paxos Made Simple", 2.2, P1a and phase 2b).
 *
 * A promise or an accepted value is saved before it is said.  In a position at or below the low
 * mark nothing is promised any more: what was accepted there may be forgotten, but what was chosen
 * is in a checkpoint. */
#include "consensus/paxos/state.h"

static void refuse(struct paxos *self, ec_node to, const struct message *m, const struct slot *slot,
                   struct ec_out *out)
{
	struct message message = {
		.kind = REFUSE, .ballot = slot->promised, .old = m->ballot, .seq = m->seq};
	paxos_send(&self->log, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

/* The slot of a position in which I am an acceptor; NULL where I am none, and the sender is told
 * why, if it can know better. */
static struct slot *acceptor_at(struct paxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *slot = paxos_slot_at(log, m->seq);
	paxos_know(log, in->from, m->seq - 1); /* or it would not be there */
	if (slot && slot->chosen) {
		paxos_learn_tell(log, in->from, slot, out);
		return NULL;
	}
	if (m->seq <= log->low) {
		paxos_state_tell(log, in->from, m->seq, out);
		return NULL;
	}
	return log->voter ? slot : NULL;
}

static void promise(struct paxos *self, struct slot *slot, uint64_t ballot, struct ec_out *out)
{
	struct message record = {.kind = SAVED_PROMISE, .ballot = ballot, .seq = slot->seq};
	slot->promised = ballot;
	if (!planted(self, BUG_PROMISE_UNSAVED))
		paxos_save(&self->log, out, &record, EC_NO_BYTES, 0);
}

void paxos_prepare_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out)
{
	struct slot *slot = acceptor_at(self, in, m, out);
	if (!slot)
		return;
	if (m->ballot < slot->promised && !planted(self, BUG_REPROMISE)) {
		refuse(self, in->from, m, slot, out);
		return;
	}
	paxos_yield(self, in->from);
	if (m->ballot != slot->promised)
		promise(self, slot, m->ballot, out);
	bool forgets = planted(self, BUG_FORGETS_ACCEPTED) || !slot->accepted;
	struct message message = {.kind = REPORT,
	                          .ballot = m->ballot,
	                          .old = forgets ? 0 : slot->accepted,
	                          .seq = m->seq,
	                          .origin = forgets ? EC_ALL : slot->value.origin};
	paxos_send(&self->log, out, in->from, &message,
	           forgets ? EC_NO_BYTES : ec_keep(slot->value.body), 0);
}

void paxos_accept_received(struct paxos *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	struct slot *slot = acceptor_at(self, in, m, out);
	struct value value = paxos_value_of(in, m);
	struct message message = {.kind = ACCEPTED, .ballot = m->ballot, .seq = m->seq};
	if (!slot)
		return;
	bool below = m->ballot < slot->promised || m->ballot < slot->accepted;
	if (below && (!planted(self, BUG_ACCEPT_BELOW) || m->ballot < slot->accepted)) {
		refuse(self, in->from, m, slot, out);
		return;
	}
	paxos_yield(self, in->from);
	if (m->ballot == slot->accepted && !paxos_value_equal(&slot->value, &value))
		return;
	if (m->ballot > slot->promised)
		slot->promised = m->ballot;
	if (m->ballot > slot->accepted)
		paxos_accept(&self->log, slot, m->ballot, &value, out);
	paxos_send(&self->log, out, in->from, &message, EC_NO_BYTES,
	           log_planted(&self->log, LOG_SPEAK_FIRST) ? EC_EAGER : 0);
}
