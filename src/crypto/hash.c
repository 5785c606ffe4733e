/* hash.c - SHA-256 and HMAC by OpenSSL, which uses the processor's SHA instructions. */
#include "crypto/hash.h"

#include <assert.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

enum { BLOCK = 64, LENGTH_SIZE = 8, SHORT_MAX = 2 * BLOCK - 1 - LENGTH_SIZE };

ec_hash ec_sha256(const void *data, size_t size)
{
	return ec_sha256_parts(&(struct ec_part){data, size}, 1);
}

/* The one-shot interface of OpenSSL 3 fetches its algorithm by name at each call, which costs more
 * than hashing 64 bytes; the low-level one is deprecated there but has no such cost. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* One or two blocks, padded here (FIPS 180-4, 5.1.1): what most hashes of trees are, of which the
 * buffer inside OpenSSL's context would take a tenth of the time. */
static ec_hash short_sha256(const struct ec_part *parts, size_t count, size_t size)
{
	SHA256_CTX context;
	ec_hash hash;
	uint8_t text[2 * BLOCK] = {0};
	size_t at = 0, end = size + 1 + LENGTH_SIZE <= BLOCK ? BLOCK : 2 * BLOCK;
	for (size_t i = 0; i < count; at += parts[i].size, i++)
		if (parts[i].size)
			memcpy(text + at, parts[i].data, parts[i].size);
	assert(at == size && size <= SHORT_MAX);
	text[size] = 0x80;
	text[end - 2] = (uint8_t)(size >> 5); /* its bits, in two bytes of eight */
	text[end - 1] = (uint8_t)(size << 3);
	SHA256_Init(&context);
	for (at = 0; at < end; at += BLOCK)
		SHA256_Transform(&context, text + at);
	for (size_t i = 0; i < 8; i++)
		for (size_t k = 0; k < 4; k++)
			hash.b[4 * i + k] = (uint8_t)(context.h[i] >> (24 - 8 * k));
	return hash;
}

ec_hash ec_sha256_parts(const struct ec_part *parts, size_t count)
{
	SHA256_CTX context;
	ec_hash hash;
	size_t size = 0;
	for (size_t i = 0; i < count && size <= SHORT_MAX; i++)
		size += parts[i].size < SHORT_MAX ? parts[i].size : SHORT_MAX + 1;
	if (size <= SHORT_MAX)
		return short_sha256(parts, count, size);
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
