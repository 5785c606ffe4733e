/* show.c - a state as people read it in scripts and traces. */
#include "consensus/paxos/state.h"

void paxos_show(const void *opaque, struct ec_text *text)
{
	const struct paxos *self = opaque;
	const struct log *log = &self->log;
	ec_text_add(text, "delivered %llu", (unsigned long long)log->delivered);
	if (log->low)
		ec_text_add(text, "; low %llu", (unsigned long long)log->low);
	if (log->fetching)
		ec_text_add(text, "; fetching");
	if (self->pending_count)
		ec_text_add(text, "; %u wait", self->pending_count);
	if (self->phase != IDLE) {
		ec_text_add(text, "; %llu %s b", (unsigned long long)self->at,
		            self->phase == PREPARING ? "prepares" : "proposes");
		paxos_ballot_show(self->ballot, text);
	}
	ec_seq from = log->chosen > log->low ? log->chosen : log->low; /* while records replay */
	for (ec_seq seq = from + 1; seq <= paxos_end(log); seq++) {
		const struct slot *slot = paxos_slot_at(log, seq);
		if (!slot->promised)
			continue;
		ec_text_add(text, "; %llu promised b", (unsigned long long)seq);
		paxos_ballot_show(slot->promised, text);
		if (slot->accepted) {
			ec_text_add(text, ", accepted b");
			paxos_ballot_show(slot->accepted, text);
		}
	}
}
