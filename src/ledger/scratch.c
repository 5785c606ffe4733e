/* scratch.c - the layer under one transaction: reads fall through, writes stay until kept. */
#include "ledger/scratch.h"
#include "base/cbor.h"

#include <assert.h>
#include <stdlib.h>

struct ec_scratch *scratch_new(struct layer *layer, size_t size_max)
{
	struct ec_scratch *scratch = calloc(1, sizeof *scratch);
	if (!scratch || !(scratch->arena = malloc(size_max)))
		abort();
	scratch->layer = layer;
	scratch->size_max = size_max;
	return scratch;
}

void scratch_free(struct ec_scratch *scratch)
{
	if (!scratch)
		return;
	free(scratch->arena);
	free(scratch);
}

void scratch_begin(struct ec_scratch *scratch, const struct ec_membership *membership, bool own)
{
	scratch->membership = membership;
	scratch->used = 0;
	memset(scratch->first, 0, sizeof scratch->first);
	scratch->entries = 0;
	scratch->posted = 0;
	scratch->own = own;
	scratch->failed = EC_RESULT_DONE;
	scratch->detail_size = 0;
}

void scratch_fail(struct ec_scratch *scratch, enum ec_result result)
{
	if (scratch->failed == EC_RESULT_DONE)
		scratch->failed = result;
}

enum ec_result scratch_judge(struct ec_scratch *scratch, enum ec_result result)
{
	if (scratch->failed != EC_RESULT_DONE)
		result = scratch->failed;
	else if (result == EC_RESULT_DONE && scratch->posted != 0)
		result = EC_RESULT_UNBALANCED;
	if (result == EC_RESULT_TOO_MUCH || result == EC_RESULT_UNBALANCED)
		scratch->detail_size = 0;
	return (unsigned)result < EC_RESULT_COUNT ? result : EC_RESULT_RULE;
}

void scratch_keep(struct ec_scratch *scratch, uint64_t position)
{
	assert(scratch->failed == EC_RESULT_DONE);
	for (struct scratch_entry *entry = scratch->first[0]; entry; entry = entry->next[0])
		layer_put(scratch->layer, position, entry->name, entry->name_size,
		          entry->gone ? NULL : entry->value, entry->gone ? 0 : entry->value_size);
}

/* Whether only the ledger itself may write such a name: one letter, then a slash. */
static bool name_own(const uint8_t *name, size_t name_size)
{
	return name_size >= 2 && name[1] == '/';
}

/* Takes aligned bytes from the arena.  Returns: NULL when it is used up; then it failed. */
static void *take(struct ec_scratch *scratch, size_t size)
{
	size = (size + 7) & ~(size_t)7;
	if (scratch->size_max - scratch->used < size) {
		scratch_fail(scratch, EC_RESULT_TOO_MUCH);
		return NULL;
	}
	void *at = scratch->arena + scratch->used;
	scratch->used += size;
	return at;
}

/* The last links before `name`, one a level.  Returns: the entry of this name, or NULL. */
static struct scratch_entry *find(struct ec_scratch *scratch, const void *name, size_t size,
                                  struct scratch_entry **link[SCRATCH_LEVELS])
{
	struct scratch_entry **next = scratch->first;
	int order = -1;
	for (int level = SCRATCH_LEVELS - 1; level >= 0; level--) {
		while (next[level] &&
		       (order = names_compare(next[level]->name, next[level]->name_size, name,
		                              size)) < 0)
			next = next[level]->next;
		link[level] = &next[level];
	}
	return next[0] && order == 0 ? next[0] : NULL;
}

/* How high entry number `count` stands: as the ruler does. */
static int levels_of(uint64_t count)
{
	int levels = 1 + __builtin_ctzll(count | (uint64_t)1 << 62) / 2;
	return levels < SCRATCH_LEVELS ? levels : SCRATCH_LEVELS;
}

