/* ghostdag_hostile_world.c - one member among liars who know every key: what passes check() must
 * not break a step, though more members lie than the protocol bears. */
#include "consensus/ghostdag/ghostdag_hostile_world.h"

#include "consensus/ghostdag/ghostdag_world.h"
#include "crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

enum {
	N = 4,
	SELF = 1,
	RECORDS = 1024,
	OWN = 256,
	IDS = 256,
	HEADS = 4096,
	PROOF = 72,
	STATE_MAX = 1 << 18
};

struct hostile {
	const uint8_t *data;
	size_t left;
	struct ec_pool *pool;
	struct ec_config config;
	struct ec_roster roster;
	struct ec_roster_member seats[N];
	struct ghostdag_options options;
	struct ec_limits limits;
	void *state;
	struct ec_effect *effects;
	struct ec_bytes *held;
	struct ec_out out;
	uint64_t now;
	struct world_message own[OWN]; /* sent to oneself, not yet heard */
	uint32_t own_first, own_count;
	struct world_record record[RECORDS];
	uint32_t records;
	ec_seq tip, final, snap, fetch;
	ec_hash id[IDS];     /* blocks that were told */
	ec_hash head[HEADS]; /* of the delivery at a position */
	uint32_t ids;
	uint64_t number;
	struct ec_bytes proof, graph; /* of the last CUT */
	struct offer offer;
	struct hostile_counts counts;
};

static uint32_t pick(struct hostile *h, uint32_t below)
{
	if (!h->left)
		return 0;
	h->left--;
	return *h->data++ % below;
}

static ec_hash id_any(struct hostile *h)
{
	uint32_t known = h->ids < IDS ? h->ids : IDS;
	if (pick(h, 40) == 0)
		return (ec_hash){.b = {(uint8_t)pick(h, 256)}};
	uint32_t back = pick(h, 4) ? 1 + pick(h, 6) : 1 + pick(h, 255);
	return h->id[(h->ids + IDS - (back < known ? back : known)) % IDS];
}

static void save_perform(struct hostile *h, const struct ec_effect *effect)
{
	struct message m;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < h->records; i++) {
		if (effect->flags & EC_CUT && h->record[i].seq <= effect->seq) {
			ec_drop(h->record[i].head);
			ec_drop(h->record[i].body);
		} else {
			h->record[kept++] = h->record[i];
		}
	}
	h->records = kept;
	if (effect->flags & EC_CUT && ghostdag_message_read(effect->head, &m)) {
		ec_drop(h->graph);
		h->graph = ec_keep(effect->body);
		h->offer = m.offer[0];
		h->counts.cuts++;
	}
	assert(h->records < RECORDS);
	h->record[h->records++] = (struct world_record){.seq = effect->seq,
	                                                .head = ec_keep(effect->head),
	                                                .body = ec_keep(effect->body),
	                                                .cut = effect->flags & EC_CUT};
}

static void send_perform(struct hostile *h, const struct ec_effect *effect)
{
	struct message m;
	if (ghostdag_message_read(effect->head, &m) && m.kind == BLOCK) {
		ec_hash digest = world_digest(effect->body);
		ec_hash id = ghostdag_id(&h->config.domain, effect->head, &digest);
		h->id[h->ids++ % IDS] = id;
	}
	if (h->own_count == OWN || (effect->node != EC_ALL && effect->node != SELF))
		return;
	h->own[(h->own_first + h->own_count++) % OWN] = (struct world_message){
		.head = ec_keep(effect->head),
		.body = ec_keep(effect->body),
		.proof = effect->flags & EC_SIGN ? ec_keep(h->proof) : EC_NO_BYTES};
}

static void effect_perform(struct hostile *h, const struct ec_effect *effect)
{
	switch (effect->kind) {
	case EC_SAVE:
		save_perform(h, effect);
		break;
	case EC_SEND:
		send_perform(h, effect);
		break;
	case EC_DELIVER:
		assert(effect->seq == h->tip + 1 && !h->fetch);
		h->tip++;
		memcpy(h->head[h->tip % HEADS].b, effect->head.data, 32);
		h->counts.delivered++;
		break;
	case EC_UNDO:
		assert(effect->seq >= h->final && effect->seq <= h->tip && !h->fetch);
		h->tip = effect->seq;
		h->counts.undone++;
		break;
	case EC_FINAL:
		assert(effect->seq >= h->final && effect->seq <= h->tip && !h->fetch);
		h->final = effect->seq;
		h->counts.final++;
		break;
	case EC_SNAP:
		assert(effect->seq == h->final);
		h->snap = effect->seq;
		break;
	case EC_FETCH:
		assert(!h->fetch && effect->seq > h->final);
		h->fetch = effect->seq;
		h->counts.fetches++;
		break;
	case EC_BLAME:
		assert(ec_ghostdag.guilty(&h->config, effect->node, effect->head, effect->body));
		h->counts.blames++;
		break;
	default:;
	}
}

