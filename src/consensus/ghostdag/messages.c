/* messages.c - heads as fixed little-endian fields, in the order of this table. */
#include "consensus/ghostdag/messages.h"

#include "crypto/hash.h"

#include <assert.h>

enum {
	NODE = 1,
	NUMBERED = 2,
	ROOT = 4,
	MORE = 8,
	SEQ = 16,
	OFFERED = 32,
	NAMES = 64,
	QUOTE = 128,
	LAST = 256,
};

static const uint16_t fields[KINDS] = {
	[BLOCK] = NODE | NUMBERED | NAMES,
	[TIPS] = NAMES | MORE,
	[ASK] = NAMES | MORE,
	[RANGE] = MORE,
	[OFFER] = OFFERED,
	[WANT] = SEQ,
	[STATE] = SEQ,
	[BLAME] = NODE,
	[SAVED_MINE] = NODE | NUMBERED | NAMES,
	[SAVED_BLOCK] = QUOTE,
	[SAVED_ROOT] = ROOT,
	[SAVED_CUT] = NODE | NUMBERED | ROOT | LAST | OFFERED,
};

static struct ec_bytes block_read(struct ec_reader *reader, size_t size_max)
{
	size_t size = 0;
	const uint8_t *at = ec_read_block(reader, size_max, &size);
	return (struct ec_bytes){.data = at, .size = at ? size : 0};
}

static void names_read(struct ec_reader *reader, struct message *message)
{
	message->names = ec_read_u8(reader);
	if (message->names > NAMES_MAX) {
		reader->bad = true;
		message->names = 0;
	}
	for (uint32_t i = 0; i < message->names; i++)
		message->name[i] = ec_read_hash(reader);
}

static void offers_read(struct ec_reader *reader, struct message *message)
{
	message->offers = ec_read_u8(reader);
	if (message->offers < 1 || message->offers > OFFERS) {
		reader->bad = true;
		message->offers = 0;
	}
	for (uint32_t i = 0; i < message->offers; i++) {
		struct offer *offer = &message->offer[i];
		offer->seq = ec_read_u64(reader);
		offer->application = ec_read_hash(reader);
		offer->graph = ec_read_hash(reader);
		offer->above = ec_read_hash(reader);
		if (offer->seq > NUMBER_MAX || (i && offer->seq <= message->offer[i - 1].seq))
			reader->bad = true;
	}
}

bool ghostdag_message_read(struct ec_bytes head, struct message *message)
{
	struct ec_reader reader = ec_reader_over(head.data, head.size);
	memset(message, 0, sizeof *message);
	uint8_t kind = ec_read_u8(&reader);
	if (kind == 0 || kind >= KINDS)
		return false;
	message->kind = (enum kind)kind;
	uint16_t has = fields[kind];
	if (has & NODE)
		message->node = ec_read_u32(&reader);
	if (has & NUMBERED) {
		message->number = ec_read_u64(&reader);
		message->nonce = ec_read_u64(&reader);
	}
	if (has & ROOT)
		message->root = ec_read_hash(&reader);
	if (has & LAST)
		message->last = ec_read_hash(&reader);
	if (has & MORE) {
		uint8_t more = ec_read_u8(&reader);
		message->more = more == 1;
		reader.bad = reader.bad || more > 1;
	}
	if (has & SEQ)
		message->seq = ec_read_u64(&reader);
	if (has & OFFERED)
		offers_read(&reader, message);
	if (has & NAMES)
		names_read(&reader, message);
	if (has & QUOTE) {
		message->quoted = block_read(&reader, BLOCK_HEAD_MAX);
		message->proof = block_read(&reader, EC_PROOF_SIZE_MAX);
	}
	return ec_reader_done(&reader) && message->number <= NUMBER_MAX &&
	       message->seq <= NUMBER_MAX;
}

static void message_put(struct ec_writer *writer, const struct message *message)
{
	assert(message->kind > 0 && message->kind < KINDS);
	uint16_t has = fields[message->kind];
	ec_write_u8(writer, (uint8_t)message->kind);
	if (has & NODE)
		ec_write_u32(writer, message->node);
	if (has & NUMBERED) {
		ec_write_u64(writer, message->number);
		ec_write_u64(writer, message->nonce);
	}
	if (has & ROOT)
		ec_write_hash(writer, &message->root);
	if (has & LAST)
		ec_write_hash(writer, &message->last);
	if (has & MORE)
		ec_write_u8(writer, message->more);
	if (has & SEQ)
		ec_write_u64(writer, message->seq);
	if (has & OFFERED)
		ec_write_u8(writer, (uint8_t)message->offers);
	for (uint32_t i = 0; has & OFFERED && i < message->offers; i++) {
		ec_write_u64(writer, message->offer[i].seq);
		ec_write_hash(writer, &message->offer[i].application);
		ec_write_hash(writer, &message->offer[i].graph);
		ec_write_hash(writer, &message->offer[i].above);
	}
	if (has & NAMES)
		ec_write_u8(writer, (uint8_t)message->names);
	for (uint32_t i = 0; has & NAMES && i < message->names; i++)
		ec_write_hash(writer, &message->name[i]);
	if (has & QUOTE) {
		ec_write_block(writer, message->quoted.data, message->quoted.size);
		ec_write_block(writer, message->proof.data, message->proof.size);
	}
}

struct ec_bytes ghostdag_message_write_at(const struct message *message,
                                          uint8_t at[static HEAD_SIZE_MAX])
{
	struct ec_writer writer = ec_writer_over(at, HEAD_SIZE_MAX);
	message_put(&writer, message);
	assert(ec_writer_ok(&writer));
	return (struct ec_bytes){.data = at, .size = writer.size};
}

struct ec_bytes ghostdag_message_write(struct ec_pool *pool, const struct message *message)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_bytes head = ghostdag_message_write_at(message, at);
	return ec_pool_copy(pool, head.data, head.size);
}

ec_hash ghostdag_id(const ec_hash *domain, struct ec_bytes head, const ec_hash *digest)
{
	return ec_proof_leaf(domain, head, digest);
}

uint32_t ghostdag_zero_bits(const ec_hash *id)
{
	for (uint32_t i = 0; i < 32; i++)
		if (id->b[i])
			return 8 * i + (uint32_t)__builtin_clz(id->b[i]) - 24;
	return 256;
}

struct quote ghostdag_quote_read(struct ec_reader *reader)
{
	struct quote quote = {.head = block_read(reader, BLOCK_HEAD_MAX)};
	quote.proof = block_read(reader, EC_PROOF_SIZE_MAX);
	quote.batch = block_read(reader, GHOSTDAG_BATCH_BYTES_MAX);
	return quote;
}

void ghostdag_quote_write(struct ec_writer *writer, const struct quote *quote)
{
	ec_write_block(writer, quote->head.data, quote->head.size);
	ec_write_block(writer, quote->proof.data, quote->proof.size);
	ec_write_block(writer, quote->batch.data, quote->batch.size);
}
