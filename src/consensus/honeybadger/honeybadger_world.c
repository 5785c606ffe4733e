/* honeybadger_world.c - members of HoneyBadgerBFT in one memory, for tests: hosts and messages. */
#include "consensus/honeybadger/honeybadger_world.h"

#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>

ec_hash world_digest(struct ec_bytes body)
{
	return body.size ? ec_sha256(body.data, body.size) : (ec_hash){0};
}

void world_violate(struct world *world, const char *what)
{
	if (!world->violation)
		world->violation = what;
}

const struct hb *world_hb(const struct world *world, ec_node node)
{
	return world->member[node].state;
}

static void message_put(struct world *world, ec_node from, ec_node to, struct ec_bytes head,
                        struct ec_bytes body)
{
	if (world->severed[from][to] || !world->member[to].up)
		return;
	struct world_message message = {.head = ec_keep(head), .body = ec_keep(body)};
	world_push(&world->link[from][to], &message);
	world->sent[head.data[0]] += from != to;
	struct world_stale *stale = &world->stale[world->said_count++ * 7 % 32];
	if (world->said_count % 5 == 0 && from != to) {
		world_message_drop(&stale->message);
		*stale = (struct world_stale){from, to, {ec_keep(head), ec_keep(body)}};
	}
	if (from != to)
		world->bytes += head.size + body.size;
}

void world_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                 struct ec_bytes body)
{
	struct ec_bytes head = hb_message_write(world->pool, message);
	message_put(world, from, to, head, body);
	ec_drop(head);
	ec_drop(body);
}

void world_propose(struct world *world, ec_node from, uint64_t epoch, struct ec_bytes payload)
{
	struct ec_bytes val[WORLD_MEMBERS];
	struct rbc_group group = hb_group_of(&world->member[from].config);
	struct message message = {.kind = VAL, .epoch = epoch};
	rbc_encode(group, payload, world->pool, val);
	for (ec_node to = 0; to < group.n; to++)
		world_forge(world, from, to, &message, val[to]);
	ec_drop(payload);
}

static void send_perform(struct world *world, ec_node from, const struct ec_effect *effect)
{
	world_hear(world, from, effect->head, effect->body);
	for (ec_node to = 0; to < world->n; to++)
		if (effect->node == EC_ALL || effect->node == to)
			message_put(world, from, to, effect->head, effect->body);
}

int world_batch_find(const struct world *world, const ec_hash *digest)
{
	for (uint32_t i = 0; i < world->batches; i++)
		if (ec_hash_equal(&world->batch_digest[i], digest))
			return (int)i;
	return -1;
}

static void apply(struct world *world, struct world_member *member, ec_seq seq,
                  const ec_hash *digest)
{
	const struct ec_part parts[] = {{member->chain[seq - 1].b, 32}, {digest->b, 32}};
	int batch = world_batch_find(world, digest);
	member->chain[seq] = ec_sha256_parts(parts, 2);
	member->history[seq] = *digest;
	member->applied = seq;
	if (batch >= 0)
		member->has[batch] = true;
}

static void deliver_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node];
	ec_hash digest = world_digest(effect->body);
	ec_seq seq = effect->seq - world->is.base;
	if (seq != member->applied + 1 || seq >= WORLD_SEQS) {
		world_violate(world, "order: a delivery has a gap");
		return;
	}
	int batch = effect->body.size ? world_batch_find(world, &digest) : -1;
	if (effect->body.size && batch < 0 && !world->mute_unknown)
		world_violate(world, "validity: a batch that no host submitted was delivered");
	if (batch >= 0 && world->submitter[batch] != EC_ALL &&
	    world->submitter[batch] != effect->node)
		world_violate(world, "validity: a batch is delivered as another member's");
	if ((effect->body.size == 0) != (effect->node == EC_ALL))
		world_violate(world, "validity: a filler has a proposer, or a batch has none");
	if (world->agreed_known[seq] && (!ec_hash_equal(&world->agreed[seq], &digest) ||
	                                 world->agreed_node[seq] != effect->node))
		world_violate(world, "agreement: two members delivered different batches");
	if (effect->stamp || member->fetch.kind == EC_FETCH)
		world_violate(world, "contract: a stamp, or a delivery during a fetch");
	world_delivered(world, node, seq);
	world->agreed_known[seq] = true;
	world->agreed[seq] = digest;
	world->agreed_node[seq] = effect->node;
	apply(world, member, seq, &digest);
}

static void fetch_answer(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	struct ec_effect effect = member->fetch;
	struct world_member *other = &world->member[effect.node];
	ec_seq to = effect.seq - world->is.base;
	bool there = other->up && other->applied >= to && !world->severed[node][effect.node];
	bool good = there && !other->byzantine && ec_hash_equal(&other->chain[to], &effect.digest);
	if (other->byzantine || (there && !good))
		world_violate(world, "claims: a state was believed that no correct member has");
	for (ec_seq seq = member->applied + 1; good && seq <= to; seq++)
		apply(world, member, seq, &other->history[seq]);
	if (good)
		member->durable = member->applied;
	member->fetch.kind = 0;
	world_input(world, node,
	            (struct ec_input){.kind = EC_FETCHED,
	                              .seq = member->applied + world->is.base,
	                              .digest = member->chain[member->applied]});
}

