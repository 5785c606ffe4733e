/* promises.c - whether a life restored from records holds what the life before had promised: in
 * each position the ballot, and the value accepted of the highest ballot.
 *
 * The first part is what Multi-Paxos has, too. */
#include "consensus/paxos/state.h"

bool paxos_promise_differs(struct ec_text *why, const char *what, uint64_t number)
{
	ec_text_add(why, "%s %llu", what, (unsigned long long)number);
	return false;
}

bool paxos_accepted_equal(const struct log *lived, const struct log *restored, struct ec_text *why)
{
	assert(lived->config.self == restored->config.self);
	for (ec_seq seq = lived->low + 1; lived->voter && seq <= paxos_end(lived); seq++) {
		const struct slot *x = paxos_slot_at(lived, seq);
		const struct slot *y = paxos_slot_at(restored, seq);
		if (!x->accepted || seq <= restored->low)
			continue;
		if (!y || y->accepted != x->accepted)
			return paxos_promise_differs(why, "what it accepted at position", seq);
		if (!x->chosen && !paxos_value_equal(&x->value, &y->value))
			return paxos_promise_differs(why, "which value it accepted at position",
			                             seq);
	}
	return true;
}

/* ---- Of Paxos alone ---- */

bool paxos_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct paxos *lived = one, *restored = other;
	const struct log *a = &lived->log, *b = &restored->log;
	for (ec_seq seq = a->low + 1; a->voter && seq <= paxos_end(a); seq++) {
		const struct slot *x = paxos_slot_at(a, seq), *y = paxos_slot_at(b, seq);
		if (x->promised && seq > b->low && (!y || y->promised != x->promised))
			return paxos_promise_differs(why, "what it promised at position", seq);
	}
	return paxos_accepted_equal(a, b, why);
}
