/* reads.c - reads at any member, as of a moment after they were asked for.
 *
 * The leader answers with the position up to which all is chosen, after a round of heartbeats that
 * began after the question: a quorum then still bore its ballot, so that nothing is chosen in
 * another that it does not know of.  It must have chosen what it took over first; until then it
 * does not know what a leader before it had acknowledged.  One round serves all who wait for it.
 *
 * With a lease (off by default) a round that began less than a lease ago answers at once: those who
 * answered it bear no other leader for a lease of their clocks, counted from when they heard it;
 * the leader counts from when it sent it, less the drift. */
#include "consensus/multipaxos/state.h"

void multipaxos_read_ask(struct multipaxos *self, struct ec_out *out)
{
	struct message message = {.kind = ASK_READ, .number = self->ticket};
	if (self->leader && self->ticket > self->answered)
		paxos_send(&self->log, out, ballot_owner(self->leader), &message, EC_NO_BYTES,
		           EC_EAGER);
}

void multipaxos_read(struct multipaxos *self, uint64_t ticket, struct ec_out *out)
{
	if (ticket > self->ticket)
		self->ticket = ticket;
	multipaxos_read_ask(self, out);
}

void multipaxos_ask_read_received(struct multipaxos *self, const struct ec_input *in,
                                  const struct message *m, struct ec_out *out)
{
	struct peer *peer = &self->peer[in->from];
	(void)out;
	if (self->role == LEADING && m->number > peer->wants)
		peer->wants = m->number;
}

void multipaxos_read_received(struct multipaxos *self, const struct ec_input *in,
                              const struct message *m, struct ec_out *out)
{
	(void)in, (void)out;
	if (m->number <= self->answered || m->number > self->ticket)
		return;
	self->answered = m->number;
	if (m->upto > self->read_at)
		self->read_at = m->upto;
}

void multipaxos_serve(struct multipaxos *self, struct ec_out *out)
{
	if (self->answered <= self->served || self->log.fetching ||
	    self->log.delivered < self->read_at)
		return;
	self->served = self->answered;
	ec_emit(out, (struct ec_effect){.kind = EC_SERVE,
	                                .seq = self->log.delivered,
	                                .ticket = self->answered});
}

/* The newest round that a quorum heard. */
static uint64_t round_heard(const struct multipaxos *self)
{
	const struct log *log = &self->log;
	uint64_t best = 0;
	for (uint32_t i = 0; i < log->n; i++) {
		uint64_t round = self->peer[i].acked;
		uint32_t there = 0;
		for (uint32_t k = 0; k < log->n; k++)
			there += log->voter_set & bit(k) && self->peer[k].acked >= round;
		if (there >= log->quorums.accept && round > best)
			best = round;
	}
	return best;
}

static bool leased(const struct multipaxos *self)
{
	uint64_t round = round_heard(self);
	uint64_t lease_ns = self->options.lease_ns;
	lease_ns -= lease_ns / 1000 * self->options.drift_permille;
	return self->options.lease_ns && round && round + ROUNDS > self->round &&
	       self->log.now < self->sent[round % ROUNDS] + lease_ns;
}

static void answer(struct multipaxos *self, struct ec_out *out)
{
	struct message message = {.kind = READ, .upto = self->log.chosen};
	for (uint32_t i = 0; i < self->log.n; i++) {
		message.number = self->peer[i].reading;
		self->peer[i].reading = 0;
		if (message.number)
			paxos_send(&self->log, out, i, &message, EC_NO_BYTES, EC_EAGER);
	}
	self->read_round = 0;
}

/* Who waits is of the next round.  Returns: whether there is anybody. */
static bool gather(struct multipaxos *self)
{
	bool any = false;
	for (uint32_t i = 0; i < self->log.n; i++) {
		struct peer *peer = &self->peer[i];
		any |= peer->wants != 0;
		peer->reading = peer->wants;
		peer->wants = 0;
	}
	return any;
}

void multipaxos_reads_run(struct multipaxos *self, struct ec_out *out)
{
	bool settled = self->log.chosen >= self->takeover || planted(self, BUG_READ_EARLY);
	if (self->role != LEADING || !settled)
		return;
	if (self->read_round && round_heard(self) >= self->read_round)
		answer(self, out);
	if (self->read_round || !gather(self))
		return;
	if (leased(self) || planted(self, BUG_READ_UNASKED)) {
		paxos_note(&self->log, out, "rule:lease", self->log.chosen);
		answer(self, out);
		return;
	}
	multipaxos_beat(self, out);
	self->read_round = self->round;
}
