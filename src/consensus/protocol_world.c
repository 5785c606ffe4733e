/* protocol_world.c - members of any protocol in one memory, for its tests: hosts, steps, messages,
 * time. */
#include "consensus/protocol_world.h"

#include "crypto/hash.h"

#include <stdio.h>

enum { STEP_NS = 10 * 1000 * 1000, HELD_EVERY = 64, STALE_EVERY = 5, ROUNDS_MAX = 100000 };

ec_hash world_digest(struct ec_bytes body)
{
	return body.size ? ec_sha256(body.data, body.size) : (ec_hash){0};
}

void world_violate(struct world *world, const char *what)
{
	if (!world->violation)
		world->violation = what;
}

struct ec_bytes world_sign(struct world *world, ec_node from, struct ec_bytes head,
                           const ec_hash *digest)
{
	ec_hash leaf = ec_proof_leaf(&world->domain, head, digest);
	struct ec_bytes proof;
	ec_proof_make(&world->crypto, &world->member[from].secret, &world->domain, &leaf, 1,
	              world->pool, &proof);
	return proof;
}

static struct world_message message_keep(const struct world_message *message)
{
	return (struct world_message){.head = ec_keep(message->head),
	                              .body = ec_keep(message->body),
	                              .proof = ec_keep(message->proof),
	                              .digest = message->digest};
}

/* Puts a message on a link; gives nothing away. */
static void message_put(struct world *world, ec_node from, ec_node to,
                        const struct world_message *message)
{
	if (world->severed[from][to] || !world->member[to].up)
		return;
	struct world_message kept = message_keep(message);
	world_push(&world->link[from][to], &kept);
	if (from == to)
		return;
	world->sent[message->head.data[0]]++;
	world->bytes += message->head.size + message->body.size;
	struct world_stale *stale = &world->stale[world->said++ * 7 % WORLD_STALE];
	if (world->said % STALE_EVERY)
		return;
	world_message_drop(&stale->message);
	*stale = (struct world_stale){from, to, message_keep(message)};
}

static struct world_message message_of(struct world *world, ec_node from, uint32_t flags,
                                       struct ec_bytes head, struct ec_bytes body)
{
	struct world_message message = {.head = head, .body = body, .digest = world_digest(body)};
	if (flags & EC_SIGN)
		message.proof = world_sign(world, from, head, &message.digest);
	return message;
}

void world_tell(struct world *world, ec_node from, ec_node to, uint32_t flags, struct ec_bytes head,
                struct ec_bytes body)
{
	struct world_message message = message_of(world, from, flags, head, body);
	for (ec_node node = 0; node < world->n; node++)
		if (to == node || (to == EC_ALL && node != from))
			message_put(world, from, node, &message);
	ec_drop(message.proof);
}

static void send_perform(struct world *world, ec_node from, const struct ec_effect *effect)
{
	struct world_message message =
		message_of(world, from, effect->flags, effect->head, effect->body);
	if (world->of->said)
		world->of->said(world, from, effect->head, effect->body);
	for (ec_node to = 0; to < world->n; to++)
		if (effect->node == EC_ALL || effect->node == to)
			message_put(world, from, to, &message);
	ec_drop(message.proof);
}

static void blame_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	const struct ec_config *judge = &world->member[(node + 1) % world->n].config;
	world->blames++;
	world->blamed = effect->node;
	if (!world->of->protocol->guilty(judge, effect->node, effect->head, effect->body))
		world_violate(world, "evidence: a BLAME that does not hold");
	if (!world->member[effect->node].byzantine)
		world_violate(world, "evidence: a correct member is blamed");
}

static void note_perform(struct world *world, const struct ec_effect *effect)
{
	size_t size = effect->head.size;
	if (size && strlen(world->notes) + size + 2 < sizeof world->notes)
		strncat(strncat(world->notes, (const char *)effect->head.data, size), "\n", 2);
}

