/* blame.c - evidence: two signed messages of which a correct member sends at most one.
 *
 * A BLAME's head names the member; its body holds twice: head, digest of the body, proof.  They
 * contradict when they are about the same thing and differ: one position in one view (PRE-PREPARE,
 * PREPARE), the state at one position (CHECKPOINT), one VIEW-CHANGE or NEW-VIEW a view.
 *
 * A primary that tells some one batch and others another is caught so: whoever hears a PREPARE for
 * a batch that is not the one it accepted passes the primary's signed word on to that member, once
 * a slot; the two of them now hold both words. */
#include "consensus/pbft/state.h"

static void evidence_put(struct ec_writer *writer, const struct message *message,
                         const ec_hash *digest, struct ec_bytes proof)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_bytes head = pbft_message_write_at(message, at);
	ec_write_block(writer, head.data, head.size);
	ec_write_hash(writer, digest);
	ec_write_block(writer, proof.data, proof.size);
}

/* What was signed: a PREPARE says its digest in the head and has no body. */
static ec_hash signed_digest(const struct message *message, const ec_hash *body)
{
	bool bodied = message->kind == PREPREPARE || message->kind == VIEW_CHANGE ||
	              message->kind == NEW_VIEW;
	return bodied ? *body : (ec_hash){0};
}

void pbft_blame(struct pbft *self, struct ec_out *out, ec_node node, const struct message *one,
                const ec_hash *one_body, struct ec_bytes one_proof, const struct message *two,
                const ec_hash *two_body, struct ec_bytes two_proof)
{
	if (self->blamed & bit(node) || !one_proof.size || !two_proof.size)
		return;
	self->blamed |= bit(node);
	ec_hash one_digest = signed_digest(one, one_body);
	ec_hash two_digest = signed_digest(two, two_body);
	uint8_t at[2 * (HEAD_SIZE_MAX + 40 + EC_PROOF_SIZE_MAX)];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	evidence_put(&writer, one, &one_digest, one_proof);
	evidence_put(&writer, two, &two_digest, two_proof);
	assert(ec_writer_ok(&writer));
	struct message head = {.kind = BLAME, .node = node};
	pbft_note(self, out, "blame", node);
	ec_emit(out, (struct ec_effect){.kind = EC_BLAME,
	                                .node = node,
	                                .head = pbft_message_write(out->pool, &head),
	                                .body = ec_pool_copy(out->pool, at, writer.size)});
}

void pbft_witness(struct pbft *self, struct slot *slot, ec_node to, struct ec_out *out)
{
	ec_node author = primary(self);
	const struct ballot *said = pbft_ballots(self, slot) + author;
	if (slot->witnessed || !said->prepare_said || !said->proof.size ||
	    said->prepare_view != self->view || !value_equal(&said->prepare, &slot->accepted_value))
		return;
	slot->witnessed = true;
	uint8_t at[HEAD_SIZE_MAX];
	struct message quoted = {.kind = said->prepare_kind,
	                         .view = self->view,
	                         .seq = slot->seq,
	                         .value = said->prepare};
	struct message message = {.kind = RELAY,
	                          .node = author,
	                          .quoted = pbft_message_write_at(&quoted, at),
	                          .proof = said->proof};
	message.digest = signed_digest(&quoted, &said->prepare.digest);
	pbft_send(self, out, to, &message, EC_NO_BYTES, EC_EAGER);
}

void pbft_witness_received(struct pbft *self, const struct ec_input *in, const struct message *m,
                           struct ec_out *out)
{
	struct slot *slot = pbft_slot_at(self, m->seq);
	if (!slot)
		return;
	const struct ballot *said = pbft_ballots(self, slot) + in->from;
	struct value value = m->value;
	if (m->kind == PREPREPARE)
		value = (struct value){.digest = in->digest, .origin = in->from};
	if (!said->prepare_said || said->prepare_view != m->view ||
	    value_equal(&said->prepare, &value))
		return;
	struct message other = {
		.kind = said->prepare_kind, .view = m->view, .seq = m->seq, .value = said->prepare};
	pbft_blame(self, out, in->from, &other, &said->prepare.digest, said->proof, m, &in->digest,
	           in->proof);
	if (self->active && m->view == self->view && in->from == primary(self) && self->voter)
		pbft_view_leave(self, self->view + 1, out); /* nobody need wait for it */
}

struct evidence {
	struct message message;
	ec_hash digest;
	struct ec_bytes head, proof;
};

static bool evidence_read(struct ec_reader *reader, struct evidence *evidence)
{
	size_t size = 0;
	const uint8_t *at = ec_read_block(reader, HEAD_SIZE_MAX, &size);
	evidence->head = (struct ec_bytes){.data = at, .size = at ? size : 0};
	evidence->digest = ec_read_hash(reader);
	at = ec_read_block(reader, EC_PROOF_SIZE_MAX, &size);
	evidence->proof = (struct ec_bytes){.data = at, .size = at ? size : 0};
	return !reader->bad && pbft_message_read(evidence->head, &evidence->message);
}

/* What a member may say one of; two that differ in this are no contradiction. */
static bool same_matter(const struct message *a, const struct message *b)
{
	bool votes = (a->kind == PREPREPARE || a->kind == PREPARE) &&
	             (b->kind == PREPREPARE || b->kind == PREPARE);
	if (!votes && a->kind != b->kind)
		return false;
	switch ((int)a->kind) {
	case PREPREPARE:
	case PREPARE:
	case CHECKPOINT:
	case VIEW_CHANGE:
	case NEW_VIEW:
		return a->view == b->view && a->seq == b->seq;
	default:
		return false;
	}
}

/* What was said of it. */
static struct value said_of(const struct evidence *evidence, ec_node author)
{
	const struct message *message = &evidence->message;
	if (message->kind == PREPARE)
		return message->value;
	if (message->kind == CHECKPOINT)
		return (struct value){.digest = message->digest};
	return (struct value){.digest = evidence->digest, .origin = author};
}

bool pbft_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                 struct ec_bytes body)
{
	struct message message;
	struct evidence one, two;
	if (node >= config->roster->n || node >= PBFT_MEMBERS_MAX)
		return false;
	if (!pbft_message_read(head, &message) || message.kind != BLAME || message.node != node)
		return false;
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	if (!evidence_read(&reader, &one) || !evidence_read(&reader, &two) ||
	    !ec_reader_done(&reader))
		return false;
	struct value first = said_of(&one, node), second = said_of(&two, node);
	if (!same_matter(&one.message, &two.message) || value_equal(&first, &second))
		return false;
	const uint8_t *key = config->roster->member[node].key;
	return ec_proof_verify(config->crypto, key, &config->domain, one.head, &one.digest,
	                       one.proof) &&
	       ec_proof_verify(config->crypto, key, &config->domain, two.head, &two.digest,
	                       two.proof);
}
