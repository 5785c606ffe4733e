/* messages.c - heads of messages and records, and what a bundle of votes holds. */
#include "consensus/honeybadger/messages.h"

#include <assert.h>

enum field {
	EPOCH = 1,
	INSTANCE = 2,
	OLDEST = 4,
	SEQ = 8,
	FIRST = 16,
	DIGEST = 32,
	ASK = 64,
};

/* clang-format off */
static const uint8_t fields[KINDS] = {
	[VAL]            = EPOCH,
	[ECHO]           = EPOCH | INSTANCE,
	[VOTES]          = EPOCH,
	[AT]             = EPOCH | OLDEST | ASK,
	[CLAIM]          = EPOCH | SEQ | FIRST | DIGEST,
	[SAVED_PROPOSAL] = EPOCH,
	[SAVED_ECHO]     = EPOCH | INSTANCE,
	[SAVED_VOTES]    = EPOCH | OLDEST | FIRST,
	[SAVED_CLAIM]    = EPOCH | SEQ | FIRST | DIGEST,
	[SAVED_CUT]      = EPOCH | OLDEST | SEQ | FIRST | DIGEST,
};
/* clang-format on */

bool hb_message_read(struct ec_bytes head, struct message *message)
{
	struct ec_reader reader = ec_reader_over(head.data, head.size);
	uint8_t kind = ec_read_u8(&reader);
	*message = (struct message){.kind = (enum kind)kind};
	if (kind == 0 || kind >= KINDS)
		return false;
	uint8_t has = fields[kind];
	message->epoch = ec_read_u64(&reader);
	if (has & INSTANCE)
		message->instance = ec_read_u8(&reader);
	if (has & OLDEST)
		message->oldest = ec_read_u64(&reader);
	if (has & SEQ)
		message->seq = ec_read_u64(&reader);
	if (has & FIRST)
		message->first = ec_read_u64(&reader);
	if (has & DIGEST)
		message->digest = ec_read_hash(&reader);
	if (has & ASK) {
		message->ask = ec_read_u64(&reader);
		message->answer = ec_read_u64(&reader);
	}
	return ec_reader_done(&reader) && message->epoch >= 1 && message->epoch <= NUMBER_MAX &&
	       message->oldest <= NUMBER_MAX && message->seq <= NUMBER_MAX &&
	       message->first <= NUMBER_MAX;
}

struct ec_bytes hb_message_write(struct ec_pool *pool, const struct message *message)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	assert(message->kind > 0 && message->kind < KINDS && message->epoch >= 1);
	uint8_t has = fields[message->kind];
	ec_write_u8(&writer, (uint8_t)message->kind);
	ec_write_u64(&writer, message->epoch);
	if (has & INSTANCE)
		ec_write_u8(&writer, (uint8_t)message->instance);
	if (has & OLDEST)
		ec_write_u64(&writer, message->oldest);
	if (has & SEQ)
		ec_write_u64(&writer, message->seq);
	if (has & FIRST)
		ec_write_u64(&writer, message->first);
	if (has & DIGEST)
		ec_write_hash(&writer, &message->digest);
	if (has & ASK) {
		ec_write_u64(&writer, message->ask);
		ec_write_u64(&writer, message->answer);
	}
	assert(ec_writer_ok(&writer));
	return ec_pool_copy(pool, at, writer.size);
}

static void share_read(struct ec_reader *reader, struct ec_threshold_share *share)
{
	const uint8_t *at = ec_read_raw(reader, EC_SHARE_SIZE);
	if (at)
		memcpy(share->b, at, EC_SHARE_SIZE);
}

void hb_item_read(struct ec_reader *reader, struct item *item)
{
	*item = (struct item){.kind = (enum item_kind)ec_read_u8(reader)};
	item->instance = ec_read_u8(reader);
	switch ((int)item->kind) {
	case ITEM_READY:
		item->root = ec_read_hash(reader);
		break;
	case ITEM_VOTE:
		item->round = ec_read_u8(reader);
		item->vote = ec_read_u8(reader);
		item->value = ec_read_u8(reader);
		break;
	case ITEM_COIN:
		item->round = ec_read_u8(reader);
		share_read(reader, &item->share);
		break;
	case ITEM_OPEN:
		share_read(reader, &item->share);
		break;
	default:
		reader->bad = true;
	}
}

void hb_item_write(struct ec_writer *writer, const struct item *item)
{
	ec_write_u8(writer, (uint8_t)item->kind);
	ec_write_u8(writer, (uint8_t)item->instance);
	switch (item->kind) {
	case ITEM_READY:
		ec_write_hash(writer, &item->root);
		break;
	case ITEM_VOTE:
		ec_write_u8(writer, (uint8_t)item->round);
		ec_write_u8(writer, item->vote);
		ec_write_u8(writer, item->value);
		break;
	case ITEM_COIN:
		ec_write_u8(writer, (uint8_t)item->round);
		ec_write_raw(writer, item->share.b, EC_SHARE_SIZE);
		break;
	case ITEM_OPEN:
		ec_write_raw(writer, item->share.b, EC_SHARE_SIZE);
		break;
	}
}
