/* member_read.c - how a member reads the store: changes in their order, and all keys where it must.
 *
 * A range comes in pages, each as of a block of its own.  It is taken as of the revision that the
 * first page saw, R: what was changed after R is left out and comes as a change.  A record that
 * this member has not acknowledged is not taken out while it is present, so whatever it missed
 * stands in the range; it is taken in by the order of revisions, as if it came as changes.  Whether
 * it was present to the end is asked for when there was more than one page: else a later page may
 * lack what an earlier one promised. */
#include "vsync/inside.h"

#include <assert.h>
#include <stdlib.h>

enum { PAGE = 1024, CHANGES = 1024, NAME_AT = sizeof "key/" - 1, CHANGE_AT = sizeof "change/" - 1 };

static struct ec_bytes bytes_of(struct ec_view view)
{
	return (struct ec_bytes){.data = view.data, .size = view.size};
}

void vsync_member_read(const struct vsync_member *member, struct ec_door_request *request)
{
	*request = (struct ec_door_request){.kind = member->ranging ? EC_DOOR_STORE : EC_DOOR_WATCH,
	                                    .at = EC_AT_LATEST,
	                                    .prefix = true,
	                                    .limit = member->ranging ? PAGE : CHANGES,
	                                    .name = bytes_of(member->config.prefix)};
	if (member->checking) {
		request->prefix = false;
		request->name.data = member->own_key;
		request->name.size = member->own_key_size;
	} else if (member->ranging) {
		request->after.data = member->after;
		request->after.size = member->after_size;
	} else {
		request->revision = member->place_revision;
		request->index = member->place_index;
	}
}

/* ---- a range ---- */

static void range_begin(struct vsync_member *member)
{
	member->ranging = true;
	member->checking = false;
	member->pages = 0;
	member->range.size = 0;
	member->after_size = 0;
}

/* Keeps an item of a page, but for what no member wrote. */
static void item_keep(struct vsync_member *member, struct ec_bytes name, struct ec_bytes value)
{
	size_t size = name.size + value.size + 8;
	if (name.size <= NAME_AT || name.size - NAME_AT > EC_STORE_KEY_MAX ||
	    memcmp(name.data, "key/", NAME_AT) != 0)
		return;
	member->after_size = name.size - NAME_AT;
	memcpy(member->after, name.data + NAME_AT, member->after_size);
	struct ec_view key = {member->after, member->after_size};
	if (vsync_key_read(member->config.prefix, key).kind == VSYNC_NONE)
		return;
	struct ec_writer out = ec_writer_over(ec_growing_reserve(&member->range, size), size);
	ec_write_block(&out, key.data, key.size);
	ec_write_block(&out, value.data, value.size);
	member->range.size += out.size;
}

static int item_order(const void *left, const void *right)
{
	const struct vsync_change *a = left, *b = right;
	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	return (a->key.kind > b->key.kind) - (a->key.kind < b->key.kind);
}

/* The items as an array by revision.  Returns: from malloc. */
static struct vsync_change *items_read(struct vsync_member *member, size_t *count)
{
	struct ec_reader at = ec_reader_over(member->range.at, member->range.size);
	size_t room = 0, size;
	struct vsync_change *items = NULL;
	*count = 0;
	while (at.left > 0 && !at.bad) {
		struct ec_store_key stands;
		struct ec_view key, value;
		key.data = ec_read_block(&at, SIZE_MAX, &key.size);
		value.data = ec_read_block(&at, SIZE_MAX, &size);
		if (!ec_store_key_read((struct ec_bytes){.data = value.data, .size = size},
		                       &stands))
			continue;
		if (*count == room) {
			room = room ? 2 * room : 64;
			items = realloc(items, room * sizeof *items);
			if (!items)
				abort();
		}
		items[(*count)++] =
			(struct vsync_change){.revision = stands.mod,
		                              .key = vsync_key_read(member->config.prefix, key),
		                              .put = true,
		                              .create = stands.create,
		                              .value = stands.value};
	}
	if (*count > 1)
		qsort(items, *count, sizeof *items, item_order);
	return items;
}

/* Who is present as of R.  What was put into it since then says only more.
 * In: still: the create revision of our presence when the last page was here. */
static void present_take(struct vsync_member *member, const struct vsync_change *items,
                         size_t count, uint64_t still)
{
	member->presents = 0;
	for (size_t i = 0; i < count; i++)
		if (items[i].key.kind == VSYNC_PRESENT && items[i].create <= member->range_revision)
			vsync_present_put(member, items[i].key.a, items[i].create, items[i].value);
	uint32_t self = vsync_present_find(member, member->config.id);
	uint64_t create = self < member->presents ? member->present[self].create : 0;
	if (member->phase == VSYNC_ENTERING && create > 0) {
		member->phase = VSYNC_HERE;
		member->create = create;
	}
	if (member->phase == VSYNC_HERE && (create != member->create || still != create))
		vsync_end(member, "its lease ended", false);
}

static bool is_record(const struct vsync_change *item)
{
	return item->key.kind == VSYNC_VIEW || item->key.kind == VSYNC_MULTICAST ||
	       item->key.kind == VSYNC_STATE;
}

/* A revision has one record at most, and the changes may have been read up to its middle. */
static uint64_t taken_in(const struct vsync_member *member)
{
	return member->seen > member->newest ? member->seen : member->newest;
}

