/* changes.c - which names changed between two positions, as one batch for the state tree. */
#include "ledger/inside.h"

#include <assert.h>
#include <stdlib.h>

static struct tree_change *change_add(struct ec_ledger *ledger, size_t count)
{
	if (count == ledger->changes_capacity) {
		ledger->changes_capacity = ledger->changes_capacity * 2 + 256;
		size_t size = ledger->changes_capacity * sizeof *ledger->changes;
		if (!(ledger->changes = realloc(ledger->changes, size)))
			abort();
	}
	return &ledger->changes[count];
}

/* What the tree is to hold of a name as of `position`. */
static void change_fill(const struct ec_ledger *ledger, struct named *named, uint64_t position,
                        struct tree_change *change)
{
	struct ec_bytes value;
	*change = (struct tree_change){
		.place = *layer_place(named), .name = named->name, .name_size = named->name_size};
	if (layer_get_at(&ledger->state, position, named->name, named->name_size, &value))
		change->leaf = tree_leaf_hash(&change->place, value.data, value.size);
	else
		change->gone = true;
}

/* Applies to the tree every name that has a version in first..last, with its value as of
 * `position`. */
static void changes_apply(struct ec_ledger *ledger, uint64_t first, uint64_t last,
                          uint64_t position)
{
	const struct layer *layer = &ledger->state;
	size_t count = 0;
	ledger->collected++;
	for (size_t i = layer->journal_end; i > layer->journal_first; i--) {
		const struct layer_change *entry = &layer->journal[i - 1];
		if (entry->position < first)
			break;
		struct layer_touch *touch = entry->named->record;
		if (entry->position > last || touch->collected == ledger->collected)
			continue;
		touch->collected = ledger->collected;
		change_fill(ledger, entry->named, position, change_add(ledger, count));
		count++;
	}
	tree_update(&ledger->tree, ledger->changes, count);
}

void tree_move(struct ec_ledger *ledger, uint64_t position)
{
	uint64_t from = ledger->tree_position;
	assert(position >= ledger->persisted.position);
	ledger->tree_position = position;
	if (position == from)
		return;
	if (position > from)
		changes_apply(ledger, from + 1, position, position);
	else
		changes_apply(ledger, position + 1, from, position);
}

void tree_first(struct ec_ledger *ledger)
{
	assert(ledger->position == 0);
	changes_apply(ledger, 0, 0, 0);
}
