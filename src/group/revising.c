/* revising.c - an order whose tail may be taken back until it is final.
 *
 * The tail is executed as it comes, so that nothing has to be when it becomes final; but the ledger
 * shows and saves final blocks alone, and everything else that a delivery does happens when it is
 * final: clients are told, headers signed, batches said to be delivered, reads served.  Until then
 * a batch waits as if it stood nowhere, so nothing is lost with what is taken back.
 *
 *   DELIVER -> tail -> ledger, tentative        UNDO: back out of both
 *                FINAL: blocks are final one by one -> told, signed -> certified -> PINNED
 *
 * (T1) The ledger has executed the tail up to its own position, and stops where too much would be
 *      in memory, or where an era ends: what is behind that goes on when it is final, or never.
 * (T2) A batch whose delivery was taken back, and that does not stand in the tail again when the
 *      place where it stood is final, or after LOST_NS, is submitted again.
 * (T3) PINNED names what the instance delivered itself: the host compares headers, and tells it
 *      only while the ledger stands where the instance does.
 */
#include "group/revising.h"

enum {
	TAIL_COUNT_MAX = 16384, /* positions */
	TAIL_BYTES_MAX = 8 << 20,
};

#define LOST_NS (1 * SECOND)

bool revising(const struct ec_member *m)
{
	return m->now.era && m->now.era->protocol->order == EC_REVISABLE;
}

bool revising_full(const struct ec_member *m)
{
	return m->tail.count >= TAIL_COUNT_MAX || m->tail.bytes >= TAIL_BYTES_MAX;
}

void revising_start(struct ec_member *m)
{
	tail_start(&m->tail, ec_ledger_at(m->ledger).position + 1);
	m->pinned = m->undone = 0;
	ec_ledger_revisable(m->ledger, revising(m));
}

/* (T1) */
static void tail_execute(struct ec_member *m, uint64_t must)
{
	for (;;) {
		struct ec_ledger_at at = ec_ledger_at(m->ledger);
		uint64_t position = at.position + 1;
		if (position == m->tail.next || at.closed ||
		    (position > must && at.pending_bytes >= m->tail_pending_max))
			return;
		deliver_position(m, position, tail_at(&m->tail, position)->body);
	}
}

void revising_deliver(struct ec_member *m, const struct ec_effect *effect)
{
	assert(effect->seq == m->tail.next);
	tail_push(&m->tail, &(const struct tail_item){effect->digest, effect->head, effect->body});
	if (effect->body.size) {
		struct body *body = bodies_find(m->bodies, &effect->digest);
		if (body)
			body->undone = 0;
		batching_ordered(m, &effect->digest);
	}
	tail_execute(m, 0);
}

/* A block that was under construction may be whole again, or not there. */
static void open_note(struct ec_member *m)
{
	struct ec_ledger_at at = ec_ledger_at(m->ledger);
	uint64_t position = at.block_position, seq = at.seq;
	ec_hash hash;
	while (ec_ledger_tentative(m->ledger, seq + 1, &position, &hash))
		seq++;
	if (position == at.position)
		m->ticks.open_since = 0;
}

/* What is not final goes back to where it waits. */
static void tail_cut(struct ec_member *m, uint64_t position)
{
	if (ec_ledger_at(m->ledger).position > position)
		ec_ledger_undo(m->ledger, position);
	if (!m->undone)
		m->undone = m->time.now;
	while (m->tail.next > position + 1) {
		struct tail_item item = tail_pop_newest(&m->tail);
		struct body *body = item.body.size ? bodies_find(m->bodies, &item.digest) : NULL;
		if (body)
			body->undone = m->tail.next;
		tail_item_end(&item);
	}
	m->pinned = 0;
	open_note(m);
}

void revising_undo(struct ec_member *m, uint64_t position)
{
	if (position + 1 < tail_first(&m->tail)) {
		member_halt(m, "protocol %s takes back position %llu, which it had said is final",
		            m->now.era->protocol->name, (unsigned long long)position + 1);
		return;
	}
	if (position + 1 < m->tail.next)
		tail_cut(m, position);
}

/* (T2) for what stood up to `position`. */
static void submit_again(struct ec_member *m, uint64_t position)
{
	bool more = false;
	struct body *body = m->undone ? bodies_oldest(m->bodies) : NULL;
	for (struct body *next; body; body = next) {
		next = bodies_after(m->bodies, body);
		if (body->undone > position)
			more = true;
		if (!body->undone || body->undone > position)
			continue;
		body->undone = 0;
		bodies_ordered(m->bodies, body, false);
		bodies_unsubmit(m->bodies, body);
	}
	if (!more)
		m->undone = 0;
}

/* One position of the tail is final, and executed. */
static void final_note(struct ec_member *m, uint64_t position, const struct tail_item *item)
{
	if (item->body.size)
		delivered_note(m, &(const struct ec_effect){.seq = position,
		                                            .body = item->body,
		                                            .digest = item->digest});
}

void revising_final(struct ec_member *m, uint64_t position)
{
	if (position >= m->tail.next) {
		member_halt(m, "protocol %s calls final what it has not delivered",
		            m->now.era->protocol->name);
		return;
	}
	tail_execute(m, position);
	uint64_t last = ec_ledger_at(m->ledger).position;
	last = last < position ? last : position; /* an era ended before it */
	while (tail_first(&m->tail) <= last) {
		uint64_t at = tail_first(&m->tail);
		struct tail_item item = tail_pop_oldest(&m->tail);
		final_note(m, at, &item);
		while (ec_ledger_final(m->ledger, at))
			block_ended(m);
		if (item.body.size)
			reads_marker_delivered(m, &item.digest);
		tail_item_end(&item);
	}
	submit_again(m, last);
}

void revising_turn(struct ec_member *m)
{
	burying_turn(m);
	if (!m->undone || m->time.now < m->undone + LOST_NS)
		return;
	submit_again(m, UINT64_MAX);
}

uint64_t revising_wake(const struct ec_member *m)
{
	return m->undone ? m->undone + LOST_NS : 0;
}

void revising_stand(struct ec_member *m)
{
	uint64_t final = ec_ledger_at(m->ledger).final_position;
	if (tail_first(&m->tail) == final + 1)
		tail_cut(m, final);
	else
		tail_start(&m->tail, final + 1); /* the state was brought */
}

/* (T3) */
bool revising_pin(struct ec_member *m)
{
	const struct certified *ahead = &m->ahead;
	struct instance *instance = m->now.instance;
	uint64_t position;
	ec_hash hash;
	if (!revising(m) || !ahead->seq || ahead->seq == m->pinned ||
	    ahead->seq <= ec_ledger_at(m->ledger).seq || !instance_settled(instance) ||
	    !ec_ledger_tentative(m->ledger, ahead->seq, &position, &hash) ||
	    !ec_hash_equal(&hash, &ahead->hash))
		return false;
	struct ec_bytes head = tail_at(&m->tail, position)->head;
	m->pinned = ahead->seq;
	instance_step(instance, (struct moment){m->time.now, m->time.stamp, member_since(m)},
	              (struct ec_input){
			      .kind = EC_PINNED, .seq = position, .digest = hash, .head = head});
	return true;
}

void revising_certified(struct ec_member *m, const struct certified *certified)
{
	struct ec_header header;
	if (!revising(m) || !m->now.instance || certified->era != m->now.era->number ||
	    !ec_header_read(certified->header, &header))
		return;
	instance_tell(m->now.instance, (struct ec_input){.kind = EC_PINNED,
	                                                 .seq = header.position,
	                                                 .digest = certified->hash});
}
