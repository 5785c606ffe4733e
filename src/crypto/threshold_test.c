/* threshold_test.c - coins and seals on ristretto255. */
#include "crypto/threshold.h"

#include "crypto/sign.h"
#include "crypto/threshold_laws_test.h"
#include "crypto/verifier.h"

static const struct ec_threshold_crypto *const real = &ec_threshold_ristretto255;

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

static void every_subset_agrees(void **state)
{
	(void)state;
	assert_ptr_equal(ec_crypto_ed25519.threshold, real);
	law_every_subset_agrees(real, 1);
	law_every_subset_agrees(real, 4);
	law_every_subset_agrees(real, 7);
	law_every_subset_agrees(real, 31);
}

static void a_share_serves_one_place(void **state)
{
	(void)state;
	law_a_share_serves_one_place(real, 3); /* f = 0: all share keys are the same */
	law_a_share_serves_one_place(real, 4);
}

static void a_label_binds(void **state)
{
	(void)state;
	law_a_label_binds(real);
}

static void every_bit_counts(void **state)
{
	(void)state;
	law_every_bit_counts(real);
}

static void a_false_share_shows(void **state)
{
	(void)state;
	law_a_false_share_shows(real);
}

static void keys_out_of_range_are_refused(void **state)
{
	(void)state;
	law_keys_out_of_range_are_refused(real);
}

