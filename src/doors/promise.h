/* promise.h - a gateway's signed word that it has an envelope, and until when it is in a block. */
#ifndef EC_DOORS_PROMISE_H
#define EC_DOORS_PROMISE_H

#include "crypto/sign.h"

/* Signs with the gateway's identity that the envelope `id` is in a block `promise_ms` from now.
 * Returns: that deadline, ns since 1970.  Out: signature over ec_door_promise(). */
uint64_t ec_promise_sign(const struct ec_secret *identity, const ec_hash *id, uint32_t promise_ms,
                         uint8_t signature[static EC_SIGNATURE_SIZE]);

#endif
