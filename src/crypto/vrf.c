/* vrf.c - ECVRF (RFC 9381, section 5) on edwards25519 and on ristretto255, by libsodium.
 *
 * Both groups have the same order, so scalars are those of crypto/ristretto.h for both.  What
 * libsodium 1.0.18 does not offer for edwards25519 is made of what it does:
 *   - decoding a point that may lie outside the subgroup (RFC 8032, 5.1.3): the sum with the
 *     identity exists for points of the curve alone, and is the one encoding of the point;
 *   - multiplying by the cofactor: three doublings, by addition;
 *   - products of points outside the subgroup: refused, as vrf.h says. */
#include "crypto/vrf.h"

#include "crypto/ristretto.h"

#include <assert.h>
#include <sodium.h>

enum { POINT = EC_POINT_SIZE, SCALAR = EC_SCALAR_SIZE, HASH = 64, CHALLENGE = 16 };
_Static_assert(POINT + CHALLENGE + SCALAR == EC_VRF_PROOF_SIZE, "Gamma, c, s");
_Static_assert((int)HASH == (int)EC_VRF_OUTPUT_SIZE && (int)HASH == (int)EC_UNIFORM_SIZE, "hash");

/* What differs between the suites (5.5).  Each false where a point is none of the group. */
struct suite {
	const char *string;
	size_t string_size;
	bool (*point_good)(const uint8_t point[static POINT]);
	bool (*subtract)(uint8_t out[static POINT], const uint8_t a[static POINT],
	                 const uint8_t b[static POINT]);
	bool (*multiply)(uint8_t out[static POINT], const uint8_t scalar[static SCALAR],
	                 const uint8_t point[static POINT]);
	void (*multiply_base)(uint8_t out[static POINT], const uint8_t scalar[static SCALAR]);
	bool (*clear_cofactor)(uint8_t out[static POINT], const uint8_t point[static POINT]);
	bool (*encode)(const struct suite *suite, const uint8_t *key, const void *alpha,
	               size_t size, uint8_t out[static POINT]);
};

/* SHA-512 of the suite's string, a byte that tells uses apart, and parts. */
static void hash(const struct suite *suite, uint8_t use, const struct ec_part *part, size_t count,
                 uint8_t out[static HASH])
{
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, (const uint8_t *)suite->string, suite->string_size);
	crypto_hash_sha512_update(&state, &use, 1);
	for (size_t i = 0; i < count; i++)
		if (part[i].size > 0)
			crypto_hash_sha512_update(&state, part[i].data, part[i].size);
	crypto_hash_sha512_final(&state, out);
	ec_erase(&state, sizeof state);
}

/* ---- edwards25519 ---- */

static const uint8_t identity[POINT] = {1};

static bool edwards_good(const uint8_t point[static POINT])
{
	return crypto_core_ed25519_is_valid_point(point) == 1;
}

static bool edwards_subtract(uint8_t out[static POINT], const uint8_t a[static POINT],
                             const uint8_t b[static POINT])
{
	return crypto_core_ed25519_sub(out, a, b) == 0;
}

/* Also false where the product is the identity. */
static bool edwards_multiply(uint8_t out[static POINT], const uint8_t scalar[static SCALAR],
                             const uint8_t point[static POINT])
{
	return crypto_scalarmult_ed25519_noclamp(out, scalar, point) == 0;
}

static void edwards_multiply_base(uint8_t out[static POINT], const uint8_t scalar[static SCALAR])
{
	if (crypto_scalarmult_ed25519_base_noclamp(out, scalar) != 0)
		memcpy(out, identity, POINT);
}

static bool edwards_clear(uint8_t out[static POINT], const uint8_t point[static POINT])
{
	uint8_t twice[POINT], four_times[POINT];
	return crypto_core_ed25519_add(twice, point, point) == 0 &&
	       crypto_core_ed25519_add(four_times, twice, twice) == 0 &&
	       crypto_core_ed25519_add(out, four_times, four_times) == 0;
}

/* Whether it encodes a point of the curve, of any order (RFC 8032, 5.1.3). */
static bool edwards_decodes(const uint8_t point[static POINT])
{
	uint8_t same[POINT];
	return crypto_core_ed25519_add(same, point, identity) == 0 &&
	       memcmp(same, point, POINT) == 0;
}