static void record_put(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node];
	struct world_record record = {.seq = effect->seq,
	                              .head = ec_keep(effect->head),
	                              .body = ec_keep(effect->body),
	                              .cut = effect->flags & EC_CUT};
	if (world->of->saved)
		world->of->saved(world, node, effect);
	world->saves++;
	world_push(&member->records, &record);
	member->saving++;
}

static void effect_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	switch (effect->kind) {
	case EC_SEND:
		send_perform(world, node, effect);
		break;
	case EC_SAVE:
		record_put(world, node, effect);
		break;
	case EC_BLAME:
		blame_perform(world, node, effect);
		break;
	case EC_NOTE:
		note_perform(world, effect);
		break;
	default:
		world_app_perform(world, node, effect);
	}
}

/* As far as the disk allows; then what the host still owes, and what comes of that. */
static void effects_perform(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	do {
		while (member->up && member->effects.count) {
			struct ec_effect effect =
				*(struct ec_effect *)world_at(&member->effects, 0);
			if (effect.kind != EC_SAVE && member->saving)
				return;
			world_shift(&member->effects);
			effect_perform(world, node, &effect);
			world_effect_drop(&effect);
			if (!member->stalled)
				member->saving = 0;
		}
	} while (member->up && !member->saving && world_app_answer(world, node));
}

void world_disk(struct world *world, ec_node node, uint32_t count)
{
	struct world_member *member = &world->member[node];
	member->saving -= count < member->saving ? count : member->saving;
	effects_perform(world, node);
}

static uint64_t since(const struct world *world, const struct world_member *member)
{
	for (uint32_t i = 0; i < world->batches; i++)
		if (!member->stands[i] && world->offered[i] >> member->config.self & 1)
			return world->arrived[i];
	return 0;
}

/* The references of an instance, in world->held.  Returns: how many. */
static uint32_t held_of(struct world *world, const void *state)
{
	uint32_t count = world->of->protocol->held(state, world->held);
	if (count > world->held_most)
		world->held_most = count;
	if (count > world->limits.buffers_held)
		world_violate(world, "limits: more buffers are held than said");
	return count;
}

void world_state_release(struct world *world, const void *state)
{
	uint32_t count = held_of(world, state);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(world->held[i]);
}

static void twin_begin(struct world *world, const struct world_member *member)
{
	memcpy(world->twin, member->state, world->limits.state);
	uint32_t count = held_of(world, world->twin);
	for (uint32_t i = 0; i < count; i++)
		ec_keep(world->held[i]);
}

/* The same step on a copy gives the same effects: a step is a function. */
static void twin_run(struct world *world, const struct ec_input *in, const struct ec_out *out)
{
	struct ec_out twin = {.effect = world->twin_effect,
	                      .capacity = world->limits.effects_per_step,
	                      .pool = world->pool};
	world->of->protocol->step(world->twin, in, &twin);
	bool same = twin.count == out->count && twin.wake == out->wake && twin.view == out->view &&
	            twin.want == out->want && twin.lead == out->lead;
	for (uint32_t i = 0; i < twin.count; i++) {
		const struct ec_effect *a = &out->effect[i], *b = &twin.effect[i];
		same = same && i < out->count && a->kind == b->kind && a->seq == b->seq &&
		       a->node == b->node && a->flags == b->flags && a->stamp == b->stamp &&
		       a->ticket == b->ticket && ec_bytes_equal(a->head, b->head) &&
		       ec_bytes_equal(a->body, b->body);
		world_effect_drop(b);
	}
	world_state_release(world, world->twin);
	if (!same)
		world_violate(world, "purity: a copy of the instance did something else");
}

/* Eager ones leave at once, but SERVE, which may not overtake a delivery; the others wait their
 * turn. */
