/* ghostdag_hostile_world.c - what liars tell a member of GHOSTDAG: blocks over blocks that were
 * told, ranges of them, names, and graphs that are nearly its own. */
#include "consensus/ghostdag/ghostdag_hostile_world.h"

#include "consensus/ghostdag/messages.h"

#include <stdlib.h>

enum { IDS = 256, STATE_MAX = 1 << 18 };

struct told {
	ec_hash id[IDS]; /* blocks */
	uint32_t ids;
	uint64_t number;
	struct ec_bytes graph; /* of the member's last CUT */
	struct offer offer;
};

static void id_note(struct hostile *h, struct ec_bytes head, struct ec_bytes body)
{
	struct told *told = h->own;
	ec_hash digest = world_digest(body);
	told->id[told->ids++ % IDS] = ghostdag_id(&h->config.domain, head, &digest);
}

static ec_hash id_any(struct hostile *h)
{
	const struct told *told = h->own;
	uint32_t known = told->ids < IDS ? told->ids : IDS;
	if (hostile_pick(h, 40) == 0)
		return (ec_hash){.b = {(uint8_t)hostile_pick(h, 256)}};
	uint32_t back = hostile_pick(h, 4) ? 1 + hostile_pick(h, 6) : 1 + hostile_pick(h, 255);
	return told->id[(told->ids + IDS - (back < known ? back : known)) % IDS];
}

static void performed(struct hostile *h, const struct ec_effect *effect)
{
	struct told *told = h->own;
	struct message m;
	if (!effect->head.size || !ghostdag_message_read(effect->head, &m))
		return;
	if (effect->kind == EC_SEND && m.kind == BLOCK)
		id_note(h, effect->head, effect->body);
	if (effect->kind == EC_SAVE && effect->flags & EC_CUT) {
		ec_drop(told->graph);
		told->graph = ec_keep(effect->body);
		told->offer = m.offer[0];
	}
}

static void say(struct hostile *h, ec_node from, const struct message *m, struct ec_bytes body)
{
	struct ec_bytes head = ghostdag_message_write(h->pool, m);
	hostile_hear(h, from, head, body, true);
	ec_drop(head);
}

/* A block of a liar: its head, and its batch. */
static struct message block_draw(struct hostile *h, ec_node maker, struct ec_bytes *body)
{
	struct told *told = h->own;
	struct message m = {.kind = BLOCK, .node = maker};
	char text = (char)('a' + hostile_pick(h, 6));
	told->number += hostile_pick(h, 8) != 0;
	m.number = 1 + told->number;
	m.names = 1 + hostile_pick(h, 3);
	for (uint32_t i = 0; i < m.names; i++)
		m.name[i] = id_any(h);
	*body = hostile_pick(h, 3) ? EC_NO_BYTES : ec_pool_copy(h->pool, &text, 1);
	return m;
}

static void block_note(struct hostile *h, const struct message *m, struct ec_bytes body)
{
	uint8_t at[HEAD_SIZE_MAX];
	id_note(h, ghostdag_message_write_at(m, at), body);
}

static void block_say(struct hostile *h)
{
	struct ec_bytes body;
	ec_node from = hostile_liar(h);
	struct message m = block_draw(h, from, &body);
	block_note(h, &m, body);
	say(h, from, &m, body);
	ec_drop(body);
}

static void range_say(struct hostile *h)
{
	struct message m = {.kind = RANGE, .more = hostile_pick(h, 2)};
	uint32_t count = hostile_pick(h, 20);
	struct ec_bytes whole = ec_pool_take(h->pool, 65536);
	struct ec_writer writer = ec_writer_over(ec_writable(whole), 65536);
	ec_write_u32(&writer, count);
	for (uint32_t i = 0; i < count; i++) {
		struct ec_bytes body;
		uint8_t at[HEAD_SIZE_MAX];
		struct message block = block_draw(h, hostile_liar(h), &body);
		ghostdag_quote_write(&writer,
		                     &(struct quote){.head = ghostdag_message_write_at(&block, at),
		                                     .proof = h->proof,
		                                     .batch = body});
		block_note(h, &block, body);
		ec_drop(body);
	}
	say(h, hostile_liar(h), &m, ec_slice(whole, 0, writer.size));
	ec_drop(whole);
}

static void names_say(struct hostile *h, enum kind kind)
{
	struct message m = {.kind = kind,
	                    .more = kind == ASK ? hostile_pick(h, 3) == 0 : h->left % 2};
	m.names = 1 + hostile_pick(h, kind == ASK ? 30 : 5);
	for (uint32_t i = 0; i < m.names; i++)
		m.name[i] = id_any(h);
	say(h, hostile_liar(h), &m, EC_NO_BYTES);
}

/* Two liars offer a checkpoint, and one gives its graph: that of our last cut, somewhat changed. */
static void state_say(struct hostile *h)
{
	static uint8_t bytes[STATE_MAX];
	const struct told *told = h->own;
	struct message offer = {.kind = OFFER, .offers = 1, .offer = {told->offer}};
	struct message state = {.kind = STATE};
	size_t size = told->graph.size;
	if (!size || size > STATE_MAX || hostile_pick(h, 4))
		return;
	memcpy(bytes, told->graph.data, size);
	for (uint32_t turns = hostile_pick(h, 4); turns; turns--)
		bytes[(hostile_pick(h, 256) * 256 + hostile_pick(h, 256)) % size] =
			(uint8_t)hostile_pick(h, 256);
	struct ec_bytes body = ec_pool_copy(h->pool, bytes, size);
	offer.offer[0].seq =
		hostile_pick(h, 8) ? h->final + 1 + hostile_pick(h, 40) : hostile_pick(h, 200);
	offer.offer[0].graph = world_digest(body);
	say(h, 2, &offer, EC_NO_BYTES);
	say(h, 3, &offer, EC_NO_BYTES);
	state.seq = offer.offer[0].seq;
	say(h, 3, &state, body);
	ec_drop(body);
}

static void lie(struct hostile *h, uint32_t which)
{
	if (which < 10)
		block_say(h);
	else if (which < 12)
		range_say(h);
	else if (which < 14)
		names_say(h, which == 12 ? TIPS : ASK);
	else if (which == 14)
		state_say(h);
	else
		hostile_garbage(h);
}

static void options(struct hostile *h, void *opaque)
{
	*(struct ghostdag_options *)opaque = (struct ghostdag_options){
		.k = 1 + hostile_pick(h, 4),
		.parents_max = 3,
		.mergeset_max = 8,
		.merge_depth = 1 + hostile_pick(h, 8),
		.final_depth = 2 + hostile_pick(h, 6),
		.interval = 1 + hostile_pick(h, 8),
		.bits = hostile_pick(h, 2), /* none, or any that begins with 0 */
		.capacity = 192,
		.batch_bytes_max = 64,
		.pinned = hostile_pick(h, 4) == 0};
}

static void begin(struct hostile *h)
{
	struct told *told = h->own = calloc(1, sizeof *told);
	told->id[told->ids++] = h->config.domain;
}

static void end(struct hostile *h)
{
	struct told *told = h->own;
	ec_drop(told->graph);
	free(told);
}

static const struct hostile_protocol hostile = {.protocol = &ec_ghostdag,
                                                .options = options,
                                                .begin = begin,
                                                .end = end,
                                                .lie = lie,
                                                .performed = performed};

struct hostile_counts ghostdag_hostile_run(const uint8_t *data, size_t size)
{
	return hostile_run(&hostile, data, size);
}
