/* inputs.h - a queue of inputs for a protocol that grows; whoever fills it bounds it. */
#ifndef EC_GROUP_INPUTS_H
#define EC_GROUP_INPUTS_H

#include "consensus/consensus.h"

struct inputs {
	struct ec_input *at;
	uint32_t first, count, capacity;
	size_t bytes; /* of heads, bodies, proofs */
};

/* Appends an input; takes over its head, body and proof. */
void inputs_push(struct inputs *inputs, struct ec_input input);

/* The oldest; NULL when empty.  Borrowed until the next push or pop. */
const struct ec_input *inputs_first(const struct inputs *inputs);

/* The one with so many before it.  In: index < count.  Borrowed as inputs_first()'s. */
const struct ec_input *inputs_at(const struct inputs *inputs, uint32_t index);

/* Takes the oldest out; its bytes pass to the caller.  In: not empty. */
struct ec_input inputs_pop(struct inputs *inputs);

/* Drops every input; the queue is empty then, and can be used again. */
void inputs_free(struct inputs *inputs);

/* Bytes of its head, body and proof. */
size_t input_size(const struct ec_input *input);

/* Drops its head, body and proof. */
void input_drop(const struct ec_input *input);

#endif
