/* verifier.c - the table of the real thing. */
#include "crypto/verifier.h"

const struct ec_crypto ec_crypto_ed25519 = {
	.verify = ec_verify, .sign = ec_sign, .threshold = &ec_threshold_ristretto255};
