/* effects.c - how a message, a record or a note leaves a step. */
#include "consensus/raft/state.h"

void raft_send(struct raft *self, struct ec_out *out, ec_node to, struct message message,
               struct ec_bytes body, uint32_t flags)
{
	assert(self->started);
	message.tag = self->tag;
	if (!message.term)
		message.term = self->term;
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .flags = flags,
	                                .node = to,
	                                .head = raft_message_write(out->pool, &message),
	                                .body = body});
}

void raft_save(struct raft *self, struct ec_out *out, const struct message *message,
               struct ec_bytes body, uint32_t flags)
{
	assert(self->started);
	if (!self->voter) {
		ec_drop(body);
		return;
	}
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .flags = flags,
	                                .seq = message->index,
	                                .head = raft_message_write(out->pool, message),
	                                .body = body});
}

void raft_note(struct raft *self, struct ec_out *out, const char *rule, uint64_t number)
{
	ec_note(&self->config, out, rule, number);
}
