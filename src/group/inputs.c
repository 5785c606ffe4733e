/* inputs.c - a queue of inputs for a protocol that grows; whoever fills it bounds it. */
#include "group/inputs.h"

#include <assert.h>
#include <stdlib.h>

size_t input_size(const struct ec_input *input)
{
	return input->head.size + input->body.size + input->proof.size;
}

static void grow(struct inputs *inputs)
{
	uint32_t capacity = inputs->capacity ? 2 * inputs->capacity : 16;
	struct ec_input *at = malloc(capacity * sizeof *at);
	if (!at)
		abort();
	for (uint32_t i = 0; i < inputs->count; i++)
		at[i] = inputs->at[(inputs->first + i) % inputs->capacity];
	free(inputs->at);
	inputs->at = at;
	inputs->first = 0;
	inputs->capacity = capacity;
}

void inputs_push(struct inputs *inputs, struct ec_input input)
{
	if (inputs->count == inputs->capacity)
		grow(inputs);
	inputs->bytes += input_size(&input);
	inputs->at[(inputs->first + inputs->count++) % inputs->capacity] = input;
}

const struct ec_input *inputs_first(const struct inputs *inputs)
{
	return inputs->count ? &inputs->at[inputs->first] : NULL;
}

const struct ec_input *inputs_at(const struct inputs *inputs, uint32_t index)
{
	assert(index < inputs->count);
	return &inputs->at[(inputs->first + index) % inputs->capacity];
}

struct ec_input inputs_pop(struct inputs *inputs)
{
	assert(inputs->count > 0);
	struct ec_input input = inputs->at[inputs->first];
	inputs->first = (inputs->first + 1) % inputs->capacity;
	inputs->count--;
	inputs->bytes -= input_size(&input);
	return input;
}

void input_drop(const struct ec_input *input)
{
	ec_drop(input->head);
	ec_drop(input->body);
	ec_drop(input->proof);
}

void inputs_free(struct inputs *inputs)
{
	while (inputs->count) {
		struct ec_input input = inputs_pop(inputs);
		input_drop(&input);
	}
	free(inputs->at);
	*inputs = (struct inputs){0};
}
