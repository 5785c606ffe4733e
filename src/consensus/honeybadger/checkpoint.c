/* checkpoint.c - claims, the end of the log, and state transfer.
 *
 * Checkpoints are at the multiples of the interval, wherever in an epoch they fall.  A member whose
 * application is on disk there claims it: position, digest, and the epoch that delivers the
 * position, with where that begins.  Of f+1 equal claims one is of a correct member: they lead who
 * is behind.  Of a quorum f+1 are: with our own state on disk too, it is the low mark, and epochs
 * are forgotten, here and in the log, but for those from the mark before it on and a few at least.
 * A claim is made when the host says that the checkpoint is on disk, by SNAPPED, or because a life
 * begins there or a state was brought; what the log holds of it counts in the next life.
 *
 * Who stands in an epoch that another keeps no more has a state brought that f+1 claim, from one of
 * them, then from the next.  When all have failed the next claim or link lets it try again: there
 * is no timer, and the host has its own.
 *
 * To leave an epoch like this harms nobody who is still in it.  Somebody correct has ended it: f+1
 * correct members have said TERM and READY there, and n-2f have an ECHO; these keep that, also if
 * they leave, and it is enough for all (rbc.h, rbc_certain; deliver.c, epoch_over), until one of
 * them keeps it no more, which says so.  Nor is anybody left with too few claims: who forgets an
 * epoch has a quorum's claims of a later one.  Who went ahead by f+1 claims has not: of these only
 * one need be a correct member's.  It forgets what does not fit into the ring any more, no sooner,
 * and replay follows it there (recovery.c, ring_turn): so many epochs pass two checkpoints, and f+1
 * correct members have ended all but the last. */
#include "consensus/honeybadger/state.h"

static bool claim_equal(const struct claim *a, const struct claim *b)
{
	return a->seq == b->seq && a->epoch == b->epoch && a->first == b->first &&
	       ec_hash_equal(&a->digest, &b->digest);
}

static struct claim *claim_slot(const struct hb *self, struct claim *claims, ec_seq seq)
{
	return &claims[seq / self->options.interval % CLAIMS];
}

/* Which voters claim the same. */
static uint64_t supporters(const struct hb *self, const struct claim *claim)
{
	uint64_t set = 0;
	for (uint32_t i = 0; i < self->voters; i++) {
		struct peer *peer = hb_peer(self, self->node_of[i]);
		if (claim_equal(claim_slot(self, peer->claim, claim->seq), claim))
			set |= bit(i);
	}
	return set;
}

uint64_t hb_oldest(const struct hb *self, uint64_t at)
{
	uint64_t oldest = at > KEPT_MIN ? at - KEPT_MIN : 1;
	uint64_t fits = at + AHEAD >= self->ring ? at + AHEAD - self->ring + 1 : 1;
	if (oldest > self->lower_epoch)
		oldest = self->lower_epoch;
	if (oldest < fits) /* what is below the low mark goes first */
		oldest = fits < self->low_epoch ? fits : self->low_epoch;
	return oldest > self->oldest ? oldest : self->oldest;
}

bool hb_ring_full(const struct hb *self)
{
	return self->at + 1 + AHEAD - hb_oldest(self, self->at + 1) >= self->ring;
}

static struct message claim_message(enum kind kind, const struct claim *claim)
{
	return (struct message){.kind = kind,
	                        .epoch = claim->epoch,
	                        .seq = claim->seq,
	                        .first = claim->first,
	                        .digest = claim->digest};
}

/* Our next life begins at this claim.  In: lower_epoch: from which on epochs are kept though many
 * come after. */
static void low_set(struct hb *self, const struct claim *claim, uint64_t lower_epoch)
{
	assert(claim->seq > self->low && claim->seq <= self->snapped);
	self->low = claim->seq;
	self->low_epoch = claim->epoch;
	self->lower_epoch = lower_epoch;
	hb_own_claim_set(self, claim);
}

/* The log begins with this claim and what was said of the epochs that one who stands at `at` keeps:
 * whoever begins a new life keeps the same. */
static void log_cut(struct hb *self, const struct claim *claim, uint64_t at, struct ec_out *out)
{
	struct message message = claim_message(SAVED_CUT, claim);
	message.oldest = hb_oldest(self, at);
	if (voter(self))
		hb_save(self, out, &message, EC_NO_BYTES, EC_CUT);
}

/* The newest claim of `enough` members within (above, upto]; false: there is none. */
static bool claim_find(const struct hb *self, uint32_t enough, ec_seq above, ec_seq upto,
                       struct claim *found)
{
	*found = (struct claim){0};
	for (uint32_t i = 0; i < self->voters; i++) {
		const struct peer *peer = hb_peer(self, self->node_of[i]);
		for (int k = 0; k < CLAIMS; k++) {
			const struct claim *claim = &peer->claim[k];
			if (claim->seq > above && claim->seq <= upto && claim->seq > found->seq &&
			    set_count(supporters(self, claim)) >= enough)
				*found = *claim;
		}
	}
	return found->seq != 0;
}

/* How many claims lead a member that is behind. */
static uint32_t weak(const struct hb *self)
{
	return planted(&self->config, BUG_ONE_CLAIM) ? 1 : self->faults + 1;
}

/* What a quorum has on disk, and we too. */
static void low_try(struct hb *self, struct ec_out *out)
{
	struct claim claim;
	if (self->snapped <= self->low ||
	    !claim_find(self, self->quorum, self->low, self->snapped, &claim) ||
	    claim.epoch > self->at)
		return;
	low_set(self, &claim, claim.epoch > self->low_epoch ? self->low_epoch : self->lower_epoch);
	log_cut(self, &claim, self->at, out);
	hb_note(self, out, "rule:low", self->low);
	uint64_t oldest = self->oldest;
	self->oldest = hb_oldest(self, self->at);
	hb_kept_forget(self);
	if (self->oldest > oldest)
		hb_at_say(self, EC_ALL, out);
}

