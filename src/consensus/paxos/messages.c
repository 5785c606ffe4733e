/* messages.c - heads of the messages and records of Paxos and Multi-Paxos. */
#include "consensus/paxos/messages.h"

#include <assert.h>

enum field {
	BALLOT = 1,
	OLD = 2,
	SEQ = 4,
	UPTO = 8,
	NUMBER = 16,
	ORIGIN = 32,
	DIGEST = 64,
};

/* clang-format off */
static const struct {
	const char *name;
	uint8_t fields;
} kinds[KINDS] = {
	[PREPARE]       = {"prepare",    BALLOT | SEQ},
	[REPORT]        = {"report",     BALLOT | OLD | SEQ | NUMBER | ORIGIN},
	[PROMISE]       = {"promise",    BALLOT | UPTO | NUMBER},
	[ACCEPT]        = {"accept",     BALLOT | SEQ | UPTO | ORIGIN},
	[ACCEPTED]      = {"accepted",   BALLOT | SEQ},
	[REFUSE]        = {"refuse",     BALLOT | OLD | SEQ},
	[CANVASS]       = {"canvass",    BALLOT | SEQ | UPTO},
	[SUPPORT]       = {"support",    BALLOT},
	[HEARTBEAT]     = {"heartbeat",  BALLOT | UPTO | NUMBER},
	[HEARD]         = {"heard",      BALLOT | NUMBER},
	[COMMIT]        = {"commit",     BALLOT | UPTO},
	[HANDOVER]      = {"handover",   BALLOT},
	[ASK_READ]      = {"ask read",   NUMBER},
	[READ]          = {"read",       UPTO | NUMBER},
	[ASK_LEARN]     = {"ask learn",  SEQ},
	[LEARN]         = {"learn",      SEQ | UPTO | ORIGIN},
	[STATE]         = {"state",      SEQ | DIGEST},
	[CHECKPOINT]    = {"checkpoint", SEQ},
	[SAVED_PROMISE] = {"promise",    BALLOT | SEQ},
	[SAVED_ACCEPT]  = {"accept",     BALLOT | SEQ | ORIGIN},
	[SAVED_CUT]     = {"cut",        BALLOT | SEQ | UPTO | DIGEST},
};
/* clang-format on */

bool paxos_message_read(struct ec_bytes head, struct message *message)
{
	struct ec_reader reader = ec_reader_over(head.data, head.size);
	uint8_t kind = ec_read_u8(&reader);
	*message = (struct message){.kind = (enum kind)kind};
	if (kind == 0 || kind >= KINDS)
		return false;
	uint8_t has = kinds[kind].fields;
	if (kind < SAVED_PROMISE)
		message->group = ec_read_u32(&reader);
	if (has & BALLOT)
		message->ballot = ec_read_u64(&reader);
	if (has & OLD)
		message->old = ec_read_u64(&reader);
	if (has & SEQ)
		message->seq = ec_read_u64(&reader);
	if (has & UPTO)
		message->upto = ec_read_u64(&reader);
	if (has & NUMBER)
		message->number = ec_read_u64(&reader);
	if (has & ORIGIN)
		message->origin = ec_read_u32(&reader);
	if (has & DIGEST)
		message->digest = ec_read_hash(&reader);
	return ec_reader_done(&reader) && message->ballot <= NUMBER_MAX &&
	       message->old <= NUMBER_MAX && message->seq <= NUMBER_MAX &&
	       message->upto <= NUMBER_MAX && message->number <= NUMBER_MAX;
}

struct ec_bytes paxos_message_write(struct ec_pool *pool, const struct message *message)
{
	uint8_t at[HEAD_SIZE_MAX];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	assert(message->kind > 0 && message->kind < KINDS);
	uint8_t has = kinds[message->kind].fields;
	ec_write_u8(&writer, (uint8_t)message->kind);
	if (message->kind < SAVED_PROMISE)
		ec_write_u32(&writer, message->group);
	if (has & BALLOT)
		ec_write_u64(&writer, message->ballot);
	if (has & OLD)
		ec_write_u64(&writer, message->old);
	if (has & SEQ)
		ec_write_u64(&writer, message->seq);
	if (has & UPTO)
		ec_write_u64(&writer, message->upto);
	if (has & NUMBER)
		ec_write_u64(&writer, message->number);
	if (has & ORIGIN)
		ec_write_u32(&writer, message->origin);
	if (has & DIGEST)
		ec_write_hash(&writer, &message->digest);
	assert(ec_writer_ok(&writer));
	return ec_pool_copy(pool, at, writer.size);
}

static void node_show(ec_node node, struct ec_text *text)
{
	if (node < 26)
		ec_text_add(text, "%c", 'a' + (int)node);
	else
		ec_text_add(text, "%u", node);
}

void paxos_ballot_show(uint64_t ballot, struct ec_text *text)
{
	ec_text_add(text, "%llu.", (unsigned long long)ballot_counter(ballot));
	node_show(ballot_owner(ballot), text);
}

void paxos_show_head(struct ec_bytes head, struct ec_text *text)
{
	struct message m;
	if (!paxos_message_read(head, &m)) {
		ec_text_add(text, "? ");
		ec_text_add_hex(text, head.data, head.size < 16 ? head.size : 16);
		return;
	}
	ec_text_add(text, "%s", kinds[m.kind].name);
	if (m.seq)
		ec_text_add(text, " %llu", (unsigned long long)m.seq);
	if (m.kind == READ)
		ec_text_add(text, " %llu", (unsigned long long)m.upto);
	if (m.ballot) {
		ec_text_add(text, " b");
		paxos_ballot_show(m.ballot, text);
	}
	if (m.kind == REPORT && m.old == CHOSEN) {
		ec_text_add(text, " chosen");
	} else if (m.kind == REPORT && m.old == 0) {
		ec_text_add(text, " nothing");
	} else if (m.old) {
		ec_text_add(text, m.kind == REPORT ? " of b" : " to b");
		paxos_ballot_show(m.old, text);
	}
	bool told =
		m.kind == ACCEPT || m.kind == COMMIT || m.kind == HEARTBEAT || m.kind == PROMISE;
	if (told && m.upto)
		ec_text_add(text, " upto %llu", (unsigned long long)m.upto);
	if (m.kind == PROMISE && m.number)
		ec_text_add(text, " of %llu", (unsigned long long)m.number);
	bool valued = kinds[m.kind].fields & ORIGIN;
	if (valued && m.origin == EC_ALL && !(m.kind == REPORT && !m.old))
		ec_text_add(text, " filler");
}
