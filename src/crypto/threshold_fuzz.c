/* threshold_fuzz.c - any bytes as a share, a sealed key or commitments: none is taken for good, and
 * combining them gives something at everyone alike.
 *
 * Input: a mode, then what it judges.  Bytes that are short leave the rest as an honest one. */
#include "crypto/dealer_fake.h"
#include "crypto/sign.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ec_threshold_crypto *const real = &ec_threshold_ristretto255;
static const struct ec_bytes name = {(const uint8_t *)"name", 4, NULL};

struct dealt {
	struct ec_threshold_key key;
	struct ec_threshold_secret secret[4];
	struct ec_threshold_share coin[2], opening[2];
	struct ec_sealed sealed;
	uint8_t plain[EC_SEALED_KEY_SIZE];
};

static void deal(struct dealt *dealt)
{
	const uint8_t random[32] = {1};
	fake_deal(real, 1, 4, 2, &dealt->key, dealt->secret);
	real->seal(real->group, &dealt->key, name, dealt->plain, random, &dealt->sealed);
	for (uint32_t i = 0; i < 2; i++) {
		real->coin_share(real->group, &dealt->key, i, &dealt->secret[i], name, random,
		                 &dealt->coin[i]);
		real->open_share(real->group, &dealt->key, i, &dealt->secret[i], &dealt->sealed,
		                 random, &dealt->opening[i]);
	}
}

/* Overwrites the beginning.  Returns: whether that changed something. */
static bool overwrite(void *out, size_t out_size, const uint8_t *data, size_t size)
{
	size = size < out_size ? size : out_size;
	bool same = memcmp(out, data, size) == 0;
	memcpy(out, data, size);
	return !same;
}

static void judge_shares(const struct dealt *honest, const uint8_t *data, size_t size)
{
	struct dealt dealt = *honest;
	const uint32_t from[] = {0, 1};
	uint8_t plain[EC_SEALED_KEY_SIZE];
	bool changed = overwrite(&dealt.coin[1], EC_SHARE_SIZE, data, size);
	assert(real->coin_share_good(real->group, &dealt.key, 1, name, &dealt.coin[1]) == !changed);
	ec_hash coin = real->coin_combine(real->group, &dealt.key, from, dealt.coin, name);
	ec_hash again = real->coin_combine(real->group, &dealt.key, from, dealt.coin, name);
	assert(ec_hash_equal(&coin, &again));
	changed = overwrite(&dealt.opening[1], EC_SHARE_SIZE, data, size);
	assert(real->open_share_good(real->group, &dealt.key, 1, &dealt.sealed,
	                             &dealt.opening[1]) == !changed);
	bool same = memcmp(dealt.opening[1].b, honest->opening[1].b, EC_POINT_SIZE) == 0;
	assert(real->open_combine(real->group, &dealt.key, from, dealt.opening, name, &dealt.sealed,
	                          plain) == same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dealt honest;
	static bool dealt;
	if (!dealt) {
		if (!ec_crypto_start())
			abort();
		deal(&honest);
		dealt = true;
	}
	if (size == 0)
		return 0;
	struct ec_sealed sealed = honest.sealed;
	struct ec_threshold_key key = honest.key;
	switch (data[0] % 3) {
	case 0:
		judge_shares(&honest, data + 1, size - 1);
		break;
	case 1: {
		bool changed = overwrite(&sealed, sizeof sealed, data + 1, size - 1);
		assert(real->sealed_good(real->group, &key, name, &sealed) == !changed);
		break;
	}
	default:
		overwrite(key.commitment, 2 * EC_POINT_SIZE, data + 1, size - 1);
		if (real->expand(real->group, &key))
			for (uint32_t i = 0; i < key.n; i++)
				assert(real->group->point_good(key.share_key[i]));
	}
	return 0;
}
