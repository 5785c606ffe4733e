/* store_changes.c - what was put into a store and deleted since its last commit, to be done again.
 *
 * Parts of at least PART_SIZE bytes, each a row of: head, name, value.
 */
#include "node/store_changes.h"

#include <assert.h>
#include <stdlib.h>

/* Large enough to be a mapping of its own, which the heap has no hole from later. */
enum { PART_SIZE = 2 << 20 };

struct head {
	uint32_t name_size, value_size;
	bool deletes;
};

struct changes_part {
	struct changes_part *next;
	size_t used, size;
	uint8_t at[];
};

static struct changes_part *part_add(struct changes *changes, size_t need)
{
	size_t size = need > PART_SIZE ? need : PART_SIZE;
	struct changes_part *part = malloc(sizeof *part + size);
	if (!part)
		return NULL;
	*part = (struct changes_part){.size = size};
	if (changes->last)
		changes->last->next = part;
	else
		changes->first = part;
	changes->last = part;
	return part;
}

static void append(struct changes_part *part, const void *data, size_t size)
{
	assert(part->used + size <= part->size);
	if (size)
		memcpy(part->at + part->used, data, size);
	part->used += size;
}

bool changes_add(struct changes *changes, const struct change *change)
{
	struct changes_part *part = changes->last;
	size_t size = change->name.size + change->value.size;
	struct head head = {.name_size = (uint32_t)change->name.size,
	                    .value_size = (uint32_t)change->value.size,
	                    .deletes = change->deletes};
	assert(size <= UINT32_MAX / 2);
	if (!part || part->size - part->used < sizeof head + size)
		part = part_add(changes, sizeof head + size);
	if (!part)
		return false;
	append(part, &head, sizeof head);
	append(part, change->name.data, change->name.size);
	append(part, change->value.data, change->value.size);
	changes->size += size;
	return true;
}

bool changes_each(const struct changes *changes,
                  bool (*each)(void *self, const struct change *change), void *self)
{
	for (const struct changes_part *part = changes->first; part; part = part->next)
		for (size_t at = 0; at < part->used;) {
			struct head head;
			memcpy(&head, part->at + at, sizeof head);
			const uint8_t *name = part->at + at + sizeof head;
			const struct change change = {
				.name = {.data = name, .size = head.name_size},
				.value = {.data = name + head.name_size, .size = head.value_size},
				.deletes = head.deletes};
			if (!each(self, &change))
				return false;
			at += sizeof head + head.name_size + head.value_size;
		}
	return true;
}

void changes_drop(struct changes *changes)
{
	for (struct changes_part *part = changes->first, *next; part; part = next) {
		next = part->next;
		free(part);
	}
	*changes = (struct changes){0};
}
