/* store_lmdb.c - a ledger's store on disk, by LMDB.
 *
 * Two tables, "a" and "b", and a name in the main table that says which of them stands.  Puts go
 * into one write transaction, which sync commits.  clear() turns to the other table: what is put
 * from then on may be committed in portions (so that a whole state fits in little memory), for
 * nothing of it counts before the sync that also turns the name.
 *
 * (I1) Our own reader ends when a write transaction begins, so that it never shows less than was
 * put. Views are readers, too, and stay: LMDB's lock file keeps their pages from being used again.
 * (I2) The standing table changes only by commits that sync() asked for.
 * (I3) `changes` holds what the open write transaction does to the target, since the last commit.
 * (I4) The cursor, when there is one, is of the newest transaction and of the target.
 * (I5) What was found is the reader's, and is forgotten with it: it reads one state of the file.
 *
 * What is put comes mostly in the order of names.  So a write transaction does all by its cursor,
 * which finds a name on the page where it stands without a search from the root.
 *
 * When a commit finds no room, LMDB gives the whole transaction up; the store is as it was after
 * the commit before, and so is the disk: pages in use are never written over.  The changes are then
 * made again in a new transaction, which is committed when there is room.  That is no second try of
 * a sync that failed: every page that the new commit needs is written anew.  A write that stops
 * short because the disk has become full is EIO to LMDB; whether it was that is asked of the disk.
 */
#include "node/store_lmdb.h"

#include "node/file.h"
#include "node/store_changes.h"
#include "node/store_file.h"
#include "node/store_found.h"
#include "node/store_view.h"

#include <assert.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PORTION_BYTES = 8 << 20,
	COMMIT_BYTES = 64 << 10, /* of pages around what changes, roughly */
};
/* Address space, no memory and no disk: LMDB cannot go beyond it in one transaction. */
static const size_t MAP_BYTES = sizeof(void *) == 8 ? (size_t)64 << 30 : (size_t)256 << 20;
static const char STANDING[] = "standing";

struct lmdb_store {
	struct ec_store face;
	MDB_env *env; /* NULL: it could not be opened again */
	MDB_dbi names, table[2];
	unsigned standing, target; /* table read after a crash; table written now */
	MDB_txn *reader, *writer;
	MDB_cursor *cursor;
	struct founds founds; /* of the reader: (I5) */
	struct changes changes;
	uint64_t lack;  /* of the last commit */
	bool emptied;   /* since the last commit the target was emptied, before all changes */
	unsigned views; /* open now */
	bool dirty;     /* something was put, deleted or cleared since the last sync */
	char error[200];
};

static struct lmdb_store *of(struct ec_store *store)
{
	return (struct lmdb_store *)store;
}

/* Notes the first failure.  Returns: whether the call went well. */
static bool well(struct lmdb_store *store, int code, const char *what)
{
	if (code && !store->error[0])
		snprintf(store->error, sizeof store->error, "state store: %s: %s", what,
		         mdb_strerror(code));
	return !code;
}

static void cursor_close(struct lmdb_store *store)
{
	if (store->cursor)
		mdb_cursor_close(store->cursor);
	store->cursor = NULL;
}

static void reader_end(struct lmdb_store *store)
{
	cursor_close(store);
	if (store->reader)
		mdb_txn_abort(store->reader);
	store->reader = NULL;
	founds_drop(&store->founds);
}

static void writer_abort(struct lmdb_store *store)
{
	cursor_close(store);
	if (store->writer)
		mdb_txn_abort(store->writer);
	store->writer = NULL;
}

/* The map is doubled while more than half of it is used: a transaction may take the other half.
 * Not while a view is open, which points into it. */
static bool map_grow(struct lmdb_store *store)
{
	MDB_envinfo info;
	MDB_stat stat;
	if (store->views > 0)
		return true;
	mdb_env_info(store->env, &info);
	mdb_env_stat(store->env, &stat);
	if ((info.me_last_pgno + 1) * stat.ms_psize <= info.me_mapsize / 2)
		return true;
	return well(store, mdb_env_set_mapsize(store->env, info.me_mapsize * 2), "larger map");
}

