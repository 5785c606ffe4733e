/* folder.h - the data folder of one node: one process, one network, one identity.
 *
 *   DATA/lock       held while a process runs here
 *   DATA/genesis    the hash of the genesis, in hexadecimal
 *   DATA/identity   the identity key, in hexadecimal
 *   DATA/log/       the write-ahead log (segments.h)
 *   DATA/state/     the settled state (store_lmdb.h)
 */
#ifndef EC_NODE_FOLDER_H
#define EC_NODE_FOLDER_H

#include "base/bytes.h"

struct ec_folder_owner {
	ec_hash genesis;
	uint8_t identity_key[32];
};

enum {
	EC_FOLDER_FAILED = -1,  /* the system refused, or another process runs on it */
	EC_FOLDER_FOREIGN = -2, /* it is not this owner's */
};

/* Makes the folder when it is missing, locks it, and sees that it is this owner's; a new one is
 * marked as such.  Out: *is_new, whether there was nothing in it.
 * Returns: a descriptor that holds the lock until closed; EC_FOLDER_FAILED or EC_FOLDER_FOREIGN
 * with a sentence in `why`. */
int ec_folder_open(const char *path, const struct ec_folder_owner *owner, bool *is_new, char *why,
                   size_t why_size);

/* Moves a data folder out of the way, beside itself.  Nobody may hold its lock. */
bool ec_folder_set_aside(const char *path, char *why, size_t why_size);

/* The disk that a folder is on. */
struct ec_disk {
	uint64_t free_bytes, size_bytes;
};

/* Out: what an unprivileged owner may still take, and all there is.  Returns: false with errno. */
bool ec_disk_of(const char *path, struct ec_disk *disk);

#endif
