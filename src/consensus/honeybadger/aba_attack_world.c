/* aba_attack_world.c - a scheduler that knows the coin as soon as one correct member gave its
 * share, and one liar: the attack that MacBrough reported on HoneyBadgerBFT in 2018, and the best
 * one that is left where CONF is there.  n = 3f+1, three groups of f members that go together, and
 * the liar.
 *
 * A round begins with two groups (p, q) for v and one (r) for the other value, w.
 *
 *   1. p hears w of r and of the liar, so that its AUX is w; q hears v of p and of the liar, so
 *      that its AUX is v.  Then both hear all BVAL of each other: their bin_values has both.
 *      r heard nothing yet: its AUX can still be either.
 *   2. FREE: p, and then q, hear both AUX and go on until one of them gives its coin share.  If
 *      that happens while r can still follow either value, b is what the coin is not.
 *      BIND: b is chosen before the coin is known.
 *   3. r hears b first: its AUX is b.  Whoever of p and q is not yet fixed hears 2f+1 AUX for b
 *      if it said b itself (BIND) or has not gone on (FREE).
 *   4. BIND: the third group says CONF of both and goes on to give its share: the coin is known. If
 *      it is b, the two hear CONF of both as well: all go on with b, and nobody has decided.
 *      Else they hear CONF of b alone and go on with b, the third one with the coin.
 *
 * With CONF, b is fixed before the coin: it fails every second time, and then all agree. */
#include "consensus/honeybadger/aba_world.h"

enum { GROUPS = 3, MOST = 100000 };

struct attack {
	struct aba_world *world;
	uint32_t round, v, w;        /* values are sets of one */
	uint64_t p, q, r, all, liar; /* and so are groups */
};

/* What each of one group said, or of the liar what it says now, to each of another one. */
static void item_move(const struct attack *a, uint64_t from, uint64_t to, enum aba_kind kind,
                      uint32_t values)
{
	for (uint32_t i = 0; i < a->world->options.n; i++)
		for (uint32_t k = 0; k < a->world->options.n; k++)
			if (from >> i & 1 && to >> k & 1)
				aba_world_move(a->world, i, k,
				               (struct aba_word){kind, a->round, values});
}

static bool said_conf(const struct attack *a, uint64_t group)
{
	uint32_t first = (uint32_t)__builtin_ctzll(group);
	return aba_world_heard(a->world, first, a->round)->said & ABA_SAID_CONF;
}

static bool coin_out(const struct attack *attack, bool *coin)
{
	return aba_world_coin(attack->world, attack->round, coin);
}

/* Step 1. */
static void split_aux(const struct attack *a)
{
	item_move(a, a->p, a->p, ABA_BVAL, a->v);
	item_move(a, a->q, a->q, ABA_BVAL, a->v);
	item_move(a, a->r, a->r, ABA_BVAL, a->w);
	item_move(a, a->r, a->p, ABA_BVAL, a->w);
	item_move(a, a->liar, a->p, ABA_BVAL, a->w);
	item_move(a, a->p, a->p, ABA_BVAL, a->w); /* repeated by p: its AUX is w */
	item_move(a, a->liar, a->q, ABA_BVAL, a->v);
	item_move(a, a->p, a->q, ABA_BVAL, a->v); /* AUX of q is v */
	item_move(a, a->r, a->q, ABA_BVAL, a->w);
	item_move(a, a->p, a->q, ABA_BVAL, a->w);
	item_move(a, a->q, a->q, ABA_BVAL, a->w);
	item_move(a, a->liar, a->q, ABA_BVAL, a->w);
	item_move(a, a->q, a->p, ABA_BVAL, a->v);
	item_move(a, a->liar, a->p, ABA_BVAL, a->v);
}

static void both_aux(const struct attack *a, uint64_t to)
{
	item_move(a, a->p, to, ABA_AUX, a->w);
	item_move(a, a->q, to, ABA_AUX, a->v);
	item_move(a, a->liar, to, ABA_AUX, a->v);
}

/* Step 2: until the coin is out, no further than needed. */
static bool coin_seek(const struct attack *a, bool *coin)
{
	both_aux(a, a->p);
	if (coin_out(a, coin))
		return true;
	both_aux(a, a->q);
	if (coin_out(a, coin))
		return true;
	item_move(a, a->p, a->p, ABA_CONF, 0);
	item_move(a, a->q, a->p, ABA_CONF, 0);
	item_move(a, a->liar, a->p, ABA_CONF, ABA_BOTH);
	return coin_out(a, coin);
}

