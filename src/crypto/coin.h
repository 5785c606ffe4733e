/* coin.h - the common coin of Cachin, Kursawe and Shoup ("Random Oracles in Constantinople", PODC
 * 2000, section 4.3) in any group of prime order; crypto/threshold.h is how it is used.
 *
 *   g     = hash of (public key, name) into the group
 *   share = x_i g, with a proof that log_g(share) = log_B(share key i), bound to i
 *   coin  = hash of (public key, name, x g), where x g is the shares' value at 0 */
#ifndef EC_CRYPTO_COIN_H
#define EC_CRYPTO_COIN_H

#include "crypto/prime_group.h"

/* Each is what the member of struct ec_threshold_crypto of the same name says. */
void ec_coin_share(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                   uint32_t self, const struct ec_threshold_secret *secret, struct ec_bytes name,
                   const uint8_t random[static 32], struct ec_threshold_share *share);
bool ec_coin_share_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                        uint32_t from, struct ec_bytes name,
                        const struct ec_threshold_share *share);
ec_hash ec_coin_combine(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                        const uint32_t *from, const struct ec_threshold_share *share,
                        struct ec_bytes name);

#endif
