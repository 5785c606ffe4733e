/* transfer.c - state from others: described by one, brought in chunks by all that have it.
 *
 * The header names the state, and every chunk is checked against it alone: who sends a wrong one is
 * known, named, and not asked again.  Who is silent is left for others.
 *
 *   WANT description, of all -> SNAPSHOT -> WANT chunks, a few at each peer -> CHUNKs -> restored
 *
 * (I1) A chunk is asked of one peer at a time.
 * (I2) The state in force stands until every chunk of the new one was checked.
 */
#include "group/revising.h"
#include "group/transfer.h"

#include <stdlib.h>

enum {
	BITS_MAX = 16,
	AT_PEER_MAX = 4, /* chunks asked of one peer at once */
};
#define ANSWER_NS  (2 * SECOND)  /* who takes longer is passed over */
#define GIVE_UP_NS (10 * SECOND) /* without any progress */
#define SILENT_NS  (3 * SECOND)  /* without a description */

enum chunk_state { CHUNK_WANTED, CHUNK_ASKED, CHUNK_DONE };

struct chunk {
	enum chunk_state state;
	uint32_t peer;
	uint64_t asked;
};

/* What we know of a peer in this transfer. */
struct source {
	bool asked;    /* to describe the state, and did not answer yet */
	bool has;      /* it said that it has the state, and did not disappoint since */
	uint32_t open; /* chunks asked of it */
};

struct transfer {
	bool active, protocol, own_will, described, moved;
	struct ec_bytes certificate; /* of the header, if it came */
	ec_hash header;              /* zero: the newest certified one that a peer describes */
	uint32_t bits, chunks, done;
	struct chunk *chunk;
	struct source source[EC_PEERS_MAX];
	uint64_t progress; /* when there was some */
	uint64_t again;    /* no new one of our own will before this */
};

bool transferring(const struct ec_member *m)
{
	return m->transfer && m->transfer->active;
}

void transfer_resume(struct ec_member *m)
{
	if (transferring(m))
		m->transfer->progress = m->time.now;
}

bool transfer_freezes(const struct ec_member *m)
{
	return transferring(m) && !m->transfer->protocol;
}

static uint64_t gives_up_at(const struct transfer *t)
{
	return t->progress + (t->described ? GIVE_UP_NS : SILENT_NS);
}

static void want(struct ec_member *m, uint32_t peer, uint32_t index)
{
	act_frame(m, peer,
	          &(struct ec_frame){.kind = EC_FRAME_STATE_WANT,
	                             .era = m->now.era->number,
	                             .index = index,
	                             .name = m->transfer->header});
}

void transfer_begin(struct ec_member *m, const ec_hash *header, bool protocol)
{
	struct transfer *t = m->transfer;
	if (!t)
		t = m->transfer = calloc(1, sizeof *t);
	if (!t)
		abort();
	if (t->active) {
		t->protocol |= protocol; /* the one of our own will serves both */
		return;
	}
	assert(!t->chunk);
	*t = (struct transfer){.active = true,
	                       .protocol = protocol,
	                       .own_will = !protocol,
	                       .header = *header,
	                       .progress = m->time.now,
	                       .again = t->again};
	m->counters.fetches++;
	m->caught_up = false;
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++) {
		t->source[peer].asked = link_up(m, peer);
		if (t->source[peer].asked)
			want(m, peer, NONE);
	}
}

/* The protocol hears where the application stands, whether it was brought there or not. */
static void end(struct ec_member *m)
{
	struct transfer *t = m->transfer;
	free(t->chunk);
	t->chunk = NULL;
	ec_drop(t->certificate);
	t->certificate = EC_NO_BYTES;
	t->active = false;
	if (t->own_will) /* what a protocol wants in vain must not put ours off for ever */
		t->again = m->time.now + ANSWER_NS;
	t->moved |= t->protocol; /* the protocol hears of what it asked for, and of what moved */
	if (!t->moved || !m->now.instance)
		return;
	if (revising(m) && !m->era_over)
		revising_stand(m);
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	instance_stand(
		m->now.instance,
		(struct ec_input){.kind = EC_FETCHED, .seq = at.position, .digest = at.header});
}

