/* open.h - the parts of a daemon that need no loop: keys, genesis, data folder, store, member. */
#ifndef EC_NODE_OPEN_H
#define EC_NODE_OPEN_H

#include <stdbool.h>
#include <stddef.h>

struct ec_daemon;

/* Reads and opens them, in that order, and refuses what does not fit together.  Returns: false with
 * a sentence in `why`; what was opened is closed by daemon_parts_close(). */
bool daemon_parts_open(struct ec_daemon *daemon, char *why, size_t why_size);

/* Whether the file is a genesis that this program can serve.  Returns: false with a sentence in
 * `why`. */
bool node_genesis_good(const char *path, char *why, size_t why_size);

/* Closes what is open of them, gives the lock of the data folder back, erases the identity key. */
void daemon_parts_close(struct ec_daemon *daemon);

#endif
