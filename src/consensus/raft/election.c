/* election.c - terms, votes, patience (sections 5.2 and 5.4.1; thesis 4.2.3, 6.4.1 and 9.6).
 *
 * Who hears no leader for a drawn time asks first whether a quorum would vote for it (PreVote), and
 * only then goes to the next term and asks for votes.  A member would not, and does not, while it
 * hears a leader; a leader that no quorum answers steps down (rounds.c).  One without the other
 * leaves groups of half-broken links without a leader for ever.
 *
 * A vote is on disk before it is said, one's own too: it counts when the VOTE to oneself comes
 * back, and from then on the candidate waits.
 *
 * Ours: a term in which nobody leads shows that chance let two stand, or that votes take longer
 * than anybody waits, as on slow disks.  For the first SPLITS of them in a row it was chance; with
 * each behind them all waits double, as PBFT's do, up to LONGER doublings.  They are the first ones
 * again when a leader is heard; a leader's own patience with its quorum comes back slowly
 * (rounds.c).
 *
 * The first term.  Everybody who has no records is in term 1 and has voted for `first`, without a
 * word: who has nothing on disk has said nothing, so each life without records begins in the same
 * way.  `first` saves that it leads and then does; a life with records never does so again.
 *
 * Ours: who does not know the term of its last entry (log.c) votes for those alone who know as much
 * to be committed as it has. */
#include "consensus/raft/state.h"

enum { SPLITS = 2, LONGER = 4 };

uint64_t raft_longer(const struct raft *self, uint64_t wait_ns)
{
	return self->fruitless > SPLITS ? wait_ns << (self->fruitless - SPLITS) : wait_ns;
}

void raft_patience_renew(struct raft *self)
{
	const struct raft_options *options = &self->options;
	uint64_t spread = options->election_max_ns - options->election_min_ns + 1;
	uint64_t wait_ns = options->election_min_ns + ec_prng_below(&self->prng, spread);
	self->deadline = self->now + raft_longer(self, wait_ns);
}

void raft_leader_hear(struct raft *self)
{
	self->loyal = self->now + self->options.election_min_ns;
}

bool raft_leader_heard(const struct raft *self)
{
	if (planted(self, BUG_NO_PREVOTE))
		return false;
	return self->role == LEADER || self->now < self->loyal;
}

static void term_save(struct raft *self, struct ec_out *out)
{
	struct message message = {.kind = SAVED_TERM, .term = self->term, .node = self->vote};
	raft_save(self, out, &message, EC_NO_BYTES, 0);
}

static void term_set(struct raft *self, uint64_t term, ec_node vote, struct ec_out *out)
{
	assert(term > self->term || self->vote == EC_ALL);
	if (term > self->term) {
		self->fruitless += self->fruitless < SPLITS + LONGER;
		self->leader = EC_ALL;
		self->votes = 0;
		self->verified = self->commit;
		self->heir = EC_ALL;
		raft_reads_restart(self);
	}
	self->term = term;
	self->vote = vote;
	if (!planted(self, BUG_VOTE_UNSAVED) || vote == EC_ALL)
		term_save(self, out);
}

void raft_follow(struct raft *self)
{
	if (self->role == LEADER) { /* nobody leads: I may vote at once */
		self->loyal = 0;
		self->leader = EC_ALL;
		raft_reads_restart(self);
	}
	self->role = FOLLOWER;
	self->heir = EC_ALL;
	raft_patience_renew(self);
}

void raft_term_enter(struct raft *self, uint64_t term, struct ec_out *out)
{
	raft_follow(self);
	term_set(self, term, EC_ALL, out);
}

/* Whether a log that ends so is not behind mine (5.4.1). */
static bool up_to_date(const struct raft *self, const struct message *m)
{
	if (planted(self, BUG_SHORT_LOG))
		return true;
	if (raft_log_strange(self))
		return m->commit >= self->last;
	uint64_t term = raft_term_at(self, self->last);
	return m->log_term > term || (m->log_term == term && m->index >= self->last);
}

static struct message application(const struct raft *self, enum kind kind)
{
	return (struct message){.kind = kind,
	                        .index = self->last,
	                        .log_term = raft_term_at(self, self->last),
	                        .commit = self->commit};
}

