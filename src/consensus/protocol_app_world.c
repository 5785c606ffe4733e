/* protocol_app_world.c - the applications of a world's members: what conflicts, what is tentative,
 * what a quorum certifies; and what is judged of all that. */
#include "consensus/protocol_world.h"

#include "base/quorum.h"
#include "crypto/hash.h"

#include <stdlib.h>

enum { PIN_EVERY = 4, PIN_BURIED = 2 };

int world_batch_find(const struct world *world, const ec_hash *digest)
{
	for (uint32_t i = 0; i < world->batches; i++)
		if (ec_hash_equal(&world->batch_digest[i], digest))
			return (int)i;
	return -1;
}

/* Up to a colon the texts of batches that conflict are equal. */
static bool runs(const struct world *world, const struct world_member *member, uint32_t batch)
{
	struct ec_bytes text = world->batch[batch];
	const uint8_t *colon = memchr(text.data, ':', text.size);
	size_t size = colon ? (size_t)(colon - text.data) + 1 : 0;
	if (member->stands[batch])
		return false;
	for (uint32_t i = 0; size && i < world->batches; i++)
		if (member->stands[i] && member->at[member->stands[i]].ran &&
		    world->batch[i].size >= size &&
		    memcmp(world->batch[i].data, text.data, size) == 0)
			return false;
	return true;
}

static void places_grow(struct world_place **place, ec_seq *room, ec_seq seq)
{
	if (seq < *room)
		return;
	*room = 2 * seq + 64;
	*place = realloc(*place, *room * sizeof **place);
}

static void apply(struct world *world, struct world_member *member, struct world_place place)
{
	ec_seq seq = ++member->applied;
	int batch = world_batch_find(world, &place.digest);
	places_grow(&member->at, &member->room, seq);
	place.batch = (uint32_t)(batch + 1);
	place.ran = batch >= 0 && runs(world, member, (uint32_t)batch);
	uint8_t ran = place.ran;
	const struct ec_part parts[] = {
		{member->at[seq - 1].state.b, 32}, {place.digest.b, 32}, {&ran, 1}};
	place.state = ec_sha256_parts(parts, 3);
	member->at[seq] = place;
	if (batch >= 0 && !member->stands[batch])
		member->stands[batch] = seq;
}

/* Takes back what is behind a position; it waits again. */
static void undo(struct world_member *member, ec_seq seq)
{
	for (; member->applied > seq; member->applied--) {
		uint32_t batch = member->at[member->applied].batch;
		if (!batch || member->stands[batch - 1] != member->applied)
			continue;
		member->stands[batch - 1] = 0;
		member->submitted_view[batch - 1] = 0;
	}
}

static void finalize(struct world *world, struct world_member *member, ec_seq seq)
{
	while (member->final < seq) {
		const struct world_place *place = &member->at[++member->final];
		places_grow(&world->agreed, &world->room, member->final);
		struct world_place *agreed = &world->agreed[member->final];
		if (member->final > world->furthest)
			*agreed = *place;
		else if (!ec_hash_equal(&agreed->state, &place->state) ||
		         agreed->node != place->node || agreed->stamp != place->stamp)
			world_violate(world, "agreement: two members have different deliveries");
		if (member->final > world->furthest)
			world->furthest = member->final;
	}
}

static void deliver_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node];
	struct world_place place = {
		.digest = world_digest(effect->body), .node = effect->node, .stamp = effect->stamp};
	ec_seq seq = effect->seq - world->is.base;
	if (seq != member->applied + 1 || seq >= WORLD_SEQS) {
		world_violate(world, "order: a delivery has a gap");
		return;
	}
	if (member->fetch.kind == EC_FETCH)
		world_violate(world, "contract: a delivery during a fetch");
	int batch = effect->body.size ? world_batch_find(world, &place.digest) : -1;
	if (effect->body.size && batch < 0 && !world->mute_unknown)
		world_violate(world, "validity: a batch that no client sent was delivered");
	if ((effect->body.size == 0) != (effect->node == EC_ALL))
		world_violate(world, "validity: a filler has a proposer, or a batch has none");
	if (batch >= 0 && effect->node < world->n && world->offered[batch] &&
	    !(world->offered[batch] >> effect->node & 1))
		world_violate(world, "validity: a batch is delivered as another member's");
	if (world->of->delivered)
		world->of->delivered(world, node, effect);
	if (effect->head.size == sizeof place.head.b)
		memcpy(place.head.b, effect->head.data, sizeof place.head.b);
	apply(world, member, place);
	if (world->of->protocol->order == EC_TOTAL)
		finalize(world, member, seq);
}

