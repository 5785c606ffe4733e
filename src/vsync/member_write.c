/* member_write.c - what a member wants to be ordered: one transaction after the other. */
#include "vsync/inside.h"

#include "ledger/result.h"

#include <assert.h>
#include <stdio.h>

enum { KEYS_MAX = 2 * EC_STORE_OPS_MAX };

/* A transaction being written. */
struct writing {
	struct vsync_member *member;
	struct ec_store_txn txn;
	uint8_t key[KEYS_MAX][VSYNC_KEY_MAX];
	uint32_t keys;
	uint8_t present[64];
	uint8_t value[EC_STORE_VALUE_MAX]; /* of the one large put */
};

static struct ec_view key_make(struct writing *writing, struct vsync_key key)
{
	assert(writing->keys < KEYS_MAX);
	uint8_t *at = writing->key[writing->keys++];
	return (struct ec_view){at, vsync_key_write(writing->member->config.prefix, key, at)};
}

static void compare(struct writing *writing, struct vsync_key key, enum ec_store_target target,
                    uint64_t number)
{
	assert(writing->txn.compares < EC_STORE_OPS_MAX);
	writing->txn.compare[writing->txn.compares++] = (struct ec_store_compare){
		.key = key_make(writing, key), .target = target, .number = number};
}

static struct ec_store_op *op_add(struct writing *writing, struct vsync_key key)
{
	assert(writing->txn.ops[0] < EC_STORE_OPS_MAX);
	struct ec_store_op *op = &writing->txn.op[0][writing->txn.ops[0]++];
	*op = (struct ec_store_op){.key = key_make(writing, key)};
	return op;
}

static struct vsync_key presence(const struct vsync_member *member)
{
	return (struct vsync_key){.kind = VSYNC_PRESENT, .a = member->config.id};
}

static void put_presence(struct writing *writing)
{
	struct vsync_member *member = writing->member;
	struct ec_store_op *op = op_add(writing, presence(member));
	op->value.data = writing->present;
	op->value.size = vsync_present_write(member->name, member->delivered, writing->present,
	                                     sizeof writing->present);
	op->lease = member->config.lease;
}

static void compare_presence(struct writing *writing)
{
	if (!vsync_planted(writing->member, VSYNC_BUG_PRESENCE_UNCOMPARED))
		compare(writing, presence(writing->member), EC_STORE_CREATE,
		        writing->member->create);
}

/* (V2) */
static void compare_view(struct writing *writing)
{
	compare(writing, (struct vsync_key){.kind = VSYNC_VIEW_NOW}, EC_STORE_MOD,
	        writing->member->view.epoch);
}

/* ---- (V5) ---- */

/* Up to which revision every member of the view has acknowledged; of our own we know more. */
static uint64_t acknowledged_by_all(const struct vsync_member *member)
{
	uint64_t least = member->delivered;
	for (uint32_t i = 0; i < member->view.members; i++) {
		uint64_t id = member->view.member[i].id;
		uint32_t at = vsync_present_find(member, id);
		if (id == member->config.id)
			continue;
		uint64_t its = at < member->presents ? member->present[at].acknowledged : 0;
		least = its < least ? its : least;
	}
	return vsync_planted(member, VSYNC_BUG_COLLECT_EARLY) ? member->delivered : least;
}

/* Takes out what all have acknowledged: our own multicasts; whatever else there is the first member
 * of the view that is present, and pieces of a state that was not brought whole at once.
 * In: writing: NULL: only counts.  Returns: how many records. */
static uint32_t collect(struct writing *writing, const struct vsync_member *member)
{
	uint64_t least = acknowledged_by_all(member);
	uint32_t first = 0, taken = 0;
	while (first < member->presents &&
	       vsync_view_find(&member->view, member->present[first].id) < 0)
		first++;
	bool is_first = first < member->presents && member->present[first].id == member->config.id;
	for (uint32_t i = 0; i < member->records; i++) {
		const struct vsync_record *record = &member->record[i];
		bool ours =
			record->key.kind == VSYNC_MULTICAST && record->key.a == member->config.id;
		if (!(ours || is_first) || !(record->revision <= least || record->is_void))
			continue;
		if (writing && writing->txn.ops[0] == EC_STORE_OPS_MAX)
			break;
		if (writing)
			op_add(writing, record->key)->is_delete = true;
		taken++;
	}
	return taken;
}

/* What goes along with anything that a whole member says. */
static void acknowledge(struct writing *writing)
{
	struct vsync_member *member = writing->member;
	put_presence(writing);
	member->unacknowledged = 0;
	collect(writing, member);
}