static bool writer_begin(struct lmdb_store *store)
{
	if (store->error[0])
		return false;
	if (store->writer)
		return true;
	reader_end(store);
	if (!map_grow(store))
		return false;
	return well(store, mdb_txn_begin(store->env, NULL, 0, &store->writer), "begin");
}

/* Opens the cursor of a transaction, the newest one, unless it is open.  Returns: false when that
 * failed. */
static bool cursor_open(struct lmdb_store *store, MDB_txn *txn)
{
	return store->cursor ||
	       well(store, mdb_cursor_open(txn, store->table[store->target], &store->cursor),
	            "cursor");
}

/* Makes one change in the writer. */
static bool change_make(void *self, const struct change *change)
{
	struct lmdb_store *store = self;
	MDB_val key = store_value(change->name.data, change->name.size);
	MDB_val data = store_value(change->value.data, change->value.size);
	if (!cursor_open(store, store->writer))
		return false;
	if (!change->deletes)
		return well(store, mdb_cursor_put(store->cursor, &key, &data, 0), "put");
	int code = mdb_cursor_get(store->cursor, &key, &data, MDB_SET);
	if (code == MDB_NOTFOUND)
		return true;
	return well(store, code ? code : mdb_cursor_del(store->cursor, 0), "delete");
}

/* Makes all changes since the last commit again. */
static bool writer_again(struct lmdb_store *store)
{
	return writer_begin(store) &&
	       (!store->emptied ||
	        well(store, mdb_drop(store->writer, store->table[store->target], 0), "clear")) &&
	       changes_each(&store->changes, change_make, store);
}

/* Whether a commit that ended so has met a full disk. */
static bool commit_lacks_room(const struct lmdb_store *store, int code)
{
	const char *folder;
	if (code != EIO || mdb_env_get_path(store->env, &folder) != 0)
		return file_no_room(code);
	return !file_room(folder, COMMIT_BYTES);
}

/* Returns: false when it failed, or lacks room: then all is as before. */
static bool writer_commit(struct lmdb_store *store)
{
	cursor_close(store);
	int code = mdb_txn_commit(store->writer);
	store->writer = NULL;
	store->lack = 0;
	if (commit_lacks_room(store, code)) {
		store->lack = store->changes.size + COMMIT_BYTES;
		writer_again(store);
		return false;
	}
	changes_drop(&store->changes);
	store->emptied = false;
	return well(store, code, "commit");
}

/* The transaction that sees everything put so far; NULL when the store failed. */
static MDB_txn *newest(struct lmdb_store *store)
{
	if (store->error[0])
		return NULL;
	if (store->writer)
		return store->writer;
	if (!store->reader &&
	    !well(store, mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->reader), "read"))
		return NULL;
	return store->reader;
}

/* LMDB's code. */
static int reader_get(struct lmdb_store *store, MDB_val *name, MDB_val *value)
{
	struct found *found = found_place(&store->founds, *name);
	if (found && found_is(found, *name)) {
		*value = found->value;
		return 0;
	}
	int code = mdb_get(store->reader, store->table[store->target], name, value);
	if (!code && found)
		found_keep(found, *name, *value);
	return code;
}

static bool lmdb_get(struct ec_store *face, const void *name, size_t name_size,
                     struct ec_bytes *value)
{
	struct lmdb_store *store = of(face);
	assert(name_size >= 1 && name_size <= EC_STORE_NAME_MAX);
	MDB_txn *txn = newest(store);
	if (!txn)
		return false;
	MDB_val key = store_value(name, name_size), found;
	int code;
	if (!store->writer)
		code = reader_get(store, &key, &found);
	else if (cursor_open(store, txn))
		code = mdb_cursor_get(store->cursor, &key, &found, MDB_SET);
	else
		return false;
	if (code) {
		well(store, code == MDB_NOTFOUND ? 0 : code, "get");
		return false;
	}
	*value = store_bytes(found);
	return true;
}