static void undo_perform(struct world *world, struct world_member *member, ec_seq seq)
{
	if (seq < member->final || seq > member->applied) {
		world_violate(world, "finality: what is final is taken back");
		return;
	}
	world->undos++;
	undo(member, seq);
}

static void final_perform(struct world *world, struct world_member *member, ec_seq seq)
{
	if (seq < member->final || seq > member->applied) {
		world_violate(world, "finality: final is what was not delivered, or it goes back");
		return;
	}
	world->finals++;
	finalize(world, member, seq);
}

static void snap_perform(struct world *world, struct world_member *member,
                         const struct ec_effect *effect)
{
	if (effect->seq - world->is.base != member->final || effect->seq % world->interval)
		world_violate(world, "contract: a checkpoint elsewhere than where we are");
	if (effect->flags & EC_SPARE && world->is.spares && ec_prng_chance(&world->prng, 1, 2)) {
		world->spared++;
		return;
	}
	if (member->snaps < WORLD_SNAPS && !member->forgetful)
		member->snap[member->snaps++] = member->final;
}

void world_read(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	if (!world->of->protocol->reads || !member->up || member->byzantine ||
	    member->reads == WORLD_READS)
		return;
	member->read[member->reads++] = (struct world_read){++world->tickets, world->furthest};
	world_step(world, node, (struct ec_input){.kind = EC_READ, .ticket = world->tickets});
}

static void serve_perform(struct world *world, struct world_member *member,
                          const struct ec_effect *effect)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < member->reads; i++) {
		struct world_read read = member->read[i];
		if (read.ticket > effect->ticket)
			member->read[left++] = read;
		else if (effect->seq < read.floor + world->is.base)
			world_violate(world, "reads: one does not see what was final before it");
	}
	world->served += member->reads - left;
	member->reads = left;
}

void world_app_perform(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node];
	bool revisable = world->of->protocol->order == EC_REVISABLE;
	if (effect->kind == EC_DELIVER) {
		deliver_perform(world, node, effect);
	} else if (effect->kind == EC_UNDO && revisable) {
		undo_perform(world, member, effect->seq - world->is.base);
	} else if (effect->kind == EC_FINAL && revisable) {
		final_perform(world, member, effect->seq - world->is.base);
	} else if (effect->kind == EC_SNAP) {
		snap_perform(world, member, effect);
	} else if (effect->kind == EC_FETCH) {
		if (member->fetch.kind == EC_FETCH)
			world_violate(world, "contract: two fetches at once");
		world->fetches++;
		member->fetch = *effect;
	} else if (effect->kind == EC_SERVE && world->of->protocol->reads) {
		serve_perform(world, member, effect);
	} else {
		world_violate(world, "contract: an effect that this order does not have");
	}
}

static struct ec_input standing(const struct world *world, const struct world_member *member,
                                enum ec_input_kind kind, ec_seq seq)
{
	return (struct ec_input){
		.kind = kind, .seq = seq + world->is.base, .digest = member->at[seq].state};
}

/* What is brought is what a correct member had final, or nothing: then the one asked is away. */
static void fetch_answer(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	struct ec_effect effect = member->fetch;
	const struct world_member *other = &world->member[effect.node];
	ec_seq to = effect.seq - world->is.base;
	bool known =
		to <= world->furthest && ec_hash_equal(&world->agreed[to].state, &effect.digest);
	if (!known)
		world_violate(world, "claims: a state was believed that no correct member has");
	bool good = known && other->up && !other->byzantine && other->final >= to &&
	            !world->severed[node][effect.node];
	undo(member, member->final);
	while (good && member->applied < to)
		apply(world, member, other->at[member->applied + 1]);
	finalize(world, member, member->applied);
	if (good)
		member->durable = member->final;
	member->fetch.kind = 0;
	world_input(world, node, standing(world, member, EC_FETCHED, member->final));
}

