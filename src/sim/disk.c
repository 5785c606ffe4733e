/* disk.c - a log whose tail a crash may take. */
#include "sim/disk.h"

#include <assert.h>
#include <stdlib.h>

static void record_drop(struct sim_record *record)
{
	ec_drop(record->head);
	ec_drop(record->body);
}

void sim_disk_append(struct sim_disk *disk, struct sim_record record)
{
	if (disk->count == disk->capacity) {
		disk->capacity = disk->capacity ? 2 * disk->capacity : 64;
		disk->record = realloc(disk->record, disk->capacity * sizeof *disk->record);
		assert(disk->record);
	}
	disk->record[disk->count++] = record;
}

/* record[at] is a CUT that just became durable: it goes first, the spared follow. */
static void cut_at(struct sim_disk *disk, uint32_t at)
{
	struct sim_record cut = disk->record[at];
	uint32_t kept = 0;
	for (uint32_t i = 0; i < at; i++) {
		struct sim_record *record = &disk->record[i];
		if (record->cut || record->seq <= cut.seq)
			record_drop(record);
		else
			disk->record[kept++] = *record;
	}
	memmove(disk->record + 1, disk->record, kept * sizeof cut);
	disk->record[0] = cut;
	memmove(disk->record + kept + 1, disk->record + at + 1,
	        (disk->count - at - 1) * sizeof cut);
	disk->count -= at - kept;
	disk->durable = kept + 1;
}

void sim_disk_sync(struct sim_disk *disk, uint32_t count)
{
	assert(count <= sim_disk_unsynced(disk));
	for (; count; count--) {
		uint32_t at = disk->durable++;
		if (disk->record[at].cut)
			cut_at(disk, at);
	}
}

void sim_disk_trim(struct sim_disk *disk, uint32_t count)
{
	assert(count <= disk->durable);
	for (uint32_t i = 0; i < count; i++)
		record_drop(&disk->record[i]);
	disk->count -= count;
	disk->durable -= count;
	memmove(disk->record, disk->record + count, disk->count * sizeof *disk->record);
}

uint32_t sim_disk_unsynced(const struct sim_disk *disk)
{
	return disk->count - disk->durable;
}

uint32_t sim_disk_cut_power(struct sim_disk *disk, uint32_t keep)
{
	sim_disk_sync(disk, keep);
	uint32_t lost = sim_disk_unsynced(disk);
	for (uint32_t i = disk->durable; i < disk->count; i++)
		record_drop(&disk->record[i]);
	disk->count = disk->durable;
	return lost;
}

uint32_t sim_disk_torn(const struct sim_disk *disk, struct ec_prng *prng, bool *holes)
{
	uint32_t unsynced = sim_disk_unsynced(disk), keep = unsynced;
	*holes = false;
	for (uint32_t i = 0; i < unsynced; i++) {
		bool kept = ec_prng_chance(prng, 1, 2);
		if (!kept && keep == unsynced)
			keep = i;
		*holes |= kept && keep < i;
	}
	return keep;
}

struct sim_disk sim_disk_flushed(const struct sim_disk *disk)
{
	struct sim_disk copy = {0};
	for (uint32_t i = 0; i < disk->count; i++) {
		ec_keep(disk->record[i].head);
		ec_keep(disk->record[i].body);
		sim_disk_append(&copy, disk->record[i]);
	}
	copy.durable = disk->durable; /* those are in order already */
	sim_disk_sync(&copy, sim_disk_unsynced(&copy));
	return copy;
}

void sim_disk_wipe(struct sim_disk *disk)
{
	for (uint32_t i = 0; i < disk->count; i++)
		record_drop(&disk->record[i]);
	free(disk->record);
	*disk = (struct sim_disk){0};
}

uint32_t sim_disk_held(const struct sim_disk *disk, struct ec_bytes *at)
{
	uint32_t held = 0;
	for (uint32_t i = 0; i < disk->count; i++) {
		const struct ec_bytes both[] = {disk->record[i].head, disk->record[i].body};
		for (int k = 0; k < 2; k++) {
			if (both[k].buffer && at)
				at[held] = both[k];
			held += both[k].buffer != NULL;
		}
	}
	return held;
}
