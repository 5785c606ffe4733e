/* election.c - how a ballot begins, and ends.
 *
 *      FOLLOWER --no leader heard--> CANVASSING --q1 SUPPORT--> PREPARING --q1 PROMISE--> LEADING
 *          ^                              |                         |                       |
 *          +------a leader is heard, a higher ballot is promised, no quorum is heard-------+
 *
 * Ours: before a member takes a ballot it asks whether it would be borne (as Raft's PreVote does;
 * Ongaro, 2014, 9.6): who hears a leader does not support another, so that a member with bad links
 * deposes nobody; and who could not report all that the candidate must know sends it to catch up
 * instead.  A leader that hears no quorum steps down (leader.c), so that a member that still hears
 * it does not keep the others from a better one.
 *
 * A ballot is (counter, member).  It is promised, and so on disk, before PREPARE names it: no later
 * life takes it again. */
#include "consensus/multipaxos/state.h"

void multipaxos_follow(struct multipaxos *self)
{
	uint64_t timeout_ns = self->log.timeout_ns;
	uint32_t failures = self->failures < BACKOFF_MAX ? self->failures : BACKOFF_MAX;
	self->role = FOLLOWER;
	self->leader = 0;
	self->read_round = 0;
	self->patience = timeout_ns + ec_prng_below(&self->prng, timeout_ns << failures);
	self->deadline = self->log.now + self->patience;
}

void multipaxos_promise(struct multipaxos *self, uint64_t ballot, struct ec_out *out)
{
	struct message record = {.kind = SAVED_PROMISE, .ballot = ballot};
	assert(ballot > self->log.promised);
	self->log.promised = ballot;
	paxos_save(&self->log, out, &record, EC_NO_BYTES, 0);
}

void multipaxos_canvass_say(struct multipaxos *self, ec_node to, struct ec_out *out)
{
	struct message message = {.kind = CANVASS,
	                          .ballot = self->ballot,
	                          .seq = self->log.chosen + 1,
	                          .upto = paxos_end(&self->log)};
	paxos_send(&self->log, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

void multipaxos_prepare_say(struct multipaxos *self, ec_node to, struct ec_out *out)
{
	struct message message = {
		.kind = PREPARE, .ballot = self->ballot, .seq = paxos_first_open(&self->log)};
	paxos_send(&self->log, out, to, &message, EC_NO_BYTES, 0);
}

static uint64_t ballot_next(const struct multipaxos *self)
{
	uint64_t highest = self->seen > self->log.promised ? self->seen : self->log.promised;
	return ballot_of(ballot_counter(highest) + 1, self->log.config.self);
}

static void canvass(struct multipaxos *self, struct ec_out *out)
{
	multipaxos_follow(self);
	self->failures++;
	self->role = CANVASSING;
	self->ballot = ballot_next(self);
	self->supports = 0;
	paxos_note(&self->log, out, "rule:canvass", ballot_counter(self->ballot));
	multipaxos_canvass_say(self, EC_ALL, out);
}

/* The last position in which something is accepted here. */
static ec_seq accepted_end(const struct log *log)
{
	ec_seq seq = paxos_end(log);
	while (seq > log->chosen && !paxos_slot_at(log, seq)->accepted)
		seq--;
	return seq;
}

void multipaxos_canvass_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out)
{
	struct log *log = &self->log;
	struct message message = {.kind = SUPPORT, .ballot = m->ballot};
	bool hears = self->leader && log->now < self->heard + self->log.timeout_ns;
	if (m->ballot > self->seen)
		self->seen = m->ballot;
	if (!log->voter || self->role == LEADING || self->role == BEGINNING || hears)
		return;
	if (m->seq <= paxos_floor(log)) {
		paxos_state_tell(log, in->from, m->seq, out);
		return;
	}
	if (m->ballot > log->promised && accepted_end(log) <= m->upto)
		paxos_send(log, out, in->from, &message, EC_NO_BYTES, EC_EAGER);
}

static void prepare(struct multipaxos *self, struct ec_out *out)
{
	struct log *log = &self->log;
	self->role = PREPARING;
	self->limit = 0;
	for (uint32_t i = 0; i < log->n; i++) {
		self->peer[i].reports = 0;
		self->peer[i].promised = false;
	}
	for (ec_seq seq = paxos_floor(log) + 1; seq <= paxos_end(log); seq++)
		paxos_slot_at(log, seq)->best_ballot = paxos_slot_at(log, seq)->votes = 0;
	multipaxos_promise(self, self->ballot, out);
	paxos_note(log, out, "rule:prepare", ballot_counter(self->ballot));
	multipaxos_prepare_say(self, EC_ALL, out);
}

void multipaxos_support_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out)
{
	if (self->role != CANVASSING || m->ballot != self->ballot)
		return;
	self->supports |= bit(in->from);
	if (set_count(self->supports) < self->log.quorums.prepare)
		return;
	if (self->ballot > self->log.promised)
		prepare(self, out);
	else
		multipaxos_follow(self);
}

