/* store_view.h - reading an LMDB table, and a view of it as it stands: for store_lmdb.c. */
#ifndef EC_NODE_STORE_VIEW_H
#define EC_NODE_STORE_VIEW_H

#include "ledger/store.h"

#include <lmdb.h>
#include <stdint.h>

/* Bytes as LMDB wants them, borrowed; it writes into none that it is given. */
static inline MDB_val store_value(const void *data, size_t size)
{
	return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)data};
}

/* And back: bytes in LMDB's map, borrowed for the transaction. */
static inline struct ec_bytes store_bytes(MDB_val value)
{
	return (struct ec_bytes){.data = value.mv_data, .size = value.mv_size};
}

/* The first name above `after`, or of all where that is empty.  Out: name and value, borrowed for
 * the transaction.  Returns: LMDB's code. */
int store_cursor_after(MDB_cursor *cursor, const void *after, size_t after_size,
                       struct ec_bytes *name, struct ec_bytes *value);

/* A reader of a table as of the last commit, which it goes on to show.  It only reads.  Out: views:
 * one more, and one less when it is closed.  Returns: owned by the caller, who ends it by its
 * close(); NULL: LMDB opens none. */
struct ec_store *store_view(MDB_env *env, MDB_dbi table, unsigned *views);

#endif
