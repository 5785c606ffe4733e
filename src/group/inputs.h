/* inputs.h - a queue of inputs for a protocol that grows; whoever fills it bounds it. */
#ifndef EC_GROUP_INPUTS_H
#define EC_GROUP_INPUTS_H

#include "consensus/consensus.h"

struct inputs {
	struct ec_input *at;
	uint32_t first, count, capacity;
	size_t bytes; /* of heads, bodies, proofs */
};

void inputs_push(struct inputs *inputs, struct ec_input input);   /* takes over head, body, proof */
const struct ec_input *inputs_first(const struct inputs *inputs); /* NULL when empty */
const struct ec_input *inputs_at(const struct inputs *inputs, uint32_t index); /* In: < count */
struct ec_input inputs_pop(struct inputs *inputs);                             /* In: not empty */
void inputs_free(struct inputs *inputs);
size_t input_size(const struct ec_input *input); /* of its bytes */
void input_drop(const struct ec_input *input);   /* its bytes */

#endif
