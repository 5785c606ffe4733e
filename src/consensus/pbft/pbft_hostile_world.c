/* pbft_hostile_world.c - one member among liars who know every key: what passes check() must not
 * break a step, though more members lie than the protocol bears. */
#include "consensus/pbft/pbft_hostile_inner.h"

#include "crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

static bool all_true(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                     const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	(void)key, (void)message, (void)size, (void)signature;
	return true;
}

static const struct ec_crypto credulous = {.verify = all_true};

uint32_t hostile_pick(struct hostile *h, uint32_t below)
{
	if (!h->left)
		return 0;
	h->left--;
	return *h->data++ % below;
}

static void save_perform(struct hostile *h, const struct ec_effect *effect)
{
	h->counts.cuts += (effect->flags & EC_CUT) != 0;
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
	if (h->records == RECORDS)
		return;
	h->record[h->records++] = (struct world_record){.seq = effect->seq,
	                                                .head = ec_keep(effect->head),
	                                                .body = ec_keep(effect->body),
	                                                .cut = effect->flags & EC_CUT};
}

static void effect_perform(struct hostile *h, const struct ec_effect *effect)
{
	uint32_t end = (h->own_first + h->own_count) % 256;
	if (effect->kind == EC_SAVE) {
		save_perform(h, effect);
	} else if (effect->kind == EC_DELIVER) {
		assert(effect->seq == h->applied + 1 && !h->fetch);
		h->applied++;
		h->counts.delivered++;
	} else if (effect->kind == EC_SNAP) {
		h->snap = effect->seq;
	} else if (effect->kind == EC_FETCH) {
		assert(!h->fetch);
		h->fetch = effect->seq;
		h->counts.fetches++;
	} else if (effect->kind == EC_BLAME) {
		assert(ec_pbft.guilty(&h->config, effect->node, effect->head, effect->body));
	} else if (effect->kind == EC_SEND && h->own_count < 256 &&
	           (effect->node == EC_ALL || effect->node == SELF)) {
		h->own[end] = (struct world_message){.head = ec_keep(effect->head),
		                                     .body = ec_keep(effect->body)};
		h->own[end].proof = effect->flags & EC_SIGN ? ec_keep(h->proof) : EC_NO_BYTES;
		h->own_count++;
	}
}

static void step(struct hostile *h, struct ec_input in)
{
	h->out.count = 0;
	in.now = h->now;
	in.since = h->now > 1000 ? h->now - 1000 : 0;
	in.stamp = 1;
	ec_pbft.step(h->state, &in, &h->out);
	ec_pbft.invariants(h->state);
	assert(ec_pbft.held(h->state, h->held) <= h->limits.buffers_held);
	for (uint32_t i = 0; i < h->out.count; i++) {
		struct ec_effect *effect = &h->out.effect[i];
		assert(effect->head.size + effect->body.size <= h->limits.record_max);
		effect_perform(h, effect);
		ec_drop(effect->head);
		ec_drop(effect->body);
	}
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	ec_pbft.show(h->state, &text);
}

void hostile_hear(struct hostile *h, ec_node from, struct ec_bytes head, struct ec_bytes body,
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
	ec_pbft.show_head(head, &text);
	if (ec_pbft.check(&h->config, &in)) {
		h->counts.passed++;
		step(h, in);
	} else {
		h->counts.refused++;
	}
}

static void own_hear(struct hostile *h)
{
	if (!h->own_count)
		return;
	struct world_message message = h->own[h->own_first];
	h->own_first = (h->own_first + 1) % 256;
	h->own_count--;
	hostile_hear(h, SELF, message.head, message.body, message.proof.size > 0);
	world_message_drop(&message);
}

static ec_hash application(ec_seq seq)
{
	return seq ? (ec_hash){.b = {1}} : (ec_hash){0};
}

