/* leader.c - phase 2: one ballot, many positions.
 *
 * A new leader proposes again, in every position behind what is chosen at all that promised, the
 * value of the highest ballot that was reported there; a gap gets a filler.  Then it proposes what
 * it is given, many positions at once, up to W above the low mark.
 *
 * Ours: ACCEPT leaves while the leader's own disk works; it counts itself when its own ACCEPTED
 * comes back, which cannot overtake its record. */
#include "consensus/multipaxos/state.h"

static void propose(struct multipaxos *self, ec_seq seq, const struct value *value,
                    struct ec_out *out)
{
	struct log *log = &self->log;
	struct slot *slot = paxos_slot_at(log, seq);
	assert(slot && !slot->chosen && slot->accepted <= self->ballot);
	struct message message = {.kind = ACCEPT,
	                          .ballot = self->ballot,
	                          .seq = seq,
	                          .upto = log->chosen,
	                          .origin = value->origin};
	slot->proposed = self->ballot;
	if (!planted(self, BUG_VOTES_ACROSS))
		slot->votes = 0;
	self->told = log->chosen;
	paxos_send(log, out, EC_ALL, &message, ec_keep(value->body), EC_EAGER);
	paxos_accept(log, slot, self->ballot, value, out);
}

/* The last position that somebody reported. */
static ec_seq reported_end(const struct multipaxos *self)
{
	const struct log *log = &self->log;
	for (ec_seq seq = paxos_end(log); seq > log->chosen; seq--) {
		const struct slot *slot = paxos_slot_at(log, seq);
		if (slot->best_ballot || slot->chosen)
			return seq;
	}
	return log->chosen;
}

static void reported_propose(struct multipaxos *self, ec_seq seq, struct ec_out *out)
{
	struct slot *slot = paxos_slot_at(&self->log, seq);
	struct value filler = {.origin = EC_ALL}, best = slot->best;
	if (slot->chosen)
		return;
	bool empty = !slot->best_ballot || planted(self, BUG_FILLER_OVER);
	paxos_note(&self->log, out, empty ? "rule:filler" : "rule:reproposal", seq);
	ec_keep(best.body); /* it may be the very place */
	propose(self, seq, empty ? &filler : &best, out);
	ec_drop(best.body);
}

void multipaxos_lead(struct multipaxos *self, struct ec_out *out)
{
	struct log *log = &self->log;
	ec_seq from = self->limit > log->low ? self->limit : log->low;
	ec_seq to = reported_end(self) > from ? reported_end(self) : from;
	if (to > paxos_end(log)) { /* far behind: another may lead better */
		multipaxos_follow(self);
		return;
	}
	self->role = LEADING;
	self->leader = self->ballot;
	self->failures = 0;
	self->takeover = to;
	self->full = 0;
	self->next = to + 1;
	for (uint32_t i = 0; i < log->n; i++) {
		self->peer[i] = (struct peer){.heard = log->now};
	}
	for (ec_seq seq = from + 1; seq <= to; seq++)
		reported_propose(self, seq, out);
	paxos_note(log, out, "rule:leads", ballot_counter(self->ballot));
	multipaxos_beat(self, out);
	multipaxos_read_ask(self, out);
}

void multipaxos_overtaken(struct multipaxos *self)
{
	const struct slot *slot = paxos_slot_at(&self->log, self->next);
	bool chosen = self->next <= self->log.chosen || (slot && slot->chosen);
	if (self->role == LEADING && chosen)
		multipaxos_follow(self);
}

void multipaxos_overruled(struct multipaxos *self, ec_seq from, ec_seq to,
                          const struct value *value, struct ec_out *out)
{
	for (ec_seq seq = from; self->role == LEADING && seq <= to && seq < self->next; seq++) {
		const struct slot *slot = paxos_slot_at(&self->log, seq);
		if (!slot || slot->chosen || slot->proposed != self->ballot)
			continue;
		if (value && paxos_value_equal(&slot->value, value))
			continue;
		paxos_note(&self->log, out, "rule:overruled", seq);
		multipaxos_follow(self);
	}
}

uint32_t multipaxos_room(const struct multipaxos *self)
{
	ec_seq end = self->log.low + self->log.window;
	if (self->role != LEADING || self->next > end)
		return 0;
	return (uint32_t)(end - self->next + 1);
}

void multipaxos_submitted(struct multipaxos *self, const struct ec_input *in, struct ec_out *out)
{
	struct value value = {
		.digest = in->digest, .origin = self->log.config.self, .body = in->body};
	if (!multipaxos_room(self) || in->body.size == 0 ||
	    in->body.size > self->log.batch_bytes_max ||
	    paxos_knows(&self->log, &in->digest, self->ballot))
		return;
	propose(self, self->next++, &value, out);
}

