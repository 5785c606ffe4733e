/* promise.c - a gateway's signed word that it has an envelope. */
#include "doors/promise.h"

#include "doors/wire.h"

#include <time.h>

uint64_t ec_promise_sign(const struct ec_secret *identity, const ec_hash *id, uint32_t promise_ms,
                         uint8_t signature[static EC_SIGNATURE_SIZE])
{
	struct timespec now;
	uint8_t promise[EC_DOOR_PROMISE_SIZE];
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t deadline_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec +
	                       (uint64_t)promise_ms * 1000000;
	ec_door_promise(id, deadline_ns, promise);
	ec_sign(identity, promise, sizeof promise, signature);
	return deadline_ns;
}
