/* script.h - scripts: what is done, and, under ----, all that happened.  Nothing moves unless the
 * file says so.  DESIGN.md lists the verbs. */
#ifndef EC_SIM_SCRIPT_H
#define EC_SIM_SCRIPT_H

#include "sim/protocols.h"

/* Runs the script at `path` and compares, or, with `rewrite`, writes down what happened.
 * Prints every difference.  Returns: 0 as expected, 1 something else happened, 2 unusable. */
int sim_script_run(const struct sim_protocol_entry *entry, const char *path, uint32_t bug,
                   bool rewrite);

#endif
