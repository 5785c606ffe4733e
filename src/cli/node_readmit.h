/* node_readmit.h - a node of a local network comes back with a new era key. */
#ifndef EC_CLI_NODE_READMIT_H
#define EC_CLI_NODE_READMIT_H

#include <stdbool.h>

/* Whether a configuration file is that of a node of a local network (DIR/GROUP/nodeN/node.yaml). */
bool ec_node_is_local(const char *config);

/* Sets the data of such a node aside, makes it a new era key, and has the members whose identity
 * keys are here vote it into its seat.  The node must not run; a quorum of the others must.
 * Returns: false after saying why on stderr. */
bool ec_node_readmit(const char *config);

#endif