/* Try and increment (5.4.1.1): half of the hashes are points. */
static bool edwards_encode(const struct suite *suite, const uint8_t *key, const void *alpha,
                           size_t size, uint8_t out[static POINT])
{
	for (uint32_t counter = 0; counter < 256; counter++) {
		const uint8_t end[2] = {(uint8_t)counter, 0};
		const struct ec_part part[] = {{key, POINT}, {alpha, size}, {end, 2}};
		uint8_t h[HASH];
		hash(suite, 0x01, part, 3, h);
		if (edwards_decodes(h) && edwards_clear(out, h) &&
		    memcmp(out, identity, POINT) != 0)
			return true;
	}
	return false;
}

/* ---- ristretto255 ---- */

static bool ristretto_clear(uint8_t out[static POINT], const uint8_t point[static POINT])
{
	memcpy(out, point, POINT);
	return true;
}

static bool ristretto_encode(const struct suite *suite, const uint8_t *key, const void *alpha,
                             size_t size, uint8_t out[static POINT])
{
	const struct ec_part part[] = {{key, POINT}, {alpha, size}};
	uint8_t h[HASH];
	hash(suite, 0x82, part, 2, h);
	ec_ristretto255.point_of(out, h);
	return ec_ristretto255.point_good(out);
}

static struct suite suite_of(enum ec_vrf_suite suite)
{
	static const char tai[] = "\x03", r255[] = "\377c2sp.org/vrf-r255";
	if (suite == EC_VRF_EDWARDS25519_TAI)
		return (struct suite){
			.string = tai,
			.string_size = sizeof tai - 1,
			.point_good = edwards_good,
			.subtract = edwards_subtract,
			.multiply = edwards_multiply,
			.multiply_base = edwards_multiply_base,
			.clear_cofactor = edwards_clear,
			.encode = edwards_encode,
		};
	assert(suite == EC_VRF_RISTRETTO255);
	return (struct suite){
		.string = r255,
		.string_size = sizeof r255 - 1,
		.point_good = ec_ristretto255.point_good,
		.subtract = ec_ristretto255.subtract,
		.multiply = ec_ristretto255.multiply,
		.multiply_base = ec_ristretto255.multiply_base,
		.clear_cofactor = ristretto_clear,
		.encode = ristretto_encode,
	};
}

/* ---- secrets ---- */

/* RFC 8032, 5.1.5: the scalar keeps its clamped form, which is not below the order. */
static void edwards_secret(struct ec_vrf_secret *secret, const uint8_t sk[static 32])
{
	uint8_t h[HASH];
	crypto_hash_sha512(h, sk, 32);
	h[0] &= 0xf8;
	h[31] = (h[31] & 0x7f) | 0x40;
	memcpy(secret->scalar, h, SCALAR);
	memcpy(secret->nonce_key, h + SCALAR, sizeof secret->nonce_key);
	ec_erase(h, sizeof h);
}

bool ec_vrf_secret_from(struct ec_vrf_secret *secret, enum ec_vrf_suite suite,
                        const uint8_t sk[static 32])
{
	struct suite s = suite_of(suite);
	secret->suite = suite;
	if (suite == EC_VRF_EDWARDS25519_TAI) {
		edwards_secret(secret, sk);
	} else {
		if (!ec_ristretto255.scalar_good(sk) || sodium_is_zero(sk, SCALAR))
			return false;
		memcpy(secret->scalar, sk, SCALAR);
		memcpy(secret->nonce_key, sk, sizeof secret->nonce_key);
	}
	s.multiply_base(secret->key, secret->scalar);
	return true;
}

void ec_vrf_secret_erase(struct ec_vrf_secret *secret)
{
	ec_erase(secret, sizeof *secret);
}

/* ---- proofs ---- */

/* k (5.4.2.2; vrf-r255, "Nonce generation"). */
static void nonce_make(const struct ec_vrf_secret *secret, const struct suite *suite,
                       const uint8_t h[static POINT], uint8_t k[static SCALAR])
{
	uint8_t wide[HASH];
	const struct ec_part part[] = {{secret->nonce_key, 32}, {h, POINT}};
	if (secret->suite == EC_VRF_RISTRETTO255) {
		hash(suite, 0x81, part, 2, wide);
	} else {
		uint8_t both[32 + POINT];
		memcpy(both, secret->nonce_key, 32);
		memcpy(both + 32, h, POINT);
		crypto_hash_sha512(wide, both, sizeof both);
		ec_erase(both, sizeof both);
	}
	ec_ristretto255.scalar_of(k, wide);
	ec_erase(wide, sizeof wide);
}

