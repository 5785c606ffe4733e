/* verifier.h - what pure code may ask of cryptography: a table, so that the simulator can put cheap
 * stand-ins in its place.  Every function is pure and may be called on any thread. */
#ifndef EC_CRYPTO_VERIFIER_H
#define EC_CRYPTO_VERIFIER_H

#include "crypto/sign.h"
#include "crypto/threshold.h"

struct ec_crypto {
	/* Whether `signature` is one by the owner of `key` over the message. */
	bool (*verify)(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
	               const uint8_t signature[static EC_SIGNATURE_SIZE]);
	/* Signs; used by hosts only, with a secret that protocols never see. */
	void (*sign)(const struct ec_secret *secret, const void *message, size_t size,
	             uint8_t signature[static EC_SIGNATURE_SIZE]);
	/* Of keys that members share; NULL where no protocol asks for it. */
	const struct ec_threshold_crypto *threshold;
};

/* Ed25519, by crypto/sign.h, and ristretto255, by crypto/threshold.h. */
extern const struct ec_crypto ec_crypto_ed25519;

#endif
