/* normal.c - the three phases: pre-prepare, prepare, commit (section 4.2).
 *
 * The primary gives a batch the next position.  A backup that holds the batch and has accepted no
 * other for (view, position) says PREPARE.  A quorum of signed words for one value, the primary's
 * PRE-PREPARE among them or not, is a prepared certificate; whoever has one saves it and says
 * COMMIT. A quorum of equal COMMITs is final for whoever hears it, prepared or not, in whatever
 * view.
 *
 * Ours: a COMMIT that is said again says too whether its sender has delivered the batch.  f+1 of
 * these are final as well, for one of them is correct: a member that few can still help is not left
 * behind.
 * Ours: the primary's word in a slot that a NEW-VIEW settled, or that it says again to someone who
 * holds the batch, is a PREPARE too: it spares the batch.
 * Ours: positions may be accepted up to 3K above the low mark though primaries stop at 2K: a member
 * whose CHECKPOINTs are late then still takes part in the next interval. */
#include "consensus/pbft/state.h"

uint32_t pbft_room(const struct pbft *self)
{
	ec_seq end = self->low + (ec_seq)WINDOW * self->interval;
	if (!self->active || !self->started || primary(self) != self->config.self)
		return 0;
	if (planted(&self->config, BUG_NO_WINDOW))
		end = self->next + self->interval;
	return self->next > end ? 0 : (uint32_t)(end - self->next + 1);
}

void pbft_submitted(struct pbft *self, const struct ec_input *in, struct ec_out *out)
{
	if (!pbft_room(self) || !in->body.size || in->body.size > self->options.batch_bytes_max)
		return;
	if (pbft_window_knows(self, &in->digest))
		return;
	struct message message = {.kind = SAVED_PREPREPARE,
	                          .view = self->view,
	                          .seq = self->next++,
	                          .delivered = self->delivered};
	struct slot *slot = pbft_slot_at(self, message.seq);
	if (slot) {
		struct value value = {.digest = in->digest, .origin = self->config.self};
		pbft_slot_accept(self, slot, self->view, value);
		slot->voted = true;
		pbft_body_put(slot, &in->digest, in->body, true);
	}
	if (!planted(&self->config, BUG_PROPOSAL_UNSAVED))
		pbft_save(self, out, &message, ec_keep(in->body), 0);
	message.kind = PREPREPARE;
	pbft_send(self, out, EC_ALL, &message, ec_keep(in->body), EC_SIGN);
}

/* What `from` signed about a slot; the first word of its highest view counts. */
static void ballot_hear(struct pbft *self, struct slot *slot, const struct ec_input *in,
                        const struct message *m, const struct value *value, struct ec_out *out)
{
	struct ballot *ballot = pbft_ballots(self, slot) + in->from;
	if (ballot->prepare_said && ballot->prepare_view > m->view)
		return;
	bool same_view = ballot->prepare_said && ballot->prepare_view == m->view;
	if (same_view && !value_equal(&ballot->prepare, value)) {
		struct message other = {.kind = ballot->prepare_kind,
		                        .view = m->view,
		                        .seq = m->seq,
		                        .value = ballot->prepare};
		if (ballot->proof.size)
			pbft_blame(self, out, in->from, &other, &ballot->prepare.digest,
			           ballot->proof, m, &in->digest, in->proof);
		return;
	}
	if (same_view && ballot->proof.size)
		return;
	ec_drop(ballot->proof);
	if (!same_view)
		slot->votes &= ~bit(in->from); /* what it said before can no longer be shown */
	ballot->prepare_said = true;
	ballot->prepare_kind = m->kind;
	ballot->prepare_view = m->view;
	ballot->prepare = *value;
	bool done = slot->prepared && slot->prepared_view >= m->view;
	ballot->proof = done ? EC_NO_BYTES : ec_keep(in->proof);
	if (!done && slot->accepted && slot->accepted_view == m->view &&
	    value_equal(&slot->accepted_value, value))
		slot->votes |= bit(in->from);
}

void pbft_slot_vote(struct pbft *self, struct slot *slot, struct ec_out *out)
{
	if (!self->voter || !self->active || slot->voted || !pbft_slot_current(self, slot))
		return;
	bool blind = planted(&self->config, BUG_NO_BODY) && slot->seq <= self->planned_to;
	if (!pbft_body_has(slot, &slot->accepted_value) && !blind)
		return;
	struct message message = {.kind = SAVED_PREPARE,
	                          .view = self->view,
	                          .seq = slot->seq,
	                          .delivered = self->delivered,
	                          .value = slot->accepted_value};
	struct body *body = value_filler(&slot->accepted_value)
	                            ? NULL
	                            : pbft_body_find(slot, &slot->accepted_value.digest);
	bool settled = slot->seq <= self->planned_to; /* the NEW-VIEW is the record */
	bool unsaved = body && !body->saved;
	if ((!settled || unsaved) && !planted(&self->config, BUG_VOTE_UNSAVED))
		pbft_save(self, out, &message, unsaved ? ec_keep(body->bytes) : EC_NO_BYTES, 0);
	if (body)
		body->saved = true;
	slot->voted = true;
	message.kind = PREPARE;
	pbft_send(self, out, EC_ALL, &message, EC_NO_BYTES, EC_SIGN);
}

