/* vrf_test.c - ECVRF against the vectors of RFC 9381 and of c2sp.org/vrf-r255, and against what
 * must be refused.  The source is included for what lies between input and proof. */
#include "crypto/vrf.c"

#include "base/hex_test.h"
#include "base/shared_test.h"
#include "crypto/sign.h"

#include <jansson.h>

enum { ALPHA_MAX = 64 };

struct vector {
	const char *sk, *pk, *alpha, *x, *h, *k, *u, *v, *pi, *beta;
};

static void expect(const uint8_t *bytes, size_t size, const char *hex)
{
	uint8_t wanted[EC_VRF_PROOF_SIZE];
	assert_int_equal(unhex(hex, wanted, sizeof wanted), size);
	assert_memory_equal(bytes, wanted, size);
}

static void vector_check(enum ec_vrf_suite which, const struct vector *vector)
{
	struct suite suite = suite_of(which);
	struct ec_vrf_secret secret;
	struct parts parts;
	uint8_t sk[32], alpha[ALPHA_MAX], h[POINT], k[SCALAR], u[POINT], v[POINT];
	uint8_t proof[EC_VRF_PROOF_SIZE], output[EC_VRF_OUTPUT_SIZE];
	assert_int_equal(unhex(vector->sk, sk, sizeof sk), sizeof sk);
	size_t size = unhex(vector->alpha, alpha, sizeof alpha);
	assert_true(ec_vrf_secret_from(&secret, which, sk));
	expect(secret.key, sizeof secret.key, vector->pk);
	expect(secret.scalar, sizeof secret.scalar, vector->x);
	assert_true(suite.encode(&suite, secret.key, alpha, size, h));
	expect(h, sizeof h, vector->h);
	nonce_make(&secret, &suite, h, k);
	expect(k, sizeof k, vector->k);
	assert_true(ec_vrf_prove(&secret, alpha, size, proof));
	expect(proof, sizeof proof, vector->pi);
	assert_true(parts_read(&suite, proof, &parts));
	assert_true(points_of(&suite, secret.key, h, &parts, u, v));
	expect(u, sizeof u, vector->u);
	expect(v, sizeof v, vector->v);
	assert_true(ec_vrf_verify(which, secret.key, alpha, size, proof, output));
	expect(output, sizeof output, vector->beta);
	memset(output, 0, sizeof output);
	assert_true(ec_vrf_output(which, proof, output));
	expect(output, sizeof output, vector->beta);
}

