/* store_history.c - the changes of a store, kept for watches (T1), (T2).  store.c has the rules.
 *
 * Changes of EC_STORE_GROUP revisions stand together under one name of the state, or under a few
 * where they are large: a name for each would be half of what a put costs, for it is a leaf of the
 * state's tree, hashed when it comes and when it goes. */
#include "services/store_inside.h"

#include <assert.h>

static void tail_write(struct store *store)
{
	struct store_tail *tail = &store->tail;
	if (tail->changes == 0)
		return;
	struct ec_name name = ec_store_name_changes(tail->group, store->head.part);
	struct ec_bytes part = ec_store_part_close(tail->bytes, tail->changes, tail->size);
	ec_state_put(store->scratch, name.at, name.size, part.data, part.size);
}

static void tail_begin(struct store *store, uint64_t group, uint64_t part)
{
	store->head.part = part;
	store->tail = (struct store_tail){.open = true, .group = group, .bytes = store->tail.bytes};
}

/* Goes on with what stands in the state. */
static void tail_read(struct store *store, uint64_t group)
{
	struct ec_name name = ec_store_name_changes(group, store->head.part);
	struct store_tail *tail = &store->tail;
	struct ec_store_part part;
	struct ec_bytes value;
	tail_begin(store, group, store->head.part);
	if (!ec_name_get(store->scratch, &name, &value) || !ec_store_part_begin(value, &part))
		return; /* the scratch is used up: nothing will be kept */
	tail->changes = part.left;
	tail->size = value.size - part.cbor.at;
	memcpy(tail->bytes + EC_STORE_PART_HEAD, value.data + part.cbor.at, tail->size);
}

/* Has the tail be the part that the next change, of so many bytes, stands in. */
static void tail_open(struct store *store, size_t size)
{
	uint64_t group = store->head.revision / EC_STORE_GROUP;
	if (store->head.revision % EC_STORE_GROUP == 0 && store->index == 0) {
		tail_write(store);
		tail_begin(store, group, 0);
	} else if (!store->tail.open) {
		tail_read(store, group);
	}
	if (store->tail.size && store->tail.size + size > EC_STORE_PART_BYTES) {
		tail_write(store);
		tail_begin(store, group, store->head.part + 1);
	}
}

void store_change_add(struct store *store, const struct ec_store_change *change)
{
	uint8_t bytes[EC_STORE_CHANGE_MAX];
	struct store_tail *tail = &store->tail;
	assert(store->changed);
	size_t size = ec_store_part_change_write(store->head.revision, store->index, change, bytes);
	tail_open(store, size);
	memcpy(tail->bytes + EC_STORE_PART_HEAD + tail->size, bytes, size);
	tail->size += size;
	tail->changes++;
	store->index++;
	store->head.changes++;
	store->head.change_bytes += size;
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

/* What goes of a part. */
struct cut {
	uint64_t changes, bytes, last; /* last: the revision up to which they go */
	bool whole;                    /* nothing is left of it */
};

/* Of the revisions of a part from `first` on all go but the newest, which may go on in the next
 * part; where that is `first`, it goes.  In: alone: nothing but `first` goes. */
static struct cut part_cut(struct ec_bytes value, uint64_t first, bool alone)
{
	struct ec_store_part part;
	struct cut cut = {0}, all = {.last = first, .whole = true};
	uint64_t newest = first;
	ec_store_part_begin(value, &part);
	while (ec_store_part_next(&part) && !(alone && newest > first)) {
		if (part.revision < first) /* it went before */
			continue;
		if (part.revision > newest)
			cut = all;
		newest = part.revision;
		all.changes++;
		all.bytes += part.size;
	}
	if (newest == first)
		return all;
	cut.last = newest - 1;
	cut.whole = false;
	return cut;
}

/* Drops the oldest revisions, those of a part.  Returns: how many changes. */
static uint64_t oldest_drop(struct store *store)
{
	uint64_t first = store->head.compacted + 1, dropped = 0;
	struct ec_name prefix = ec_name_of("changes/");
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct cut cut = {.whole = true};
	ec_name_add_u64(&prefix, first / EC_STORE_GROUP);
	ec_cursor_start(&cursor, prefix.at, prefix.size);
	while (cut.whole && ec_cursor_next(store->scratch, &cursor, &value)) {
		cut = part_cut(value, first, dropped > 0);
		assert(store->head.changes >= cut.changes);
		store->head.changes -= cut.changes;
		store->head.change_bytes -= cut.bytes;
		store->head.compacted = cut.last;
		dropped += cut.changes;
		if (cut.whole)
			ec_state_delete(store->scratch, cursor.name, cursor.name_size);
	}
	return dropped; /* none: the scratch is used up, and nothing will be kept */
}

uint64_t store_history_close(struct store *store, uint64_t budget)
{
	uint64_t dropped = 0, more = 1;
	tail_write(store);
	while (more && store_history_full(store) && dropped < budget) {
		more = oldest_drop(store);
		dropped += more;
	}
	return dropped;
}