void multipaxos_report_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out)
{
	struct log *log = &self->log;
	struct peer *peer = &self->peer[in->from];
	struct slot *slot = paxos_slot_at(log, m->seq);
	struct value value = paxos_value_of(in, m);
	(void)out;
	if (self->role != PREPARING || m->ballot != self->ballot)
		return;
	if (m->number == 0) /* PREPARE was said again, to a new link: so is all of the answer */
		peer->reports = 0;
	if (m->seq > paxos_end(log))
		return; /* what finds no place is not counted */
	if (m->number == peer->reports)
		peer->reports++;
	if (!slot || slot->chosen)
		return;
	if (m->old == CHOSEN) {
		paxos_choose(log, slot, &value);
		return;
	}
	bool better = m->old > slot->best_ballot;
	if (planted(self, BUG_VOTES_ACROSS))
		slot->votes |= bit(in->from);
	if (planted(self, BUG_LOWER_BALLOT))
		better = !slot->best_ballot || m->old < slot->best_ballot;
	if (!better)
		return;
	slot->best_ballot = m->old;
	paxos_value_set(&slot->best, &value);
}

void multipaxos_promise_received(struct multipaxos *self, const struct ec_input *in,
                                 const struct message *m, struct ec_out *out)
{
	struct peer *peer = &self->peer[in->from];
	uint32_t promised = 0;
	if (self->role != PREPARING || m->ballot != self->ballot || m->number > peer->reports)
		return;
	peer->promised = true;
	if (m->upto > self->limit)
		self->limit = m->upto;
	paxos_know(&self->log, in->from, m->upto);
	for (uint32_t i = 0; i < self->log.n; i++)
		promised += self->peer[i].promised;
	if (promised >= self->log.quorums.prepare)
		multipaxos_lead(self, out);
}

void multipaxos_refuse_received(struct multipaxos *self, const struct ec_input *in,
                                const struct message *m, struct ec_out *out)
{
	(void)in;
	if (m->ballot > self->seen)
		self->seen = m->ballot;
	if (self->role == FOLLOWER || m->old != self->ballot || m->ballot <= self->ballot)
		return;
	paxos_note(&self->log, out, "rule:refused", ballot_counter(m->ballot));
	multipaxos_follow(self);
}

void multipaxos_hand_over(struct multipaxos *self, ec_node to, struct ec_out *out)
{
	struct message message = {.kind = HANDOVER, .ballot = self->ballot};
	bool may =
		to < self->log.n && to != self->log.config.self && self->log.leader_set & bit(to);
	if (self->role == LEADING && may && !self->options.lease_ns)
		paxos_send(&self->log, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

void multipaxos_handover_received(struct multipaxos *self, const struct ec_input *in,
                                  const struct message *m, struct ec_out *out)
{
	(void)in;
	if (self->role != FOLLOWER || !may_lead(self) || m->ballot != self->leader)
		return;
	paxos_note(&self->log, out, "rule:hand-over", ballot_counter(m->ballot));
	multipaxos_follow(self);
	self->ballot = ballot_next(self);
	prepare(self, out);
}

void multipaxos_election_run(struct multipaxos *self, struct ec_out *out)
{
	if (!may_lead(self) || self->role == LEADING || self->role == BEGINNING)
		return;
	if (self->log.now >= self->deadline)
		canvass(self, out);
}
