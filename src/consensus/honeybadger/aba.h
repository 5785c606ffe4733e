/* aba.h - binary agreement: n members give a bit each and all get one that a correct one gave.
 *
 * Mostefaoui, Moumen, Raynal, "Signature-Free Asynchronous Byzantine Consensus with t < n/3 and
 * O(n^2) Messages", PODC 2014, with the CONF step that MacBrough (2018) found to be missing where
 * the coin can be foreseen by whoever sees one correct member's share.  For any n from 1 to 64 and
 * f = floor((n-1)/3), in rounds from 0:
 *
 *   BVAL(est)   repeated once f+1 said it; 2f+1 bring the value into bin_values
 *   AUX(b)      b: the first in bin_values; n-f of values within bin_values, which still grows:
 * vals CONF(vals)  n-f of sets within bin_values: V is their union, and only now our coin share
 *   coin s      V = {b}: est = b, decided if b = s; else est = s
 *   TERM(b)     after deciding; f+1: adopted and said; 2f+1: halted
 *
 * Ours:
 * - A round whose coin is fixed (ABA_SCHEDULED) has no CONF: it would hide nothing.  V is vals.
 * - TERM names a round, and stands for BVAL, AUX and CONF of b by its sender in all later ones, for
 *   then every correct member enters those with b.  Who decides names the round that decided.  Who
 *   adopts names a round that is not below its own, nor below any of the f+1 that it heard: one
 *   of them is correct, and where more than one is missing, members that wait for votes of rounds
 *   before the deciding one could starve if adopters fell silent.
 *
 * How long it takes, with a scheduler that knows each coin as soon as one correct member gave its
 * share.  At that moment at most one value b can still be a V of its own: among the n-f CONF that
 * this member heard are f+1 of correct ones; if all say both values, so does each V; if one says
 * {b}, no correct one says the other alone, since two sets of n-f AUX share a correct member.  So
 * the coin is b in half of the cases, and then all enter the next round with b.  Members that agree
 * decide in the first later round whose coin is b.  Let T be the rounds until all have decided:
 *   ABA_COIN       two successes in fair trials: P[T > r] <= (r + 1) 2^-r, a mean of 4
 *   ABA_SCHEDULED  one success among rounds 2, 5, 8.. and the two fixed coins after it:
 *                  P[T > r] <= 2^-floor((r - 2) / 3) for r >= 2, a mean of 8
 * and both are reached (aba_liveness_test.c, tests/tail.sh).  Whoever agrees from the start needs
 * one round with ABA_SCHEDULED if the bit is 1, two if it is 0, and no coin share at all.
 *
 * An instance is one flat block of aba_size() bytes, aligned to 8, with no pointers: to copy it is
 * to fork it.  It emits nothing: the owner pulls what is to be said, saves it, sends it, to oneself
 * too, and only what came back counts.  A learner hears like the others, and drops what is to be
 * said. */
#ifndef EC_HONEYBADGER_ABA_H
#define EC_HONEYBADGER_ABA_H

#include "consensus/honeybadger/aba_toss.h"

enum {
	ABA_MEMBERS_MAX = 64,
	ABA_ROUNDS_MAX = 128,       /* that an instance can be made for */
	ABA_ROUNDS_SCHEDULED = 120, /* 40 coins: passed with probability 2^-39 */
	ABA_ROUNDS_COIN = 48,       /* passed with probability 2^-42 */
};

enum aba_schedule {
	ABA_SCHEDULED, /* the coin of rounds 0, 1, 2 modulo 3 is 1, 0, and the common one */
	ABA_COIN,      /* always the common one */
};

enum aba_kind { ABA_BVAL, ABA_AUX, ABA_CONF, ABA_SHARE, ABA_TERM, ABA_KINDS };

enum { ABA_ZERO = 1, ABA_ONE = 2, ABA_BOTH = 3 }; /* sets of values */

/* What a member says.  A share travels beside it; the owner makes it. */
struct aba_word {
	enum aba_kind kind;
	uint32_t round;
	uint32_t values; /* BVAL, AUX, TERM: ABA_ZERO or ABA_ONE; CONF: any set; SHARE: 0 */
};

