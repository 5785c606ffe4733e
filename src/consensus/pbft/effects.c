/* effects.c - how a message, a record or a note leaves a step. */
#include "consensus/pbft/state.h"

void pbft_send(struct pbft *self, struct ec_out *out, ec_node to, const struct message *message,
               struct ec_bytes body, uint32_t flags)
{
	assert(self->started);
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .flags = flags,
	                                .node = to,
	                                .head = pbft_message_write(out->pool, message),
	                                .body = body});
}

void pbft_save(struct pbft *self, struct ec_out *out, const struct message *message,
               struct ec_bytes body, uint32_t flags)
{
	assert(self->started && self->voter);
	ec_emit(out, (struct ec_effect){.kind = EC_SAVE,
	                                .flags = flags,
	                                .seq = message->seq,
	                                .head = pbft_message_write(out->pool, message),
	                                .body = body});
}

void pbft_note(struct pbft *self, struct ec_out *out, const char *rule, uint64_t number)
{
	ec_note(&self->config, out, rule, number);
}

void pbft_letter_drop(struct letter *letter)
{
	ec_drop(letter->body);
	ec_drop(letter->proof);
	*letter = (struct letter){0};
}

void pbft_letter_set(struct letter *letter, uint64_t view, const struct ec_input *in)
{
	pbft_letter_drop(letter);
	*letter = (struct letter){.here = true,
	                          .view = view,
	                          .digest = in->digest,
	                          .body = ec_keep(in->body),
	                          .proof = ec_keep(in->proof)};
}
