/* node_readmit.h - a node of a local network comes back with a new era key. */
#ifndef EC_CLI_NODE_READMIT_H
#define EC_CLI_NODE_READMIT_H

#include <stdbool.h>

/* Whether a configuration file is that of a node of a local network (DIR/GROUP/nodeN/node.yaml). */
bool ec_node_is_local(const char *config);

/* Begins a process that lives as long as this one at most: it waits until the node of that
 * configuration, which this process is about to run as a learner, has the state of the others, and
 * then has the members whose identity keys are here vote the node's era key into its seat.  What
 * comes of it is said on stdout, as JSON if wanted, and on stderr.
 * Returns: false after saying why on stderr. */
bool ec_node_readmit_later(const char *config, bool json);

#endif
