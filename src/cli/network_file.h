/* network_file.h - network.json, the list of what a local network consists of. */
#ifndef EC_CLI_NETWORK_FILE_H
#define EC_CLI_NETWORK_FILE_H

#include "cli/make_network.h"

/* Writes it into network->folder, all or nothing.  Returns: false with a sentence in `why`. */
bool ec_network_write(const struct ec_network *network, char *why, size_t why_size);

#endif
