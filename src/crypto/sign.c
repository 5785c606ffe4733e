/* sign.c - Ed25519 by libsodium: one verifier everywhere, so no two members can judge differently.
 */
#include "crypto/sign.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(EC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "key");
_Static_assert(EC_SEED_SIZE == crypto_sign_SEEDBYTES, "seed");
_Static_assert(EC_SIGNATURE_SIZE == crypto_sign_BYTES, "signature");
_Static_assert(sizeof(struct ec_secret) == crypto_sign_SECRETKEYBYTES, "seed, then key");

bool ec_crypto_start(void)
{
	return sodium_init() >= 0;
}

void ec_secret_from_seed(struct ec_secret *secret, const uint8_t seed[static EC_SEED_SIZE])
{
	uint8_t both[crypto_sign_SECRETKEYBYTES];
	crypto_sign_seed_keypair(secret->key, both, seed);
	memcpy(secret->seed, seed, EC_SEED_SIZE);
	sodium_memzero(both, sizeof both);
}

void ec_random(void *out, size_t size)
{
	randombytes_buf(out, size);
}

void ec_secret_random(struct ec_secret *secret)
{
	uint8_t seed[EC_SEED_SIZE];
	ec_random(seed, sizeof seed);
	ec_secret_from_seed(secret, seed);
	sodium_memzero(seed, sizeof seed);
}

void ec_erase(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}

void ec_secret_erase(struct ec_secret *secret)
{
	ec_erase(secret, sizeof *secret);
}

void ec_sign(const struct ec_secret *secret, const void *message, size_t size,
             uint8_t signature[static EC_SIGNATURE_SIZE])
{
	/* libsodium's secret key is the seed followed by the public key, as ec_secret is. */
	int failed = crypto_sign_detached(signature, NULL, message, size, (const uint8_t *)secret);
	assert(!failed);
	(void)failed;
}

bool ec_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
               const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	return crypto_sign_verify_detached(signature, message, size, key) == 0;
}
