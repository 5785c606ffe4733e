/* recovery.c - replay, and the start of a life.
 *
 * Records are what was said, and go back into what is kept of their epochs; those of votes say
 * where their writer stood, too, and so do claims and the CUT.  At START we stand in the latest
 * epoch that is known to begin at or before the application: what it delivered since is heard again
 * from others, who keep it (said.c, links.c).  What was said counts then without being said again
 * (epoch.c). */
#include "consensus/honeybadger/state.h"

static void placed(struct hb *self, uint64_t epoch, ec_seq first)
{
	struct kept *kept = epoch ? hb_kept_open(self, epoch) : NULL;
	if (!kept)
		return;
	kept->placed = true;
	kept->first = first;
}

static void cut_replay(struct hb *self, const struct message *m)
{
	self->low = m->seq;
	self->low_epoch = self->at = m->epoch;
	self->lower_epoch = self->oldest = m->oldest;
	hb_own_claim_set(self, &(struct claim){.seq = m->seq,
	                                       .digest = m->digest,
	                                       .epoch = m->epoch,
	                                       .first = m->first});
	placed(self, m->epoch, m->first);
}

/* A record of an epoch: what did not fit into the ring beside it was forgotten by then. */
static void ring_turn(struct hb *self, uint64_t epoch)
{
	if (epoch < self->oldest + self->ring)
		return;
	self->oldest = epoch - self->ring + 1;
	assert(self->oldest <= self->low_epoch);
	hb_kept_forget(self);
}

/* Gives the place of what was kept to what the record holds. */
static void put(struct ec_bytes *at, struct ec_bytes bytes)
{
	ec_drop(*at);
	*at = ec_keep(bytes);
}

void hb_record_replayed(struct hb *self, const struct ec_input *in, struct ec_pool *pool)
{
	struct message m;
	bool known = hb_message_read(in->head, &m);
	assert(known && !self->started);
	if (m.kind == SAVED_CUT) {
		cut_replay(self, &m);
		return;
	}
	if (m.kind == SAVED_CLAIM) {
		hb_own_claim_set(self, &(struct claim){m.seq, m.digest, m.epoch, m.first});
		return;
	}
	ring_turn(self, m.epoch);
	if (m.kind == SAVED_VOTES)
		placed(self, m.oldest, m.first);
	struct kept *kept = hb_kept_open(self, m.epoch);
	if (!kept)
		return; /* a CUT says that it is needed no more */
	switch ((int)m.kind) {
	case SAVED_PROPOSAL:
		if (planted(&self->config, BUG_PROPOSES_ANEW))
			break;
		put(&kept->payload, in->body);
		kept->proposed = true;
		break;
	case SAVED_ECHO:
		put(hb_echo(self, kept, m.instance), in->body);
		break;
	case SAVED_VOTES:
		hb_bundle_add(self, kept, ec_keep(in->body), pool);
		break;
	default:
		break;
	}
}

/* The latest epoch that begins at or before a position. */
static uint64_t epoch_of(const struct hb *self, ec_seq seq)
{
	uint64_t found = self->oldest;
	for (uint64_t epoch = self->oldest; epoch < self->oldest + self->ring - AHEAD; epoch++) {
		const struct kept *kept = hb_kept(self, epoch);
		if (kept && kept->placed && kept->first <= seq)
			found = epoch;
	}
	return found;
}

void hb_life_start(struct hb *self, const struct ec_input *in, struct ec_out *out)
{
	assert(!self->started);
	self->started = true;
	self->delivered = self->snapped = in->seq;
	self->landed = (struct claim){.seq = in->seq, .digest = in->digest};
	for (int i = 0; i < CLAIMS; i++) {
		if (!self->own[i].seq || self->own[i].seq > in->seq)
			continue;
		placed(self, self->own[i].epoch, self->own[i].first);
		hb_peer(self, self->config.self)->claim[i] = self->own[i]; /* it is durable */
	}
	if (!self->low)
		placed(self, 1, 0);
	self->at = epoch_of(self, in->seq);
	hb_stand(self, out->pool);
	hb_snapped(self, in, out); /* it says the same */
	if (self->at > 1)
		hb_at_say(self, EC_ALL, out);
}
