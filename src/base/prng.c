/* prng.c - xoshiro256**, deterministic on every machine. */
#include "base/prng.h"

#include <assert.h>

static uint64_t rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

void ec_prng_seed(struct ec_prng *prng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += 0x9e3779b97f4a7c15u;
		uint64_t z = seed;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		prng->s[i] = z ^ z >> 31;
	}
}

uint64_t ec_prng_next(struct ec_prng *prng)
{
	uint64_t *s = prng->s;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t ec_prng_below(struct ec_prng *prng, uint64_t bound)
{
	assert(bound > 0);
	uint64_t excess = -bound % bound; /* 2^64 mod bound: the part that would bias */
	uint64_t x;
	do {
		x = ec_prng_next(prng);
	} while (x < excess);
	return x % bound;
}

bool ec_prng_chance(struct ec_prng *prng, uint64_t numerator, uint64_t denominator)
{
	return ec_prng_below(prng, denominator) < numerator;
}
