/* aba_toss.h - one toss of the common coin: parts of it by other members, until there are enough.
 *
 * Cachin, Kursawe, Shoup, "Random Oracles in Constantinople", PODC 2000: f+1 good shares give the
 * coin of a name, one for all.  A share is kept unverified until f+1 are there; then these are
 * verified, and the bad ones go, with their senders.  So at most f+1 are ever kept, a liar costs
 * one verification, and no good share is lost: whoever has f+1 of different correct members has the
 * coin.
 */
#ifndef EC_HONEYBADGER_ABA_TOSS_H
#define EC_HONEYBADGER_ABA_TOSS_H

#include "crypto/threshold.h"

/* What a coin hangs on, besides the round: the same at every member. */
struct aba_coin {
	const struct ec_threshold_crypto *crypto;
	const struct ec_threshold_key *key; /* of the era's coin; NULL: it has none, and the coin is
	                                       the hash of its name, which everybody foresees */
	ec_hash domain;                     /* of group, era and protocol */
	uint64_t epoch;
	uint32_t instance; /* of the epoch's agreements */
};

struct aba_toss {
	uint64_t heard;      /* whose share came, good or bad: the first one counts */
	uint8_t count, good; /* shares that are kept; the first so many of them are verified */
	bool known, value;
	uint8_t from[EC_THRESHOLD_NEEDED_MAX]; /* of each share that is kept */
};

enum { ABA_COIN_NAME_SIZE = 32 + 4 + 8 + 4 + 4 };

/* The name that coin shares of a round are for: domain || "aba " || epoch || instance || round.
 * Out: name. */
void aba_coin_name(const struct aba_coin *coin, uint32_t round,
                   uint8_t name[static ABA_COIN_NAME_SIZE]);

/* Hears a share, any bytes, of a member below 64; verifies and combines once enough are there.
 * In: kept: room for key->needed shares, always the same of this toss; unverified_ok: false, but in
 * a planted build. */
void aba_toss_hear(struct aba_toss *toss, struct ec_threshold_share *kept,
                   const struct aba_coin *coin, uint32_t round, uint32_t from,
                   const struct ec_threshold_share *share, bool unverified_ok);

/* The coin where the era has no key: the first bit of SHA-256 of the name. */
bool aba_toss_foreseen(const struct aba_coin *coin, uint32_t round);

#endif
