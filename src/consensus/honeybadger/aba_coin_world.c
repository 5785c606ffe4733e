/* aba_coin_world.c - a cheap coin: all good shares of a name are one number, which is the coin;
 * with others among them it is anything. */
#include "consensus/honeybadger/aba_world.h"

uint64_t aba_world_verified;

static uint64_t number_mix(uint64_t x)
{
	x ^= x >> 30, x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27, x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t aba_cheap_number(struct ec_bytes name)
{
	uint64_t seed;
	uint32_t round;
	memcpy(&seed, name.data, sizeof seed);
	memcpy(&round, name.data + name.size - sizeof round, sizeof round);
	return number_mix(number_mix(seed + 1) + round * 0x9e3779b97f4a7c15u);
}

static void fake_share(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                       uint32_t self, const struct ec_threshold_secret *secret,
                       struct ec_bytes name, const uint8_t random[static 32],
                       struct ec_threshold_share *share)
{
	uint64_t number = aba_cheap_number(name);
	(void)group, (void)key, (void)secret, (void)random;
	memset(share, 0, sizeof *share);
	memcpy(share->b, &number, sizeof number);
	share->b[8] = (uint8_t)self;
}

static bool fake_share_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                            uint32_t from, struct ec_bytes name,
                            const struct ec_threshold_share *share)
{
	uint64_t number = aba_cheap_number(name);
	(void)group, (void)key;
	aba_world_verified++;
	return share->b[8] == from && memcmp(share->b, &number, sizeof number) == 0;
}

static ec_hash fake_combine(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                            const uint32_t *from, const struct ec_threshold_share *share,
                            struct ec_bytes name)
{
	ec_hash hash = {{0}};
	uint64_t sum = 0;
	(void)group, (void)from, (void)name;
	for (uint32_t i = 0; i < key->needed; i++) {
		uint64_t number;
		memcpy(&number, share[i].b, sizeof number);
		if (i == 0)
			sum = number;
		else if (number != sum)
			sum = number_mix(sum ^ number_mix(number));
	}
	hash.b[0] = sum & 1;
	return hash;
}

const struct ec_threshold_crypto aba_cheap_coin = {
	.coin_share = fake_share, .coin_share_good = fake_share_good, .coin_combine = fake_combine};