/* Step 3, for r. */
static void r_follow(const struct attack *a, uint32_t b)
{
	item_move(a, a->p, a->r, ABA_BVAL, b);
	item_move(a, a->q, a->r, ABA_BVAL, b);
	item_move(a, a->liar, a->r, ABA_BVAL, b);
	item_move(a, a->r, a->r, ABA_BVAL, b); /* its own, or repeated by it */
}

static void aux_of(const struct attack *a, uint64_t to, uint32_t b)
{
	item_move(a, b == a->w ? a->p : a->q, to, ABA_AUX, b);
	item_move(a, a->r, to, ABA_AUX, b);
	item_move(a, a->liar, to, ABA_AUX, b);
}

/* CONF of b alone, of all who say that. */
static void conf_of(const struct attack *a, uint64_t to, uint32_t b)
{
	item_move(a, a->all, to, ABA_CONF, b);
	item_move(a, a->liar, to, ABA_CONF, b);
}

/* All that is left of this round. */
static void round_drain(const struct attack *a)
{
	struct aba_world *world = a->world;
	for (bool moved = true; moved;) {
		moved = false;
		for (uint32_t at = world->first; at < world->count && !moved; at++)
			if (world->item[at].word.round <= a->round) {
				aba_world_deliver(world, at);
				moved = true;
			}
	}
}

static void bind_round(const struct attack *a, uint32_t b)
{
	uint64_t with = b == a->w ? a->p : a->q, third = b == a->w ? a->q : a->p;
	bool coin;
	r_follow(a, b);
	aux_of(a, with, b);
	aux_of(a, a->r, b);
	both_aux(a, third);
	if (!said_conf(a, third)) /* no CONF in this round: all have gone on */
		return;
	item_move(a, third, third, ABA_CONF, 0);
	conf_of(a, third, b);
	if (!coin_out(a, &coin))
		return;
	if (b == 1u << coin) {
		r_follow(a, ABA_BOTH & ~b);
		item_move(a, third, with, ABA_CONF, 0);
		item_move(a, third, a->r, ABA_CONF, 0);
	}
	conf_of(a, with, b);
	conf_of(a, a->r, b);
}

static void free_round(const struct attack *a, uint32_t b)
{
	r_follow(a, b);
	aux_of(a, a->all, b);
	conf_of(a, a->q, b);
	conf_of(a, a->r, b);
}

/* Finds who is who.  Returns: false when all begin this round with one value, or somebody decided,
 * or a group is not of one mind. */
static bool round_begin(struct attack *a)
{
	struct aba_world *world = a->world;
	uint32_t f = world->f, ones = 0;
	uint64_t group = ((uint64_t)1 << f) - 1;
	for (uint32_t i = 0; i < GROUPS * f; i++) {
		uint32_t value = aba_world_heard(world, i, a->round)->first_bval;
		bool decision, first = i % f == 0;
		if (aba_decided(world->member[i], &decision) || !value ||
		    aba_round(world->member[i]) != a->round)
			return false;
		if (!first && (ones >> i / f & 1) != (value == ABA_ONE))
			return false;
		ones |= (uint32_t)(value == ABA_ONE) << i / f;
	}
	if (ones == 0 || ones == 7)
		return false;
	uint32_t few = __builtin_popcount(ones) == 1 ? ones : 7 & ~ones;
	uint32_t r = (uint32_t)__builtin_ctz(few);
	a->r = group << r * f;
	a->p = group << (r + 1) % GROUPS * f;
	a->q = group << (r + 2) % GROUPS * f;
	a->w = few == ones ? ABA_ONE : ABA_ZERO;
	a->v = ABA_BOTH & ~a->w;
	return true;
}

void aba_attack_run(struct aba_world *world, enum aba_attack kind)
{
	uint64_t liar = (uint64_t)1 << GROUPS * world->f;
	struct attack attack = {.world = world, .all = liar - 1, .liar = liar};
	for (; !world->violation && round_begin(&attack); attack.round++) {
		/* Where nothing is known b is 0: with ABA_SCHEDULED the one that lasts longer. */
		bool coin = true, fixed = coin_out(&attack, &coin);
		split_aux(&attack);
		if (kind == ABA_FREE && !fixed && coin_seek(&attack, &coin))
			free_round(&attack, ABA_BOTH & ~(1u << coin));
		else if (kind == ABA_BIND || fixed)
			bind_round(&attack, ABA_BOTH & ~(1u << coin));
		round_drain(&attack);
	}
	aba_world_run(world, MOST);
}