void multipaxos_accepted_received(struct multipaxos *self, const struct ec_input *in,
                                  const struct message *m, struct ec_out *out)
{
	struct slot *slot = paxos_slot_at(&self->log, m->seq);
	(void)out;
	if (self->role != LEADING || !slot || m->ballot != self->ballot)
		return;
	self->peer[in->from].heard = self->log.now;
	if (slot->proposed != self->ballot)
		return;
	slot->votes |= bit(in->from);
	if (set_count(slot->votes) >= self->log.quorums.accept)
		paxos_choose(&self->log, slot, &slot->value);
}

void multipaxos_heard_received(struct multipaxos *self, const struct ec_input *in,
                               const struct message *m, struct ec_out *out)
{
	struct peer *peer = &self->peer[in->from];
	(void)out;
	if (self->role != LEADING || m->ballot != self->ballot || m->number > self->round)
		return;
	peer->heard = self->log.now;
	if (m->number > peer->acked)
		peer->acked = m->number;
}

void multipaxos_beat(struct multipaxos *self, struct ec_out *out)
{
	struct message message = {.kind = HEARTBEAT,
	                          .ballot = self->ballot,
	                          .upto = self->log.chosen,
	                          .number = ++self->round};
	self->sent[self->round % ROUNDS] = self->log.now;
	self->told = self->log.chosen;
	self->beat = self->log.now + self->log.timeout_ns / BEATS;
	paxos_send(&self->log, out, EC_ALL, &message, EC_NO_BYTES, EC_EAGER);
}

/* Whether a quorum of those that accept was heard within a time-out. */
static bool quorum_heard(const struct multipaxos *self)
{
	uint32_t heard = 0;
	for (uint32_t i = 0; i < self->log.n; i++)
		heard += (self->log.voter_set & bit(i)) &&
		         (i == self->log.config.self ||
		          self->log.now < self->peer[i].heard + self->log.timeout_ns);
	return heard >= self->log.quorums.accept || planted(self, BUG_NO_CHECK_QUORUM);
}

static void accepts_say(struct multipaxos *self, ec_node to, struct ec_out *out)
{
	struct log *log = &self->log;
	struct message message = {.kind = ACCEPT, .ballot = self->ballot, .upto = log->chosen};
	for (ec_seq seq = log->low + 1; seq < self->next; seq++) {
		struct slot *slot = paxos_slot_at(log, seq);
		bool needed = to == EC_ALL || !(slot->votes & bit(to));
		if (slot->proposed != self->ballot || slot->chosen || !needed)
			continue;
		message.seq = seq;
		message.origin = slot->value.origin;
		paxos_send(log, out, to, &message, ec_keep(slot->value.body), EC_EAGER);
	}
}

/* An acceptor drops what lies beyond its ring, which moves with its own checkpoints. */
static void stuck_say(struct multipaxos *self, struct ec_out *out)
{
	struct log *log = &self->log;
	bool moves = log->chosen > self->stuck || self->next == log->chosen + 1;
	if (moves) {
		self->stuck = log->chosen;
		self->moved = log->now;
	}
	if (log->now < self->moved + self->log.timeout_ns)
		return;
	self->moved = log->now;
	accepts_say(self, EC_ALL, out);
}

/* Whether my own disk has held all up for a time-out: others have checkpoints, and would go on. */
static bool holds_up(struct multipaxos *self)
{
	const struct log *log = &self->log;
	if (multipaxos_room(self) || paxos_stable(log) <= log->low)
		self->full = 0;
	else if (!self->full)
		self->full = log->now;
	return self->full && log->now >= self->full + self->log.timeout_ns;
}

/* Whether nobody can tell what is below the low mark of somebody who promised, and is gone since:
 * the next ballot need not know of that mark, and proposes again what was accepted there. */
static bool stranded(const struct multipaxos *self)
{
	return self->log.chosen < self->limit && self->log.vain + 1 >= self->log.n;
}

void multipaxos_leader_run(struct multipaxos *self, struct ec_out *out)
{
	struct log *log = &self->log;
	struct message message = {.kind = COMMIT, .ballot = self->ballot, .upto = log->chosen};
	if (self->role != LEADING)
		return;
	if (log->now >= self->beat && (!quorum_heard(self) || holds_up(self) || stranded(self))) {
		paxos_note(log, out, "rule:steps-down", ballot_counter(self->ballot));
		multipaxos_follow(self);
		return;
	}
	if (log->now >= self->beat && log->n > 1) {
		stuck_say(self, out);
		multipaxos_beat(self, out);
	}
	if (log->chosen > self->told && log->n > 1)
		paxos_send(log, out, EC_ALL, &message, EC_NO_BYTES, EC_EAGER);
	self->told = log->chosen;
}

void multipaxos_leader_linked(struct multipaxos *self, ec_node to, struct ec_out *out)
{
	struct log *log = &self->log;
	struct message message = {.kind = HEARTBEAT,
	                          .ballot = self->ballot,
	                          .upto = log->chosen,
	                          .number = self->round};
	accepts_say(self, to, out);
	paxos_send(log, out, to, &message, EC_NO_BYTES, EC_EAGER);
}
