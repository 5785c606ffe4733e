/* threshold_key.c - the public half of a shared key, from its commitments. */
#include "crypto/threshold.h"

#include <assert.h>

bool ec_threshold_key_lay(uint32_t n, const uint8_t *commitments, size_t size,
                          struct ec_threshold_key *key)
{
	assert(n >= 1 && n <= EC_THRESHOLD_MEMBERS_MAX);
	size_t needed = size / EC_POINT_SIZE;
	if (size % EC_POINT_SIZE || needed < 1 || needed > n || needed > EC_THRESHOLD_NEEDED_MAX)
		return false;
	*key = (struct ec_threshold_key){.n = n, .needed = (uint32_t)needed};
	memcpy(key->commitment, commitments, size);
	return true;
}
