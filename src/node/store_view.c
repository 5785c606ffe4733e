/* store_view.c - a reader of an LMDB table as it stands, beside what is written meanwhile. */
#include "node/store_view.h"

#include <stdlib.h>

int store_cursor_after(MDB_cursor *cursor, const void *after, size_t after_size,
                       struct ec_bytes *name, struct ec_bytes *value)
{
	MDB_val key = store_value(after, after_size), found = {0};
	int code = mdb_cursor_get(cursor, &key, &found, after_size ? MDB_SET_RANGE : MDB_FIRST);
	if (!code && after_size && key.mv_size == after_size &&
	    memcmp(key.mv_data, after, after_size) == 0)
		code = mdb_cursor_get(cursor, &key, &found, MDB_NEXT);
	*name = store_bytes(key);
	*value = store_bytes(found);
	return code;
}

struct lmdb_view {
	struct ec_store face;
	unsigned *views; /* of its store, open now */
	MDB_dbi table;
	MDB_txn *txn;
	MDB_cursor *cursor;
};

static bool view_get(struct ec_store *face, const void *name, size_t name_size,
                     struct ec_bytes *value)
{
	struct lmdb_view *view = (struct lmdb_view *)face;
	MDB_val key = store_value(name, name_size), found;
	if (mdb_get(view->txn, view->table, &key, &found))
		return false;
	*value = store_bytes(found);
	return true;
}

static bool view_next(struct ec_store *face, const void *after, size_t after_size,
                      struct ec_bytes *name, struct ec_bytes *value)
{
	struct lmdb_view *view = (struct lmdb_view *)face;
	return store_cursor_after(view->cursor, after, after_size, name, value) == 0;
}

static void view_close(struct ec_store *face)
{
	struct lmdb_view *view = (struct lmdb_view *)face;
	mdb_cursor_close(view->cursor);
	mdb_txn_abort(view->txn);
	(*view->views)--;
	free(view);
}

struct ec_store *store_view(MDB_env *env, MDB_dbi table, unsigned *views)
{
	struct lmdb_view *view = calloc(1, sizeof *view);
	if (!view || mdb_txn_begin(env, NULL, MDB_RDONLY, &view->txn) != 0) {
		free(view);
		return NULL;
	}
	if (mdb_cursor_open(view->txn, table, &view->cursor) != 0) {
		mdb_txn_abort(view->txn);
		free(view);
		return NULL;
	}
	view->face = (struct ec_store){.get = view_get, .next = view_next, .close = view_close};
	view->table = table;
	view->views = views;
	(*views)++;
	return &view->face;
}
