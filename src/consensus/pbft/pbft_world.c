/* pbft_world.c - members of PBFT in one memory, for tests: hosts, messages and oracles. */
#include "consensus/pbft/pbft_world.h"

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

struct ec_bytes world_sign(struct world *world, ec_node from, struct ec_bytes head,
                           const ec_hash *digest)
{
	ec_hash leaf = ec_proof_leaf(&world->domain, head, digest);
	struct ec_bytes proof;
	ec_proof_make(&world_crypto, &world->member[from].secret, &world->domain, &leaf, 1,
	              world->pool, &proof);
	return proof;
}

void world_message_drop(struct world_message *message)
{
	ec_drop(message->head);
	ec_drop(message->body);
	ec_drop(message->proof);
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
	if (!pbft_message_read(head, &m))
		return;
	world->sent[m.kind] += from != to;
	if (m.kind != VIEW_CHANGE)
		return;
	world_message_drop(&world->change[from]);
	message.head = ec_keep(head);
	message.body = ec_keep(body);
	message.proof = ec_keep(proof);
	world->change[from] = message;
}

void world_forge(struct world *world, ec_node from, ec_node to, const struct message *message,
                 struct ec_bytes body)
{
	struct ec_bytes head = pbft_message_write(world->pool, message);
	ec_hash digest = world_digest(body);
	struct ec_bytes proof = world_sign(world, from, head, &digest);
	message_put(world, from, to, head, body, proof);
	ec_drop(head);
	ec_drop(proof);
}

static void send_perform(struct world *world, ec_node from, const struct ec_effect *effect)
{
	struct ec_bytes proof = EC_NO_BYTES;
	ec_hash digest = world_digest(effect->body);
	if (effect->flags & EC_SIGN)
		proof = world_sign(world, from, effect->head, &digest);
	for (ec_node to = 0; to < world->n; to++)
		if (effect->node == EC_ALL || effect->node == to)
			message_put(world, from, to, effect->head, effect->body, proof);
	ec_drop(proof);
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
	if (effect->seq != member->applied + 1 || effect->seq >= WORLD_SEQS) {
		world_violate(world, "order: a delivery has a gap");
		return;
	}
	if (effect->body.size && world_batch_find(world, &digest) < 0)
		world_violate(world, "validity: a batch that no client sent was delivered");
	if ((effect->body.size == 0) != (effect->node == EC_ALL))
		world_violate(world, "validity: a filler has a proposer, or a batch has none");
	if (world->agreed_known[effect->seq] &&
	    !ec_hash_equal(&world->agreed[effect->seq], &digest))
		world_violate(world, "agreement: two members delivered different batches");
	world->agreed_known[effect->seq] = true;
	world->agreed[effect->seq] = digest;
	apply(world, member, effect->seq, &digest);
}

static void fetch_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node], *other = &world->member[effect->node];
	world->fetches++;
	bool good = other->up && other->applied >= effect->seq && !other->byzantine &&
	            !world->severed[node][effect->node] &&
	            ec_hash_equal(&other->chain[effect->seq], &effect->digest);
	for (ec_seq seq = member->applied + 1; good && seq <= effect->seq; seq++)
		apply(world, member, seq, &other->history[seq]);
	if (good)
		member->durable = member->applied;
	world_input(world, node,
	            (struct ec_input){.kind = EC_FETCHED,
	                              .seq = member->applied,
	                              .digest = member->chain[member->applied]});
}

/* All but SAVEs. */
static void effect_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	switch (effect->kind) {
	case EC_SEND:
		send_perform(world, node, effect);
		break;
	case EC_DELIVER:
		deliver_perform(world, node, effect);
		break;
	case EC_SNAP:
		world->member[node].snapping = effect->seq;
		break;
	case EC_FETCH:
		fetch_perform(world, node, effect);
		break;
	case EC_BLAME:
		world->blames++;
		world->blamed = effect->node;
		if (!ec_pbft.guilty(&world->member[(node + 1) % world->n].config, effect->node,
		                    effect->head, effect->body))
			world_violate(world, "evidence: a BLAME that does not hold");
		if (!world->member[effect->node].byzantine)
			world_violate(world, "evidence: a correct member is blamed");
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
	if (member->up && member->snapping && member->effects.count == 0 && !member->saving) {
		ec_seq seq = member->snapping;
		member->snapping = 0;
		if (seq > member->durable)
			member->durable = seq;
		world_input(world, node,
		            (struct ec_input){
				    .kind = EC_SNAPPED, .seq = seq, .digest = member->chain[seq]});
	}
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
		if (!member->has[i] && world->offered[i] >> member->config.self & 1)
			return world->arrived[i];
	return 0;
}

