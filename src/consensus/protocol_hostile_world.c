/* protocol_hostile_world.c - one member of any protocol among liars who know every key. */
#include "consensus/protocol_hostile_world.h"

#include "consensus/protocol_random_world.h"
#include "crypto/hash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROOF = 72, STEP_NS = 10 * 1000 * 1000, SEQ_MAX = 1 << 20 };

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

ec_node hostile_liar(struct hostile *h)
{
	return (HOSTILE_SELF + 1 + hostile_pick(h, HOSTILE_MEMBERS - 1)) % HOSTILE_MEMBERS;
}

struct ec_bytes hostile_batch(struct hostile *h)
{
	const char letter = (char)('a' + hostile_pick(h, 6));
	return ec_pool_copy(h->pool, &letter, 1);
}

static void record_drop(struct world_record *record)
{
	ec_drop(record->head);
	ec_drop(record->body);
}

static void save_perform(struct hostile *h, const struct ec_effect *effect)
{
	uint32_t kept = 0;
	h->counts.cuts += (effect->flags & EC_CUT) != 0;
	for (uint32_t i = 0; i < h->records; i++)
		if (effect->flags & EC_CUT && h->record[i].seq <= effect->seq)
			record_drop(&h->record[i]);
		else
			h->record[kept++] = h->record[i];
	h->records = kept;
	if (h->records == HOSTILE_RECORDS)
		return;
	h->record[h->records++] = (struct world_record){.seq = effect->seq,
	                                                .head = ec_keep(effect->head),
	                                                .body = ec_keep(effect->body),
	                                                .cut = effect->flags & EC_CUT};
}

static void send_perform(struct hostile *h, const struct ec_effect *effect)
{
	if (h->heard_count == HOSTILE_OWN ||
	    (effect->node != EC_ALL && effect->node != HOSTILE_SELF))
		return;
	h->heard[(h->heard_first + h->heard_count++) % HOSTILE_OWN] = (struct world_message){
		.head = ec_keep(effect->head),
		.body = ec_keep(effect->body),
		.proof = effect->flags & EC_SIGN ? ec_keep(h->proof) : EC_NO_BYTES};
}

static void deliver_perform(struct hostile *h, const struct ec_effect *effect)
{
	assert(effect->seq == h->applied + 1 && !h->fetch);
	h->applied++;
	h->counts.delivered++;
	if (effect->head.size == sizeof h->head[0].b)
		memcpy(h->head[h->applied % HOSTILE_HEADS].b, effect->head.data, effect->head.size);
	if (h->of->protocol->order == EC_TOTAL)
		h->final = h->applied;
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
		deliver_perform(h, effect);
		break;
	case EC_UNDO:
		assert(effect->seq >= h->final && effect->seq <= h->applied && !h->fetch);
		h->applied = effect->seq;
		h->counts.undone++;
		break;
	case EC_FINAL:
		assert(effect->seq >= h->final && effect->seq <= h->applied && !h->fetch);
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
		assert(h->of->protocol->guilty(&h->config, effect->node, effect->head,
		                               effect->body));
		h->counts.blames++;
		break;
	default:;
	}
}

static void step(struct hostile *h, struct ec_input in)
{
	const struct ec_protocol *protocol = h->of->protocol;
	char line[256];
	struct ec_text text = ec_text_over(line, sizeof line);
	h->out.count = 0;
	in.now = h->now;
	in.since = h->now > 1000 ? h->now - 1000 : 0;
	in.stamp = 1;
	protocol->step(h->state, &in, &h->out);
	protocol->invariants(h->state);
	assert(protocol->held(h->state, h->held) <= h->limits.buffers_held);
	for (uint32_t i = 0; i < h->out.count; i++) {
		struct ec_effect *effect = &h->out.effect[i];
		size_t size = effect->head.size + effect->body.size;
		assert(size <= h->limits.record_max || effect->kind != EC_SAVE);
		assert(size <= h->limits.message_max || effect->kind == EC_SAVE);
		effect_perform(h, effect);
		if (h->of->performed)
			h->of->performed(h, effect);
		world_effect_drop(effect);
	}
	protocol->show(h->state, &text);
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
	h->of->protocol->show_head(head, &text);
	if (h->of->protocol->check(&h->config, &in)) {
		h->counts.passed++;
		step(h, in);
	} else {
		h->counts.refused++;
	}
}