static bool lmdb_next(struct ec_store *face, const void *after, size_t after_size,
                      struct ec_bytes *name, struct ec_bytes *value)
{
	struct lmdb_store *store = of(face);
	assert(after_size <= EC_STORE_NAME_MAX);
	MDB_txn *txn = newest(store);
	if (!txn)
		return false;
	if (!cursor_open(store, txn))
		return false;
	int code = store_cursor_after(store->cursor, after, after_size, name, value);
	if (code)
		well(store, code == MDB_NOTFOUND ? 0 : code, "next");
	return !code;
}

/* Makes a change and keeps it.  After a clear nothing stands until sync, so portions may go to the
 * disk before. */
static void change(struct lmdb_store *store, const struct change *change)
{
	if (!writer_begin(store) || !change_make(store, change))
		return;
	store->dirty = true;
	if (!changes_add(&store->changes, change))
		well(store, ENOMEM, "put");
	if (store->target != store->standing && !store->lack &&
	    store->changes.size > PORTION_BYTES && writer_commit(store))
		writer_begin(store);
}

static void lmdb_put(struct ec_store *face, const void *name, size_t name_size, const void *value,
                     size_t value_size)
{
	struct lmdb_store *store = of(face);
	assert(name_size >= 1 && name_size <= EC_STORE_NAME_MAX);
	change(store, &(const struct change){.name = {.data = name, .size = name_size},
	                                     .value = {.data = value, .size = value_size}});
}

static void lmdb_del(struct ec_store *face, const void *name, size_t name_size)
{
	struct lmdb_store *store = of(face);
	assert(name_size >= 1 && name_size <= EC_STORE_NAME_MAX);
	change(store,
	       &(const struct change){.name = {.data = name, .size = name_size}, .deletes = true});
}

static struct ec_store *lmdb_view(struct ec_store *face)
{
	struct lmdb_store *store = of(face);
	return store->error[0]
	               ? NULL
	               : store_view(store->env, store->table[store->standing], &store->views);
}

static void lmdb_clear(struct ec_store *face)
{
	struct lmdb_store *store = of(face);
	writer_abort(store);
	changes_drop(&store->changes);
	store->target = !store->standing;
	store->emptied = store->dirty = true;
	writer_again(store);
}

/* In the writer: the target becomes what stands, and the old table is emptied. */
static bool standing_turn(struct lmdb_store *store)
{
	uint8_t which = (uint8_t)store->target;
	MDB_val key = store_value(STANDING, sizeof STANDING - 1), data = store_value(&which, 1);
	return well(store, mdb_put(store->writer, store->names, &key, &data, 0), "turn") &&
	       well(store, mdb_drop(store->writer, store->table[!which], 0), "clear");
}

/* The names of the tables, in a transaction of an environment that was just opened. */
static bool tables_find(struct lmdb_store *store, MDB_txn *txn, unsigned flags)
{
	return well(store, mdb_dbi_open(txn, NULL, 0, &store->names), "open") &&
	       well(store, mdb_dbi_open(txn, "a", flags, &store->table[0]), "open") &&
	       well(store, mdb_dbi_open(txn, "b", flags, &store->table[1]), "open");
}

static bool lmdb_sync(struct ec_store *face)
{
	struct lmdb_store *store = of(face);
	if (store->error[0])
		return false;
	if (!store->dirty)
		return true;
	if (!writer_begin(store))
		return false;
	if (store->target != store->standing && !standing_turn(store))
		return false;
	if (!writer_commit(store))
		return false;
	store->standing = store->target;
	store->dirty = false;
	return true;
}

