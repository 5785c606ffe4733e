/* propose.c - what our host submits, and when it is proposed.
 *
 * A member proposes in the epoch where it stands, once, as soon as it has batches, or heard
 * anything of that epoch from anybody.  From anybody, and not from f+1: a batch that one member
 * alone has must be ordered, and an epoch needs n-f proposals.  A liar can make us propose nothing
 * this way, one epoch after the other, for the price of a proposal each: as any client could. Where
 * nobody has a batch, nobody says anything.
 *
 * A batch stays ours until an epoch delivers it as ours: what was left out of S is proposed again.
 * f+1 members that are beyond our epoch say that it ended without us: there we propose nothing.
 */
#include "consensus/honeybadger/state.h"

uint32_t hb_want(const struct hb *self)
{
	return self->started && voter(self) ? QUEUE - self->queued : 0;
}

void hb_submitted(struct hb *self, const struct ec_input *in)
{
	if (!hb_want(self) || !in->body.size || in->body.size > self->options.batch_bytes_max)
		return;
	for (uint32_t i = 0; i < self->queued; i++)
		if (ec_hash_equal(&self->queue[i].digest, &in->digest))
			return;
	self->queue[self->queued++] =
		(struct pending){.digest = in->digest, .bytes = ec_keep(in->body)};
}

static bool waits(const struct hb *self)
{
	for (uint32_t i = 0; i < self->queued; i++)
		if (!self->queue[i].epoch)
			return true;
	return false;
}

static bool due(const struct hb *self)
{
	const struct live *live = hb_live(self, self->at);
	if (!voter(self) || !live || hb_kept(self, self->at)->proposed || live->fixed)
		return false;
	return (live->active || waits(self)) && hb_beyond(self) <= self->faults;
}

/* The oldest that wait, up to the bounds of a proposal.  At least one fits. */
static uint32_t batches_take(struct hb *self, const struct pending *taken[static BATCHES_MAX])
{
	uint32_t count = 0, most = self->batches_max;
	size_t size = 0;
	for (uint32_t i = 0; i < self->queued && count < most; i++) {
		struct pending *pending = &self->queue[i];
		if (pending->epoch)
			continue;
		size += pending->bytes.size;
		if (size > self->options.proposal_bytes_max)
			break;
		pending->epoch = self->at;
		taken[count++] = pending;
	}
	return count;
}

bool hb_propose(struct hb *self, struct ec_out *out)
{
	const struct pending *taken[BATCHES_MAX];
	if (!due(self))
		return false;
	if (hb_room(out) < self->voters + 2)
		return self->more = true;
	struct live *live = hb_live(self, self->at);
	struct kept *kept = hb_kept(self, self->at);
	uint32_t count = batches_take(self, taken);
	kept->proposed = true;
	kept->payload = hb_payload_make(self, out->pool, self->at, taken, count);
	rbc_encode(self->group, kept->payload, out->pool, live->val);
	live->active |= bit(self->seat);
	struct message message = {.kind = SAVED_PROPOSAL, .epoch = self->at};
	hb_save(self, out, &message, ec_keep(kept->payload), 0);
	message.kind = VAL;
	for (uint32_t i = 0; i < self->voters; i++)
		if (hb_within(self, self->node_of[i], self->at))
			hb_send(self, out, self->node_of[i], &message, ec_keep(live->val[i]), 0);
	return true;
}

void hb_proposal_settled(struct hb *self, uint64_t epoch, bool delivered)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < self->queued; i++) {
		struct pending pending = self->queue[i];
		bool in = pending.epoch && pending.epoch <= epoch;
		if (in && delivered) {
			ec_drop(pending.bytes);
			continue;
		}
		if (in)
			pending.epoch = 0;
		self->queue[left++] = pending;
	}
	self->queued = left;
}
