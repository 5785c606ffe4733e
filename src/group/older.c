/* older.c - blocks from before the state that was brought, from others and for them.
 *
 * One question is open at a time, and there is a pause before the next: everything else goes first.
 * What comes is judged by the hash that named it (ledger/older.c); who lies is not asked again.
 *
 *   OLDER_WANT (seq, header hash), of one -> OLDER: the block and some below it, in slices of which
 *   the last is shorter than SLICE_BYTES; an empty first one: it is not here
 *
 * (I1) Nothing is asked before we have caught up, nor during a transfer, which may pass over more;
 *      but for one who does not catch up at all, because its protocol stands on another history.
 * (I2) A block of ours that is not in the history which was brought was final here and is not with
 *      the group: we diverged before the transfer, and say so.
 */
#include "group/transfer.h"

#include <stdlib.h>

enum {
	RUN_BYTES = 64 << 10,
	SLICE_BYTES = 1 << 20,
	SLICES_MAX = 96, /* a block that is larger is not fetched */
};
#define PAUSE_NS  (20 * MS)
#define ANSWER_NS (2 * SECOND)  /* who takes longer is passed over */
#define AGAIN_NS  (10 * SECOND) /* when nobody has it */
#define STUCK_NS  (1 * SECOND)  /* so long no block ended */

struct older_fetch {
	bool open;
	uint32_t peer; /* that was asked last */
	uint64_t asked, next;
	uint64_t seq;
	ec_hash hash;
	bool without[EC_PEERS_MAX]; /* they do not have it */
	struct ec_bytes slice[SLICES_MAX];
	uint32_t slices;
	struct ec_bytes given; /* to the peer that asked last, in slices */
	ec_hash given_hash;
};

static struct older_fetch *fetch_of(struct ec_member *m)
{
	if (!m->older && !(m->older = calloc(1, sizeof *m->older)))
		abort();
	return m->older;
}

static void close_question(struct older_fetch *fetch)
{
	while (fetch->slices > 0)
		ec_drop(fetch->slice[--fetch->slices]);
	fetch->open = false;
}

static void want(struct ec_member *m)
{
	struct older_fetch *fetch = m->older;
	fetch->asked = m->time.now;
	act_frame(m, fetch->peer,
	          &(struct ec_frame){.kind = EC_FRAME_OLDER_WANT,
	                             .seq = fetch->seq,
	                             .index = fetch->slices,
	                             .name = fetch->hash});
}

/* The next peer that may have it; the same one again while it does. */
static bool peer_choose(const struct ec_member *m, struct older_fetch *fetch)
{
	for (uint32_t i = 0; i < EC_PEERS_MAX; i++) {
		uint32_t peer = (fetch->peer + i) % EC_PEERS_MAX;
		if (!link_up(m, peer) || m->peer[peer].liar || fetch->without[peer])
			continue;
		fetch->peer = peer;
		return true;
	}
	return false;
}

/* (I2) */
static bool differs(struct ec_member *m)
{
	/* What was certified is a later block, whose history says so. */
	struct certified theirs = m->certified;
	struct ec_bytes own;
	if (!ec_ledger_older_differs(m->ledger, &theirs.seq, &theirs.hash, &own))
		return false;
	diverge(m, &theirs, own);
	ec_drop(own);
	return true;
}

static void ask(struct ec_member *m)
{
	struct older_fetch *fetch = fetch_of(m);
	uint64_t seq;
	ec_hash hash;
	fetch->next = m->time.now + PAUSE_NS;
	if (!ec_ledger_older_wanted(m->ledger, &seq, &hash) || differs(m))
		return;
	if (!ec_hash_equal(&hash, &fetch->hash))
		memset(fetch->without, 0, sizeof fetch->without);
	fetch->seq = seq;
	fetch->hash = hash;
	fetch->open = peer_choose(m, fetch);
	if (fetch->open) {
		want(m);
		return;
	}
	fetch->next = m->time.now + AGAIN_NS;
	memset(fetch->without, 0, sizeof fetch->without);
}

/* The one asked does not have it, or does not answer. */
static void pass_over(struct ec_member *m)
{
	struct older_fetch *fetch = m->older;
	fetch->without[fetch->peer] = true;
	fetch->next = m->time.now;
	close_question(fetch);
}

