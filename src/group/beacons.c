/* beacons.c - the random beacon: of a certified block, when somebody asks for it.
 *
 * A gateway that is asked wants a share of every member, verifies those that come until as many are
 * there as are needed, its own among them, and keeps the last rounds.  Nothing is done for blocks
 * that nobody asks about.
 *
 *   BEACON_WANT (era, block), of all voters -> BEACON_SHARE, at once or never
 *
 * Who does not know yet that the block is certified says nothing: it is asked again, at first after
 * AGAIN_NS, then after twice as long each time.
 *
 * (I1) A share is given only of a block that is certified here, in the reign of its era: no
 *      beacon can be known before its block is certified, but by more voters than may lie.
 * (I2) One share of each voter is verified a round, and each is made once a round: what a peer can
 *      make us compute is bounded by GIVEN_MAX a second, and by what we ask for ourselves.
 */
#include "group/beacons.h"

#include "base/quorum.h"
#include "crypto/hash.h"
#include "group/transfer.h"

#include <stdlib.h>

enum {
	ROUNDS_MAX = 16,    /* under way */
	BEGUN_MAX = 16,     /* a second */
	GIVEN_MAX = 32,     /* shares made for one peer, a second: two of its seconds may meet */
	KEPT_MAX = 64,      /* rounds, and shares of ours */
	WAITING_MAX = 1024, /* asks, of all rounds */
};
#define LIMIT_NS (5 * SECOND)
#define AGAIN_NS (20 * MS)
_Static_assert(2 * BEGUN_MAX <= GIVEN_MAX, "a correct gateway is never told to wait");
_Static_assert(EC_THRESHOLD_MEMBERS_MAX <= 64, "voters are bits of a word");

/* How often something was done in the second that began at `since`. */
struct rate {
	uint64_t since;
	uint32_t count;
};

struct round {
	const struct era *era; /* of the block; NULL: free */
	uint64_t begun, again, pause;
	uint64_t heard; /* the voters whose share came, good or not */
	struct ec_beacon beacon;
};

struct share {
	uint64_t seq; /* 0: none */
	struct ec_threshold_share share;
};

struct waiter {
	uint64_t token, seq;
};

struct beacons {
	struct round round[ROUNDS_MAX];
	struct ec_beacon kept[KEPT_MAX]; /* round 0: none */
	ec_hash value[KEPT_MAX];
	uint32_t kept_next;
	struct share share[KEPT_MAX]; /* that of block seq, if any, at seq % KEPT_MAX */
	struct waiter waiter[WAITING_MAX];
	uint32_t waiting;
	struct rate begun, given[EC_PEERS_MAX];
	uint64_t fits, unfit; /* the eras whose keys our parts were seen to fit, or not */
};

static struct beacons *beacons_of(struct ec_member *m)
{
	if (!m->beacons && !(m->beacons = calloc(1, sizeof *m->beacons)))
		abort();
	return m->beacons;
}

void beacons_free(struct ec_member *m)
{
	free(m->beacons);
	m->beacons = NULL;
}

/* Whether it may be done once more. */
static bool rate_allows(struct rate *rate, uint64_t now, uint32_t max)
{
	if (now - rate->since >= SECOND)
		*rate = (struct rate){.since = now};
	return rate->count < max && ++rate->count;
}

static const struct ec_threshold_crypto *crypto_of(const struct ec_member *m)
{
	return m->config.crypto->threshold;
}

/* ---- Our share ---- */

/* A number that no other share is made with: the seed is of this life, and a round's share is the
 * same each time. */
static ec_hash random_of(const struct ec_member *m, const struct era *era, uint64_t seq)
{
	const struct ec_part parts[] = {{"beacon share", 12}, {&era->number, 8}, {&seq, 8}};
	ec_hash what = ec_sha256_parts(parts, 3);
	return ec_hmac_sha256(m->config.seed, sizeof m->config.seed, what.b, sizeof what.b);
}

/* Whether a share of ours is good, by the first of an era: its keys may not be those that we have
 * parts of, and whoever gives a bad share is called a liar. */
