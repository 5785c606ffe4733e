/* promises.c - whether a life restored from records holds what the life before had promised: the
 * ballot, and the value accepted in each position of the highest ballot. */
#include "consensus/multipaxos/state.h"

static bool differ(struct ec_text *why, const char *what, uint64_t number)
{
	ec_text_add(why, "%s %llu", what, (unsigned long long)number);
	return false;
}

bool multipaxos_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct multipaxos *lived = one, *restored = other;
	const struct log *a = &lived->log, *b = &restored->log;
	assert(a->config.self == b->config.self);
	if (!a->voter)
		return true;
	if (a->promised != b->promised)
		return differ(why, "the promise of ballot", ballot_counter(a->promised));
	for (ec_seq seq = a->low + 1; seq <= paxos_end(a); seq++) {
		const struct slot *x = paxos_slot_at(a, seq), *y = paxos_slot_at(b, seq);
		if (!x->accepted || seq <= b->low)
			continue;
		if (!y || y->accepted != x->accepted)
			return differ(why, "what it accepted at position", seq);
		if (!x->chosen && !paxos_value_equal(&x->value, &y->value))
			return differ(why, "which value it accepted at position", seq);
	}
	return true;
}