static struct ec_bytes certificate_make(struct pbft *self, struct slot *slot, struct ec_pool *pool)
{
	struct ballot *ballot = pbft_ballots(self, slot);
	uint8_t *at = NULL;
	struct ec_bytes bytes = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		struct ec_writer writer = ec_writer_over(at, bytes.size);
		uint64_t left = slot->votes;
		ec_write_u32(&writer, self->quorum);
		for (uint32_t i = 0; i < self->quorum; i++, left &= left - 1) {
			ec_node node = (ec_node)__builtin_ctzll(left);
			struct vote vote = {node, ballot[node].prepare_kind, ballot[node].proof};
			assert(vote.proof.size);
			pbft_vote_write(&writer, &vote);
		}
		if (pass == 0) {
			bytes = ec_pool_take(pool, writer.size);
			at = ec_writable(bytes);
		}
		assert(pass == 0 || ec_writer_ok(&writer));
	}
	for (uint32_t i = 0; i < self->n; i++) {
		if (ballot[i].prepare_kind == PREPREPARE)
			continue; /* evidence, should the primary have told others otherwise */
		ec_drop(ballot[i].proof);
		ballot[i].proof = EC_NO_BYTES;
	}
	return bytes;
}

void pbft_slot_count_votes(struct pbft *self, struct slot *slot, struct ec_out *out)
{
	if (!self->voter || !self->active || !slot->voted || !pbft_slot_current(self, slot))
		return;
	if (slot->prepared && slot->prepared_view == self->view)
		return;
	if (set_count(slot->votes) < self->quorum)
		return;
	ec_drop(slot->certificate);
	slot->certificate = certificate_make(self, slot, out->pool);
	slot->prepared = true;
	slot->prepared_view = self->view;
	slot->prepared_value = slot->accepted_value;
	struct message message = {.kind = SAVED_COMMIT,
	                          .view = self->view,
	                          .seq = slot->seq,
	                          .delivered = self->delivered,
	                          .value = slot->accepted_value};
	if (!planted(&self->config, BUG_COMMIT_UNSAVED))
		pbft_save(self, out, &message, ec_keep(slot->certificate), 0);
	message.kind = COMMIT;
	message.word = SAYS_COMMIT;
	pbft_send(self, out, EC_ALL, &message, EC_NO_BYTES, 0);
}

/* The slot of a message in the window; remembers who told us something that is beyond it. */
static struct slot *slot_heard(struct pbft *self, ec_node from, ec_seq seq)
{
	if (seq > pbft_window_end(self))
		self->dropped |= bit(from);
	return pbft_slot_at(self, seq);
}

void pbft_preprepare_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                              struct ec_out *out)
{
	struct slot *slot = slot_heard(self, in->from, m->seq);
	if (!slot || m->seq <= self->low || m->view < self->view)
		return;
	struct value value = {.digest = in->digest, .origin = in->from};
	if (m->view == self->view && self->active && m->seq <= self->planned_to)
		return; /* the NEW-VIEW settled it */
	ballot_hear(self, slot, in, m, &value, out);
	if (m->view != self->view || !self->active)
		return; /* as PREPAREs of a view to come; the batch is said again on request */
	if (slot->committed && !value_equal(&slot->committed_value, &value))
		return;
	bool again = planted(&self->config, BUG_ACCEPTS_TWICE) && !slot->prepared;
	if (!pbft_slot_current(self, slot) || again)
		pbft_slot_accept(self, slot, m->view, value);
	if (!value_equal(&slot->accepted_value, &value))
		return;
	pbft_body_put(slot, &in->digest, in->body, false);
	pbft_slot_vote(self, slot, out);
	pbft_slot_count_votes(self, slot, out);
}

void pbft_prepare_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	struct slot *slot = slot_heard(self, in->from, m->seq);
	if (!slot || m->seq <= self->low || m->view < self->view)
		return;
	ballot_hear(self, slot, in, m, &m->value, out);
	if (pbft_slot_current(self, slot) && m->view == self->view &&
	    !value_equal(&slot->accepted_value, &m->value))
		pbft_witness(self, slot, in->from, out);
	else if (pbft_slot_current(self, slot) && m->view == self->view &&
	         !pbft_body_has(slot, &m->value) && set_count(slot->asked) < 2 * self->faults + 2)
		pbft_body_ask(self, slot, &m->value, bit(in->from),
		              out); /* it says that it has it */
	pbft_slot_count_votes(self, slot, out);
}

