/* pbft_hostile_world.c - what liars tell a member of PBFT: messages of every kind that nearly make
 * sense. */
#include "consensus/pbft/pbft_hostile_world.h"

#include "consensus/pbft/messages.h"
#include "consensus/pbft/pbft.h"

#include <stdlib.h>

enum { N = HOSTILE_MEMBERS, SELF = HOSTILE_SELF, K = 4, CLAIMS = 6, BODY_MAX = 16384 };

struct change_told { /* the last VIEW-CHANGE of a liar */
	uint64_t view;
	ec_hash digest;
	struct ec_bytes body;
	ec_seq low;
	uint32_t count;
	struct claim claim[CLAIMS];
};

static struct change_told *told(struct hostile *h, ec_node node)
{
	return (struct change_told *)h->own + node;
}

/* Sends a head and body, sometimes with a byte turned. */
static void tell(struct hostile *h, ec_node from, const struct message *message,
                 struct ec_bytes body)
{
	struct ec_bytes head = pbft_message_write(h->pool, message);
	struct ec_bytes turned = ec_pool_copy(h->pool, body.data, body.size);
	uint32_t turn = hostile_pick(h, 32);
	if (turn == 1)
		ec_writable(head)[hostile_pick(h, (uint32_t)head.size)] ^=
			(uint8_t)(1 + hostile_pick(h, 255));
	if (turn == 2 && turned.size)
		ec_writable(turned)[hostile_pick(h, 256) % turned.size] ^=
			(uint8_t)(1 + hostile_pick(h, 255));
	hostile_hear(h, from, head, turned, turn != 3);
	ec_drop(head);
	ec_drop(turned);
}

static struct value value_any(struct hostile *h)
{
	if (hostile_pick(h, 7) == 6)
		return FILLER;
	struct ec_bytes batch = hostile_batch(h);
	struct value value = {.digest = world_digest(batch), .origin = hostile_pick(h, N)};
	ec_drop(batch);
	return value;
}

/* Positions near where the member stands, and now and then far away. */
static ec_seq seq_any(struct hostile *h)
{
	uint32_t far = hostile_pick(h, 40);
	if (far == 1)
		return NUMBER_MAX - hostile_pick(h, 3);
	ec_seq from = h->applied > 6 ? h->applied - 6 : 0;
	return from + 1 + hostile_pick(h, 5 * K);
}

static uint64_t view_any(struct hostile *h)
{
	uint32_t far = hostile_pick(h, 60);
	uint64_t view = h->out.view + hostile_pick(h, 3);
	return far == 1 ? NUMBER_MAX - hostile_pick(h, 4) : view ? view - (far < 10) : view;
}

static void votes_put(struct hostile *h, struct ec_writer *writer, enum kind kind)
{
	uint32_t skip = hostile_pick(h, N);
	ec_write_u32(writer, 3);
	for (ec_node node = 0; node < N; node++)
		if (node != skip)
			pbft_vote_write(writer, &(struct vote){node, kind, h->proof});
}

static struct ec_bytes votes_make(struct hostile *h, enum kind kind)
{
	uint8_t at[4 + N * VOTE_SIZE_MAX];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	votes_put(h, &writer, kind);
	return ec_pool_copy(h->pool, at, writer.size);
}

static ec_hash state_any(struct hostile *h)
{
	return (ec_hash){.b = {(uint8_t)(1 + hostile_pick(h, 8) / 7)}};
}

static void change_tell(struct hostile *h)
{
	static uint8_t at[BODY_MAX];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	ec_node from = hostile_liar(h);
	uint64_t view = view_any(h);
	ec_seq low = (h->applied / K + hostile_pick(h, 3)) * K;
	low = low > K && hostile_pick(h, 2) ? low - K : low;
	struct ec_bytes stable = votes_make(h, CHECKPOINT);
	struct change change = {.domain = h->config.domain, .low = low, .stable = stable};
	if (low)
		change.digest = state_any(h);
	change.claims = told(h, from)->count = hostile_pick(h, CLAIMS + 1);
	pbft_change_write(&writer, &change);
	ec_seq seq = low;
	for (uint32_t i = 0; i < change.claims; i++) {
		seq += 1 + hostile_pick(h, 2);
		struct claim claim = {.seq = seq, .value = value_any(h)};
		claim.view = view ? (view - 1) - (view > 1 ? hostile_pick(h, 2) : 0) : 0;
		claim.votes = votes_make(h, PREPARE);
		pbft_claim_write(&writer, &claim);
		ec_drop(claim.votes);
		told(h, from)->claim[i] = claim;
	}
	ec_drop(stable);
	ec_drop(told(h, from)->body);
	told(h, from)->body = ec_pool_copy(h->pool, at, writer.size);
	told(h, from)->digest = world_digest(told(h, from)->body);
	told(h, from)->view = view;
	told(h, from)->low = low;
	tell(h, from, &(struct message){.kind = VIEW_CHANGE, .view = view}, told(h, from)->body);
}

/* What three VIEW-CHANGEs, those of the liars, make of a slot. */
static struct value plan_any(struct hostile *h, ec_seq seq, bool *more)
{
	const struct claim *best = NULL;
	for (ec_node node = 0; node < N; node++)
		for (uint32_t i = 0; node != SELF && i < told(h, node)->count; i++) {
			const struct claim *claim = &told(h, node)->claim[i];
			*more |= claim->seq >= seq;
			if (claim->seq == seq && (!best || claim->view > best->view))
				best = claim;
		}
	return best ? best->value : FILLER;
}