static struct scratch_entry *entry_add(struct ec_scratch *scratch, const void *name, size_t size,
                                       struct scratch_entry **link[SCRATCH_LEVELS])
{
	struct scratch_entry *entry = take(scratch, SCRATCH_ENTRY_COST);
	uint8_t *copy = entry ? take(scratch, size) : NULL;
	if (!copy)
		return NULL;
	memcpy(copy, name, size);
	*entry = (struct scratch_entry){.name = copy, .name_size = (uint16_t)size, .gone = true};
	int levels = levels_of(++scratch->entries);
	for (int i = 0; i < levels; i++) {
		entry->next[i] = *link[i];
		*link[i] = entry;
	}
	return entry;
}

/* The entry of a name that is about to change; NULL when it may not. */
static struct scratch_entry *entry_open(struct ec_scratch *scratch, const void *name, size_t size)
{
	struct scratch_entry **link[SCRATCH_LEVELS];
	if (scratch->failed != EC_RESULT_DONE)
		return NULL;
	if (size == 0 || size > EC_NAME_MAX || (!scratch->own && name_own(name, size))) {
		scratch_fail(scratch, EC_RESULT_RULE);
		return NULL;
	}
	struct scratch_entry *entry = find(scratch, name, size, link);
	return entry ? entry : entry_add(scratch, name, size, link);
}

void ec_state_put(struct ec_scratch *scratch, const void *name, size_t name_size, const void *value,
                  size_t value_size)
{
	if (value_size > EC_VALUE_MAX)
		scratch_fail(scratch, EC_RESULT_TOO_MUCH);
	struct scratch_entry *entry = entry_open(scratch, name, name_size);
	if (!entry)
		return;
	if (!entry->value || entry->value_room < value_size) {
		entry->value = take(scratch, value_size);
		entry->value_room = (uint32_t)value_size;
	}
	if (!entry->value)
		return;
	if (value_size)
		memmove(entry->value, value, value_size);
	entry->value_size = (uint32_t)value_size;
	entry->gone = false;
}

void ec_state_delete(struct ec_scratch *scratch, const void *name, size_t name_size)
{
	struct scratch_entry *entry = entry_open(scratch, name, name_size);
	if (entry)
		entry->gone = true;
}

bool ec_state_get(struct ec_scratch *scratch, const void *name, size_t name_size,
                  struct ec_bytes *value)
{
	struct scratch_entry **link[SCRATCH_LEVELS];
	if (scratch->failed != EC_RESULT_DONE || name_size == 0 || name_size > EC_NAME_MAX)
		return false;
	const struct scratch_entry *entry = NULL;
	if (scratch->entries)
		entry = find(scratch, name, name_size, link);
	if (!entry)
		return layer_get(scratch->layer, name, name_size, value);
	*value = (struct ec_bytes){.data = entry->value, .size = entry->value_size};
	return !entry->gone;
}

/* The first name above `after` in either; the scratch's own value counts where both have one. */
static bool next_of_both(struct ec_scratch *scratch, const void *after, size_t after_size,
                         struct ec_bytes *name, struct ec_bytes *value)
{
	struct scratch_entry **link[SCRATCH_LEVELS];
	struct scratch_entry *entry = find(scratch, after, after_size, link);
	entry = entry ? entry->next[0] : *link[0];
	bool below = layer_next(scratch->layer, after, after_size, name, value);
	for (;;) {
		int order = 1; /* of the entry's name to the one below */
		if (!entry)
			return below;
		if (below)
			order = names_compare(entry->name, entry->name_size, name->data,
			                      name->size);
		if (below && order > 0)
			return true;
		struct ec_bytes own = {.data = entry->name, .size = entry->name_size};
		if (!entry->gone) {
			*name = own;
			*value = (struct ec_bytes){.data = entry->value, .size = entry->value_size};
			return true;
		}
		if (below && order == 0)
			below = layer_next(scratch->layer, own.data, own.size, name, value);
		entry = entry->next[0];
	}
}

