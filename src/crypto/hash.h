/* hash.h - SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104): every hash that others must check. */
#ifndef EC_CRYPTO_HASH_H
#define EC_CRYPTO_HASH_H

#include "base/bytes.h"

/* SHA-256 of one string; `data` may be NULL when size is 0. */
ec_hash ec_sha256(const void *data, size_t size);

/* One of the pieces of a hash over several strings; plain concatenation, no lengths. */
struct ec_part {
	const void *data;
	size_t size;
};

/* SHA-256 of parts[0] || parts[1] || ... */
ec_hash ec_sha256_parts(const struct ec_part *parts, size_t count);

/* HMAC-SHA-256 (RFC 2104) of one string.  In: key_size at most INT_MAX. */
ec_hash ec_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size);

#endif