/* Records that were taken in before: those that still stand. */
static void records_take(struct vsync_member *member, const struct vsync_change *items,
                         size_t count)
{
	member->records = member->own = 0;
	for (size_t i = 0; i < count && member->phase != VSYNC_OVER; i++)
		if (is_record(&items[i]) && items[i].revision <= taken_in(member))
			vsync_record_put(member, items[i].revision, items[i].key);
}

/* The view in force, where its record is gone already, for who is not in it. */
static void view_take(struct vsync_member *member, const struct vsync_change *now)
{
	struct ec_vsync_view view;
	if (member->in || !vsync_view_read(now->value, &view) || view.number <= member->view.number)
		return;
	view.epoch = now->revision;
	member->view = view;
}

/* Takes in a whole range. */
static void range_take(struct vsync_member *member, uint64_t now_ms, uint64_t still)
{
	size_t count;
	struct vsync_change *items = items_read(member, &count), *view = NULL;
	uint64_t revision = member->range_revision, before = taken_in(member);
	for (size_t i = 0; i < count; i++)
		if (items[i].key.kind == VSYNC_VIEW_NOW)
			view = &items[i];
	if (revision < before ||
	    (view && view->revision > revision)) { /* what was in force at R is not known, or R is
		                                      of a time before */
		free(items);
		range_begin(member);
		return;
	}
	if (vsync_planted(member, VSYNC_BUG_GAP) && member->in)
		before = revision;
	present_take(member, items, count, still);
	records_take(member, items, count);
	for (size_t i = 0; i < count; i++)
		if (is_record(&items[i]) && items[i].revision > before &&
		    items[i].revision <= revision)
			vsync_change_came(member, now_ms, &items[i]);
	if (view)
		view_take(member, view);
	if (member->in && view && view->revision != member->view.epoch)
		vsync_end(member, "the others went on without it", false);
	free(items);
	ec_growing_free(&member->range);
	member->ranging = member->checking = false;
	member->seen = revision;
	member->place_revision = revision + 1;
	member->place_index = 0;
	if (member->phase == VSYNC_READING)
		member->phase = VSYNC_GRANTING;
}

/* Our own presence in an answer.  Returns: its create revision; 0: it is not in it. */
static uint64_t own_find(const struct vsync_member *member, struct ec_door_answer answer)
{
	struct ec_bytes name, value;
	struct ec_store_key stands;
	while (ec_door_item_next(&answer, &name, &value))
		if (name.size == NAME_AT + member->own_key_size &&
		    memcmp(name.data + NAME_AT, member->own_key, member->own_key_size) == 0 &&
		    ec_store_key_read(value, &stands))
			return stands.create;
	return 0;
}

/* Keeps what a page holds.  Returns: whether another one follows. */
static bool page_keep(struct vsync_member *member, struct ec_door_answer answer)
{
	struct ec_bytes name, value;
	struct ec_store_head head = {0};
	struct ec_name head_name = ec_store_name_head();
	uint32_t kept = 0;
	while (ec_door_item_next(&answer, &name, &value)) {
		if (name.size == head_name.size &&
		    memcmp(name.data, head_name.at, name.size) == 0) {
			ec_store_head_read(value, &head);
		} else {
			item_keep(member, name, value);
			kept++;
		}
	}
	if (member->pages++ == 0)
		member->range_revision = head.revision;
	return answer.more && kept > 0;
}

static void values_came(struct vsync_member *member, uint64_t now_ms,
                        const struct ec_door_answer *answer)
{
	if (!member->checking && page_keep(member, *answer)) {
		if (member->range.size > VSYNC_RANGE_MAX)
			vsync_end(member,
			          "more is kept under the group's prefix than members leave there",
			          false);
		return;
	}
	if (member->pages > 1 && !member->checking)
		member->checking = true;
	else
		range_take(member, now_ms, own_find(member, *answer));
}

/* ---- changes ---- */

static void changes_came(struct vsync_member *member, uint64_t now_ms,
                         struct ec_door_answer *answer)
{
	struct ec_bytes name, value;
	struct ec_store_change change;
	while (member->phase != VSYNC_OVER && ec_door_item_next(answer, &name, &value)) {
		if (name.size != CHANGE_AT + 16 || !ec_store_change_read(value, &change))
			continue;
		struct vsync_change came = {
			.revision = ec_name_u64_at(name.data, name.size, CHANGE_AT),
			.key = vsync_key_read(member->config.prefix, change.key),
			.put = change.kind == EC_STORE_PUT,
			.create = change.create,
			.value = change.value};
		vsync_change_came(member, now_ms, &came);
	}
	if (answer->next_revision < member->place_revision)
		return; /* no gateway of ours: from a place on, what is next is not before it */
	member->place_revision = answer->next_revision;
	member->place_index = answer->next_index;
	member->seen = member->place_revision - 1;
}

void vsync_member_answer(struct vsync_member *member, uint64_t now_ms,
                         const struct ec_door_answer *answer)
{
	struct ec_door_answer mine = *answer;
	if (member->phase == VSYNC_OVER)
		return;
	if (answer->kind == EC_DOOR_REFUSED) {
		if (!member->ranging && answer->reason == EC_REASON_PRUNED)
			range_begin(member);
	} else if (answer->kind == EC_DOOR_VALUES && member->ranging) {
		values_came(member, now_ms, answer);
		vsync_settle(member, now_ms, 0, true);
	} else if (answer->kind == EC_DOOR_CHANGES && !member->ranging) {
		changes_came(member, now_ms, &mine);
		vsync_settle(member, now_ms, answer->seq, answer->more);
	}
}
