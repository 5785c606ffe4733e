/* instance.c - a protocol instance with its queues.
 *
 * (I1) It is stepped only while the queue of effects has room for effects_per_step more.
 * (I2) Effects are taken in the order that the flush queue allows; the sends of one run that are
 *      marked EC_SIGN carry one signature.
 * (I3) No step goes beyond what limits() said: frames, the log and memory were set aside for that.
 */
#include "group/instance.h"

#include "consensus/alike.h"
#include "consensus/proof.h"
#include "crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

enum { FLUSH_STEPS = 8, FLUSH_MIN = 1024, HELD_EVERY = 256 };

static uint32_t flush_capacity(const struct ec_limits *limits)
{
	uint32_t capacity = limits->effects_per_step * FLUSH_STEPS;
	return capacity < FLUSH_MIN ? FLUSH_MIN : capacity;
}

ec_hash instance_digest(struct ec_bytes body)
{
	return body.size ? ec_sha256(body.data, body.size) : (ec_hash){{0}};
}

struct instance *instance_new(const struct ec_protocol *protocol, const struct ec_config *config,
                              const struct ec_secret *secret, struct ec_pool *pool)
{
	struct instance *instance = calloc(1, sizeof *instance);
	if (!instance)
		abort();
	instance->protocol = protocol;
	instance->config = *config;
	instance->secret = secret;
	instance->pool = pool;
	instance->limits = protocol->limits(config);
	uint32_t capacity = flush_capacity(&instance->limits);
	instance->state = calloc(1, instance->limits.state);
	instance->flush = malloc(ec_flush_size(capacity));
	instance->inbox_of = calloc(config->roster->n, sizeof *instance->inbox_of);
	instance->inbox_bytes = calloc(config->roster->n, sizeof *instance->inbox_bytes);
	instance->out =
		(struct ec_out){.capacity = instance->limits.effects_per_step, .pool = pool};
	instance->out.effect = calloc(instance->out.capacity, sizeof *instance->out.effect);
	if (!instance->state || !instance->flush || !instance->inbox_of || !instance->inbox_bytes ||
	    !instance->out.effect)
		abort();
	ec_flush_init(instance->flush, capacity);
	return instance;
}

static void state_drop(struct instance *instance)
{
	uint32_t count = instance->protocol->held(instance->state, NULL);
	struct ec_bytes *held = calloc(count + 1, sizeof *held);
	if (!held)
		abort();
	instance->protocol->held(instance->state, held);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(held[i]);
	free(held);
}

void instance_free(struct instance *instance)
{
	if (!instance)
		return;
	for (; instance->run_at < instance->run_count; instance->run_at++) {
		ec_drop(instance->run[instance->run_at].head);
		ec_drop(instance->run[instance->run_at].body);
		ec_drop(instance->run_proof[instance->run_at]);
	}
	ec_flush_clear(instance->flush);
	inputs_free(&instance->own);
	inputs_free(&instance->inbox);
	inputs_free(&instance->records);
	for (uint32_t i = 0; i < INSTANCE_MEMO; i++)
		ec_drop(instance->memo[i].body);
	if (instance->started)
		state_drop(instance);
	free(instance->inbox_of);
	free(instance->inbox_bytes);
	free(instance->out.effect);
	free(instance->flush);
	free(instance->state);
	free(instance);
}

bool instance_ready(const struct instance *instance)
{
	return ec_flush_room(instance->flush) >= instance->limits.effects_per_step;
}

static void memo_add(struct instance *instance, struct ec_bytes body, const ec_hash *digest)
{
	struct memo *memo = &instance->memo[instance->memo_next++ % INSTANCE_MEMO];
	ec_drop(memo->body);
	*memo = (struct memo){ec_keep(body), *digest};
}

/* The same buffer still held has the same bytes: bodies travel through a protocol uncopied. */
static ec_hash digest_of(struct instance *instance, struct ec_bytes body)
{
	if (!body.size)
		return (ec_hash){{0}};
	for (uint32_t i = 0; i < INSTANCE_MEMO; i++) {
		const struct memo *memo = &instance->memo[i];
		if (memo->body.data == body.data && memo->body.size == body.size)
			return memo->digest;
	}
	ec_hash digest = instance_digest(body);
	memo_add(instance, body, &digest);
	return digest;
}

