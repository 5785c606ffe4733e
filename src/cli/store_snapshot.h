/* store_snapshot.h - a snapshot's file and genesis, for those who take it, judge it, and restore
 * it.
 */
#ifndef EC_CLI_STORE_SNAPSHOT_H
#define EC_CLI_STORE_SNAPSHOT_H

#include "cli/cmd_store.h"
#include "cli/snapshot_file.h"

/* The genesis that --genesis names, ended by ec_genesis_free().  Returns: NULL after saying why. */
struct ec_genesis *ec_store_genesis(const struct ec_store_command *command);

/* Whether the node is of the group of this genesis. */
bool ec_store_same_group(const struct ec_client *client, const struct ec_genesis *genesis);

/* A file that holds by its genesis.  Out: *file from malloc, in which the snapshot lies.
 * Returns: false after saying why; *file is NULL then. */
bool ec_store_snapshot_read(const struct ec_store_command *command,
                            const struct ec_genesis *genesis, uint8_t **file, size_t *size,
                            struct ec_snapshot *snapshot);

#endif
