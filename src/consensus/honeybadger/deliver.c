/* deliver.c - what S holds, in the order of the epoch, and the end of the epoch.
 *
 * Epoch e delivers the batches of proposer e mod n first, then those of the next one: who comes
 * first changes.  An epoch in which nobody proposed a batch delivers one filler, so that epochs
 * never outnumber positions and the ring of kept epochs is bounded by checkpoints.  Positions that
 * the application has already (a life that begins ahead of its epoch) are passed in silence.
 *
 * A delivery stands behind the record of our TERMs and shares: whoever begins a life beyond an
 * epoch has said in it all that others can need of it. */
#include "consensus/honeybadger/state.h"

static uint32_t proposer_at(const struct hb *self, const struct live *live)
{
	uint64_t first = live->epoch;
	if (planted(&self->config, BUG_ARRIVAL_ORDER))
		first = self->seat;
	return (uint32_t)((first + live->turn) % self->voters);
}

/* The next batch, borrowed.  Returns: whose it is; `voters`: all are passed. */
static uint32_t batch_next(struct hb *self, struct live *live, struct ec_bytes *batch)
{
	for (; live->turn < self->voters; live->turn++, live->offset = 0) {
		uint32_t proposer = proposer_at(self, live);
		struct ec_bytes list = hb_proposal(self, live, proposer)->list;
		if (!(live->ones & bit(proposer)) || !list.size)
			continue;
		if (!live->offset)
			live->offset = 4; /* the count */
		if (live->offset == list.size)
			continue;
		struct ec_reader reader =
			ec_reader_over(list.data + live->offset, list.size - live->offset);
		size_t size = 0;
		const uint8_t *at = ec_read_block(&reader, list.size, &size);
		assert(at && size);
		*batch = ec_slice(list, (size_t)(at - list.data), size);
		live->offset += 4 + size;
		return proposer;
	}
	return self->voters;
}

static void one_deliver(struct hb *self, struct live *live, ec_seq first, struct ec_out *out)
{
	struct ec_bytes batch = EC_NO_BYTES;
	uint32_t proposer = batch_next(self, live, &batch);
	ec_seq seq = first + ++live->passed;
	if (seq <= self->delivered) {
		if (seq == self->landed.seq)
			hb_claim_make(self, seq, &self->landed.digest, out);
		return;
	}
	assert(seq == self->delivered + 1);
	self->delivered = seq;
	ec_node node = proposer < self->voters ? self->node_of[proposer] : EC_ALL;
	ec_emit(out, (struct ec_effect){
			     .kind = EC_DELIVER, .seq = seq, .node = node, .body = ec_keep(batch)});
	if (seq % self->options.interval == 0)
		ec_emit(out, (struct ec_effect){.kind = EC_SNAP, .seq = seq});
}

static uint32_t total_of(const struct hb *self, const struct live *live)
{
	uint32_t total = 0;
	for (uint32_t i = 0; i < self->voters; i++)
		if (live->ones & bit(i))
			total += hb_proposal(self, live, i)->batches;
	return total ? total : 1;
}

void hb_stand(struct hb *self, struct ec_pool *pool)
{
	assert(hb_kept(self, self->at) && hb_kept(self, self->at)->placed);
	for (uint64_t epoch = self->at; epoch <= self->at + AHEAD; epoch++)
		if (!hb_live(self, epoch))
			hb_live_open(self, epoch, pool);
}

static void place(struct hb *self, uint64_t epoch, ec_seq first)
{
	struct kept *kept = hb_kept_open(self, epoch);
	assert(kept);
	kept->placed = true;
	kept->first = first;
}

static void stand_at(struct hb *self, uint64_t epoch, ec_seq first, struct ec_out *out)
{
	self->at = epoch;
	self->oldest = hb_oldest(self, epoch);
	hb_kept_forget(self);
	place(self, epoch, first);
	hb_stand(self, out->pool);
	hb_at_say(self, EC_ALL, out);
}

/* The epoch is delivered, and nobody needs our votes any more. */
static void epoch_end(struct hb *self, struct live *live, ec_seq first, struct ec_out *out)
{
	struct kept *kept = hb_kept(self, live->epoch);
	ec_seq next = first + live->total;
	hb_kept_finish(self, kept, live->ones, out->pool);
	if (voter(self))
		hb_proposal_settled(self, live->epoch, live->ones & bit(self->seat));
	hb_live_close(self, live);
	stand_at(self, self->at + 1, next, out);
}

void hb_jump(struct hb *self, const struct claim *claim, struct ec_out *out)
{
	assert(claim->epoch > self->at);
	for (uint64_t epoch = self->at; epoch <= self->at + AHEAD && epoch < claim->epoch; epoch++)
		hb_live_close(self, hb_live(self, epoch));
	hb_proposal_settled(self, claim->epoch - 1, false);
	hb_note(self, out, "rule:jump", claim->epoch);
	stand_at(self, claim->epoch, claim->first, out);
}

/* Whether nobody needs more votes of ours in this epoch: all agreements have halted; or f+1 members
 * stand beyond it, of which a correct one saw them halt, so that f+1 correct ones have said TERM,
 * and TERM is all that any of us would add. */
static bool epoch_over(const struct hb *self, const struct live *live)
{
	return live->halted == self->everyone || hb_beyond(self) > self->faults;
}

bool hb_deliver(struct hb *self, struct ec_out *out)
{
	struct live *live = hb_live(self, self->at);
	ec_seq first = hb_kept(self, self->at)->first;
	if (!live->fixed || live->ones & ~live->opened || live->unsaid || self->fetching)
		return false;
	if (!live->listed)
		live->total = total_of(self, live);
	live->listed = true;
	uint32_t before = live->passed;
	for (uint32_t i = 0; i < DELIVERIES && live->passed < live->total; i++) {
		if (hb_room(out) < 2)
			return self->more = true;
		one_deliver(self, live, first, out);
	}
	if (live->passed < live->total)
		return true;
	if (!epoch_over(self, live) || hb_ring_full(self))
		return live->passed != before;
	if (hb_room(out) < self->n + 1)
		return self->more = true;
	epoch_end(self, live, first, out);
	return true;
}