static void give_up(struct ec_member *m, const char *why)
{
	act_text(m, EC_ACT_NOTE, NONE, "state transfer ended without success: %s", why);
	end(m);
}

/* A proven certificate of the block that was brought; the rest we hear when we say where we stand.
 */
static void certificate_brought(struct ec_member *m)
{
	struct ec_certificate certificate;
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	const struct transfer *t = m->transfer;
	if (!t->certificate.size || !ec_certificate_read(t->certificate, &certificate))
		return;
	ec_ledger_certify(m->ledger, at.seq, &certificate);
	certified_free(&m->certified);
	m->certified = (struct certified){.era = ec_ledger_membership(m->ledger)->era,
	                                  .seq = at.seq,
	                                  .hash = at.header,
	                                  .certificate = ec_keep(t->certificate)};
	ec_ledger_header(m->ledger, at.seq, &m->certified.header);
}

/* The state stands: its era may be another than ours, and clients may have their answers in it. */
static void finish(struct ec_member *m)
{
	struct ec_ledger_at at;
	char why[160] = "";
	if (admission_waits(m)) /* transfer_turn() tries again */
		return;
	if (!ec_ledger_restore_end(m->ledger)) {
		if (room_wait(m)) /* transfer_turn() tries again */
			return;
		member_halt(m, "the state that was brought cannot be saved");
		return;
	}
	at = ec_ledger_at(m->ledger);
	m->counters.persisted = at.seq;
	m->snapshot = at.header;
	m->transfer->moved = true;
	m->brought = at.position;
	certificate_brought(m);
	m->era_over = at.era_over;
	bodies_clear(m->bodies);
	clients_look_up(m);
	signing_moved(m);
	act_text(m, EC_ACT_NOTE, NONE, "state of block %llu brought from others, %u chunks",
	         (unsigned long long)at.seq, m->transfer->chunks);
	if (ec_ledger_membership(m->ledger)->era != m->now.era->number) {
		m->transfer->protocol = m->transfer->moved = false; /* its instance is another */
		if (!era_jump(m, why, sizeof why))
			member_halt(m, "the era that was brought cannot begin here: %s", why);
	}
	clients_requeue(m->clients);
	reads_again(m); /* their marker may be among what was passed over */
	standings_send(m);
	end(m);
}

static uint32_t sources(const struct transfer *t)
{
	uint32_t count = 0;
	for (uint32_t peer = 0; peer < EC_PEERS_MAX; peer++)
		count += t->source[peer].has;
	return count;
}

static void chunks_free_of(struct transfer *t, uint32_t peer)
{
	for (uint32_t i = 0; i < t->chunks; i++)
		if (t->chunk[i].state == CHUNK_ASKED && t->chunk[i].peer == peer)
			t->chunk[i].state = CHUNK_WANTED;
	t->source[peer].open = 0;
}

static void source_drop(struct ec_member *m, uint32_t peer)
{
	struct transfer *t = m->transfer;
	t->source[peer].has = false;
	if (t->chunk)
		chunks_free_of(t, peer);
}

/* What was asked of it before is lost; a transfer may have begun before there was a link. */
void transfer_linked(struct ec_member *m, uint32_t peer)
{
	if (!transferring(m) || m->peer[peer].liar)
		return;
	source_drop(m, peer);
	m->transfer->source[peer].asked = true;
	want(m, peer, NONE);
}

void liar_name(struct ec_member *m, uint32_t peer, const char *what)
{
	m->liar = peer;
	m->peer[peer].liar = true;
	if (transferring(m))
		source_drop(m, peer);
	act_text(m, EC_ACT_ALARM, peer, "%s sent %s: not asked again", peer_name(m, peer), what);
}

