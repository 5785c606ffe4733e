/* acceptor.c - the acceptor's part: promises, and what they bind.
 *
 * A promise of ballot b is for all positions: nothing of a lower ballot is accepted any more.  It
 * is saved before it is said, and so is a value that is accepted.  To accept in b is to promise b.
 *
 * COMMIT(b, upto): the leader of b knows that all up to there is chosen.  What we accepted in b
 * itself is it, for in one ballot and position one value is proposed; what we accepted in a lower
 * one may be another, and is learned (learn.c). */
#include "consensus/multipaxos/state.h"

static void refuse(struct multipaxos *self, ec_node to, uint64_t ballot, struct ec_out *out)
{
	struct message message = {.kind = REFUSE, .ballot = self->log.promised, .old = ballot};
	if (self->log.voter)
		paxos_send(&self->log, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

void multipaxos_leader_heard(struct multipaxos *self, uint64_t ballot, struct ec_out *out)
{
	bool another = ballot != self->leader;
	if (ballot > self->seen)
		self->seen = ballot;
	bool mine = ballot_owner(ballot) == self->log.config.self;
	if (self->options.lease_ns && (!mine || self->role == LEADING))
		self->borne_until = self->log.now + self->options.lease_ns;
	if (mine)
		return;
	if (ballot < self->log.promised)
		return; /* a planted bug */
	if (self->role != FOLLOWER)
		multipaxos_follow(self);
	if (!self->log.voter && ballot > self->log.promised)
		self->log.promised = ballot;
	self->leader = ballot;
	self->heard = self->log.now;
	self->failures = 0;
	self->deadline = self->log.now + self->patience;
	if (another)
		multipaxos_read_ask(self, out);
}

/* What is accepted from a position on: one message each, and how many they were. */
static void report(struct multipaxos *self, ec_node to, const struct message *m, struct ec_out *out)
{
	struct log *log = &self->log;
	struct message message = {.kind = REPORT, .ballot = m->ballot};
	ec_seq from = paxos_floor(log) + 1 > m->seq ? paxos_floor(log) + 1 : m->seq;
	for (ec_seq seq = from; seq <= paxos_end(log); seq++) {
		struct slot *slot = paxos_slot_at(log, seq);
		if (!slot->chosen && (!slot->accepted || planted(self, BUG_FORGETS_ACCEPTED)))
			continue;
		if (planted(self, BUG_TRUNCATED) && message.number)
			break;
		message.seq = seq;
		message.old = slot->chosen ? CHOSEN : slot->accepted;
		message.origin = slot->value.origin;
		paxos_send(log, out, to, &message, ec_keep(slot->value.body), 0);
		message.number++;
	}
	message.kind = PROMISE;
	message.upto = log->low;
	paxos_send(log, out, to, &message, EC_NO_BYTES, 0);
	if (m->seq <= paxos_floor(log))
		paxos_state_tell(log, to, m->seq, out);
}

void multipaxos_prepare_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out)
{
	bool mine = in->from == self->log.config.self;
	if (m->ballot > self->seen)
		self->seen = m->ballot;
	if (!self->log.voter)
		return;
	if (mine && self->role == BEGINNING && m->ballot == self->ballot) {
		multipaxos_lead(self, out);
		return;
	}
	bool leads = self->leader && in->from == ballot_owner(self->leader);
	if (self->log.now < self->borne_until && !leads)
		return; /* by lease; it asks again */
	if (m->ballot < self->log.promised) {
		refuse(self, in->from, m->ballot, out);
		return;
	}
	if (m->ballot > self->log.promised) {
		multipaxos_promise(self, m->ballot, out);
		multipaxos_follow(self);
	}
	report(self, in->from, m, out);
}

static void commit(struct multipaxos *self, ec_node from, uint64_t ballot, ec_seq upto)
{
	struct log *log = &self->log;
	while (log->chosen < upto) {
		struct slot *slot = paxos_slot_at(log, log->chosen + 1);
		bool same = slot && slot->accepted &&
		            (slot->accepted == ballot || planted(self, BUG_COMMIT_ANY));
		if (!same)
			break;
		paxos_choose(log, slot, &slot->value);
	}
	paxos_know(log, from, upto);
}

/* Returns: whether it is accepted, now or before. */
static bool take(struct multipaxos *self, struct slot *slot, uint64_t ballot,
                 const struct value *value, struct ec_out *out)
{
	bool equal = paxos_value_equal(&slot->value, value);
	if (slot->accepted > ballot || (slot->chosen && !equal))
		return false;
	if (slot->accepted == ballot)
		return equal;
	if (ballot > self->log.promised)
		self->log.promised = ballot;
	paxos_accept(&self->log, slot, ballot, value, out);
	return true;
}

void multipaxos_accept_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *slot = paxos_slot_at(log, m->seq);
	struct value value = paxos_value_of(in, m);
	struct message message = {.kind = ACCEPTED, .ballot = m->ballot, .seq = m->seq};
	if (m->ballot < log->promised && !planted(self, BUG_ACCEPT_BELOW)) {
		refuse(self, in->from, m->ballot, out);
		return;
	}
	multipaxos_leader_heard(self, m->ballot, out);
	if (slot && take(self, slot, m->ballot, &value, out) && log->voter)
		paxos_send(log, out, in->from, &message, EC_NO_BYTES,
		           log_planted(log, LOG_SPEAK_FIRST) ? EC_EAGER : 0);
	else if (m->seq <= paxos_floor(log))
		paxos_state_tell(log, in->from, m->seq, out);
	commit(self, in->from, m->ballot, m->upto);
}

void multipaxos_commit_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out)
{
	if (m->ballot >= self->log.promised)
		multipaxos_leader_heard(self, m->ballot, out);
	commit(self, in->from, m->ballot, m->upto); /* true whoever leads by now */
}

void multipaxos_heartbeat_received(struct multipaxos *self, const struct ec_input *in,
                                   const struct message *m, struct ec_out *out)
{
	struct message message = {.kind = HEARD, .ballot = m->ballot, .number = m->number};
	if (m->ballot < self->log.promised) {
		refuse(self, in->from, m->ballot, out);
		return;
	}
	multipaxos_leader_heard(self, m->ballot, out);
	if (self->log.voter)
		paxos_send(&self->log, out, in->from, &message, EC_NO_BYTES, EC_EAGER);
	commit(self, in->from, m->ballot, m->upto);
}
