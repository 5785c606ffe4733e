/* desk.c - questions about the state, and those that wait for their answer. */
#include "doors/desk.h"

#include "doors/changes.h"
#include "doors/status.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 250, RETRY_MS = 500, ITEM_MAX = EC_NAME_MAX + EC_VALUE_MAX + 8 };

_Static_assert((int)EC_DOOR_NAME_MAX == (int)EC_NAME_MAX, "names of the door and the ledger");
_Static_assert((int)EC_DOOR_KEY_MAX == (int)EC_STORE_KEY_MAX, "keys of the door and the store");

/* Why an envelope that is no good by itself is refused. */
static enum ec_reason reason_of(enum ec_envelope_fault fault)
{
	switch (fault) {
	case EC_ENVELOPE_SIZE:
		return EC_REASON_TOO_LARGE;
	case EC_ENVELOPE_SIGNATURE:
		return EC_REASON_SIGNATURE;
	case EC_ENVELOPE_GROUP:
		return EC_REASON_GROUP;
	default:
		return EC_REASON_INVALID;
	}
}

enum ec_reason ec_desk_refusal(const struct ec_outcome *outcome, uint32_t *retry_ms)
{
	*retry_ms = EC_RETRY_NOT_READY_MS;
	switch (outcome->kind) {
	case EC_OUTCOME_NOT_READY:
		return EC_REASON_NOT_READY;
	case EC_OUTCOME_NO_ROOM:
		return EC_REASON_NO_ROOM;
	case EC_OUTCOME_BUSY:
		*retry_ms = outcome->retry_ms ? outcome->retry_ms : EC_RETRY_BUSY_MS;
		return EC_REASON_BUSY;
	case EC_OUTCOME_REFUSED:
		*retry_ms = 0;
		return reason_of(outcome->fault);
	case EC_OUTCOME_DONE:
		break;
	}
	return EC_REASON_NONE;
}

const char *ec_desk_order_only(const struct ec_daemon *daemon)
{
	return ec_daemon_genesis(daemon)->flags & EC_GENESIS_ORDER_ONLY
	               ? "its certificates cover counts and hashes of ids alone"
	               : NULL;
}

/* One who waits: for a linearizable read, with `held` for a certificate, or for changes. */
struct waiter {
	struct waiter *next, *previous;
	struct ec_desk *desk;
	struct ec_question question;
	ec_desk_reply *reply;
	void *self;
	uint64_t since_ms;
	struct ec_reply held;
	uint8_t *held_items;       /* NULL while it waits for a read, or for changes */
	uint64_t watched_revision; /* of who waits for changes: where the store stood then */
};

struct ec_desk {
	struct ec_daemon *daemon;
	uv_timer_t tick;
	struct waiter *first;
	uint32_t waiting, watching; /* watching: of them, for changes */
	size_t held_bytes;
	uint8_t *scratch;          /* an answer being made */
	char why[EC_UNREADY_SIZE]; /* of the last refusal whose text was made for it */
	void (*stopped)(void *self);
	void *stopped_self;
};

static struct ec_ledger *ledger_of(struct ec_desk *desk)
{
	return ec_member_ledger(ec_daemon_member(desk->daemon));
}

static struct ec_reply refusal(enum ec_reason reason, const char *why)
{
	return (struct ec_reply){.reason = reason, .retry_ms = RETRY_MS, .why = why};
}

static void waiter_unlink(struct waiter *waiter)
{
	struct ec_desk *desk = waiter->desk;
	if (waiter->next)
		waiter->next->previous = waiter->previous;
	if (waiter->previous)
		waiter->previous->next = waiter->next;
	else
		desk->first = waiter->next;
	assert(desk->waiting > 0);
	desk->waiting--;
	desk->watching -= waiter->question.what == EC_ASK_WATCH;
	if (waiter->held_items)
		desk->held_bytes -= waiter->held.items.size;
	if (desk->waiting == 0)
		uv_timer_stop(&desk->tick);
}

