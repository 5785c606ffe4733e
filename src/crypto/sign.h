/* sign.h - Ed25519 (RFC 8032): the one signer and the one verifier of the whole program. */
#ifndef EC_CRYPTO_SIGN_H
#define EC_CRYPTO_SIGN_H

#include "base/bytes.h"

enum { EC_KEY_SIZE = 32, EC_SEED_SIZE = 32, EC_SIGNATURE_SIZE = 64 };

struct ec_secret {
	uint8_t seed[EC_SEED_SIZE];
	uint8_t key[EC_KEY_SIZE]; /* the public key */
};

/* Call once before anything else of crypto/.  Returns: false when the library cannot start. */
bool ec_crypto_start(void);

/* The key pair of a seed (RFC 8032, 5.1.5).  Whoever holds a secret erases it. */
void ec_secret_from_seed(struct ec_secret *secret, const uint8_t seed[static EC_SEED_SIZE]);

/* A fresh key pair from the system's randomness.  Hosts and tools only. */
void ec_secret_random(struct ec_secret *secret);

/* `size` bytes of the system's randomness.  Hosts and tools only. */
void ec_random(void *out, size_t size);

/* Overwrites a secret with zeros, also where a compiler sees that nobody reads them. */
void ec_secret_erase(struct ec_secret *secret);

/* The same for any bytes. */
void ec_erase(void *bytes, size_t size);

/* Signs the message as it stands, not a hash of it (RFC 8032, 5.1.6): the same secret and message
 * give the same signature. */
void ec_sign(const struct ec_secret *secret, const void *message, size_t size,
             uint8_t signature[static EC_SIGNATURE_SIZE]);

/* Whether `signature` is one by the owner of `key` over the message; false for any other bytes.
 * The rule set of libsodium 1.0.18: cofactorless, S < L, no small-order or non-canonical key or R.
 * Pinned by the ed25519-speccheck row in sign_test.c. */
bool ec_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
               const uint8_t signature[static EC_SIGNATURE_SIZE]);

/* About how long that takes, in us: what hosts reckon with. */
enum { EC_VERIFY_US = 50 };

#endif
