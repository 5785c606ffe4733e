/* effects.c - how a message, a record or a note leaves a step. */
#include "consensus/honeybadger/state.h"

uint32_t hb_room(const struct ec_out *out)
{
	return out->capacity - out->count;
}

void hb_send(struct hb *self, struct ec_out *out, ec_node to, const struct message *message,
             struct ec_bytes body, uint32_t flags)
{
	assert(self->started);
	ec_emit(out, (struct ec_effect){.kind = EC_SEND,
	                                .flags = flags,
	                                .node = to,
	                                .head = hb_message_write(out->pool, message),
	                                .body = body});
}

bool hb_within(const struct hb *self, ec_node node, uint64_t epoch)
{
	const struct peer *peer = hb_peer(self, node);
	return node == self->config.self ||
	       (!peer->silent && epoch >= peer->at && epoch - peer->at <= AHEAD);
}

/* Whether nobody would have to be told again what goes to all: those beyond it drop it. */
static bool nobody_behind(const struct hb *self, uint64_t epoch)
{
	for (ec_node node = 0; node < self->n; node++)
		if (!hb_within(self, node, epoch) && hb_peer(self, node)->at <= epoch)
			return false;
	return true;
}

void hb_tell(struct hb *self, struct ec_out *out, const struct message *message,
             struct ec_bytes body)
{
	if (nobody_behind(self, message->epoch)) {
		hb_send(self, out, EC_ALL, message, body, 0);
		return;
	}
	for (ec_node node = 0; node < self->n; node++)
		if (hb_within(self, node, message->epoch))
			hb_send(self, out, node, message, ec_keep(body), 0);
	ec_drop(body);
}

void hb_save(struct hb *self, struct ec_out *out, const struct message *message,
             struct ec_bytes body, uint32_t flags)
{
	assert(self->started && voter(self));
	/* A CUT stands for all before the oldest epoch that is kept, and for nothing of it. */
	ec_emit(out,
	        (struct ec_effect){.kind = EC_SAVE,
	                           .flags = flags,
	                           .seq = flags & EC_CUT ? message->oldest - 1 : message->epoch,
	                           .head = hb_message_write(out->pool, message),
	                           .body = body});
}

void hb_note(struct hb *self, struct ec_out *out, const char *rule, uint64_t number)
{
	if (hb_room(out) >= 8)
		ec_note(&self->config, out, rule, number);
}
