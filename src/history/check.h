/* check.h - whether a history is linearizable (Herlihy and Wing, 1990). */
#ifndef EC_HISTORY_CHECK_H
#define EC_HISTORY_CHECK_H

#include "history/model.h"

enum ec_verdict {
	EC_LINEARIZABLE, /* there is an order, for every key */
	EC_VIOLATED,     /* there is none, for one key at least */
	EC_GAVE_UP,      /* none was found within the limits, and not all were tried */
};

/* Why a key has no order.  Numbers are of operations in history->operation. */
struct ec_evidence {
	uint32_t key; /* a text */
	/* Operations that have no order among themselves, wherever and whether the others of the
	 * key take effect; by call.  None can be missed, unless shrinking came to its limit. */
	const uint32_t *core;
	uint32_t core_size;
	/* The longest order of them that was found, with others that it needs; the state then. */
	const uint32_t *order;
	uint32_t order_size;
	struct ec_state state;
	/* Those of the core that would have to be next. */
	const uint32_t *stuck;
	uint32_t stuck_size;
	uint32_t others; /* operations of the key called before the end of these, and in neither
	                    list */
};

struct ec_check_result {
	enum ec_verdict verdict;
	uint32_t keys, keys_violated, keys_gave_up; /* no more are tried once one is violated */
	uint32_t unknown;                           /* operations of unknown outcome */
	uint64_t steps;   /* of the model; those that shrink the evidence, too */
	uint32_t hardest; /* the key that took most of them */
	uint64_t hardest_steps;
	bool out_of_steps, out_of_memory; /* why it gave up */
	struct ec_evidence evidence;      /* of the first key that is violated */
};

/* Whether the model knows every operation of the history.  Returns: if not, the first that it does
 * not know; else NULL. */
const struct ec_operation *ec_check_foreign(const struct ec_history *history,
                                            const struct ec_model *model);

/* Looks for an order of each key's operations that the model and the times allow.  Memory is what
 * is left of the history's arena; steps_max is for all keys together: a sixteenth of it in equal
 * shares (of 1000 at least, as long as there are any), the rest, unless a violation was found, for
 * those to which a share was too little.  In: a
 * history of which the model knows every operation.  Out: a result whose evidence lies in the
 * arena. */
void ec_check(struct ec_history *history, const struct ec_model *model, uint64_t steps_max,
              struct ec_check_result *result);

#endif