static void state_release(struct hostile *h)
{
	uint32_t count = ec_pbft.held(h->state, h->held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(h->held[i]);
	while (h->own_count) {
		world_message_drop(&h->own[h->own_first]);
		h->own_first = (h->own_first + 1) % 256;
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
	struct world_record record[RECORDS];
	uint32_t records = h->records, cut = RECORDS;
	memcpy(record, h->record, sizeof record);
	ec_pbft.init(h->state, &h->config);
	h->now = 1;
	h->snap = h->fetch = 0;
	h->counts.lives++;
	for (uint32_t i = 0; i < records; i++)
		if (record[i].cut)
			cut = i;
	if (cut != RECORDS)
		record_give(h, &record[cut]);
	for (uint32_t i = 0; i < records; i++)
		if (i != cut && !record[i].cut)
			record_give(h, &record[i]);
	step(h, (struct ec_input){
			.kind = EC_START, .seq = h->applied, .digest = application(h->applied)});
}

/* What the host owes: answers to SNAP and FETCH, time, batches, links, and a crash. */
static void host_act(struct hostile *h)
{
	switch (hostile_pick(h, 8)) {
	case 0:
		h->now += (uint64_t)(1 + hostile_pick(h, 255)) * 10000000;
		step(h, (struct ec_input){.kind = EC_WAKE});
		break;
	case 1:
		step(h, (struct ec_input){.kind = EC_LINK, .from = hostile_liar(h)});
		break;
	case 2:
	case 3:
		if (h->snap)
			step(h, (struct ec_input){.kind = EC_SNAPPED,
			                          .seq = h->snap,
			                          .digest = application(h->snap)});
		h->snap = 0;
		break;
	case 4:
		if (!h->fetch)
			break;
		h->applied = hostile_pick(h, 3) && h->fetch < 1 << 20 ? h->fetch : h->applied;
		h->fetch = 0;
		step(h, (struct ec_input){.kind = EC_FETCHED,
		                          .seq = h->applied,
		                          .digest = application(h->applied)});
		break;
	case 5:
		if (hostile_pick(h, 8) || h->records == RECORDS)
			break;
		state_release(h);
		live(h);
		break;
	default:
		if (h->out.want) {
			struct ec_bytes body = h->batch[hostile_pick(h, BATCHES_N)];
			step(h, (struct ec_input){.kind = EC_SUBMIT,
			                          .body = body,
			                          .digest = world_digest(body)});
		}
	}
}

static void act(struct hostile *h)
{
	static const enum kind kinds[] = {PREPREPARE,      PREPARE,  COMMIT, CHECKPOINT,
	                                  ASK_VIEW_CHANGE, ASK_BODY, BODY,   STABLE,
	                                  AGAIN,           PREPARE,  COMMIT, COMMIT};
	uint32_t what = hostile_pick(h, 24);
	if (what < 12)
		hostile_short(h, kinds[what]);
	else if (what == 12)
		hostile_change(h);
	else if (what == 13)
		hostile_new_view(h);
	else if (what == 14)
		hostile_relay(h);
	else if (what == 15)
		hostile_garbage(h);
	else if (what < 20)
		own_hear(h);
	else
		host_act(h);
}

static void hostile_begin(struct hostile *h)
{
	for (ec_node node = 0; node < N; node++)
		h->seats[node] =
			(struct ec_roster_member){.weight = 1, .roles = EC_VOTER | EC_LEADER};
	h->roster = (struct ec_roster){.n = N, .member = h->seats};
	h->options = (struct pbft_options){.interval = K, .batch_bytes_max = 64};
	h->config = (struct ec_config){.self = SELF,
	                               .roster = &h->roster,
	                               .crypto = &credulous,
	                               .domain = {.b = {7}},
	                               .options = &h->options};
	h->pool = ec_pool_new(0);
	h->limits = ec_pbft.limits(&h->config);
	h->state = calloc(1, h->limits.state);
	h->effects = calloc(h->limits.effects_per_step, sizeof *h->effects);
	h->held = calloc(h->limits.buffers_held, sizeof *h->held);
	h->out = (struct ec_out){
		.effect = h->effects, .capacity = h->limits.effects_per_step, .pool = h->pool};
	for (int i = 0; i < BATCHES_N; i++) {
		const char text[] = {(char)('a' + i)};
		h->batch[i] = ec_pool_copy(h->pool, text, 1);
	}
	uint8_t proof[PROOF] = {0, 0, 0, 0, 1};
	h->proof = ec_pool_copy(h->pool, proof, sizeof proof);
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
	h->counts.views = (uint32_t)h->out.view;
	state_release(h);
	for (uint32_t i = 0; i < h->records; i++) {
		ec_drop(h->record[i].head);
		ec_drop(h->record[i].body);
	}
	for (int i = 0; i < BATCHES_N; i++)
		ec_drop(h->batch[i]);
	for (int i = 0; i < N; i++)
		ec_drop(h->change[i].body);
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
