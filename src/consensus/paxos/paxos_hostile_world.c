/* paxos_hostile_world.c - what a member of Paxos, or of Multi-Paxos, is told that nearly makes
 * sense. */
#include "consensus/paxos/paxos_hostile_world.h"

#include "consensus/paxos/messages.h"
#include "consensus/paxos/paxos.h"

enum { K = 4 };

static ec_seq seq_any(struct hostile *h)
{
	if (hostile_pick(h, 40) == 1)
		return NUMBER_TOLD_MAX - hostile_pick(h, 3);
	ec_seq from = h->applied > 6 ? h->applied - 6 : 0;
	return from + 1 + hostile_pick(h, 5 * K);
}

/* Whether the ballots of one leader are for all positions. */
static bool led(const struct hostile *h)
{
	return h->of->protocol != &ec_paxos;
}

static uint64_t ballot_any(struct hostile *h, ec_node node)
{
	if (hostile_pick(h, 100) == 1)
		return NUMBER_TOLD_MAX - 64 + node;
	uint64_t counter = led(h) ? h->out.view + 1 + hostile_pick(h, 3) : 1 + hostile_pick(h, 4);
	return ballot_of(counter > 1 ? counter - hostile_pick(h, 2) : counter, node);
}

static void tell(struct hostile *h, ec_node from, const struct message *message,
                 struct ec_bytes body)
{
	struct message said = *message;
	said.group = group_of(&h->config.domain) + (hostile_pick(h, 64) == 1);
	struct ec_bytes head = paxos_message_write(h->pool, &said);
	if (hostile_pick(h, 32) == 1)
		ec_writable(head)[hostile_pick(h, (uint32_t)head.size)] ^=
			(uint8_t)(1 + hostile_pick(h, 255));
	hostile_hear(h, from, head, body, false);
	ec_drop(head);
}

static void lie(struct hostile *h, uint32_t which)
{
	enum kind kind = (enum kind)(1 + (which + hostile_pick(h, 4) * 4) % (SAVED_PROMISE - 1));
	ec_node from = hostile_liar(h);
	bool mine = kind == REPORT || kind == PROMISE || kind == ACCEPTED || kind == SUPPORT ||
	            kind == HEARD;
	struct ec_bytes body = EC_NO_BYTES;
	if (hostile_pick(h, 50) == 1) {
		hostile_garbage(h);
		return;
	}
	if ((kind == CHECKPOINT || kind == STATE) && hostile_pick(h, 6))
		return;
	struct message m = {.kind = kind,
	                    .ballot = ballot_any(h, mine ? HOSTILE_SELF : from),
	                    .seq = seq_any(h),
	                    .upto = seq_any(h),
	                    .number = hostile_pick(h, 4),
	                    .origin = hostile_liar(h),
	                    .digest = {.b = {(uint8_t)(1 + hostile_pick(h, 8) / 7)}}};
	m.old = kind == REFUSE ? ballot_any(h, HOSTILE_SELF) : ballot_any(h, hostile_liar(h));
	if (kind == REPORT && hostile_pick(h, 6) == 1)
		m.old = CHOSEN;
	if (kind == REFUSE && led(h))
		m.seq = 0;
	if (kind == REPORT && !led(h))
		m.number = 0;
	if (kind == LEARN && m.upto < m.seq)
		m.upto = m.seq;
	if (kind == READ || kind == ASK_READ)
		m.number++;
	bool valued = kind == ACCEPT || kind == REPORT || kind == LEARN;
	if (valued && hostile_pick(h, 6) == 0)
		m.origin = EC_ALL;
	else if (valued)
		body = hostile_batch(h);
	uint32_t times = hostile_pick(h, 2) && mine ? 3 : 1; /* so that something comes of it */
	for (uint32_t i = 0; i < times; i++, from = from == 3 ? 0 : from == 0 ? 2 : 3)
		tell(h, from, &m, body);
	ec_drop(body);
}

static void options(struct hostile *h, void *opaque)
{
	struct paxos_options *options = opaque; /* those of Multi-Paxos begin with it */
	(void)h;
	options->interval = K;
	options->batch_bytes_max = 64;
}

struct hostile_counts paxos_hostile_run_of(const struct ec_protocol *protocol, const uint8_t *data,
                                           size_t size)
{
	const struct hostile_protocol hostile = {
		.protocol = protocol, .options = options, .lie = lie};
	return hostile_run(&hostile, data, size);
}

struct hostile_counts paxos_hostile_run(const uint8_t *data, size_t size)
{
	return paxos_hostile_run_of(&ec_paxos, data, size);
}