static void effects_take(struct world *world, ec_node node, const struct ec_out *out)
{
	for (uint32_t i = 0; i < out->count; i++) {
		const struct ec_effect *effect = &out->effect[i];
		size_t size = effect->head.size + effect->body.size;
		if ((effect->kind == EC_SEND && size > world->limits.message_max) ||
		    (effect->kind == EC_SAVE && size > world->limits.record_max))
			world_violate(world, "limits: a message or a record is larger than said");
		if (!(effect->flags & EC_EAGER) || effect->kind == EC_SERVE) {
			world_push(&world->member[node].effects, effect);
			continue;
		}
		if (!world->auditing)
			effect_perform(world, node, effect);
		world_effect_drop(effect);
	}
	if (out->count > world->effects_most)
		world->effects_most = out->count;
}

void world_input(struct world *world, ec_node node, struct ec_input in)
{
	const struct ec_protocol *protocol = world->of->protocol;
	struct world_member *member = &world->member[node];
	uint32_t every = world->of->invariants_every;
	bool twins = world->is.twins && !world->auditing;
	struct ec_out out = {.effect = world->effect,
	                     .capacity = world->limits.effects_per_step,
	                     .pool = world->pool};
	in.now = world->now;
	in.since = since(world, member);
	world->steps++;
	if (twins)
		twin_begin(world, member);
	else if (world->steps % HELD_EVERY == 0)
		held_of(world, member->state);
	protocol->step(member->state, &in, &out);
	if (twins)
		twin_run(world, &in, &out);
	if (twins || every < 2 || world->steps % every == 0)
		protocol->invariants(member->state);
	if (in.kind == EC_RECORD && out.count)
		world_violate(world, "replay: an effect before START");
	if (out.view < member->view)
		world_violate(world, "contract: the view went back");
	member->wake = out.wake;
	member->view = out.view;
	member->want = out.want;
	member->lead = out.lead;
	effects_take(world, node, &out);
}

void world_step(struct world *world, ec_node node, struct ec_input in)
{
	world_input(world, node, in);
	effects_perform(world, node);
}

void world_wake(struct world *world, ec_node node)
{
	world_step(world, node, (struct ec_input){.kind = EC_WAKE});
}

bool world_wakes(struct world *world)
{
	bool any = false;
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine || !member->wake || member->wake > world->now)
			continue;
		any = true;
		world_wake(world, node);
	}
	return any;
}

static void message_hear(struct world *world, ec_node from, ec_node to,
                         const struct world_message *message)
{
	const struct world_member *member = &world->member[to];
	struct ec_input in = {.kind = EC_RECV,
	                      .from = from,
	                      .head = message->head,
	                      .body = message->body,
	                      .proof = message->proof,
	                      .digest = message->digest};
	if (!member->up || member->byzantine)
		return;
	bool good = !message->proof.size ||
	            ec_proof_verify(&world->crypto, world->roster_member[from].key, &world->domain,
	                            in.head, &in.digest, in.proof);
	if (good && world->of->protocol->check(&member->config, &in)) {
		world_step(world, to, in);
		return;
	}
	world->refused++;
	world->misheard |= from < world->is.voters && !world->member[from].byzantine;
}

bool world_deliver(struct world *world, ec_node from, ec_node to)
{
	struct world_queue *link = &world->link[from][to];
	if (!link->count)
		return false;
	struct world_message message = *(struct world_message *)world_at(link, 0);
	world_shift(link);
	message_hear(world, from, to, &message);
	world_message_drop(&message);
	return true;
}

void world_twice(struct world *world)
{
	const struct world_stale *stale = &world->stale[ec_prng_below(&world->prng, WORLD_STALE)];
	if (!stale->message.head.size || world->severed[stale->from][stale->to] ||
	    !world->member[stale->to].up)
		return;
	struct world_message message = message_keep(&stale->message);
	world_push(&world->link[stale->from][stale->to], &message);
}

void world_round_to(struct world *world, ec_node to)
{
	for (ec_node from = 0; from < world->n; from++)
		for (uint32_t count = world->link[from][to].count; count; count--)
			world_deliver(world, from, to);
}

