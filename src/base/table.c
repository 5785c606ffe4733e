/* table.c - a fixed open-addressed map: linear probing, half empty, holes closed at removal.
 *
 * (I1) Between the home of a name and its place no place is empty.
 */
#include "base/table.h"

#include <assert.h>

struct place {
	ec_hash name;
	uint32_t value; /* plus 1; 0: empty, so that memory never used is never touched */
};

struct ec_table {
	uint32_t mask, count, entries_max;
	uint64_t secret;
	struct place place[];
};

static uint32_t places(uint32_t entries_max)
{
	uint32_t count = 4;
	assert(entries_max >= 1 && entries_max <= UINT32_MAX / 8);
	while (count < 2 * entries_max)
		count *= 2;
	return count;
}

size_t ec_table_size(uint32_t entries_max)
{
	return sizeof(struct ec_table) + (size_t)places(entries_max) * sizeof(struct place);
}

void ec_table_init(struct ec_table *table, uint32_t entries_max, uint64_t secret)
{
	table->mask = places(entries_max) - 1;
	table->count = 0;
	table->entries_max = entries_max;
	table->secret = secret;
}

static uint32_t home(const struct ec_table *table, const ec_hash *name)
{
	uint64_t word;
	memcpy(&word, name->b, sizeof word);
	word = (word ^ table->secret) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(word >> 32) & table->mask;
}

/* Where the name is, or the empty place where it would go. */
static uint32_t seek(const struct ec_table *table, const ec_hash *name)
{
	uint32_t at = home(table, name);
	while (table->place[at].value && !ec_hash_equal(&table->place[at].name, name))
		at = (at + 1) & table->mask;
	return at;
}

uint32_t ec_table_find(const struct ec_table *table, const ec_hash *name)
{
	return table->place[seek(table, name)].value - 1;
}

void ec_table_put(struct ec_table *table, const ec_hash *name, uint32_t value)
{
	uint32_t at = seek(table, name);
	assert(table->place[at].value == 0);
	assert(value != UINT32_MAX && table->count < table->entries_max);
	table->place[at] = (struct place){*name, value + 1};
	table->count++;
}

void ec_table_remove(struct ec_table *table, const ec_hash *name)
{
	uint32_t hole = seek(table, name);
	assert(table->place[hole].value);
	table->count--;
	for (uint32_t at = (hole + 1) & table->mask; table->place[at].value;
	     at = (at + 1) & table->mask) {
		uint32_t from_home = (at - home(table, &table->place[at].name)) & table->mask;
		uint32_t from_hole = (at - hole) & table->mask;
		if (from_home < from_hole)
			continue; /* (I1) it would stand before its home */
		table->place[hole] = table->place[at];
		hole = at;
	}
	table->place[hole].value = 0;
}

uint32_t ec_table_count(const struct ec_table *table)
{
	return table->count;
}
