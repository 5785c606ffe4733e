/* member.c - a member of a group of replicas: what the order of the store makes of it.
 *
 * Virtual synchrony after Birman and Joseph (1987), with total order.  Ours: there is no flush.
 * What a flush establishes, that a view ends with the same multicasts everywhere, follows here from
 * the order in which the group has both (V1-V3), and so nobody has to stop sending for it. */
#include "vsync/inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUEUE_HEAD = 12, HELD_HEAD = 20 };

struct vsync_member *vsync_member_new(const struct vsync_config *config)
{
	assert(config->prefix.size >= 1 && config->prefix.size <= EC_VSYNC_PREFIX_MAX);
	assert(strlen(config->name) <= EC_VSYNC_NAME_MAX && config->id != 0);
	assert(ec_utf8_ok(config->name, strlen(config->name)));
	assert(config->value_max >= 2 * VSYNC_VIEW_SIZE_MAX &&
	       config->value_max <= EC_STORE_VALUE_MAX);
	assert(config->state_max <=
	       (uint64_t)VSYNC_PIECES_MAX * (config->value_max - VSYNC_FRAME_SIZE));
	struct vsync_member *member = calloc(1, sizeof *member);
	if (!member)
		abort();
	member->config = *config;
	memcpy(member->prefix, config->prefix.data, config->prefix.size);
	member->config.prefix.data = member->prefix;
	snprintf(member->name, sizeof member->name, "%s", config->name);
	member->config.name = member->name;
	struct vsync_key own = {.kind = VSYNC_PRESENT, .a = config->id};
	member->own_key_size = vsync_key_write(member->config.prefix, own, member->own_key);
	member->ranging = true;
	return member;
}

void vsync_member_free(struct vsync_member *member)
{
	if (!member)
		return;
	ec_growing_free(&member->range);
	ec_growing_free(&member->incoming);
	ec_growing_free(&member->held);
	ec_growing_free(&member->outgoing);
	ec_growing_free(&member->queue);
	free(member);
}

/* ---- what waits to be ordered ---- */

size_t vsync_member_bytes_max(const struct vsync_member *member)
{
	return member->config.value_max - VSYNC_FRAME_SIZE - VSYNC_ITEM_SIZE;
}

uint64_t vsync_member_multicast(struct vsync_member *member, const void *bytes, size_t size)
{
	if (member->phase != VSYNC_HERE || member->leaving || !member->in || !member->whole ||
	    size > vsync_member_bytes_max(member) ||
	    member->queue.size + QUEUE_HEAD + size > VSYNC_QUEUE_MAX)
		return 0;
	uint64_t number = ++member->said;
	struct ec_writer out = ec_writer_over(ec_growing_reserve(&member->queue, QUEUE_HEAD + size),
	                                      QUEUE_HEAD + size);
	ec_write_u64(&out, number);
	ec_write_block(&out, bytes, size);
	member->queue.size += out.size;
	return number;
}

/* All that is queued is not in the order; of what is on its way only if that is `sure`.  What is
 * sent meanwhile belongs to the next view. */
static void queue_refuse(struct vsync_member *member, bool sure)
{
	struct ec_growing queue = member->queue;
	bool on_its_way = member->keys.errand == VSYNC_SAY && member->keys.count && !sure;
	uint32_t unsure = on_its_way ? member->keys.messages : 0;
	member->queue = (struct ec_growing){0};
	member->keys.count = 0;
	struct ec_reader at = ec_reader_over(queue.at, queue.size);
	while (at.left > 0 && !at.bad) {
		uint64_t number = ec_read_u64(&at);
		size_t size;
		const uint8_t *bytes = ec_read_block(&at, SIZE_MAX, &size);
		member->config.calls.refused(member->config.calls.self, number,
		                             (struct ec_view){bytes, size}, unsure == 0);
		unsure -= unsure > 0;
	}
	ec_growing_free(&queue);
}

/* Our own record came: so many of the first in the queue are ordered. */
static void queue_ordered(struct vsync_member *member, uint32_t messages)
{
	struct ec_reader at = ec_reader_over(member->queue.at, member->queue.size);
	size_t size;
	for (uint32_t i = 0; i < messages && at.left > 0; i++) {
		ec_read_u64(&at);
		ec_read_block(&at, SIZE_MAX, &size);
	}
	ec_growing_consume(&member->queue, member->queue.size - at.left);
}

