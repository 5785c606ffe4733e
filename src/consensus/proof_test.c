/* proof_test.c - one signature over a flush: each message's proof shows that message and no other.
 */
#include "consensus/proof.h"

#include "base/test.h"

enum { MESSAGES = 11 };

struct flush {
	struct ec_pool *pool;
	struct ec_secret secret;
	ec_hash domain, digest;
	uint8_t heads[MESSAGES][8];
	struct ec_bytes proofs[MESSAGES];
	uint32_t count;
};

static struct ec_bytes head_of(const struct flush *flush, uint32_t i)
{
	return (struct ec_bytes){.data = flush->heads[i], .size = 1 + i % 8};
}

static void flush_make(struct flush *flush, uint32_t count)
{
	ec_hash leaves[MESSAGES];
	*flush = (struct flush){.pool = ec_pool_new(0), .domain = {{9}}, .digest = {{8}}};
	flush->count = count;
	assert_true(ec_crypto_start());
	ec_secret_from_seed(&flush->secret, (const uint8_t[EC_SEED_SIZE]){1});
	for (uint32_t i = 0; i < count; i++) {
		memset(flush->heads[i], (int)i, sizeof flush->heads[i]);
		leaves[i] = ec_proof_leaf(&flush->domain, head_of(flush, i), &flush->digest);
	}
	ec_proof_make(&ec_crypto_ed25519, &flush->secret, &flush->domain, leaves, count,
	              flush->pool, flush->proofs);
}

static void flush_end(struct flush *flush)
{
	for (uint32_t i = 0; i < flush->count; i++)
		ec_drop(flush->proofs[i]);
	assert_int_equal(ec_pool_live(flush->pool), 0);
	ec_pool_free(flush->pool);
}

static bool shown(const struct flush *flush, struct ec_bytes head, struct ec_bytes proof)
{
	return ec_proof_verify(&ec_crypto_ed25519, flush->secret.key, &flush->domain, head,
	                       &flush->digest, proof);
}

static void each_proof_shows_its_message_only(void **state)
{
	(void)state;
	for (uint32_t count = 1; count <= MESSAGES; count++) {
		struct flush flush;
		flush_make(&flush, count);
		for (uint32_t i = 0; i < count; i++)
			for (uint32_t k = 0; k < count; k++)
				assert_int_equal(shown(&flush, head_of(&flush, k), flush.proofs[i]),
				                 i == k);
		flush_end(&flush);
	}
}

static void every_byte_flipped_is_refused(void **state)
{
	(void)state;
	struct flush flush;
	flush_make(&flush, MESSAGES);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct ec_bytes proof = flush.proofs[i];
		for (size_t at = 0; at < proof.size; at++) {
			for (int bit = 0; bit < 8; bit++) {
				ec_writable(proof)[at] ^= (uint8_t)(1 << bit);
				if (shown(&flush, head_of(&flush, i), proof))
					fail_msg("message %u: byte %zu bit %d", i, at, bit);
				ec_writable(proof)[at] ^= (uint8_t)(1 << bit);
			}
		}
		for (size_t size = 0; size < proof.size; size++)
			assert_false(shown(&flush, head_of(&flush, i), ec_slice(proof, 0, size)));
	}
	flush_end(&flush);
}

static void another_domain_digest_head_or_key_is_refused(void **state)
{
	(void)state;
	struct flush flush;
	flush_make(&flush, 3);
	struct ec_bytes head = head_of(&flush, 1), proof = flush.proofs[1];
	struct flush other = flush;
	assert_true(shown(&other, head, proof));
	other.domain.b[31] ^= 1;
	assert_false(shown(&other, head, proof));
	other = flush;
	other.digest.b[0] ^= 1;
	assert_false(shown(&other, head, proof));
	other = flush;
	other.secret.key[0] ^= 1;
	assert_false(shown(&other, head, proof));
	other = flush;
	assert_false(shown(&other, ec_slice(head, 0, head.size - 1), proof));
	/* The head's size is hashed: bytes cannot move between head and digest. */
	other.heads[1][head.size] = 1;
	head.size++;
	assert_false(shown(&other, head, proof));
	flush_end(&flush);
}

static uint32_t verifies;

static bool counting_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                            const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	verifies++;
	return ec_verify(key, message, size, signature);
}

static void with_a_memo_a_flush_costs_one_check(void **state)
{
	(void)state;
	const struct ec_crypto counting = {.verify = counting_verify, .sign = ec_sign};
	struct ec_proof_memo memo = {.set = false};
	struct flush flush;
	flush_make(&flush, MESSAGES);
	verifies = 0;
	for (uint32_t i = 0; i < MESSAGES; i++)
		for (uint32_t k = 0; k < MESSAGES; k++)
			assert_int_equal(ec_proof_verify_memo(&memo, &counting, flush.secret.key,
			                                      &flush.domain, head_of(&flush, k),
			                                      &flush.digest, flush.proofs[i]),
			                 i == k);
	/* A wrong path gives another root, which no memo knows. */
	assert_int_equal(verifies, 1 + MESSAGES * (MESSAGES - 1));
	for (size_t at = 0; at < flush.proofs[0].size; at++) {
		ec_writable(flush.proofs[0])[at] ^= 1;
		assert_false(ec_proof_verify_memo(&memo, &counting, flush.secret.key, &flush.domain,
		                                  head_of(&flush, 0), &flush.digest,
		                                  flush.proofs[0]));
		ec_writable(flush.proofs[0])[at] ^= 1;
	}
	flush.secret.key[0] ^= 1;
	assert_false(ec_proof_verify_memo(&memo, &counting, flush.secret.key, &flush.domain,
	                                  head_of(&flush, 0), &flush.digest, flush.proofs[0]));
	flush.secret.key[0] ^= 1;
	flush_end(&flush);
}

static void a_largest_flush_fits_and_oversize_is_refused(void **state)
{
	(void)state;
	static ec_hash leaves[EC_PROOF_LEAVES_MAX];
	static struct ec_bytes proofs[EC_PROOF_LEAVES_MAX];
	struct flush flush;
	flush_make(&flush, 1);
	uint8_t number[2];
	for (uint32_t i = 0; i < EC_PROOF_LEAVES_MAX; i++) {
		number[0] = (uint8_t)i;
		number[1] = (uint8_t)(i >> 8);
		struct ec_bytes head = {.data = number, .size = 2};
		leaves[i] = ec_proof_leaf(&flush.domain, head, &flush.digest);
	}
	ec_proof_make(&ec_crypto_ed25519, &flush.secret, &flush.domain, leaves, EC_PROOF_LEAVES_MAX,
	              flush.pool, proofs);
	struct ec_bytes head = {.data = number, .size = 2};
	struct ec_bytes last = proofs[EC_PROOF_LEAVES_MAX - 1];
	assert_int_equal(last.size, EC_PROOF_SIZE_MAX);
	assert_true(shown(&flush, head, last));
	uint8_t longer[EC_PROOF_SIZE_MAX + 32] = {0};
	memcpy(longer, last.data, last.size);
	assert_false(shown(&flush, head, (struct ec_bytes){.data = longer, .size = sizeof longer}));
	for (uint32_t i = 0; i < EC_PROOF_LEAVES_MAX; i++)
		ec_drop(proofs[i]);
	flush_end(&flush);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_proof_shows_its_message_only),
		cmocka_unit_test(every_byte_flipped_is_refused),
		cmocka_unit_test(another_domain_digest_head_or_key_is_refused),
		cmocka_unit_test(with_a_memo_a_flush_costs_one_check),
		cmocka_unit_test(a_largest_flush_fits_and_oversize_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
