/* links.c - where members stand, and what a new link or a slow member needs.
 *
 * A member says where it stands (AT) when an epoch ends for it, and on a new link.  It is sent
 * messages of that epoch and AHEAD more; the later ones when it says that it has come nearer, the
 * older ones never.  After a new link it is told nothing until it said where it stands, then all of
 * those epochs again.  An epoch is said again in one piece a step, from what is kept of it.
 *
 * What was said before a link broke, or in a life before, may be heard after: each end asks a
 * number when the link is new, and takes what the other says of itself only with that number.  A
 * number that is asked anew says that the link is, whether or not the host told us.
 *
 * A member that stands before the oldest epoch that others keep is brought its application. */
#include "consensus/honeybadger/state.h"

static void at_say(struct hb *self, ec_node to, struct ec_out *out)
{
	const struct peer *peer = hb_peer(self, to);
	struct message message = {.kind = AT,
	                          .epoch = self->at,
	                          .oldest = self->oldest,
	                          .ask = peer->asked,
	                          .answer = peer->heard};
	if (to != self->config.self)
		hb_send(self, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

void hb_at_say(struct hb *self, ec_node to, struct ec_out *out)
{
	for (ec_node node = 0; node < self->n; node++)
		if (to == EC_ALL || to == node)
			at_say(self, node, out);
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
	peer->anews = 0;
	do {
		ec_hash drawn = hb_draw(self);
		memcpy(&peer->asked, drawn.b, sizeof peer->asked);
	} while (!peer->asked);
	self->tried &= ~bit(to);
	hb_at_say(self, to, out);
	hb_claims_say(self, to, out);
}

static void again_from(struct peer *peer, uint64_t epoch)
{
	if (!peer->again || peer->again > epoch)
		peer->again = epoch;
}

/* Whether its link may be new again: not often without a word of our host, or in one epoch of ours,
 * for what is said again then is much. */
static bool anew_allowed(const struct hb *self, struct peer *peer)
{
	if (peer->anew != self->at)
		peer->anews = 0;
	peer->anew = self->at;
	return ++peer->anews <= ANEWS_MAX;
}

void hb_at_received(struct hb *self, const struct ec_input *in, const struct message *m,
                    struct ec_out *out)
{
	struct peer *peer = hb_peer(self, in->from);
	bool anew = m->ask != peer->heard, answers = m->answer == peer->asked;
	if (in->from == self->config.self || (anew && !anew_allowed(self, peer)))
		return;
	peer->heard = m->ask;
	peer->silent |= anew;
	if (answers && peer->silent) {
		peer->again = m->epoch;
		peer->at = m->epoch;
		peer->oldest = m->oldest;
		peer->silent = false;
	} else if (answers && m->epoch >= peer->at) {
		if (m->epoch > peer->at)
			again_from(peer, peer->at + AHEAD + 1);
		peer->at = m->epoch;
		peer->oldest = m->oldest > peer->oldest ? m->oldest : peer->oldest;
	}
	if (anew || !answers)
		hb_at_say(self, in->from, out);
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