/* Planted builds only. */
enum aba_bug {
	ABA_BUG_NONE,
	ABA_BUG_NO_CONF,         /* the protocol as first published */
	ABA_BUG_CONF_BIN_VALUES, /* CONF says bin_values, not vals */
	ABA_BUG_EARLY_SHARE,     /* the coin share goes out with CONF */
	ABA_BUG_UNVERIFIED,      /* shares are combined unseen */
	ABA_BUG_RELAY,           /* BVAL is repeated after f */
	ABA_BUG_BIN_VALUES,      /* 2f bring a value into bin_values */
	ABA_BUG_AUX_ONCE,        /* AUX is judged by the bin_values of its arrival */
	ABA_BUG_NO_COMPARE,      /* V = {b} decides b, whatever the coin is */
	ABA_BUG_TERM_ROUND,      /* TERM stands for nothing in later rounds */
	ABA_BUG_QUORUM,          /* n-f-1 are enough for AUX and CONF */
	ABA_BUG_ADOPT,           /* f TERM are adopted */
	ABA_BUG_NO_RELAY,        /* BVAL of a round that was left is not repeated */
	ABA_BUG_ADOPTER,         /* who adopts falls silent in its own round */
	ABA_BUG_CONF_IGNORED,    /* CONF is waited for, but V stays vals */
	ABA_BUGS
};

struct aba_options {
	uint32_t n;    /* voters, 1 to ABA_MEMBERS_MAX; they are told apart by an index below n */
	uint32_t self; /* whose words aba_restore() restores; n for a learner */
	enum aba_schedule schedule;
	uint32_t rounds; /* at most; 0: ABA_ROUNDS_SCHEDULED or ABA_ROUNDS_COIN */
	enum aba_bug bug;
};

struct aba; /* one instance */

/* The bytes of an instance, a multiple of 8: 56 a round for the votes of all members, and f+1
 * shares for each round that has a common coin.  About 16, 51 and 93 KB for 4, 31 and 64 members.
 */
size_t aba_size(const struct aba_options *options);

/* Makes an instance of the bytes at `aba`, whatever they were. */
void aba_init(struct aba *aba, const struct aba_options *options);

/* Our own bit.  The first one counts, and only while we are in round 0; without one we take part
 * all the same, with what others gave. */
void aba_input(struct aba *aba, const struct aba_coin *coin, bool value);

/* Whether a word, any number in each field, is one that a correct member might say in an instance
 * of these options: asked before aba_hear().  A SHARE is one only in a round that has a common
 * coin. */
bool aba_word_good(const struct aba_options *options, struct aba_word word);

/* Hears a word of member `from`, below n; oneself too, once what we said is durable.  Nothing is
 * counted twice, and of AUX, CONF and TERM the first of a member.  Precondition: the word is good
 * and no SHARE. */
void aba_hear(struct aba *aba, const struct aba_coin *coin, uint32_t from, struct aba_word word);

/* Hears a coin share, any bytes, of member `from`, below n, oneself too, for a round below rounds()
 * that has a common coin.  It is verified before it is used: see aba_toss.h. */
void aba_share(struct aba *aba, const struct aba_coin *coin, uint32_t from, uint32_t round,
               const struct ec_threshold_share *share);

/* The next word that was not said yet: it counts as said.  SHARE: our coin share of aba_coin_name()
 * of this round is to be made and said.  Returns: false when there is none. */
bool aba_next(struct aba *aba, struct aba_word *word);

/* All that was said, one word a call, for a new link or a record that replaces others.
 * In/out: cursor: 0 at first.  Returns: false when there is no more. */
bool aba_said(const struct aba *aba, uint32_t *cursor, struct aba_word *word);

/* A word of a former life of ours, which was durable: it is not said again, nothing is said against
 * it, and it counts.  Of a SHARE only that it was given: the share itself comes by aba_share().
 * Nothing is judged from the first one to aba_go().  Precondition: the word is good; nothing of
 * others was heard yet. */
void aba_restore(struct aba *aba, struct aba_word word);

/* All is restored: judges what is there.  Harmless at any other time. */
void aba_go(struct aba *aba, const struct aba_coin *coin);

/* Whether it is decided; never taken back.  Out: value. */
bool aba_decided(const struct aba *aba, bool *value);

/* Whether 2f+1 said TERM: nothing that comes matters any more. */
bool aba_halted(const struct aba *aba);

/* The round we are in; the last one where we left it decided. */
uint32_t aba_round(const struct aba *aba);

/* Whether the last round ended without a decision: an alarm.  Only the TERM of others can help. */
bool aba_stuck(const struct aba *aba);

/* Asserts what holds between steps: see aba.c. */
void aba_invariants(const struct aba *aba);

#endif
