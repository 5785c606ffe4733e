/* store_send.h - one transaction of the store, signed and brought into a block. */
#ifndef EC_CLI_STORE_SEND_H
#define EC_CLI_STORE_SEND_H

#include "cli/cmd_store.h"
#include "services/store.h"

/* Signs with --key, submits, and waits.  Says on stderr what went wrong.  Out: outcome, when the
 * code is EC_EXIT_OK: it was executed, whether its compares held or not.  Returns: the exit code.
 */
int ec_store_send(const struct ec_store_command *command, const struct ec_store_txn *txn,
                  struct ec_store_outcome *outcome);

/* Likewise for a beginning or a finish of a restoration, and for an owner of a prefix. */
int ec_store_send_restore(const struct ec_store_command *command,
                          const struct ec_store_restore_say *say, struct ec_store_outcome *outcome);
int ec_store_send_own(const struct ec_store_command *command, const struct ec_store_own_say *say,
                      struct ec_store_outcome *outcome);

#endif
