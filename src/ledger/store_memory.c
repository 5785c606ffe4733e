/* store_memory.c - a store in memory, for the simulator and tests: what was not synced can be lost.
 */
#include "ledger/store.h"
#include "ledger/names.h"

#include <assert.h>
#include <stdlib.h>

/* The record of a name: its value, and what a crash would bring back. */
struct value {
	uint8_t *data; /* NULL: no such name */
	uint8_t *synced;
	size_t size, synced_size;
	bool dirty; /* data and synced differ, and are two blocks; else one, or both NULL */
};

struct memory {
	struct ec_store store;
	struct names *names;
	struct named **dirty; /* every one with value.dirty */
	size_t dirty_count, dirty_capacity;
	bool full;     /* syncs find no room */
	uint64_t lack; /* of the last one */
};

static struct memory *memory_of(struct ec_store *store)
{
	return (struct memory *)(void *)store;
}

static uint8_t *copy_of(const void *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	return copy;
}

static bool memory_get(struct ec_store *store, const void *name, size_t name_size,
                       struct ec_bytes *out)
{
	struct named *named = names_find(memory_of(store)->names, name, name_size);
	const struct value *value = named ? named->record : NULL;
	if (!value || !value->data)
		return false;
	*out = (struct ec_bytes){.data = value->data, .size = value->size};
	return true;
}

static bool memory_next(struct ec_store *store, const void *after, size_t after_size,
                        struct ec_bytes *name, struct ec_bytes *out)
{
	const struct value *value;
	struct named *named = names_after(memory_of(store)->names, after, after_size);
	while (named && !((const struct value *)named->record)->data)
		named = named->next[0];
	if (!named)
		return false;
	value = named->record;
	*name = (struct ec_bytes){.data = named->name, .size = named->name_size};
	*out = (struct ec_bytes){.data = value->data, .size = value->size};
	return true;
}

/* The value that is about to change: what was synced stays aside. */
static struct value *value_open(struct memory *memory, struct named *named)
{
	struct value *value = named->record;
	if (value->dirty) {
		free(value->data);
		return value;
	}
	value->dirty = true;
	value->synced = value->data;
	value->synced_size = value->size;
	if (memory->dirty_count == memory->dirty_capacity) {
		memory->dirty_capacity = memory->dirty_capacity ? memory->dirty_capacity * 2 : 64;
		size_t size = memory->dirty_capacity * sizeof(struct named *);
		if (!(memory->dirty = realloc(memory->dirty, size)))
			abort();
	}
	memory->dirty[memory->dirty_count++] = named;
	return value;
}

static void memory_put(struct ec_store *store, const void *name, size_t name_size, const void *data,
                       size_t size)
{
	assert(name_size > 0 && name_size <= EC_STORE_NAME_MAX);
	struct memory *memory = memory_of(store);
	uint8_t *copy = copy_of(data, size);
	struct value *value = value_open(memory, names_put(memory->names, name, name_size));
	value->data = copy;
	value->size = size;
}

static void memory_del(struct ec_store *store, const void *name, size_t name_size)
{
	struct memory *memory = memory_of(store);
	struct named *named = names_find(memory->names, name, name_size);
	if (!named || !((struct value *)named->record)->data)
		return;
	struct value *value = value_open(memory, named);
	value->data = NULL;
	value->size = 0;
}

/* Settles every change one way or the other; names without a value leave. */
static void changes_end(struct memory *memory, bool keep)
{
	for (size_t i = 0; i < memory->dirty_count; i++) {
		struct value *value = memory->dirty[i]->record;
		if (keep) {
			free(value->synced);
		} else {
			free(value->data);
			value->data = value->synced;
			value->size = value->synced_size;
		}
		value->synced = NULL;
		value->dirty = false;
		if (!value->data)
			names_remove(memory->names, memory->dirty[i]);
	}
	memory->dirty_count = 0;
}

static bool memory_sync(struct ec_store *store)
{
	struct memory *memory = memory_of(store);
	memory->lack = memory->full ? memory->dirty_count : 0;
	if (memory->lack)
		return false;
	changes_end(memory, true);
	return true;
}

static uint64_t memory_lack(const struct ec_store *store)
{
	return ((const struct memory *)store)->lack;
}

static void clear_one(void *self, struct named *named)
{
	memory_del(self, named->name, named->name_size);
}

static void memory_clear(struct ec_store *store)
{
	names_each(memory_of(store)->names, clear_one, store);
}

static void value_end(void *record)
{
	struct value *value = record;
	free(value->data);
	free(value->synced);
}

static void memory_close(struct ec_store *store)
{
	struct memory *memory = memory_of(store);
	names_free(memory->names, value_end);
	free(memory->dirty);
	free(memory);
}

static void view_one(void *self, struct named *named)
{
	const struct value *value = named->record;
	const uint8_t *data = value->dirty ? value->synced : value->data;
	if (data)
		memory_put(self, named->name, named->name_size, data,
		           value->dirty ? value->synced_size : value->size);
}

static struct ec_store *memory_view(struct ec_store *store)
{
	struct ec_store *view = ec_store_memory();
	names_each(memory_of(store)->names, view_one, view);
	changes_end(memory_of(view), true);
	return view;
}

struct ec_store *ec_store_memory(void)
{
	struct memory *memory = calloc(1, sizeof *memory);
	if (!memory)
		abort();
	memory->names = names_new(sizeof(struct value), true);
	memory->store = (struct ec_store){.get = memory_get,
	                                  .next = memory_next,
	                                  .put = memory_put,
	                                  .del = memory_del,
	                                  .sync = memory_sync,
	                                  .lack = memory_lack,
	                                  .clear = memory_clear,
	                                  .view = memory_view,
	                                  .close = memory_close};
	return &memory->store;
}

void ec_store_memory_full(struct ec_store *store, bool full)
{
	memory_of(store)->full = full;
}

void ec_store_memory_crash(struct ec_store *store)
{
	changes_end(memory_of(store), false);
}
