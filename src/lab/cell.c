/* cell.c - members, their links and disks, moved by one queue of events.
 *
 *      gateway: batch -> body to all (a sealed protocol: to nobody) -> SUBMIT where its turn is
 *      member:  effects -> links, disk -> events -> inputs
 *
 * (C1) Between two members messages arrive in order: a link's next arrival is never before its
 * last. (C2) A message whose body travels by digest is heard once the body is there.
 */
#include "lab/cell_inner.h"
#include "lab/clock.h"
#include "lab/keys.h"

#include <assert.h>
#include <stdlib.h>

enum { HEARD_MAX = 1 << 24 };

void lab_later(struct cell *cell, uint64_t time, struct sim_event event)
{
	event.time = time;
	sim_events_add(&cell->events, event);
}

uint64_t lab_carry(struct cell *cell, uint32_t a, uint32_t b, size_t bytes)
{
	struct member *from = &cell->member[a];
	uint64_t begin = from->line_free > cell->now ? from->line_free : cell->now;
	from->line_free = begin + lab_line(cell->model, bytes);
	uint64_t arrival = from->line_free + lab_delay(cell->model, &cell->prng);
	if (arrival < from->arrives[b])
		arrival = from->arrives[b];
	cell->result->messages++;
	cell->result->bytes += bytes;
	return arrival;
}

static void *take(size_t count, size_t size)
{
	void *block = calloc(count, size);
	if (!block)
		abort();
	return block;
}

/* (C2) */
static void send_one(struct cell *cell, uint32_t a, uint32_t b, const struct ec_effect *effect,
                     struct ec_bytes proof, uint32_t batch)
{
	size_t bytes = LAB_FRAME_BYTES + effect->head.size + proof.size;
	bool by_digest = batch != UINT32_MAX && cell->batch[batch].at[b];
	bytes += by_digest ? sizeof(ec_hash) : effect->body.size;
	uint64_t arrival = lab_carry(cell, a, b, bytes);
	if (by_digest && cell->batch[batch].at[b] > arrival)
		arrival = cell->batch[batch].at[b];
	else if (batch != UINT32_MAX && !by_digest)
		cell->batch[batch].at[b] = arrival;
	cell->member[a].arrives[b] = arrival;
	inputs_push(&cell->member[b].coming[a], (struct ec_input){.kind = EC_RECV,
	                                                          .from = a,
	                                                          .head = ec_keep(effect->head),
	                                                          .body = ec_keep(effect->body),
	                                                          .proof = ec_keep(proof),
	                                                          .digest = effect->digest});
	lab_later(cell, arrival, (struct sim_event){.kind = SIM_ARRIVE, .host = b, .peer = a});
}

static void send_all(struct cell *cell, uint32_t a, const struct ec_effect *effect,
                     struct ec_bytes proof)
{
	uint32_t batch = lab_batch_of(cell, effect->body);
	for (uint32_t b = 0; b < cell->load->n; b++) {
		if (effect->node != EC_ALL && effect->node != b)
			continue;
		if (b != a) {
			send_one(cell, a, b, effect, proof, batch);
			continue;
		}
		instance_tell(cell->member[a].instance,
		              (struct ec_input){.kind = EC_RECV,
		                                .from = a,
		                                .head = ec_keep(effect->head),
		                                .body = ec_keep(effect->body),
		                                .proof = ec_keep(proof),
		                                .digest = effect->digest});
	}
}

static void sync_begin(struct cell *cell, uint32_t at)
{
	struct member *member = &cell->member[at];
	if (member->syncing || !member->saves)
		return;
	member->syncing = true;
	member->sync_saves = member->saves;
	cell->result->syncs++;
	lab_later(cell, cell->now + cell->model->sync_ns,
	          (struct sim_event){.kind = SIM_SYNCED, .host = at});
}

static void save(struct cell *cell, uint32_t at, const struct ec_effect *effect)
{
	cell->member[at].saves++;
	cell->result->saves++;
	cell->result->save_bytes += effect->head.size + effect->body.size;
	sync_begin(cell, at);
}

static void perform(struct cell *cell, uint32_t at, const struct ec_effect *effect,
                    struct ec_bytes proof)
{
	switch (effect->kind) {
	case EC_SEND:
		send_all(cell, at, effect, proof);
		break;
	case EC_SAVE:
		save(cell, at, effect);
		break;
	case EC_DELIVER:
		lab_deliver(cell, at, effect);
		break;
	case EC_UNDO:
		lab_undo(cell, at, effect->seq);
		break;
	case EC_FINAL:
		lab_finalise(cell, at, effect->seq);
		break;
	case EC_SNAP:
		lab_later(
			cell, cell->now + cell->model->sync_ns,
			(struct sim_event){.kind = SIM_SNAPPED, .host = at, .count = effect->seq});
		break;
	case EC_FETCH: /* nothing fails: nobody falls behind what others keep */
		assert(!"a member fetches a state though nothing fails");
		break;
	case EC_SERVE:
	case EC_BLAME:
	case EC_NOTE:
		break;
	}
}

