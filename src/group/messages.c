/* messages.c - messages of the protocol, in and out, their batches by digest where that is enough.
 *

 * (I1) The step sees the messages of a link in the order in which they were sent: one that waits
 *      for its batch holds back those behind it.
 * (I2) A message leaves its batch out only if we hold it, it is not delivered yet, and the receiver
 *      has it or gets it from the gateway that made it; whoever lacks it asks.  One that was
 *      delivered may be forgotten by all before the question comes.
 */
#include "group/state.h"

enum { WAITING_MAX = 1024, WAITING_BYTES_MAX = 16 << 20, AHEAD_MAX = 16, MESSAGE_BODY_OUT = 1 };
#define ASK_SENDER_MIN_NS (30 * MS)
#define ASK_SENDER_MAX_NS (125 * MS)
#define ASK_ALL_NS        (250 * MS)
#define GIVE_UP_NS        (2 * SECOND)

static struct ec_bytes write_message(struct ec_member *m, const struct reign *reign,
                                     const struct ec_effect *effect, struct ec_bytes proof,
                                     bool body_out)
{
	struct ec_frame frame = {.kind = EC_FRAME_MESSAGE,
	                         .era = reign->era->number,
	                         .index = body_out ? MESSAGE_BODY_OUT : 0,
	                         .name = effect->digest,
	                         .block = {effect->head, proof}};
	if (!body_out)
		frame.block[EC_MESSAGE_BODY] = effect->body;
	return ec_frame_write(m->config.pool, &frame);
}

/* Whether the digest is enough for this peer (I2).  After this it has the batch. */
static bool body_out(struct ec_member *m, const struct ec_effect *effect, uint32_t peer)
{
	if (!batch_like(effect->body))
		return false;
	struct body *body = bodies_find(m->bodies, &effect->digest);
	if (!body)
		return false;
	bool out = !body->idle && (body->spread || body_known(body, peer));
	if (!out)
		body_known_set(body, peer);
	return out;
}

static void send_to(struct ec_member *m, struct reign *reign, const struct ec_effect *effect,
                    struct ec_bytes proof, struct ec_bytes form[2], ec_node node)
{
	if (node == reign->era->self) {
		instance_tell(reign->instance, (struct ec_input){.kind = EC_RECV,
		                                                 .from = node,
		                                                 .head = ec_keep(effect->head),
		                                                 .body = ec_keep(effect->body),
		                                                 .proof = ec_keep(proof),
		                                                 .digest = effect->digest});
		return;
	}
	uint32_t peer = reign->era->peer_of[node];
	if (!link_up(m, peer))
		return;
	bool out = body_out(m, effect, peer);
	if (!form[out].size)
		form[out] = write_message(m, reign, effect, proof, out);
	act_send(m, peer, ec_keep(form[out]));
}

void message_send(struct ec_member *m, struct reign *reign, const struct ec_effect *effect,
                  struct ec_bytes proof)
{
	struct ec_bytes form[2] = {EC_NO_BYTES, EC_NO_BYTES}; /* whole; body out */
	if (reign->muted && !(effect->flags & EC_EAGER))
		return; /* what is not eager binds, and our key may not */
	if (effect->node == EC_ALL)
		for (uint32_t i = 0; i < reign->era->roster.n; i++)
			send_to(m, reign, effect, proof, form, i);
	else
		send_to(m, reign, effect, proof, form, effect->node);
	ec_drop(form[0]);
	ec_drop(form[1]);
}

/* To the instance of its era.  The era waits in the ticket, which a RECV does not use. */
static void admit(struct ec_member *m, uint32_t peer, struct ec_input input, bool checked)
{
	struct reign *reign = reign_of(m, input.ticket);
	input.ticket = 0;
	if (!reign || !reign->instance)
		return;
	input.from = reign->era->index_of[peer];
	if (!checked && !reign->era->protocol->check(&reign->era->config, &input)) {
		link_break(m, peer, "a message with a wrong batch");
		return;
	}
	if (!instance_receive(reign->instance, &input))
		link_break(m, peer, "more messages than are taken");
}

static bool body_fill(struct ec_member *m, struct ec_input *input)
{
	struct body *body = bodies_find(m->bodies, &input->digest);
	if (body)
		input->body = body->bytes;
	return body != NULL;
}

/* A batch that came inside a message: others may ask us for it. */
static void body_keep(struct ec_member *m, uint32_t peer, const struct ec_input *input)
{
	struct body body = {.digest = input->digest,
	                    .bytes = input->body,
	                    .arrived = m->time.now,
	                    .began = m->awake,
	                    .source = peer};
	bodies_keep(m->bodies, &body);
	body_known_set(bodies_find(m->bodies, &input->digest), peer);
	messages_body_came(m, &input->digest);
}

static void wait_for_body(struct ec_member *m, uint32_t peer, const struct ec_input *input)
{
	struct peer *of = &m->peer[peer];
	if (of->waiting.count >= WAITING_MAX || of->waiting.bytes > WAITING_BYTES_MAX) {
		link_break(m, peer, "more messages than may wait for a batch");
		return;
	}
	if (!of->waiting.count) {
		of->waiting_since = m->time.now;
		of->asked = of->sought = 0;
	}
	struct ec_input kept = *input;
	ec_keep(kept.head);
	ec_keep(kept.body);
	ec_keep(kept.proof);
	inputs_push(&of->waiting, kept);
}

