/* dleq.c - equality of logarithms: a = k B, b = k base, c = H(everything, a, b), z = k + c x. */
#include "crypto/dleq.h"

#include <assert.h>

enum { CONTEXT_MAX = 8 };

static void challenge(const struct ec_prime_group *group, const struct ec_dleq_claim *claim,
                      const uint8_t a[static EC_POINT_SIZE], const uint8_t b[static EC_POINT_SIZE],
                      uint8_t out[static EC_SCALAR_SIZE])
{
	struct ec_part part[5 + CONTEXT_MAX] = {{claim->key, EC_POINT_SIZE},
	                                        {claim->base, EC_POINT_SIZE},
	                                        {claim->image, EC_POINT_SIZE},
	                                        {a, EC_POINT_SIZE},
	                                        {b, EC_POINT_SIZE}};
	assert(claim->context_count <= CONTEXT_MAX);
	for (size_t i = 0; i < claim->context_count; i++)
		part[5 + i] = claim->context[i];
	ec_hash_scalar(group, claim->domain, part, 5 + claim->context_count, out);
}

void ec_dleq_prove(const struct ec_prime_group *group, const struct ec_dleq_claim *claim,
                   const uint8_t secret[static EC_SCALAR_SIZE], const uint8_t random[static 32],
                   uint8_t proof[static EC_DLEQ_SIZE])
{
	uint8_t nonce[EC_SCALAR_SIZE], bound[EC_SCALAR_SIZE], a[EC_POINT_SIZE], b[EC_POINT_SIZE];
	challenge(group, claim, claim->key, claim->image, bound); /* only to depend on all of it */
	const struct ec_part part[] = {
		{random, 32}, {secret, EC_SCALAR_SIZE}, {bound, sizeof bound}};
	ec_hash_scalar(group, "edgecord dleq nonce", part, 3, nonce);
	group->multiply_base(a, nonce);
	bool good = group->multiply(b, nonce, claim->base);
	assert(good);
	(void)good;
	challenge(group, claim, a, b, proof);
	uint8_t *response = proof + EC_SCALAR_SIZE;
	group->scalar_multiply(response, proof, secret);
	group->scalar_add(response, response, nonce);
	ec_erase(nonce, sizeof nonce);
}

bool ec_dleq_good(const struct ec_prime_group *group, const struct ec_dleq_claim *claim,
                  const uint8_t proof[static EC_DLEQ_SIZE])
{
	const uint8_t *response = proof + EC_SCALAR_SIZE;
	uint8_t a[EC_POINT_SIZE], b[EC_POINT_SIZE], term[EC_POINT_SIZE], expected[EC_SCALAR_SIZE];
	if (!group->scalar_good(proof) || !group->scalar_good(response) ||
	    !group->point_good(claim->key) || !group->point_good(claim->base) ||
	    !group->point_good(claim->image))
		return false;
	group->multiply_base(a, response);
	if (!group->multiply(term, proof, claim->key) || !group->subtract(a, a, term) ||
	    !group->multiply(b, response, claim->base) ||
	    !group->multiply(term, proof, claim->image) || !group->subtract(b, b, term))
		return false;
	challenge(group, claim, a, b, expected);
	return memcmp(expected, proof, sizeof expected) == 0;
}
