/* promises.c - whether a life restored from records holds what the life before had promised: in
 * each position the ballot, and the value accepted of the highest ballot. */
#include "consensus/paxos/state.h"

static bool differ(struct ec_text *why, const char *what, uint64_t number)
{
	ec_text_add(why, "%s %llu", what, (unsigned long long)number);
	return false;
}

bool paxos_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct paxos *lived = one, *restored = other;
	const struct log *a = &lived->log, *b = &restored->log;
	assert(a->config.self == b->config.self);
	if (!a->voter)
		return true;
	for (ec_seq seq = a->low + 1; seq <= paxos_end(a); seq++) {
		const struct slot *x = paxos_slot_at(a, seq), *y = paxos_slot_at(b, seq);
		if (!x->promised || seq <= b->low)
			continue;
		if (!y || y->promised != x->promised)
			return differ(why, "what it promised at position", seq);
		if (y->accepted != x->accepted)
			return differ(why, "what it accepted at position", seq);
		if (x->accepted && !x->chosen && !paxos_value_equal(&x->value, &y->value))
			return differ(why, "which value it accepted at position", seq);
	}
	return true;
}
