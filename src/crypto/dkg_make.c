/* dkg_make.c - a member's own side of a key generation. */
#include "crypto/cipher.h"
#include "crypto/dkg_inside.h"

#include <assert.h>

/* A scalar of one member's own, by what it is for and a number. */
static void derive(const struct ec_prime_group *group, const struct ec_dkg *dkg, uint32_t self,
                   const uint8_t seed[static 32], const char *domain, uint32_t number,
                   uint8_t out[static EC_SCALAR_SIZE])
{
	uint8_t index[EC_SCALAR_SIZE];
	const uint8_t count[] = {(uint8_t)number, (uint8_t)(number >> 8)};
	ec_member_scalar(self, index);
	const struct ec_part part[] = {{seed, 32},
	                               {dkg->id.b, sizeof dkg->id.b},
	                               {index, sizeof index},
	                               {count, sizeof count}};
	ec_hash_scalar(group, domain, part, 4, out);
}

static void box_secret(const struct ec_prime_group *group, const struct ec_dkg *dkg, uint32_t self,
                       const uint8_t seed[static 32], uint8_t out[static EC_SCALAR_SIZE])
{
	derive(group, dkg, self, seed, "edgecord dkg box secret", 0, out);
}

void ec_dkg_enrol_make(const struct ec_prime_group *group, const struct ec_dkg *dkg, uint32_t self,
                       const uint8_t seed[static 32], uint8_t out[static EC_DKG_ENROL_SIZE])
{
	uint8_t secret[EC_SCALAR_SIZE];
	box_secret(group, dkg, self, seed, secret);
	group->multiply_base(out, secret);
	ec_erase(secret, sizeof secret);
}

size_t ec_dkg_deal_make(const struct ec_prime_group *group, const struct ec_dkg *dkg, uint32_t self,
                        const uint8_t seed[static 32], uint8_t out[static EC_DKG_DEAL_SIZE_MAX])
{
	uint8_t coefficient[2][EC_THRESHOLD_NEEDED_MAX][EC_SCALAR_SIZE], lock[EC_SCALAR_SIZE];
	uint32_t needed = ec_dkg_needed(dkg);
	uint8_t *at = out;
	assert(dkg->phase == EC_DKG_DEAL);
	for (uint32_t i = 0; i < 2 * needed; i++, at += EC_POINT_SIZE) {
		uint8_t *value = coefficient[i / needed][i % needed];
		derive(group, dkg, self, seed, "edgecord dkg coefficient", i, value);
		group->multiply_base(at, value);
	}
	derive(group, dkg, self, seed, "edgecord dkg lock", 0, lock);
	group->multiply_base(at, lock);
	at += EC_POINT_SIZE;
	for (uint32_t i = 0; i < dkg->n; i++) {
		struct dkg_parts parts;
		uint8_t shared[EC_POINT_SIZE];
		if (!(dkg->member[i].flags & EC_DKG_ENROLLED))
			continue;
		ec_polynomial_at(group, (const uint8_t(*)[EC_SCALAR_SIZE])coefficient[0], needed, i,
		                 parts.coin);
		ec_polynomial_at(group, (const uint8_t(*)[EC_SCALAR_SIZE])coefficient[1], needed, i,
		                 parts.seal);
		bool good = group->multiply(shared, lock, dkg->member[i].box_key);
		assert(good);
		(void)good;
		ec_hash key = dkg_box_key(dkg, self, i, shared);
		ec_cipher_seal(key.b, EC_NO_BYTES, (const uint8_t *)&parts, sizeof parts, at);
		at += EC_DKG_BOX_SIZE;
		ec_erase(&parts, sizeof parts);
		ec_erase(&key, sizeof key);
		ec_erase(shared, sizeof shared);
	}
	ec_erase(coefficient, sizeof coefficient);
	ec_erase(lock, sizeof lock);
	assert((size_t)(at - out) == dkg_deal_size(dkg));
	return (size_t)(at - out);
}