/* All but SAVEs. */
static void effect_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node];
	switch (effect->kind) {
	case EC_SEND:
		send_perform(world, node, effect);
		break;
	case EC_DELIVER:
		deliver_perform(world, node, effect);
		break;
	case EC_SNAP:
		if (effect->seq != member->applied + world->is.base ||
		    member->applied % world->options.interval)
			world_violate(world, "contract: a checkpoint elsewhere than where we are");
		if (member->snapping < 64 && !member->forgetful)
			member->snap[member->snapping++] = member->applied;
		break;
	case EC_FETCH:
		world->fetches++;
		member->fetch = *effect;
		break;
	case EC_NOTE:
		if (strlen(world->notes) + effect->head.size + 2 < sizeof world->notes)
			strncat(strncat(world->notes, (const char *)effect->head.data,
			                effect->head.size),
			        "\n", 2);
		break;
	default:
		world_violate(world, "contract: an effect that this order does not have");
	}
}

static void record_put(struct world *world, struct world_member *member,
                       const struct ec_effect *effect)
{
	world_hear(world, member->config.self, effect->head, effect->body);
	struct world_record record = {.seq = effect->seq,
	                              .head = ec_keep(effect->head),
	                              .body = ec_keep(effect->body),
	                              .cut = effect->flags & EC_CUT};
	world->saves++;
	world_push(&member->records, &record);
	member->saving++;
}

static void answers_give(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	if (!member->up || member->effects.count || member->saving)
		return;
	while (member->snapping) {
		ec_seq seq = member->snap[0];
		memmove(member->snap, member->snap + 1, --member->snapping * sizeof seq);
		if (seq > member->durable)
			member->durable = seq;
		world_input(world, node,
		            (struct ec_input){.kind = EC_SNAPPED,
		                              .seq = seq + world->is.base,
		                              .digest = member->chain[seq]});
	}
	if (member->fetch.kind == EC_FETCH)
		fetch_answer(world, node);
}

static void effects_perform(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	while (member->up && member->effects.count) {
		struct ec_effect effect = *(struct ec_effect *)world_at(&member->effects, 0);
		if (effect.kind != EC_SAVE && member->saving)
			return;
		world_shift(&member->effects);
		if (effect.kind == EC_SAVE)
			record_put(world, member, &effect);
		else
			effect_perform(world, node, &effect);
		world_effect_drop(&effect);
		if (!member->stalled)
			member->saving = 0;
	}
	answers_give(world, node);
}

void world_disk(struct world *world, ec_node node, uint32_t count)
{
	struct world_member *member = &world->member[node];
	member->saving -= count < member->saving ? count : member->saving;
	effects_perform(world, node);
}

static uint32_t held_of(struct world *world, const void *state)
{
	uint32_t count = ec_honeybadger.held(state, NULL);
	if (count > world->held_most)
		world->held_most = count;
	if (count > world->limits.buffers_held) {
		world_violate(world, "limits: more buffers are held than said");
		return 0;
	}
	return ec_honeybadger.held(state, world->held);
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
	ec_honeybadger.step(world->twin, in, &twin);
	bool same = twin.count == out->count && twin.wake == out->wake && twin.want == out->want;
	for (uint32_t i = 0; i < twin.count; i++) {
		const struct ec_effect *a = &out->effect[i], *b = &twin.effect[i];
		same = same && i < out->count && a->kind == b->kind && a->seq == b->seq &&
		       a->node == b->node && a->flags == b->flags &&
		       ec_bytes_equal(a->head, b->head) && ec_bytes_equal(a->body, b->body);
		world_effect_drop(b);
	}
	uint32_t count = held_of(world, world->twin);
	for (uint32_t i = 0; i < count; i++)
		ec_drop(world->held[i]);
	if (!same)
		world_violate(world, "purity: a copy of the instance did something else");
}

static void effects_take(struct world *world, ec_node node, const struct ec_out *out)
{
	struct world_member *member = &world->member[node];
	for (uint32_t i = 0; i < out->count; i++) {
		const struct ec_effect *effect = &out->effect[i];
		size_t size = effect->head.size + effect->body.size;
		if ((effect->kind == EC_SEND && size > world->limits.message_max) ||
		    (effect->kind == EC_SAVE && size > world->limits.record_max))
			world_violate(world, "limits: a message or a record is larger than said");
		world_push(&member->effects, effect);
	}
	/* Eager ones leave at once; the queue keeps the others. */
	struct ec_effect eager[WORLD_MEMBERS * 8];
	uint32_t count = 0, left = member->effects.count;
	while (left--) {
		struct ec_effect effect = *(struct ec_effect *)world_at(&member->effects, 0);
		world_shift(&member->effects);
		if (effect.flags & EC_EAGER && count < WORLD_MEMBERS * 8)
			eager[count++] = effect;
		else
			world_push(&member->effects, &effect);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!world->auditing)
			effect_perform(world, node, &eager[i]);
		world_effect_drop(&eager[i]);
	}
}

