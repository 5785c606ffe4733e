/* dealer_fake.h - a dealer who knows every secret: for tests and simulated worlds.  The programs of
 * a real group have none; their keys come of crypto/dkg.h. */
#ifndef EC_CRYPTO_DEALER_FAKE_H
#define EC_CRYPTO_DEALER_FAKE_H

#include "crypto/prime_group.h"

#include <assert.h>

/* Deals a key and its n secrets, the same ones for the same seed. */
static inline void fake_deal(const struct ec_threshold_crypto *crypto, uint64_t seed, uint32_t n,
                             uint32_t needed, struct ec_threshold_key *key,
                             struct ec_threshold_secret *secret)
{
	uint8_t coefficient[EC_THRESHOLD_NEEDED_MAX][EC_SCALAR_SIZE];
	assert(needed <= EC_THRESHOLD_NEEDED_MAX);
	memset(key, 0, sizeof *key);
	key->n = n;
	key->needed = needed;
	for (uint32_t i = 0; i < needed; i++) {
		const struct ec_part part[] = {{&seed, sizeof seed}, {&i, sizeof i}};
		ec_hash_scalar(crypto->group, "edgecord fake dealer", part, 2, coefficient[i]);
		crypto->group->multiply_base(key->commitment[i], coefficient[i]);
	}
	bool good = crypto->expand(crypto->group, key);
	assert(good);
	(void)good;
	for (uint32_t i = 0; i < n; i++)
		ec_polynomial_at(crypto->group, (const uint8_t(*)[EC_SCALAR_SIZE])coefficient,
		                 needed, i, secret[i].scalar);
}

#endif
