/* prng.h - deterministic pseudo-random numbers for schedules and jitter; never for keys. */
#ifndef EC_PRNG_H
#define EC_PRNG_H

#include <stdbool.h>
#include <stdint.h>

/* xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. */
struct ec_prng {
	uint64_t s[4];
};

/* Starts the sequence of a seed, any number: the same on every machine. */
void ec_prng_seed(struct ec_prng *prng, uint64_t seed);

/* The next 64 bits, every value equally likely. */
uint64_t ec_prng_next(struct ec_prng *prng);

/* A number below `bound`, every one equally likely.  In: bound > 0. */
uint64_t ec_prng_below(struct ec_prng *prng, uint64_t bound);

/* True in `numerator` of `denominator` cases.  In: denominator > 0. */
bool ec_prng_chance(struct ec_prng *prng, uint64_t numerator, uint64_t denominator);

#endif
