/* coin.c - a coin of a name.
 *
 * Ours: the point of a name depends on the public key, so that shares under one key say nothing of
 * another; the proof is bound to the member's index, because all members have the same share key
 * where one is enough (needed = 1). */
#include "crypto/coin.h"

#include "crypto/dleq.h"

#include <assert.h>

static void name_point(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                       struct ec_bytes name, uint8_t out[static EC_POINT_SIZE])
{
	const struct ec_part part[] = {{key->commitment[0], EC_POINT_SIZE}, {name.data, name.size}};
	ec_hash_point(group, "edgecord coin name", part, 2, out);
}

/* The claim that `share` begins with member `from`'s share of the coin whose point is `base`. */
static struct ec_dleq_claim claim_of(const struct ec_threshold_key *key, uint32_t from,
                                     const uint8_t *base, const struct ec_threshold_share *share,
                                     uint8_t index[static EC_SCALAR_SIZE], struct ec_part *context)
{
	ec_member_scalar(from, index);
	*context = (struct ec_part){index, EC_SCALAR_SIZE};
	return (struct ec_dleq_claim){.key = key->share_key[from],
	                              .base = base,
	                              .image = share->b,
	                              .domain = "edgecord coin share",
	                              .context = context,
	                              .context_count = 1};
}

void ec_coin_share(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                   uint32_t self, const struct ec_threshold_secret *secret, struct ec_bytes name,
                   const uint8_t random[static 32], struct ec_threshold_share *share)
{
	uint8_t base[EC_POINT_SIZE], index[EC_SCALAR_SIZE];
	struct ec_part context;
	assert(self < key->n);
	name_point(group, key, name, base);
	bool good = group->multiply(share->b, secret->scalar, base);
	assert(good);
	(void)good;
	struct ec_dleq_claim claim = claim_of(key, self, base, share, index, &context);
	ec_dleq_prove(group, &claim, secret->scalar, random, share->b + EC_POINT_SIZE);
}

bool ec_coin_share_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                        uint32_t from, struct ec_bytes name, const struct ec_threshold_share *share)
{
	uint8_t base[EC_POINT_SIZE], index[EC_SCALAR_SIZE];
	struct ec_part context;
	assert(from < key->n);
	name_point(group, key, name, base);
	struct ec_dleq_claim claim = claim_of(key, from, base, share, index, &context);
	return ec_dleq_good(group, &claim, share->b + EC_POINT_SIZE);
}

ec_hash ec_coin_combine(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                        const uint32_t *from, const struct ec_threshold_share *share,
                        struct ec_bytes name)
{
	uint8_t point[EC_POINT_SIZE];
	if (!ec_shares_at_0(group, from, key->needed, share, point))
		memset(point, 0, sizeof point); /* only of a share that is not good */
	const struct ec_part part[] = {
		{key->commitment[0], EC_POINT_SIZE}, {name.data, name.size}, {point, sizeof point}};
	return ec_hash_short("edgecord coin value", part, 3);
}
