/* dleq.h - a proof that two points have the same logarithm to two bases (Chaum and Pedersen,
 * "Wallet Databases with Observers", CRYPTO 1992), made non-interactive by a hash (Fiat, Shamir).
 */
#ifndef EC_CRYPTO_DLEQ_H
#define EC_CRYPTO_DLEQ_H

#include "crypto/prime_group.h"

enum { EC_DLEQ_SIZE = 64 }; /* challenge || response */

/* "There is an x with key = x * B and image = x * base."  Borrowed, 32 bytes each. */
struct ec_dleq_claim {
	const uint8_t *key, *base, *image;
	const char *domain;            /* what the proof is for; it serves nothing else */
	const struct ec_part *context; /* that it is bound to, besides the points */
	size_t context_count;          /* at most 8 */
};

/* Proves what is true, with x as `secret`.  In: random, 32 bytes never used for another proof; if
 * they were, the nonce would still differ, as it depends on secret and claim too. */
void ec_dleq_prove(const struct ec_prime_group *group, const struct ec_dleq_claim *claim,
                   const uint8_t secret[static EC_SCALAR_SIZE], const uint8_t random[static 32],
                   uint8_t proof[static EC_DLEQ_SIZE]);

/* Whether the proof is one, and each of the three points is a point other than the identity. */
bool ec_dleq_good(const struct ec_prime_group *group, const struct ec_dleq_claim *claim,
                  const uint8_t proof[static EC_DLEQ_SIZE]);

#endif