void raft_stand(struct raft *self, uint8_t word, struct ec_out *out)
{
	raft_note(self, out, "rule:stand", self->term + 1);
	self->loyal = 0;
	self->role = CANDIDATE;
	self->vote_word = word;
	self->vote = EC_ALL;
	term_set(self, self->term + 1, self->config.self, out);
	self->deadline = 0;
	struct message message = application(self, VOTE);
	message.word = word;
	raft_send(self, out, EC_ALL, message, EC_NO_BYTES, 0);
}

static void canvass(struct raft *self, struct ec_out *out)
{
	self->role = PRECANDIDATE;
	self->leader = EC_ALL;
	raft_reads_restart(self);
	self->votes = bit(self->config.self);
	raft_patience_renew(self);
	if (self->quorum == 1 || planted(self, BUG_NO_PREVOTE)) {
		raft_stand(self, 0, out);
		return;
	}
	struct message message = application(self, PREVOTE);
	message.term = self->term + 1;
	raft_send(self, out, EC_ALL, message, EC_NO_BYTES, EC_EAGER);
}

void raft_election_run(struct raft *self, struct ec_out *out)
{
	if (self->role == LEADER || !self->may_lead)
		return;
	if (!self->deadline || self->now < self->deadline)
		return;
	if (raft_log_strange(self) && self->voters == 1)
		self->floor_term = self->term; /* nobody else has a log to compare */
	if (raft_log_strange(self) || self->fetching)
		raft_patience_renew(self);
	else
		canvass(self, out);
}

void raft_prevote_received(struct raft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	if (in->from == self->config.self || !self->voter)
		return;
	bool would = m->term > self->term && !raft_leader_heard(self) &&
	             (up_to_date(self, m) || planted(self, BUG_BLIND_PREVOTE));
	struct message answer = {.kind = PREVOTED,
	                         .term = would ? m->term : self->term,
	                         .word = would ? GRANTED : REFUSED};
	raft_send(self, out, in->from, answer, EC_NO_BYTES, EC_EAGER);
}

void raft_prevoted_received(struct raft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out)
{
	if (self->role != PRECANDIDATE || m->word != GRANTED || m->term != self->term + 1)
		return;
	self->votes |= bit(in->from) & self->voter_set;
	if (set_count(self->votes) >= self->quorum)
		raft_stand(self, 0, out);
}

static void votes_count(struct raft *self, struct ec_out *out)
{
	bool mine = self->votes & bit(self->config.self);
	if (mine && set_count(self->votes) >= self->quorum)
		raft_lead(self, out);
}

void raft_vote_received(struct raft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out)
{
	if (in->from == self->config.self) { /* mine is on disk */
		if (self->role != CANDIDATE || m->term != self->term)
			return;
		self->votes |= bit(self->config.self);
		raft_patience_renew(self);
		votes_count(self, out);
		return;
	}
	if (!self->voter)
		return;
	bool later = m->term > self->term;
	bool free = self->leader == EC_ALL && (self->vote == EC_ALL || self->vote == in->from);
	bool grant = (later || (m->term == self->term && free)) && up_to_date(self, m);
	if (grant || later)
		raft_follow(self);
	if (later || (grant && self->vote == EC_ALL))
		term_set(self, m->term, grant ? in->from : EC_ALL, out);
	struct message answer = {.kind = VOTED, .word = grant ? GRANTED : REFUSED};
	raft_send(self, out, in->from, answer, EC_NO_BYTES, 0);
}

void raft_voted_received(struct raft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out)
{
	if (self->role != CANDIDATE || m->term != self->term || m->word != GRANTED)
		return;
	self->votes |= bit(in->from) & self->voter_set;
	votes_count(self, out);
}

void raft_election_linked(struct raft *self, ec_node node, struct ec_out *out)
{
	struct message message = application(self, self->role == CANDIDATE ? VOTE : PREVOTE);
	bool first = self->term == 1; /* in which nobody is asked */
	if (self->role == PRECANDIDATE) {
		message.term = self->term + 1;
		raft_send(self, out, node, message, EC_NO_BYTES, EC_EAGER);
	} else if (self->role == CANDIDATE && !first) {
		message.word = self->vote_word;
		raft_send(self, out, node, message, EC_NO_BYTES, 0);
	}
}
