/* messages.c - heads of messages and records: fixed fields, little-endian. */
#include "consensus/raft/messages.h"

#include <assert.h>

enum field {
	TERM = 1,
	INDEX = 2, /* index, log_term */
	COMMIT = 4,
	ENTRY = 8, /* entry_term, origin */
	ROUND = 16,
	TICKET = 32,
	WORD = 64,
	NODE = 128,
	DIGEST = 256,
	SNAP = 512, /* snap, snap_term */
	GENERATION = 1024,
	PREV = 2048,
};

/* clang-format off */
static const uint16_t fields[KINDS] = {
	[PREVOTE]       = TERM | INDEX | COMMIT,
	[PREVOTED]      = TERM | WORD,
	[VOTE]          = TERM | INDEX | COMMIT | WORD,
	[VOTED]         = TERM | WORD,
	[APPEND]        = TERM | INDEX | COMMIT | ENTRY,
	[ACK]           = TERM | INDEX | WORD | PREV,
	[HEARTBEAT]     = TERM | COMMIT | ROUND,
	[HEARD]         = TERM | ROUND,
	[COMMITTED]     = TERM | COMMIT,
	[INSTALL]       = TERM | INDEX | DIGEST,
	[LEAD]          = TERM,
	[ASK_READ]      = TERM | TICKET,
	[READ_AT]       = TERM | TICKET | COMMIT,
	[SAVED_TERM]    = TERM | NODE,
	[SAVED_ENTRY]   = INDEX | ENTRY | GENERATION,
	[SAVED_INSTALL] = INDEX,
	[SAVED_CUT]     = TERM | NODE | INDEX | SNAP | DIGEST | GENERATION,
};
/* clang-format on */

bool raft_message_read(struct ec_bytes head, struct message *message)
{
	struct ec_reader reader = ec_reader_over(head.data, head.size);
	uint8_t kind = ec_read_u8(&reader);
	*message = (struct message){.kind = (enum kind)kind, .origin = EC_ALL, .node = EC_ALL};
	if (kind == 0 || kind >= KINDS)
		return false;
	uint16_t has = fields[kind];
	if (kind < SAVED_TERM)
		message->tag = ec_read_u32(&reader);
	if (has & TERM)
		message->term = ec_read_u64(&reader);
	if (has & INDEX) {
		message->index = ec_read_u64(&reader);
		message->log_term = ec_read_u64(&reader);
	}
	if (has & PREV)
		message->prev = ec_read_u64(&reader);
	if (has & COMMIT)
		message->commit = ec_read_u64(&reader);
	if (has & ENTRY) {
		message->entry_term = ec_read_u64(&reader);
		message->origin = ec_read_u32(&reader);
	}
	if (has & ROUND)
		message->round = ec_read_u64(&reader);
	if (has & TICKET)
		message->ticket = ec_read_u64(&reader);
	if (has & WORD)
		message->word = ec_read_u8(&reader);
	if (has & NODE)
		message->node = ec_read_u32(&reader);
	if (has & SNAP) {
		message->snap = ec_read_u64(&reader);
		message->snap_term = ec_read_u64(&reader);
	}
	if (has & DIGEST)
		message->digest = ec_read_hash(&reader);
	if (has & GENERATION)
		message->generation = ec_read_u64(&reader);
	return ec_reader_done(&reader) && message->term <= NUMBER_MAX &&
	       message->index <= NUMBER_MAX && message->log_term <= NUMBER_MAX &&
	       message->commit <= NUMBER_MAX && message->prev <= NUMBER_MAX &&
	       message->entry_term <= NUMBER_MAX && message->snap <= NUMBER_MAX &&
	       message->snap_term <= NUMBER_MAX;
}

struct ec_bytes raft_message_write(struct ec_pool *pool, const struct message *message)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	assert(message->kind > 0 && message->kind < KINDS);
	uint16_t has = fields[message->kind];
	ec_write_u8(&writer, (uint8_t)message->kind);
	if (message->kind < SAVED_TERM)
		ec_write_u32(&writer, message->tag);
	if (has & TERM)
		ec_write_u64(&writer, message->term);
	if (has & INDEX) {
		ec_write_u64(&writer, message->index);
		ec_write_u64(&writer, message->log_term);
	}
	if (has & PREV)
		ec_write_u64(&writer, message->prev);
	if (has & COMMIT)
		ec_write_u64(&writer, message->commit);
	if (has & ENTRY) {
		ec_write_u64(&writer, message->entry_term);
		ec_write_u32(&writer, message->origin);
	}
	if (has & ROUND)
		ec_write_u64(&writer, message->round);
	if (has & TICKET)
		ec_write_u64(&writer, message->ticket);
	if (has & WORD)
		ec_write_u8(&writer, message->word);
	if (has & NODE)
		ec_write_u32(&writer, message->node);
	if (has & SNAP) {
		ec_write_u64(&writer, message->snap);
		ec_write_u64(&writer, message->snap_term);
	}
	if (has & DIGEST)
		ec_write_hash(&writer, &message->digest);
	if (has & GENERATION)
		ec_write_u64(&writer, message->generation);
	assert(ec_writer_ok(&writer));
	return ec_pool_copy(pool, at, writer.size);
}
