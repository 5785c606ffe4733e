/* raft_hostile_world.c - what liars tell a member of Raft: messages of every kind that nearly make
 * sense.  Raft bears no liar, and may come to believe anything; but no byte may stop a member. */
#include "consensus/raft/raft_hostile_world.h"

#include "consensus/raft/messages.h"
#include "consensus/raft/raft.h"

enum { N = HOSTILE_MEMBERS, K = 4 };

static void options(struct hostile *h, void *opaque)
{
	struct raft_options *options = opaque;
	options->interval = K;
	options->window = 16;
	options->inflight = 1 + hostile_pick(h, 8);
	options->batch_bytes_max = 64;
	options->first = hostile_pick(h, N);
	options->lease = hostile_pick(h, 2);
}

/* Near where the member stands, and now and then far away. */
static ec_seq index_any(struct hostile *h)
{
	uint32_t far = hostile_pick(h, 60);
	if (far == 1)
		return NUMBER_TOLD_MAX - hostile_pick(h, 3);
	ec_seq from = h->applied > 6 ? h->applied - 6 : 0;
	return from + hostile_pick(h, 5 * K);
}

static uint64_t term_any(struct hostile *h)
{
	uint32_t far = hostile_pick(h, 80);
	uint64_t term = h->out.view + (far < 8 ? hostile_pick(h, 3) : 0);
	if (far == 79)
		return NUMBER_TOLD_MAX - hostile_pick(h, 3);
	return far == 8 && term > 1 ? term - 1 : term ? term : 1;
}

/* Terms of the log, mostly below that of who speaks. */
static uint64_t log_term_any(struct hostile *h, uint64_t term)
{
	uint64_t back = hostile_pick(h, 3);
	return term > back ? term - back : term;
}

static void tell(struct hostile *h, struct message message, struct ec_bytes body)
{
	memcpy(&message.tag, h->config.domain.b, sizeof message.tag);
	struct ec_bytes head = raft_message_write(h->pool, &message);
	if (hostile_pick(h, 40) == 1)
		ec_writable(head)[hostile_pick(h, (uint32_t)head.size)] ^=
			(uint8_t)(1 + hostile_pick(h, 255));
	hostile_hear(h, hostile_liar(h), head, body, true);
	ec_drop(head);
}

static struct message message_any(struct hostile *h, enum kind kind)
{
	uint64_t term = term_any(h);
	struct message message = {.kind = kind, .term = term, .origin = EC_ALL, .node = EC_ALL};
	message.index = index_any(h);
	message.log_term = message.index ? log_term_any(h, term) : 0;
	message.prev = index_any(h);
	message.commit = index_any(h);
	message.round = hostile_pick(h, 12);
	message.ticket = 1 + hostile_pick(h, 8);
	message.word = (uint8_t)hostile_pick(h, 4);
	message.digest = (ec_hash){.b = {(uint8_t)(1 + hostile_pick(h, 3))}};
	if (kind == PREVOTED || kind == VOTED || kind == VOTE)
		message.word &= 1;
	return message;
}

static void append_tell(struct hostile *h)
{
	struct message message = message_any(h, APPEND);
	struct ec_bytes body = EC_NO_BYTES;
	if (hostile_pick(h, 4)) {
		uint64_t room = message.term - message.log_term;
		message.entry_term = message.log_term + (room ? hostile_pick(h, 2) : 0);
		if (!message.entry_term)
			message.entry_term = 1;
		if (hostile_pick(h, 5)) {
			body = hostile_batch(h);
			message.origin = hostile_pick(h, N);
		}
	}
	tell(h, message, body);
	ec_drop(body);
}

static void lie(struct hostile *h, uint32_t which)
{
	static const uint8_t kinds[HOSTILE_LIES] = {
		PREVOTE, PREVOTED, VOTE,      VOTED, APPEND,    APPEND,  APPEND, APPEND,
		ACK,     ACK,      HEARTBEAT, HEARD, COMMITTED, INSTALL, LEAD,   READ_AT};
	enum kind kind = (enum kind)kinds[which];
	if (kind == READ_AT && hostile_pick(h, 2))
		kind = ASK_READ;
	if (kind == APPEND)
		append_tell(h);
	else
		tell(h, message_any(h, kind), EC_NO_BYTES);
}

static const struct hostile_protocol protocol = {
	.protocol = &ec_raft, .options = options, .lie = lie};

struct hostile_counts raft_hostile_run(const uint8_t *data, size_t size)
{
	return hostile_run(&protocol, data, size);
}
