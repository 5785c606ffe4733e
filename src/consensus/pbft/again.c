/* again.c - what another may still need: said on a new link, to oneself at the start of a life, and
 * on request.  Nothing is repeated on a timer.
 *
 * Of each slot we say only what the other has not shown to have on disk: who said COMMIT needs no
 * PREPARE of us, who said PREPARE needs no batch.  A request is answered once for each view and low
 * mark of ours and each advance of the asker, so that asking costs the asker too.
 *
 * Whoever has left a view alone, or never votes, has no other timer: when its host waits for a
 * batch and nothing has moved for a time-out, it asks everyone, once until something moves. */
#include "consensus/pbft/state.h"

static bool shown_commit(const struct ballot *said, uint64_t view, const struct value *value)
{
	return said->commit_said && said->commit_view == view && value_equal(&said->commit, value);
}

static bool shown_prepare(const struct ballot *said, uint64_t view, const struct value *value)
{
	return said->prepare_said && said->prepare_view == view &&
	       value_equal(&said->prepare, value);
}

static void slot_say(struct pbft *self, struct slot *slot, ec_node to, struct ec_out *out)
{
	const struct ballot *said = pbft_ballots(self, slot) + to;
	const struct value *value = &slot->accepted_value;
	struct message message = {.view = self->view, .seq = slot->seq, .value = *value};
	bool mine = slot->voted && self->active && slot->seq > self->low &&
	            pbft_slot_current(self, slot) && !shown_commit(said, self->view, value);
	bool proposed = primary(self) == self->config.self && slot->seq > self->planned_to;
	if (mine && proposed && !shown_prepare(said, self->view, value)) {
		message.kind = PREPREPARE;
		pbft_send(self, out, to, &message, ec_keep(pbft_body_bytes(slot, value)), EC_SIGN);
	} else if (mine && self->voter_set & bit(to)) {
		message.kind = PREPARE;
		pbft_send(self, out, to, &message, EC_NO_BYTES, EC_SIGN);
	}
	bool delivered = slot->committed && slot->seq <= self->delivered;
	if (!slot->prepared && !delivered)
		return;
	message.kind = COMMIT;
	message.view = slot->prepared_view;
	message.value = delivered ? slot->committed_value : slot->prepared_value;
	message.word = delivered ? SAYS_DELIVERED : 0;
	if (slot->prepared && value_equal(&slot->prepared_value, &message.value))
		message.word |= SAYS_COMMIT;
	pbft_send(self, out, to, &message, EC_NO_BYTES, 0);
}

static void view_say(struct pbft *self, ec_node to, struct ec_out *out)
{
	struct message message = {.kind = VIEW_CHANGE, .view = self->view};
	const struct letter *installed = &self->installed;
	if (self->view == 0)
		return;
	if (self->voter)
		pbft_send(self, out, to, &message, ec_keep(self->change), EC_SIGN);
	if (!self->active || !installed->here)
		return;
	message.kind = NEW_VIEW;
	if (primary(self) == self->config.self) {
		pbft_send(self, out, to, &message, ec_keep(installed->body), EC_SIGN);
	} else if (installed->proof.size) {
		uint8_t at[HEAD_SIZE_MAX];
		struct message relay = {.kind = RELAY,
		                        .node = primary(self),
		                        .digest = installed->digest,
		                        .quoted = pbft_message_write_at(&message, at),
		                        .proof = installed->proof};
		pbft_send(self, out, to, &relay, ec_keep(installed->body), EC_EAGER);
	}
}

static void marks_say(struct pbft *self, ec_node to, bool stable, struct ec_out *out)
{
	if (self->low_votes.size && stable) {
		struct message message = {
			.kind = STABLE, .seq = self->low, .digest = self->low_digest};
		pbft_send(self, out, to, &message, ec_keep(self->low_votes), EC_EAGER);
	}
	for (ec_seq seq = self->low + self->interval; seq <= pbft_window_end(self);
	     seq += self->interval) {
		const struct mark *mark = &self->own[seq / self->interval % MARKS];
		struct message message = {.kind = CHECKPOINT, .seq = seq, .digest = mark->digest};
		if (mark->seq == seq)
			pbft_send(self, out, to, &message, EC_NO_BYTES, EC_SIGN);
	}
}

