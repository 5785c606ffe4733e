/* protocol_option.h - a protocol and its options on the command line. */
#ifndef EC_CLI_PROTOCOL_OPTION_H
#define EC_CLI_PROTOCOL_OPTION_H

#include "consensus/consensus.h"
#include "ledger/genesis.h"

#include <argp.h>

/* The protocol of this name.  One that this program does not have ends it, with the names of those
 * that it has (argp_error). */
const struct ec_protocol *ec_option_protocol(struct argp_state *state, const char *name);

/* Encodes options as a roster holds them; those that are not named have their defaults.
 * In: pair: `count` texts NAME=NUMBER, whole and decimal.  Out: size, 0 when all are defaults.
 * Returns: false with a sentence in `why`. */
bool ec_protocol_options(const struct ec_protocol *protocol, const char *const *pair,
                         uint32_t count, uint8_t out[static EC_OPTIONS_MAX], size_t *size,
                         char *why, size_t why_size);

#endif
