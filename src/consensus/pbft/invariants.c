/* invariants.c - what holds after every step, whatever came.
 *
 * - (I1) The marks stand in order: cut <= low, a multiple of K; retained slots are those of the
 *   ring.
 * - (I2) Nothing is accepted, prepared or claimed in a view that is still to come.
 * - (I3) Who votes holds the batch.
 * - (I4) A prepared slot of a view not later than ours has its certificate, and its batch.
 * - (I5) What we delivered ourselves and still retain is committed, and we hold it.
 * - (I6) While the application is being brought nothing is delivered: the next slot waits.
 * - (I7) A voter between views has its VIEW-CHANGE at hand; in view 0 there is none.
 * - (I8) A primary does not propose beyond its window: L = 2K above the low mark, or what its
 *   NEW-VIEW settled.
 * - (I9) A vote that is counted has its proof until the certificate is made.
 * - (I10) What the NEW-VIEW settled is not settled otherwise: it is accepted in this view.
 * - (I11) The time-out is the first to 32 times that.
 */
#include "consensus/pbft/state.h"

static void slot_holds(const struct pbft *self, const struct slot *slot)
{
	bool blind = planted(&self->config, BUG_NO_BODY);
	if (slot->accepted && !planted(&self->config, BUG_CHANGE_UNSAVED))
		assert(slot->accepted_view <= self->view); /* (I2) */
	if (slot->voted && !blind)
		assert(slot->accepted && pbft_body_has(slot, &slot->accepted_value)); /* (I3) */
	if (slot->prepared) {
		if (!planted(&self->config, BUG_CHANGE_UNSAVED))
			assert(slot->prepared_view <= self->view); /* (I2) */
		assert(slot->certificate.size);                    /* (I4) */
	}
	bool unsaved = planted(&self->config, BUG_VOTE_UNSAVED) ||
	               planted(&self->config, BUG_PROPOSAL_UNSAVED);
	if (slot->prepared && !blind && !unsaved)
		assert(pbft_body_has(slot, &slot->prepared_value)); /* (I4) */
	if (slot->seq > self->fetched && slot->seq <= self->delivered)
		assert(slot->committed); /* (I5) */
	if (slot->seq > self->fetched && slot->seq <= self->delivered && !blind)
		assert(pbft_body_has(slot, &slot->committed_value)); /* (I5) */
}

static void votes_hold(const struct pbft *self, const struct slot *slot)
{
	const struct ballot *ballot = pbft_ballots(self, slot);
	bool done = slot->prepared && slot->prepared_view >= slot->accepted_view;
	if (planted(&self->config, BUG_STALE_VOTES))
		return;
	for (uint64_t left = done ? 0 : slot->votes; left; left &= left - 1) {
		const struct ballot *said = ballot + __builtin_ctzll(left);
		assert(said->prepare_view == slot->accepted_view && said->proof.size); /* (I9) */
	}
}

void pbft_invariants(const void *opaque)
{
	const struct pbft *self = opaque;
	assert(self->cut <= self->low);                                        /* (I1) */
	assert(self->low % self->interval == 0);                               /* (I1) */
	assert(pbft_window_end(self) - pbft_window_floor(self) <= self->ring); /* (I1) */
	for (ec_seq seq = pbft_window_floor(self) + 1; seq <= pbft_window_end(self); seq++) {
		const struct slot *slot = pbft_slot_at(self, seq);
		slot_holds(self, slot);
		votes_hold(self, slot);
		bool settled = self->active && seq > self->low && seq <= self->planned_to;
		if (settled && !planted(&self->config, BUG_NO_FILLER))
			assert(pbft_slot_current(self, slot)); /* (I10) */
	}
	const struct slot *next =
		self->started && !self->fetching ? pbft_slot_at(self, self->delivered + 1) : NULL;
	if (next && next->committed)
		assert(!pbft_body_has(next, &next->committed_value)); /* (I6) */
	if (self->voter && !self->active)
		assert(self->change.size); /* (I7) */
	if (self->view == 0)
		assert(self->active && !self->change.size); /* (I7) */
	if (self->started && self->active && primary(self) == self->config.self &&
	    !planted(&self->config, BUG_NO_WINDOW))
		assert(self->next <= self->low + (ec_seq)WINDOW * self->interval + 1 ||
		       self->next <= self->planned_to + 1); /* (I8) */
	uint64_t first = self->options.timeout_ns;
	assert(self->patience >= first && self->patience <= first << DOUBLINGS_MAX); /* (I11) */
}