/* ---- the end ---- */

void vsync_end(struct vsync_member *member, const char *why, bool sure)
{
	if (member->phase == VSYNC_OVER)
		return;
	uint64_t epoch = member->in ? member->view.epoch : 0;
	member->phase = VSYNC_OVER;
	queue_refuse(member, sure);
	member->in = false;
	member->config.calls.fenced(member->config.calls.self, epoch, why);
}

void vsync_member_lose(struct vsync_member *member, const char *why)
{
	vsync_end(member, why, false);
}

bool vsync_member_over(const struct vsync_member *member)
{
	return member->phase == VSYNC_OVER;
}

void vsync_member_leave(struct vsync_member *member)
{
	member->leaving = true;
	if (member->phase == VSYNC_READING || member->phase == VSYNC_GRANTING)
		vsync_end(member, "it left before it was present", false);
}

/* ---- who is present ---- */

uint32_t vsync_present_find(const struct vsync_member *member, uint64_t id)
{
	for (uint32_t i = 0; i < member->presents; i++)
		if (member->present[i].id == id)
			return i;
	return VSYNC_PRESENT_MAX;
}

void vsync_present_put(struct vsync_member *member, uint64_t id, uint64_t create,
                       struct ec_view value)
{
	struct vsync_present now = {.id = id, .create = create};
	if (!vsync_present_read(value, now.name, &now.acknowledged))
		return;
	uint32_t at = vsync_present_find(member, id);
	if (at < member->presents && member->present[at].create == create) {
		member->present[at] = now;
		return;
	}
	if (at < member->presents || member->presents == VSYNC_PRESENT_MAX)
		return;
	at = member->presents++;
	for (; at > 0 && member->present[at - 1].create > create; at--)
		member->present[at] = member->present[at - 1];
	member->present[at] = now;
}

static void present_came(struct vsync_member *member, const struct vsync_change *change)
{
	bool ours = change->key.a == member->config.id;
	if (change->put) {
		vsync_present_put(member, change->key.a, change->create, change->value);
		if (ours && member->phase == VSYNC_ENTERING) {
			member->phase = VSYNC_HERE;
			member->create = change->create;
			member->keys.showed =
				member->keys.showed || member->keys.errand == VSYNC_ENTER;
		}
		return;
	}
	uint32_t at = vsync_present_find(member, change->key.a);
	if (at < member->presents) {
		member->presents--;
		memmove(&member->present[at], &member->present[at + 1],
		        (member->presents - at) * sizeof member->present[0]);
	}
	if (ours && member->phase == VSYNC_HERE && !vsync_planted(member, VSYNC_BUG_DEAF))
		vsync_end(member, member->leaving ? "it left" : "its lease ended", true);
}

/* ---- records ---- */

bool vsync_record_put(struct vsync_member *member, uint64_t revision, struct vsync_key key)
{
	if (member->records == VSYNC_RECORDS_MAX) {
		vsync_end(member, "more is kept under the group's prefix than members leave there",
		          false);
		return false;
	}
	member->record[member->records++] = (struct vsync_record){.revision = revision, .key = key};
	member->own += key.kind == VSYNC_MULTICAST && key.a == member->config.id;
	return true;
}

static void record_gone(struct vsync_member *member, struct vsync_key key)
{
	uint32_t at = 0;
	while (at < member->records &&
	       (member->record[at].key.kind != key.kind || member->record[at].key.a != key.a ||
	        member->record[at].key.b != key.b))
		at++;
	if (at == member->records)
		return;
	member->records--;
	member->own -= key.kind == VSYNC_MULTICAST && key.a == member->config.id;
	memmove(&member->record[at], &member->record[at + 1],
	        (member->records - at) * sizeof member->record[0]);
}

/* A whole member has taken it in. */
static void record_taken(struct vsync_member *member, uint64_t now_ms, uint64_t revision)
{
	member->delivered = revision;
	if (member->unacknowledged++ == 0)
		member->unacknowledged_since = now_ms;
}

/* ---- multicasts ---- */

