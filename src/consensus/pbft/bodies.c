/* bodies.c - batches that are missing.
 *
 * A PREPARE or COMMIT by a correct member says that it holds the batch, on disk.  Whoever lacks one
 * asks f+1 that said so: one of them is correct and answers; if its link breaks meanwhile, LINK
 * asks again.  Hence no time-out.  Nobody is served one batch twice on one link: asking is cheap.
 */
#include "consensus/pbft/state.h"

void pbft_body_ask(struct pbft *self, struct slot *slot, const struct value *value,
                   uint64_t holders, struct ec_out *out)
{
	struct message message = {.kind = ASK_BODY, .seq = slot->seq, .digest = value->digest};
	uint64_t left = holders & ~bit(self->config.self) & ~slot->asked;
	assert(!value_filler(value));
	if (planted(&self->config, BUG_NO_BODY) || planted(&self->config, BUG_NO_ASK))
		return;
	for (uint32_t i = 0; i <= self->faults && left; i++, left &= left - 1) {
		ec_node node = (ec_node)__builtin_ctzll(left);
		slot->asked |= bit(node);
		pbft_send(self, out, node, &message, EC_NO_BYTES, EC_EAGER);
	}
}

void pbft_ask_body_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                            struct ec_out *out)
{
	struct slot *slot = pbft_slot_at(self, m->seq);
	struct body *body = slot ? pbft_body_find(slot, &m->digest) : NULL;
	if (!body || body->served & bit(in->from))
		return;
	body->served |= bit(in->from);
	struct message message = {.kind = BODY, .seq = m->seq};
	pbft_send(self, out, in->from, &message, ec_keep(body->bytes), EC_EAGER);
}

void pbft_body_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                        struct ec_out *out)
{
	struct slot *slot = pbft_slot_at(self, m->seq);
	if (!slot || pbft_body_find(slot, &in->digest))
		return;
	bool committed =
		slot->committed && ec_hash_equal(&slot->committed_value.digest, &in->digest);
	bool accepted = pbft_slot_current(self, slot) &&
	                ec_hash_equal(&slot->accepted_value.digest, &in->digest);
	if (!committed && !accepted)
		return;
	pbft_body_put(slot, &in->digest, in->body, false);
	if (slot->refetched)
		pbft_note(self, out, "rule:body-after-new-view", slot->seq);
	slot->refetched = false;
	pbft_slot_vote(self, slot, out);
	pbft_slot_count_votes(self, slot, out);
}
