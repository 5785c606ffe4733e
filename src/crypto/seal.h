/* seal.h - TDH2 (Shoup and Gennaro, "Securing Threshold Cryptosystems against Chosen Ciphertext
 * Attack", Journal of Cryptology 15, 2002, section 5) in any group of prime order; how it is used:
 * crypto/threshold.h.
 *
 *   r = hash(Y, label, K), s random:  u = r B, u' = r G, c = K xor hash(Y, r Y)
 *   e = hash(Y, label, c, u, u', s B, s G), f = s + e r     Y: public key, G: a second generator
 *   share = x_i u, with a proof that log_u(share) = log_B(share key i), bound to i and all of it
 *   opening: r Y is the shares' value at 0; a key is taken if its r makes this u and that r Y */
#ifndef EC_CRYPTO_SEAL_H
#define EC_CRYPTO_SEAL_H

#include "crypto/prime_group.h"

/* Each is what the member of struct ec_threshold_crypto of the same name says. */
void ec_seal(const struct ec_prime_group *group, const struct ec_threshold_key *key,
             struct ec_bytes label, const uint8_t plain[static EC_SEALED_KEY_SIZE],
             const uint8_t random[static 32], struct ec_sealed *sealed);
bool ec_sealed_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                    struct ec_bytes label, const struct ec_sealed *sealed);
void ec_open_share(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                   uint32_t self, const struct ec_threshold_secret *secret,
                   const struct ec_sealed *sealed, const uint8_t random[static 32],
                   struct ec_threshold_share *share);
bool ec_open_share_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                        uint32_t from, const struct ec_sealed *sealed,
                        const struct ec_threshold_share *share);
bool ec_open_combine(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                     const uint32_t *from, const struct ec_threshold_share *share,
                     struct ec_bytes label, const struct ec_sealed *sealed,
                     uint8_t plain[static EC_SEALED_KEY_SIZE]);

#endif
