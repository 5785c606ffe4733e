/* keys.h - keys that the members of an experiment share, generated as in a real group. */
#ifndef EC_LAB_KEYS_H
#define EC_LAB_KEYS_H

#include "consensus/consensus.h"

/* What one generation took. */
struct lab_generation {
	uint32_t words;   /* on the log, and */
	uint64_t bytes;   /* their size together */
	uint64_t core_ns; /* of a core, over all members: each checks every word */
	uint32_t dealers; /* whose polynomials are in the key: as many would have to collude, or f +
	                     1 members, to know it */
};

/* Runs crypto/dkg.h among n correct members, 1..EC_THRESHOLD_MEMBERS_MAX.  Out: keys, each member's
 * shares, and what it took; `took` may be NULL. */
void lab_keys_generate(uint32_t n, uint64_t seed, struct ec_shared_keys *keys,
                       struct ec_shares *shares, struct lab_generation *took);

#endif
