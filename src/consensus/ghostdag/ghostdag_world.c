/* ghostdag_world.c - members of GHOSTDAG in one memory, for tests: hosts, steps and messages. */
#include "consensus/ghostdag/ghostdag_world.h"

#include "consensus/ghostdag/ghostdag_app_world.h"
#include "crypto/hash.h"

#include <stdlib.h>

/* Signatures that cost little: whoever knows the key could make them, and tests do not try. */
static void fake_sign(const struct ec_secret *secret, const void *message, size_t size,
                      uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_hash hash = ec_hmac_sha256(secret->key, sizeof secret->key, message, size);
	memcpy(signature, hash.b, 32);
	memcpy(signature + 32, hash.b, 32);
}

static bool fake_verify(const uint8_t key[static EC_KEY_SIZE], const void *message, size_t size,
                        const uint8_t signature[static EC_SIGNATURE_SIZE])
{
	ec_hash hash = ec_hmac_sha256(key, EC_KEY_SIZE, message, size);
	return memcmp(signature, hash.b, 32) == 0 && memcmp(signature + 32, hash.b, 32) == 0;
}

const struct ec_crypto world_crypto = {.verify = fake_verify, .sign = fake_sign};

ec_hash world_digest(struct ec_bytes body)
{
	return body.size ? ec_sha256(body.data, body.size) : (ec_hash){0};
}

void world_violate(struct world *world, const char *what)
{
	if (!world->violation)
		world->violation = what;
}

void world_message_drop(struct world_message *message)
{
	ec_drop(message->head);
	ec_drop(message->body);
	ec_drop(message->proof);
}

static struct ec_bytes sign(struct world *world, ec_node from, struct ec_bytes head,
                            const ec_hash *digest)
{
	ec_hash leaf = ec_proof_leaf(&world->domain, head, digest);
	struct ec_bytes proof;
	ec_proof_make(&world_crypto, &world->member[from].secret, &world->domain, &leaf, 1,
	              world->pool, &proof);
	return proof;
}

/* Every block that is said, in the world's own graph. */
static void graph_note(struct world *world, struct ec_bytes head, const ec_hash *digest)
{
	struct message m;
	uint32_t parents[NAMES_MAX], number;
	if (!ghostdag_message_read(head, &m) || m.kind != BLOCK)
		return;
	for (uint32_t i = 0; i < m.names; i++)
		parents[i] = dag_find(world->graph, &m.name[i]);
	ec_hash id = ghostdag_id(&world->domain, head, digest);
	if (m.names)
		dag_add(world->graph, &id, parents, m.names, 1, &number);
}

/* Puts a message on a link; gives nothing away.  Messages to oneself are never lost. */
static void message_put(struct world *world, ec_node from, ec_node to, struct ec_bytes head,
                        struct ec_bytes body, struct ec_bytes proof)
{
	struct message m;
	if (world->severed[from][to] || !world->member[to].up)
		return;
	struct world_message message = {.head = ec_keep(head),
	                                .body = ec_keep(body),
	                                .proof = ec_keep(proof),
	                                .digest = world_digest(body)};
	world_push(&world->link[from][to], &message);
	if (ghostdag_message_read(head, &m))
		world->sent[m.kind] += from != to;
}

ec_hash world_forge(struct world *world, ec_node from, ec_node to, struct message *message,
                    const char *text)
{
	struct ec_bytes body = ec_pool_copy(world->pool, text, strlen(text));
	struct ec_bytes head = ghostdag_message_write(world->pool, message);
	ec_hash digest = world_digest(body);
	struct ec_bytes proof = sign(world, from, head, &digest);
	graph_note(world, head, &digest);
	for (ec_node node = 0; node < world->n; node++)
		if ((to == EC_ALL && node != from) || to == node)
			message_put(world, from, node, head, body, proof);
	ec_hash id = ghostdag_id(&world->domain, head, &digest);
	ec_drop(head);
	ec_drop(body);
	ec_drop(proof);
	return id;
}

static void send_perform(struct world *world, ec_node from, const struct ec_effect *effect)
{
	struct ec_bytes proof = EC_NO_BYTES;
	ec_hash digest = world_digest(effect->body);
	if (effect->flags & EC_SIGN)
		proof = sign(world, from, effect->head, &digest);
	graph_note(world, effect->head, &digest);
	for (ec_node to = 0; to < world->n; to++)
		if (effect->node == EC_ALL || effect->node == to)
			message_put(world, from, to, effect->head, effect->body, proof);
	ec_drop(proof);
}

static void blame_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	world->blames++;
	world->blamed = effect->node;
	if (!ec_ghostdag.guilty(&world->member[(node + 1) % world->n].config, effect->node,
	                        effect->head, effect->body))
		world_violate(world, "evidence: a BLAME that does not hold");
	if (!world->member[effect->node].byzantine)
		world_violate(world, "evidence: a correct member is blamed");
}

