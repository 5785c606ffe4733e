/* invariants.c - what holds after every step, whatever came.
 *
 * - (I1) The log's marks stand in order: floor <= commit <= last, commit <= verified <= last; the
 *   ring holds what is above the floor.
 * - (I2) Terms in the log do not decrease, and none is above ours.
 * - (I3) What is committed stays: commit never goes back, nor below what this step began with.
 * - (I4) A term has one leader: who leads voted for itself, and knows no other.
 * - (I5) A leader only appends.
 * - (I6) A leader knows of nobody more than it has: match <= last, match < next.
 * - (I7) A batch is held by its bytes: only a filler has none.
 * - (I8) Only voters that may lead stand or lead.
 * - (I9) While the application is being brought nothing is delivered: what could be, is.
 * - (I10) Terms only grow, and in one of them a vote is not taken back (state kept by promises.c).
 */
#include "consensus/raft/state.h"

static void log_holds(const struct raft *self)
{
	uint64_t term = self->floor_term;
	assert(self->floor <= self->commit && self->commit <= self->last); /* (I1) */
	if (!planted(self, BUG_UNVERIFIED))
		assert(self->commit <= self->verified); /* (I1) */
	assert(self->verified <= self->last);           /* (I1) */
	assert(self->last - self->floor <= self->ring); /* (I1) */
	for (ec_seq index = self->floor + 1; index <= self->last; index++) {
		const struct entry *entry = raft_entry_at(self, index);
		assert(entry->term >= term && entry->term > 0);               /* (I2) */
		assert((entry->origin == EC_ALL) == (entry->body.size == 0)); /* (I7) */
		term = entry->term;
	}
	assert(term <= self->term); /* (I2) */
}

static void leader_holds(const struct raft *self)
{
	assert(self->leader == self->config.self);            /* (I4) */
	assert(self->vote == self->config.self);              /* (I4) */
	assert(self->last >= self->begun && self->begun > 0); /* (I5) */
	if (self->term_before == self->term)
		assert(self->last >= self->last_before); /* (I5) */
	for (ec_node i = 0; i < self->n; i++) {
		const struct member *member = raft_members(self) + i;
		if (i == self->config.self || planted(self, BUG_MATCH_KEPT))
			continue;
		assert(member->match <= self->last && member->match < member->next); /* (I6) */
		assert(member->next <= self->last + 1);                              /* (I6) */
	}
}

void raft_invariants(const void *opaque)
{
	const struct raft *self = opaque;
	log_holds(self);
	if (!self->started)
		return;
	assert(self->commit >= self->commit_before); /* (I3) */
	assert(self->term >= self->term_before);     /* (I10) */
	if (self->role == LEADER)
		leader_holds(self);
	if (self->role != FOLLOWER)
		assert(self->may_lead); /* (I8) */
	if (self->role == FOLLOWER && self->leader == self->config.self)
		assert(false); /* (I4) */
	if (!self->fetching && self->delivered < self->commit)
		assert(planted(self, BUG_EARLY_CUT)); /* (I9) */
}
