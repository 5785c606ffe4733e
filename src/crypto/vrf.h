/* vrf.h - verifiable random functions: of an input alpha, the holder of a key computes 64 bytes
 * that nobody else can foresee, and a proof that they are the only ones (RFC 9381, ECVRF).
 *
 *   EC_VRF_EDWARDS25519_TAI   RFC 9381, 5.5: ECVRF-EDWARDS25519-SHA512-TAI, suite 3, with the keys
 *                             of Ed25519; the time of both sides tells something of alpha, which is
 *                             public
 *   EC_VRF_RISTRETTO255       ECVRF-RISTRETTO255-SHA512 (c2sp.org/vrf-r255): no cofactor, no time
 *                             that depends on alpha; for new uses
 *
 * Stricter than the RFC where it leaves a choice: keys, points and scalars have one encoding each,
 * keys are validated (5.4.5), and on edwards25519 key and Gamma must lie in the subgroup of prime
 * order, so that a proof cannot be changed into another of the same output. */
#ifndef EC_CRYPTO_VRF_H
#define EC_CRYPTO_VRF_H

#include "base/bytes.h"

enum { EC_VRF_KEY_SIZE = 32, EC_VRF_PROOF_SIZE = 80, EC_VRF_OUTPUT_SIZE = 64 };

enum ec_vrf_suite { EC_VRF_EDWARDS25519_TAI, EC_VRF_RISTRETTO255 };

struct ec_vrf_secret {
	enum ec_vrf_suite suite;
	uint8_t key[EC_VRF_KEY_SIZE]; /* the public key, PK */
	uint8_t scalar[32];           /* x */
	uint8_t nonce_key[32];        /* what nonces are derived from */
};

/* The secret of a suite's SK.  In: sk, for edwards25519 the seed of an Ed25519 key, any bytes; for
 * ristretto255 a scalar other than 0, as 64 random bytes modulo the order give it.  Returns: false
 * when it is none.  Whoever holds a secret erases it. */
bool ec_vrf_secret_from(struct ec_vrf_secret *secret, enum ec_vrf_suite suite,
                        const uint8_t sk[static 32]);

/* Overwrites a secret with zeros. */
void ec_vrf_secret_erase(struct ec_vrf_secret *secret);

/* Proves the output of alpha (5.1): the same arguments give the same proof.  Out: Gamma || c || s.
 * Returns: false when alpha is hashed to no point, for which nobody knows an alpha. */
bool ec_vrf_prove(const struct ec_vrf_secret *secret, const void *alpha, size_t size,
                  uint8_t proof[static EC_VRF_PROOF_SIZE]);

/* Whether `proof` proves an output of alpha under `key` (5.3); any bytes may be passed.  Out: the
 * output, beta, where it does. */
bool ec_vrf_verify(enum ec_vrf_suite suite, const uint8_t key[static EC_VRF_KEY_SIZE],
                   const void *alpha, size_t size, const uint8_t proof[static EC_VRF_PROOF_SIZE],
                   uint8_t output[static EC_VRF_OUTPUT_SIZE]);

/* The output of a proof that was verified, or made, before (5.2).  Returns: false when it has not
 * the form of one. */
bool ec_vrf_output(enum ec_vrf_suite suite, const uint8_t proof[static EC_VRF_PROOF_SIZE],
                   uint8_t output[static EC_VRF_OUTPUT_SIZE]);

#endif
