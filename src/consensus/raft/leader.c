/* leader.c - a leader's log becomes the others' (sections 5.3 and 5.4.2; thesis 10.2).
 *
 * One entry a message.  A follower is probed until it is known where the logs part; then entries
 * are sent as they come, at most `inflight` ahead of what it has on disk; one that lacks what is
 * forgotten here is brought a state.  With an empty log there is nothing to probe.  Links lose
 * nothing while they last, so that nothing is repeated but on a new link.
 *
 * A leader sends before its own disk has the entry, and counts itself when its ACK to itself comes
 * back.  An entry is committed when a quorum holds it and it is of this term; those before it are
 * committed with it (Fig. 8). */
#include "consensus/raft/state.h"

void raft_ack(struct raft *self, struct ec_out *out, ec_node to, struct message answer)
{
	answer.kind = ACK;
	if (answer.word == CONFLICTS && answer.index >= self->floor)
		answer.log_term = raft_term_at(self, answer.index);
	bool eager = self->config.muted || planted(self, BUG_EAGER_ACK);
	if (self->config.muted)
		answer.word |= UNBOUND;
	raft_send(self, out, to, answer, EC_NO_BYTES, eager ? EC_EAGER : 0);
}

/* APPEND with the entry behind `prev`, or none. */
static void append_send(struct raft *self, ec_node to, ec_seq prev, struct ec_out *out)
{
	struct message message = {.kind = APPEND,
	                          .index = prev,
	                          .log_term = raft_term_at(self, prev),
	                          .commit = self->commit,
	                          .origin = EC_ALL};
	struct ec_bytes body = EC_NO_BYTES;
	if (prev < self->last) {
		const struct entry *entry = raft_entry_at(self, prev + 1);
		message.entry_term = entry->term;
		message.origin = entry->origin;
		body = ec_keep(entry->body);
	}
	raft_send(self, out, to, message, body, EC_EAGER);
}

static void install_send(struct raft *self, ec_node to, struct ec_out *out)
{
	struct member *member = raft_members(self) + to;
	struct message message = {.kind = INSTALL,
	                          .index = self->snap,
	                          .log_term = self->snap_term,
	                          .digest = self->snap_digest};
	if (planted(self, BUG_EARLY_CUT) && self->snap < self->floor)
		return; /* no state that is on disk */
	assert(self->snap >= self->floor && self->snap > 0);
	raft_note(self, out, "rule:install", self->snap);
	member->flow = SNAPSHOT;
	member->probed = self->round;
	raft_send(self, out, to, message, EC_NO_BYTES, EC_EAGER);
}

void raft_replicate(struct raft *self, ec_node node, struct ec_out *out)
{
	struct member *member = raft_members(self) + node;
	if (node == self->config.self || member->flow == SNAPSHOT || member->waits)
		return;
	if (member->next <= self->floor && planted(self, BUG_FORGETS_SLOW))
		return;
	if (member->next <= self->floor) {
		install_send(self, node, out);
		return;
	}
	if (member->flow == PROBE) {
		member->waits = true;
		member->probed = self->round;
		append_send(self, node, member->next - 1, out);
		return;
	}
	for (; member->next <= self->last; member->next++) {
		if (member->next - 1 - member->match >= self->options.inflight)
			break;
		append_send(self, node, member->next - 1, out);
		member->probed = self->round;
	}
}

/* The last entry to all: in one message where all can take it now. */
static void last_send(struct raft *self, struct ec_out *out)
{
	struct member *members = raft_members(self);
	bool all = self->n > 2;
	for (ec_node i = 0; i < self->n; i++)
		if (i != self->config.self)
			all &= members[i].flow == REPLICATE && members[i].next == self->last &&
			       self->last - 1 - members[i].match < self->options.inflight;
	if (all)
		append_send(self, EC_ALL, self->last - 1, out);
	for (ec_node i = 0; i < self->n; i++)
		if (all) {
			members[i].next = self->last + 1;
			members[i].probed = self->round;
		} else {
			raft_replicate(self, i, out);
		}
}

static void propose(struct raft *self, const struct entry *entry, struct ec_out *out)
{
	raft_log_append(self, entry, out);
	self->verified = self->last;
	last_send(self, out);
	if (planted(self, BUG_COUNTS_UNSAVED))
		raft_members(self)[self->config.self].match = self->last;
	raft_ack(self, out, self->config.self, (struct message){.index = self->last});
}

void raft_lead(struct raft *self, struct ec_out *out)
{
	assert(self->role == CANDIDATE && self->may_lead);
	if (raft_log_room(self) == 0) { /* until checkpoints make some */
		raft_follow(self);
		return;
	}
	raft_note(self, out, "rule:lead", self->term);
	self->role = LEADER;
	self->leader = self->lead = self->config.self;
	self->calm = self->now;
	self->round = self->confirmed = self->read_round = 0;
	self->heir = EC_ALL;
	self->heir_told = false;
	self->unbound = 0;
	memset(self->round_at, 0, sizeof self->round_at);
	for (ec_node i = 0; i < self->n; i++) {
		struct member *member = raft_members(self) + i;
		ec_seq match = planted(self, BUG_MATCH_KEPT) ? member->match : 0;
		*member = (struct member){.flow = self->last ? PROBE : REPLICATE,
		                          .next = self->last + 1,
		                          .match = match,
		                          .heard_at = self->now};
	}
	propose(self, &(struct entry){.term = self->term, .origin = EC_ALL}, out);
	self->begun = self->last;
	raft_round_start(self, out);
}

