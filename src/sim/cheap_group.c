/* cheap_group.c - shares and seals of the simulated world. */
#include "sim/cheap_group.h"

#include "crypto/coin.h"
#include "crypto/dealer_fake.h"
#include "crypto/seal.h"

#include <assert.h>

#define ORDER     ((UINT64_C(1) << 61) - 1)
#define GENERATOR UINT64_C(0x0edc0c0ffee15ba5)

static uint64_t number(const uint8_t bytes[static 32])
{
	uint64_t value;
	memcpy(&value, bytes, sizeof value);
	return value;
}

static void put(uint8_t out[static 32], uint64_t value)
{
	memset(out, 0, 32);
	memcpy(out, &value, sizeof value);
}

static uint64_t product(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b % ORDER);
}

static uint64_t inverse(uint64_t a)
{
	uint64_t power = 1; /* a^(ORDER - 2), by Fermat */
	for (uint64_t bits = ORDER - 2; bits; bits >>= 1, a = product(a, a))
		if (bits & 1)
			power = product(power, a);
	return power;
}

static bool scalar_good(const uint8_t bytes[static EC_SCALAR_SIZE])
{
	static const uint8_t zero[EC_SCALAR_SIZE - 8];
	return number(bytes) < ORDER && memcmp(bytes + 8, zero, sizeof zero) == 0;
}

static bool point_good(const uint8_t point[static EC_POINT_SIZE])
{
	return scalar_good(point) && number(point) != 0;
}

static void scalar_of(uint8_t out[static EC_SCALAR_SIZE],
                      const uint8_t uniform[static EC_UNIFORM_SIZE])
{
	put(out, number(uniform) % ORDER);
}

static void point_of(uint8_t out[static EC_POINT_SIZE],
                     const uint8_t uniform[static EC_UNIFORM_SIZE])
{
	put(out, number(uniform) % (ORDER - 1) + 1);
}

static void scalar_add(uint8_t out[static EC_SCALAR_SIZE], const uint8_t a[static EC_SCALAR_SIZE],
                       const uint8_t b[static EC_SCALAR_SIZE])
{
	put(out, (number(a) + number(b)) % ORDER);
}

static void scalar_subtract(uint8_t out[static EC_SCALAR_SIZE],
                            const uint8_t a[static EC_SCALAR_SIZE],
                            const uint8_t b[static EC_SCALAR_SIZE])
{
	put(out, (number(a) + ORDER - number(b)) % ORDER);
}

static void scalar_multiply(uint8_t out[static EC_SCALAR_SIZE],
                            const uint8_t a[static EC_SCALAR_SIZE],
                            const uint8_t b[static EC_SCALAR_SIZE])
{
	put(out, product(number(a), number(b)));
}

static void scalar_invert(uint8_t out[static EC_SCALAR_SIZE],
                          const uint8_t a[static EC_SCALAR_SIZE])
{
	assert(number(a) != 0);
	put(out, inverse(number(a)));
}

static bool add(uint8_t out[static EC_POINT_SIZE], const uint8_t a[static EC_POINT_SIZE],
                const uint8_t b[static EC_POINT_SIZE])
{
	bool good = scalar_good(a) && scalar_good(b);
	if (good)
		scalar_add(out, a, b);
	return good;
}

static bool subtract(uint8_t out[static EC_POINT_SIZE], const uint8_t a[static EC_POINT_SIZE],
                     const uint8_t b[static EC_POINT_SIZE])
{
	bool good = scalar_good(a) && scalar_good(b);
	if (good)
		scalar_subtract(out, a, b);
	return good;
}

static bool multiply(uint8_t out[static EC_POINT_SIZE], const uint8_t scalar[static EC_SCALAR_SIZE],
                     const uint8_t point[static EC_POINT_SIZE])
{
	bool good = scalar_good(point);
	if (good)
		scalar_multiply(out, scalar, point);
	return good;
}

static void multiply_base(uint8_t out[static EC_POINT_SIZE],
                          const uint8_t scalar[static EC_SCALAR_SIZE])
{
	put(out, product(number(scalar), GENERATOR));
}

const struct ec_prime_group sim_cheap_group = {
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

void sim_secret_of(const struct ec_threshold_key *key, struct ec_threshold_secret *secret)
{
	put(secret->scalar, product(number(key->commitment[0]), inverse(GENERATOR)));
}

ec_hash sim_coin_of(const struct ec_threshold_key *key, struct ec_bytes name)
{
	/* One member that holds all of the secret. */
	struct ec_threshold_key whole = {.n = 1, .needed = 1};
	struct ec_threshold_secret secret;
	struct ec_threshold_share share;
	const uint8_t random[32] = {0};
	sim_secret_of(key, &secret);
	memcpy(whole.commitment[0], key->commitment[0], EC_POINT_SIZE);
	memcpy(whole.share_key[0], key->commitment[0], EC_POINT_SIZE);
	ec_coin_share(&sim_cheap_group, &whole, 0, &secret, name, random, &share);
	return ec_coin_combine(&sim_cheap_group, &whole, &(uint32_t){0}, &share, name);
}

void sim_deal(const struct ec_threshold_crypto *crypto, uint64_t seed, uint32_t n, uint32_t needed,
              struct ec_threshold_key *key, struct ec_threshold_secret *secret)
{
	fake_deal(crypto, seed, n, needed, key, secret);
}