static void step(struct hostile *h, struct ec_input in)
{
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	h->out.count = 0;
	in.now = h->now;
	ec_ghostdag.step(h->state, &in, &h->out);
	ec_ghostdag.invariants(h->state);
	assert(ec_ghostdag.held(h->state, h->held) <= h->limits.buffers_held);
	for (uint32_t i = 0; i < h->out.count; i++) {
		struct ec_effect *effect = &h->out.effect[i];
		assert(effect->head.size + effect->body.size <= h->limits.record_max ||
		       effect->kind == EC_SEND);
		assert(effect->head.size + effect->body.size <= h->limits.message_max ||
		       effect->kind == EC_SAVE);
		effect_perform(h, effect);
		ec_drop(effect->head);
		ec_drop(effect->body);
	}
	ec_ghostdag.show(h->state, &text);
}

static void hear(struct hostile *h, ec_node from, struct ec_bytes head, struct ec_bytes body,
                 bool proven)
{
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	struct ec_input in = {.kind = EC_RECV,
	                      .from = from,
	                      .head = head,
	                      .body = body,
	                      .digest = world_digest(body),
	                      .proof = proven ? h->proof : EC_NO_BYTES};
	ec_ghostdag.show_head(head, &text);
	if (ec_ghostdag.check(&h->config, &in)) {
		h->counts.passed++;
		step(h, in);
	} else {
		h->counts.refused++;
	}
}

static ec_node liar(struct hostile *h)
{
	static const ec_node liars[] = {0, 2, 3};
	return liars[pick(h, 3)];
}

static void say(struct hostile *h, ec_node from, const struct message *m, struct ec_bytes body)
{
	struct ec_bytes head = ghostdag_message_write(h->pool, m);
	hear(h, from, head, body, true);
	ec_drop(head);
}

/* A block of a liar: its head, and its batch. */
static struct message block_draw(struct hostile *h, ec_node maker, struct ec_bytes *body)
{
	struct message m = {.kind = BLOCK, .node = maker};
	char text = (char)('a' + pick(h, 6));
	h->number += pick(h, 8) != 0;
	m.number = 1 + h->number;
	m.names = 1 + pick(h, 3);
	for (uint32_t i = 0; i < m.names; i++)
		m.name[i] = id_any(h);
	*body = pick(h, 3) ? EC_NO_BYTES : ec_pool_copy(h->pool, &text, 1);
	return m;
}

static void block_note(struct hostile *h, const struct message *m, struct ec_bytes body)
{
	uint8_t at[HEAD_SIZE_MAX];
	ec_hash digest = world_digest(body);
	ec_hash id = ghostdag_id(&h->config.domain, ghostdag_message_write_at(m, at), &digest);
	h->id[h->ids++ % IDS] = id;
}

static void block_say(struct hostile *h)
{
	struct ec_bytes body;
	ec_node from = liar(h);
	struct message m = block_draw(h, from, &body);
	block_note(h, &m, body);
	say(h, from, &m, body);
	ec_drop(body);
}

static void range_say(struct hostile *h)
{
	struct message m = {.kind = RANGE, .more = pick(h, 2)};
	uint32_t count = pick(h, 20);
	struct ec_bytes whole = ec_pool_take(h->pool, 65536);
	struct ec_writer writer = ec_writer_over(ec_writable(whole), 65536);
	ec_write_u32(&writer, count);
	for (uint32_t i = 0; i < count; i++) {
		struct ec_bytes body;
		uint8_t at[HEAD_SIZE_MAX];
		struct message block = block_draw(h, liar(h), &body);
		ghostdag_quote_write(&writer,
		                     &(struct quote){.head = ghostdag_message_write_at(&block, at),
		                                     .proof = h->proof,
		                                     .batch = body});
		block_note(h, &block, body);
		ec_drop(body);
	}
	say(h, liar(h), &m, ec_slice(whole, 0, writer.size));
	ec_drop(whole);
}

