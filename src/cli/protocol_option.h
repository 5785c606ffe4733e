/* protocol_option.h - a protocol and its options on the command line. */
#ifndef EC_CLI_PROTOCOL_OPTION_H
#define EC_CLI_PROTOCOL_OPTION_H

#include "consensus/consensus.h"
#include "ledger/genesis.h"

#include <argp.h>

/* The protocol of this name.  One that this program does not have ends it, with the names of those
 * that it has (argp_error). */
const struct ec_protocol *ec_option_protocol(struct argp_state *state, const char *name);

enum { EC_OPTION_PAIRS_MAX = 16 };

/* What --option said: NAME=NUMBER each; and how a roster holds them. */
struct ec_option_pairs {
	const char *pair[EC_OPTION_PAIRS_MAX];
	uint32_t count;
	uint8_t encoded[EC_OPTIONS_MAX];
	size_t encoded_size; /* 0: all have their defaults */
};

/* How --option is explained. */
#define EC_OPTION_PAIR_TEXT                                                                  \
	"An option of the protocol, as its DESIGN.md and docs/formats.md have them; may be " \
	"repeated; all others have their defaults"

/* Takes one more.  In: pair lives as long as `pairs`.  One too many ends the program (argp_error).
 */
void ec_option_pair(struct argp_state *state, struct ec_option_pairs *pairs, const char *pair);

/* Encodes them all.  One that the protocol does not take ends the program with a sentence. */
void ec_option_pairs_encode(struct argp_state *state, const struct ec_protocol *protocol,
                            struct ec_option_pairs *pairs);

/* Encodes options as a roster holds them; those that are not named have their defaults.
 * In: pair: `count` texts NAME=NUMBER, whole and decimal.  Out: size, 0 when all are defaults.
 * Returns: false with a sentence in `why`. */
bool ec_protocol_options(const struct ec_protocol *protocol, const char *const *pair,
                         uint32_t count, uint8_t out[static EC_OPTIONS_MAX], size_t *size,
                         char *why, size_t why_size);

/* Whether a pair names this option. */
bool ec_option_pairs_name(const struct ec_option_pairs *pairs, const char *name);

/* Sets one field of options as a roster holds them, if the protocol has an option of this name and
 * takes the value; else they stay as they are.  In, out: *size: 0: all have their defaults. */
void ec_protocol_option_put(const struct ec_protocol *protocol, const char *name, uint32_t value,
                            uint8_t options[static EC_OPTIONS_MAX], size_t *size);

#endif