/* Asks each source for as many chunks as it may have open. */
static void ask(struct ec_member *m)
{
	struct transfer *t = m->transfer;
	uint32_t peer = 0;
	for (uint32_t i = 0; i < t->chunks; i++) {
		if (t->chunk[i].state != CHUNK_WANTED)
			continue;
		uint32_t tried = 0;
		for (; tried < EC_PEERS_MAX; tried++, peer = (peer + 1) % EC_PEERS_MAX)
			if (t->source[peer].has && t->source[peer].open < AT_PEER_MAX)
				break;
		if (tried == EC_PEERS_MAX)
			return;
		t->chunk[i] = (struct chunk){CHUNK_ASKED, peer, m->time.now};
		t->source[peer].open++;
		want(m, peer, i);
		peer = (peer + 1) % EC_PEERS_MAX;
	}
}

static bool describe(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct transfer *t = m->transfer;
	struct ec_snapshot snapshot = {.header = frame->block[EC_SNAPSHOT_HEADER],
	                               .frontier = frame->block[EC_SNAPSHOT_FRONTIER],
	                               .links = frame->block[EC_SNAPSHOT_LINKS],
	                               .certificate = frame->block[EC_SNAPSHOT_CERTIFICATE],
	                               .tie = frame->block[EC_SNAPSHOT_TIE],
	                               .bits = frame->index};
	ec_hash hash = ec_header_hash(snapshot.header);
	struct ec_header header;
	if (!ec_hash_equal(&hash, &frame->name) || !ec_header_read(snapshot.header, &header))
		return false;
	bool proven = snapshot_proven(m, &snapshot, &hash);
	if (ec_hash_zero(&t->header) && !proven)
		return false;
	if (!proven)
		snapshot.certificate = EC_NO_BYTES;
	if (header.position <= ec_ledger_at(m->ledger).final_position || snapshot.bits > BITS_MAX)
		return false;
	if (!ec_ledger_restore_begin(m->ledger, &snapshot, &hash))
		return false;
	t->header = hash;
	t->certificate = snapshot.tie.size ? EC_NO_BYTES : ec_keep(snapshot.certificate);
	t->described = true;
	t->bits = snapshot.bits;
	t->chunks = 1u << snapshot.bits;
	t->chunk = calloc(t->chunks, sizeof *t->chunk);
	if (!t->chunk)
		abort();
	for (uint32_t i = 0; i < t->chunks; i++)
		if (ec_ledger_restore_has(m->ledger, i)) { /* from an earlier attempt */
			t->chunk[i].state = CHUNK_DONE;
			t->done++;
		}
	t->source[peer].has = true;
	return true;
}

/* It has nothing that would help; nor has, maybe, anyone. */
static void source_without(struct ec_member *m, uint32_t peer)
{
	struct transfer *t = m->transfer;
	bool left = false;
	source_drop(m, peer);
	t->source[peer].asked = false;
	for (uint32_t i = 0; i < EC_PEERS_MAX; i++)
		left |= t->source[i].asked && link_up(m, i);
	if (!t->described && !left)
		give_up(m, "nobody has it");
}

static void snapshot_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct transfer *t = m->transfer;
	if (!t->described &&
	    (ec_hash_zero(&t->header) || ec_hash_equal(&t->header, &frame->name))) {
		if (!describe(m, peer, frame)) {
			source_without(m, peer);
			return;
		}
		t->progress = m->time.now;
		if (t->done == t->chunks) {
			finish(m);
			return;
		}
	} else if (t->described && ec_hash_equal(&t->header, &frame->name)) {
		t->source[peer].has = t->bits == frame->index; /* others cut it otherwise */
	}
	ask(m);
}

