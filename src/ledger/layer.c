/* layer.c - versions of names over a store: read, undone from above, settled from below. */
#include "ledger/layer.h"

#include <assert.h>
#include <stdlib.h>

enum { OWN_MAX = 512 }; /* bytes of a first value that stands with its name */
_Static_assert(sizeof(struct layer_touch) % _Alignof(struct layer_version) == 0,
               "a version may stand behind the record");

/* A name as the store has it. */
struct stored_name {
	uint8_t at[EC_STORE_NAME_MAX];
	size_t size;
};

static struct stored_name stored(const struct layer *layer, const void *name, size_t name_size)
{
	struct stored_name stored = {.size = layer->prefix_size + name_size};
	assert(stored.size <= sizeof stored.at);
	memcpy(stored.at, layer->prefix, layer->prefix_size);
	if (name_size)
		memcpy(stored.at + layer->prefix_size, name, name_size);
	return stored;
}

void layer_start(struct layer *layer, struct ec_store *store, const void *prefix,
                 size_t prefix_size, bool ordered)
{
	assert(prefix_size > 0 && prefix_size <= LAYER_PREFIX_MAX);
	*layer = (struct layer){.store = store, .prefix_size = prefix_size};
	memcpy(layer->prefix, prefix, prefix_size);
	layer->ordered = ordered;
	layer->names = names_new(sizeof(struct layer_touch), ordered);
}

static void version_free(struct layer_touch *touch, struct layer_version *version)
{
	if (version == touch->own)
		touch->own_used = false;
	else
		free(version);
}

static void touch_end(void *record)
{
	struct layer_touch *touch = record;
	while (touch->top) {
		struct layer_version *below = touch->top->below;
		version_free(touch, touch->top);
		touch->top = below;
	}
}

void layer_end(struct layer *layer)
{
	names_free(layer->names, touch_end);
	free(layer->journal);
	*layer = (struct layer){0};
}

static bool version_value(const struct layer_version *version, struct ec_bytes *value)
{
	if (version->gone)
		return false;
	*value = (struct ec_bytes){.data = version->data, .size = version->size};
	return true;
}

/* The version of a name after `position`; NULL: the store's value counts. */
static const struct layer_version *version_at(struct named *named, uint64_t position)
{
	const struct layer_version *version = ((const struct layer_touch *)named->record)->top;
	while (version && version->position > position)
		version = version->below;
	return version;
}

bool layer_get_at(const struct layer *layer, uint64_t position, const void *name, size_t name_size,
                  struct ec_bytes *value)
{
	struct named *named = names_find(layer->names, name, name_size);
	const struct layer_version *version = named ? version_at(named, position) : NULL;
	if (version)
		return version_value(version, value);
	struct stored_name at = stored(layer, name, name_size);
	return layer->store->get(layer->store, at.at, at.size, value);
}

bool layer_get(const struct layer *layer, const void *name, size_t name_size,
               struct ec_bytes *value)
{
	return layer_get_at(layer, UINT64_MAX, name, name_size, value);
}

/* The first name of ours above `after` that the store has. */
static bool stored_next(const struct layer *layer, const void *after, size_t after_size,
                        struct ec_bytes *name, struct ec_bytes *value)
{
	struct stored_name at = stored(layer, after, after_size);
	if (!layer->store->next(layer->store, at.at, at.size, name, value))
		return false;
	if (name->size <= layer->prefix_size ||
	    memcmp(name->data, layer->prefix, layer->prefix_size) != 0)
		return false;
	*name = ec_slice(*name, layer->prefix_size, name->size - layer->prefix_size);
	return true;
}

bool layer_next_at(const struct layer *layer, uint64_t position, const void *after,
                   size_t after_size, struct ec_bytes *name, struct ec_bytes *value)
{
	struct named *named = names_after(layer->names, after, after_size);
	bool old = stored_next(layer, after, after_size, name, value);
	for (; named; named = named->next[0]) {
		const struct layer_version *version = version_at(named, position);
		int order = -1; /* of the layer's next to the store's next */
		if (old)
			order = names_compare(named->name, named->name_size, name->data,
			                      name->size);
		if (order > 0)
			return true;
		if (!version) /* the store's value counts, if it has one */
			continue;
		struct ec_bytes own = {.data = named->name, .size = named->name_size};
		if (!version->gone) {
			*name = own;
			return version_value(version, value);
		}
		if (order == 0) /* deleted here: the store's own does not count */
			old = stored_next(layer, own.data, own.size, name, value);
	}
	return old;
}

bool layer_next(const struct layer *layer, const void *after, size_t after_size,
                struct ec_bytes *name, struct ec_bytes *value)
{
	return layer_next_at(layer, UINT64_MAX, after, after_size, name, value);
}

static void journal_add(struct layer *layer, uint64_t position, struct named *named)
{
	if (layer->journal_end == layer->journal_capacity) {
		size_t count = layer->journal_end - layer->journal_first;
		if (layer->journal_first > count) { /* mostly settled: move down */
			memmove(layer->journal, layer->journal + layer->journal_first,
			        count * sizeof *layer->journal);
			layer->journal_first = 0;
			layer->journal_end = count;
		} else {
			size_t capacity = layer->journal_capacity * 2 + 64;
			layer->journal = realloc(layer->journal, capacity * sizeof *layer->journal);
			if (!layer->journal)
				abort();
			layer->journal_capacity = capacity;
		}
	}
	layer->journal[layer->journal_end++] =
		(struct layer_change){.position = position, .named = named};
}