/* ---- views ---- */

bool vsync_view_differs(const struct vsync_member *member, struct ec_vsync_view *next)
{
	bool differs = false, any = false;
	*next = (struct ec_vsync_view){.number = member->view.number + 1};
	for (uint32_t i = 0; i < member->presents && next->members < EC_VSYNC_MEMBERS_MAX; i++) {
		struct ec_vsync_peer *peer = &next->member[next->members++];
		int was = vsync_view_find(&member->view, member->present[i].id);
		peer->id = member->present[i].id;
		memcpy(peer->name, member->present[i].name, sizeof peer->name);
		peer->whole = was >= 0 && member->view.member[was].whole;
		differs = differs || was < 0;
		any = any || peer->whole;
	}
	differs = differs || next->members != member->view.members;
	if (next->members == 0)
		return false;
	next->member[0].whole = next->member[0].whole || !any;
	return differs;
}

/* The first of those who are present installs the next view; each other one only when those before
 * it have not. */
static bool install_due(struct vsync_member *member, uint64_t now_ms, struct ec_vsync_view *next)
{
	if (!vsync_view_differs(member, next)) {
		member->differs_since = 0;
		return false;
	}
	if (member->differs_since == 0)
		member->differs_since = now_ms;
	uint32_t rank = vsync_present_find(member, member->config.id);
	return now_ms >= member->differs_since + (uint64_t)rank * VSYNC_RANK_MS;
}

/* (V1), (V4) */
static void install(struct writing *writing, const struct ec_vsync_view *next)
{
	struct vsync_member *member = writing->member;
	size_t size = vsync_view_write(next, writing->value);
	if (!vsync_planted(member, VSYNC_BUG_VIEW_TWICE))
		compare_view(writing);
	compare_presence(writing);
	struct vsync_key kept = {.kind = VSYNC_VIEW, .a = next->number};
	op_add(writing, (struct vsync_key){.kind = VSYNC_VIEW_NOW})->value =
		(struct ec_view){writing->value, size};
	op_add(writing, kept)->value = (struct ec_view){writing->value, size};
}

/* ---- multicasts and pieces ---- */

static void say(struct writing *writing)
{
	struct vsync_member *member = writing->member;
	struct ec_reader at = ec_reader_over(member->queue.at, member->queue.size);
	struct ec_view item[VSYNC_BATCH_MAX];
	size_t size = VSYNC_FRAME_SIZE;
	uint32_t count = 0;
	uint64_t first = 0;
	while (count < VSYNC_BATCH_MAX && at.left > 0) {
		uint64_t number = ec_read_u64(&at);
		item[count].data = ec_read_block(&at, SIZE_MAX, &item[count].size);
		size += item[count].size + VSYNC_ITEM_SIZE;
		if (size > member->config.value_max)
			break;
		first = count == 0 ? number : first;
		count++;
	}
	assert(count > 0);
	struct ec_cbor_writer batch = vsync_batch_begin(writing->value, sizeof writing->value,
	                                                member->view.number, first, count);
	for (uint32_t i = 0; i < count; i++)
		ec_cbor_write_bytes(&batch, item[i].data, item[i].size);
	bool fitted = ec_cbor_writer_ok(&batch);
	assert(fitted);
	if (!vsync_planted(member, VSYNC_BUG_VIEW_UNCOMPARED))
		compare_view(writing);
	compare_presence(writing);
	member->keys.count = ++member->count;
	member->keys.messages = count;
	struct vsync_key key = {VSYNC_MULTICAST, member->config.id, member->count};
	op_add(writing, key)->value = (struct ec_view){writing->value, batch.out.size};
	if (!vsync_planted(member, VSYNC_BUG_PRESENCE_UNCOMPARED)) /* nor is its lease named */
		acknowledge(writing);
}

static void bring(struct writing *writing)
{
	struct vsync_member *member = writing->member;
	if (vsync_planted(member, VSYNC_BUG_STATE_LATE) && member->pieces_out == 0) {
		struct ec_view state = member->config.calls.state_wanted(member->config.calls.self);
		member->outgoing.size = 0;
		memcpy(ec_growing_reserve(&member->outgoing, state.size + 1), state.data,
		       state.size);
		member->outgoing.size = state.size;
	}
	size_t left = member->outgoing.size - member->outgoing_at;
	size_t most = member->config.value_max - VSYNC_FRAME_SIZE, size = left < most ? left : most;
	struct ec_view bytes = {member->prefix, 0};
	if (size)
		bytes = (struct ec_view){member->outgoing.at + member->outgoing_at, size};
	struct vsync_key key = {VSYNC_STATE, member->view.number, member->pieces_out++};
	member->outgoing_at += size;
	member->keys.bytes = size;
	compare_view(writing);
	compare_presence(writing);
	op_add(writing, key)->value = (struct ec_view){
		writing->value,
		vsync_piece_write(size == left, bytes, writing->value, sizeof writing->value)};
	acknowledge(writing);
}

