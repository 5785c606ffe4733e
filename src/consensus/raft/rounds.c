/* rounds.c - heartbeats, and what their answers prove (thesis 6.2, 6.4).
 *
 * A round that a quorum of voters answered in this term proves that nobody was elected in a later
 * one before it began: reads stand on that.  An answer binds like a vote, so it waits for the disk.
 * A leader that no quorum answers for the longest election time-out steps down (CheckQuorum).  It
 * is one that doubled while nobody could be elected, and is halved for each CALM of the first ones
 * in which a quorum always answered within half of that: disks that are slow to save a vote are
 * slow to answer, too, whenever they have something to save.
 *
 * Heartbeats also heal what no link can lose but a member may have had no room for: who was probed,
 * answered a later round and not the probe, is probed again. */
#include "consensus/raft/state.h"

enum {
	LONG_ROUNDS = 16, /* after which entries or a state that did not come are offered again */
	CALM = 8,
};

static void confirm(struct raft *self, uint64_t round)
{
	uint32_t answered = 0;
	if (round <= self->confirmed)
		return;
	for (uint64_t left = self->voter_set; left; left &= left - 1)
		answered += raft_members(self)[__builtin_ctzll(left)].round >= round;
	if (answered >= self->quorum)
		self->confirmed = round;
}

void raft_round_start(struct raft *self, struct ec_out *out)
{
	struct member *me = raft_members(self) + self->config.self;
	assert(self->role == LEADER);
	self->round_at[++self->round % ROUNDS] = self->now;
	self->heartbeat_at = self->now + self->options.heartbeat_ns;
	me->round = self->round;
	confirm(self, self->round);
	if (self->n > 1)
		raft_send(self, out, EC_ALL,
		          (struct message){
				  .kind = HEARTBEAT, .commit = self->commit, .round = self->round},
		          EC_NO_BYTES, EC_EAGER);
}

/* Whether a quorum answered within that time. */
static bool quorum_heard(const struct raft *self, uint64_t within_ns)
{
	uint32_t heard = 0;
	for (uint64_t left = self->voter_set & ~self->unbound; left; left &= left - 1) {
		ec_node node = (ec_node)__builtin_ctzll(left);
		uint64_t at = raft_members(self)[node].heard_at;
		heard += node == self->config.self || self->now - at < within_ns;
	}
	return heard >= self->quorum || planted(self, BUG_NO_PREVOTE);
}

void raft_rounds_run(struct raft *self, struct ec_out *out)
{
	if (self->role != LEADER || self->n == 1 || self->now < self->heartbeat_at)
		return;
	uint64_t patience = self->options.election_max_ns;
	if (!quorum_heard(self, patience / 2))
		self->calm = self->now;
	if (self->now - self->calm >= CALM * patience) {
		self->fruitless -= self->fruitless > 0;
		self->calm = self->now;
	}
	if (quorum_heard(self, raft_longer(self, patience))) {
		raft_round_start(self, out);
		return;
	}
	raft_note(self, out, "rule:quorum-lost", self->term);
	raft_follow(self);
}

void raft_heard_received(struct raft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out)
{
	struct member *member = raft_members(self) + in->from;
	if (self->role != LEADER || m->term != self->term || m->round > self->round)
		return;
	member->heard_at = self->now;
	if (m->round > member->round)
		member->round = m->round;
	confirm(self, m->round);
	uint64_t patience = member->flow == PROBE ? 0 : LONG_ROUNDS;
	bool waits = member->flow == SNAPSHOT || member->waits ||
	             (member->flow == REPLICATE && member->next - 1 > member->match);
	if (in->from == self->config.self || !waits || m->round <= member->probed + patience)
		return;
	if (member->flow == REPLICATE)
		member->next = member->match + 1;
	member->flow = PROBE;
	member->waits = false;
	raft_replicate(self, in->from, out);
}

uint64_t raft_lease_end(const struct raft *self)
{
	uint64_t most = self->options.election_min_ns / 4 * 3;
	if (planted(self, BUG_LONG_LEASE))
		most = 8 * self->options.election_max_ns;
	bool known = self->confirmed && self->round - self->confirmed < ROUNDS;
	return known ? self->round_at[self->confirmed % ROUNDS] + most : 0;
}
