/* proof.c - one signature over many messages: a Merkle tree over a flush. */
#include "consensus/proof.h"

#include "base/codec.h"
#include "crypto/merkle.h"

#include <assert.h>

static const char CONTEXT[] = "edgecord/message/1";
enum { CONTEXT_SIZE = sizeof CONTEXT - 1, SIGNED_SIZE = EC_PROOF_SIGNED_SIZE };
_Static_assert(SIGNED_SIZE == CONTEXT_SIZE + 32 + 4 + 32, "context, domain, count, root");

ec_hash ec_proof_leaf(const ec_hash *domain, struct ec_bytes head, const ec_hash *digest)
{
	uint8_t size[4];
	struct ec_writer writer = ec_writer_over(size, sizeof size);
	assert(head.size <= UINT32_MAX);
	ec_write_u32(&writer, (uint32_t)head.size);
	const struct ec_part parts[] = {{"", 1},
	                                {domain->b, sizeof domain->b},
	                                {size, sizeof size},
	                                {head.data, head.size},
	                                {digest->b, sizeof digest->b}};
	return ec_sha256_parts(parts, sizeof parts / sizeof parts[0]);
}

static void signed_text(uint8_t out[static SIGNED_SIZE], const ec_hash *domain, uint32_t count,
                        const ec_hash *root)
{
	struct ec_writer writer = ec_writer_over(out, SIGNED_SIZE);
	ec_write_raw(&writer, CONTEXT, CONTEXT_SIZE);
	ec_write_hash(&writer, domain);
	ec_write_u32(&writer, count);
	ec_write_hash(&writer, root);
	assert(writer.size == SIGNED_SIZE);
}

void ec_proof_make(const struct ec_crypto *crypto, const struct ec_secret *secret,
                   const ec_hash *domain, const ec_hash *leaves, uint32_t count,
                   struct ec_pool *pool, struct ec_bytes *proofs)
{
	assert(count >= 1 && count <= EC_PROOF_LEAVES_MAX);
	ec_hash root = ec_merkle_root(leaves, count);
	uint8_t text[SIGNED_SIZE], signature[EC_SIGNATURE_SIZE];
	signed_text(text, domain, count, &root);
	crypto->sign(secret, text, sizeof text, signature);
	for (uint32_t i = 0; i < count; i++) {
		ec_hash path[EC_MERKLE_PATH_MAX];
		uint32_t length = ec_merkle_path(leaves, count, i, path);
		size_t size = 8 + (size_t)length * 32 + EC_SIGNATURE_SIZE;
		proofs[i] = ec_pool_take(pool, size);
		struct ec_writer writer = ec_writer_over(ec_writable(proofs[i]), size);
		ec_write_u32(&writer, i);
		ec_write_u32(&writer, count);
		ec_write_raw(&writer, path, (size_t)length * 32);
		ec_write_raw(&writer, signature, sizeof signature);
		assert(ec_writer_ok(&writer) && writer.size == size);
	}
}

static bool memo_has(const struct ec_proof_memo *memo, const uint8_t *key, const uint8_t *text,
                     const uint8_t *signature)
{
	return memo->set && memcmp(memo->key, key, sizeof memo->key) == 0 &&
	       memcmp(memo->text, text, sizeof memo->text) == 0 &&
	       memcmp(memo->signature, signature, sizeof memo->signature) == 0;
}

static void memo_set(struct ec_proof_memo *memo, const uint8_t *key, const uint8_t *text,
                     const uint8_t *signature)
{
	memo->set = true;
	memcpy(memo->key, key, sizeof memo->key);
	memcpy(memo->text, text, sizeof memo->text);
	memcpy(memo->signature, signature, sizeof memo->signature);
}

bool ec_proof_verify_memo(struct ec_proof_memo *memo, const struct ec_crypto *crypto,
                          const uint8_t key[static EC_KEY_SIZE], const ec_hash *domain,
                          struct ec_bytes head, const ec_hash *digest, struct ec_bytes proof)
{
	if (proof.size < 8 + EC_SIGNATURE_SIZE || proof.size > EC_PROOF_SIZE_MAX)
		return false;
	struct ec_reader reader = ec_reader_over(proof.data, proof.size);
	uint32_t index = ec_read_u32(&reader);
	uint32_t count = ec_read_u32(&reader);
	size_t path_size = proof.size - 8 - EC_SIGNATURE_SIZE;
	if (count > EC_PROOF_LEAVES_MAX || index >= count || path_size % 32)
		return false;
	ec_hash path[EC_MERKLE_PATH_MAX], root, leaf = ec_proof_leaf(domain, head, digest);
	memcpy(path, ec_read_raw(&reader, path_size), path_size);
	if (!ec_merkle_path_root(&leaf, index, count, path, (uint32_t)(path_size / 32), &root))
		return false;
	uint8_t text[SIGNED_SIZE];
	signed_text(text, domain, count, &root);
	const uint8_t *signature = ec_read_raw(&reader, EC_SIGNATURE_SIZE);
	if (memo_has(memo, key, text, signature))
		return true;
	bool good = crypto->verify(key, text, sizeof text, signature);
	if (good)
		memo_set(memo, key, text, signature);
	return good;
}

bool ec_proof_verify(const struct ec_crypto *crypto, const uint8_t key[static EC_KEY_SIZE],
                     const ec_hash *domain, struct ec_bytes head, const ec_hash *digest,
                     struct ec_bytes proof)
{
	struct ec_proof_memo memo = {.set = false};
	return ec_proof_verify_memo(&memo, crypto, key, domain, head, digest, proof);
}