static bool share_fits(struct ec_member *m, const struct era *era, uint32_t self, uint64_t seq,
                       const struct ec_threshold_share *share)
{
	struct beacons *beacons = m->beacons;
	if (beacons->fits == era->number)
		return true;
	if (ec_beacon_share_good(crypto_of(m), &era->keys->coin, &era->config.domain, seq, self,
	                         share)) {
		beacons->fits = era->number;
		return true;
	}
	beacons->unfit = era->number;
	act_text(m, EC_ACT_ALARM, NONE,
	         "our parts of the keys that members share do not fit the roster of era %llu",
	         (unsigned long long)era->number);
	return false;
}

/* Our share of a round.  In: peer: who asks; NONE: we ourselves.  Returns: NULL when we have none
 * to give, or the peer asked too often. */
static const struct ec_threshold_share *share_of(struct ec_member *m, const struct reign *reign,
                                                 uint64_t seq, uint32_t peer)
{
	struct beacons *beacons = beacons_of(m);
	struct share *kept = &beacons->share[seq % KEPT_MAX];
	const struct era *era = reign->era;
	uint32_t self = ec_voter(&era->roster, era->self);
	if (!reign->shares || !era->keys || self == NONE || beacons->unfit == era->number)
		return NULL;
	if (kept->seq == seq)
		return &kept->share;
	if (peer != NONE && !rate_allows(&beacons->given[peer], m->time.now, GIVEN_MAX))
		return NULL;
	ec_hash random = random_of(m, era, seq);
	ec_beacon_share(crypto_of(m), &era->keys->coin, self, &reign->shares->coin,
	                &era->config.domain, seq, random.b, &kept->share);
	ec_erase(&random, sizeof random);
	kept->seq = share_fits(m, era, self, seq, &kept->share) ? seq : 0;
	return kept->seq ? &kept->share : NULL;
}

void beacon_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	const struct reign *reign = reign_of(m, frame->era);
	uint64_t seq = frame->seq;
	if (!reign || reign->era->index_of[peer] == NONE || seq == 0 ||
	    seq > ec_ledger_certified(m->ledger))
		return;
	if (ec_ledger_era_of(m->ledger, seq) != frame->era) {
		link_break(m, peer, "a beacon asked for by another era than its block's");
		return;
	}
	const struct ec_threshold_share *share = share_of(m, reign, seq, peer);
	if (!share)
		return;
	m->counters.beacon_shares++;
	act_frame(m, peer,
	          &(struct ec_frame){.kind = EC_FRAME_BEACON_SHARE,
	                             .era = frame->era,
	                             .seq = seq,
	                             .block = {{.data = share->b, .size = sizeof share->b}}});
}

/* ---- Who waits ---- */

static void tell(struct ec_member *m, uint64_t token, uint64_t seq, enum ec_beacon_end end)
{
	outbox_push(&m->outbox,
	            (struct act){.kind = EC_ACT_BEACON, .token = token, .seq = seq, .code = end});
}

/* The proof of a beacon that is kept, by the newest certificate.  Out: proof with one owner. */
static enum ec_beacon_end prove(struct ec_member *m, const struct ec_beacon *beacon,
                                struct ec_bytes *proof)
{
	*proof = EC_NO_BYTES;
	switch (ec_ledger_beacon_proof(m->ledger, beacon->round, beacon, proof)) {
	case EC_FOUND:
		return EC_BEACON_DONE;
	case EC_NOT_YET:
		return EC_BEACON_NOT_YET;
	case EC_ELSEWHERE:
		return EC_BEACON_ELSEWHERE;
	default:
		return EC_BEACON_PRUNED;
	}
}

/* Tells one who asked of a beacon that is kept, in its place. */
static void tell_kept(struct ec_member *m, uint64_t token, uint32_t place)
{
	const struct beacons *beacons = m->beacons;
	struct act act = {.kind = EC_ACT_BEACON,
	                  .token = token,
	                  .seq = beacons->kept[place].round,
	                  .id = beacons->value[place]};
	act.code = prove(m, &beacons->kept[place], &act.bytes);
	outbox_push(&m->outbox, act);
}