static struct ec_bytes slices_join(struct ec_member *m, const struct older_fetch *fetch)
{
	size_t size = 0;
	for (uint32_t i = 0; i < fetch->slices; i++)
		size += fetch->slice[i].size;
	if (fetch->slices == 1)
		return ec_keep(fetch->slice[0]);
	struct ec_bytes whole = ec_pool_take(m->config.pool, size);
	uint8_t *at = ec_writable(whole);
	for (uint32_t i = 0; i < fetch->slices; i++) {
		memcpy(at, fetch->slice[i].data, fetch->slice[i].size);
		at += fetch->slice[i].size;
	}
	return whole;
}

static void take(struct ec_member *m)
{
	struct older_fetch *fetch = m->older;
	struct ec_bytes whole = slices_join(m, fetch);
	bool good = ec_ledger_older_take(m->ledger, whole);
	ec_drop(whole);
	close_question(fetch);
	room_wait(m);
	if (!good)
		liar_name(m, fetch->peer, "a wrong older block");
	else if (differs(m))
		return;
	else if (!ec_ledger_older_missing(m->ledger))
		act_text(m, EC_ACT_NOTE, NONE, "older blocks: all that the group keeps are here");
}

void older_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct older_fetch *fetch = m->older;
	if (!fetch || !fetch->open || peer != fetch->peer || frame->seq != fetch->seq ||
	    frame->index != fetch->slices || !ec_hash_equal(&frame->name, &fetch->hash))
		return;
	struct ec_bytes slice = frame->block[0];
	m->counters.older_bytes += slice.size;
	bool last = slice.size < SLICE_BYTES;
	if (slice.size > SLICE_BYTES || (slice.size == 0 && fetch->slices == 0) ||
	    (!last && fetch->slices + 1 == SLICES_MAX)) {
		pass_over(m);
		return;
	}
	fetch->slice[fetch->slices++] = ec_keep(slice);
	if (last)
		take(m);
	else
		want(m);
}

void older_wanted(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct older_fetch *fetch = fetch_of(m);
	struct ec_frame answer = {.kind = EC_FRAME_OLDER,
	                          .seq = frame->seq,
	                          .index = frame->index,
	                          .name = frame->name};
	bool held = fetch->given.size && ec_hash_equal(&fetch->given_hash, &frame->name);
	if (!held) {
		ec_drop(fetch->given);
		fetch->given = EC_NO_BYTES;
		fetch->given_hash = frame->name;
		held = ec_ledger_older_give(m->ledger, frame->seq, &frame->name, RUN_BYTES,
		                            &fetch->given);
	}
	size_t size = held ? fetch->given.size : 0, at = (size_t)frame->index * SLICE_BYTES;
	size_t left = at < size ? size - at : 0;
	if (left)
		answer.block[0] =
			ec_slice(fetch->given, at, left < SLICE_BYTES ? left : SLICE_BYTES);
	act_frame(m, peer, &answer);
	if (left >= SLICE_BYTES)
		return;
	ec_drop(fetch->given);
	fetch->given = EC_NO_BYTES;
}

/* When we may ask; 0: not as things are. */
static uint64_t asks_at(const struct ec_member *m)
{
	if (m->diverged || transferring(m) || room_lacks(m) || !ec_ledger_older_missing(m->ledger))
		return 0;
	return m->caught_up ? m->time.now : m->block_ended + STUCK_NS;
}

static bool may_ask(const struct ec_member *m)
{
	uint64_t at = asks_at(m);
	return at && at <= m->time.now;
}

void older_turn(struct ec_member *m)
{
	struct older_fetch *fetch = m->older;
	if (fetch && fetch->open) {
		if (!may_ask(m))
			close_question(fetch);
		else if (!link_up(m, fetch->peer) || m->time.now >= fetch->asked + ANSWER_NS)
			pass_over(m);
	}
	fetch = may_ask(m) ? fetch_of(m) : NULL;
	if (fetch && !fetch->open && m->time.now >= fetch->next)
		ask(m);
}

uint64_t older_wake(const struct ec_member *m)
{
	const struct older_fetch *fetch = m->older;
	if (!may_ask(m) || !fetch)
		return asks_at(m);
	return fetch->open ? fetch->asked + ANSWER_NS : fetch->next;
}

void older_free(struct ec_member *m)
{
	if (!m->older)
		return;
	close_question(m->older);
	ec_drop(m->older->given);
	free(m->older);
	m->older = NULL;
}
