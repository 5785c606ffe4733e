/* keys.h - keys that the members of an experiment share, generated as in a real group. */
#ifndef EC_LAB_KEYS_H
#define EC_LAB_KEYS_H

#include "consensus/consensus.h"

/* What one generation took. */
struct lab_generation {
	uint32_t words;   /* on the log, and */
	uint64_t bytes;   /* their size together */
	uint64_t core_ns; /* of a core, over all members: each checks every word */
	uint32_t dealers; /* whose polynomials are in the key */
};

/* Runs crypto/dkg.h among n correct members, 1..EC_THRESHOLD_MEMBERS_MAX.  Out: keys, each member's
 * shares, and what it took; `took` may be NULL. */
void lab_keys_generate(uint32_t n, uint64_t seed, struct ec_shared_keys *keys,
                       struct ec_shares *shares, struct lab_generation *took);

/* The most members that may cheat in a generation, so that it still ends with keys of which all
 * others hold a share that fits, and without those who cheated: each deals one member a bad box and
 * says nothing in the end. */
uint32_t lab_cheats_borne(uint32_t n, uint64_t seed);

/* Whether whoever holds the shares of a set of members, a bit each, knows the secret of a key: some
 * of them give it at 0. */
bool lab_key_known(const struct ec_threshold_key *key, const struct ec_threshold_secret *secret,
                   uint64_t set);

#endif