/* The window, or up to the next checkpoint: an application that remembers more than this life has
 * delivered was at the last ones before, and asks for none of them again. */
uint32_t raft_room(const struct raft *self)
{
	uint32_t interval = self->options.interval, window = self->options.window;
	ec_seq held = self->last - self->floor, end = self->floor + window;
	ec_seq checkpoint = (self->delivered / interval + 1) * interval;
	if (!self->started || self->role != LEADER || self->heir != EC_ALL)
		return 0;
	if (checkpoint > end)
		end = checkpoint;
	if (self->last >= end || held + FILLERS / 2 >= self->ring)
		return 0;
	return (uint32_t)(end - self->last);
}

void raft_submitted(struct raft *self, const struct ec_input *in, struct ec_out *out)
{
	if (!raft_room(self) || !in->body.size || in->body.size > self->options.batch_bytes_max)
		return;
	if (raft_log_knows(self, &in->digest))
		return;
	propose(self,
	        &(struct entry){.term = self->term,
	                        .origin = self->config.self,
	                        .digest = in->digest,
	                        .body = ec_keep(in->body)},
	        out);
}

ec_seq raft_quorum_index(const struct member *members, uint64_t set, uint32_t quorum)
{
	ec_seq best = 0;
	for (uint64_t left = set; left; left &= left - 1) {
		ec_seq index = members[__builtin_ctzll(left)].match;
		uint32_t holders = 0;
		for (uint64_t all = set; all; all &= all - 1)
			holders += members[__builtin_ctzll(all)].match >= index;
		if (holders >= quorum && index > best)
			best = index;
	}
	return best;
}

/* A member holds the log up to `match`. */
static void commit_count(struct raft *self, ec_seq match, struct ec_out *out)
{
	if (match <= self->commit)
		return;
	uint64_t bound = self->voter_set & ~self->unbound;
	ec_seq index = raft_quorum_index(raft_members(self), bound, self->quorum);
	if (index <= self->commit)
		return;
	if (raft_term_at(self, index) != self->term && !planted(self, BUG_COUNTS_OLD_TERMS))
		return;
	self->commit = index;
	if (self->n > 1)
		raft_send(self, out, EC_ALL,
		          (struct message){.kind = COMMITTED, .commit = self->commit}, EC_NO_BYTES,
		          EC_EAGER);
}

/* Where the next APPEND may fit: the logs may agree where neither term is above the other (5.3);
 * who is a stranger to its log has what is committed up to there. */
static ec_seq next_try(const struct raft *self, const struct message *m)
{
	bool stranger = m->index > 0 && m->log_term == 0;
	if (m->word != CONFLICTS || m->index < self->floor || stranger)
		return m->index + 1;
	ec_seq index = raft_log_below(self, m->index, m->log_term);
	bool deeper = index == self->floor && self->floor_term > m->log_term;
	return deeper ? index : index + 1; /* deeper than what is kept: a state is needed */
}

/* An answer to anything but the last question is of no use any more. */
static void refused(struct raft *self, ec_node node, const struct message *m, struct ec_out *out)
{
	struct member *member = raft_members(self) + node;
	bool asked = m->word == ABSENT ? member->flow == SNAPSHOT : member->flow != SNAPSHOT;
	if (member->flow == PROBE)
		asked &= member->waits && m->prev == member->next - 1;
	if (member->flow == REPLICATE)
		asked &= m->prev >= member->match && m->prev < member->next;
	if (!asked)
		return;
	if (!(self->voter_set & ~self->unbound & bit(node)))
		member->match = 0; /* who promises nothing may come back with nothing */
	ec_seq next = next_try(self, m);
	member->flow = PROBE;
	member->next = next > member->match ? next : member->match + 1;
	member->waits = m->word == FULL; /* until the next round is answered */
	member->probed = self->round;
	raft_replicate(self, node, out);
}

void raft_ack_received(struct raft *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out)
{
	struct member *member = raft_members(self) + in->from;
	bool current = m->term == self->term || planted(self, BUG_STALE_ACK);
	struct message answer = *m;
	if (self->role != LEADER || !current || m->index > self->last)
		return;
	member->heard_at = self->now;
	if (m->word & UNBOUND)
		self->unbound |= bit(in->from);
	answer.word &= (uint8_t)~UNBOUND;
	if (answer.word != MATCHES) {
		if (in->from != self->config.self)
			refused(self, in->from, &answer, out);
		return;
	}
	if (m->index > member->match)
		member->match = m->index;
	if (in->from == self->config.self) {
		commit_count(self, member->match, out);
		return;
	}
	if (member->flow == PROBE || member->next <= member->match)
		member->next = member->match + 1;
	if (member->flow == PROBE || member->match >= self->floor)
		member->flow = REPLICATE;
	member->waits = false;
	commit_count(self, member->match, out);
	raft_replicate(self, in->from, out);
}

void raft_linked(struct raft *self, ec_node node, struct ec_out *out)
{
	struct member *member = raft_members(self) + node;
	if (node == self->leader)
		raft_reads_restart(self); /* what was asked may be lost */
	raft_election_linked(self, node, out);
	if (self->role != LEADER)
		return;
	member->flow = PROBE;
	member->waits = false;
	member->asks = member->asked = 0; /* it asks again */
	if (self->unbound & bit(node))
		member->match = 0; /* it may be bound in its next life: what it said then counts */
	self->unbound &= ~bit(node);
	member->next = member->match ? member->match + 1 : self->last + 1;
	if (node == self->heir)
		self->heir_asked = false; /* that may be lost */
	raft_replicate(self, node, out);
}