static uint64_t lmdb_lack(const struct ec_store *face)
{
	const struct lmdb_store *store = (const struct lmdb_store *)face;
	return store->error[0] ? 0 : store->lack;
}

static void lmdb_close(struct ec_store *face)
{
	struct lmdb_store *store = of(face);
	assert(store->views == 0);
	writer_abort(store);
	changes_drop(&store->changes);
	reader_end(store);
	mdb_env_close(store->env);
	free(store);
}

/* Opens the tables, sees which stands, empties the other. */
static bool tables_open(struct lmdb_store *store)
{
	MDB_val key = store_value(STANDING, sizeof STANDING - 1), data;
	if (!writer_begin(store) || !tables_find(store, store->writer, MDB_CREATE))
		return false;
	int code = mdb_get(store->writer, store->names, &key, &data);
	if (!code && data.mv_size == 1)
		store->standing = *(const uint8_t *)data.mv_data == 1;
	if (!well(store, code == MDB_NOTFOUND ? 0 : code, "open"))
		return false;
	store->target = store->standing;
	return well(store, mdb_drop(store->writer, store->table[!store->standing], 0), "open") &&
	       writer_commit(store);
}

struct ec_store *ec_store_lmdb(const char *folder, char *why, size_t why_size)
{
	struct lmdb_store *store = calloc(1, sizeof *store);
	if (!store || !file_make_folder(folder, 0700)) {
		snprintf(why, why_size, "%s: %s", folder, strerror(errno));
		free(store);
		return NULL;
	}
	store->face = (struct ec_store){.get = lmdb_get,
	                                .next = lmdb_next,
	                                .put = lmdb_put,
	                                .del = lmdb_del,
	                                .sync = lmdb_sync,
	                                .lack = lmdb_lack,
	                                .clear = lmdb_clear,
	                                .view = lmdb_view,
	                                .close = lmdb_close};
	store_locks_forget(folder);
	if (!well(store, store_file_begin(folder, MAP_BYTES), "new file") ||
	    !well(store, store_file_open(folder, MAP_BYTES, &store->env), "open") ||
	    !well(store, store_file_fill(store->env), "size of the file") ||
	    !well(store, file_sync_folder(folder) ? 0 : errno, "sync of the folder") ||
	    !tables_open(store)) {
		snprintf(why, why_size, "%s: %s", folder, store->error);
		lmdb_close(&store->face);
		return NULL;
	}
	return &store->face;
}

const char *ec_store_lmdb_error(const struct ec_store *face)
{
	return ((const struct lmdb_store *)face)->error;
}

/* LMDB keeps the pages of its largest transaction for the next one, and what was read stays mapped:
 * both go when its environment is closed.  It is opened again as at the start. */
void ec_store_lmdb_rest(struct ec_store *face)
{
	struct lmdb_store *store = of(face);
	char folder[FILE_PATH_MAX];
	const char *path;
	MDB_envinfo info;
	MDB_txn *txn;
	if (store->error[0] || store->writer || store->views > 0)
		return;
	reader_end(store);
	mdb_env_info(store->env, &info);
	mdb_env_get_path(store->env, &path);
	snprintf(folder, sizeof folder, "%s", path);
	mdb_env_close(store->env);
	if (!well(store, store_file_open(folder, info.me_mapsize, &store->env), "open again") ||
	    !well(store, mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), "open again"))
		return;
	bool found = tables_find(store, txn, 0);
	int code = mdb_txn_commit(txn); /* the names of tables count from then on */
	if (found)
		well(store, code, "open again");
}

uint64_t ec_store_lmdb_bytes(const struct ec_store *face)
{
	const struct lmdb_store *store = (const struct lmdb_store *)face;
	MDB_envinfo info;
	MDB_stat stat;
	if (!store->env)
		return 0;
	mdb_env_info(store->env, &info);
	mdb_env_stat(store->env, &stat);
	return (info.me_last_pgno + 1) * stat.ms_psize;
}