/* c of the five points (5.4.3), as a scalar. */
static void challenge_make(const struct suite *suite, const uint8_t *key, const uint8_t *h,
                           const uint8_t *gamma, const uint8_t *u, const uint8_t *v,
                           uint8_t c[static SCALAR])
{
	const struct ec_part part[] = {{key, POINT}, {h, POINT}, {gamma, POINT},
	                               {u, POINT},   {v, POINT}, {"", 1}};
	uint8_t full[HASH];
	hash(suite, 0x02, part, 6, full);
	memset(c, 0, SCALAR);
	memcpy(c, full, CHALLENGE);
}

bool ec_vrf_prove(const struct ec_vrf_secret *secret, const void *alpha, size_t size,
                  uint8_t proof[static EC_VRF_PROOF_SIZE])
{
	struct suite suite = suite_of(secret->suite);
	uint8_t h[POINT], gamma[POINT], u[POINT], v[POINT], k[SCALAR], c[SCALAR], s[SCALAR];
	if (!suite.encode(&suite, secret->key, alpha, size, h) ||
	    !suite.multiply(gamma, secret->scalar, h))
		return false;
	nonce_make(secret, &suite, h, k);
	suite.multiply_base(u, k);
	bool made = suite.multiply(v, k, h);
	challenge_make(&suite, secret->key, h, gamma, u, v, c);
	ec_ristretto255.scalar_multiply(s, c, secret->scalar);
	ec_ristretto255.scalar_add(s, s, k);
	memcpy(proof, gamma, POINT);
	memcpy(proof + POINT, c, CHALLENGE);
	memcpy(proof + POINT + CHALLENGE, s, SCALAR);
	ec_erase(k, sizeof k);
	return made;
}

/* The parts of a proof (5.4.4). */
struct parts {
	uint8_t gamma[POINT], c[SCALAR], s[SCALAR];
};

static bool parts_read(const struct suite *suite, const uint8_t proof[static EC_VRF_PROOF_SIZE],
                       struct parts *parts)
{
	*parts = (struct parts){0};
	memcpy(parts->gamma, proof, POINT);
	memcpy(parts->c, proof + POINT, CHALLENGE);
	memcpy(parts->s, proof + POINT + CHALLENGE, SCALAR);
	return suite->point_good(parts->gamma) && ec_ristretto255.scalar_good(parts->s);
}

/* U = s B - c Y, V = s H - c Gamma (5.3). */
static bool points_of(const struct suite *suite, const uint8_t *key, const uint8_t *h,
                      const struct parts *parts, uint8_t u[static POINT], uint8_t v[static POINT])
{
	uint8_t term[POINT];
	suite->multiply_base(u, parts->s);
	return suite->multiply(term, parts->c, key) && suite->subtract(u, u, term) &&
	       suite->multiply(v, parts->s, h) && suite->multiply(term, parts->c, parts->gamma) &&
	       suite->subtract(v, v, term);
}

static bool output_make(const struct suite *suite, const uint8_t gamma[static POINT],
                        uint8_t output[static EC_VRF_OUTPUT_SIZE])
{
	uint8_t cleared[POINT];
	if (!suite->clear_cofactor(cleared, gamma))
		return false;
	const struct ec_part part[] = {{cleared, POINT}, {"", 1}};
	hash(suite, 0x03, part, 2, output);
	return true;
}

bool ec_vrf_verify(enum ec_vrf_suite suite, const uint8_t key[static EC_VRF_KEY_SIZE],
                   const void *alpha, size_t size, const uint8_t proof[static EC_VRF_PROOF_SIZE],
                   uint8_t output[static EC_VRF_OUTPUT_SIZE])
{
	struct suite s = suite_of(suite);
	struct parts parts;
	uint8_t h[POINT], u[POINT], v[POINT], c[SCALAR];
	if (!s.point_good(key) || !parts_read(&s, proof, &parts) ||
	    !s.encode(&s, key, alpha, size, h) || !points_of(&s, key, h, &parts, u, v))
		return false;
	challenge_make(&s, key, h, parts.gamma, u, v, c);
	return memcmp(c, parts.c, SCALAR) == 0 && output_make(&s, parts.gamma, output);
}

bool ec_vrf_output(enum ec_vrf_suite suite, const uint8_t proof[static EC_VRF_PROOF_SIZE],
                   uint8_t output[static EC_VRF_OUTPUT_SIZE])
{
	struct suite s = suite_of(suite);
	struct parts parts;
	return parts_read(&s, proof, &parts) && output_make(&s, parts.gamma, output);
}
