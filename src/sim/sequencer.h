/* sequencer.h - the smallest protocol that orders anything: member 0 numbers batches, a majority
 * saves them.  It judges the simulator, not the other way round: tests run it with and without its
 * bugs.  Reads go through member 0: what it has numbered by then, no client can have missed. */
#ifndef EC_SIM_SEQUENCER_H
#define EC_SIM_SEQUENCER_H

#include "sim/protocols.h"

extern const struct ec_protocol sim_sequencer;
extern const struct sim_protocol_entry sim_sequencer_entry;

/* For small protocols: ec_protocol.misfit that takes every roster. */
const char *sim_never_misfit(const struct ec_config *config);

#endif
