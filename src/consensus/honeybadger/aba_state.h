/* aba_state.h - binary agreement from inside: the block, and what its files share. */
#ifndef EC_HONEYBADGER_ABA_STATE_H
#define EC_HONEYBADGER_ABA_STATE_H

#include "consensus/honeybadger/aba.h"

#include "base/quorum.h"

#include <assert.h>

enum { FRESH_WORDS = ABA_ROUNDS_MAX / 64 };

/* Of what a member says in a round: SHARE has a bit, the others one for each value. */
enum { BITS_BVAL = 0, BITS_AUX = 2, BITS_CONF = 4, BITS_SHARE = 6, BITS = 7 };

struct round {
	uint64_t bval[2], aux[2], conf[2]; /* who said it, by value */
	uint8_t want, said;
};

struct aba {
	uint32_t n, f, self, rounds;
	enum aba_schedule schedule;
	enum aba_bug bug;
	uint32_t round, est;
	uint32_t values; /* V of our round; 0: it is open */
	bool restoring;  /* nothing is judged before aba_go() */
	bool input, retired, halted, stuck;
	bool decided, decision, term_said;
	uint32_t term_round;         /* of our TERM, once decided */
	uint64_t term[2];            /* who said TERM, by value */
	uint32_t term_last[2];       /* the highest round that they named */
	uint64_t fresh[FRESH_WORDS]; /* rounds with something to be said */
	uint64_t bytes[];            /* round[rounds], toss[], share[][f+1] */
};

_Static_assert(sizeof(struct round) % 8 == 0 && sizeof(struct aba_toss) % 8 == 0 &&
                       sizeof(struct ec_threshold_share) % 8 == 0,
               "they follow each other in `bytes`");

/* Planted bugs exist in one build only. */
#ifdef EC_PLANTED
/* Whether this instance has that bug. */
static inline bool planted(const struct aba *aba, enum aba_bug bug)
{
	return aba->bug == bug;
}
#else
#define planted(aba, bug) ((void)(aba), false)
#endif

/* The set of one member, or of one round of 64. */
static inline uint64_t bit(uint32_t member)
{
	return (uint64_t)1 << member;
}

/* How many are in a set. */
static inline uint32_t count(uint64_t set)
{
	return (uint32_t)__builtin_popcountll(set);
}

/* Whether a set of values has one of them. */
static inline bool single(uint32_t values)
{
	return values == ABA_ZERO || values == ABA_ONE;
}

/* Whether the coin of a round is the common one. */
static inline bool round_common(enum aba_schedule schedule, uint32_t round)
{
	return schedule == ABA_COIN || round % 3 == 2;
}

/* How many rounds below this one have a common coin. */
static inline uint32_t tosses_below(enum aba_schedule schedule, uint32_t round)
{
	return schedule == ABA_COIN ? round : round / 3;
}

/* A round of the block, below aba->rounds. */
static inline struct round *round_at(const struct aba *aba, uint32_t round)
{
	assert(round < aba->rounds);
	return (struct round *)(uintptr_t)aba->bytes + round;
}

/* ---- aba_block.c ---- */

/* The toss of a round that has a common coin. */
struct aba_toss *aba_toss_at(const struct aba *aba, uint32_t round);
/* Room for the f+1 shares of that toss. */
struct ec_threshold_share *aba_shares_at(const struct aba *aba, uint32_t round);

/* ---- aba_word.c ---- */

/* The bits that stand for a word in `want` and `said`; of a TERM none do. */
uint32_t aba_bits(struct aba_word word);
/* Marks words of a round of ours as to be said, unless they were; values: as in aba_word. */
void aba_want(struct aba *aba, enum aba_kind kind, uint32_t round, uint32_t values);
/* Whether a word of that kind was said, or will be. */
bool aba_wanted(const struct round *round, enum aba_kind kind);

/* ---- aba.c ---- */

/* Counts a BVAL, AUX or CONF of a member; of the last two the first one. */
void aba_vote_count(struct aba *aba, enum aba_kind kind, uint32_t round, uint32_t from,
                    uint32_t values);
/* Counts a TERM, the first one of a member: it stands for its votes in all later rounds. */
void aba_term_count(struct aba *aba, uint32_t from, struct aba_word word);
/* Decides: our TERM speaks for us from the round after `round` on. */
void aba_decide(struct aba *aba, bool value, uint32_t round);

#endif
