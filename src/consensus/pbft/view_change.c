/* view_change.c - leaving a view (section 4.4).
 *
 * Whoever leaves for view v stops the three phases, saves and signs VIEW-CHANGE(v): its low mark
 * with the quorum that proves it, and for every slot above its prepared certificate of the highest
 * view, also when that is from a view before the last.  When f+1 members want higher views, one of
 * them is correct: we join the smallest of these.
 *
 * Ours: one VIEW-CHANGE a view for good, its bytes saved: said again it is the same, so a NEW-VIEW
 * may name it by digest, and two of them are evidence.
 * Ours: a member reaches a view only through its own VIEW-CHANGE, so that whoever is left behind
 * hears f+1 of them and follows. */
#include "consensus/pbft/state.h"

static bool claimed(const struct pbft *self, const struct slot *slot, uint64_t view)
{
	if (!slot->prepared)
		return false;
	return !planted(&self->config, BUG_FORGETS_VIEWS) || slot->prepared_view + 1 == view;
}

static void change_put(const struct pbft *self, uint64_t view, struct ec_writer *writer)
{
	struct change change = {.domain = self->config.domain,
	                        .low = self->low,
	                        .digest = self->low_digest,
	                        .stable = self->low_votes};
	for (ec_seq seq = self->low + 1; seq <= pbft_window_end(self); seq++)
		change.claims += claimed(self, pbft_slot_at(self, seq), view);
	pbft_change_write(writer, &change);
	for (ec_seq seq = self->low + 1; seq <= pbft_window_end(self); seq++) {
		const struct slot *slot = pbft_slot_at(self, seq);
		if (!claimed(self, slot, view))
			continue;
		struct claim claim = {.seq = seq,
		                      .view = slot->prepared_view,
		                      .value = slot->prepared_value,
		                      .votes = slot->certificate};
		pbft_claim_write(writer, &claim);
	}
}

static struct ec_bytes change_make(const struct pbft *self, uint64_t view, struct ec_pool *pool)
{
	struct ec_writer counter = ec_writer_over(NULL, 0);
	change_put(self, view, &counter);
	struct ec_bytes bytes = ec_pool_take(pool, counter.size);
	struct ec_writer writer = ec_writer_over(ec_writable(bytes), bytes.size);
	change_put(self, view, &writer);
	assert(ec_writer_ok(&writer));
	return bytes;
}

void pbft_view_leave(struct pbft *self, uint64_t view, struct ec_out *out)
{
	assert(view > self->view);
	self->view = view;
	self->active = false;
	self->deadline = 0;
	self->wanted = self->moved = self->now;
	self->delivers = false;
	self->tried_wait = 0;
	self->asked_again = false;
	self->new_view_asked = 0;
	for (uint32_t i = 0; i < self->n; i++)
		pbft_letter_drop(&pbft_members(self)[i].named);
	pbft_letter_drop(&self->installed);
	ec_drop(self->change);
	self->change = EC_NO_BYTES;
	pbft_note(self, out, "view left for", view);
	if (self->voter) {
		self->change = change_make(self, view, out->pool);
		struct message message = {.kind = SAVED_VIEW_CHANGE, .view = view};
		if (!planted(&self->config, BUG_CHANGE_UNSAVED))
			pbft_save(self, out, &message, ec_keep(self->change), 0);
		message.kind = VIEW_CHANGE;
		pbft_send(self, out, EC_ALL, &message, ec_keep(self->change), EC_SIGN);
	}
	pbft_view_change_count(self, out);
}

/* The smallest of the views above ours that f+1 members want; 0 when they do not. */
static uint64_t view_to_join(const struct pbft *self)
{
	uint32_t count = 0;
	uint64_t smallest = UINT64_MAX;
	for (uint32_t i = 0; i < self->n; i++) {
		const struct letter *letter = &pbft_members(self)[i].view_change;
		if (!letter->here || letter->view <= self->view)
			continue;
		count++;
		if (letter->view < smallest)
			smallest = letter->view;
	}
	bool joins = count > self->faults && !planted(&self->config, BUG_NOBODY_JOINS);
	return joins ? smallest : 0;
}

void pbft_view_change_count(struct pbft *self, struct ec_out *out)
{
	uint32_t here = 0, beyond = 0;
	if (self->active)
		return;
	for (uint32_t i = 0; i < self->n; i++) {
		const struct letter *letter = &pbft_members(self)[i].view_change;
		here += letter->here && letter->view == self->view;
		beyond += letter->here && letter->view > self->view;
	}
	if (here + beyond >= self->quorum && !self->deadline) {
		self->wanted = self->now;
		self->deadline = self->now + self->patience;
	}
	if (here >= self->quorum && self->voter && primary(self) == self->config.self &&
	    pbft_members(self)[self->config.self].view_change.view == self->view)
		pbft_new_view_make(self, out);
	else
		pbft_new_view_try(self, out);
}

void pbft_view_change_received(struct pbft *self, const struct ec_input *in,
                               const struct message *m, struct ec_out *out)
{
	struct letter *letter = &pbft_members(self)[in->from].view_change;
	if (letter->here && letter->view == m->view &&
	    !ec_hash_equal(&letter->digest, &in->digest)) {
		struct message other = {.kind = VIEW_CHANGE, .view = m->view};
		pbft_blame(self, out, in->from, &other, &letter->digest, letter->proof, m,
		           &in->digest, in->proof);
	}
	struct ec_reader reader = ec_reader_over(in->body.data, in->body.size);
	struct change change = pbft_change_read(&reader);
	if (change.low > self->low)
		pbft_stable_prove(self, change.low, &change.digest, change.stable, out);
	if (letter->here && letter->view >= m->view)
		return;
	pbft_letter_set(letter, m->view, in);
	uint64_t join = view_to_join(self);
	if (join) {
		pbft_patience_double(self);
		pbft_view_leave(self, join, out);
	}
	pbft_view_change_count(self, out);
}