/* (I3).  Counting what is held walks the whole state: now and then is enough to find who forgets.
 */
static void limits_hold(struct instance *instance)
{
	const struct ec_limits *limits = &instance->limits;
	const struct ec_out *out = &instance->out;
	assert(out->count <= limits->effects_per_step);
	for (uint32_t i = 0; i < out->count; i++) {
		const struct ec_effect *effect = &out->effect[i];
		size_t size = effect->head.size + effect->body.size;
		if (effect->kind == EC_SEND)
			assert(size <= limits->message_max);
		if (effect->kind == EC_SAVE)
			assert(size <= limits->record_max);
	}
	if (instance->steps++ % HELD_EVERY == 0)
		assert(instance->protocol->held(instance->state, NULL) <= limits->buffers_held);
}

void instance_step(struct instance *instance, struct moment moment, struct ec_input input)
{
	struct ec_out *out = &instance->out;
	assert(instance_ready(instance) && out->count == 0);
	input.now = moment.now;
	input.since = moment.since;
	if (input.kind != EC_RECORD)
		input.stamp = moment.stamp;
	instance->since = moment.since;
	if (input.body.size && (input.kind == EC_RECV || input.kind == EC_SUBMIT))
		memo_add(instance, input.body, &input.digest);
	instance->protocol->step(instance->state, &input, out);
	limits_hold(instance);
	if (input.kind == EC_RECORD)
		assert(out->count == 0);
	for (uint32_t i = 0; i < out->count; i++) {
		instance->applied += ec_effect_applies(out->effect[i].kind);
		ec_flush_add(instance->flush, out->effect[i]);
	}
	out->count = 0;
}

void instance_record(struct instance *instance, const struct ec_input *record)
{
	struct ec_input kept = *record;
	assert(!instance->started && record->kind == EC_RECORD);
	ec_keep(kept.head);
	ec_keep(kept.body);
	inputs_push(&instance->records, kept);
}

/* Records mark a CUT by a ticket of 1: replay reads it here, protocols do not. */
static bool is_cut(const struct ec_input *record)
{
	return record->ticket != 0;
}

static void replay(struct instance *instance, struct moment moment)
{
	const struct inputs *records = &instance->records;
	uint32_t cut = UINT32_MAX;
	for (uint32_t i = 0; i < records->count; i++)
		if (is_cut(&records->at[(records->first + i) % records->capacity]))
			cut = i;
	uint64_t floor = 0;
	if (cut != UINT32_MAX) {
		struct ec_input newest = records->at[(records->first + cut) % records->capacity];
		floor = newest.seq;
		newest.ticket = 0;
		instance_step(instance, moment, newest);
	}
	for (uint32_t i = 0; instance->records.count; i++) {
		struct ec_input record = inputs_pop(&instance->records);
		bool spared = cut == UINT32_MAX || i > cut || record.seq > floor;
		if (i != cut && spared && !is_cut(&record))
			instance_step(instance, moment, record);
		input_drop(&record);
	}
}

void instance_start(struct instance *instance, const struct ec_shares *shares, struct moment moment,
                    uint64_t seq, const ec_hash *digest)
{
	assert(!instance->started);
	instance->config.shares = shares;
	instance->protocol->init(instance->state, &instance->config);
	replay(instance, moment);
	instance->started = true;
	instance_step(instance, moment,
	              (struct ec_input){.kind = EC_START, .seq = seq, .digest = *digest});
}

bool instance_receive(struct instance *instance, const struct ec_input *input)
{
	assert(input->from < instance->config.roster->n);
	if (instance->inbox_of[input->from] >= INSTANCE_INBOX_MAX ||
	    instance->inbox_bytes[input->from] > INSTANCE_INBOX_BYTES_MAX)
		return false;
	instance->inbox_of[input->from]++;
	instance->inbox_bytes[input->from] += input_size(input);
	struct ec_input kept = *input;
	ec_keep(kept.head);
	ec_keep(kept.body);
	ec_keep(kept.proof);
	inputs_push(&instance->inbox, kept);
	return true;
}

