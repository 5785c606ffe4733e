/* hash.c - SHA-256 and HMAC by OpenSSL, which uses the processor's SHA instructions. */
#include "crypto/hash.h"

#include <assert.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

ec_hash ec_sha256(const void *data, size_t size)
{
	return ec_sha256_parts(&(struct ec_part){data, size}, 1);
}

/* The one-shot interface of OpenSSL 3 fetches its algorithm by name at each call, which costs more
 * than hashing 64 bytes; the low-level one is deprecated there but has no such cost. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
ec_hash ec_sha256_parts(const struct ec_part *parts, size_t count)
{
	SHA256_CTX context;
	ec_hash hash;
	SHA256_Init(&context);
	for (size_t i = 0; i < count; i++)
		if (parts[i].size)
			SHA256_Update(&context, parts[i].data, parts[i].size);
	SHA256_Final(hash.b, &context);
	return hash;
}
#pragma GCC diagnostic pop

ec_hash ec_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size)
{
	ec_hash hash;
	unsigned int length = 0;
	const void *done = HMAC(EVP_sha256(), key, (int)key_size, data, size, hash.b, &length);
	assert(done && length == sizeof hash.b);
	(void)done;
	return hash;
}