static void deliver(struct vsync_member *member, uint64_t revision, uint64_t sender,
                    struct ec_view value)
{
	struct vsync_batch batch;
	struct ec_vsync_message message = {
		.epoch = member->view.epoch, .sender = sender, .revision = revision};
	if (!vsync_batch_read(value, &batch))
		return;
	message.number = batch.first;
	while (vsync_batch_next(&batch, &message.bytes)) {
		member->config.calls.deliver(member->config.calls.self, &message);
		message.number++;
		message.index++;
	}
}

/* Keeps it until the state is here. */
static void hold(struct vsync_member *member, const struct vsync_change *change)
{
	size_t size = HELD_HEAD + change->value.size;
	if (vsync_planted(member, VSYNC_BUG_HELD_LOST))
		return;
	if (member->held.size + size > VSYNC_HELD_MAX) {
		vsync_end(member, "too much came while the state was on its way", false);
		return;
	}
	struct ec_writer out = ec_writer_over(ec_growing_reserve(&member->held, size), size);
	ec_write_u64(&out, change->revision);
	ec_write_u64(&out, change->key.a);
	ec_write_block(&out, change->value.data, change->value.size);
	member->held.size += out.size;
}

static void multicast_came(struct vsync_member *member, uint64_t now_ms,
                           const struct vsync_change *change)
{
	struct vsync_batch batch;
	uint64_t sender = change->key.a;
	bool stale = !vsync_batch_read(change->value, &batch) ||
	             batch.view_number != member->view.number;
	if (vsync_planted(member, VSYNC_BUG_VIEW_UNCOMPARED))
		stale = false;
	bool ours = sender == member->config.id;
	if (!member->in || stale || vsync_view_find(&member->view, sender) < 0)
		return;
	if (ours && member->keys.errand == VSYNC_SAY && member->keys.count == change->key.b) {
		member->keys.showed = true;
		member->keys.count = 0;
		queue_ordered(member, member->keys.messages);
	}
	if (!member->whole) {
		hold(member, change);
		return;
	}
	record_taken(member, now_ms, change->revision);
	deliver(member, change->revision, sender, change->value);
}

/* ---- the state of those who join ---- */

static void bringing_end(struct vsync_member *member)
{
	member->bringing = false;
	ec_growing_free(&member->outgoing);
}

/* The state is here: what came meanwhile follows it. */
static void become_whole(struct vsync_member *member, uint64_t now_ms, uint64_t revision)
{
	const struct ec_vsync_calls *calls = &member->config.calls;
	struct ec_growing held = member->held, state = member->incoming;
	member->held = member->incoming = (struct ec_growing){0};
	member->whole = true;
	calls->state_brought(calls->self,
	                     (struct ec_view){state.size ? state.at : member->prefix, state.size});
	ec_growing_free(&state);
	calls->view(calls->self, &member->view);
	struct ec_reader at = ec_reader_over(held.at, held.size);
	while (at.left > 0 && !at.bad) {
		uint64_t place = ec_read_u64(&at), sender = ec_read_u64(&at);
		size_t size;
		const uint8_t *bytes = ec_read_block(&at, SIZE_MAX, &size);
		deliver(member, place, sender, (struct ec_view){bytes, size});
	}
	ec_growing_free(&held);
	record_taken(member, now_ms, revision);
}

static void piece_came(struct vsync_member *member, uint64_t now_ms,
                       const struct vsync_change *change)
{
	bool last;
	struct ec_view bytes;
	if (change->key.a != member->view.number || !vsync_piece_read(change->value, &last, &bytes))
		return;
	for (uint32_t i = 0; last && i < member->view.members; i++)
		member->view.member[i].whole = true;
	if (member->bringing && change->key.b + 1 == member->pieces_out && last)
		bringing_end(member);
	member->keys.showed = member->keys.showed || member->keys.errand == VSYNC_BRING;
	if (!member->in || member->whole) {
		if (member->whole)
			record_taken(member, now_ms, change->revision);
		return;
	}
	if (change->key.b != member->pieces_in ||
	    member->incoming.size + bytes.size > member->config.state_max) {
		vsync_end(member, "the group's state is larger than this member takes", false);
		return;
	}
	member->pieces_in++;
	if (bytes.size)
		memcpy(ec_growing_reserve(&member->incoming, bytes.size), bytes.data, bytes.size);
	member->incoming.size += bytes.size;
	if (last)
		become_whole(member, now_ms, change->revision);
}

