/* seal.c - a key of 32 bytes, sealed so that enough members together can open it.
 *
 * Ours: r is a hash of the key and the label, so that u = r B commits to the key.  TDH2 has every
 * opening share verified; here they are combined as they come, and whoever has a key sees whether u
 * and c are what it makes of them.  As u fixes r, at most one key passes, and it is the one that
 * good shares give: who combined which shares changes nothing (museum, row 34).  A hash of the key
 * beside the ciphertext would not do: a proposer who knows r computes the shares of others from
 * their share keys, lets one false share lead to another key and commits to that one; then members
 * who happen to combine that share open it, and the others find nothing (seal_test.c). */
#include "crypto/seal.h"

#include "crypto/dleq.h"

#include <assert.h>

/* Where the fields of a sealed key stand. */
enum { C = 0, U = 32, U2 = 64, E = 96, F = 128 };
_Static_assert(F + EC_SCALAR_SIZE == EC_SEALED_SIZE, "five fields");
_Static_assert(EC_SEALED_KEY_SIZE == 32 && sizeof(ec_hash) == 32, "xor");

static void second_generator(const struct ec_prime_group *group, uint8_t out[static EC_POINT_SIZE])
{
	ec_hash_point(group, "edgecord seal second generator", NULL, 0, out);
}

/* The r of a key, to which u = r B commits. */
static void committed(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                      struct ec_bytes label, const uint8_t plain[static EC_SEALED_KEY_SIZE],
                      uint8_t r[static EC_SCALAR_SIZE])
{
	const struct ec_part part[] = {{key->commitment[0], EC_POINT_SIZE},
	                               {label.data, label.size},
	                               {plain, EC_SEALED_KEY_SIZE}};
	ec_hash_scalar(group, "edgecord seal r", part, 3, r);
}

/* out = in xor the mask that r Y gives. */
static void mask(const struct ec_threshold_key *key, const uint8_t point[static EC_POINT_SIZE],
                 const uint8_t in[static EC_SEALED_KEY_SIZE],
                 uint8_t out[static EC_SEALED_KEY_SIZE])
{
	const struct ec_part part[] = {{key->commitment[0], EC_POINT_SIZE}, {point, EC_POINT_SIZE}};
	ec_hash bits = ec_hash_short("edgecord seal mask", part, 2);
	for (int i = 0; i < EC_SEALED_KEY_SIZE; i++)
		out[i] = in[i] ^ bits.b[i];
	ec_erase(&bits, sizeof bits);
}

/* In: w = s B, w2 = s G. */
static void challenge(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                      struct ec_bytes label, const struct ec_sealed *sealed,
                      const uint8_t w[static EC_POINT_SIZE], const uint8_t w2[static EC_POINT_SIZE],
                      uint8_t out[static EC_SCALAR_SIZE])
{
	const struct ec_part part[] = {{key->commitment[0], EC_POINT_SIZE},
	                               {label.data, label.size},
	                               {sealed->b + C, EC_SEALED_KEY_SIZE},
	                               {sealed->b + U, EC_POINT_SIZE},
	                               {sealed->b + U2, EC_POINT_SIZE},
	                               {w, EC_POINT_SIZE},
	                               {w2, EC_POINT_SIZE}};
	ec_hash_scalar(group, "edgecord seal challenge", part, 7, out);
}

void ec_seal(const struct ec_prime_group *group, const struct ec_threshold_key *key,
             struct ec_bytes label, const uint8_t plain[static EC_SEALED_KEY_SIZE],
             const uint8_t random[static 32], struct ec_sealed *sealed)
{
	uint8_t r[EC_SCALAR_SIZE], s[EC_SCALAR_SIZE], second[EC_POINT_SIZE], point[EC_POINT_SIZE];
	uint8_t w[EC_POINT_SIZE], w2[EC_POINT_SIZE];
	const struct ec_part part[] = {{random, 32},
	                               {plain, EC_SEALED_KEY_SIZE},
	                               {key->commitment[0], EC_POINT_SIZE},
	                               {label.data, label.size}};
	assert(label.size <= EC_THRESHOLD_LABEL_MAX);
	committed(group, key, label, plain, r);
	ec_hash_scalar(group, "edgecord seal s", part, 4, s);
	second_generator(group, second);
	bool good = group->multiply(point, r, key->commitment[0]) &&
	            group->multiply(sealed->b + U2, r, second) && group->multiply(w2, s, second);
	assert(good);
	(void)good;
	group->multiply_base(sealed->b + U, r);
	group->multiply_base(w, s);
	mask(key, point, plain, sealed->b + C);
	challenge(group, key, label, sealed, w, w2, sealed->b + E);
	group->scalar_multiply(sealed->b + F, sealed->b + E, r);
	group->scalar_add(sealed->b + F, sealed->b + F, s);
	ec_erase(r, sizeof r);
	ec_erase(s, sizeof s);
	ec_erase(point, sizeof point);
}