bool world_app_answer(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	if (member->snaps) {
		ec_seq seq = member->snap[0];
		memmove(member->snap, member->snap + 1, --member->snaps * sizeof seq);
		if (seq > member->durable)
			member->durable = seq;
		world_input(world, node, standing(world, member, EC_SNAPPED, seq));
		return true;
	}
	if (member->fetch.kind != EC_FETCH)
		return false;
	fetch_answer(world, node);
	return true;
}

void world_app_restart(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	ec_seq stands = member->durable;
	if (!member->room) {
		places_grow(&member->at, &member->room, 0);
		member->at[0] = (struct world_place){0};
	}
	if (!member->forgetful && ec_prng_chance(&world->prng, 1, 2))
		stands += ec_prng_below(&world->prng, member->final - stands + 1);
	member->applied = member->final = member->durable = stands; /* it never goes back */
	member->snaps = member->reads = 0;
	member->fetch.kind = 0;
	memset(member->stands, 0, world->batches * sizeof member->stands[0]);
	memset(member->submitted_view, 0, world->batches * sizeof member->submitted_view[0]);
	for (ec_seq seq = stands; seq; seq--)
		if (member->at[seq].batch)
			member->stands[member->at[seq].batch - 1] = seq;
}

ec_seq world_ran(const struct world *world, ec_node node, uint32_t batch)
{
	const struct world_member *member = &world->member[node];
	ec_seq seq = member->stands[batch];
	return member->at[seq].ran ? seq : 0;
}

static bool reaches(const struct world *world, ec_node a, ec_node b)
{
	return world->member[a].up && world->member[b].up && !world->severed[a][b];
}

static bool has(const struct world_member *member, ec_seq seq, const struct world_place *place)
{
	return member->applied >= seq && ec_hash_equal(&member->at[seq].state, &place->state);
}

/* Whether a member would sign that state. */
static bool signs(const struct world *world, ec_node node, ec_seq seq,
                  const struct world_place *place)
{
	const struct world_member *member = &world->member[node];
	if (member->byzantine)
		return true;
	if (!member->up || member->fetch.kind == EC_FETCH || member->applied < seq + PIN_BURIED)
		return false;
	if (world->pin_known >> node & 1 && !has(member, world->pin_seq, &world->pin))
		return false;
	return has(member, seq, place);
}

static void pin_tell(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	world->pin_known |= (uint64_t)1 << node;
	if (!member->up || member->fetch.kind == EC_FETCH)
		return;
	world->pin_told |= (uint64_t)1 << node;
	if (!member->byzantine)
		world_step(world, node,
		           (struct ec_input){.kind = EC_PINNED,
		                             .seq = world->pin_seq + world->is.base,
		                             .digest = world->pin.state,
		                             .head = {.data = world->pin.head.b, .size = 32}});
}

static void pin_spread(struct world *world)
{
	uint64_t know = world->pin_known;
	for (ec_node node = 0; node < world->n && world->pin_seq; node++)
		if (know >> node & 1 && !(world->pin_told >> node & 1))
			pin_tell(world, node);
	for (ec_node node = 0; node < world->n && world->pin_seq; node++)
		for (ec_node other = 0; other < world->n; other++)
			if (!(world->pin_known >> node & 1) && know >> other & 1 &&
			    reaches(world, node, other))
				pin_tell(world, node);
}

void world_pin(struct world *world)
{
	ec_node first = (ec_node)ec_prng_below(&world->prng, world->n);
	const struct world_member *member = &world->member[first];
	uint32_t faults = (uint32_t)ec_faults_byzantine(world->n);
	pin_spread(world);
	if (!member->up || member->byzantine || member->applied < PIN_BURIED)
		return;
	ec_seq seq = (member->applied - PIN_BURIED) / PIN_EVERY * PIN_EVERY;
	if (seq <= world->pin_seq || seq <= member->final)
		return;
	uint64_t set = 0;
	for (ec_node node = 0; node < world->n; node++)
		if (reaches(world, first, node) && signs(world, node, seq, &member->at[seq]))
			set |= (uint64_t)1 << node;
	if ((uint32_t)__builtin_popcountll(set) < world->n - faults)
		return;
	world->pin_seq = seq;
	world->pin = member->at[seq];
	world->pin_known = world->pin_told = 0;
	for (ec_node node = 0; node < world->n; node++)
		if (set >> node & 1)
			pin_tell(world, node);
}
