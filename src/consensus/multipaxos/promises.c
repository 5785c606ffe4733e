/* promises.c - whether a life restored from records holds what the life before had promised: the
 * ballot, and the value accepted in each position of the highest ballot. */
#include "consensus/multipaxos/state.h"

bool multipaxos_promises_equal(const void *one, const void *other, struct ec_text *why)
{
	const struct multipaxos *lived = one, *restored = other;
	const struct log *a = &lived->log, *b = &restored->log;
	if (a->voter && a->promised != b->promised)
		return paxos_promise_differs(why, "the promise of ballot",
		                             ballot_counter(a->promised));
	return paxos_accepted_equal(a, b, why);
}
