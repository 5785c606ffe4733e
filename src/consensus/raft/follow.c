/* follow.c - what a leader says to those who follow it (section 5.3).
 *
 * An entry is taken where the one before it is the leader's, too.  What is committed here is in
 * every later leader's log (5.4.3), so up to there no term is compared.  Only an entry that really
 * differs cuts the log: an APPEND that says less than is known does not.  A commit is taken as far
 * as this log is known to be that of the leader of this term. */
#include "consensus/raft/state.h"

bool raft_leader_known(struct raft *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out)
{
	if (in->from == self->config.self)
		return false;
	if (m->term < self->term) { /* it is told that its time is over */
		raft_send(self, out, in->from, (struct message){.kind = HEARD}, EC_NO_BYTES,
		          EC_EAGER);
		return false;
	}
	assert(m->term == self->term);
	bool other = self->leader != EC_ALL && self->leader != in->from;
	if (self->role == LEADER || other)
		return false; /* a liar: a term has one leader */
	self->role = FOLLOWER;
	if (self->leader == EC_ALL)
		raft_reads_restart(self);
	self->leader = self->lead = in->from;
	self->fruitless = 0;
	raft_leader_hear(self);
	raft_patience_renew(self);
	return true;
}

static void commit_take(struct raft *self, ec_seq commit)
{
	ec_seq most = planted(self, BUG_UNVERIFIED) ? self->last : self->verified;
	if (commit > most)
		commit = most;
	if (commit > self->commit)
		self->commit = commit;
}

/* Up to here my log is the leader's. */
static void agree(struct raft *self, const struct ec_input *in, ec_seq index, struct ec_out *out)
{
	if (index > self->verified)
		self->verified = index;
	raft_ack(self, out, in->from, (struct message){.index = index});
}

/* It is not, or there is no room for it to be. */
static void refuse(struct raft *self, const struct ec_input *in, const struct message *m,
                   uint8_t word, struct ec_out *out)
{
	ec_seq end = m->index < self->last ? m->index : self->last;
	struct message answer = {.word = word, .index = self->last, .prev = m->index};
	if (word == CONFLICTS)
		answer.index = raft_log_below(self, end, m->log_term);
	raft_ack(self, out, in->from, answer);
}

static void entry_take(struct raft *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out)
{
	ec_seq index = m->index + 1;
	assert(index > self->commit && index <= self->last + 1);
	if (index <= self->last && raft_term_at(self, index) == m->entry_term) {
		if (planted(self, BUG_SHORT_APPEND))
			raft_log_truncate(self, index);
		agree(self, in, index, out);
		return;
	}
	if (m->entry_term < raft_term_at(self, m->index))
		return; /* a liar: terms never decrease */
	if (index <= self->last) {
		raft_note(self, out, "rule:truncate", index);
		raft_log_truncate(self, m->index);
	}
	if (raft_log_room(self) == 0) {
		raft_note(self, out, "rule:full", index);
		refuse(self, in, m, FULL, out);
		return;
	}
	raft_log_append(self,
	                &(struct entry){.term = m->entry_term,
	                                .origin = m->origin,
	                                .digest = in->digest,
	                                .body = ec_keep(in->body)},
	                out);
	agree(self, in, index, out);
}

/* A floor whose term nobody told until now. */
static void floor_learn(struct raft *self, const struct message *m)
{
	if (m->index != self->floor || !self->floor || self->floor_term)
		return;
	if (self->last > self->floor && m->log_term > raft_term_at(self, self->floor + 1))
		return; /* a liar */
	self->floor_term = m->log_term;
	if (self->snap == self->floor)
		self->snap_term = m->log_term;
}

void raft_append_received(struct raft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out)
{
	if (!raft_leader_known(self, in, m, out))
		return;
	floor_learn(self, m);
	if (m->index < self->commit) {
		agree(self, in, self->commit, out);
	} else if (m->index > self->last ||
	           (m->index > self->commit && raft_term_at(self, m->index) != m->log_term)) {
		refuse(self, in, m, CONFLICTS, out);
	} else if (m->entry_term) {
		entry_take(self, in, m, out);
	} else {
		agree(self, in, m->index, out);
	}
	commit_take(self, m->commit);
}

void raft_heartbeat_received(struct raft *self, const struct ec_input *in, const struct message *m,
                             struct ec_out *out)
{
	if (!raft_leader_known(self, in, m, out))
		return;
	commit_take(self, m->commit);
	raft_send(self, out, in->from, (struct message){.kind = HEARD, .round = m->round},
	          EC_NO_BYTES, 0);
}

void raft_committed_received(struct raft *self, const struct ec_input *in, const struct message *m,
                             struct ec_out *out)
{
	if (raft_leader_known(self, in, m, out))
		commit_take(self, m->commit);
}