/* Who says COMMIT as `m` does, and who has delivered the same. */
static void commits_count(const struct pbft *self, const struct slot *slot, const struct message *m,
                          uint64_t *equal, uint64_t *delivered)
{
	const struct ballot *ballot = pbft_ballots(self, slot);
	for (uint32_t i = 0; i < self->n; i++) {
		if (ballot[i].commit_said && ballot[i].commit_view == m->view &&
		    value_equal(&ballot[i].commit, &m->value))
			*equal |= bit(i);
		if (ballot[i].delivered_said && value_equal(&ballot[i].delivered, &m->value))
			*delivered |= bit(i);
	}
}

void pbft_commit_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                          struct ec_out *out)
{
	struct slot *slot = slot_heard(self, in->from, m->seq);
	if (!slot)
		return;
	struct ballot *said = pbft_ballots(self, slot) + in->from;
	if (m->word & SAYS_COMMIT && !(said->commit_said && said->commit_view > m->view)) {
		said->commit_said = true;
		said->commit_view = m->view;
		said->commit = m->value;
	}
	if (m->word & SAYS_DELIVERED) {
		said->delivered_said = true;
		said->delivered = m->value;
	}
	if (slot->committed)
		return;
	uint64_t equal = 0, delivered = 0;
	commits_count(self, slot, m, &equal, &delivered);
	uint32_t quorum = self->quorum - planted(&self->config, BUG_FEW_COMMITS);
	uint32_t weak = self->faults + !planted(&self->config, BUG_FEW_DELIVERED);
	if (set_count(equal) < quorum && set_count(delivered) < weak)
		return;
	equal |= delivered;
	pbft_slot_commit(self, slot, m->value);
	slot->asked = 0;
	if (!pbft_body_has(slot, &m->value))
		pbft_body_ask(self, slot, &m->value, equal, out);
}

/* What a restart must know to deliver this again, unless its vote in this view says it already.  A
 * NEW-VIEW does not: the record of it goes with a later cut, and the slot is retained. */
static void commit_record(struct pbft *self, struct slot *slot, struct ec_out *out)
{
	struct value *value = &slot->committed_value;
	struct body *body = value_filler(value) ? NULL : pbft_body_find(slot, &value->digest);
	bool unsaved = body && !body->saved;
	bool own = pbft_slot_current(self, slot) && slot->voted && slot->seq > self->planned_to;
	bool voted = own && value_equal(&slot->accepted_value, value);
	if (!self->voter || slot->recorded || (voted && !unsaved))
		return;
	struct message message = {.kind = SAVED_COMMITTED,
	                          .seq = slot->seq,
	                          .delivered = self->delivered,
	                          .value = *value};
	pbft_save(self, out, &message, unsaved ? ec_keep(body->bytes) : EC_NO_BYTES, 0);
	slot->recorded = true;
	if (body)
		body->saved = true;
}

/* Whoever has left this view alone votes no more, and has asked already (again.c): it hears of each
 * delivery, since a faulty member may keep the third COMMIT from it and nothing may follow. */
static void leavers_tell(struct pbft *self, const struct slot *slot, struct ec_out *out)
{
	struct message message = {.kind = COMMIT,
	                          .view = slot->prepared_view,
	                          .seq = slot->seq,
	                          .value = slot->committed_value,
	                          .word = SAYS_DELIVERED};
	for (uint32_t i = 0; i < self->n; i++) {
		const struct letter *letter = &pbft_members(self)[i].view_change;
		if (i != self->config.self && letter->here && letter->view > self->view)
			pbft_send(self, out, i, &message, EC_NO_BYTES, 0);
	}
}

void pbft_deliver_ready(struct pbft *self, struct ec_out *out)
{
	bool blind = planted(&self->config, BUG_NO_BODY);
	while (!self->fetching) {
		struct slot *slot = pbft_slot_at(self, self->delivered + 1);
		if (!slot || !slot->committed)
			return;
		if (!pbft_body_has(slot, &slot->committed_value) && !(blind && slot->voted))
			return;
		commit_record(self, slot, out);
		self->delivered++;
		self->moved = self->now;
		self->asked_again = false;
		ec_emit(out, (struct ec_effect){.kind = EC_DELIVER,
		                                .node = slot->committed_value.origin,
		                                .seq = slot->seq,
		                                .digest = slot->committed_value.digest,
		                                .body = ec_keep(pbft_body_bytes(
							slot, &slot->committed_value))});
		if (!value_filler(&slot->committed_value))
			pbft_patience_judge(self, slot);
		leavers_tell(self, slot, out);
		if (self->delivered % self->interval == 0)
			ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = self->delivered});
	}
}