static void waiter_free(struct waiter *waiter)
{
	free(waiter->held_items);
	free(waiter);
}

static bool waits_for_read(const struct waiter *waiter)
{
	return !waiter->held_items && waiter->question.what != EC_ASK_WATCH;
}

/* Ends it without an answer. */
static void waiter_drop(struct waiter *waiter)
{
	if (waits_for_read(waiter))
		ec_daemon_forget(waiter->desk->daemon, waiter);
	waiter_unlink(waiter);
	waiter_free(waiter);
}

static void waiter_answer(struct waiter *waiter, const struct ec_reply *reply)
{
	waiter_unlink(waiter);
	waiter->reply(waiter->self, reply);
	waiter_free(waiter);
}

/* Adds a name and its value.  Returns: false when there is no room for it. */
static bool item_add(struct ec_writer *out, struct ec_reply *reply, struct ec_bytes name,
                     struct ec_bytes value)
{
	if (out->size + name.size + value.size + 8 > out->size_max)
		return false;
	ec_write_block(out, name.data, name.size);
	ec_write_block(out, value.data, value.size);
	reply->count++;
	return true;
}

/* Whether names above `after` are only a part of those that begin with `name`: one that sorts
 * before them all leaves nothing out. */
static bool after_cuts(const struct ec_question *question)
{
	size_t least = question->after_size < question->name_size ? question->after_size
	                                                          : question->name_size;
	int order = least ? memcmp(question->after, question->name, least) : 0;
	return question->after_size > 0 &&
	       (order > 0 || (order == 0 && question->after_size >= question->name_size));
}

static void read_prefix(struct ec_ledger *ledger, const struct ec_question *question,
                        struct ec_writer *out, struct ec_reply *reply)
{
	struct ec_cursor cursor;
	struct ec_bytes value;
	ec_cursor_start(&cursor, question->name, question->name_size);
	if (after_cuts(question)) {
		memcpy(cursor.name, question->after, question->after_size);
		cursor.name_size = question->after_size;
		cursor.begun = true;
	}
	while (ec_ledger_next(ledger, &cursor, &value)) {
		struct ec_bytes name = {.data = cursor.name, .size = cursor.name_size};
		bool enough = reply->count == question->limit || out->size >= EC_DOOR_VALUES_MAX;
		if (enough || !item_add(out, reply, name, value)) {
			reply->more = true;
			return;
		}
	}
}

/* Until a restoration is finished nobody sees a part of it. */
static struct ec_reply restoring(void)
{
	return refusal(EC_REASON_NOT_READY,
	               "the store is being restored: ask again when that is finished");
}

/* The head of the store first, then what stands under a key, or under those of a prefix. */
static void read_store(struct ec_ledger *ledger, const struct ec_question *asked,
                       struct ec_writer *out, struct ec_reply *reply)
{
	struct ec_question question = *asked;
	struct ec_name head = ec_store_name_head();
	struct ec_name name = ec_store_name_key((struct ec_view){asked->name, asked->name_size});
	struct ec_name after = ec_store_name_key((struct ec_view){asked->after, asked->after_size});
	struct ec_bytes value;
	if (ec_ledger_get(ledger, head.at, head.size, &value))
		item_add(out, reply, (struct ec_bytes){.data = head.at, .size = head.size}, value);
	question.limit += reply->count;
	question.name_size = name.size;
	question.after_size = asked->after_size ? after.size : 0;
	memcpy(question.name, name.at, name.size);
	memcpy(question.after, after.at, after.size);
	if (question.prefix)
		read_prefix(ledger, &question, out, reply);
	else if (ec_ledger_get(ledger, name.at, name.size, &value))
		item_add(out, reply, (struct ec_bytes){.data = name.at, .size = name.size}, value);
}

