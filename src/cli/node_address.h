/* node_address.h - which nodes a person means by a folder of a local network. */
#ifndef EC_CLI_NODE_ADDRESS_H
#define EC_CLI_NODE_ADDRESS_H

#include "cli/make_network.h"

enum { EC_NODE_ADDRESSES_MAX = EC_NETWORK_NODES_MAX, EC_NODE_ADDRESS_SIZE = 32 };

struct ec_node_addresses {
	uint32_t count;
	char address[EC_NODE_ADDRESSES_MAX][EC_NODE_ADDRESS_SIZE];
};

/* The binary doors behind DIR/GROUP (every node of the group) or DIR/GROUP/nodeN (that one).
 * Returns: false when `path` is no folder, or, with a sentence in `why`, none of such a network. */
bool ec_node_addresses_of(const char *path, struct ec_node_addresses *out, char *why,
                          size_t why_size);

#endif