/* Batches that `to` was asked for. */
static void asked_say(struct pbft *self, ec_node to, struct ec_out *out)
{
	for (ec_seq seq = pbft_window_floor(self) + 1; seq <= pbft_window_end(self); seq++) {
		struct slot *slot = pbft_slot_at(self, seq);
		if (!(slot->asked & bit(to)))
			continue;
		const struct value *value =
			slot->committed ? &slot->committed_value : &slot->accepted_value;
		slot->asked &= ~bit(to);
		if (!pbft_body_has(slot, value))
			pbft_body_ask(self, slot, value, bit(to), out);
	}
	if (self->new_view_asked & bit(to))
		pbft_new_view_ask(self, bit(to), out);
}

/* In: stable: whether it may not know our low mark. */
static void say_again(struct pbft *self, ec_node to, bool stable, struct ec_out *out)
{
	if (planted(&self->config, BUG_SAYS_NOT_AGAIN))
		return;
	marks_say(self, to, stable, out);
	view_say(self, to, out);
	ec_seq from = pbft_window_floor(self);
	if (pbft_members(self)[to].marked > from)
		from = pbft_members(self)[to].marked;
	for (ec_seq seq = from + 1; seq <= pbft_window_end(self); seq++)
		slot_say(self, pbft_slot_at(self, seq), to, out);
	asked_say(self, to, out);
}

void pbft_say_again(struct pbft *self, ec_node to, struct ec_out *out)
{
	say_again(self, to, pbft_members(self)[to].marked < self->low, out);
}

void pbft_linked(struct pbft *self, ec_node to, struct ec_out *out)
{
	for (uint32_t i = 0; i < self->ring; i++)
		for (int k = 0; k < BODIES; k++)
			pbft_slots(self)[i].bodies[k].served &= ~bit(to);
	for (uint32_t i = 0; i < self->n; i++) {
		pbft_members(self)[i].view_change.served &= ~bit(to);
		pbft_members(self)[i].named.served &= ~bit(to);
	}
	pbft_members(self)[to].answered = false;
	pbft_say_again(self, to, out);
}

void pbft_again_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                         struct ec_out *out)
{
	struct member *member = pbft_members(self) + in->from;
	/* Where the asker stands counts only within the ring: so answers are bounded. */
	ec_seq stands = m->seq < pbft_window_end(self) ? m->seq : pbft_window_end(self);
	if (stands < pbft_window_floor(self))
		stands = pbft_window_floor(self);
	if (member->answered && member->answered_view == self->view &&
	    member->answered_low == self->low && member->answered_seq >= stands)
		return;
	member->answered = true;
	member->answered_view = self->view;
	member->answered_low = self->low;
	member->answered_seq = stands;
	/* It may have lost what it once signed, and our low mark with it. */
	if (m->seq < member->marked)
		member->marked = m->seq;
	say_again(self, in->from, true, out);
}

void pbft_again_ask(struct pbft *self, uint64_t whom, struct ec_out *out)
{
	struct message message = {.kind = AGAIN, .view = self->view, .seq = self->delivered};
	for (uint64_t left = whom & ~bit(self->config.self); left; left &= left - 1)
		pbft_send(self, out, (ec_node)__builtin_ctzll(left), &message, EC_NO_BYTES,
		          EC_EAGER);
}

uint64_t pbft_stuck_deadline(const struct pbft *self)
{
	bool alone = !self->voter || (!self->active && !self->deadline);
	if (!self->started || !alone || !self->since || self->asked_again || self->fetching)
		return 0;
	uint64_t begin = self->since > self->moved ? self->since : self->moved;
	return begin + self->options.timeout_ns; /* asking binds nobody: no patience needed */
}

void pbft_stuck_ask(struct pbft *self, struct ec_out *out)
{
	uint64_t deadline = pbft_stuck_deadline(self);
	if (!deadline || self->now < deadline)
		return;
	self->asked_again = true;
	pbft_note(self, out, "stuck after", self->delivered);
	pbft_again_ask(self, self->voter_set, out);
}
