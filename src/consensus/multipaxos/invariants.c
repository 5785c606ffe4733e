/* invariants.c - what holds after every step, whatever came.
 *
 * - (L1) to (L5): of the log (paxos/invariants.c).
 * - (M1) Nothing is accepted above what is promised.
 * - (M2) Who has a ballot of its own on the way has promised it; a leader has promised nothing
 *   higher.
 * - (M3) A leader proposes within its window, or what it took over, and nothing ahead is open.
 * - (M4) Behind what is chosen, up to `next`, a leader has proposed everywhere in its ballot, but
 *   where others know already what is chosen.
 * - (M5) What a leader has proposed it has accepted itself.
 * - (M6) Tickets are answered that were asked for, and served that were answered.
 */
#include "consensus/multipaxos/state.h"

static void leader_holds(const struct multipaxos *self)
{
	const struct log *log = &self->log;
	ec_seq end = log->low + log->window;
	assert(self->leader == self->ballot && self->log.promised == self->ballot); /* (M2) */
	assert(self->next <= end + 1 || self->next == self->takeover + 1);          /* (M3) */
	assert(self->next > self->takeover);                                        /* (M3) */
	for (ec_seq seq = log->chosen + 1; seq < self->next; seq++) {
		const struct slot *slot = paxos_slot_at(log, seq);
		assert(slot && (slot->chosen || slot->proposed == self->ballot ||
		                seq <= self->limit)); /* (M4) */
		if (slot->proposed == self->ballot)
			assert(slot->accepted == self->ballot); /* (M5) */
	}
}

void multipaxos_invariants(const void *opaque)
{
	const struct multipaxos *self = opaque;
	const struct log *log = &self->log;
	paxos_log_invariants(log);
	for (ec_seq seq = log->low + 1; log->voter && seq <= paxos_end(log); seq++)
		assert(paxos_slot_at(log, seq)->accepted <= log->promised); /* (M1) */
	if (self->role == PREPARING || self->role == BEGINNING)
		assert(self->ballot == log->promised); /* (M2) */
	if (self->role == LEADING)
		leader_holds(self);
	assert(self->served <= self->answered && self->answered <= self->ticket); /* (M6) */
}
