/* crypto.h - signatures of the simulated world: a keyed hash that is cheap to make and to check.
 * Nothing but the simulator's own code signs in it, which is what makes it unforgeable there.  No
 * other program links this. */
#ifndef EC_SIM_CRYPTO_H
#define EC_SIM_CRYPTO_H

#include "crypto/verifier.h"

extern const struct ec_crypto sim_crypto_fake;

#endif