static bool acknowledge_due(const struct vsync_member *member, uint64_t now_ms)
{
	bool old = now_ms >= member->unacknowledged_since + VSYNC_ACK_MS;
	return member->unacknowledged >= VSYNC_ACK_RECORDS || (member->unacknowledged > 0 && old) ||
	       (old && collect(NULL, member) > 0);
}

/* What to do next of all that there is to do; writes it. */
static enum vsync_errand next_errand(struct writing *writing, uint64_t now_ms)
{
	struct vsync_member *member = writing->member;
	struct ec_vsync_view next;
	if (member->phase == VSYNC_ENTERING) {
		compare(writing, presence(member), EC_STORE_CREATE, 0);
		put_presence(writing);
		return VSYNC_ENTER;
	}
	if (member->phase != VSYNC_HERE)
		return VSYNC_NO_ERRAND;
	if (install_due(member, now_ms, &next)) {
		install(writing, &next);
		return VSYNC_INSTALL;
	}
	if (!member->in || !member->whole || member->shut)
		return VSYNC_NO_ERRAND;
	bool pieces = member->bringing &&
	              (member->outgoing_at < member->outgoing.size || member->pieces_out == 0);
	bool words = member->queue.size > 0 && member->own < VSYNC_WINDOW;
	if (pieces && (member->piece_next || !words)) {
		member->piece_next = false;
		bring(writing);
		return VSYNC_BRING;
	}
	if (words) {
		member->piece_next = true;
		say(writing);
		return VSYNC_SAY;
	}
	if (!acknowledge_due(member, now_ms))
		return VSYNC_NO_ERRAND;
	compare_presence(writing);
	acknowledge(writing);
	member->unacknowledged_since = now_ms;
	return VSYNC_ACKNOWLEDGE;
}

static size_t lease_write(struct vsync_member *member, uint64_t now_ms, uint8_t *out,
                          size_t size_max)
{
	struct ec_store_lease_say say = {.id = member->config.lease};
	if (member->lease_under_way || member->phase == VSYNC_READING)
		return 0;
	if (member->phase == VSYNC_GRANTING) {
		say.act = EC_STORE_GRANT;
		say.ttl_s = member->config.lease_s;
	} else if (member->leaving && member->queue.size == 0 &&
	           member->keys.errand == VSYNC_NO_ERRAND) {
		say.act = EC_STORE_REVOKE;
	} else if (now_ms >= member->keep_at_ms) {
		say.act = EC_STORE_KEEP_ALIVE;
	} else {
		return 0;
	}
	member->lease_under_way = true;
	return ec_store_lease_say_write(&say, out, size_max);
}

size_t vsync_member_write(struct vsync_member *member, enum vsync_lane lane, uint64_t now_ms,
                          uint8_t *out, size_t size_max)
{
	static const struct vsync_under_way nothing;
	if (member->phase == VSYNC_OVER || now_ms < member->hold_until_ms[lane])
		return 0;
	if (lane == VSYNC_LANE_LEASE)
		return lease_write(member, now_ms, out, size_max);
	if (member->keys.errand != VSYNC_NO_ERRAND || member->ranging ||
	    (member->leaving && member->queue.size == 0))
		return 0;
	struct writing writing = {.member = member};
	member->keys = nothing;
	enum vsync_errand errand = next_errand(&writing, now_ms);
	if (errand == VSYNC_NO_ERRAND)
		return 0;
	member->keys.errand = errand;
	size_t size = ec_store_txn_write(&writing.txn, out, size_max);
	assert(size > 0);
	return size;
}

/* ---- what became of it ---- */

/* It was refused, not merely found a compare that does not hold: again in a moment, for a while. */
static void refused(struct vsync_member *member, enum vsync_lane lane, uint64_t now_ms,
                    const struct vsync_written *written)
{
	char why[256];
	member->hold_until_ms[lane] = now_ms + VSYNC_BACKOFF_MS;
	if (member->refused_since_ms[lane] == 0)
		member->refused_since_ms[lane] = now_ms;
	if (now_ms < member->refused_since_ms[lane] + VSYNC_REFUSED_MS)
		return;
	snprintf(why, sizeof why, "the store refuses what it writes: %s%s%s",
	         ec_result_text(written->code), *written->why ? ": " : "", written->why);
	vsync_end(member, why, false);
}

