/* store_file.h - the file of an LMDB environment, and the one of its locks: for store_lmdb.c. */
#ifndef EC_NODE_STORE_FILE_H
#define EC_NODE_STORE_FILE_H

#include <lmdb.h>
#include <stddef.h>

/* Readers that a killed process left behind would keep old pages for ever: their file goes.  Nobody
 * else can be using it, for the caller holds the lock of the data folder. */
void store_locks_forget(const char *folder);

/* Makes the file of a folder that has none.  LMDB writes the head of a new file without a sync: a
 * power cut before the first commit would leave a file that is none.  So it gets its name when the
 * head is durable.  Returns: 0, or a code of LMDB or an errno. */
int store_file_begin(const char *folder, size_t map_bytes);

/* A disk that loses what it was told to keep may leave a file that ends before its last page; read
 * through the map that is a SIGBUS.  What is missing becomes zero, and LMDB refuses such a page.
 * In: an environment that is open.  Returns: 0, or a code of LMDB or an errno. */
int store_file_fill(MDB_env *env);

/* Opens the environment of a folder that has a file, with room for two named tables.  In: the bytes
 * of its map; what is there has room in any case.  Out: owned by the caller; NULL when it failed.
 * Returns: 0, or a code of LMDB or an errno. */
int store_file_open(const char *folder, size_t map_bytes, MDB_env **env);

#endif