/* Takes the state, if we are to bring it: the first in the view that has it, where one has not. */
static void state_take(struct vsync_member *member)
{
	const struct ec_vsync_calls *calls = &member->config.calls;
	uint32_t first = 0;
	bool all = true;
	for (uint32_t i = member->view.members; i-- > 0;) {
		all = all && member->view.member[i].whole;
		first = member->view.member[i].whole ? i : first;
	}
	if (all || member->view.member[first].id != member->config.id)
		return;
	struct ec_view state = calls->state_wanted(calls->self);
	if (state.size > member->config.state_max) {
		vsync_end(member, "its state is larger than it may bring to others", false);
		return;
	}
	member->bringing = true;
	member->pieces_out = 0;
	member->outgoing_at = 0;
	if (state.size)
		memcpy(ec_growing_reserve(&member->outgoing, state.size), state.data, state.size);
	member->outgoing.size = state.size;
}

/* ---- views ---- */

static void view_enter(struct vsync_member *member, uint64_t now_ms, uint64_t revision, bool anew)
{
	const struct ec_vsync_calls *calls = &member->config.calls;
	if (anew) {
		member->whole = true;
		calls->state_brought(calls->self, (struct ec_view){0});
	}
	if (!member->whole)
		return;
	record_taken(member, now_ms, revision);
	state_take(member);
	if (member->phase != VSYNC_OVER)
		calls->view(calls->self, &member->view);
}

/* The state of a view that ended before it was brought whole is of no use to anybody. */
static void pieces_void(struct vsync_member *member)
{
	bool whole = true;
	for (uint32_t i = 0; i < member->view.members; i++)
		whole = whole && member->view.member[i].whole;
	for (uint32_t i = 0; !whole && i < member->records; i++)
		if (member->record[i].key.kind == VSYNC_STATE &&
		    member->record[i].key.a == member->view.number)
			member->record[i].is_void = true;
}

static void view_came(struct vsync_member *member, uint64_t now_ms,
                      const struct vsync_change *change)
{
	struct ec_vsync_view view;
	if (!vsync_view_read(change->value, &view) || view.number != change->key.a ||
	    view.number <= member->view.number)
		return;
	view.epoch = change->revision;
	/* Who does not know that it is present is so no more: a range showed it. */
	int self = member->phase == VSYNC_HERE ? vsync_view_find(&view, member->config.id) : -1;
	if (vsync_planted(member, VSYNC_BUG_DEAF) && member->in && self < 0)
		self = 0;
	if (member->in && (self < 0 || view.number != member->view.number + 1)) {
		vsync_end(member, "the others went on without it", self < 0);
		return;
	}
	pieces_void(member);
	member->view = view;
	member->differs_since = 0;
	member->keys.showed = member->keys.showed || member->keys.errand == VSYNC_INSTALL;
	bringing_end(member);
	member->incoming.size = member->held.size = member->pieces_in = 0;
	if (self < 0)
		return;
	member->in = true;
	member->shut = false;
	if (!vsync_planted(member, VSYNC_BUG_CARRIED_OVER))
		queue_refuse(member, true);
	member->keys.count = 0;
	view_enter(member, now_ms, view.epoch, view.member[self].whole && !member->whole);
}

void vsync_change_came(struct vsync_member *member, uint64_t now_ms,
                       const struct vsync_change *change)
{
	bool record = change->key.kind == VSYNC_VIEW || change->key.kind == VSYNC_MULTICAST ||
	              change->key.kind == VSYNC_STATE;
	if (member->phase == VSYNC_OVER || change->key.kind == VSYNC_NONE)
		return;
	if (change->key.kind == VSYNC_PRESENT) {
		present_came(member, change);
	} else if (record && !change->put) {
		record_gone(member, change->key);
	} else if (record && change->create == change->revision &&
	           vsync_record_put(member, change->revision, change->key)) {
		member->newest = change->revision;
		if (change->key.kind == VSYNC_VIEW)
			view_came(member, now_ms, change);
		else if (change->key.kind == VSYNC_MULTICAST)
			multicast_came(member, now_ms, change);
		else
			piece_came(member, now_ms, change);
	}
}