/* Opens my box of a dealer.  Out: the point that we share. */
static bool own_box_open(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                         const struct dkg_deal *deal, uint32_t dealer, uint32_t self,
                         const uint8_t secret[static EC_SCALAR_SIZE],
                         uint8_t shared[static EC_POINT_SIZE], struct dkg_parts *parts)
{
	bool good = group->multiply(shared, secret, deal->lock);
	assert(good); /* a deal that was accepted */
	return good && dkg_box_open(group, dkg, deal, dealer, self, shared, parts);
}

/* My secret of this generation.  Returns: false when I did not enrol with it. */
static bool enrolled_secret(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                            uint32_t self, const uint8_t seed[static 32],
                            uint8_t secret[static EC_SCALAR_SIZE])
{
	uint8_t box_key[EC_POINT_SIZE];
	assert(self < dkg->n);
	box_secret(group, dkg, self, seed, secret);
	group->multiply_base(box_key, secret);
	return dkg->member[self].flags & EC_DKG_ENROLLED &&
	       memcmp(box_key, dkg->member[self].box_key, sizeof box_key) == 0;
}

bool ec_dkg_verdict_make(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                         const struct ec_dkg_deals *deals, uint32_t self,
                         const uint8_t seed[static 32], uint8_t out[static EC_DKG_VERDICT_SIZE_MAX],
                         size_t *size)
{
	uint8_t secret[EC_SCALAR_SIZE], random[32];
	uint8_t *at = out;
	assert(dkg->phase == EC_DKG_JUDGE);
	*size = 0;
	bool enrolled = enrolled_secret(group, dkg, self, seed, secret);
	derive(group, dkg, self, seed, "edgecord dkg proof", 0, random);
	for (uint32_t i = 0; i < dkg->n && enrolled; i++) {
		struct dkg_parts parts;
		struct dkg_dispute dispute;
		uint8_t shared[EC_POINT_SIZE];
		if (i == self || !(dkg->member[i].flags & EC_DKG_DEALT))
			continue;
		struct dkg_deal deal = dkg_deal_over(dkg, deals->of[i]);
		if (!own_box_open(group, dkg, &deal, i, self, secret, shared, &parts)) {
			*at = (uint8_t)i;
			memcpy(at + 1, shared, sizeof shared);
			dkg_dispute_over(&dispute, dkg, &deal, i, self, at + 1);
			ec_dleq_prove(group, &dispute.claim, secret, random,
			              at + 1 + EC_POINT_SIZE);
			at += EC_DKG_COMPLAINT_SIZE;
		}
		ec_erase(&parts, sizeof parts);
		ec_erase(shared, sizeof shared);
	}
	ec_erase(secret, sizeof secret);
	ec_erase(random, sizeof random);
	*size = (size_t)(at - out);
	return enrolled;
}

bool ec_dkg_secret(const struct ec_prime_group *group, const struct ec_dkg *dkg,
                   const struct ec_dkg_deals *deals, uint32_t self, const uint8_t seed[static 32],
                   struct ec_threshold_secret *coin, struct ec_threshold_secret *seal)
{
	uint8_t secret[EC_SCALAR_SIZE];
	assert(dkg->phase == EC_DKG_DONE);
	*coin = *seal = (struct ec_threshold_secret){{0}};
	bool good = enrolled_secret(group, dkg, self, seed, secret);
	for (uint32_t i = 0; i < dkg->n && good; i++) {
		struct dkg_parts parts;
		uint8_t shared[EC_POINT_SIZE];
		if (!ec_dkg_qualified(dkg, i))
			continue;
		struct dkg_deal deal = dkg_deal_over(dkg, deals->of[i]);
		good = own_box_open(group, dkg, &deal, i, self, secret, shared, &parts);
		if (good) {
			group->scalar_add(coin->scalar, coin->scalar, parts.coin);
			group->scalar_add(seal->scalar, seal->scalar, parts.seal);
		}
		ec_erase(&parts, sizeof parts);
		ec_erase(shared, sizeof shared);
	}
	ec_erase(secret, sizeof secret);
	if (!good) {
		ec_erase(coin, sizeof *coin);
		ec_erase(seal, sizeof *seal);
	}
	return good;
}