static void names_say(struct hostile *h, enum kind kind)
{
	struct message m = {.kind = kind, .more = kind == ASK ? pick(h, 3) == 0 : h->left % 2};
	m.names = 1 + pick(h, kind == ASK ? 30 : 5);
	for (uint32_t i = 0; i < m.names; i++)
		m.name[i] = id_any(h);
	say(h, liar(h), &m, EC_NO_BYTES);
}

/* Two liars offer a checkpoint, and one gives its graph: that of our last cut, somewhat changed. */
static void state_say(struct hostile *h)
{
	static uint8_t bytes[STATE_MAX];
	struct message offer = {.kind = OFFER, .offers = 1, .offer = {h->offer}};
	struct message state = {.kind = STATE};
	size_t size = h->graph.size;
	if (!size || size > STATE_MAX || pick(h, 4))
		return;
	memcpy(bytes, h->graph.data, size);
	for (uint32_t turns = pick(h, 4); turns; turns--)
		bytes[(pick(h, 256) * 256 + pick(h, 256)) % size] = (uint8_t)pick(h, 256);
	struct ec_bytes body = ec_pool_copy(h->pool, bytes, size);
	offer.offer[0].seq = pick(h, 8) ? h->final + 1 + pick(h, 40) : pick(h, 200);
	offer.offer[0].graph = world_digest(body);
	say(h, 2, &offer, EC_NO_BYTES);
	say(h, 3, &offer, EC_NO_BYTES);
	state.seq = offer.offer[0].seq;
	say(h, 3, &state, body);
	ec_drop(body);
}

static void garbage_say(struct hostile *h)
{
	uint8_t bytes[64];
	uint32_t size = pick(h, 64);
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)pick(h, 256);
	struct ec_bytes head = ec_pool_copy(h->pool, bytes, size);
	hear(h, liar(h), head, pick(h, 2) ? head : EC_NO_BYTES, pick(h, 2));
	ec_drop(head);
}

static void own_hear(struct hostile *h)
{
	if (!h->own_count)
		return;
	struct world_message message = h->own[h->own_first];
	h->own_first = (h->own_first + 1) % OWN;
	h->own_count--;
	hear(h, SELF, message.head, message.body, message.proof.size > 0);
	world_message_drop(&message);
}

