/* dkg_house.h - a log and its members, for tests of key generation. */
#ifndef EC_CRYPTO_DKG_HOUSE_H
#define EC_CRYPTO_DKG_HOUSE_H

#include "base/test.h"
#include "crypto/dkg_inside.h"
#include "crypto/ristretto.h"

#define GROUP (&ec_ristretto255)

struct house {
	struct ec_dkg dkg;
	struct ec_dkg_deals deals;
	uint8_t seed[EC_THRESHOLD_MEMBERS_MAX][32];
	uint8_t dealt[EC_THRESHOLD_MEMBERS_MAX][EC_DKG_DEAL_SIZE_MAX];
	struct ec_threshold_key coin, seal;
};

static inline struct ec_bytes house_bytes(const void *data, size_t size)
{
	return (struct ec_bytes){data, size, NULL};
}

static inline void house_open(struct house *house, uint32_t n)
{
	const ec_hash id = {{1, (uint8_t)n}};
	memset(house, 0, sizeof *house);
	for (uint32_t i = 0; i < n; i++)
		memset(house->seed[i], (int)i + 1, sizeof house->seed[i]);
	ec_dkg_init(&house->dkg, &id, n, UINT64_MAX >> (64 - n));
}

static inline const char *house_enrol(struct house *house, uint32_t i)
{
	uint8_t point[EC_DKG_ENROL_SIZE];
	ec_dkg_enrol_make(GROUP, &house->dkg, i, house->seed[i], point);
	return ec_dkg_enrol(GROUP, &house->dkg, i, house_bytes(point, sizeof point));
}

/* A member's honest deal, to be spoilt or said. */
static inline size_t house_make(struct house *house, uint32_t i)
{
	return ec_dkg_deal_make(GROUP, &house->dkg, i, house->seed[i], house->dealt[i]);
}

static inline const char *house_say(struct house *house, uint32_t i, size_t size)
{
	struct ec_bytes bytes = house_bytes(house->dealt[i], size);
	const char *why = ec_dkg_deal(GROUP, &house->dkg, i, bytes);
	if (!why)
		house->deals.of[i] = bytes;
	return why;
}

static inline const char *house_deal(struct house *house, uint32_t i)
{
	return house_say(house, i, house_make(house, i));
}

/* The member's own verdict.  Out: how many it complains of. */
static inline const char *house_judge(struct house *house, uint32_t i, size_t *complaints)
{
	uint8_t verdict[EC_DKG_VERDICT_SIZE_MAX];
	size_t size;
	assert_true(ec_dkg_verdict_make(GROUP, &house->dkg, &house->deals, i, house->seed[i],
	                                verdict, &size));
	*complaints = size / EC_DKG_COMPLAINT_SIZE;
	return ec_dkg_verdict(GROUP, &house->dkg, &house->deals, i, house_bytes(verdict, size));
}

/* All enrol, and the phase is DEAL. */
static inline void house_enrol_all(struct house *house, uint32_t n)
{
	house_open(house, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(house->dkg.phase, EC_DKG_ENROL);
		assert_null(house_enrol(house, i));
	}
	assert_int_equal(house->dkg.phase, EC_DKG_DEAL);
}

/* Everybody judges, and says how many bad deals it saw. */
static inline void house_judge_all(struct house *house, const size_t *bad)
{
	assert_int_equal(house->dkg.phase, EC_DKG_JUDGE);
	for (uint32_t i = 0; i < house->dkg.n; i++) {
		size_t complaints;
		assert_null(house_judge(house, i, &complaints));
		assert_int_equal(complaints, bad ? bad[i] : 0);
	}
}

/* The keys, and that the parts of members first, first + 1, ... throw the coin and open the seal
 * that they are of. */
static inline void house_use(struct house *house, uint32_t first)
{
	const struct ec_threshold_crypto *crypto = &ec_threshold_ristretto255;
	const struct ec_bytes name = house_bytes("name", 4);
	struct ec_threshold_share share[EC_THRESHOLD_NEEDED_MAX], opening[EC_THRESHOLD_NEEDED_MAX];
	uint32_t from[EC_THRESHOLD_NEEDED_MAX];
	const uint8_t random[32] = {1}, plain[EC_SEALED_KEY_SIZE] = {9};
	uint8_t opened[EC_SEALED_KEY_SIZE];
	struct ec_sealed sealed;
	assert_int_equal(house->dkg.phase, EC_DKG_DONE);
	assert_true(ec_dkg_result(GROUP, &house->dkg, &house->deals, &house->coin, &house->seal));
	crypto->seal(crypto->group, &house->seal, name, plain, random, &sealed);
	for (uint32_t i = 0; i < house->coin.needed; i++) {
		struct ec_threshold_secret coin, seal;
		from[i] = first + i;
		assert_true(ec_dkg_secret(GROUP, &house->dkg, &house->deals, from[i],
		                          house->seed[from[i]], &coin, &seal));
		crypto->coin_share(crypto->group, &house->coin, from[i], &coin, name, random,
		                   &share[i]);
		assert_true(crypto->coin_share_good(crypto->group, &house->coin, from[i], name,
		                                    &share[i]));
		crypto->open_share(crypto->group, &house->seal, from[i], &seal, &sealed, random,
		                   &opening[i]);
		assert_true(crypto->open_share_good(crypto->group, &house->seal, from[i], &sealed,
		                                    &opening[i]));
	}
	assert_true(crypto->open_combine(crypto->group, &house->seal, from, opening, name, &sealed,
	                                 opened));
	assert_memory_equal(opened, plain, sizeof plain);
	crypto->coin_combine(crypto->group, &house->coin, from, share, name);
}

#endif