static struct ec_reply behind(struct ec_desk *desk, uint64_t seq, uint64_t wanted)
{
	snprintf(desk->why, sizeof desk->why,
	         "the node stands at block %" PRIu64 ", min_seq asks for %" PRIu64, seq, wanted);
	return refusal(EC_REASON_BEHIND, desk->why);
}

/* Reads the state as of the last block; the items stand in the desk's scratch. */
static struct ec_reply read_now(struct ec_desk *desk, const struct ec_question *question)
{
	struct ec_ledger *ledger = ledger_of(desk);
	struct ec_ledger_at at = ec_ledger_at(ledger);
	if (at.seq < question->min_seq)
		return behind(desk, at.seq, question->min_seq);
	if (question->what == EC_ASK_STORE && ec_changes_head(ledger).restoring)
		return restoring();
	struct ec_reply reply = {
		.seq = at.seq, .certified = ec_ledger_certified(ledger), .time_ns = at.time_ns};
	struct ec_writer out = ec_writer_over(desk->scratch, EC_DOOR_VALUES_MAX + ITEM_MAX);
	struct ec_bytes value, name = {.data = question->name, .size = question->name_size};
	if (question->what == EC_ASK_STORE)
		read_store(ledger, question, &out, &reply);
	else if (question->prefix)
		read_prefix(ledger, question, &out, &reply);
	else if (ec_ledger_get(ledger, name.data, name.size, &value))
		item_add(&out, &reply, name, value);
	assert(ec_writer_ok(&out));
	reply.items = (struct ec_bytes){.data = desk->scratch, .size = out.size};
	return reply;
}

static struct ec_reply compacted(struct ec_desk *desk, uint64_t revision, uint64_t oldest)
{
	snprintf(desk->why, sizeof desk->why,
	         "changes are kept from revision %" PRIu64 " on, %" PRIu64
	         " was asked for: read the keys anew, and watch from there",
	         oldest, revision);
	struct ec_reply reply = refusal(EC_REASON_PRUNED, desk->why);
	reply.retry_ms = 0;
	return reply;
}

/* What has changed.  Out: question: moved on behind what was looked at. */
static struct ec_reply watch_now(struct ec_desk *desk, struct ec_question *question)
{
	struct ec_ledger *ledger = ledger_of(desk);
	struct ec_ledger_at at = ec_ledger_at(ledger);
	struct ec_store_head head = ec_changes_head(ledger);
	struct ec_reply reply = {
		.seq = at.seq, .certified = ec_ledger_certified(ledger), .time_ns = at.time_ns};
	struct ec_changes_place place = {question->revision, question->index};
	struct ec_view prefix = {.data = question->name, .size = question->name_size};
	struct ec_writer out = ec_writer_over(desk->scratch, EC_DOOR_VALUES_MAX + ITEM_MAX);
	if (head.restoring)
		return restoring();
	if (place.revision == 0)
		place.revision = head.revision + 1;
	if (place.revision <= head.compacted)
		return compacted(desk, place.revision, head.compacted + 1);
	reply.count = ec_changes_read(ledger, prefix, question->limit, EC_DOOR_VALUES_MAX, &place,
	                              &reply.more, &out);
	assert(ec_writer_ok(&out));
	question->revision = reply.next_revision = place.revision;
	question->index = reply.next_index = place.index;
	reply.revision = head.revision;
	reply.items = (struct ec_bytes){.data = desk->scratch, .size = out.size};
	return reply;
}

/* Whether a watch has its answer: it need not wait. */
static bool watch_told(const struct ec_reply *reply)
{
	return reply->reason != EC_REASON_NONE || reply->count > 0 || reply->more;
}

/* Looks for those who wait for changes, once a revision of the store: blocks without one cost
 * nothing, however many wait. */
