/* recovery.c - replay, and the start of a life.
 *
 * The newest CUT comes first and holds the term, the vote, and where the log begins.  Records of
 * terms and entries follow in the order in which they were made, some of them older than the CUT.
 * An entry replaces what stood at its index and behind.  One that does not fit behind the entry
 * before it was cut off before the CUT was made, and its like below are forgotten: it is left out.
 * So is one of a log that has since begun anew at a state: `generation` tells them apart.
 *
 * What is committed is learned again from a leader, as in the paper; the application knows for
 * itself where it stands.  Where it stands beyond our log, the log begins anew there. */
#include "consensus/raft/state.h"

static void entry_replay(struct raft *self, const struct ec_input *in, const struct message *m)
{
	if (m->generation != self->generation || m->index <= self->floor ||
	    m->index > self->last + 1)
		return;
	bool unknown = m->index - 1 == self->floor && self->floor && !self->floor_term;
	if (unknown)
		self->floor_term = m->log_term;
	if (raft_term_at(self, m->index - 1) != m->log_term)
		return;
	raft_log_truncate(self, m->index - 1);
	if (raft_log_room(self) == 0)
		return;
	if (m->entry_term > self->term && planted(self, BUG_VOTE_UNSAVED)) {
		self->term = m->entry_term;
		self->vote = EC_ALL;
	}
	raft_log_put(self, &(struct entry){.term = m->entry_term,
	                                   .origin = m->origin,
	                                   .digest = in->digest,
	                                   .body = ec_keep(in->body)});
}

static void cut_replay(struct raft *self, const struct message *m)
{
	self->term = m->term;
	self->vote = m->node;
	raft_log_reset(self, m->index, m->log_term);
	self->generation = m->generation;
	self->snap = m->snap;
	self->snap_term = m->snap_term;
	self->snap_digest = m->digest;
}

void raft_record_replayed(struct raft *self, const struct ec_input *in)
{
	struct message m;
	bool known = raft_message_read(in->head, &m);
	assert(known && !self->started);
	self->recorded = true;
	switch ((int)m.kind) {
	case SAVED_TERM:
		if (m.term < self->term)
			break;
		self->term = m.term;
		self->vote = m.node;
		break;
	case SAVED_ENTRY:
		entry_replay(self, in, &m);
		break;
	case SAVED_INSTALL:
		self->install = m.index;
		self->install_term = m.log_term;
		break;
	default:
		assert(m.kind == SAVED_CUT);
		cut_replay(self, &m);
	}
}

/* The application stands beyond the log. */
static void begin_anew(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	raft_log_reset(self, in->seq, in->seq == self->install ? self->install_term : 0);
	self->generation++;
	self->snap = in->seq;
	self->snap_term = self->floor_term;
	self->snap_digest = in->digest;
	raft_cut_save(self, out);
}

void raft_life_start(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	bool fresh = !self->recorded && in->seq == 0;
	assert(!self->started);
	self->started = true;
	self->delivered = in->seq;
	if (in->seq > self->last)
		begin_anew(self, in, out);
	bool held = self->snap > self->floor && self->snap <= self->last &&
	            raft_term_at(self, self->snap) == self->snap_term;
	self->commit = self->verified = held ? self->snap : self->floor;
	raft_patience_renew(self);
	if (self->options.lease)
		raft_leader_hear(self); /* I may have heard one in the life before, and said so */
	if (self->voters == 1)
		self->deadline = self->now; /* nobody else can lead */
	bool again = planted(self, BUG_FIRST_AGAIN) && self->term == 1;
	if ((!fresh && !again) || self->first != self->config.self || !self->may_lead)
		return;
	struct message message = {.kind = SAVED_TERM, .term = self->term, .node = self->vote};
	raft_save(self, out, &message, EC_NO_BYTES, 0);
	self->role = CANDIDATE;
	self->deadline = 0;
	self->votes = self->voter_set & ~bit(self->config.self);
	message = (struct message){.kind = VOTE,
	                           .index = self->last,
	                           .log_term = raft_term_at(self, self->last),
	                           .commit = self->commit};
	raft_send(self, out, self->config.self, message, EC_NO_BYTES, 0);
}
