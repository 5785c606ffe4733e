/* effects.c - how a message, a record or a note leaves a step. */
#include "consensus/ghostdag/state.h"

void ghostdag_send(struct ghostdag *self, struct ec_out *out, ec_node to,
                   const struct message *message, struct ec_bytes body, uint32_t flags)
{
	assert(self->started);
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .flags = flags,
	                                .node = to,
	                                .head = ghostdag_message_write(out->pool, message),
	                                .body = body});
}

void ghostdag_save(struct ghostdag *self, struct ec_out *out, ec_seq seq,
                   const struct message *message, struct ec_bytes body, uint32_t flags)
{
	assert(self->started);
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .flags = flags,
	                                .seq = seq,
	                                .head = ghostdag_message_write(out->pool, message),
	                                .body = body});
}

void ghostdag_note(struct ghostdag *self, struct ec_out *out, const char *rule, uint64_t number)
{
	ec_note(&self->config, out, rule, number);
}
