/* changes.c - the store of a group as doors read it: its head, and its changes from one on. */
#include "doors/changes.h"

#include <assert.h>

bool ec_changes_store(const struct ec_genesis *genesis)
{
	for (uint32_t i = 0; i < genesis->services; i++)
		if (strcmp(genesis->service[i].name, "store") == 0)
			return true;
	return false;
}

struct ec_store_head ec_changes_head(struct ec_ledger *ledger)
{
	struct ec_name name = ec_store_name_head();
	struct ec_store_head head = {0};
	struct ec_bytes value;
	if (ec_ledger_get(ledger, name.at, name.size, &value))
		ec_store_head_read(value, &head);
	return head;
}

/* Before the parts of a group. */
static void cursor_before(struct ec_cursor *cursor, uint64_t group)
{
	struct ec_name prefix = ec_name_of("changes/"), before = prefix;
	ec_name_add_u64(&before, group);
	ec_cursor_start(cursor, prefix.at, prefix.size);
	ec_cursor_skip(cursor, before.at, before.size);
}

/* Changes that are being read. */
struct reading {
	struct ec_view prefix;
	uint32_t limit, count, looked;
	size_t bytes_max;
	struct ec_changes_place from, *place; /* place: what to go on from */
	struct ec_writer *out;
};

static bool is_of(struct ec_bytes record, struct ec_view prefix)
{
	struct ec_store_change change;
	return ec_store_change_read(record, &change) && change.key.size >= prefix.size &&
	       (prefix.size == 0 || memcmp(change.key.data, prefix.data, prefix.size) == 0);
}

/* Returns: false when as much was read as is wanted, and a change stands at the place. */
static bool part_read(struct reading *reading, struct ec_bytes value)
{
	const struct ec_changes_place *from = &reading->from;
	struct ec_store_part part;
	ec_store_part_begin(value, &part);
	while (ec_store_part_next(&part)) {
		if (part.revision < from->revision ||
		    (part.revision == from->revision && part.index < from->index))
			continue;
		*reading->place = (struct ec_changes_place){part.revision, part.index};
		if (reading->count == reading->limit || reading->looked++ == EC_CHANGES_SCAN_MAX ||
		    reading->out->size >= reading->bytes_max)
			return false;
		/* If none follows: they come a revision at once. */
		*reading->place = (struct ec_changes_place){part.revision + 1, 0};
		if (!is_of(part.record, reading->prefix))
			continue;
		struct ec_name name = ec_store_name_change(part.revision, part.index);
		ec_write_block(reading->out, name.at, name.size);
		ec_write_block(reading->out, part.record.data, part.record.size);
		reading->count++;
	}
	return true;
}

uint32_t ec_changes_read(struct ec_ledger *ledger, struct ec_view prefix, uint32_t limit,
                         size_t bytes_max, struct ec_changes_place *place, bool *more,
                         struct ec_writer *out)
{
	struct reading reading = {.prefix = prefix,
	                          .limit = limit,
	                          .bytes_max = bytes_max,
	                          .from = *place,
	                          .place = place,
	                          .out = out};
	struct ec_cursor cursor;
	struct ec_bytes value;
	assert(place->revision > 0);
	*more = false;
	cursor_before(&cursor, place->revision / EC_STORE_GROUP);
	while (!*more && ec_ledger_next(ledger, &cursor, &value))
		*more = !part_read(&reading, value);
	return reading.count;
}