bool ec_sealed_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                    struct ec_bytes label, const struct ec_sealed *sealed)
{
	uint8_t second[EC_POINT_SIZE], w[EC_POINT_SIZE], w2[EC_POINT_SIZE], term[EC_POINT_SIZE];
	uint8_t expected[EC_SCALAR_SIZE];
	const uint8_t *e = sealed->b + E, *f = sealed->b + F;
	if (label.size > EC_THRESHOLD_LABEL_MAX || !group->scalar_good(e) ||
	    !group->scalar_good(f) || !group->point_good(sealed->b + U) ||
	    !group->point_good(sealed->b + U2))
		return false;
	second_generator(group, second);
	group->multiply_base(w, f);
	if (!group->multiply(term, e, sealed->b + U) || !group->subtract(w, w, term) ||
	    !group->multiply(w2, f, second) || !group->multiply(term, e, sealed->b + U2) ||
	    !group->subtract(w2, w2, term))
		return false;
	challenge(group, key, label, sealed, w, w2, expected);
	return memcmp(expected, e, sizeof expected) == 0;
}

/* The claim that `share` begins with member `from`'s share of opening `sealed`. */
static struct ec_dleq_claim claim_of(const struct ec_threshold_key *key, uint32_t from,
                                     const struct ec_sealed *sealed,
                                     const struct ec_threshold_share *share,
                                     uint8_t index[static EC_SCALAR_SIZE],
                                     struct ec_part context[static 3])
{
	ec_member_scalar(from, index);
	context[0] = (struct ec_part){index, EC_SCALAR_SIZE};
	context[1] = (struct ec_part){key->commitment[0], EC_POINT_SIZE};
	context[2] = (struct ec_part){sealed->b, EC_SEALED_SIZE};
	return (struct ec_dleq_claim){.key = key->share_key[from],
	                              .base = sealed->b + U,
	                              .image = share->b,
	                              .domain = "edgecord seal share",
	                              .context = context,
	                              .context_count = 3};
}

void ec_open_share(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                   uint32_t self, const struct ec_threshold_secret *secret,
                   const struct ec_sealed *sealed, const uint8_t random[static 32],
                   struct ec_threshold_share *share)
{
	uint8_t index[EC_SCALAR_SIZE];
	struct ec_part context[3];
	assert(self < key->n);
	bool good = group->multiply(share->b, secret->scalar, sealed->b + U);
	assert(good); /* sealed_good() was asked */
	(void)good;
	struct ec_dleq_claim claim = claim_of(key, self, sealed, share, index, context);
	ec_dleq_prove(group, &claim, secret->scalar, random, share->b + EC_POINT_SIZE);
}

bool ec_open_share_good(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                        uint32_t from, const struct ec_sealed *sealed,
                        const struct ec_threshold_share *share)
{
	uint8_t index[EC_SCALAR_SIZE];
	struct ec_part context[3];
	assert(from < key->n);
	struct ec_dleq_claim claim = claim_of(key, from, sealed, share, index, context);
	return ec_dleq_good(group, &claim, share->b + EC_POINT_SIZE);
}

bool ec_open_combine(const struct ec_prime_group *group, const struct ec_threshold_key *key,
                     const uint32_t *from, const struct ec_threshold_share *share,
                     struct ec_bytes label, const struct ec_sealed *sealed,
                     uint8_t plain[static EC_SEALED_KEY_SIZE])
{
	uint8_t point[EC_POINT_SIZE], r[EC_SCALAR_SIZE], u[EC_POINT_SIZE], product[EC_POINT_SIZE];
	if (!ec_shares_at_0(group, from, key->needed, share, point))
		memset(point, 0, sizeof point);
	mask(key, point, sealed->b + C, plain);
	committed(group, key, label, plain, r);
	group->multiply_base(u, r);
	bool same = memcmp(u, sealed->b + U, sizeof u) == 0 &&
	            group->multiply(product, r, key->commitment[0]) &&
	            memcmp(product, point, sizeof product) == 0;
	ec_erase(r, sizeof r);
	return same;
}
