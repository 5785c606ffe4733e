/* show.c - a state as people read it in scripts and traces. */
#include "consensus/multipaxos/state.h"

static void slot_show(const struct multipaxos *self, const struct slot *slot, struct ec_text *text)
{
	if (!slot->chosen && !slot->accepted)
		return;
	ec_text_add(text, "; %llu ", (unsigned long long)slot->seq);
	if (slot->chosen) {
		ec_text_add(text, "chosen");
		return;
	}
	ec_text_add(text, "accepted in b");
	paxos_ballot_show(slot->accepted, text);
	if (self->role == LEADING && slot->proposed == self->ballot)
		ec_text_add(text, ", %u of %u", set_count(slot->votes), self->log.quorums.accept);
}

void multipaxos_show(const void *opaque, struct ec_text *text)
{
	static const char *const roles[] = {[FOLLOWER] = "follows",
	                                    [CANVASSING] = "canvasses b",
	                                    [PREPARING] = "prepares b",
	                                    [BEGINNING] = "begins b",
	                                    [LEADING] = "leads b"};
	const struct multipaxos *self = opaque;
	const struct log *log = &self->log;
	ec_text_add(text, "%s", roles[self->role]);
	if (self->role != FOLLOWER)
		paxos_ballot_show(self->ballot, text);
	if (self->role == FOLLOWER && self->leader) {
		ec_text_add(text, " b");
		paxos_ballot_show(self->leader, text);
	}
	if (self->role != LEADING && log->promised) {
		ec_text_add(text, "; promised b");
		paxos_ballot_show(log->promised, text);
	}
	ec_text_add(text, "; delivered %llu", (unsigned long long)log->delivered);
	if (log->low)
		ec_text_add(text, "; low %llu", (unsigned long long)log->low);
	if (log->fetching)
		ec_text_add(text, "; fetching");
	ec_seq from = log->chosen > log->low ? log->chosen : log->low; /* while records replay */
	for (ec_seq seq = from + 1; seq <= paxos_end(log); seq++)
		slot_show(self, paxos_slot_at(log, seq), text);
}
