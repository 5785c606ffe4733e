/* ristretto.h - the group ristretto255 (RFC 9496) by libsodium. */
#ifndef EC_CRYPTO_RISTRETTO_H
#define EC_CRYPTO_RISTRETTO_H

#include "crypto/prime_group.h"

/* Its order is that of Ed25519's group, 2^252 + ...; every function runs in a time that does not
 * depend on a secret. */
extern const struct ec_prime_group ec_ristretto255;

#endif
