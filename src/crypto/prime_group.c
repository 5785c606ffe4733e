/* prime_group.c - what is computed in any group of prime order: hashes into it, polynomials. */
#include "crypto/prime_group.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(EC_UNIFORM_SIZE == crypto_hash_sha512_BYTES, "SHA-512");

void ec_hash_uniform(const char *domain, const struct ec_part *part, size_t count,
                     uint8_t out[static EC_UNIFORM_SIZE])
{
	crypto_hash_sha512_state state;
	size_t length = strlen(domain);
	assert(length > 0 && length <= UINT8_MAX);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, &(uint8_t){(uint8_t)length}, 1);
	crypto_hash_sha512_update(&state, (const uint8_t *)domain, length);
	for (size_t i = 0; i < count; i++) {
		uint8_t size[4];
		assert(part[i].size <= UINT32_MAX);
		for (size_t k = 0; k < sizeof size; k++)
			size[k] = (uint8_t)(part[i].size >> 8 * k);
		crypto_hash_sha512_update(&state, size, sizeof size);
		if (part[i].size)
			crypto_hash_sha512_update(&state, part[i].data, part[i].size);
	}
	crypto_hash_sha512_final(&state, out);
	ec_erase(&state, sizeof state);
}

ec_hash ec_hash_short(const char *domain, const struct ec_part *part, size_t count)
{
	uint8_t uniform[EC_UNIFORM_SIZE];
	ec_hash hash;
	ec_hash_uniform(domain, part, count, uniform);
	memcpy(hash.b, uniform, sizeof hash.b);
	ec_erase(uniform, sizeof uniform);
	return hash;
}

void ec_hash_scalar(const struct ec_prime_group *group, const char *domain,
                    const struct ec_part *part, size_t count, uint8_t out[static EC_SCALAR_SIZE])
{
	uint8_t uniform[EC_UNIFORM_SIZE];
	ec_hash_uniform(domain, part, count, uniform);
	group->scalar_of(out, uniform);
	ec_erase(uniform, sizeof uniform);
}

void ec_hash_point(const struct ec_prime_group *group, const char *domain,
                   const struct ec_part *part, size_t count, uint8_t out[static EC_POINT_SIZE])
{
	uint8_t uniform[EC_UNIFORM_SIZE];
	ec_hash_uniform(domain, part, count, uniform);
	group->point_of(out, uniform);
}

void ec_member_scalar(uint32_t member, uint8_t out[static EC_SCALAR_SIZE])
{
	assert(member < EC_THRESHOLD_MEMBERS_MAX);
	memset(out, 0, EC_SCALAR_SIZE);
	out[0] = (uint8_t)(member + 1);
}

void ec_polynomial_at(const struct ec_prime_group *group,
                      const uint8_t (*coefficient)[EC_SCALAR_SIZE], uint32_t count, uint32_t member,
                      uint8_t out[static EC_SCALAR_SIZE])
{
	uint8_t x[EC_SCALAR_SIZE];
	assert(count >= 1);
	ec_member_scalar(member, x);
	memcpy(out, coefficient[count - 1], EC_SCALAR_SIZE);
	for (uint32_t i = count - 1; i-- > 0;) {
		group->scalar_multiply(out, out, x);
		group->scalar_add(out, out, coefficient[i]);
	}
}

bool ec_commitments_at(const struct ec_prime_group *group,
                       const uint8_t (*commitment)[EC_POINT_SIZE], uint32_t count, uint32_t member,
                       uint8_t out[static EC_POINT_SIZE])
{
	uint8_t x[EC_SCALAR_SIZE];
	assert(count >= 1);
	ec_member_scalar(member, x);
	memcpy(out, commitment[count - 1], EC_POINT_SIZE);
	for (uint32_t i = count - 1; i-- > 0;)
		if (!group->multiply(out, x, out) || !group->add(out, out, commitment[i]))
			return false;
	return true;
}

void ec_lagrange_at_0(const struct ec_prime_group *group, const uint32_t *from, uint32_t count,
                      uint32_t i, uint8_t out[static EC_SCALAR_SIZE])
{
	uint8_t above[EC_SCALAR_SIZE] = {1}, below[EC_SCALAR_SIZE] = {1};
	uint8_t own[EC_SCALAR_SIZE], other[EC_SCALAR_SIZE], apart[EC_SCALAR_SIZE];
	assert(i < count);
	ec_member_scalar(from[i], own);
	for (uint32_t k = 0; k < count; k++) {
		if (k == i)
			continue;
		assert(from[k] != from[i]);
		ec_member_scalar(from[k], other);
		group->scalar_subtract(apart, other, own);
		group->scalar_multiply(above, above, other);
		group->scalar_multiply(below, below, apart);
	}
	group->scalar_invert(below, below);
	group->scalar_multiply(out, above, below);
}

bool ec_shares_at_0(const struct ec_prime_group *group, const uint32_t *from, uint32_t count,
                    const struct ec_threshold_share *share, uint8_t out[static EC_POINT_SIZE])
{
	memset(out, 0, EC_POINT_SIZE);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t weight[EC_SCALAR_SIZE], term[EC_POINT_SIZE];
		ec_lagrange_at_0(group, from, count, i, weight);
		if (!group->multiply(term, weight, share[i].b) || !group->add(out, out, term))
			return false;
	}
	return true;
}

bool ec_threshold_expand(const struct ec_prime_group *group, struct ec_threshold_key *key)
{
	if (key->n == 0 || key->n > EC_THRESHOLD_MEMBERS_MAX || key->needed == 0 ||
	    key->needed > key->n || key->needed > EC_THRESHOLD_NEEDED_MAX)
		return false;
	for (uint32_t i = 0; i < key->needed; i++)
		if (!group->point_good(key->commitment[i]))
			return false;
	for (uint32_t i = 0; i < key->n; i++)
		if (!ec_commitments_at(group, key->commitment, key->needed, i, key->share_key[i]) ||
		    !group->point_good(key->share_key[i]))
			return false;
	return true;
}
