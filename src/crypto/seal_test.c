/* seal_test.c - a proposer and a member together try to seal two keys into one ciphertext. */
#include "crypto/seal.h"

#include "crypto/ristretto.h"
#include "crypto/sign.h"
#include "crypto/threshold_laws_test.h"

static const struct ec_threshold_crypto *const real = &ec_threshold_ristretto255;
static const uint32_t honest[] = {0, 1}, with_traitor[] = {0, 3};

static int start(void **state)
{
	(void)state;
	return ec_crypto_start() ? 0 : -1;
}

static void mask(const struct laws *laws, const uint8_t *point, const uint8_t *in, uint8_t *out)
{
	const struct ec_part part[] = {{laws->key.commitment[0], 32}, {point, 32}};
	ec_hash bits = ec_hash_short("edgecord seal mask", part, 2);
	for (int i = 0; i < 32; i++)
		out[i] = in[i] ^ bits.b[i];
}

/* A ciphertext that anyone takes for good, of an r and a c that belong together or not. */
static void forge(struct laws *laws, const char *label, const uint8_t *r, const uint8_t *c)
{
	uint8_t second[32], w[32], w2[32], *b = laws->sealed.b;
	const uint8_t s[32] = {77};
	ec_hash_point(&ec_ristretto255, "edgecord seal second generator", NULL, 0, second);
	memcpy(b, c, 32);
	ec_ristretto255.multiply_base(b + 32, r);
	ec_ristretto255.multiply(b + 64, r, second);
	ec_ristretto255.multiply_base(w, s);
	ec_ristretto255.multiply(w2, s, second);
	const struct ec_part part[] = {{laws->key.commitment[0], 32},
	                               {label, strlen(label)},
	                               {b, 32},
	                               {b + 32, 32},
	                               {b + 64, 32},
	                               {w, 32},
	                               {w2, 32}};
	ec_hash_scalar(&ec_ristretto255, "edgecord seal challenge", part, 7, b + 96);
	ec_ristretto255.scalar_multiply(b + 128, b + 96, r);
	ec_ristretto255.scalar_add(b + 128, b + 128, s);
	assert_true(real->sealed_good(real->group, &laws->key, text_bytes(label), &laws->sealed));
}

/* All members' shares of opening it; then the traitor's becomes the one that, with member 0's,
 * leads to `target`.  Whoever knows r needs no secret for that. */
static void shares_of_all(struct laws *laws, const uint8_t *r, const uint8_t *target)
{
	uint8_t weight[2][32], term[32], wanted[32];
	const uint8_t random[32] = {5};
	for (uint32_t i = 0; i < 4; i++)
		real->open_share(real->group, &laws->key, i, &laws->secret[i], &laws->sealed,
		                 random, &laws->share[i]);
	ec_lagrange_at_0(&ec_ristretto255, with_traitor, 2, 0, weight[0]);
	ec_lagrange_at_0(&ec_ristretto255, with_traitor, 2, 1, weight[1]);
	ec_ristretto255.multiply(term, r, laws->key.share_key[0]);
	assert_memory_equal(term, laws->share[0].b, 32); /* member 0's share, foreseen */
	ec_ristretto255.multiply(term, weight[0], term);
	ec_ristretto255.subtract(wanted, target, term);
	ec_ristretto255.scalar_invert(weight[1], weight[1]);
	ec_ristretto255.multiply(laws->share[3].b, weight[1], wanted);
	assert_false(
		real->open_share_good(real->group, &laws->key, 3, &laws->sealed, &laws->share[3]));
	assert_true(
		real->open_share_good(real->group, &laws->key, 0, &laws->sealed, &laws->share[0]));
}

