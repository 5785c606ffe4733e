/* links.c - where members stand, and what a new link or a slow member needs.
 *
 * A member says where it stands (AT) when an epoch ends for it, and on a new link.  It is sent
 * messages of that epoch and AHEAD more; the later ones when it says that it has come nearer, the
 * older ones never.  After a new link it is told nothing until it said where it stands, then all of
 * those epochs again.  An epoch is said again in one piece a step, from what is kept of it.
 *
 * A member that stands before the oldest epoch that others keep is brought its application. */
#include "consensus/honeybadger/state.h"

void hb_at_say(struct hb *self, ec_node to, struct ec_out *out)
{
	struct message message = {.kind = AT, .epoch = self->at, .oldest = self->oldest};
	hb_send(self, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

uint32_t hb_beyond(const struct hb *self)
{
	uint32_t beyond = 0;
	for (uint32_t i = 0; i < self->voters; i++)
		beyond += i != self->seat && hb_peer(self, self->node_of[i])->at > self->at;
	return beyond;
}

void hb_linked(struct hb *self, ec_node to, struct ec_out *out)
{
	struct peer *peer = hb_peer(self, to);
	peer->silent = true;
	peer->again = 0;
	peer->backs = 0;
	self->tried &= ~bit(to);
	hb_at_say(self, to, out);
	hb_claims_say(self, to, out);
}

static void again_from(struct peer *peer, uint64_t epoch)
{
	if (!peer->again || peer->again > epoch)
		peer->again = epoch;
}

/* A new life of it begins before the old one ended.  A few times a link and an epoch of ours: it
 * may be heard of late, but asking must not be cheap. */
static bool goes_back(const struct hb *self, struct peer *peer)
{
	if (peer->back != self->at)
		peer->backs = 0;
	peer->back = self->at;
	return ++peer->backs <= BACKS_MAX;
}

void hb_at_received(struct hb *self, const struct ec_input *in, const struct message *m)
{
	struct peer *peer = hb_peer(self, in->from);
	if (in->from == self->config.self)
		return;
	if (peer->silent || (m->epoch < peer->at && goes_back(self, peer))) {
		peer->oldest = m->oldest;
		peer->again = m->epoch;
	} else if (m->epoch >= peer->at) {
		if (m->epoch > peer->at)
			again_from(peer, peer->at + AHEAD + 1);
		peer->oldest = m->oldest > peer->oldest ? m->oldest : peer->oldest;
	} else {
		return;
	}
	peer->silent = false;
	peer->at = m->epoch;
}

static void epoch_say(struct hb *self, ec_node to, uint64_t epoch, struct ec_out *out)
{
	const struct kept *kept = hb_kept(self, epoch);
	const struct live *live = hb_live(self, epoch);
	uint32_t seat = hb_seat_of(self->config.roster, to);
	struct message message = {.kind = VAL, .epoch = epoch};
	if (!kept || (planted(&self->config, BUG_FORGETS) && epoch < self->at))
		return;
	if (live && seat < self->voters && live->val[seat].size)
		hb_send(self, out, to, &message, ec_keep(live->val[seat]), 0);
	message.kind = ECHO;
	for (message.instance = 0; message.instance < self->voters; message.instance++) {
		struct ec_bytes echo = *hb_echo(self, kept, message.instance);
		if (echo.size)
			hb_send(self, out, to, &message, ec_keep(echo), 0);
	}
	message.kind = VOTES;
	for (uint32_t i = 0; i < kept->bundles; i++)
		hb_send(self, out, to, &message, ec_keep(kept->bundle[i]), 0);
}

/* The next epoch that it needs all of; 0: none.  One that we have yet to come to stays due: of a
 * former life of ours there may be words in it. */
static uint64_t needs(const struct hb *self, struct peer *peer)
{
	if (!peer->again)
		return 0;
	if (peer->again < peer->at)
		peer->again = peer->at;
	if (peer->again < self->oldest)
		peer->again = self->oldest;
	if (peer->silent || peer->again > peer->at + AHEAD)
		peer->again = 0;
	return peer->again <= self->at + AHEAD ? peer->again : 0;
}

bool hb_again(struct hb *self, struct ec_out *out)
{
	for (ec_node node = 0; node < self->n; node++) {
		struct peer *peer = hb_peer(self, node);
		uint64_t epoch = needs(self, peer);
		if (!epoch)
			continue;
		if (hb_room(out) < self->voters + BUNDLES + 1)
			return self->more = true;
		peer->again++;
		epoch_say(self, node, epoch, out);
		return true;
	}
	return false;
}
