/* cheap_group.h - a group of the simulated world that keeps no secret: the integers modulo a prime,
 * with addition.  Shares, proofs and sealed keys are computed in it by the same code as in the real
 * one, and behave as there, for a hundredth of the time. */
#ifndef EC_SIM_CHEAP_GROUP_H
#define EC_SIM_CHEAP_GROUP_H

#include "crypto/prime_group.h"

/* Modulo 2^61 - 1.  A point is its logarithm times a constant, so anyone divides. */
extern const struct ec_prime_group sim_cheap_group;

/* The table of crypto/threshold.h in that group. */
extern const struct ec_threshold_crypto sim_threshold_cheap;

/* The secret behind a key of this group, which `needed` members of it hold in parts: what an
 * adversary knows who knows every coin before it is thrown. */
void sim_secret_of(const struct ec_threshold_key *key, struct ec_threshold_secret *secret);

/* The coin that a key will give to a name. */
ec_hash sim_coin_of(const struct ec_threshold_key *key, struct ec_bytes name);

/* Deals a key of `crypto` and its n secrets, the same ones for the same seed.  In: 1 <= needed <= n
 * <= EC_THRESHOLD_MEMBERS_MAX, needed <= EC_THRESHOLD_NEEDED_MAX. */
void sim_deal(const struct ec_threshold_crypto *crypto, uint64_t seed, uint32_t n, uint32_t needed,
              struct ec_threshold_key *key, struct ec_threshold_secret *secret);

#endif