/* The application stands ahead of the epoch where we are: f+1 say which epoch it is in.  No more is
 * forgotten for that than does not fit: only one of them need be correct. */
static void overtake(struct hb *self, struct ec_out *out)
{
	struct claim claim;
	if (self->fetching || self->snapped <= self->low ||
	    !claim_find(self, weak(self), self->low, self->snapped, &claim) ||
	    claim.epoch <= self->at)
		return;
	low_set(self, &claim, self->oldest);
	log_cut(self, &claim, claim.epoch, out);
	if (claim.seq == self->snapped && voter(self)) { /* that is what is on our disk */
		struct message message = claim_message(CLAIM, &claim);
		hb_send(self, out, EC_ALL, &message, EC_NO_BYTES, 0);
	}
	hb_jump(self, &claim, out);
}

void hb_own_claim_set(struct hb *self, const struct claim *claim)
{
	struct claim *own = claim_slot(self, self->own, claim->seq);
	if (claim->seq >= own->seq)
		*own = *claim;
}

void hb_claim_make(struct hb *self, ec_seq seq, const ec_hash *digest, struct ec_out *out)
{
	struct claim claim = {.seq = seq, .digest = *digest};
	if (!voter(self) || !seq || seq % self->options.interval ||
	    claim_slot(self, self->own, seq)->seq >= seq)
		return;
	for (uint64_t epoch = self->at; epoch >= self->oldest && !claim.epoch; epoch--) {
		const struct kept *kept = hb_kept(self, epoch);
		if (kept && kept->placed && kept->first < seq) {
			claim.epoch = epoch;
			claim.first = kept->first;
		}
	}
	if (!claim.epoch)
		return;
	/* It is the one only if it is known to go as far: by where the next one begins, or by what
	 * it has delivered so far. */
	const struct kept *next = hb_kept(self, claim.epoch + 1);
	if (claim.epoch == self->at ? seq > claim.first + hb_live(self, self->at)->passed
	                            : !next || !next->placed)
		return;
	hb_own_claim_set(self, &claim);
	struct message message = claim_message(SAVED_CLAIM, &claim);
	hb_save(self, out, &message, EC_NO_BYTES, 0);
	message.kind = CLAIM;
	hb_send(self, out, EC_ALL, &message, EC_NO_BYTES, 0);
}

void hb_claims_say(struct hb *self, ec_node to, struct ec_out *out)
{
	for (int i = 0; i < CLAIMS && voter(self); i++) {
		const struct claim *claim = &self->own[i];
		if (!claim->seq || claim->seq < self->low)
			continue;
		struct message message = claim_message(CLAIM, claim);
		hb_send(self, out, to, &message, EC_NO_BYTES, 0);
	}
}

void hb_claim_received(struct hb *self, const struct ec_input *in, const struct message *m,
                       struct ec_out *out)
{
	struct claim *claim = claim_slot(self, hb_peer(self, in->from)->claim, m->seq);
	if (m->seq <= claim->seq)
		return;
	*claim = (struct claim){
		.seq = m->seq, .digest = m->digest, .epoch = m->epoch, .first = m->first};
	low_try(self, out);
	overtake(self, out);
}

void hb_snapped(struct hb *self, const struct ec_input *in, struct ec_out *out)
{
	if (in->seq > self->snapped)
		self->snapped = in->seq;
	hb_claim_make(self, in->seq, &in->digest, out);
	low_try(self, out);
	overtake(self, out);
}

void hb_fetched(struct hb *self, const struct ec_input *in, struct ec_out *out)
{
	self->fetching = false;
	if (in->seq <= self->delivered)
		return; /* it failed: the next one */
	self->delivered = in->seq;
	self->landed = (struct claim){.seq = in->seq, .digest = in->digest};
	if (in->seq > self->snapped)
		self->snapped = in->seq;
	self->tried = 0;
	hb_note(self, out, "state brought", in->seq);
	overtake(self, out);
}

/* Whether messages may be of no help any more: our ring is full, and who has gone on claims no
 * checkpoint that we have passed; or a member keeps the epoch no more where we stand.  A liar may
 * say so: it takes f+1 claims besides to bring us anywhere. */
static bool hopeless(const struct hb *self)
{
	if (hb_ring_full(self))
		return true;
	for (uint32_t i = 0; i < self->voters; i++)
		if (i != self->seat && hb_peer(self, self->node_of[i])->oldest > self->at)
			return true;
	return false;
}

bool hb_catch_up(struct hb *self, struct ec_out *out)
{
	struct claim claim;
	if (self->fetching || !hopeless(self) ||
	    !claim_find(self, weak(self), self->delivered, NUMBER_MAX, &claim) ||
	    claim.epoch <= self->at || hb_room(out) < 2)
		return false;
	if (claim.seq != self->fetch)
		self->tried = 0;
	self->fetch = claim.seq;
	uint64_t left = 0;
	for (uint64_t set = supporters(self, &claim); set; set &= set - 1)
		left |= bit(self->node_of[__builtin_ctzll(set)]);
	left &= ~self->tried & ~bit(self->config.self);
	if (!left)
		return false;
	for (uint32_t skip = self->config.self % set_count(left); skip; skip--)
		left &= left - 1;
	ec_node node = (ec_node)__builtin_ctzll(left);
	self->tried |= bit(node);
	self->fetching = true;
	hb_note(self, out, "rule:state-transfer", claim.seq);
	ec_emit(out,
	        (struct ec_effect){
			.kind = EC_FETCH, .node = node, .seq = claim.seq, .digest = claim.digest});
	return true;
}