void world_round(struct world *world)
{
	uint32_t count[WORLD_MEMBERS][WORLD_MEMBERS];
	for (ec_node from = 0; from < world->n; from++)
		for (ec_node to = 0; to < world->n; to++)
			count[from][to] = world->link[from][to].count;
	for (ec_node from = 0; from < world->n; from++)
		for (ec_node to = 0; to < world->n; to++)
			while (count[from][to]--)
				world_deliver(world, from, to);
	while (world->of->busy && world_wakes(world))
		;
}

void world_settle(struct world *world)
{
	uint32_t rounds = 0;
	for (bool moved = true; moved && !world->violation;) {
		moved = false;
		if (++rounds > ROUNDS_MAX)
			world_violate(world, "liveness: messages without end");
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++)
				while (world_deliver(world, from, to))
					moved = true;
		if (world->of->busy && world_wakes(world))
			moved = true;
	}
}

uint32_t world_batch(struct world *world, const char *text)
{
	return world_batch_at(world, text, UINT64_MAX);
}

uint32_t world_batch_at(struct world *world, const char *text, uint64_t offered)
{
	uint32_t number = world->batches++;
	world->batch[number] = ec_pool_copy(world->pool, text, strlen(text));
	world->batch_digest[number] = world_digest(world->batch[number]);
	world->arrived[number] = world->now;
	world->offered[number] = offered;
	for (ec_node node = 0; node < world->n; node++)
		if (world->member[node].up && !world->member[node].byzantine && offered >> node & 1)
			world_wake(world, node);
	return number;
}

void world_batches(struct world *world, uint32_t count, uint64_t offered)
{
	while (count--) {
		char text[32];
		snprintf(text, sizeof text, "batch %u", world->batches);
		world_batch_at(world, text, offered);
	}
}

void world_batches_in_turn(struct world *world, uint32_t count)
{
	while (count--)
		world_batches(world, 1, (uint64_t)1 << world->batches % world->is.voters);
}

void world_submit(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		struct world_member *member = &world->member[node];
		uint64_t first = world->mixes ? ec_prng_below(&world->prng, world->batches + 1) : 0;
		for (uint32_t k = 0; k < world->batches; k++) {
			uint32_t i = (uint32_t)((first + k) % world->batches);
			bool takes = member->lead == node || member->lead == EC_ALL;
			uint64_t view = member->lead == EC_ALL ? 1 : member->view + 1;
			if (!member->up || member->byzantine || !member->want || !takes)
				break;
			if (member->stands[i] || member->submitted_view[i] == view ||
			    !(world->offered[i] >> node & 1))
				continue;
			member->submitted_view[i] = view;
			world_step(
				world, node,
				(struct ec_input){.kind = EC_SUBMIT,
			                          .body = world->batch[i],
			                          .digest = world->batch_digest[i],
			                          .own = world->offered[i] == (uint64_t)1 << node});
		}
	}
}

void world_tick(struct world *world)
{
	world_wakes(world);
	world_submit(world);
}

void world_pass(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms * 1000000;
	do {
		world->now += STEP_NS;
		world_tick(world);
		world_settle(world);
		if (world->is.pins)
			world_pin(world);
	} while (world->now < end);
}

bool world_behind(const struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine)
			continue;
		if (member->final < world->furthest || member->reads)
			return true;
		for (uint32_t i = 0; i < world->batches; i++)
			if (world->offered[i] >> node & 1 &&
			    (!member->stands[i] || member->stands[i] > member->final))
				return true;
	}
	return false;
}

bool world_finish(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms * 1000000;
	world_submit(world);
	world_settle(world);
	while (world_behind(world) && world->now < end && !world->violation)
		world_pass(world, STEP_NS / 1000000);
	return !world->violation && !world_behind(world);
}

void world_print(const struct world *world)
{
	char line[512];
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		struct ec_text text = ec_text_over(line, sizeof line);
		line[0] = '\0';
		if (member->up)
			world->of->protocol->show(member->state, &text);
		printf("%c: %s; applied %llu, final %llu\n", 'a' + (int)node, line,
		       (unsigned long long)member->applied, (unsigned long long)member->final);
	}
}
