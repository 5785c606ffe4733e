/* reads.c - linearizable reads at every member (thesis 6.4).
 *
 * A member asks the leader for the tickets that are wanted; the leader remembers what is committed
 * and starts a round of heartbeats.  Once a quorum has answered that round nobody had been elected
 * before it began, so all that was acknowledged anywhere by then is committed here: the reads may
 * see that, as soon as the application stands there.  A leader answers nothing before an entry of
 * its own term is committed, for until then it does not know what is.
 *
 * One round serves all that wait; what comes meanwhile waits for the next.  A member has one
 * question out at a time.
 *
 * With a lease: a quorum that answered a round votes for nobody else for the shortest election
 * time-out, so for three quarters of it the next reads need no round.  A leader that told another
 * to stand has no lease for the rest of its term, for votes that were asked for so do not wait. */
#include "consensus/raft/state.h"

void raft_read_wanted(struct raft *self, uint64_t ticket)
{
	if (ticket > self->wanted)
		self->wanted = ticket;
}

void raft_reads_restart(struct raft *self)
{
	self->asked = 0;
	self->answered = false;
	self->read_round = 0;
	for (ec_node i = 0; i < self->n; i++)
		raft_members(self)[i].asks = raft_members(self)[i].asked = 0;
}

void raft_ask_read_received(struct raft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out)
{
	struct member *member = raft_members(self) + in->from;
	(void)out;
	if (self->role == LEADER && m->ticket > member->asks)
		member->asks = m->ticket;
}

static void answered(struct raft *self, uint64_t ticket, ec_seq commit)
{
	if (ticket != self->asked || self->answered)
		return;
	self->answered = true;
	self->read_at = commit;
}

void raft_read_at_received(struct raft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	(void)in, (void)out;
	if (self->role != LEADER)
		answered(self, m->ticket, m->commit);
}

static void ask(struct raft *self, struct ec_out *out)
{
	if (!self->wanted || self->asked || self->leader == EC_ALL)
		return;
	self->asked = self->wanted;
	if (self->role == LEADER)
		raft_members(self)[self->config.self].asks = self->asked;
	else
		raft_send(self, out, self->leader,
		          (struct message){.kind = ASK_READ, .ticket = self->asked}, EC_NO_BYTES,
		          EC_EAGER);
}

static void answer_all(struct raft *self, struct ec_out *out)
{
	self->read_round = 0;
	for (ec_node i = 0; i < self->n; i++) {
		uint64_t ticket = raft_members(self)[i].asked;
		raft_members(self)[i].asked = 0;
		if (ticket && i == self->config.self)
			answered(self, ticket, self->read_commit);
		else if (ticket)
			raft_send(self, out, i,
			          (struct message){.kind = READ_AT,
			                           .ticket = ticket,
			                           .commit = self->read_commit},
			          EC_NO_BYTES, EC_EAGER);
	}
}

/* Takes all that wait into the next round.  Returns: whether there were any. */
static bool gather(struct raft *self)
{
	bool any = false;
	for (ec_node i = 0; i < self->n; i++) {
		struct member *member = raft_members(self) + i;
		member->asked = member->asks;
		member->asks = 0;
		any |= member->asked > 0;
	}
	return any;
}

static void lead_reads(struct raft *self, struct ec_out *out)
{
	bool knows = self->commit >= self->begun || planted(self, BUG_READS_EARLY);
	if (self->read_round && self->confirmed >= self->read_round)
		answer_all(self, out);
	if (self->read_round || !knows || !gather(self))
		return;
	self->read_commit = self->commit;
	bool lease = self->options.lease && !self->heir_told && self->now < raft_lease_end(self);
	if (lease || planted(self, BUG_READS_ALONE)) {
		raft_note(self, out, "rule:lease", self->commit);
		answer_all(self, out);
		return;
	}
	raft_round_start(self, out);
	self->read_round = self->round;
	if (self->confirmed >= self->read_round)
		answer_all(self, out);
}

static void serve(struct raft *self, struct ec_out *out)
{
	if (!self->answered || self->fetching || self->delivered < self->read_at)
		return;
	ec_emit(out, (struct ec_effect){.kind = EC_SERVE,
	                                .flags = EC_EAGER,
	                                .seq = self->read_at,
	                                .ticket = self->asked});
	if (self->wanted == self->asked)
		self->wanted = 0;
	self->asked = 0;
	self->answered = false;
}

void raft_reads_run(struct raft *self, struct ec_out *out)
{
	for (int pass = 0; pass < 2; pass++) { /* what was served makes room for what waited */
		ask(self, out);
		if (self->role == LEADER)
			lead_reads(self, out);
		serve(self, out);
	}
}
