/* keys.h - secret keys in files, and what keeps them from leaving the process. */
#ifndef EC_NODE_KEYS_H
#define EC_NODE_KEYS_H

#include "crypto/sign.h"

/* Writes a new key file: the seed as 64 hexadecimal digits and a line end, mode 0600, durable.
 * Returns: false with a sentence in `why`; an existing file is never written over. */
bool ec_key_write(const char *path, const struct ec_secret *secret, char *why, size_t why_size);

/* The next four destroy the key that stood there before: its bytes are written over and its name is
 * gone, durably.  A power cut at any moment leaves the old key or the new one at `path`, whole, and
 * maybe `path`.retired, which ec_key_finish() removes.
 * Returns: false with a sentence in `why`: the old key stands, or waits for ec_key_finish(). */

/* Puts a new key at `path`; also where none is. */
bool ec_key_replace(const char *path, const struct ec_secret *secret, char *why, size_t why_size);

/* Puts the key of the file `from` at `path`; `from` is gone.  Both on one file system. */
bool ec_key_move(const char *from, const char *path, char *why, size_t why_size);

/* Leaves none at `path`; also where none is. */
bool ec_key_destroy(const char *path, char *why, size_t why_size);

/* Goes on where one of these was cut off; nothing to do is good. */
bool ec_key_finish(const char *path, char *why, size_t why_size);

/* Leaves at `path` the key whose public half is `key`, which stands there or at `next`, and nowhere
 * else: what `path` held before is destroyed.  A `next` with another key stays as it is.
 * Returns: false with a sentence in `why`; both files may be tried again. */
bool ec_key_keep(const char *path, const char *next, const uint8_t key[static EC_KEY_SIZE],
                 char *why, size_t why_size);

/* Reads one.  Returns: false with a sentence in `why`: missing, readable by others, not a key. */
bool ec_key_read(const char *path, struct ec_secret *secret, char *why, size_t why_size);

/* No core dumps and no debugger of another user: the keys stay in this process. */
void ec_keys_guard(void);

#endif
