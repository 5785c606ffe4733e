/* keys.h - secret keys in files, and what keeps them from leaving the process. */
#ifndef EC_NODE_KEYS_H
#define EC_NODE_KEYS_H

#include "crypto/sign.h"

/* Writes a new key file: the seed as 64 hexadecimal digits and a line end, mode 0600, durable.
 * Returns: false with a sentence in `why`; an existing file is never written over. */
bool ec_key_write(const char *path, const struct ec_secret *secret, char *why, size_t why_size);

/* Puts a key in place of the one that stands there, all or nothing and durable; then the old one's
 * bytes are written over.  Returns: false with a sentence in `why`; then the old one stands. */
bool ec_key_replace(const char *path, const struct ec_secret *secret, char *why, size_t why_size);

/* Removes a key file, durably, and writes over its bytes; none is good, too.  Returns: false with a
 * sentence in `why`. */
bool ec_key_destroy(const char *path, char *why, size_t why_size);

/* Reads one.  Returns: false with a sentence in `why`: missing, readable by others, not a key. */
bool ec_key_read(const char *path, struct ec_secret *secret, char *why, size_t why_size);

/* No core dumps and no debugger of another user: the keys stay in this process. */
void ec_keys_guard(void);

#endif
