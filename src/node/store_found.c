/* store_found.c - what a reader of LMDB found of late, by name.
 *
 * A name has one place, and the last one that was found holds it.  Which place is no secret: names
 * chosen to share one are read as if there were none. */
#include "node/store_found.h"

#include <assert.h>
#include <string.h>

struct found *found_place(struct founds *founds, MDB_val name)
{
	uint64_t end = 0;
	if (name.mv_size == 0 || name.mv_size > FOUND_NAME_MAX)
		return NULL;
	size_t size = name.mv_size < sizeof end ? name.mv_size : sizeof end;
	memcpy(&end, (const uint8_t *)name.mv_data + name.mv_size - size, size);
	return &founds->at[end * 0x9e3779b97f4a7c15 >> 32 & (FOUND_PLACES - 1)];
}

bool found_is(const struct found *found, MDB_val name)
{
	return found->name_size == name.mv_size &&
	       memcmp(found->name, name.mv_data, name.mv_size) == 0;
}

void found_keep(struct found *found, MDB_val name, MDB_val value)
{
	assert(name.mv_size > 0 && name.mv_size <= sizeof found->name);
	found->name_size = (uint8_t)name.mv_size;
	memcpy(found->name, name.mv_data, name.mv_size);
	found->value = value;
}

void founds_drop(struct founds *founds)
{
	for (int i = 0; i < FOUND_PLACES; i++)
		founds->at[i].name_size = 0;
}