static uint32_t held_of(struct world *world, const void *state)
{
	uint32_t count = ec_pbft.held(state, world->held);
	if (count > world->limits.buffers_held)
		world_violate(world, "limits: more buffers are held than said");
	return count;
}

/* The same step on a copy gives the same effects: a step is a function. */
static void twin_run(struct world *world, const struct ec_input *in, const void *before,
                     const struct ec_out *out)
{
	struct ec_out twin = {.effect = world->twin_effect,
	                      .capacity = world->limits.effects_per_step,
	                      .pool = world->pool};
	(void)before;
	ec_pbft.step(world->twin, in, &twin);
	bool same = twin.count == out->count && twin.wake == out->wake && twin.view == out->view &&
	            twin.want == out->want && twin.lead == out->lead;
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

void world_input(struct world *world, ec_node node, struct ec_input in)
{
	struct world_member *member = &world->member[node];
	struct ec_out out = {.effect = world->effect,
	                     .capacity = world->limits.effects_per_step,
	                     .pool = world->pool,
	                     .wake = member->wake,
	                     .view = member->view,
	                     .want = member->want,
	                     .lead = member->lead};
	in.now = world->now;
	in.since = since(world, member);
	world->steps++;
	if (world->twins) {
		memcpy(world->twin, member->state, world->limits.state);
		uint32_t count = held_of(world, world->twin);
		for (uint32_t i = 0; i < count; i++)
			ec_keep(world->held[i]);
	}
	ec_pbft.step(member->state, &in, &out);
	if (world->twins && in.kind != EC_RECORD)
		twin_run(world, &in, NULL, &out);
	else if (world->twins) {
		uint32_t count = held_of(world, world->twin);
		for (uint32_t i = 0; i < count; i++)
			ec_drop(world->held[i]);
	}
	ec_pbft.invariants(member->state);
	if (out.view < member->view)
		world_violate(world, "contract: the view went back");
	member->wake = out.wake;
	member->view = out.view;
	member->want = out.want;
	member->lead = out.lead;
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
	if (in.kind == EC_RECORD && count)
		world_violate(world, "replay: an effect before START");
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
	if (member->up && !member->byzantine && proven && ec_pbft.check(&member->config, &in))
		world_step(world, to, in);
	else
		world->refused += member->up && !member->byzantine;
	world_message_drop(&message);
	return true;
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
}

void world_settle(struct world *world)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (ec_node from = 0; from < world->n; from++)
			for (ec_node to = 0; to < world->n; to++)
				while (world_deliver(world, from, to))
					moved = true;
		for (ec_node node = 0; node < world->n && !moved; node++) {
			uint32_t before = world->steps;
			effects_perform(world, node);
			moved = world->steps != before;
		}
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
		if (world->member[node].up && !world->member[node].byzantine)
			world_step(world, node, (struct ec_input){.kind = EC_WAKE});
	return number;
}

void world_submit(struct world *world)
{
	for (ec_node node = 0; node < world->n; node++) {
		struct world_member *member = &world->member[node];
		for (uint32_t i = 0; i < world->batches; i++) {
			if (!member->up || member->byzantine || member->lead != node ||
			    !member->want)
				break;
			if (member->has[i] || member->submitted_view[i] == member->view + 1 ||
			    !(world->offered[i] >> node & 1))
				continue;
			member->submitted_view[i] = member->view + 1;
			world_step(world, node,
			           (struct ec_input){.kind = EC_SUBMIT,
			                             .body = world->batch[i],
			                             .digest = world->batch_digest[i]});
		}
	}
}

void world_pass(struct world *world, uint64_t ms)
{
	uint64_t end = world->now + ms * 1000000;
	do {
		world->now += 10 * 1000000;
		for (ec_node node = 0; node < world->n; node++) {
			struct world_member *member = &world->member[node];
			if (member->up && !member->byzantine && member->wake &&
			    member->wake <= world->now)
				world_step(world, node, (struct ec_input){.kind = EC_WAKE});
		}
		world_submit(world);
		world_settle(world);
	} while (world->now < end);
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
		if (member->applied < furthest || since(world, member))
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
		world_pass(world, 10);
	return !world_behind(world);
}
