/* recovery.c - replay, and the start of a life.
 *
 * A record restores the promise that was saved with it, by the same functions that made it.  The
 * newest CUT comes first and holds all that is no slot's own: the stable proof, the view, our
 * VIEW-CHANGE and the NEW-VIEW.  Records of slots follow, some of them older than the CUT: of two
 * words about a slot the one of the higher view stands.
 *
 * COMMITs are not signed and not saved.  Every record says how far its writer had delivered; a slot
 * up to there holds what was last accepted in it, or else a record of its own says what. */
#include "consensus/pbft/state.h"

static struct ec_bytes part(const struct ec_input *in, struct ec_reader *reader)
{
	size_t size = 0;
	const uint8_t *at = ec_read_block(reader, in->body.size, &size);
	if (!at || !size)
		return EC_NO_BYTES;
	return ec_keep(ec_slice(in->body, (size_t)(at - in->body.data), size));
}

void pbft_cut_save(struct pbft *self, struct ec_out *out)
{
	struct message message = {.kind = SAVED_CUT,
	                          .view = self->view,
	                          .seq = self->cut,
	                          .delivered = self->fetched,
	                          .digest = self->low_digest};
	struct ec_writer writer = ec_writer_over(NULL, 0);
	struct ec_bytes body = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		ec_write_u8(&writer, self->active);
		ec_write_u64(&writer, self->low);
		ec_write_block(&writer, self->low_votes.data, self->low_votes.size);
		ec_write_block(&writer, self->change.data, self->change.size);
		ec_write_block(&writer, self->installed.body.data, self->installed.body.size);
		if (pass == 0) {
			body = ec_pool_take(out->pool, writer.size);
			writer = ec_writer_over(ec_writable(body), body.size);
		}
	}
	assert(ec_writer_ok(&writer));
	pbft_save(self, out, &message, body, EC_CUT);
}

static void view_replay(struct pbft *self, uint64_t view, struct ec_bytes change)
{
	self->view = view;
	self->active = view == 0;
	ec_drop(self->change);
	self->change = change;
	pbft_letter_drop(&self->installed);
}

static void new_view_replay(struct pbft *self, struct ec_bytes body)
{
	pbft_letter_drop(&self->installed);
	self->installed = (struct letter){.here = true, .view = self->view, .body = body};
	pbft_new_view_adopt(self, body);
}

static void cut_replay(struct pbft *self, const struct ec_input *in, const struct message *m)
{
	struct ec_reader reader = ec_reader_over(in->body.data, in->body.size);
	bool active = ec_read_u8(&reader);
	ec_seq low = ec_read_u64(&reader);
	struct ec_bytes votes = part(in, &reader);
	struct ec_bytes change = part(in, &reader);
	struct ec_bytes installed = part(in, &reader);
	assert(ec_reader_done(&reader));
	if (low)
		pbft_low_set(self, low, &m->digest, votes);
	self->cut = m->seq;
	self->fetched = self->replayed = m->delivered;
	view_replay(self, m->view, change);
	self->active = active;
	if (installed.size)
		new_view_replay(self, installed);
}

/* Slots up to `delivered` hold what was last accepted in them. */
static void delivered_replay(struct pbft *self, ec_seq delivered)
{
	if (self->replayed < pbft_window_floor(self))
		self->replayed = pbft_window_floor(self);
	for (; self->replayed < delivered; self->replayed++) {
		struct slot *slot = pbft_slot_at(self, self->replayed + 1);
		if (slot && slot->accepted && !slot->committed)
			pbft_slot_commit(self, slot, slot->accepted_value);
	}
}

static void slot_replay(struct pbft *self, const struct ec_input *in, const struct message *m)
{
	struct slot *slot = pbft_slot_at(self, m->seq);
	struct value value = m->value;
	if (!slot)
		return;
	if (m->kind == SAVED_PREPREPARE)
		value = (struct value){.digest = in->digest, .origin = self->config.self};
	if (m->kind == SAVED_COMMITTED && !slot->committed) {
		pbft_slot_commit(self, slot, value);
		slot->recorded = true;
	}
	bool vote = m->kind == SAVED_PREPREPARE || m->kind == SAVED_PREPARE;
	if (vote && (!slot->accepted || slot->accepted_view < m->view))
		pbft_slot_accept(self, slot, m->view, value);
	if (m->kind == SAVED_COMMIT && (!slot->prepared || slot->prepared_view < m->view)) {
		ec_drop(slot->certificate);
		slot->certificate = ec_keep(in->body);
		slot->prepared = true;
		slot->prepared_view = m->view;
		slot->prepared_value = value;
	} else if (m->kind != SAVED_COMMIT && in->body.size) {
		pbft_body_put(slot, &in->digest, in->body, true);
	}
}

void pbft_record_replayed(struct pbft *self, const struct ec_input *in)
{
	struct message m;
	bool known = pbft_message_read(in->head, &m);
	assert(known && !self->started);
	switch ((int)m.kind) {
	case SAVED_CUT:
		cut_replay(self, in, &m);
		break;
	case SAVED_STABLE:
		if (m.seq > self->low)
			pbft_low_set(self, m.seq, &m.digest, ec_keep(in->body));
		break;
	case SAVED_CHECKPOINT:
		pbft_own_mark_set(self, m.seq, &m.digest);
		break;
	case SAVED_VIEW_CHANGE:
		if (m.view > self->view)
			view_replay(self, m.view, ec_keep(in->body));
		break;
	case SAVED_NEW_VIEW:
		if (m.view == self->view && !self->active)
			new_view_replay(self, ec_keep(in->body));
		break;
	default:
		delivered_replay(self, m.delivered);
		slot_replay(self, in, &m);
	}
}

void pbft_life_start(struct pbft *self, const struct ec_input *in, struct ec_out *out)
{
	assert(!self->started);
	self->started = true;
	self->delivered = self->snapped = in->seq;
	if (in->seq > self->fetched)
		self->fetched = in->seq;
	self->entered = self->moved = self->now;
	self->next = (self->planned_to > self->low ? self->planned_to : self->low) + 1;
	for (ec_seq seq = pbft_window_floor(self) + 1; seq <= pbft_window_end(self); seq++) {
		struct slot *slot = pbft_slot_at(self, seq);
		if (!pbft_slot_current(self, slot))
			continue;
		slot->voted = self->voter && pbft_body_has(slot, &slot->accepted_value);
		if (seq >= self->next)
			self->next = seq + 1;
	}
	if (!self->voter)
		return;
	if (in->seq > self->low)
		pbft_checkpoint_vote(self, in->seq, &in->digest, out);
	if (self->cut < self->low && self->snapped >= self->low) {
		self->cut = self->low;
		pbft_cut_save(self, out);
	}
	pbft_say_again(self, self->config.self, out);
}