static void chunk_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	struct transfer *t = m->transfer;
	if (!t->described || !ec_hash_equal(&t->header, &frame->name) || frame->index >= t->chunks)
		return;
	struct chunk *chunk = &t->chunk[frame->index];
	if (chunk->state != CHUNK_ASKED || chunk->peer != peer)
		return; /* it came too late, and was asked of another */
	t->source[peer].open--;
	chunk->state = CHUNK_WANTED;
	m->counters.fetched_bytes += frame->block[0].size;
	if (!ec_ledger_restore_chunk(m->ledger, frame->index, frame->block[0])) {
		liar_name(m, peer, "a wrong chunk of state");
	} else {
		chunk->state = CHUNK_DONE;
		t->progress = m->time.now;
		t->done++;
	}
	if (room_wait(m))
		return;
	if (t->done == t->chunks)
		finish(m);
	else
		ask(m);
}

static void absent_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	if (ec_hash_equal(&m->transfer->header, &frame->name))
		source_without(m, peer);
}

void state_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame)
{
	if (!transferring(m) || m->peer[peer].liar || room_lacks(m))
		return;
	if (frame->kind == EC_FRAME_SNAPSHOT)
		snapshot_received(m, peer, frame);
	else if (frame->kind == EC_FRAME_CHUNK)
		chunk_received(m, peer, frame);
	else
		absent_received(m, peer, frame);
}

/* Chunks that a source does not answer go to others; it is left alone until it answers. */
static void pass_over(struct ec_member *m)
{
	struct transfer *t = m->transfer;
	for (uint32_t i = 0; i < t->chunks; i++)
		if (t->chunk[i].state == CHUNK_ASKED &&
		    m->time.now >= t->chunk[i].asked + ANSWER_NS)
			source_drop(m, t->chunk[i].peer);
}

/* When we shall fetch of our own will; 0: not.  Others are in a later era than the one that we can
 * follow; or a quorum certified a block beyond ours, and the protocol does not bring us there. */
static uint64_t own_will_at(const struct ec_member *m)
{
	uint64_t at = 0, era = m->now.era->number;
	for (uint32_t peer = 0; peer < m->peers; peer++)
		if (link_up(m, peer) && m->peer[peer].era > era)
			at = earlier(at, m->peer[peer].era_seen + ANSWER_NS);
	if (m->ahead.seq > ec_ledger_at(m->ledger).seq) {
		uint64_t moved = m->block_ended > m->ahead_since ? m->block_ended : m->ahead_since;
		at = earlier(at, moved + ANSWER_NS);
	}
	return at && m->transfer && at < m->transfer->again ? m->transfer->again : at;
}

void transfer_turn(struct ec_member *m)
{
	struct transfer *t = m->transfer;
	if (m->diverged || m->halted || room_lacks(m) || admission_waits(m))
		return;
	if (!transferring(m)) {
		uint64_t at = own_will_at(m);
		if (at && m->time.now >= at)
			transfer_begin(m, &(const ec_hash){{0}}, false);
		return;
	}
	if (t->described && t->done == t->chunks) {
		finish(m);
		return;
	}
	if (t->described)
		pass_over(m);
	if (m->time.now >= gives_up_at(t))
		give_up(m, "no progress");
	else if (t->described && !sources(t))
		give_up(m, "nobody has it any more");
	else
		ask(m);
}

uint64_t transfer_wake(const struct ec_member *m)
{
	const struct transfer *t = m->transfer;
	if (room_lacks(m) || admission_waits(m))
		return 0;
	if (!transferring(m))
		return m->diverged ? 0 : own_will_at(m);
	uint64_t wake = gives_up_at(t);
	for (uint32_t i = 0; i < t->chunks; i++)
		if (t->chunk[i].state == CHUNK_ASKED)
			wake = earlier(wake, t->chunk[i].asked + ANSWER_NS);
	return wake;
}

void transfer_free(struct ec_member *m)
{
	if (m->transfer) {
		free(m->transfer->chunk);
		ec_drop(m->transfer->certificate);
	}
	free(m->transfer);
	m->transfer = NULL;
}