/* The token of the next who waits for this block, who then waits no more.  Returns: false when
 * nobody does. */
static bool waiter_take(struct beacons *beacons, uint64_t seq, uint64_t *token)
{
	for (uint32_t i = 0; i < beacons->waiting; i++) {
		if (beacons->waiter[i].seq != seq)
			continue;
		*token = beacons->waiter[i].token;
		beacons->waiter[i] = beacons->waiter[--beacons->waiting];
		return true;
	}
	return false;
}

/* ---- Rounds ---- */

static uint32_t kept_find(const struct beacons *beacons, uint64_t seq)
{
	for (uint32_t i = 0; i < KEPT_MAX; i++)
		if (beacons->kept[i].round == seq)
			return i;
	return NONE;
}

static struct round *round_find(struct beacons *beacons, uint64_t seq)
{
	for (uint32_t i = 0; i < ROUNDS_MAX; i++)
		if (beacons->round[i].era && beacons->round[i].beacon.round == seq)
			return &beacons->round[i];
	return NULL;
}

static void round_fail(struct ec_member *m, struct round *round)
{
	uint64_t seq = round->beacon.round, token;
	bool over = !reign_of(m, round->era->number);
	round->era = NULL;
	while (waiter_take(m->beacons, seq, &token))
		tell(m, token, seq, over ? EC_BEACON_ERA_OVER : EC_BEACON_LATE);
}

/* Enough shares are there: it is kept, in the place of the oldest. */
static void round_end(struct ec_member *m, struct round *round)
{
	struct beacons *beacons = m->beacons;
	uint32_t place = beacons->kept_next;
	uint64_t token;
	beacons->kept_next = (place + 1) % KEPT_MAX;
	beacons->kept[place] = round->beacon;
	beacons->value[place] =
		ec_beacon_value(crypto_of(m), &round->era->keys->coin, &round->beacon);
	round->era = NULL;
	m->counters.beacons++;
	while (waiter_take(beacons, beacons->kept[place].round, &token))
		tell_kept(m, token, place);
}

/* Wants a share of all who hold one and did not answer. */
static void round_ask(struct ec_member *m, struct round *round)
{
	const struct era *era = round->era;
	for (uint32_t i = 0; i < era->roster.n; i++) {
		uint32_t voter = ec_voter(&era->roster, i), peer = era->peer_of[i];
		if (i == era->self || voter == NONE || round->heard >> voter & 1 ||
		    !link_up(m, peer) || m->peer[peer].liar)
			continue;
		act_frame(m, peer,
		          &(struct ec_frame){.kind = EC_FRAME_BEACON_WANT,
		                             .era = era->number,
		                             .seq = round->beacon.round});
	}
	round->again = m->time.now + round->pause;
	round->pause *= 2;
}

void beacon_shared(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct round *round = m->beacons ? round_find(m->beacons, frame->seq) : NULL;
	struct ec_threshold_share share;
	if (!round || frame->era != round->era->number || m->peer[peer].liar)
		return;
	const struct era *era = round->era;
	uint32_t voter = ec_voter(&era->roster, era->index_of[peer]);
	if (voter == NONE || frame->block[0].size != sizeof share) {
		link_break(m, peer, "a share of a beacon that is none");
		return;
	}
	if (round->heard >> voter & 1)
		return;
	round->heard |= (uint64_t)1 << voter;
	memcpy(share.b, frame->block[0].data, sizeof share);
	if (!ec_beacon_add(crypto_of(m), &era->keys->coin, &round->beacon, voter, &share))
		liar_name(m, peer, "a wrong share of a beacon");
	else if (ec_beacon_ready(&era->keys->coin, &round->beacon))
		round_end(m, round);
}

