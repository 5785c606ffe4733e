/* search.h - the search for an order of the operations of one key. */
#ifndef EC_HISTORY_SEARCH_H
#define EC_HISTORY_SEARCH_H

#include "history/check.h"

/* What an operation is to the search. */
enum role {
	REQUIRED, /* has its place between its call and its return */
	OPTIONAL, /* after its call, or nowhere */
	DROPPED,
};

enum { NONE = UINT32_MAX };

struct frame;

struct search {
	struct ec_history *history;
	const struct ec_model *model;
	const uint32_t *operation; /* by call: indices in the history */
	uint32_t count;
	uint8_t *role;  /* of each: set by the owner before search_run() */
	uint64_t steps; /* so far, in all runs: of the model, and one for WALK events passed */
	uint32_t walked;
	bool out_of_steps;

	/* Events in the order of time, a call before a return of the same time: 2 i is the call of
	 * operation i, 2 i + 1 its return. */
	uint32_t *event, *next, *previous, *twin, *rank;

	struct frame *stack;
	uint64_t *done, *key; /* bit sets: `done` has first the required, then the optional */
	uint32_t words;       /* of the required */
	uint32_t depth, left, low, high, optional_high;
	uint32_t optional;  /* how many there are, */
	bool optional_told; /* and whether one of them tells its revision */

	uint32_t *best; /* the longest order that was found, */
	uint32_t best_size, best_left, best_common;
	uint32_t best_blocked; /* and before whose return it ends; NONE: there was no dead end */
	uint32_t furthest;     /* the operation whose return no order passes; NONE likewise */
};

/* Sets everything up; every operation that has an answer is REQUIRED.  In: operation: in the order
 * of calls, as long as the search is.  Returns: false when the arena is full. */
bool search_init(struct search *search, struct ec_history *history, const struct ec_model *model,
                 const uint32_t *operation, uint32_t count);

/* Looks for an order of all that is REQUIRED, with what is OPTIONAL where it helps.  What it takes
 * of the arena it gives back. */
enum ec_verdict search_run(struct search *search, uint64_t steps_max);

#endif
