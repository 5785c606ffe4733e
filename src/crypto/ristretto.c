/* ristretto.c - a thin layer over libsodium's ristretto255.
 *
 * libsodium refuses to give the identity as a product.  Here it is one, 32 zeros, because the order
 * is prime: a product is the identity only where a factor is, which is no error of algebra.
 *
 * libsodium 1.0.18 does not look at the highest bit of a point, so that each would have two
 * encodings; here it must be 0, as RFC 9496 (4.3.1) has it. */
#include "crypto/ristretto.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(EC_POINT_SIZE == crypto_core_ristretto255_BYTES, "point");
_Static_assert(EC_SCALAR_SIZE == crypto_core_ristretto255_SCALARBYTES, "scalar");
_Static_assert(EC_UNIFORM_SIZE == crypto_core_ristretto255_HASHBYTES, "hash");
_Static_assert(EC_UNIFORM_SIZE == crypto_core_ristretto255_NONREDUCEDSCALARBYTES, "hash");

static bool high_bit(const uint8_t point[static EC_POINT_SIZE])
{
	return point[EC_POINT_SIZE - 1] & 0x80;
}

static bool point_good(const uint8_t point[static EC_POINT_SIZE])
{
	return !high_bit(point) && crypto_core_ristretto255_is_valid_point(point) == 1 &&
	       !sodium_is_zero(point, EC_POINT_SIZE);
}

static bool add(uint8_t out[static EC_POINT_SIZE], const uint8_t a[static EC_POINT_SIZE],
                const uint8_t b[static EC_POINT_SIZE])
{
	return !high_bit(a) && !high_bit(b) && crypto_core_ristretto255_add(out, a, b) == 0;
}

static bool subtract(uint8_t out[static EC_POINT_SIZE], const uint8_t a[static EC_POINT_SIZE],
                     const uint8_t b[static EC_POINT_SIZE])
{
	return !high_bit(a) && !high_bit(b) && crypto_core_ristretto255_sub(out, a, b) == 0;
}

static bool multiply(uint8_t out[static EC_POINT_SIZE], const uint8_t scalar[static EC_SCALAR_SIZE],
                     const uint8_t point[static EC_POINT_SIZE])
{
	uint8_t product[EC_POINT_SIZE];
	if (high_bit(point))
		return false;
	if (crypto_scalarmult_ristretto255(product, scalar, point) != 0) {
		if (crypto_core_ristretto255_is_valid_point(point) != 1)
			return false;
		memset(product, 0, sizeof product);
	}
	memcpy(out, product, sizeof product);
	return true;
}

static void multiply_base(uint8_t out[static EC_POINT_SIZE],
                          const uint8_t scalar[static EC_SCALAR_SIZE])
{
	if (crypto_scalarmult_ristretto255_base(out, scalar) != 0)
		memset(out, 0, EC_POINT_SIZE);
}

static void point_of(uint8_t out[static EC_POINT_SIZE],
                     const uint8_t uniform[static EC_UNIFORM_SIZE])
{
	int failed = crypto_core_ristretto255_from_hash(out, uniform);
	assert(!failed);
	(void)failed;
}

static bool scalar_good(const uint8_t bytes[static EC_SCALAR_SIZE])
{
	uint8_t wide[EC_UNIFORM_SIZE] = {0}, reduced[EC_SCALAR_SIZE];
	memcpy(wide, bytes, EC_SCALAR_SIZE);
	crypto_core_ristretto255_scalar_reduce(reduced, wide);
	bool good = sodium_memcmp(reduced, bytes, EC_SCALAR_SIZE) == 0;
	ec_erase(wide, sizeof wide);
	ec_erase(reduced, sizeof reduced);
	return good;
}

static void scalar_of(uint8_t out[static EC_SCALAR_SIZE],
                      const uint8_t uniform[static EC_UNIFORM_SIZE])
{
	crypto_core_ristretto255_scalar_reduce(out, uniform);
}

static void scalar_add(uint8_t out[static EC_SCALAR_SIZE], const uint8_t a[static EC_SCALAR_SIZE],
                       const uint8_t b[static EC_SCALAR_SIZE])
{
	crypto_core_ristretto255_scalar_add(out, a, b);
}

static void scalar_subtract(uint8_t out[static EC_SCALAR_SIZE],
                            const uint8_t a[static EC_SCALAR_SIZE],
                            const uint8_t b[static EC_SCALAR_SIZE])
{
	crypto_core_ristretto255_scalar_sub(out, a, b);
}

static void scalar_multiply(uint8_t out[static EC_SCALAR_SIZE],
                            const uint8_t a[static EC_SCALAR_SIZE],
                            const uint8_t b[static EC_SCALAR_SIZE])
{
	crypto_core_ristretto255_scalar_mul(out, a, b);
}

static void scalar_invert(uint8_t out[static EC_SCALAR_SIZE],
                          const uint8_t a[static EC_SCALAR_SIZE])
{
	uint8_t inverse[EC_SCALAR_SIZE];
	int failed = crypto_core_ristretto255_scalar_invert(inverse, a);
	assert(!failed);
	(void)failed;
	memcpy(out, inverse, sizeof inverse);
}

const struct ec_prime_group ec_ristretto255 = {
	.point_good = point_good,
	.add = add,
	.subtract = subtract,
	.multiply = multiply,
	.multiply_base = multiply_base,
	.point_of = point_of,
	.scalar_good = scalar_good,
	.scalar_of = scalar_of,
	.scalar_add = scalar_add,
	.scalar_subtract = scalar_subtract,
	.scalar_multiply = scalar_multiply,
	.scalar_invert = scalar_invert,
};
