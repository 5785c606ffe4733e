/* blame.c - evidence: two blocks of one number, of which a correct maker signs at most one. */
#include "consensus/ghostdag/state.h"

static void evidence_put(struct ec_writer *writer, const struct entry *entry)
{
	ec_write_block(writer, entry->head.data, entry->head.size);
	ec_write_hash(writer, &entry->digest);
	ec_write_block(writer, entry->proof.data, entry->proof.size);
}

void ghostdag_blame(struct ghostdag *self, struct ec_out *out, uint32_t one, uint32_t two)
{
	const struct entry *first = ghostdag_entry(self, one), *second = ghostdag_entry(self, two);
	struct message head = {.kind = BLAME, .node = first->maker};
	if (self->flood_told & bit(first->maker) || !first->proof.size || !second->proof.size)
		return;
	self->flood_told |= bit(first->maker);
	struct ec_writer writer = ec_writer_over(NULL, 0);
	struct ec_bytes body = EC_NO_BYTES;
	for (int pass = 0; pass < 2; pass++) {
		evidence_put(&writer, first);
		evidence_put(&writer, second);
		if (pass == 0) {
			body = ec_pool_take(out->pool, writer.size);
			writer = ec_writer_over(ec_writable(body), body.size);
		}
	}
	ghostdag_note(self, out, "blame", first->maker);
	ec_emit(out, (struct ec_effect){.kind = EC_BLAME,
	                                .node = first->maker,
	                                .head = ghostdag_message_write(out->pool, &head),
	                                .body = body});
}

static bool evidence_read(struct ec_reader *reader, struct quote *quote, struct message *m)
{
	size_t size = 0;
	const uint8_t *at = ec_read_block(reader, BLOCK_HEAD_MAX, &size);
	quote->head = (struct ec_bytes){.data = at, .size = at ? size : 0};
	quote->digest = ec_read_hash(reader);
	at = ec_read_block(reader, EC_PROOF_SIZE_MAX, &size);
	quote->proof = (struct ec_bytes){.data = at, .size = at ? size : 0};
	return !reader->bad && ghostdag_message_read(quote->head, m) && m->kind == BLOCK;
}

bool ghostdag_guilty(const struct ec_config *config, ec_node node, struct ec_bytes head,
                     struct ec_bytes body)
{
	struct message blame, m[2];
	struct quote quote[2];
	struct ec_reader reader = ec_reader_over(body.data, body.size);
	if (node >= config->roster->n || !ghostdag_message_read(head, &blame) ||
	    blame.kind != BLAME || blame.node != node)
		return false;
	for (int i = 0; i < 2; i++)
		if (!evidence_read(&reader, &quote[i], &m[i]) || m[i].node != node)
			return false;
	if (!ec_reader_done(&reader) || m[0].number != m[1].number ||
	    ghostdag_options_of(config).bits)
		return false;
	if (ec_bytes_equal(quote[0].head, quote[1].head) &&
	    ec_hash_equal(&quote[0].digest, &quote[1].digest))
		return false;
	for (int i = 0; i < 2; i++)
		if (!ec_proof_verify(config->crypto, config->roster->member[node].key,
		                     &config->domain, quote[i].head, &quote[i].digest,
		                     quote[i].proof))
			return false;
	return true;
}