void ec_cursor_start(struct ec_cursor *cursor, const void *prefix, size_t prefix_size)
{
	*cursor = (struct ec_cursor){.prefix_size = prefix_size};
	if (prefix_size > EC_NAME_MAX) /* no name is that long */
		cursor->prefix_size = EC_NAME_MAX + 1;
	else if (prefix_size)
		memcpy(cursor->prefix, prefix, prefix_size);
}

void ec_cursor_skip(struct ec_cursor *cursor, const void *name, size_t name_size)
{
	assert(name_size >= cursor->prefix_size && name_size <= EC_NAME_MAX);
	assert(memcmp(name, cursor->prefix, cursor->prefix_size) == 0);
	memcpy(cursor->name, name, name_size);
	cursor->name_size = name_size;
	cursor->begun = true;
}

bool ec_cursor_next(struct ec_scratch *scratch, struct ec_cursor *cursor, struct ec_bytes *value)
{
	struct ec_bytes name;
	if (scratch->failed != EC_RESULT_DONE || cursor->prefix_size > EC_NAME_MAX)
		return false;
	bool first = !cursor->begun;
	cursor->begun = true;
	if (first) {
		memcpy(cursor->name, cursor->prefix, cursor->prefix_size);
		cursor->name_size = cursor->prefix_size;
		if (ec_state_get(scratch, cursor->prefix, cursor->prefix_size, value))
			return true;
	}
	if (!next_of_both(scratch, cursor->name, cursor->name_size, &name, value))
		return false;
	if (name.size < cursor->prefix_size ||
	    memcmp(name.data, cursor->prefix, cursor->prefix_size) != 0)
		return false;
	assert(name.size <= EC_NAME_MAX);
	memcpy(cursor->name, name.data, name.size);
	cursor->name_size = name.size;
	return true;
}

void ec_result_detail(struct ec_scratch *scratch, const void *cbor, size_t size)
{
	struct ec_cbor item = ec_cbor_over(cbor, size);
	ec_cbor_skip(&item);
	if (size > EC_DETAIL_MAX || !ec_cbor_done(&item))
		return;
	memcpy(scratch->detail, cbor, size);
	scratch->detail_size = size;
}

void ec_result_reason(struct ec_scratch *scratch, const char *reason)
{
	size_t size = strlen(reason);
	if (size > EC_DETAIL_MAX - 3)
		size = EC_DETAIL_MAX - 3;
	while (size > 0 && !ec_utf8_ok(reason, size))
		size--;
	struct ec_cbor_writer writer = ec_cbor_writer_over(scratch->detail, EC_DETAIL_MAX);
	ec_cbor_write_text(&writer, reason, size);
	assert(ec_cbor_writer_ok(&writer));
	scratch->detail_size = writer.out.size;
}

bool ec_cell_genesis(struct ec_scratch *scratch, const char *name, size_t name_size,
                     struct ec_bytes *genesis)
{
	assert(scratch->genesis);
	for (uint32_t i = 0; i < scratch->genesis->cells; i++) {
		const struct ec_cell_entry *cell = &scratch->genesis->cell[i];
		if (strlen(cell->name) == name_size && memcmp(cell->name, name, name_size) == 0) {
			*genesis = cell->genesis;
			return true;
		}
	}
	return false;
}

bool ec_crash_cells(struct ec_scratch *scratch)
{
	assert(scratch->genesis);
	return scratch->genesis->flags & EC_GENESIS_CRASH_CELLS;
}

uint64_t ec_time_rate(struct ec_scratch *scratch)
{
	assert(scratch->genesis);
	return scratch->genesis->time_rate;
}

const struct ec_crypto *ec_scratch_crypto(struct ec_scratch *scratch)
{
	assert(scratch->crypto);
	return scratch->crypto;
}
