/* body.c - what peers are known to have of a batch, or to say of it. */
#include "group/bodies.h"

#include <assert.h>

void body_known_set(struct body *body, uint32_t peer)
{
	assert(peer < EC_PEERS_MAX);
	body->known[peer / 64] |= (uint64_t)1 << peer % 64;
}

bool body_known(const struct body *body, uint32_t peer)
{
	assert(peer < EC_PEERS_MAX);
	return body->known[peer / 64] >> peer % 64 & 1;
}

uint32_t body_old_said(struct body *body, uint32_t peer)
{
	uint32_t count = 0;
	assert(peer < EC_PEERS_MAX);
	body->old[peer / 64] |= (uint64_t)1 << peer % 64;
	for (uint32_t i = 0; i < BODIES_WORDS; i++)
		count += (uint32_t)__builtin_popcountll(body->old[i]);
	return count;
}