static void new_view_tell(struct hostile *h)
{
	static uint8_t at[BODY_MAX];
	struct ec_writer writer = ec_writer_over(at, sizeof at);
	uint64_t view = hostile_pick(h, 4) ? told(h, 0)->view : view_any(h);
	ec_seq base = 0;
	ec_write_u32(&writer, 3);
	for (ec_node node = 0; node < N; node++) {
		if (node == SELF)
			continue;
		base = told(h, node)->low > base ? told(h, node)->low : base;
		ec_write_u32(&writer, node);
		ec_write_hash(&writer, &told(h, node)->digest);
	}
	struct value values[3 * K];
	uint32_t count = 0;
	for (bool more = true; more && count < 3 * K; count += more) {
		more = false;
		values[count] = plan_any(h, base + 1 + count, &more);
	}
	ec_write_u64(&writer, base);
	ec_write_u32(&writer, count);
	for (uint32_t i = 0; i < count; i++)
		pbft_value_write(&writer, &values[i]);
	struct ec_bytes body = ec_pool_copy(h->pool, at, writer.size);
	ec_node from = (ec_node)(view % N);
	uint8_t inner[HEAD_SIZE_MAX];
	struct message message = {.kind = NEW_VIEW, .view = view};
	struct message relay = {.kind = RELAY,
	                        .node = from,
	                        .digest = world_digest(body),
	                        .quoted = pbft_message_write_at(&message, inner),
	                        .proof = h->proof};
	bool relayed = hostile_pick(h, 3) == 0;
	if (from != SELF || relayed)
		tell(h, relayed ? hostile_liar(h) : from, relayed ? &relay : &message, body);
	ec_drop(body);
}

static void relay_tell(struct hostile *h)
{
	uint8_t inner[HEAD_SIZE_MAX];
	ec_node author = hostile_pick(h, N);
	bool change = hostile_pick(h, 2) && author != SELF && told(h, author)->body.size;
	struct message quoted = {.kind = VIEW_CHANGE, .view = told(h, author)->view};
	if (!change)
		quoted = (struct message){.kind = PREPARE,
		                          .view = view_any(h),
		                          .seq = seq_any(h),
		                          .value = value_any(h)};
	struct message message = {.kind = RELAY,
	                          .node = author,
	                          .quoted = pbft_message_write_at(&quoted, inner),
	                          .proof = h->proof};
	if (change)
		message.digest = told(h, author)->digest;
	tell(h, hostile_liar(h), &message, change ? told(h, author)->body : EC_NO_BYTES);
}

static void short_tell(struct hostile *h, enum kind kind)
{
	struct message m = {.kind = kind, .view = view_any(h), .seq = seq_any(h)};
	struct ec_bytes body = EC_NO_BYTES;
	ec_node from = hostile_liar(h);
	m.node = hostile_pick(h, N);
	m.word = (uint8_t)(1 + hostile_pick(h, 3));
	m.value = value_any(h);
	m.digest = hostile_pick(h, 2) ? m.value.digest : told(h, m.node)->digest;
	if ((kind == CHECKPOINT || kind == STABLE) && hostile_pick(h, 6))
		return;
	if (kind == PREPREPARE || kind == BODY)
		body = hostile_batch(h);
	if (kind == PREPREPARE)
		from = (ec_node)(m.view % N);
	if (kind == CHECKPOINT || kind == STABLE) {
		m.seq = (h->applied / K + 1 + hostile_pick(h, 3)) * K;
		m.digest = state_any(h);
	}
	if (kind == STABLE)
		body = votes_make(h, CHECKPOINT);
	/* All three at once now and then, so that something comes of it. */
	for (uint32_t i = hostile_pick(h, 2) && kind != PREPREPARE ? 0 : 2; i < 3 && from != SELF;
	     i++) {
		tell(h, from, &m, body);
		from = from == 3 ? 0 : from == 0 ? 2 : 3;
	}
	ec_drop(body);
}

static void lie(struct hostile *h, uint32_t which)
{
	static const enum kind kinds[] = {PREPREPARE,      PREPARE,  COMMIT, CHECKPOINT,
	                                  ASK_VIEW_CHANGE, ASK_BODY, BODY,   STABLE,
	                                  AGAIN,           PREPARE,  COMMIT, COMMIT};
	if (which < 12)
		short_tell(h, kinds[which]);
	else if (which == 12)
		change_tell(h);
	else if (which == 13)
		new_view_tell(h);
	else if (which == 14)
		relay_tell(h);
	else
		hostile_garbage(h);
}

static void options(struct hostile *h, void *opaque)
{
	(void)h;
	*(struct pbft_options *)opaque =
		(struct pbft_options){.interval = K, .batch_bytes_max = 64};
}

static void begin(struct hostile *h)
{
	h->own = calloc(N, sizeof(struct change_told));
}

static void end(struct hostile *h)
{
	for (ec_node node = 0; node < N; node++)
		ec_drop(told(h, node)->body);
	free(h->own);
}

static const struct hostile_protocol hostile = {
	.protocol = &ec_pbft, .options = options, .begin = begin, .end = end, .lie = lie};

struct hostile_counts pbft_hostile_run(const uint8_t *data, size_t size)
{
	return hostile_run(&hostile, data, size);
}
