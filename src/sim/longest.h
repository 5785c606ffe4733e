/* longest.h - the smallest protocol of a revisable order: members in turn put blocks on the chain
 * that weighs most, and take back what they delivered of another.  It judges the simulator, not the
 * other way round: tests run it with and without its bugs. */
#ifndef EC_SIM_LONGEST_H
#define EC_SIM_LONGEST_H

#include "sim/verbs.h"

extern const struct ec_protocol sim_longest;
extern const struct sim_protocol_entry sim_longest_entry;
extern const struct sim_verb sim_longest_verbs[]; /* `tree A` */

#endif
