/* store.h - where a ledger's settled state lives: ordered names and values, written in atomic
 * turns.
 *
 * Two kinds: in memory (store_memory.c; the simulator, tests) and LMDB (node/store_lmdb.c).  Names
 * are at most EC_STORE_NAME_MAX bytes, ordered bytewise.  What was put since the last sync is seen
 * by get and next at once, and is durable, all or nothing, when sync returns true.
 */
#ifndef EC_LEDGER_STORE_H
#define EC_LEDGER_STORE_H

#include "base/bytes.h"

enum { EC_STORE_NAME_MAX = 160 };

struct ec_store {
	/* Value borrowed until the next put, delete or sync.  Returns: false when there is none. */
	bool (*get)(struct ec_store *store, const void *name, size_t name_size,
	            struct ec_bytes *value);
	/* The first name above `after` (of `after_size` bytes; size 0: from the start).  Out: name
	 * and value, borrowed as above.  Returns: false at the end. */
	bool (*next)(struct ec_store *store, const void *after, size_t after_size,
	             struct ec_bytes *name, struct ec_bytes *value);
	void (*put)(struct ec_store *store, const void *name, size_t name_size, const void *value,
	            size_t value_size);
	void (*del)(struct ec_store *store, const void *name, size_t name_size);
	/* Returns: false when the disk failed, and the host then halts; or when it is full, which
	 * lack() tells: then nothing is lost, what was put is still seen, and sync may be called
	 * again. */
	bool (*sync)(struct ec_store *store);
	/* Bytes, roughly, that the last sync wanted of a disk without room; 0: it did not. */
	uint64_t (*lack)(const struct ec_store *store);
	/* Drops everything, as before a state transfer; durable with the next sync. */
	void (*clear)(struct ec_store *store);
	/* The store as of the last sync, to be read only, while this one goes on; ended by its own
	 * close(), before this one.  Serves state transfers. */
	struct ec_store *(*view)(struct ec_store *store);
	void (*close)(struct ec_store *store);
};

/* An empty store in memory.  Owned by the caller, ended by close(). */
struct ec_store *ec_store_memory(void);

/* For tests, of a store in memory: syncs find no room from now on, or find it again. */
void ec_store_memory_full(struct ec_store *store, bool full);

/* What a crash leaves of a memory store: everything put since the last sync is gone. */
void ec_store_memory_crash(struct ec_store *store);

#endif
