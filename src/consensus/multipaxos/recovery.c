/* recovery.c - replay, and the start of a life. */
#include "consensus/multipaxos/state.h"

void multipaxos_record_replayed(struct multipaxos *self, const struct ec_input *in)
{
	struct message m;
	bool known = paxos_message_read(in->head, &m);
	assert(known && !self->log.started);
	self->recorded = true;
	if (m.kind == SAVED_CUT)
		paxos_cut_replayed(&self->log, &m);
	else if (m.kind == SAVED_ACCEPT)
		paxos_accept_replayed(&self->log, in, &m);
	if (m.ballot > self->log.promised)
		self->log.promised = m.ballot;
}

/* In a fresh era everybody has promised the ballot of the first leader, who needs no PREPARE: but
 * it, too, must know in a later life that it has begun. */
static void begin(struct multipaxos *self, struct ec_out *out)
{
	struct message record = {.kind = SAVED_PROMISE, .ballot = self->log.promised};
	self->role = BEGINNING;
	self->ballot = self->log.promised;
	paxos_save(&self->log, out, &record, EC_NO_BYTES, 0);
	multipaxos_prepare_say(self, self->log.config.self, out);
}

void multipaxos_life_start(struct multipaxos *self, const struct ec_input *in, struct ec_out *out)
{
	struct log *log = &self->log;
	paxos_log_start(log, in, out);
	self->seen = log->promised;
	multipaxos_follow(self);
	if (self->options.lease_ns) /* whom it bore it has forgotten: it saved nothing of that */
		self->borne_until = log->now + self->options.lease_ns;
	if (!self->recorded && ballot_owner(log->promised) == log->config.self && log->voter)
		begin(self, out);
	else if (log->quorums.prepare == 1 && may_lead(self))
		self->deadline = log->now; /* there is nobody to wait for */
	if (planted(self, BUG_REUSED_BALLOT) && self->recorded &&
	    ballot_owner(log->promised) == log->config.self) {
		self->ballot = log->promised;
		multipaxos_lead(self, out);
	}
}
