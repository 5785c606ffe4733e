/* beacon.h - a random beacon: for each round 32 bytes that nobody knows before enough members gave
 * their share, the same for all, with a proof that any device checks offline.
 *
 * A round is a coin (crypto/threshold.h) whose name is "beacon" || domain || round, the round as 8
 * bytes, little-endian, below 2^63.  The proof is `needed` shares of it; which members gave them
 * changes nothing of the value.  The domain names group, era and protocol, so one key serves one
 * beacon; no other coin has a name of this length.  A member gives its share of a round only when
 * the round is due: whoever holds `needed` of them knows the value.  What makes a round due, and
 * the file that proves its value, are the ledger's (docs/formats.md, Proof). */
#ifndef EC_CRYPTO_BEACON_H
#define EC_CRYPTO_BEACON_H

#include "base/cbor.h"
#include "crypto/threshold.h"

/* Of the shares of a round as CBOR, in bytes at most. */
enum { EC_BEACON_SHARES_SIZE_MAX = 1 + EC_THRESHOLD_NEEDED_MAX * (1 + 2 + 98) };

/* A round, and shares of it. */
struct ec_beacon {
	ec_hash domain;
	uint64_t round;
	uint32_t count;
	uint32_t from[EC_THRESHOLD_NEEDED_MAX]; /* ascending */
	struct ec_threshold_share share[EC_THRESHOLD_NEEDED_MAX];
};

/* Our share of a round, for the others.  In: random, 32 bytes never used for another call. */
void ec_beacon_share(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                     uint32_t self, const struct ec_threshold_secret *secret, const ec_hash *domain,
                     uint64_t round, const uint8_t random[static 32],
                     struct ec_threshold_share *share);

/* Whether it is the share of member `from`, any number, of the round. */
bool ec_beacon_share_good(const struct ec_threshold_crypto *crypto,
                          const struct ec_threshold_key *key, const ec_hash *domain, uint64_t round,
                          uint32_t from, const struct ec_threshold_share *share);

/* Adds a member's share to a beacon that began as {.domain, .round}; any member, any share.
 * Returns: false when it is not good, that member's is there already, or enough are. */
bool ec_beacon_add(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                   struct ec_beacon *beacon, uint32_t from, const struct ec_threshold_share *share);

/* Whether a member's share is there. */
bool ec_beacon_has(const struct ec_beacon *beacon, uint32_t from);

/* Whether the round has a value yet: `needed` shares are there. */
bool ec_beacon_ready(const struct ec_threshold_key *key, const struct ec_beacon *beacon);

/* Judges shares that somebody else put together.  In: the key of the era; the beacon, with the
 * domain and the round that are meant, and any shares.  Out: the value, when it is proven; else
 * `why`, what was expected and what came. */
bool ec_beacon_good(const struct ec_threshold_crypto *crypto, const struct ec_threshold_key *key,
                    const struct ec_beacon *beacon, ec_hash *value, struct ec_text *why);

/* The value of a beacon that is ready, of shares that were added or judged good. */
ec_hash ec_beacon_value(const struct ec_threshold_crypto *crypto,
                        const struct ec_threshold_key *key, const struct ec_beacon *beacon);

/* Writes the shares, an array, at most EC_BEACON_SHARES_SIZE_MAX bytes. */
void ec_beacon_shares_write(struct ec_cbor_writer *writer, const struct ec_beacon *beacon);

/* Reads them, any bytes: their form alone, which has one encoding.  Another refuses the reader.
 * Out: count, from and share of the beacon; the rest is left alone. */
void ec_beacon_shares_read(struct ec_cbor *cbor, struct ec_beacon *beacon);

#endif