static struct ec_bytes bytes_take(struct hostile *h)
{
	size_t size = hostile_pick(h, 64), taken = size < h->left ? size : h->left;
	struct ec_bytes bytes = ec_pool_copy(h->pool, h->data, taken);
	h->data += taken;
	h->left -= taken;
	return bytes;
}

void hostile_garbage(struct hostile *h)
{
	struct ec_bytes head = bytes_take(h), body = bytes_take(h);
	hostile_hear(h, hostile_liar(h), head, body, hostile_pick(h, 4));
	ec_drop(head);
	ec_drop(body);
}

static struct world_message own_take(struct hostile *h)
{
	struct world_message message = h->heard[h->heard_first];
	h->heard_first = (h->heard_first + 1) % HOSTILE_OWN;
	h->heard_count--;
	return message;
}

static void own_hear(struct hostile *h)
{
	if (!h->heard_count)
		return;
	struct world_message message = own_take(h);
	hostile_hear(h, HOSTILE_SELF, message.head, message.body, message.proof.size > 0);
	world_message_drop(&message);
}

static void die(struct hostile *h)
{
	uint32_t count = h->of->protocol->held(h->state, h->held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(h->held[i]);
	while (h->heard_count) {
		struct world_message message = own_take(h);
		world_message_drop(&message);
	}
}

static struct ec_input standing(enum ec_input_kind kind, ec_seq seq)
{
	struct ec_input in = {.kind = kind, .seq = seq};
	in.digest.b[0] = seq > 0; /* all states are one */
	return in;
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
	const struct world_record *cut = NULL;
	memset(h->state, 0, h->limits.state);
	h->of->protocol->init(h->state, &h->config);
	h->now = 1;
	h->snap = h->fetch = 0;
	h->counts.lives++;
	for (uint32_t i = 0; i < h->records; i++)
		cut = h->record[i].cut ? &h->record[i] : cut;
	if (cut)
		record_give(h, cut);
	for (uint32_t i = 0; i < h->records; i++)
		if (!h->record[i].cut)
			record_give(h, &h->record[i]);
	h->applied = h->final;
	step(h, standing(EC_START, h->final));
}

static void fetch_end(struct hostile *h)
{
	if (!h->fetch)
		return;
	if (hostile_pick(h, 3) && h->fetch < SEQ_MAX) {
		h->final = h->fetch;
		h->counts.brought++;
	}
	h->applied = h->final;
	h->fetch = 0;
	step(h, standing(EC_FETCHED, h->final));
}

static void pin(struct hostile *h)
{
	struct ec_input in = {.kind = EC_PINNED, .seq = h->applied};
	in.head = (struct ec_bytes){.data = h->head[h->applied % HOSTILE_HEADS].b, .size = 32};
	if (h->of->protocol->order == EC_REVISABLE && h->applied > h->final && !h->fetch)
		step(h, in);
}

static void submit(struct hostile *h)
{
	if (!h->out.want || !h->left)
		return;
	struct ec_bytes body = hostile_batch(h);
	step(h, (struct ec_input){.kind = EC_SUBMIT, .body = body, .digest = world_digest(body)});
	ec_drop(body);
}

/* What the host owes: answers to SNAP and FETCH, time, batches, links, pins, and a crash. */
static void host_act(struct hostile *h)
{
	ec_seq snap = h->snap;
	switch (hostile_pick(h, 9)) {
	case 0:
		h->now += (uint64_t)(1 + hostile_pick(h, 255)) * STEP_NS;
		step(h, (struct ec_input){.kind = EC_WAKE});
		break;
	case 1:
		step(h, (struct ec_input){.kind = EC_LINK, .from = hostile_liar(h)});
		break;
	case 2:
		h->snap = 0;
		if (snap)
			step(h, standing(EC_SNAPPED, snap));
		break;
	case 3:
	case 4:
		fetch_end(h);
		break;
	case 5:
		if (hostile_pick(h, 4) || h->records == HOSTILE_RECORDS)
			break;
		die(h);
		live(h);
		break;
	case 6:
		pin(h);
		break;
	default:
		submit(h);
	}
}

static void act(struct hostile *h)
{
	uint32_t what = hostile_pick(h, HOSTILE_LIES + 8);
	if (what < HOSTILE_LIES)
		h->of->lie(h, what);
	else if (what < HOSTILE_LIES + 4)
		own_hear(h);
	else
		host_act(h);
}

static void begin(struct hostile *h)
{
	const struct ec_protocol *protocol = h->of->protocol;
	for (ec_node node = 0; node < HOSTILE_MEMBERS; node++)
		h->seats[node] =
			(struct ec_roster_member){.weight = 1, .roles = EC_VOTER | EC_LEADER};
	h->roster = (struct ec_roster){.n = HOSTILE_MEMBERS, .member = h->seats};
	h->options = calloc(1, protocol->options_size + 1);
	if (h->of->options)
		h->of->options(h, h->options);
	h->config = (struct ec_config){.self = HOSTILE_SELF,
	                               .roster = &h->roster,
	                               .crypto = &credulous,
	                               .domain = {.b = {7}},
	                               .options = h->options};
	h->pool = ec_pool_new(0);
	h->terms = protocol->terms(&h->config);
	h->limits = protocol->limits(&h->config);
	h->state = calloc(1, h->limits.state);
	h->effects = calloc(h->limits.effects_per_step, sizeof *h->effects);
	h->held = calloc(h->limits.buffers_held, sizeof *h->held);
	h->out = (struct ec_out){
		.effect = h->effects, .capacity = h->limits.effects_per_step, .pool = h->pool};
	uint8_t proof[PROOF] = {0, 0, 0, 0, 1};
	h->proof = ec_pool_copy(h->pool, proof, sizeof proof);
	if (h->of->begin)
		h->of->begin(h);
	live(h);
}

struct hostile_counts hostile_run(const struct hostile_protocol *of, const uint8_t *data,
                                  size_t size)
{
	struct hostile *h = calloc(1, sizeof *h);
	h->of = of;
	h->data = data;
	h->left = size;
	begin(h);
	while (h->left)
		act(h);
	h->counts.views = (uint32_t)h->out.view;
	die(h);
	for (uint32_t i = 0; i < h->records; i++)
		record_drop(&h->record[i]);
	if (of->end)
		of->end(h);
	ec_drop(h->proof);
	assert(ec_pool_live(h->pool) == 0);
	ec_pool_free(h->pool);
	struct hostile_counts counts = h->counts;
	free(h->options);
	free(h->state);
	free(h->effects);
	free(h->held);
	free(h);
	return counts;
}

static void counts_add(struct hostile_counts *sum, const struct hostile_counts *one)
{
	sum->passed += one->passed;
	sum->refused += one->refused;
	sum->forged += one->forged;
	sum->turned += one->turned;
	sum->delivered += one->delivered;
	sum->undone += one->undone;
	sum->final += one->final;
	sum->cuts += one->cuts;
	sum->fetches += one->fetches;
	sum->brought += one->brought;
	sum->lives += one->lives;
	sum->blames += one->blames;
	sum->views += one->views > 0;
}

bool hostile_runs(const struct ec_protocol *protocol, uint32_t runs, size_t size_max,
                  struct hostile_counts (*run)(const uint8_t *data, size_t size),
                  struct hostile_counts *sum)
{
	static uint8_t data[65536];
	const char *asked = world_environment(protocol, "SEEDS");
	struct ec_prng prng;
	assert(size_max > 500 && size_max <= sizeof data);
	*sum = (struct hostile_counts){0};
	for (uint64_t seed = 1; seed <= (asked ? strtoull(asked, NULL, 10) : runs); seed++) {
		ec_prng_seed(&prng, seed);
		for (size_t i = 0; i < size_max; i++)
			data[i] = (uint8_t)ec_prng_next(&prng);
		struct hostile_counts one = run(data, 500 + ec_prng_below(&prng, size_max - 500));
		counts_add(sum, &one);
	}
	printf("%u passed, %u refused, %u forged, %u turned; %u delivered, %u undone, %u final, "
	       "%u cuts, %u fetches, %u brought, %u lives, %u blames, %u runs left view 0\n",
	       sum->passed, sum->refused, sum->forged, sum->turned, sum->delivered, sum->undone,
	       sum->final, sum->cuts, sum->fetches, sum->brought, sum->lives, sum->blames,
	       sum->views);
	return !asked;
}