static void two_keys_in_one_ciphertext(void **state)
{
	(void)state;
	static struct laws laws;
	const uint8_t r[32] = {11}, other[32] = {12}, c[32] = {13};
	uint8_t target[32], first[32], second[32], again[32];
	laws_deal(&laws, real, 9, 4);
	forge(&laws, "label", r, c);
	ec_ristretto255.multiply(target, other, laws.key.commitment[0]);
	shares_of_all(&laws, r, target);
	bool opened = laws_open(&laws, honest, "label", first);
	bool opened_too = laws_open(&laws, with_traitor, "label", second);

	/* Without any commitment: each takes what comes out, and they hold different keys. */
	assert_memory_not_equal(first, second, sizeof first);
	mask(&laws, target, c, again);
	assert_memory_equal(second, again, sizeof second); /* the one the traitor chose */

	/* With a hash of the second key beside it: those who combined the traitor's share hold it,
	 * the others find that all shares are good and the ciphertext is not. */
	ec_hash committed = ec_sha256(again, sizeof again), by_honest = ec_sha256(first, 32),
		by_deceived = ec_sha256(second, 32);
	assert_true(ec_hash_equal(&committed, &by_deceived));
	assert_false(ec_hash_equal(&committed, &by_honest));

	/* With u as the commitment: it holds nothing, for both. */
	assert_false(opened || opened_too);
}

/* The same where r is that of the second key, so that u commits to it, and only c is not what that
 * key makes. */
static void a_key_that_u_commits_to_and_c_does_not_hold(void **state)
{
	(void)state;
	static struct laws laws;
	const uint8_t chosen[32] = {21}, other[32] = {22};
	uint8_t r[32], c[32], target[32], plain[32];
	laws_deal(&laws, real, 9, 4);
	const struct ec_part part[] = {{laws.key.commitment[0], 32}, {"label", 5}, {chosen, 32}};
	ec_hash_scalar(&ec_ristretto255, "edgecord seal r", part, 3, r);
	ec_ristretto255.multiply(target, other, laws.key.commitment[0]);
	mask(&laws, target, chosen, c);
	forge(&laws, "label", r, c);
	shares_of_all(&laws, r, target);
	assert_false(laws_open(&laws, with_traitor, "label", plain));
	assert_memory_equal(plain, chosen, sizeof plain);
	assert_false(laws_open(&laws, honest, "label", plain));
}

/* And where c is what a key makes, and only u is of another r. */
static void a_key_that_c_holds_and_u_does_not_commit_to(void **state)
{
	(void)state;
	static struct laws laws;
	const uint8_t chosen[32] = {21}, r[32] = {22};
	uint8_t right[32], c[32], target[32], plain[32];
	laws_deal(&laws, real, 9, 4);
	const struct ec_part part[] = {{laws.key.commitment[0], 32}, {"label", 5}, {chosen, 32}};
	ec_hash_scalar(&ec_ristretto255, "edgecord seal r", part, 3, right);
	ec_ristretto255.multiply(target, right, laws.key.commitment[0]);
	mask(&laws, target, chosen, c);
	forge(&laws, "label", r, c);
	shares_of_all(&laws, r, target);
	assert_false(laws_open(&laws, with_traitor, "label", plain));
	assert_memory_equal(plain, chosen, sizeof plain);
	assert_false(laws_open(&laws, honest, "label", plain));
}

static void an_honest_one_opens_for_both(void **state)
{
	(void)state;
	static struct laws laws;
	const uint32_t last[] = {2, 3};
	uint8_t plain[32];
	laws_deal(&laws, real, 9, 4);
	laws_seal(&laws, "label");
	assert_true(laws_open(&laws, honest, "label", plain));
	assert_true(laws_open(&laws, last, "label", plain));
	laws.share[3] = laws.share[0]; /* copied from another: false, and it shows */
	assert_false(laws_open(&laws, last, "label", plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_keys_in_one_ciphertext),
		cmocka_unit_test(a_key_that_u_commits_to_and_c_does_not_hold),
		cmocka_unit_test(a_key_that_c_holds_and_u_does_not_commit_to),
		cmocka_unit_test(an_honest_one_opens_for_both),
	};
	return cmocka_run_group_tests_name("seal", tests, start, NULL);
}