void world_input(struct world *world, ec_node node, struct ec_input in)
{
	struct world_member *member = &world->member[node];
	struct ec_out out = {.effect = world->effect,
	                     .capacity = world->limits.effects_per_step,
	                     .pool = world->pool};
	in.now = world->now;
	world->steps++;
	bool twins = world->is.twins && in.kind != EC_RECORD && !world->auditing;
	if (twins)
		twin_begin(world, member);
	else if (world->steps % 64 == 0)
		held_of(world, member->state);
	ec_honeybadger.step(member->state, &in, &out);
	if (twins)
		twin_run(world, &in, &out);
	ec_honeybadger.invariants(member->state);
	if (in.kind == EC_RECORD && out.count)
		world_violate(world, "replay: an effect before START");
	if (out.count > world->effects_most)
		world->effects_most = out.count;
	if (in.kind != EC_RECORD) {
		member->wake = out.wake;
		member->want = out.want;
	}
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
		struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine || !member->wake)
			continue;
		any = true;
		world_wake(world, node);
	}
	return any;
}

bool world_deliver(struct world *world, ec_node from, ec_node to)
{
	struct world_queue *link = &world->link[from][to];
	struct world_member *member = &world->member[to];
	if (!link->count)
		return false;
	struct world_message message = *(struct world_message *)world_at(link, 0);
	world_shift(link);
	struct ec_input in = {.kind = EC_RECV,
	                      .from = from,
	                      .head = message.head,
	                      .body = message.body,
	                      .digest = world_digest(message.body)};
	bool listens = member->up && !member->byzantine;
	bool good = listens && ec_honeybadger.check(&member->config, &in);
	if (good)
		world_step(world, to, in);
	world->refused += listens && !good;
	if (listens && !good && !world->member[from].byzantine)
		world_violate(world, "check: a correct member's message is refused");
	world_message_drop(&message);
	return true;
}

void world_twice(struct world *world)
{
	const struct world_stale *stale = &world->stale[ec_prng_below(&world->prng, 32)];
	if (!stale->message.head.size || world->severed[stale->from][stale->to] ||
	    !world->member[stale->to].up)
		return;
	struct world_message message = {.head = ec_keep(stale->message.head),
	                                .body = ec_keep(stale->message.body)};
	world_push(&world->link[stale->from][stale->to], &message);
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
	while (world_wakes(world))
		;
}

void world_settle(struct world *world)
{
	for (bool moved = true; moved && !world->violation;) {
		moved = false;
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++)
				while (world_deliver(world, from, to))
					moved = true;
		moved |= world_wakes(world);
	}
}

static uint32_t batch_put(struct world *world, ec_node node, const char *text)
{
	uint32_t number = world->batches++;
	world->batch[number] = ec_pool_copy(world->pool, text, strlen(text));
	world->batch_digest[number] = world_digest(world->batch[number]);
	world->submitter[number] = node;
	return number;
}

uint32_t world_batch(struct world *world, ec_node node, const char *text)
{
	return batch_put(world, node, text);
}

uint32_t world_known(struct world *world, const char *text)
{
	return batch_put(world, EC_ALL, text);
}

void world_submit(struct world *world)
{
	for (uint32_t i = 0; i < world->batches; i++) {
		ec_node node = world->submitter[i];
		struct world_member *member = node == EC_ALL ? NULL : &world->member[node];
		if (!member || !member->up || member->byzantine || !member->want ||
		    member->has[i] || member->submitted[i])
			continue;
		member->submitted[i] = true;
		world_step(world, node,
		           (struct ec_input){.kind = EC_SUBMIT,
		                             .body = world->batch[i],
		                             .digest = world->batch_digest[i]});
	}
}

static bool waits(const struct world *world, ec_node node)
{
	const struct world_member *member = &world->member[node];
	for (uint32_t i = 0; i < world->batches; i++)
		if (world->submitter[i] == node && !member->has[i])
			return true;
	return false;
}

bool world_behind(const struct world *world)
{
	ec_seq furthest = 0;
	for (ec_node node = 0; node < world->n; node++)
		if (world->member[node].up && world->member[node].applied > furthest)
			furthest = world->member[node].applied;
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine)
			continue;
		if (member->applied < furthest || waits(world, node))
			return true;
	}
	return false;
}

bool world_finish(struct world *world)
{
	for (uint32_t i = 0; i < 200 && !world->violation; i++) {
		uint32_t steps = world->steps;
		world_submit(world);
		world_settle(world);
		if (world->steps == steps)
			break;
	}
	return !world->violation && !world_behind(world);
}

void world_print(const struct world *world)
{
	char line[512];
	for (ec_node node = 0; node < world->n; node++) {
		struct ec_text text = ec_text_over(line, sizeof line);
		if (world->member[node].up)
			ec_honeybadger.show(world->member[node].state, &text);
		printf("%c: %s; applied %llu\n", 'a' + (int)node, line,
		       (unsigned long long)world->member[node].applied);
	}
}
