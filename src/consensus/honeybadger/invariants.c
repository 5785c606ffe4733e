/* invariants.c - what holds after every step, whatever came.
 *
 * - (I1) We stand in an epoch whose place in the order is known, within the ring of kept ones.
 * - (I2) We take part in this epoch and the AHEAD next ones, and in no other.
 * - (I3) The application on disk is not ahead of the one in memory, nor the low mark of that.
 * - (I4) S is fixed only when every agreement has decided and all of S is here.
 * - (I5) Shares of opening are given for members of a fixed S only.
 * - (I6) What is delivered of the epoch where we stand was opened, all of S.
 * - (I7) Every ECHO that a broadcast said is kept; a proposal that was made is kept while live.
 * - (I8) What is proposed of our queue is proposed in this epoch.
 * - Those of rbc.h and aba.h.
 */
#include "consensus/honeybadger/state.h"

static void live_holds(const struct hb *self, const struct live *live)
{
	const struct kept *kept = hb_kept(self, live->epoch);
	assert(kept); /* (I1) */
	assert(!(live->ones & ~live->decided));
	if (live->fixed)
		assert(live->decided == self->everyone &&
		       !(live->ones & ~live->delivered)); /* (I4) */
	if (live->fixed && !planted(&self->config, BUG_EARLY_OPENING))
		assert(!((live->good | live->opened) & ~live->ones)); /* (I5) */
	if (live->passed)
		assert(live->fixed && !(live->ones & ~live->opened)); /* (I6) */
	if (kept->proposed)
		assert(kept->payload.size && live->val[self->seat].size); /* (I7) */
	/* Broadcasts and agreements are large: after a message those that it was about. */
	uint64_t look = live->touched ? live->touched : live->active ? self->everyone : 0;
	for (; look; look &= look - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(look);
		const struct proposal *proposal = hb_proposal(self, live, i);
		rbc_invariants(&proposal->rbc);
		aba_invariants(hb_aba(self, live, i));
		if (proposal->rbc.echoed)
			assert(hb_echo(self, kept, i)->size); /* (I7) */
	}
}

void hb_invariants(const void *opaque)
{
	const struct hb *self = opaque;
	if (!self->started)
		return;
	assert(self->low <= self->snapped && self->snapped <= self->delivered); /* (I3) */
	assert(self->oldest >= 1 && self->oldest <= self->at);                  /* (I1) */
	assert(self->at + AHEAD - self->oldest < self->ring);                   /* (I1) */
	assert(hb_kept(self, self->at) && hb_kept(self, self->at)->placed);     /* (I1) */
	for (uint64_t epoch = self->at; epoch <= self->at + AHEAD; epoch++) {
		const struct live *live = hb_live(self, epoch);
		assert(live); /* (I2) */
		live_holds(self, live);
	}
	for (uint32_t i = 0; i < self->queued; i++)
		assert(!self->queue[i].epoch || self->queue[i].epoch == self->at); /* (I8) */
}
