/* signing.c - our signatures on headers.
 *
 * Which headers: that of every 64th block, of the first block in every 50 ms of the order's own
 * stamp, of a checkpoint, of the last block of an era: all members find the same ones.  And the
 * newest, when there is nothing more to do.
 *
 * (I1) A signature leaves only after the mark that forbids another for its seq, or any below, is
 *      durable.  Marks only grow.
 * (I2) Only our own execution makes a header that we sign.
 *
 * Where FINAL waits for a certificate, burying.c says which are signed, all of them before.
 */
#include "group/revising.h"

enum { SIGN_BLOCKS = 64 };
#define SIGN_STAMP_NS (50 * MS)
#define IDLE_NS       (10 * MS)

static bool may_sign(const struct ec_member *m)
{
	const struct era *era = m->now.era;
	return !m->diverged && !m->halted && era->self != NONE && !m->now.muted &&
	       (era->roster.member[era->self].roles & EC_VOTER);
}

static struct signed_header make(struct ec_member *m, uint64_t seq, const ec_hash *hash)
{
	uint8_t text[EC_CERTIFICATE_TEXT_SIZE];
	struct signed_header header = {.era = m->now.era->number, .seq = seq, .hash = *hash};
	ec_certificate_text(hash, text);
	m->config.crypto->sign(m->now.secret, text, sizeof text, header.signature);
	return header;
}

bool signing_sign(struct ec_member *m, uint64_t seq, const ec_hash *hash)
{
	struct signing *s = &m->signing;
	if (!may_sign(m) || seq <= s->seq || s->count >= SIGNED_WAITING_MAX)
		return false;
	s->seq = seq;
	s->hash = *hash;
	s->era = m->now.era->number;
	s->again = false;
	act_log(m,
	        &(struct record){.kind = RECORD_SIGNED, .era = s->era, .seq = seq, .hash = *hash});
	s->waiting[(s->first + s->count++) % SIGNED_WAITING_MAX] = make(m, seq, hash);
	return true;
}

/* The newest final block. */
static void sign(struct ec_member *m, bool must)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	if (!burying(m) && (must || m->signing.count < SIGNED_WAITING_MAX - 1))
		signing_sign(m, at.seq, &at.header);
}

static void say(struct ec_member *m, const struct signed_header *header)
{
	struct reign *reign = reign_of(m, header->era);
	struct seal seal = {.seq = header->seq, .hash = header->hash};
	m->signing.newest = *header;
	if (!reign || reign->era->self == NONE)
		return;
	act_frame_to_all(m, &(struct ec_frame){.kind = EC_FRAME_SIGNATURE,
	                                       .era = header->era,
	                                       .seq = header->seq,
	                                       .name = header->hash,
	                                       .block = {{.data = header->signature,
	                                                  .size = EC_SIGNATURE_SIZE}}});
	memcpy(seal.signature, header->signature, EC_SIGNATURE_SIZE);
	certifying_add(m, reign, reign->era->self, &seal);
}

void signing_durable(struct ec_member *m)
{
	struct signing *s = &m->signing;
	assert(s->count > 0);
	struct signed_header header = s->waiting[s->first];
	s->first = (s->first + 1) % SIGNED_WAITING_MAX;
	s->count--;
	say(m, &header);
}

/* We signed another one for this block in an earlier life. */
static void own_signature_differs(struct ec_member *m)
{
	const struct signing *s = &m->signing;
	struct ec_bytes own;
	bool there = ec_ledger_header(m->ledger, s->seq, &own);
	assert(there); /* it is the block that ended last */
	(void)there;
	diverge(m, &(struct certified){.era = m->now.era->number, .seq = s->seq, .hash = s->hash},
	        own);
	ec_drop(own);
}

/* After a restart the header that was signed last may be said once more: nobody may have heard it.
 * Should our execution now give another one, we were wrong once and say nothing any more. */
static void say_again(struct ec_member *m)
{
	struct signing *s = &m->signing;
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	if (!s->again || at.seq != s->seq || !may_sign(m) || s->era != m->now.era->number ||
	    burying(m))
		return;
	s->again = false;
	if (!ec_hash_equal(&at.header, &s->hash)) {
		own_signature_differs(m);
		return;
	}
	struct signed_header header = make(m, at.seq, &at.header);
	say(m, &header);
}

void signing_again(struct ec_member *m, uint64_t seq, const ec_hash *hash)
{
	struct signing *s = &m->signing;
	if (!s->again || seq != s->seq || !ec_hash_equal(hash, &s->hash) || !may_sign(m))
		return;
	s->again = false;
	struct signed_header header = make(m, seq, hash);
	say(m, &header);
}

void signing_block_ended(struct ec_member *m, bool must)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint64_t window = at.stamp_ns / SIGN_STAMP_NS;
	bool due = at.seq % SIGN_BLOCKS == 0 || window != m->signing.stamp / SIGN_STAMP_NS;
	m->signing.stamp = at.stamp_ns;
	say_again(m);
	if (due || must)
		sign(m, must);
}

void signing_checkpoint(struct ec_member *m, uint64_t position)
{
	if (ec_ledger_at(m->ledger).block_position == position)
		sign(m, false);
}

static bool idle(const struct ec_member *m)
{
	return !bodies_count(m->bodies) && !clients_waiting(m->clients) && !transferring(m);
}

void signing_turn(struct ec_member *m)
{
	if (m->block_ended && idle(m) && m->time.now >= m->block_ended + IDLE_NS)
		sign(m, false);
}

uint64_t signing_wake(const struct ec_member *m)
{
	bool unsigned_yet = ec_ledger_at(m->ledger).seq > m->signing.seq;
	if (!m->block_ended || !unsigned_yet || !may_sign(m) || burying(m) || !idle(m) ||
	    m->signing.count >= SIGNED_WAITING_MAX - 1)
		return 0;
	return m->block_ended + IDLE_NS;
}

void signing_moved(struct ec_member *m)
{
	m->signing.stamp = ec_ledger_at(m->ledger).stamp_ns;
	m->block_ended = m->block_closed = m->time.now;
}

void signing_start(struct ec_member *m)
{
	signing_moved(m);
	say_again(m);
}
