/* burying.c - headers that are signed before their block is final.
 *
 * Where FINAL waits until a quorum certified a block (ec_terms.buried), members sign headers of the
 * tail, once so many positions lie on them that they are not expected to be taken back.
 *
 * (B1) Never two headers of one block number: the mark is on disk before a signature is said (G2).
 * (B2) A header is signed only if its chain holds the one that we signed last, or a final block,
 *      which a quorum certified, at its number or above.  Where the order was revised below what we
 *      signed we are locked: we sign nothing.
 *
 * With no more than f liars no two certificates are of different chains.  Let X of block b and Y of
 * block c >= b be such a pair, with c the smallest.  A correct member signed both, b first: c > b
 * by (B1).  Its next signatures were on the chain of X until one was not, by (B2) because of a
 * certificate C on the other chain, of a block from b up to below c.  Then X and C are such a pair,
 * with a smaller c.
 */
#include "group/revising.h"

enum { BURST = SEALS_KEPT }; /* of a long row only the newest, as many as others keep */

bool burying(const struct ec_member *m)
{
	return revising(m) && m->now.era->terms.buried > 0;
}

/* Whether so much lies on what ends at this position. */
static bool buried(const struct ec_member *m, uint64_t position)
{
	return position + m->now.era->terms.buried < m->tail.next;
}

/* Whether the tail has another block in the place of the one that we signed last.  Out: where it
 * ends. */
static bool signed_another(const struct ec_member *m, uint64_t *position)
{
	const struct signing *s = &m->signing;
	ec_hash hash;
	return s->seq > ec_ledger_at(m->ledger).seq &&
	       ec_ledger_tentative(m->ledger, s->seq, position, &hash) &&
	       !ec_hash_equal(&hash, &s->hash);
}

uint64_t burying_locked(const struct ec_member *m)
{
	uint64_t position;
	return burying(m) && signed_another(m, &position) && buried(m, position) ? m->signing.seq
	                                                                         : 0;
}

/* A lock is said once; a tail that is not deep there yet may come to be what it was. */
static void lock_tell(struct ec_member *m)
{
	uint64_t seq = burying_locked(m);
	if (seq && seq != m->locked)
		act_text(m, EC_ACT_ALARM, NONE,
		         "the order was revised below block %llu, which this member signed: it "
		         "signs nothing until a quorum certified that block or a later one",
		         (unsigned long long)seq);
	m->locked = seq;
}

/* Whether a quorum certified what our tail does not have: it will be revised. */
static bool behind_a_certificate(const struct ec_member *m)
{
	uint64_t position;
	ec_hash hash;
	return m->ahead.seq > ec_ledger_at(m->ledger).seq &&
	       (!ec_ledger_tentative(m->ledger, m->ahead.seq, &position, &hash) ||
	        !ec_hash_equal(&hash, &m->ahead.hash));
}

/* The newest block that is deep enough, at least `seq`; 0: none is. */
static uint64_t newest_buried(const struct ec_member *m, uint64_t seq)
{
	uint64_t position, newest = 0;
	ec_hash hash;
	while (ec_ledger_tentative(m->ledger, seq, &position, &hash) && buried(m, position))
		newest = seq++;
	return newest;
}

void burying_turn(struct ec_member *m)
{
	struct signing *s = &m->signing;
	uint64_t position, final = ec_ledger_at(m->ledger).seq;
	ec_hash hash;
	if (!burying(m))
		return;
	lock_tell(m);
	if (signed_another(m, &position))
		return;
	if (s->seq > final) {
		if (!ec_ledger_tentative(m->ledger, s->seq, &position, &hash))
			return; /* the chain does not reach to what we signed */
		signing_again(m, s->seq, &hash);
	}
	if (behind_a_certificate(m))
		return;
	uint64_t seq = (s->seq > final ? s->seq : final) + 1, newest = newest_buried(m, seq);
	if (newest >= seq + BURST)
		seq = newest - BURST + 1;
	while (seq <= newest && ec_ledger_tentative(m->ledger, seq, &position, &hash) &&
	       signing_sign(m, seq, &hash))
		seq++;
}
