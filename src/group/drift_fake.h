/* drift_fake.h - a small honest protocol whose order is revised until it is final: for tests.
 *
 * Member 0 leads.  It tells all of every batch at once, and everyone delivers it somewhere in a
 * tail of its own, shuffled; a little later it decides what comes next, which is final.  It may
 * drop a batch that it told of.  A crash of the leader stops it until it is back.
 */
#ifndef EC_GROUP_DRIFT_FAKE_H
#define EC_GROUP_DRIFT_FAKE_H

#include "consensus/consensus.h"

extern const struct ec_protocol ec_drift;

/* What tests may turn, and what all instances of the process counted. */
struct drift_knobs {
	bool hold;      /* it decides nothing */
	bool straight;  /* nobody shuffles */
	uint32_t late;  /* member that hears of decisions LATE_NS later; less 1; 0: nobody */
	uint32_t pins;  /* what is decided is final once it is pinned, and is signed under so many;
	                   0: at once */
	uint32_t drops; /* one of so many batches is dropped; 0: none */
	uint64_t undone, dropped, pinned, fetched;
};
extern struct drift_knobs drift;

#endif
