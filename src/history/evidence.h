/* evidence.h - of a key that has no order, the few operations that have none. */
#ifndef EC_HISTORY_EVIDENCE_H
#define EC_HISTORY_EVIDENCE_H

#include "history/search.h"

/* Shrinks what was searched until nothing more can be missed, or the steps are used up, and writes
 * down what is left.  In: a search whose last run found a violation; it is used up.  Out: evidence,
 * of which the lists lie in the arena.  Returns: false when they do not fit. */
bool evidence_find(struct search *search, uint64_t steps_max, struct ec_evidence *evidence);

#endif
