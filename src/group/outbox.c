/* outbox.c - the acts that wait for the host, in order. */
#include "group/outbox.h"

#include <assert.h>
#include <stdlib.h>

static void grow(struct outbox *outbox)
{
	uint32_t capacity = outbox->capacity ? 2 * outbox->capacity : 64;
	struct act *at = malloc(capacity * sizeof *at);
	if (!at)
		abort();
	for (uint32_t i = 0; i < outbox->count; i++)
		at[i] = outbox->at[(outbox->first + i) % outbox->capacity];
	free(outbox->at);
	outbox->at = at;
	outbox->first = 0;
	outbox->capacity = capacity;
}

void outbox_push(struct outbox *outbox, struct act act)
{
	if (outbox->count == outbox->capacity)
		grow(outbox);
	outbox->at[(outbox->first + outbox->count++) % outbox->capacity] = act;
}

bool outbox_pop(struct outbox *outbox, struct act *act)
{
	if (!outbox->count)
		return false;
	*act = outbox->at[outbox->first];
	outbox->first = (outbox->first + 1) % outbox->capacity;
	outbox->count--;
	return true;
}

void outbox_free(struct outbox *outbox)
{
	struct act act;
	while (outbox_pop(outbox, &act)) {
		ec_drop(act.bytes);
		ec_drop(act.text);
	}
	free(outbox->at);
	*outbox = (struct outbox){0};
}
