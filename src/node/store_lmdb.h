/* store_lmdb.h - a ledger's store on disk, by LMDB. */
#ifndef EC_NODE_STORE_LMDB_H
#define EC_NODE_STORE_LMDB_H

#include "ledger/store.h"

/* Opens or makes the store in a folder (made if missing).  What was not synced in the last life is
 * gone.  One process at a time: the caller holds the data folder's lock.
 * Returns: owned by the caller, ended by close(); NULL with a sentence in `why`. */
struct ec_store *ec_store_lmdb(const char *folder, char *why, size_t why_size);

/* Why sync() returned false; "" while all is well.  In: a store made above. */
const char *ec_store_lmdb_error(const struct ec_store *store);

/* Gives back the memory of saves and reads until now, for a time with little to do: the next ones
 * find less of the state in memory.  Changes nothing else; does nothing while a view is open, or
 * something is put and not synced.  When the file cannot be opened again the store has failed,
 * which ec_store_lmdb_error() tells.  In: values that were borrowed are not used any more. */
void ec_store_lmdb_rest(struct ec_store *store);

/* Bytes of the file. */
uint64_t ec_store_lmdb_bytes(const struct ec_store *store);

#endif
