/* crypto.c - stand-in signatures: the key mixed with the message, and back. */
#include "sim/crypto.h"

#include "sim/cheap_group.h"

#include <string.h>

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static uint64_t absorb(uint64_t state, const uint8_t *data, size_t size)
{
	for (; size >= 8; data += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, data, 8);
		state = mix(state ^ word) + 0x9e3779b97f4a7c15u;
	}
	uint64_t tail = 0;
	if (size)
		memcpy(&tail, data, size);
	return mix(state ^ tail ^ (uint64_t)size << 56);
}

static void tag(const uint8_t *key, const void *message, size_t size, uint8_t *out)
{
	uint64_t state = absorb(absorb(0x65646765636f7264u, key, EC_KEY_SIZE), message, size);
	for (int i = 0; i < EC_SIGNATURE_SIZE / 8; i++) {
		state = mix(state + 0x9e3779b97f4a7c15u);
		memcpy(out + 8 * i, &state, 8);
	}
}

static bool fake_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                        const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	uint8_t wanted[EC_SIGNATURE_SIZE];
	tag(key, message, size, wanted);
	return memcmp(wanted, signature, sizeof wanted) == 0;
}

static void fake_sign(const struct ec_secret *secret, const void *message, size_t size,
                      uint8_t signature[static EC_SIGNATURE_SIZE])
{
	tag(secret->key, message, size, signature);
}

const struct ec_crypto sim_crypto_fake = {
	.verify = fake_verify, .sign = fake_sign, .threshold = &sim_threshold_cheap};