static const char *field(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void the_vectors_of_rfc_9381(void **state)
{
	(void)state;
	char path[512];
	if (!ec_shared_path(path, sizeof path, "vectors/ecvrf-rfc9381/ecvrf.json"))
		return;
	json_t *all = json_load_file(path, 0, NULL), *one;
	size_t i, checked = 0;
	assert_non_null(all);
	json_array_foreach(json_object_get(all, "vectors"), i, one)
	{
		if (strcmp(field(one, "suite"), "ECVRF-EDWARDS25519-SHA512-TAI") != 0)
			continue;
		struct vector vector = {field(one, "SK"),  field(one, "PK"), field(one, "alpha"),
		                        field(one, "x"),   field(one, "H"),  field(one, "k"),
		                        field(one, "U"),   field(one, "V"),  field(one, "pi"),
		                        field(one, "beta")};
		vector_check(EC_VRF_EDWARDS25519_TAI, &vector);
		checked++;
	}
	json_decref(all);
	assert_int_equal(checked, 3);
}

/* The one that c2sp.org/vrf-r255 publishes, "Test vector". */
static void the_vector_of_vrf_r255(void **state)
{
	(void)state;
	static const struct vector vector = {
		.sk = "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500",
		.pk = "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e",
		.alpha = "633273702e6f72672f7672662d72323535",
		.x = "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500",
		.h = "f245308737c2a888ba56448c8cdbce9d063b57b147e063ce36c580194ef31a63",
		.k = "d32fcc5ae91ba05704da9df434f22fd4c2c373fdd8294bbb58bf27292aeec00a",
		.u = "9a30709d72de12d67f7af1cd8695ff16214d2d4600ae5f478873d2e7ed0ece73",
		.v = "5e727d972b11f6490b0b1ba8147775bceb1a2cb523b381fa22d5a5c0e97d4744",
		.pi = "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff926"
		      "5c805525233e2284dbed45e593b8eea31d5ca9734d72bcbba9738d5237f955f3"
		      "b2422351149d1312503b6441a47c940c",
		.beta = "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e182736"
			"03bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794",
	};
	vector_check(EC_VRF_RISTRETTO255, &vector);
}

/* ---- what must be refused ---- */

struct honest {
	enum ec_vrf_suite suite;
	struct ec_vrf_secret secret;
	uint8_t proof[EC_VRF_PROOF_SIZE];
};

static const char alpha[] = "round 7";

static bool verifies(enum ec_vrf_suite suite, const uint8_t *key, const uint8_t *proof)
{
	uint8_t output[EC_VRF_OUTPUT_SIZE];
	return ec_vrf_verify(suite, key, alpha, sizeof alpha, proof, output);
}

static struct honest honest_make(enum ec_vrf_suite suite)
{
	struct honest honest = {.suite = suite};
	uint8_t sk[32] = {0};
	sk[0] = 9;
	assert_true(ec_vrf_secret_from(&honest.secret, suite, sk));
	assert_true(ec_vrf_prove(&honest.secret, alpha, sizeof alpha, honest.proof));
	assert_true(verifies(suite, honest.secret.key, honest.proof));
	return honest;
}

static void turned_bits_are_refused(void **state)
{
	(void)state;
	for (enum ec_vrf_suite suite = 0; suite <= EC_VRF_RISTRETTO255; suite++) {
		struct honest honest = honest_make(suite);
		uint8_t output[EC_VRF_OUTPUT_SIZE], other[sizeof alpha];
		for (uint32_t bit = 0; bit < 8 * EC_VRF_PROOF_SIZE; bit += bit % 8 ? 7 : 1) {
			honest.proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(verifies(suite, honest.secret.key, honest.proof));
			honest.proof[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (uint32_t byte = 0; byte < EC_VRF_KEY_SIZE; byte++) {
			honest.secret.key[byte] ^= 2;
			assert_false(verifies(suite, honest.secret.key, honest.proof));
			honest.secret.key[byte] ^= 2;
		}
		memcpy(other, alpha, sizeof other);
		other[3] ^= 1;
		assert_false(ec_vrf_verify(suite, honest.secret.key, other, sizeof other,
		                           honest.proof, output));
		assert_false(ec_vrf_verify(suite, honest.secret.key, alpha, sizeof alpha - 1,
		                           honest.proof, output));
		assert_false(
			verifies(EC_VRF_RISTRETTO255 - suite, honest.secret.key, honest.proof));
		assert_true(verifies(suite, honest.secret.key, honest.proof));
	}
}

/* s plus the order is the same number modulo the order, and another string. */
static void a_scalar_has_one_encoding(void **state)
{
	(void)state;
	static const uint8_t order[] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
	                                0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	                                0,    0,    0,    0,    0,    0,    0,    0,
	                                0,    0,    0,    0,    0,    0,    0,    0x10};
	for (enum ec_vrf_suite suite = 0; suite <= EC_VRF_RISTRETTO255; suite++) {
		struct honest honest = honest_make(suite);
		uint8_t output[EC_VRF_OUTPUT_SIZE];
		uint32_t carry = 0;
		for (uint32_t i = 0; i < 32; i++) {
			carry += honest.proof[48 + i] + order[i];
			honest.proof[48 + i] = (uint8_t)carry;
			carry >>= 8;
		}
		assert_int_equal(carry, 0);
		assert_false(verifies(suite, honest.secret.key, honest.proof));
		assert_false(ec_vrf_output(suite, honest.proof, output));
	}
	struct ec_vrf_secret secret;
	static const uint8_t zero[32];
	assert_false(ec_vrf_secret_from(&secret, EC_VRF_RISTRETTO255, order));
	assert_false(ec_vrf_secret_from(&secret, EC_VRF_RISTRETTO255, zero));
}

/* Points of order 1, 2, 4 and 8, canonical, and the first two in another encoding. */
static const char *const small_points[] = {
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void points_of_small_order_are_refused(void **state)
{
	(void)state;
	for (enum ec_vrf_suite suite = 0; suite <= EC_VRF_RISTRETTO255; suite++) {
		struct honest honest = honest_make(suite), changed = honest;
		uint8_t output[EC_VRF_OUTPUT_SIZE];
		for (uint32_t i = 0; i < sizeof small_points / sizeof *small_points; i++) {
			unhex(small_points[i], changed.proof, POINT);
			assert_false(verifies(suite, honest.secret.key, changed.proof));
			assert_false(ec_vrf_output(suite, changed.proof, output));
			unhex(small_points[i], changed.secret.key, POINT);
			assert_false(verifies(suite, changed.secret.key, honest.proof));
		}
	}
}

/* Gamma and the key of edwards25519 with a part of order 8: on the curve, outside the subgroup. */
static void points_outside_the_subgroup_are_refused(void **state)
{
	(void)state;
	struct honest honest = honest_make(EC_VRF_EDWARDS25519_TAI), changed = honest;
	uint8_t eighth[POINT], output[EC_VRF_OUTPUT_SIZE];
	unhex(small_points[3], eighth, sizeof eighth);
	assert_int_equal(crypto_core_ed25519_add(changed.proof, honest.proof, eighth), 0);
	assert_int_equal(crypto_core_ed25519_add(changed.secret.key, honest.secret.key, eighth), 0);
	assert_true(edwards_decodes(changed.proof) && edwards_decodes(changed.secret.key));
	assert_false(verifies(honest.suite, honest.secret.key, changed.proof));
	assert_false(ec_vrf_output(honest.suite, changed.proof, output));
	assert_false(verifies(honest.suite, changed.secret.key, honest.proof));
}

/* RFC 8032, 5.1.3: hashes that are tried as points are taken only in the one encoding. */
static void only_canonical_hashes_are_points(void **state)
{
	(void)state;
	uint8_t point[POINT];
	for (uint32_t i = 0; i < sizeof small_points / sizeof *small_points; i++) {
		unhex(small_points[i], point, sizeof point);
		assert_int_equal(edwards_decodes(point), i < 4);
	}
	/* y = 2 is of no point; y = 3 is of two. */
	uint8_t y[POINT] = {2};
	assert_false(edwards_decodes(y));
	y[0] = 3;
	assert_true(edwards_decodes(y));
	y[31] = 0x80;
	assert_true(edwards_decodes(y));
}

static void keys_and_inputs_give_different_outputs(void **state)
{
	(void)state;
	enum { MANY = 40 };
	for (enum ec_vrf_suite suite = 0; suite <= EC_VRF_RISTRETTO255; suite++) {
		uint8_t output[MANY][EC_VRF_OUTPUT_SIZE];
		for (uint8_t i = 0; i < MANY; i++) {
			struct ec_vrf_secret secret;
			uint8_t sk[32] = {(uint8_t)(1 + i / 8)}, input = i % 8, proof[80];
			assert_true(ec_vrf_secret_from(&secret, suite, sk));
			assert_true(ec_vrf_prove(&secret, &input, 1, proof));
			assert_true(ec_vrf_verify(suite, secret.key, &input, 1, proof, output[i]));
			for (uint8_t k = 0; k < i; k++)
				assert_memory_not_equal(output[i], output[k], sizeof output[i]);
			ec_vrf_secret_erase(&secret);
			assert_true(sodium_is_zero((const uint8_t *)&secret, sizeof secret));
		}
	}
}

/* An Ed25519 key pair of this program serves as it is. */
static void identity_keys_are_keys_of_suite_3(void **state)
{
	(void)state;
	struct ec_secret identity_secret;
	struct ec_vrf_secret secret;
	const uint8_t seed[EC_SEED_SIZE] = {4, 2};
	ec_secret_from_seed(&identity_secret, seed);
	assert_true(ec_vrf_secret_from(&secret, EC_VRF_EDWARDS25519_TAI, seed));
	assert_memory_equal(secret.key, identity_secret.key, EC_KEY_SIZE);
}

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_9381),
		cmocka_unit_test(the_vector_of_vrf_r255),
		cmocka_unit_test(turned_bits_are_refused),
		cmocka_unit_test(a_scalar_has_one_encoding),
		cmocka_unit_test(points_of_small_order_are_refused),
		cmocka_unit_test(points_outside_the_subgroup_are_refused),
		cmocka_unit_test(only_canonical_hashes_are_points),
		cmocka_unit_test(keys_and_inputs_give_different_outputs),
		cmocka_unit_test(identity_keys_are_keys_of_suite_3),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
