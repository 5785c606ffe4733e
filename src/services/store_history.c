/* store_history.c - the changes of a store, kept for watches (T1), (T2).  store.c has the rules. */
#include "services/store_inside.h"

#include <assert.h>

void store_change_add(struct store *store, const struct ec_store_change *change)
{
	uint8_t bytes[EC_STORE_RECORD_MAX];
	assert(store->changed);
	struct ec_name name = ec_store_name_change(store->head.revision, store->index++);
	size_t size = ec_store_change_write(change, bytes);
	ec_state_put(store->scratch, name.at, name.size, bytes, size);
	store->head.changes++;
	store->head.change_bytes += name.size + size;
}

uint64_t store_revision_take(struct store *store)
{
	if (!store->changed)
		store->head.revision++;
	store->changed = true;
	return store->head.revision;
}

bool store_history_full(const struct store *store)
{
	return store->head.changes > (uint64_t)store->rule.changes_max ||
	       store->head.change_bytes > (uint64_t)store->rule.change_bytes_max;
}

/* Drops all changes of the oldest revision.  Returns: how many. */
static uint64_t oldest_drop(struct store *store)
{
	struct ec_name prefix = ec_name_of("change/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	uint64_t revision = 0, dropped = 0;
	/* (T2) None is left up to `compacted`; to walk over those that went since the last save
	 * would take longer with every transaction. */
	struct ec_name first = prefix;
	ec_name_add_u64(&first, store->head.compacted + 1);
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	ec_cursor_skip(&cursor, first.at, first.size);
	while (ec_cursor_next(store->scratch, &cursor, &value)) {
		uint64_t its = ec_name_u64_at(cursor.name, cursor.name_size, prefix.size);
		if (dropped && its != revision)
			break;
		revision = its;
		store->head.change_bytes -= cursor.name_size + value.size;
		ec_state_delete(store->scratch, cursor.name, cursor.name_size);
		dropped++;
	}
	if (dropped == 0) /* the scratch is used up: nothing is shown, and nothing will be kept */
		return 0;
	assert(store->head.changes >= dropped);
	store->head.changes -= dropped;
	store->head.compacted = revision;
	return dropped;
}

uint64_t store_history_compact(struct store *store, uint64_t budget)
{
	uint64_t dropped = 0, more = 1;
	while (more && store_history_full(store) && dropped < budget) {
		more = oldest_drop(store);
		dropped += more;
	}
	return dropped;
}
