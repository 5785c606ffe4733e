/* cheap_threshold.c - the table of keys that members share, in the cheap group. */
#include "crypto/coin.h"
#include "crypto/seal.h"
#include "sim/cheap_group.h"

static bool expand(struct ec_threshold_key *key)
{
	return ec_threshold_expand(&sim_cheap_group, key);
}

static void coin_share(const struct ec_threshold_key *key, uint32_t self,
                       const struct ec_threshold_secret *secret, struct ec_bytes name,
                       const uint8_t random[static 32], struct ec_threshold_share *share)
{
	ec_coin_share(&sim_cheap_group, key, self, secret, name, random, share);
}

static bool coin_share_good(const struct ec_threshold_key *key, uint32_t from, struct ec_bytes name,
                            const struct ec_threshold_share *share)
{
	return ec_coin_share_good(&sim_cheap_group, key, from, name, share);
}

static ec_hash coin_combine(const struct ec_threshold_key *key, const uint32_t *from,
                            const struct ec_threshold_share *share, struct ec_bytes name)
{
	return ec_coin_combine(&sim_cheap_group, key, from, share, name);
}

static void seal(const struct ec_threshold_key *key, struct ec_bytes label,
                 const uint8_t plain[static EC_SEALED_KEY_SIZE], const uint8_t random[static 32],
                 struct ec_sealed *sealed)
{
	ec_seal(&sim_cheap_group, key, label, plain, random, sealed);
}

static bool sealed_good(const struct ec_threshold_key *key, struct ec_bytes label,
                        const struct ec_sealed *sealed)
{
	return ec_sealed_good(&sim_cheap_group, key, label, sealed);
}

static void open_share(const struct ec_threshold_key *key, uint32_t self,
                       const struct ec_threshold_secret *secret, const struct ec_sealed *sealed,
                       const uint8_t random[static 32], struct ec_threshold_share *share)
{
	ec_open_share(&sim_cheap_group, key, self, secret, sealed, random, share);
}

static bool open_share_good(const struct ec_threshold_key *key, uint32_t from,
                            const struct ec_sealed *sealed, const struct ec_threshold_share *share)
{
	return ec_open_share_good(&sim_cheap_group, key, from, sealed, share);
}

static bool open_combine(const struct ec_threshold_key *key, const uint32_t *from,
                         const struct ec_threshold_share *share, struct ec_bytes label,
                         const struct ec_sealed *sealed, uint8_t plain[static EC_SEALED_KEY_SIZE])
{
	return ec_open_combine(&sim_cheap_group, key, from, share, label, sealed, plain);
}

const struct ec_threshold_crypto sim_threshold_cheap = {
	.group = &sim_cheap_group,
	.expand = expand,
	.coin_share = coin_share,
	.coin_share_good = coin_share_good,
	.coin_combine = coin_combine,
	.seal = seal,
	.sealed_good = sealed_good,
	.open_share = open_share,
	.open_share_good = open_share_good,
	.open_combine = open_combine,
};
