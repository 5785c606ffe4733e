/* cipher.h - ChaCha20-Poly1305 (RFC 8439) under a key that seals one message only. */
#ifndef EC_CRYPTO_CIPHER_H
#define EC_CRYPTO_CIPHER_H

#include "base/bytes.h"

enum { EC_CIPHER_KEY_SIZE = 32, EC_CIPHER_TAG_SIZE = 16 };

/* Seals `size` bytes with a nonce of zeros: a key must never be used for two messages.  In: label,
 * which must be the same to open.  Out: size + EC_CIPHER_TAG_SIZE bytes, apart from `plain`. */
void ec_cipher_seal(const uint8_t key[static EC_CIPHER_KEY_SIZE], struct ec_bytes label,
                    const uint8_t *plain, size_t size, uint8_t *out);

/* Opens what was sealed: any bytes.  Out: size - EC_CIPHER_TAG_SIZE bytes.  Returns: false when it
 * is shorter than a tag, or nothing that was sealed under this key and label. */
bool ec_cipher_open(const uint8_t key[static EC_CIPHER_KEY_SIZE], struct ec_bytes label,
                    const uint8_t *sealed, size_t size, uint8_t *out);

#endif