/* All but SAVEs. */
static void effect_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	switch (effect->kind) {
	case EC_SEND:
		send_perform(world, node, effect);
		break;
	case EC_DELIVER:
		world_app_deliver(world, node, effect);
		break;
	case EC_UNDO:
		world_app_undo(world, node, effect->seq);
		break;
	case EC_FINAL:
		world_app_final(world, node, effect->seq);
		break;
	case EC_SNAP:
		world_app_snap(world, node, effect->seq);
		break;
	case EC_FETCH:
		world_app_fetch(world, node, effect);
		break;
	case EC_BLAME:
		blame_perform(world, node, effect);
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

static void record_put(struct world_member *member, const struct ec_effect *effect)
{
	struct world_record record = {.seq = effect->seq,
	                              .head = ec_keep(effect->head),
	                              .body = ec_keep(effect->body),
	                              .cut = effect->flags & EC_CUT};
	world_push(&member->records, &record);
	member->saving++;
}

void world_effect_drop(const struct ec_effect *effect)
{
	ec_drop(effect->head);
	ec_drop(effect->body);
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
			record_put(member, &effect);
		else
			effect_perform(world, node, &effect);
		world_effect_drop(&effect);
		if (!member->stalled)
			member->saving = 0;
	}
}

void world_disk(struct world *world, ec_node node)
{
	world->member[node].saving = 0;
	effects_perform(world, node);
}

static uint32_t held_of(struct world *world, const void *state)
{
	uint32_t count = ec_ghostdag.held(state, world->held);
	if (count > world->limits.buffers_held)
		world_violate(world, "limits: more buffers are held than said");
	return count;
}

/* The same step on a copy gives the same effects: a step is a function. */
static void twin_run(struct world *world, const struct ec_input *in, const struct ec_out *out)
{
	struct ec_out twin = {.effect = world->twin_effect,
	                      .capacity = world->limits.effects_per_step,
	                      .pool = world->pool};
	ec_ghostdag.step(world->twin, in, &twin);
	bool same = in->kind == EC_RECORD ||
	            (twin.count == out->count && twin.wake == out->wake && twin.want == out->want);
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

static void twin_copy(struct world *world, const void *state)
{
	memcpy(world->twin, state, world->limits.state);
	uint32_t count = held_of(world, world->twin);
	for (uint32_t i = 0; i < count; i++)
		ec_keep(world->held[i]);
}

void world_input(struct world *world, ec_node node, struct ec_input in)
{
	struct world_member *member = &world->member[node];
	struct ec_out out = {.effect = world->effect,
	                     .capacity = world->limits.effects_per_step,
	                     .pool = world->pool};
	in.now = world->now;
	world->steps++;
	if (world->twins)
		twin_copy(world, member->state);
	ec_ghostdag.step(member->state, &in, &out);
	if (world->twins)
		twin_run(world, &in, &out);
	if (world->steps % 16 == 0 || world->twins)
		ec_ghostdag.invariants(member->state);
	if (in.kind == EC_RECORD && out.count)
		world_violate(world, "replay: an effect before START");
	if (in.kind != EC_RECORD) {
		member->wake = out.wake;
		member->want = out.want;
	}
	uint32_t count = out.count;
	struct ec_effect *effects = malloc((count + 1) * sizeof *effects);
	memcpy(effects, out.effect, count * sizeof *effects);
	for (uint32_t i = 0; i < count; i++) {
		if (effects[i].flags & EC_EAGER) {
			effect_perform(world, node, &effects[i]);
			world_effect_drop(&effects[i]);
		} else {
			world_push(&member->effects, &effects[i]);
		}
	}
	free(effects);
}

void world_step(struct world *world, ec_node node, struct ec_input in)
{
	world_input(world, node, in);
	effects_perform(world, node);
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
	                      .proof = message.proof,
	                      .digest = message.digest};
	bool proven = !message.proof.size ||
	              ec_proof_verify(&world_crypto, world->roster_member[from].key, &world->domain,
	                              in.head, &in.digest, in.proof);
	if (member->up && !member->byzantine && proven && ec_ghostdag.check(&member->config, &in))
		world_step(world, to, in);
	else
		world->refused += member->up && !member->byzantine;
	world_message_drop(&message);
	return true;
}

void world_settle(struct world *world)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++)
				while (world_deliver(world, from, to))
					moved = true;
		for (ec_node node = 0; node < world->n; node++) {
			uint32_t before = world->steps;
			effects_perform(world, node);
			moved = moved || world->steps != before;
		}
	}
}

static void submit(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	for (uint32_t i = 0; i < world->batches; i++) {
		if (!member->up || member->byzantine || !member->want)
			return;
		if (member->submitted[i] || !(world->offered[i] >> node & 1) ||
		    world_app_has(world, node, i))
			continue;
		member->submitted[i] = true;
		world_step(world, node,
		           (struct ec_input){.kind = EC_SUBMIT,
		                             .body = world->batch[i],
		                             .digest = world->batch_digest[i]});
	}
}

void world_tick(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		struct world_member *member = &world->member[node];
		if (member->up && !member->byzantine && member->wake && member->wake <= world->now)
			world_step(world, node, (struct ec_input){.kind = EC_WAKE});
		submit(world, node);
	}
}

void world_pass(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms * 1000000;
	do {
		world->now += 10 * 1000000;
		world_tick(world);
		world_settle(world);
		if (world->pins)
			world_pin(world);
	} while (world->now < end);
}

/* Whether a member that is up lacks something final, or a batch is not final there. */
static bool behind(const struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine)
			continue;
		if (member->final < WORLD_SEQS - 1 && world->agreed_known[member->final + 1])
			return true;
		for (uint32_t i = 0; i < world->batches; i++)
			if (!world_app_has_final(world, node, i))
				return true;
	}
	return false;
}

bool world_finish(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms * 1000000;
	world_settle(world);
	while (behind(world) && world->now < end && !world->violation)
		world_pass(world, 10);
	return !behind(world);
}
