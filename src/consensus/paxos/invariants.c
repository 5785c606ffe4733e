/* invariants.c - what holds after every step, whatever came.
 *
 * Of the log, in Multi-Paxos too:
 * - (L1) The marks stand in order: cut <= low <= snapped <= delivered <= chosen <= known.
 * - (L2) The ring holds the slots of the positions after the floor up to the end, and no other.
 * - (L3) What we delivered ourselves and still retain is chosen; so is all up to `chosen`.
 * - (L4) Nothing that could be delivered waits, unless the application is being brought.
 * - (L5) A value is a batch by somebody, or a filler by nobody.
 *
 * Of Paxos:
 * - (S1) In no position anything is accepted above what is promised there.
 * - (S2) A ballot of mine is for a position that is still open, and I have promised it or a higher
 *   one.
 * - (S3) What is proposed has a value.
 */
#include "consensus/paxos/state.h"

static void slot_holds(const struct log *log, ec_seq seq)
{
	const struct slot *slot = paxos_slot_at(log, seq);
	assert(slot); /* (L2) */
	if (seq > log->fetched && seq <= log->chosen && !log_planted(log, LOG_GAP))
		assert(slot->chosen); /* (L3) */
	if (slot->chosen || slot->accepted)
		assert((slot->value.origin == EC_ALL) == (slot->value.body.size == 0)); /* (L5) */
}

void paxos_log_invariants(const struct log *log)
{
	assert(log->cut <= log->low); /* (L1) */
	for (ec_seq seq = paxos_floor(log) + 1; seq <= paxos_end(log); seq++)
		slot_holds(log, seq);
	if (!log->started)
		return;
	assert(log->low <= log->snapped);                        /* (L1) */
	assert(log->snapped <= log->delivered || log->fetching); /* (L1) */
	assert(log->delivered <= log->chosen);                   /* (L1) */
	assert(log->delivered == log->chosen || log->fetching);  /* (L4) */
	const struct slot *next = paxos_slot_at(log, log->chosen + 1);
	assert(!next || !next->chosen || log_planted(log, LOG_GAP)); /* (L4) */
}

void paxos_invariants(const void *opaque)
{
	const struct paxos *self = opaque;
	const struct log *log = &self->log;
	paxos_log_invariants(log);
	for (ec_seq seq = log->low + 1; seq <= paxos_end(log); seq++) {
		const struct slot *slot = paxos_slot_at(log, seq);
		bool lowers = planted(self, BUG_REPROMISE) || planted(self, BUG_ACCEPT_BELOW);
		assert(slot->accepted <= slot->promised || lowers); /* (S1) */
	}
	if (self->phase == IDLE)
		return;
	const struct slot *slot = paxos_slot_at(log, self->at);
	assert(slot && !slot->chosen && self->at > log->low);                   /* (S2) */
	assert(slot->promised >= self->ballot || planted(self, BUG_REPROMISE)); /* (S2) */
	if (self->phase == PROPOSING)
		assert(slot->proposed == self->ballot); /* (S3) */
}