static struct layer_version *version_new(struct layer_touch *touch, uint64_t position,
                                         const void *value, size_t size)
{
	struct layer_version *version = touch->own;
	if (version && !touch->own_used && size <= touch->own_room)
		touch->own_used = true;
	else if (!(version = malloc(sizeof *version + size)))
		abort();
	*version = (struct layer_version){.position = position, .size = size, .gone = !value};
	if (size)
		memcpy(version->data, value, size);
	return version;
}

void layer_put(struct layer *layer, uint64_t position, const void *name, size_t name_size,
               const void *value, size_t value_size)
{
	assert(value || value_size == 0);
	size_t room = value_size <= OWN_MAX ? sizeof(struct layer_version) + value_size : 0;
	struct named *named = names_put_wide(layer->names, name, name_size, room);
	struct layer_touch *touch = named->record;
	struct layer_version *top = touch->top;
	if (!top && room) { /* it was made now */
		touch->own = (struct layer_version *)(touch + 1);
		touch->own_room = (uint32_t)value_size;
	}
	assert(!top || top->position <= position);
	bool again = top && top->position == position;
	if (again && value && !top->gone && top->size == value_size) {
		if (value_size)
			memcpy(top->data, value, value_size);
		return;
	}
	struct layer_version *version = version_new(touch, position, value, value_size);
	version->below = again ? top->below : top;
	touch->top = version;
	layer->bytes += sizeof *version + value_size;
	if (again) {
		layer->bytes -= sizeof *top + top->size;
		version_free(touch, top);
	} else {
		journal_add(layer, position, named);
	}
}

void layer_undo(struct layer *layer, uint64_t position)
{
	while (layer->journal_end > layer->journal_first) {
		struct layer_change *change = &layer->journal[layer->journal_end - 1];
		if (change->position <= position)
			return;
		struct layer_touch *touch = change->named->record;
		struct layer_version *top = touch->top;
		assert(top && top->position == change->position);
		touch->top = top->below;
		layer->bytes -= sizeof *top + top->size;
		version_free(touch, top);
		if (!touch->top)
			names_remove(layer->names, change->named);
		layer->journal_end--;
	}
}

/* Frees `version` and all below it. */
static void versions_free(struct layer *layer, struct layer_touch *touch,
                          struct layer_version *version)
{
	while (version) {
		struct layer_version *below = version->below;
		layer->bytes -= sizeof *version + version->size;
		version_free(touch, version);
		version = below;
	}
}

static void named_settle(struct layer *layer, struct named *named, uint64_t position)
{
	struct layer_touch *touch = named->record;
	struct layer_version **link = &touch->top;
	while (*link && (*link)->position > position)
		link = &(*link)->below;
	struct layer_version *version = *link;
	if (!version) /* all that it has are later */
		return;
	struct stored_name at = stored(layer, named->name, named->name_size);
	struct ec_bytes old;
	if (layer->ordered && layer->store->get(layer->store, at.at, at.size, &old))
		layer->stored -= named->name_size + old.size;
	if (layer->ordered && !version->gone)
		layer->stored += named->name_size + version->size;
	if (version->gone)
		layer->store->del(layer->store, at.at, at.size);
	else
		layer->store->put(layer->store, at.at, at.size, version->data, version->size);
	*link = NULL;
	versions_free(layer, touch, version);
}

/* The same for those that stand in the journal before `end`, where no order is kept. */
static void journal_settle(struct layer *layer, size_t end, uint64_t position)
{
	size_t count = 0, size = (end - layer->journal_first) * sizeof(struct named *);
	struct named **settling = malloc(size);
	if (!settling)
		abort();
	for (size_t i = layer->journal_first; i < end; i++) {
		struct layer_touch *touch = layer->journal[i].named->record;
		if (!touch->settling)
			settling[count++] = layer->journal[i].named;
		touch->settling = true;
	}
	names_sort(settling, count);
	for (size_t i = 0; i < count; i++) {
		named_settle(layer, settling[i], position);
		((struct layer_touch *)settling[i]->record)->settling = false;
	}
	free(settling);
}

static bool touch_leaves(const void *record)
{
	return !((const struct layer_touch *)record)->top;
}

/* In the order of names, by which a store on disk puts many for the price of few. */
void layer_settle(struct layer *layer, uint64_t position)
{
	size_t end = layer->journal_first;
	while (end < layer->journal_end && layer->journal[end].position <= position)
		end++;
	if (end == layer->journal_first)
		return;
	if (layer->ordered)
		for (struct named *n = names_after(layer->names, NULL, 0); n; n = n->next[0])
			named_settle(layer, n, position);
	else
		journal_settle(layer, end, position);
	layer->journal_first = end;
	names_sweep(layer->names, touch_leaves);
}

const ec_hash *layer_place(struct named *named)
{
	struct layer_touch *touch = named->record;
	if (!touch->placed) {
		touch->place = ec_sha256(named->name, named->name_size);
		touch->placed = true;
	}
	return &touch->place;
}
