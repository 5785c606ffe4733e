/* cipher_test.c - the vector of RFC 8439, 2.8.2, has another nonce than ours; so: what is sealed
 * opens, and nothing else does. */
#include "base/hex_test.h"
#include "base/test.h"
#include "crypto/cipher.h"

#include "crypto/sign.h"

static const uint8_t key[EC_CIPHER_KEY_SIZE] = {1, 2, 3};
static const struct ec_bytes label = {.data = (const uint8_t *)"label", .size = 5};

static void what_is_sealed_opens(void **state)
{
	(void)state;
	const uint8_t plain[] = "thirty-two kilowatt hours";
	uint8_t sealed[sizeof plain + EC_CIPHER_TAG_SIZE], opened[sizeof plain];
	ec_cipher_seal(key, label, plain, sizeof plain, sealed);
	assert_memory_not_equal(sealed, plain, sizeof plain);
	assert_true(ec_cipher_open(key, label, sealed, sizeof sealed, opened));
	assert_memory_equal(opened, plain, sizeof plain);
	/* Of nothing there is a tag. */
	ec_cipher_seal(key, label, NULL, 0, sealed);
	assert_true(ec_cipher_open(key, label, sealed, EC_CIPHER_TAG_SIZE, opened));
}

static void nothing_else_does(void **state)
{
	(void)state;
	const uint8_t plain[] = "a bid";
	uint8_t sealed[sizeof plain + EC_CIPHER_TAG_SIZE], opened[sizeof plain];
	ec_cipher_seal(key, label, plain, sizeof plain, sealed);
	for (size_t i = 0; i < sizeof sealed * 8; i++) {
		sealed[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(ec_cipher_open(key, label, sealed, sizeof sealed, opened));
		sealed[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	struct ec_bytes shorter = {.data = label.data, .size = 4};
	uint8_t other[EC_CIPHER_KEY_SIZE] = {1, 2, 4};
	assert_false(ec_cipher_open(key, shorter, sealed, sizeof sealed, opened));
	assert_false(ec_cipher_open(other, label, sealed, sizeof sealed, opened));
	for (size_t size = 0; size < sizeof sealed; size++)
		assert_false(ec_cipher_open(key, label, sealed, size, opened));
}

/* Computed by Python's cryptography, ChaCha20Poly1305(bytes(range(32))).encrypt(bytes(12), ...). */
static void it_is_the_cipher_of_the_rfc(void **state)
{
	(void)state;
	uint8_t range[32], sealed[5 + EC_CIPHER_TAG_SIZE], expected[sizeof sealed];
	for (int i = 0; i < 32; i++)
		range[i] = (uint8_t)i;
	ec_cipher_seal(range, label, (const uint8_t *)"hello", 5, sealed);
	unhex("70dd2e5dc27dbf06a70214e1880cd482839b77d714", expected, sizeof expected);
	assert_memory_equal(sealed, expected, sizeof sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens),
		cmocka_unit_test(nothing_else_does),
		cmocka_unit_test(it_is_the_cipher_of_the_rfc),
	};
	assert_true(ec_crypto_start());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