/* Executed, or turned away as something that was executed: then the changes tell. */
static bool executed(const struct vsync_written *written)
{
	return written->code == EC_RESULT_DONE || written->code == EC_RESULT_USED;
}

static void lease_written(struct vsync_member *member, uint64_t now_ms,
                          const struct vsync_written *written)
{
	member->lease_under_way = false;
	if (executed(written)) {
		member->keep_at_ms = now_ms + member->config.keep_ms;
		member->refused_since_ms[VSYNC_LANE_LEASE] = 0;
		if (member->phase == VSYNC_GRANTING)
			member->phase = VSYNC_ENTERING;
		else if (member->phase == VSYNC_ENTERING && member->leaving)
			vsync_end(member, "it left before it was present", false);
		return;
	}
	if (member->phase == VSYNC_ENTERING && written->code == EC_RESULT_RULE)
		vsync_end(member, "its lease ended before it was present", false);
	if (member->phase == VSYNC_GRANTING && written->code == EC_RESULT_RULE)
		member->config.lease++;
	refused(member, VSYNC_LANE_LEASE, now_ms, written);
}

/* What went along with it did not happen either. */
static void again(struct vsync_member *member)
{
	member->keys.errand = VSYNC_NO_ERRAND;
	member->unacknowledged += member->unacknowledged == 0 && member->whole;
}

/* Its compares did not hold: in force is another view than it knows of, or it is not present. */
static void errand_failed(struct vsync_member *member, uint64_t now_ms)
{
	bool said = member->keys.errand == VSYNC_SAY && member->keys.count != 0;
	if (said || member->keys.errand == VSYNC_BRING)
		member->shut = true;
	member->hold_until_ms[VSYNC_LANE_KEYS] = now_ms + VSYNC_BACKOFF_MS;
	again(member);
}

void vsync_settle(struct vsync_member *member, uint64_t now_ms, uint64_t seq, bool more)
{
	struct vsync_under_way *keys = &member->keys;
	if (keys->errand == VSYNC_NO_ERRAND || !keys->answered)
		return;
	bool past = keys->told ? member->seen >= keys->revision : !more && seq >= keys->seq;
	bool has_record = keys->errand == VSYNC_SAY || keys->errand == VSYNC_BRING;
	if (past && keys->errand == VSYNC_ENTER && member->phase == VSYNC_ENTERING)
		vsync_end(member, "its lease ended before it was present", false);
	else if (keys->showed || (past && !has_record))
		keys->errand = VSYNC_NO_ERRAND;
	else if (past)
		errand_failed(member, now_ms);
}

void vsync_member_written(struct vsync_member *member, enum vsync_lane lane, uint64_t now_ms,
                          const struct vsync_written *written)
{
	if (member->phase == VSYNC_OVER)
		return;
	if (lane == VSYNC_LANE_LEASE) {
		lease_written(member, now_ms, written);
		return;
	}
	struct vsync_under_way *keys = &member->keys;
	assert(keys->errand != VSYNC_NO_ERRAND);
	if (!executed(written)) {
		if (keys->errand == VSYNC_BRING && member->bringing) {
			member->pieces_out--;
			member->outgoing_at -= keys->bytes;
		}
		again(member);
		refused(member, VSYNC_LANE_KEYS, now_ms, written);
		return;
	}
	member->refused_since_ms[VSYNC_LANE_KEYS] = 0;
	keys->answered = true;
	keys->seq = written->seq;
	if (written->outcome && written->code == EC_RESULT_DONE) {
		keys->told = true;
		keys->revision = written->outcome->revision;
		if (!written->outcome->succeeded) {
			errand_failed(member, now_ms);
			return;
		}
	}
	vsync_settle(member, now_ms, 0, true);
}

uint64_t vsync_member_due(struct vsync_member *member, uint64_t now_ms)
{
	struct ec_vsync_view next;
	uint64_t soon = now_ms + VSYNC_BACKOFF_MS, due = member->keep_at_ms;
	bool busy = member->phase != VSYNC_HERE || vsync_view_differs(member, &next) ||
	            member->queue.size > 0 || member->bringing || member->unacknowledged > 0 ||
	            (member->whole && collect(NULL, member) > 0);
	return busy && soon < due ? soon : due;
}