void instance_tell(struct instance *instance, struct ec_input input)
{
	inputs_push(&instance->own, input);
}

void instance_stand(struct instance *instance, struct ec_input fetched)
{
	assert(fetched.kind == EC_FETCHED);
	instance->standing += instance->protocol->order == EC_REVISABLE;
	instance_tell(instance, fetched);
}

bool instance_settled(const struct instance *instance)
{
	return instance->applied == instance->performed && !instance->standing;
}

void instance_linked(struct instance *instance, ec_node from)
{
	struct ec_input link = {.kind = EC_LINK, .from = from};
	instance->inbox_of[from]++;
	instance->inbox_bytes[from] += input_size(&link);
	inputs_push(&instance->inbox, link);
}

static void step_queued(struct instance *instance, struct moment moment, struct inputs *queue)
{
	struct ec_input input = inputs_pop(queue);
	if (queue == &instance->inbox) {
		assert(instance->inbox_of[input.from] > 0);
		instance->inbox_of[input.from]--;
		instance->inbox_bytes[input.from] -= input_size(&input);
	}
	if (input.kind == EC_FETCHED && instance->standing) {
		instance->standing--;
		instance->void_until = instance->applied;
	}
	instance_step(instance, moment, input);
	input_drop(&input);
}

bool instance_turn(struct instance *instance, struct moment moment)
{
	uint64_t wake = instance->out.wake;
	if (!instance->started || !instance_ready(instance))
		return false;
	if (instance->own.count)
		step_queued(instance, moment, &instance->own);
	else if (instance->inbox.count)
		step_queued(instance, moment, &instance->inbox);
	else if ((wake && wake <= moment.now) || (moment.since && !instance->since))
		instance_step(instance, moment, (struct ec_input){.kind = EC_WAKE});
	else
		return false;
	return true;
}

/* One signature for the sends of the run that others may be shown. */
static void run_sign(struct instance *instance)
{
	ec_hash leaf[INSTANCE_RUN_MAX];
	uint32_t at[INSTANCE_RUN_MAX], count = 0;
	struct ec_bytes proof[INSTANCE_RUN_MAX];
	for (uint32_t i = 0; i < instance->run_count; i++) {
		struct ec_effect *effect = &instance->run[i];
		instance->run_proof[i] = EC_NO_BYTES;
		if (effect->kind == EC_FETCH) /* its digest is the application's */
			continue;
		effect->digest = digest_of(instance, effect->body);
		if (effect->kind != EC_SEND || !(effect->flags & EC_SIGN))
			continue;
		leaf[count] =
			ec_proof_leaf(&instance->config.domain, effect->head, &effect->digest);
		at[count++] = i;
	}
	if (!count)
		return;
	ec_proof_make(instance->config.crypto, instance->secret, &instance->config.domain, leaf,
	              count, instance->pool, proof);
	for (uint32_t i = 0; i < count; i++)
		instance->run_proof[at[i]] = proof[i];
}

static bool effect_next(struct instance *instance, struct ec_effect *effect, struct ec_bytes *proof)
{
	if (instance->run_at == instance->run_count) {
		instance->run_at = instance->run_count = 0;
		while (instance->run_count < INSTANCE_RUN_MAX &&
		       ec_flush_next(instance->flush, &instance->run[instance->run_count]))
			instance->run_count++;
		run_sign(instance);
	}
	if (instance->run_at == instance->run_count)
		return false;
	*effect = instance->run[instance->run_at];
	*proof = instance->run_proof[instance->run_at++];
	return true;
}

bool instance_effect(struct instance *instance, struct ec_effect *effect, struct ec_bytes *proof)
{
	while (effect_next(instance, effect, proof)) {
		bool applies = ec_effect_applies(effect->kind);
		instance->performed += applies;
		if (!applies || (!instance->standing && instance->performed > instance->void_until))
			return true;
		ec_drop(effect->head);
		ec_drop(effect->body);
	}
	return false;
}