void message_received(struct ec_member *m, uint32_t peer, const struct ec_frame *frame,
                      const struct ec_checked *checked)
{
	bool out = frame->index == MESSAGE_BODY_OUT;
	struct ec_input input = {.kind = EC_RECV,
	                         .ticket = frame->era,
	                         .head = frame->block[EC_MESSAGE_HEAD],
	                         .proof = frame->block[EC_MESSAGE_PROOF],
	                         .body = frame->block[EC_MESSAGE_BODY],
	                         .digest = out ? frame->name : checked->digest};
	if (!out && batch_like(input.body))
		body_keep(m, peer, &input);
	if (m->peer[peer].waiting.count || (out && !body_fill(m, &input)))
		wait_for_body(m, peer, &input);
	else
		admit(m, peer, input, !out);
}

/* Whether its batch was left out. */
static bool by_digest(const struct ec_input *input)
{
	return !ec_hash_zero(&input->digest) && !input->body.size;
}

/* Lets through what stands at the front of a link and has its batch. */
static void drain(struct ec_member *m, uint32_t peer)
{
	struct peer *of = &m->peer[peer];
	while (of->waiting.count) {
		struct ec_input input = *inputs_first(&of->waiting);
		bool out = by_digest(&input);
		if (out && !body_fill(m, &input))
			break;
		struct ec_input kept = inputs_pop(&of->waiting);
		of->waiting_since = m->time.now;
		of->sought -= of->sought > 0;
		of->asked = of->sought > 0;
		admit(m, peer, input, !out);
		input_drop(&kept);
	}
}

void messages_body_came(struct ec_member *m, const ec_hash *digest)
{
	for (uint32_t peer = 0; peer < m->peers; peer++) {
		const struct ec_input *first = inputs_first(&m->peer[peer].waiting);
		if (first && ec_hash_equal(&first->digest, digest))
			drain(m, peer);
	}
}

bool messages_asked_for(const struct ec_member *m, const ec_hash *digest)
{
	for (uint32_t peer = 0; peer < m->peers; peer++) {
		const struct peer *of = &m->peer[peer];
		for (uint32_t i = 0; i < of->sought; i++)
			if (ec_hash_equal(&inputs_at(&of->waiting, i)->digest, digest))
				return true;
	}
	return false;
}

/* Asks the sender for what the first that wait lack: who was away lacks many in a row. */
static void seek(struct ec_member *m, uint32_t peer)
{
	struct peer *of = &m->peer[peer];
	for (; of->sought < of->waiting.count && of->sought < AHEAD_MAX; of->sought++) {
		const struct ec_input *input = inputs_at(&of->waiting, of->sought);
		if (by_digest(input) && !bodies_find(m->bodies, &input->digest))
			act_frame(m, peer,
			          &(struct ec_frame){.kind = EC_FRAME_BODY_WANT,
			                             .name = input->digest});
	}
}

/* The gateway's own copy is probably being checked just now, behind what else is under load: asked
 * for too soon, it would be sent twice. */
static uint64_t ask_sender_ns(const struct ec_member *m)
{
	return between(ASK_SENDER_MIN_NS, m->batch_ns, ASK_SENDER_MAX_NS);
}

static void ask(struct ec_member *m, uint32_t peer, const ec_hash *digest)
{
	struct peer *of = &m->peer[peer];
	struct ec_frame frame = {.kind = EC_FRAME_BODY_WANT, .name = *digest};
	uint64_t waited = m->time.now - of->waiting_since;
	if (waited >= GIVE_UP_NS) {
		link_break(m, peer, "a batch that it left out came from nobody");
	} else if (waited >= ASK_ALL_NS && of->asked == 1) {
		of->asked = 2;
		act_frame_to_all(m, &frame);
	} else if (waited >= ask_sender_ns(m) && of->asked == 0) {
		of->asked = 1;
		seek(m, peer);
	} else if (of->asked && of->sought <= AHEAD_MAX / 2) {
		seek(m, peer);
	}
}

void messages_turn(struct ec_member *m)
{
	for (uint32_t peer = 0; peer < m->peers; peer++) {
		const struct ec_input *first = inputs_first(&m->peer[peer].waiting);
		if (!first)
			continue;
		ec_hash digest = first->digest; /* breaking the link frees it */
		ask(m, peer, &digest);
	}
}

uint64_t messages_wake(const struct ec_member *m)
{
	const uint64_t after[] = {ask_sender_ns(m), ASK_ALL_NS, GIVE_UP_NS};
	uint64_t wake = 0;
	for (uint32_t peer = 0; peer < m->peers; peer++) {
		const struct peer *of = &m->peer[peer];
		if (of->waiting.count)
			wake = earlier(wake, of->waiting_since + after[of->asked]);
	}
	return wake;
}

void messages_forget(struct ec_member *m, uint32_t peer)
{
	inputs_free(&m->peer[peer].waiting);
	m->peer[peer].asked = m->peer[peer].sought = 0;
}
