/* emit.c - how a step hands an effect to its host. */
#include "consensus/consensus.h"

#include <assert.h>

void ec_emit(struct ec_out *out, struct ec_effect effect)
{
	assert(out->count < out->capacity);
	out->effect[out->count++] = effect;
}