static void watchers_look(struct ec_desk *desk)
{
	if (desk->watching == 0)
		return;
	uint64_t revision = ec_changes_head(ledger_of(desk)).revision;
	for (struct waiter *waiter = desk->first, *next; waiter; waiter = next) {
		next = waiter->next;
		if (waiter->question.what != EC_ASK_WATCH || waiter->watched_revision == revision)
			continue;
		waiter->watched_revision = revision;
		struct ec_reply reply = watch_now(desk, &waiter->question);
		if (watch_told(&reply)) {
			waiter_answer(waiter, &reply);
			next = desk->first; /* an answer may have ended any other */
		}
	}
}

/* An answer may end a connection, and with it other waiters: so each search begins anew. */
static struct waiter *find_late(const struct ec_desk *desk, uint64_t now_ms)
{
	struct waiter *waiter = desk->first;
	while (waiter && now_ms - waiter->since_ms < EC_DESK_WAIT_MS)
		waiter = waiter->next;
	return waiter;
}

static struct waiter *find_certified(const struct ec_desk *desk, uint64_t seq)
{
	struct waiter *waiter = desk->first;
	while (waiter && (!waiter->held_items || waiter->held.seq > seq))
		waiter = waiter->next;
	return waiter;
}

static void desk_tick(uv_timer_t *timer)
{
	struct ec_desk *desk = timer->data;
	struct waiter *waiter;
	watchers_look(desk);
	while ((waiter = find_late(desk, uv_now(timer->loop)))) {
		struct ec_reply reply =
			refusal(EC_REASON_NOT_READY,
		                "the order did not serve a read in time; is a quorum up?");
		if (waiter->question.what == EC_ASK_WATCH)
			reply = watch_now(desk, &waiter->question);
		else if (waiter->held_items)
			reply = refusal(EC_REASON_NOT_CERTIFIED,
			                "no quorum certified the block in time");
		else
			ec_daemon_forget(desk->daemon, waiter);
		waiter_answer(waiter, &reply);
	}
}

static struct waiter *waiter_new(struct ec_desk *desk, const struct ec_question *question,
                                 ec_desk_reply *reply, void *self)
{
	struct waiter *waiter = calloc(1, sizeof *waiter);
	if (!waiter)
		abort();
	*waiter = (struct waiter){.desk = desk,
	                          .question = *question,
	                          .reply = reply,
	                          .self = self,
	                          .since_ms = uv_now(desk->tick.loop),
	                          .next = desk->first};
	if (desk->first)
		desk->first->previous = waiter;
	desk->first = waiter;
	desk->watching += question->what == EC_ASK_WATCH;
	if (desk->waiting++ == 0)
		uv_timer_start(&desk->tick, desk_tick, TICK_MS, TICK_MS);
	return waiter;
}

static void read_ready(void *self, enum ec_admission admission)
{
	struct waiter *waiter = self;
	struct ec_desk *desk = waiter->desk;
	struct ec_reply reply;
	if (admission == EC_ADMITTED)
		reply = read_now(desk, &waiter->question);
	else if (admission == EC_BUSY)
		reply = refusal(EC_REASON_BUSY, "too many reads wait for the order");
	else if (ec_status_ready(desk->daemon, desk->why))
		reply = refusal(EC_REASON_NOT_READY, "this node serves no reads now");
	else
		reply = refusal(EC_REASON_NOT_READY, desk->why);
	waiter_answer(waiter, &reply);
}

static void block_certified(void *self, uint64_t seq)
{
	struct ec_desk *desk = self;
	struct waiter *waiter;
	watchers_look(desk);
	while ((waiter = find_certified(desk, seq))) {
		waiter->held.certified = seq;
		waiter_answer(waiter, &waiter->held);
	}
}

