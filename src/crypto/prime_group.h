/* prime_group.h - a group of prime order as secrets that are shared need it: a table, so that the
 * simulator computes the same algebra in a group that is cheap and keeps no secret.
 *
 * A point and a scalar have one encoding each; whatever takes bytes from outside refuses others.
 * The identity is 32 zeros.  Parameters named `point` are 32 bytes that may be anything, parameters
 * named `scalar` are scalars already. */
#ifndef EC_CRYPTO_PRIME_GROUP_H
#define EC_CRYPTO_PRIME_GROUP_H

#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/threshold.h"

enum { EC_UNIFORM_SIZE = 64 }; /* hashed to it, a value modulo the order is as good as uniform */

struct ec_prime_group {
	/* Whether it encodes a point other than the identity. */
	bool (*point_good)(const uint8_t point[static EC_POINT_SIZE]);
	/* out = a + b, a - b, scalar * point, of points or the identity.  `out` may be one of them.
	 * Returns: false when one is no encoding; out is then undefined. */
	bool (*add)(uint8_t out[static EC_POINT_SIZE], const uint8_t a[static EC_POINT_SIZE],
	            const uint8_t b[static EC_POINT_SIZE]);
	bool (*subtract)(uint8_t out[static EC_POINT_SIZE], const uint8_t a[static EC_POINT_SIZE],
	                 const uint8_t b[static EC_POINT_SIZE]);
	bool (*multiply)(uint8_t out[static EC_POINT_SIZE],
	                 const uint8_t scalar[static EC_SCALAR_SIZE],
	                 const uint8_t point[static EC_POINT_SIZE]);
	/* out = scalar * B, the generator. */
	void (*multiply_base)(uint8_t out[static EC_POINT_SIZE],
	                      const uint8_t scalar[static EC_SCALAR_SIZE]);
	/* A point whose logarithm nobody knows. */
	void (*point_of)(uint8_t out[static EC_POINT_SIZE],
	                 const uint8_t uniform[static EC_UNIFORM_SIZE]);

	/* Whether it is below the order. */
	bool (*scalar_good)(const uint8_t bytes[static EC_SCALAR_SIZE]);
	/* The number that the bytes are, little-endian, modulo the order. */
	void (*scalar_of)(uint8_t out[static EC_SCALAR_SIZE],
	                  const uint8_t uniform[static EC_UNIFORM_SIZE]);
	/* out = a + b, a - b, a * b, and 1 / a for an a that is not 0.  `out` may be one of them.
	 */
	void (*scalar_add)(uint8_t out[static EC_SCALAR_SIZE],
	                   const uint8_t a[static EC_SCALAR_SIZE],
	                   const uint8_t b[static EC_SCALAR_SIZE]);
	void (*scalar_subtract)(uint8_t out[static EC_SCALAR_SIZE],
	                        const uint8_t a[static EC_SCALAR_SIZE],
	                        const uint8_t b[static EC_SCALAR_SIZE]);
	void (*scalar_multiply)(uint8_t out[static EC_SCALAR_SIZE],
	                        const uint8_t a[static EC_SCALAR_SIZE],
	                        const uint8_t b[static EC_SCALAR_SIZE]);
	void (*scalar_invert)(uint8_t out[static EC_SCALAR_SIZE],
	                      const uint8_t a[static EC_SCALAR_SIZE]);
};

/* SHA-512 of a domain and parts, each behind its length: no two lists give the same input.  The
 * domain is of this program's own words, at most 255 bytes; every use has another.  It is how
 * challenges, nonces, names of coins and keys are made. */
void ec_hash_uniform(const char *domain, const struct ec_part *part, size_t count,
                     uint8_t out[static EC_UNIFORM_SIZE]);

/* The same, cut to 32 bytes. */
ec_hash ec_hash_short(const char *domain, const struct ec_part *part, size_t count);

/* The same, as a scalar; as a point whose logarithm nobody knows. */
void ec_hash_scalar(const struct ec_prime_group *group, const char *domain,
                    const struct ec_part *part, size_t count, uint8_t out[static EC_SCALAR_SIZE]);
void ec_hash_point(const struct ec_prime_group *group, const char *domain,
                   const struct ec_part *part, size_t count, uint8_t out[static EC_POINT_SIZE]);

/* The place of a member: the scalar index + 1, where its share is the value of the polynomial. */
void ec_member_scalar(uint32_t member, uint8_t out[static EC_SCALAR_SIZE]);

/* The value at a member's place of the polynomial of `count` >= 1 coefficients, lowest first. */
void ec_polynomial_at(const struct ec_prime_group *group,
                      const uint8_t (*coefficient)[EC_SCALAR_SIZE], uint32_t count, uint32_t member,
                      uint8_t out[static EC_SCALAR_SIZE]);

/* The same in the exponent: of commitments to the coefficients, that to the value (Feldman, FOCS
 * 1987).  Returns: false when a commitment is no encoding. */
bool ec_commitments_at(const struct ec_prime_group *group,
                       const uint8_t (*commitment)[EC_POINT_SIZE], uint32_t count, uint32_t member,
                       uint8_t out[static EC_POINT_SIZE]);

/* Lagrange's coefficient at 0 of from[i] among from[0..count), all different (Shamir, CACM 1979).
 */
void ec_lagrange_at_0(const struct ec_prime_group *group, const uint32_t *from, uint32_t count,
                      uint32_t i, uint8_t out[static EC_SCALAR_SIZE]);

/* The point at 0 of those that begin the shares of members from[0..count), all different.  Returns:
 * false when one is no encoding. */
bool ec_shares_at_0(const struct ec_prime_group *group, const uint32_t *from, uint32_t count,
                    const struct ec_threshold_share *share, uint8_t out[static EC_POINT_SIZE]);

/* As expand() of struct ec_threshold_crypto. */
bool ec_threshold_expand(const struct ec_prime_group *group, struct ec_threshold_key *key);

#endif