static void state_release(struct hostile *h)
{
	uint32_t count = ec_ghostdag.held(h->state, h->held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(h->held[i]);
	while (h->own_count) {
		world_message_drop(&h->own[h->own_first]);
		h->own_first = (h->own_first + 1) % OWN;
		h->own_count--;
	}
}

static void record_give(struct hostile *h, const struct world_record *record)
{
	step(h, (struct ec_input){.kind = EC_RECORD,
	                          .seq = record->seq,
	                          .head = record->head,
	                          .body = record->body,
	                          .digest = world_digest(record->body)});
	assert(h->out.count == 0);
}

static void live(struct hostile *h)
{
	static struct world_record record[RECORDS];
	uint32_t records = h->records, cut = RECORDS;
	memcpy(record, h->record, sizeof record);
	ec_ghostdag.init(h->state, &h->config);
	h->now = 1;
	h->snap = h->fetch = 0;
	h->counts.lives++;
	for (uint32_t i = 0; i < records; i++)
		if (record[i].cut)
			cut = i;
	for (uint32_t i = 0; i < records + 1; i++)
		if (i == 0 ? cut != RECORDS : !record[i - 1].cut)
			record_give(h, &record[i == 0 ? cut : i - 1]);
	h->tip = h->final;
	step(h, (struct ec_input){.kind = EC_START, .seq = h->final});
}

static void fetched(struct hostile *h)
{
	if (!h->fetch)
		return;
	if (pick(h, 3)) {
		h->final = h->fetch;
		h->counts.brought++;
	}
	h->tip = h->final;
	h->fetch = 0;
	step(h, (struct ec_input){.kind = EC_FETCHED, .seq = h->final});
}

/* What the host owes: answers to SNAP and FETCH, time, batches, links, pins, and a crash. */
static void host_act(struct hostile *h)
{
	switch (pick(h, 9)) {
	case 0:
		h->now += (uint64_t)(1 + pick(h, 255)) * 4000000;
		step(h, (struct ec_input){.kind = EC_WAKE});
		break;
	case 1:
		step(h, (struct ec_input){.kind = EC_LINK, .from = liar(h)});
		break;
	case 2:
		if (h->snap && !h->fetch)
			step(h, (struct ec_input){.kind = EC_SNAPPED, .seq = h->snap});
		h->snap = 0;
		break;
	case 3:
	case 4:
		fetched(h);
		break;
	case 5:
		if (pick(h, 4) || h->fetch)
			break;
		state_release(h);
		live(h);
		break;
	case 6:
		if (h->tip > h->final && !h->fetch)
			step(h, (struct ec_input){
					.kind = EC_PINNED,
					.seq = h->tip,
					.head = {.data = h->head[h->tip % HEADS].b, .size = 32}});
		break;
	default:
		if (h->out.want && h->left) {
			struct ec_bytes body =
				ec_pool_copy(h->pool, (char[]){(char)('a' + pick(h, 6))}, 1);
			step(h, (struct ec_input){.kind = EC_SUBMIT,
			                          .body = body,
			                          .digest = world_digest(body)});
			ec_drop(body);
		}
	}
}

static void act(struct hostile *h)
{
	uint32_t what = pick(h, 24);
	if (h->records > RECORDS - 600)
		h->left = 0;
	else if (what < 10)
		block_say(h);
	else if (what < 12)
		range_say(h);
	else if (what < 14)
		names_say(h, what == 12 ? TIPS : ASK);
	else if (what == 14)
		state_say(h);
	else if (what == 15)
		garbage_say(h);
	else if (what < 19)
		own_hear(h);
	else
		host_act(h);
}

static bool all_true(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                     const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key, (void)message, (void)size, (void)signature;
	return true;
}

static const struct ec_crypto credulous = {.verify = all_true};

static void hostile_begin(struct hostile *h)
{
	for (ec_node node = 0; node < N; node++)
		h->seats[node] =
			(struct ec_roster_member){.weight = 1, .roles = EC_VOTER | EC_LEADER};
	h->roster = (struct ec_roster){.n = N, .member = h->seats};
	h->options =
		(struct ghostdag_options){.k = 1 + pick(h, 4),
	                                  .parents_max = 3,
	                                  .mergeset_max = 8,
	                                  .merge_depth = 1 + pick(h, 8),
	                                  .final_depth = 2 + pick(h, 6),
	                                  .interval = 1 + pick(h, 8),
	                                  .bits = pick(h, 2), /* none, or any that begins with 0 */
	                                  .capacity = 192,
	                                  .batch_bytes_max = 64,
	                                  .pinned = pick(h, 4) == 0};
	h->config = (struct ec_config){.self = SELF,
	                               .roster = &h->roster,
	                               .crypto = &credulous,
	                               .domain = {.b = {7}},
	                               .options = &h->options};
	h->pool = ec_pool_new(0);
	h->limits = ec_ghostdag.limits(&h->config);
	h->state = calloc(1, h->limits.state);
	h->effects = calloc(h->limits.effects_per_step, sizeof *h->effects);
	h->held = calloc(h->limits.buffers_held, sizeof *h->held);
	h->out = (struct ec_out){
		.effect = h->effects, .capacity = h->limits.effects_per_step, .pool = h->pool};
	uint8_t proof[PROOF] = {0, 0, 0, 0, 1};
	h->proof = ec_pool_copy(h->pool, proof, sizeof proof);
	h->id[h->ids++] = h->config.domain;
	live(h);
}

struct hostile_counts hostile_run(const uint8_t *data, size_t size)
{
	struct hostile *h = calloc(1, sizeof *h);
	h->data = data;
	h->left = size;
	hostile_begin(h);
	while (h->left)
		act(h);
	state_release(h);
	for (uint32_t i = 0; i < h->records; i++) {
		ec_drop(h->record[i].head);
		ec_drop(h->record[i].body);
	}
	ec_drop(h->graph);
	ec_drop(h->proof);
	assert(ec_pool_live(h->pool) == 0);
	ec_pool_free(h->pool);
	struct hostile_counts counts = h->counts;
	free(h->state);
	free(h->effects);
	free(h->held);
	free(h);
	return counts;
}
