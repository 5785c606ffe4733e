/* transfer.c - a leader hands over (thesis 3.10).
 *
 * It takes no more batches, fills the heir's log, and tells it to stand at once.  If the heir does
 * not lead within the longest election time-out, the leader goes on.
 *
 * Ours: who is not there, or lacks more than entries that are on their way, is no heir: nobody
 * would lead meanwhile for nothing.  A wish that comes while the leader hands over may name another
 * heir and gives it no more time, so that wishes without end do not stop the group. */
#include "consensus/raft/state.h"

static bool may_inherit(const struct raft *self, ec_node heir)
{
	if (heir >= self->n || heir == self->config.self || !(self->leader_set & bit(heir)))
		return false;
	const struct member *member = raft_members(self) + heir;
	return member->flow == REPLICATE && !(self->unbound & bit(heir)) &&
	       self->now - member->heard_at < self->options.election_min_ns;
}

void raft_hand_over(struct raft *self, ec_node heir, struct ec_out *out)
{
	if (self->role != LEADER || heir == self->heir || !may_inherit(self, heir))
		return;
	raft_note(self, out, "rule:hand-over", self->term);
	if (self->heir == EC_ALL)
		self->heir_deadline = self->now + self->options.election_max_ns;
	self->heir = heir;
	self->heir_asked = false;
}

void raft_heir_run(struct raft *self, struct ec_out *out)
{
	if (self->role != LEADER || self->heir == EC_ALL)
		return;
	if (self->now >= self->heir_deadline) {
		self->heir = EC_ALL;
		return;
	}
	if (self->heir_asked || raft_members(self)[self->heir].match < self->last)
		return;
	self->heir_asked = self->heir_told = true;
	raft_send(self, out, self->heir, (struct message){.kind = LEAD}, EC_NO_BYTES, EC_EAGER);
}

void raft_lead_received(struct raft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out)
{
	if (m->term != self->term || self->role != FOLLOWER || self->leader != in->from)
		return;
	if (self->may_lead && !self->fetching && !raft_log_strange(self))
		raft_stand(self, ASKED_TO_LEAD, out);
}
