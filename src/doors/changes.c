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

/* Before the change of a place: no name lies between. */
static void cursor_before(struct ec_cursor *cursor, const struct ec_changes_place *place)
{
	struct ec_name prefix = ec_name_of("change/");
	struct ec_name name = place->index ? ec_store_name_change(place->revision, place->index - 1)
	                                   : ec_store_name_change(place->revision - 1, UINT64_MAX);
	ec_cursor_start(cursor, prefix.at, prefix.size);
	ec_cursor_skip(cursor, name.at, name.size);
}

uint32_t ec_changes_read(struct ec_ledger *ledger, struct ec_view prefix, uint32_t limit,
                         size_t bytes_max, struct ec_changes_place *place, bool *more,
                         struct ec_writer *out)
{
	enum { REVISION_AT = sizeof "change/" - 1, INDEX_AT = REVISION_AT + 8 };
	struct ec_cursor cursor;
	struct ec_bytes value;
	struct ec_store_change change;
	uint32_t count = 0, looked = 0;
	assert(place->revision > 0);
	*more = false;
	cursor_before(&cursor, place);
	while (ec_ledger_next(ledger, &cursor, &value)) {
		struct ec_changes_place at = {
			ec_name_u64_at(cursor.name, cursor.name_size, REVISION_AT),
			ec_name_u64_at(cursor.name, cursor.name_size, INDEX_AT)};
		if (count == limit || looked++ == EC_CHANGES_SCAN_MAX || out->size >= bytes_max) {
			*place = at;
			*more = true;
			return count;
		}
		*place =
			(struct ec_changes_place){at.revision + 1, 0}; /* if none follows: they come
		                                                          a revision at once */
		if (!ec_store_change_read(value, &change) || change.key.size < prefix.size ||
		    (prefix.size && memcmp(change.key.data, prefix.data, prefix.size) != 0))
			continue;
		ec_write_block(out, cursor.name, cursor.name_size);
		ec_write_block(out, value.data, value.size);
		count++;
	}
	return count;
}
