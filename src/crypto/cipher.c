/* cipher.c - ChaCha20-Poly1305 (RFC 8439), by libsodium. */
#include "crypto/cipher.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(EC_CIPHER_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "a key");
_Static_assert(EC_CIPHER_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES, "a tag");

static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

void ec_cipher_seal(const uint8_t key[static EC_CIPHER_KEY_SIZE], struct ec_bytes label,
                    const uint8_t *plain, size_t size, uint8_t *out)
{
	unsigned long long written = 0;
	crypto_aead_chacha20poly1305_ietf_encrypt(out, &written, plain, size, label.data,
	                                          label.size, NULL, nonce, key);
	assert(written == size + EC_CIPHER_TAG_SIZE);
}

bool ec_cipher_open(const uint8_t key[static EC_CIPHER_KEY_SIZE], struct ec_bytes label,
                    const uint8_t *sealed, size_t size, uint8_t *out)
{
	return size >= EC_CIPHER_TAG_SIZE &&
	       crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, label.data,
	                                                 label.size, nonce, key) == 0;
}