static bool drain(struct cell *cell, uint32_t at)
{
	struct ec_effect effect;
	struct ec_bytes proof;
	bool moved = false;
	while (instance_effect(cell->member[at].instance, &effect, &proof)) {
		perform(cell, at, &effect, proof);
		ec_drop(effect.head);
		ec_drop(effect.body);
		ec_drop(proof);
		moved = true;
	}
	return moved;
}

/* How long the oldest batch that this member knows has waited, as a time. */
static uint64_t since(const struct cell *cell, uint32_t at)
{
	uint64_t oldest = 0;
	for (uint32_t i = 0; i < cell->made; i++) {
		const struct batch *batch = &cell->batch[i];
		bool here = batch->at[at] && batch->at[at] <= cell->now;
		bool final = batch->seq[at] && batch->seq[at] <= cell->member[at].final;
		if (here && !final && (!oldest || batch->at[at] < oldest))
			oldest = batch->at[at];
	}
	return oldest;
}

/* Hands over the next batch that waits here, if it is this member's turn and one is wanted. */
static bool feed(struct cell *cell, uint32_t at)
{
	struct member *member = &cell->member[at];
	const struct ec_out *out = &member->instance->out;
	if (out->want == 0 || !instance_ready(member->instance))
		return false;
	if (out->lead != at && out->lead != EC_ALL)
		return false;
	for (; member->waiting_count; member->waiting_first++, member->waiting_count--) {
		uint32_t number = member->waiting[member->waiting_first];
		const struct batch *batch = &cell->batch[number];
		if (out->lead == EC_ALL && batch->gateway != at)
			continue;
		if (batch->seq[at])
			continue;
		member->waiting_first++;
		member->waiting_count--;
		instance_step(member->instance, (struct moment){cell->now, 0, since(cell, at)},
		              (struct ec_input){.kind = EC_SUBMIT,
		                                .own = batch->gateway == at,
		                                .body = batch->body,
		                                .digest = batch->digest});
		return true;
	}
	return false;
}

static void pump(struct cell *cell, uint32_t at)
{
	struct member *member = &cell->member[at];
	struct moment moment = {cell->now, 0, since(cell, at)};
	bool moved = true;
	while (moved) {
		moved = drain(cell, at);
		moved |= instance_turn(member->instance, moment);
		moved |= feed(cell, at);
	}
	uint64_t wake = member->instance->out.wake;
	if (wake <= cell->now || (member->wake > cell->now && member->wake <= wake))
		return;
	member->wake = wake;
	lab_later(cell, wake, (struct sim_event){.kind = SIM_WAKE, .host = at});
}

static void message_arrives(struct cell *cell, uint32_t at, uint32_t from)
{
	struct member *member = &cell->member[at];
	struct ec_input input = inputs_pop(&member->coming[from]);
	bool good = input.proof.size == 0 ||
	            ec_proof_verify_memo(&member->memo, member->config.crypto, cell->seat[from].key,
	                                 &member->config.domain, input.head, &input.digest,
	                                 input.proof);
	good = good && cell->protocol->protocol->check(&member->config, &input);
	bool room = good && instance_receive(member->instance, &input);
	assert(good && room);
	input_drop(&input);
}

static void synced(struct cell *cell, uint32_t at)
{
	struct member *member = &cell->member[at];
	ec_flush_durable(member->instance->flush, member->sync_saves);
	member->saves -= member->sync_saves;
	member->syncing = false;
	sync_begin(cell, at);
}

static void happen(struct cell *cell, const struct sim_event *event)
{
	struct member *member = &cell->member[event->host];
	if (event->kind == SIM_ARRIVE)
		message_arrives(cell, event->host, event->peer);
	else if (event->kind == SIM_SYNCED)
		synced(cell, event->host);
	else if (event->kind == SIM_BODY)
		member->waiting[member->waiting_first + member->waiting_count++] =
			(uint32_t)event->count;
	else if (event->kind == SIM_SNAPPED)
		instance_tell(member->instance,
		              (struct ec_input){.kind = EC_SNAPPED,
		                                .seq = event->count,
		                                .digest = member->digest[event->count]});
	pump(cell, event->host);
}