static void round_begin(struct ec_member *m, struct round *round, const struct reign *reign,
                        uint64_t seq)
{
	const struct era *era = reign->era;
	*round = (struct round){.era = era,
	                        .begun = m->time.now,
	                        .pause = AGAIN_NS,
	                        .beacon = {.domain = era->config.domain, .round = seq}};
	const struct ec_threshold_share *own = share_of(m, reign, seq, NONE);
	if (own)
		ec_beacon_add(crypto_of(m), &era->keys->coin, &round->beacon,
		              ec_voter(&era->roster, era->self), own);
	if (ec_beacon_ready(&era->keys->coin, &round->beacon))
		round_end(m, round);
	else
		round_ask(m, round);
}

/* A place for one more; NULL when there is none, or too many began lately. */
static struct round *round_place(struct ec_member *m)
{
	struct beacons *beacons = beacons_of(m);
	for (uint32_t i = 0; i < ROUNDS_MAX; i++)
		if (!beacons->round[i].era)
			return rate_allows(&beacons->begun, m->time.now, BEGUN_MAX)
			               ? &beacons->round[i]
			               : NULL;
	return NULL;
}

/* Why there is no beacon of a block to be had, before anybody is asked; EC_BEACON_DONE: there may
 * be one.  Out: the reign of its era. */
static enum ec_beacon_end refusal(struct ec_member *m, uint64_t seq, struct reign **reign)
{
	struct ec_bytes header;
	if (seq == 0 || seq > ec_ledger_certified(m->ledger))
		return EC_BEACON_NOT_YET;
	if (!ec_ledger_header(m->ledger, seq, &header))
		return ec_ledger_older_missing(m->ledger) ? EC_BEACON_ELSEWHERE : EC_BEACON_PRUNED;
	ec_drop(header);
	uint64_t number = ec_ledger_era_of(m->ledger, seq);
	const struct era *era = era_find(m, number);
	if (era && !era->keys)
		return EC_BEACON_NO_KEYS;
	*reign = reign_of(m, number);
	return *reign ? EC_BEACON_DONE : EC_BEACON_ERA_OVER;
}

static void ask(struct ec_member *m, uint64_t token, uint64_t seq)
{
	struct beacons *beacons = beacons_of(m);
	struct reign *reign;
	uint32_t place = seq ? kept_find(beacons, seq) : NONE;
	if (place != NONE) {
		tell_kept(m, token, place);
		return;
	}
	enum ec_beacon_end end = refusal(m, seq, &reign);
	if (end != EC_BEACON_DONE) {
		tell(m, token, seq, end);
		return;
	}
	bool begun = round_find(beacons, seq) != NULL;
	struct round *round = begun || beacons->waiting == WAITING_MAX ? NULL : round_place(m);
	if (beacons->waiting == WAITING_MAX || (!begun && !round)) {
		tell(m, token, seq, EC_BEACON_BUSY);
		return;
	}
	beacons->waiter[beacons->waiting++] = (struct waiter){.token = token, .seq = seq};
	if (!begun)
		round_begin(m, round, reign, seq);
}

void ec_member_beacon(struct ec_member *m, struct ec_time time, uint64_t token, uint64_t seq)
{
	member_advance(m, time);
	if (!m->started || m->halted) {
		tell(m, token, seq, EC_BEACON_NOT_READY);
		return;
	}
	ask(m, token, seq ? seq : ec_ledger_certified(m->ledger));
	member_turn(m);
}

void beacons_turn(struct ec_member *m)
{
	for (uint32_t i = 0; m->beacons && i < ROUNDS_MAX; i++) {
		struct round *round = &m->beacons->round[i];
		if (!round->era)
			continue;
		if (m->time.now >= round->begun + LIMIT_NS)
			round_fail(m, round);
		else if (m->time.now >= round->again)
			round_ask(m, round);
	}
}

uint64_t beacons_wake(const struct ec_member *m)
{
	uint64_t wake = 0;
	for (uint32_t i = 0; m->beacons && i < ROUNDS_MAX; i++) {
		const struct round *round = &m->beacons->round[i];
		if (round->era)
			wake = earlier(wake, earlier(round->again, round->begun + LIMIT_NS));
	}
	return wake;
}
