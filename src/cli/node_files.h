/* node_files.h - the configuration file of one node of a local network. */
#ifndef EC_CLI_NODE_FILES_H
#define EC_CLI_NODE_FILES_H

#include "cli/make_network.h"

/* Writes node.yaml (node/config.h) of node i of group g.  Returns: false with a sentence in `why`.
 */
bool ec_node_files_write(const struct ec_network *network, uint32_t g, uint32_t i, char *why,
                         size_t why_size);

#endif