static void ask_certified(struct ec_desk *desk, const struct ec_question *question,
                          ec_desk_reply *reply, void *self)
{
	struct ec_reply now = read_now(desk, question);
	if (now.reason != EC_REASON_NONE || now.certified >= now.seq) {
		reply(self, &now);
		return;
	}
	if (desk->held_bytes + now.items.size > EC_DESK_HELD_BYTES_MAX) {
		now = refusal(EC_REASON_BUSY, "too many answers wait for a certificate");
		reply(self, &now);
		return;
	}
	struct waiter *waiter = waiter_new(desk, question, reply, self);
	waiter->held_items = malloc(now.items.size + 1);
	if (!waiter->held_items)
		abort();
	memcpy(waiter->held_items, now.items.data, now.items.size);
	waiter->held = now;
	waiter->held.items.data = waiter->held_items;
	desk->held_bytes += now.items.size;
}

static void ask_changes(struct ec_desk *desk, struct ec_question question, ec_desk_reply *reply,
                        void *self)
{
	struct ec_reply now = watch_now(desk, &question);
	if (watch_told(&now))
		reply(self, &now);
	else
		waiter_new(desk, &question, reply, self)->watched_revision = now.revision;
}

void ec_desk_ask(struct ec_desk *desk, const struct ec_question *question, ec_desk_reply *reply,
                 void *self)
{
	assert(question->limit >= 1 && question->limit <= EC_DOOR_LIMIT_MAX);
	assert(question->name_size <= EC_NAME_MAX && question->after_size <= EC_NAME_MAX);
	bool store = question->what != EC_ASK_STATE;
	assert(!store || (question->name_size <= EC_STORE_KEY_MAX &&
	                  question->after_size <= EC_STORE_KEY_MAX));
	if (store && !ec_changes_store(ec_daemon_genesis(desk->daemon))) {
		struct ec_reply now =
			refusal(EC_REASON_NOT_FOUND, "the genesis of this group has no store");
		now.retry_ms = 0;
		reply(self, &now);
	} else if (question->what != EC_ASK_WATCH && question->at == EC_AT_LOCAL) {
		struct ec_reply now = read_now(desk, question);
		reply(self, &now);
	} else if (desk->waiting >= EC_DESK_WAITING_MAX) {
		struct ec_reply now = refusal(EC_REASON_BUSY, "too many questions wait");
		reply(self, &now);
	} else if (question->what == EC_ASK_WATCH) {
		ask_changes(desk, *question, reply, self);
	} else if (question->at == EC_AT_CERTIFIED) {
		ask_certified(desk, question, reply, self);
	} else {
		ec_daemon_read(desk->daemon, read_ready, waiter_new(desk, question, reply, self));
	}
}

void ec_desk_forget(struct ec_desk *desk, const void *self)
{
	for (struct waiter *waiter = desk->first, *next; waiter; waiter = next) {
		next = waiter->next;
		if (waiter->self == self)
			waiter_drop(waiter);
	}
	ec_daemon_forget(desk->daemon, (void *)(uintptr_t)self);
}

struct ec_desk *ec_desk_open(struct ec_daemon *daemon)
{
	struct ec_desk *desk = calloc(1, sizeof *desk);
	if (!desk)
		return NULL;
	desk->daemon = daemon;
	desk->scratch = malloc(EC_DOOR_VALUES_MAX + ITEM_MAX);
	if (!desk->scratch) {
		free(desk);
		return NULL;
	}
	uv_timer_init(ec_daemon_loop(daemon), &desk->tick);
	desk->tick.data = desk;
	ec_daemon_on_certified(daemon, block_certified, desk);
	return desk;
}

static void tick_closed(uv_handle_t *handle)
{
	struct ec_desk *desk = handle->data;
	void (*stopped)(void *) = desk->stopped;
	void *self = desk->stopped_self;
	free(desk->scratch);
	free(desk);
	stopped(self);
}

void ec_desk_stop(struct ec_desk *desk, void (*done)(void *self), void *self)
{
	ec_daemon_forget(desk->daemon, desk);
	while (desk->first) {
		waiter_drop(desk->first);
	}
	desk->stopped = done;
	desk->stopped_self = self;
	uv_close((uv_handle_t *)&desk->tick, tick_closed);
}