/* The order of the group, little-endian (RFC 9496, 4.4). */
static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                  0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static void add_order(uint8_t scalar[static 32])
{
	unsigned carry = 0;
	for (int i = 0; i < 32; i++) {
		carry += scalar[i] + order[i];
		scalar[i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(carry, 0);
}

static void a_share_has_one_encoding(void **state)
{
	(void)state;
	static struct laws laws;
	laws_deal(&laws, real, 7, 4);
	laws_throw(&laws, "name");
	struct ec_threshold_share share = laws.share[0];
	add_order(share.b + 64); /* libsodium's products would come out the same */
	assert_false(real->coin_share_good(real->group, &laws.key, 0, text_bytes("name"), &share));
	share = laws.share[0];
	add_order(share.b + 32);
	assert_false(real->coin_share_good(real->group, &laws.key, 0, text_bytes("name"), &share));
	memset(share.b, 0, sizeof share.b);
	assert_false(real->coin_share_good(real->group, &laws.key, 0, text_bytes("name"), &share));
	laws_seal(&laws, "label");
	struct ec_sealed sealed = laws.sealed;
	add_order(sealed.b + 128);
	assert_false(real->sealed_good(real->group, &laws.key, text_bytes("label"), &sealed));
	memset(sealed.b, 0, sizeof sealed.b);
	assert_false(real->sealed_good(real->group, &laws.key, text_bytes("label"), &sealed));
	/* p + 1 is 1 modulo p, and 1 is the encoding of no point; p itself would be the identity.
	 */
	uint8_t p[32];
	memset(p, 0xff, sizeof p);
	p[0] = 0xed;
	p[31] = 0x7f;
	assert_false(real->group->point_good(p));
	assert_false(real->group->scalar_good(order));
}

static void zero_and_the_identity_are_no_errors_of_algebra(void **state)
{
	(void)state;
	const struct ec_prime_group *group = real->group;
	const uint8_t zero[32] = {0}, two[32] = {2}, one[32] = {1};
	uint8_t base[32], out[32], inverse[32];
	group->multiply_base(base, one);
	assert_true(group->multiply(out, zero, base));
	assert_memory_equal(out, zero, 32);
	assert_true(group->multiply(out, two, zero));
	assert_memory_equal(out, zero, 32);
	group->multiply_base(out, zero);
	assert_memory_equal(out, zero, 32);
	assert_true(group->add(out, base, zero));
	assert_memory_equal(out, base, 32);
	assert_true(group->subtract(out, out, out));
	assert_memory_equal(out, zero, 32);
	assert_false(group->point_good(zero));
	assert_false(group->multiply(out, two, order)); /* no encoding of a point */
	group->scalar_invert(inverse, two);
	group->scalar_multiply(inverse, inverse, two);
	assert_memory_equal(inverse, one, 32);
	assert_true(group->multiply(out, two, base));
	assert_true(group->subtract(out, out, base));
	assert_memory_equal(out, base, 32);
}

/* The generator's multiples 1 and 2 of RFC 9496, A.1. */
static void the_group_is_ristretto255(void **state)
{
	(void)state;
	static const uint8_t first[8] = {0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71};
	static const uint8_t second[8] = {0x6a, 0x49, 0x32, 0x10, 0xf7, 0x49, 0x9c, 0xd1};
	const uint8_t one[32] = {1}, two[32] = {2};
	uint8_t out[32];
	real->group->multiply_base(out, one);
	assert_memory_equal(out, first, sizeof first);
	real->group->multiply_base(out, two);
	assert_memory_equal(out, second, sizeof second);
}

/* Of RFC 9496, A.2, those that are easily written: not below p, negative; and our own with the
 * highest bit, which libsodium 1.0.18 takes. */
static void a_point_has_one_encoding(void **state)
{
	(void)state;
	const struct ec_prime_group *group = real->group;
	const uint8_t one[32] = {1};
	uint8_t base[32], out[32], high[32], bad[4][32];
	memset(bad, 0xff, sizeof bad);
	bad[0][0] = 0; /* 00ff..ff */
	bad[1][31] = 0x7f;
	bad[2][0] = 0xf3;
	bad[2][31] = 0x7f;
	memcpy(bad[3], one, sizeof one); /* 1 is odd, hence negative */
	group->multiply_base(base, one);
	memcpy(high, base, sizeof high);
	high[31] |= 0x80;
	for (int i = 0; i < 5; i++) {
		const uint8_t *point = i < 4 ? bad[i] : high;
		assert_false(group->point_good(point));
		assert_false(group->add(out, point, base));
		assert_false(group->add(out, base, point));
		assert_false(group->subtract(out, point, base));
		assert_false(group->subtract(out, base, point));
		assert_false(group->multiply(out, one, point));
	}
	assert_true(group->point_good(base));
}

static void a_nonce_depends_on_the_message(void **state)
{
	(void)state;
	static struct laws laws;
	struct ec_threshold_share first, second;
	const uint8_t random[32] = {3};
	laws_deal(&laws, real, 8, 4);
	/* The same random bytes twice: were the nonces equal, z1 - z2 = (c1 - c2) x would give x.
	 */
	real->coin_share(real->group, &laws.key, 0, &laws.secret[0], text_bytes("one"), random,
	                 &first);
	real->coin_share(real->group, &laws.key, 0, &laws.secret[0], text_bytes("two"), random,
	                 &second);
	uint8_t z[32], c[32], x[32];
	real->group->scalar_subtract(z, first.b + 64, second.b + 64);
	real->group->scalar_subtract(c, first.b + 32, second.b + 32);
	real->group->scalar_invert(c, c);
	real->group->scalar_multiply(x, z, c);
	assert_memory_not_equal(x, laws.secret[0].scalar, sizeof x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_group_is_ristretto255),
		cmocka_unit_test(zero_and_the_identity_are_no_errors_of_algebra),
		cmocka_unit_test(every_subset_agrees),
		cmocka_unit_test(a_share_serves_one_place),
		cmocka_unit_test(a_label_binds),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(a_false_share_shows),
		cmocka_unit_test(a_share_has_one_encoding),
		cmocka_unit_test(a_point_has_one_encoding),
		cmocka_unit_test(a_nonce_depends_on_the_message),
		cmocka_unit_test(keys_out_of_range_are_refused),
	};
	return cmocka_run_group_tests_name("threshold", tests, start, NULL);
}
