/* window.c - the ring of slots, the batches that they hold, and the index by digest. */
#include "consensus/pbft/state.h"

enum { INDEX_SIZE = sizeof((struct pbft *)0)->index / sizeof(uint32_t) };
_Static_assert(RETAINED >= 1 && AHEAD > WINDOW, "a slow member finds what it needs");
_Static_assert(BODIES >= 4, "accepted, prepared, committed, and room for one more");

ec_seq pbft_window_floor(const struct pbft *self)
{
	ec_seq kept = (ec_seq)RETAINED * self->interval;
	return self->low > kept ? self->low - kept : 0;
}

ec_seq pbft_window_end(const struct pbft *self)
{
	return self->low + (ec_seq)AHEAD * self->interval;
}

struct slot *pbft_slot_at(const struct pbft *self, ec_seq seq)
{
	if (seq <= pbft_window_floor(self) || seq > pbft_window_end(self))
		return NULL;
	struct slot *slot = pbft_slots(self) + seq % self->ring;
	assert(slot->seq == seq);
	return slot;
}

static uint32_t *chain_of(struct pbft *self, const ec_hash *digest)
{
	return self->index + ((digest->b[0] | (uint32_t)digest->b[1] << 8) % INDEX_SIZE);
}

static void index_remove(struct pbft *self, struct slot *slot)
{
	if (!slot->indexed)
		return;
	uint32_t *link = chain_of(self, &slot->index_digest);
	uint32_t mine = (uint32_t)(slot - pbft_slots(self)) + 1;
	while (*link != mine) {
		assert(*link);
		link = &pbft_slots(self)[*link - 1].index_next;
	}
	*link = slot->index_next;
	slot->indexed = false;
}

static void index_add(struct pbft *self, struct slot *slot, const ec_hash *digest)
{
	index_remove(self, slot);
	uint32_t *chain = chain_of(self, digest);
	slot->index_digest = *digest;
	slot->index_next = *chain;
	slot->indexed = true;
	*chain = (uint32_t)(slot - pbft_slots(self)) + 1;
}

bool pbft_window_knows(const struct pbft *self, const ec_hash *digest)
{
	struct pbft *reader = (struct pbft *)(uintptr_t)self;
	for (uint32_t at = *chain_of(reader, digest); at;) {
		const struct slot *slot = pbft_slots(self) + (at - 1);
		const struct value *holds =
			slot->committed ? &slot->committed_value : &slot->accepted_value;
		if (ec_hash_equal(&holds->digest, digest) &&
		    (slot->committed || pbft_slot_current(self, slot)))
			return true;
		at = slot->index_next;
	}
	return false;
}

static void slot_release(struct pbft *self, struct slot *slot)
{
	struct ballot *ballot = pbft_ballots(self, slot);
	for (uint32_t i = 0; i < self->n; i++) {
		ec_drop(ballot[i].proof);
		ballot[i] = (struct ballot){0};
	}
	for (int i = 0; i < BODIES; i++)
		ec_drop(slot->bodies[i].bytes);
	ec_drop(slot->certificate);
	index_remove(self, slot);
	*slot = (struct slot){0};
}

void pbft_window_slide(struct pbft *self, ec_seq low)
{
	assert(low >= self->low && low % self->interval == 0);
	self->low = low;
	for (ec_seq seq = pbft_window_floor(self) + 1; seq <= pbft_window_end(self); seq++) {
		struct slot *slot = pbft_slots(self) + seq % self->ring;
		if (slot->seq == seq)
			continue;
		slot_release(self, slot);
		slot->seq = seq;
	}
	if (self->next <= low)
		self->next = low + 1;
}

struct body *pbft_body_find(struct slot *slot, const ec_hash *digest)
{
	for (int i = 0; i < BODIES; i++)
		if (slot->bodies[i].bytes.size && ec_hash_equal(&slot->bodies[i].digest, digest))
			return &slot->bodies[i];
	return NULL;
}

bool pbft_body_has(const struct slot *slot, const struct value *value)
{
	for (int i = 0; i < BODIES && !value_filler(value); i++)
		if (slot->bodies[i].bytes.size &&
		    ec_hash_equal(&slot->bodies[i].digest, &value->digest))
			return true;
	return value_filler(value);
}

struct ec_bytes pbft_body_bytes(struct slot *slot, const struct value *value)
{
	struct body *body = value_filler(value) ? NULL : pbft_body_find(slot, &value->digest);
	return body ? body->bytes : EC_NO_BYTES;
}

static bool body_needed(const struct slot *slot, const ec_hash *digest)
{
	return (slot->accepted && ec_hash_equal(&slot->accepted_value.digest, digest)) ||
	       (slot->prepared && ec_hash_equal(&slot->prepared_value.digest, digest)) ||
	       (slot->committed && ec_hash_equal(&slot->committed_value.digest, digest));
}

void pbft_body_put(struct slot *slot, const ec_hash *digest, struct ec_bytes bytes, bool saved)
{
	assert(bytes.size);
	struct body *body = pbft_body_find(slot, digest);
	if (body) {
		body->saved |= saved;
		return;
	}
	for (int i = 0; i < BODIES; i++) {
		body = &slot->bodies[i];
		if (!body->bytes.size || !body_needed(slot, &body->digest))
			break;
	}
	ec_drop(body->bytes);
	*body = (struct body){.digest = *digest, .bytes = ec_keep(bytes), .saved = saved};
}

bool pbft_slot_current(const struct pbft *self, const struct slot *slot)
{
	return slot->accepted && slot->accepted_view == self->view;
}

void pbft_slot_accept(struct pbft *self, struct slot *slot, uint64_t view, struct value value)
{
	assert(!slot->accepted || view >= slot->accepted_view);
	slot->accepted = true;
	slot->voted = slot->witnessed = false;
	slot->accepted_view = view;
	slot->accepted_value = value;
	slot->votes = slot->asked = 0;
	const struct ballot *ballot = pbft_ballots(self, slot);
	for (uint32_t i = 0; i < self->n; i++)
		if (ballot[i].prepare_said &&
		    (ballot[i].prepare_view == view || planted(&self->config, BUG_STALE_VOTES)) &&
		    ballot[i].proof.size && value_equal(&ballot[i].prepare, &value))
			slot->votes |= bit(i);
	if (!slot->committed && !value_filler(&value))
		index_add(self, slot, &value.digest);
}

void pbft_slot_commit(struct pbft *self, struct slot *slot, struct value value)
{
	assert(!slot->committed);
	slot->committed = true;
	slot->committed_value = value;
	if (!value_filler(&value))
		index_add(self, slot, &value.digest);
}
