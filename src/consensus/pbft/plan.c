/* plan.c - what the VIEW-CHANGEs of a NEW-VIEW make of every slot (section 4.4).
 *
 * The base is the highest low mark among them.  Above it, up to the highest claim, a slot gets the
 * claim of the highest view; a slot that nobody claims gets a filler.  A quorum of VIEW-CHANGEs
 * meets the quorum of any COMMITs in a correct member, so whatever may be committed is claimed, and
 * no claim of a higher view contradicts it.  Everybody computes this alike: primary and backups. */
#include "consensus/pbft/state.h"

static bool better(const struct pbft *self, const struct claim *claim,
                   const struct planned *planned)
{
	if (!planned->found)
		return true;
	if (planted(&self->config, BUG_LOWER_VIEW))
		return claim->view < planned->view;
	return claim->view > planned->view;
}

static void claim_weigh(struct pbft *self, const struct claim *claim)
{
	if (claim->seq <= self->plan_base)
		return;
	uint32_t index = (uint32_t)(claim->seq - self->plan_base - 1);
	struct planned *planned = pbft_plan(self) + index;
	assert(index < AHEAD * self->interval);
	if (better(self, claim, planned))
		*planned =
			(struct planned){.found = true, .view = claim->view, .value = claim->value};
	if (planned->view == claim->view && value_equal(&planned->value, &claim->value))
		planned->holders |= pbft_votes_members(claim->votes);
	uint32_t end = index + !planted(&self->config, BUG_PLAN_SHORT);
	if (end > self->plan_count)
		self->plan_count = end;
}

void pbft_plan_make(struct pbft *self, uint64_t named)
{
	self->plan_base = 0;
	self->plan_count = 0;
	for (uint64_t left = named; left; left &= left - 1) {
		struct ec_bytes body = pbft_members(self)[__builtin_ctzll(left)].named.body;
		struct ec_reader reader = ec_reader_over(body.data, body.size);
		struct change change = pbft_change_read(&reader);
		if (change.low > self->plan_base)
			self->plan_base = change.low;
	}
	for (uint32_t i = 0; i < AHEAD * self->interval; i++)
		pbft_plan(self)[i] = (struct planned){.value = FILLER};
	for (uint64_t left = named; left; left &= left - 1) {
		struct ec_bytes body = pbft_members(self)[__builtin_ctzll(left)].named.body;
		struct ec_reader reader = ec_reader_over(body.data, body.size);
		struct change change = pbft_change_read(&reader);
		for (uint32_t i = 0; i < change.claims; i++) {
			struct claim claim = pbft_claim_read(&reader);
			assert(!reader.bad);
			claim_weigh(self, &claim);
		}
	}
}