static void member_start(struct cell *cell, uint32_t at)
{
	struct member *member = &cell->member[at];
	uint8_t seed[EC_SEED_SIZE] = {0};
	memcpy(seed, &cell->load->seed, sizeof cell->load->seed);
	seed[EC_SEED_SIZE - 1] = (uint8_t)at;
	ec_secret_from_seed(&member->secret, seed);
	memcpy(cell->seat[at].key, member->secret.key, EC_KEY_SIZE);
	cell->seat[at].weight = 1;
	cell->seat[at].roles = EC_VOTER | EC_LEADER;
	member->config = (struct ec_config){.self = at,
	                                    .roster = &cell->roster,
	                                    .crypto = &ec_crypto_ed25519,
	                                    .keys = cell->protocol->keys ? &cell->keys : NULL,
	                                    .options = cell->options};
	memcpy(member->config.domain.b, "lab", 3);
	memcpy(member->config.seed, seed, sizeof member->config.seed);
	member->waiting = take(cell->load->batches + 1, sizeof *member->waiting);
	lab_room_for(member, 1);
	member->digest[0] = (ec_hash){{0}};
}

static void begin(struct cell *cell)
{
	const struct ec_protocol *protocol = cell->protocol->protocol;
	uint32_t n = cell->load->n;
	ec_prng_seed(&cell->prng, cell->load->seed);
	cell->roster = (struct ec_roster){.era = 1, .n = n, .member = cell->seat};
	cell->options = protocol->options_size ? take(1, protocol->options_size) : NULL;
	cell->protocol->options(n, cell->load->batch_bytes, cell->model, cell->options);
	if (cell->protocol->keys)
		lab_keys_generate(n, cell->load->seed, &cell->keys, cell->shares, NULL);
	cell->batch = take(cell->load->batches, sizeof *cell->batch);
	cell->missing = take(cell->load->batches, sizeof *cell->missing);
	for (uint32_t i = 0; i < cell->load->batches; i++)
		cell->missing[i] = n;
	for (uint32_t at = 0; at < n; at++)
		member_start(cell, at);
	for (uint32_t at = 0; at < n; at++) {
		struct member *member = &cell->member[at];
		const char *wrong = protocol->misfit(&member->config);
		assert(!wrong);
		(void)wrong;
		member->instance =
			instance_new(protocol, &member->config, &member->secret, cell->pool);
		instance_start(member->instance, cell->protocol->keys ? &cell->shares[at] : NULL,
		               (struct moment){.now = cell->now}, 0, &member->digest[0]);
		pump(cell, at);
	}
}

static void end(struct cell *cell)
{
	sim_events_free(&cell->events);
	for (uint32_t at = 0; at < cell->load->n; at++) {
		struct member *member = &cell->member[at];
		instance_free(member->instance);
		ec_secret_erase(&member->secret);
		for (uint32_t from = 0; from < cell->load->n; from++)
			inputs_free(&member->coming[from]);
		free(member->waiting);
		free(member->order);
		free(member->digest);
	}
	for (uint32_t i = 0; i < cell->made; i++)
		ec_drop(cell->batch[i].body);
	free(cell->batch);
	free(cell->missing);
	free(cell->agreed);
	free(cell->options);
	ec_pool_free(cell->pool);
	free(cell);
}

void lab_run(const struct lab_protocol *protocol, const struct lab_model *model,
             const struct lab_load *load, struct lab_result *result)
{
	struct cell *cell = take(1, sizeof *cell);
	struct sim_event event;
	assert(load->n >= 1 && load->n <= LAB_MEMBERS_MAX);
	assert(load->batches >= 1 && load->batch_bytes >= LAB_BODY_MIN && load->at_once >= 1);
	*result = (struct lab_result){0};
	cell->protocol = protocol;
	cell->model = model;
	cell->load = load;
	cell->result = result;
	cell->now = LAB_STEP_NS; /* a clock is never 0: that says "no time" */
	cell->pool = ec_pool_new(0);
	begin(cell);
	uint64_t core = lab_core_ns(), heard = 0;
	for (uint32_t i = 0; i < (load->lone ? load->at_once : load->at_once * load->n); i++)
		lab_submit_next(cell, i % load->n);
	while (cell->finished < load->batches && heard++ < HEARD_MAX &&
	       sim_events_take(&cell->events, &event)) {
		cell->now = event.time;
		happen(cell, &event);
	}
	result->core_ns = lab_core_ns() - core;
	result->batches = cell->finished;
	result->done = cell->finished == load->batches;
	result->took_ns = cell->now - LAB_STEP_NS;
	end(cell);
}
