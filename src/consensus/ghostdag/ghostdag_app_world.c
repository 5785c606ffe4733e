/* ghostdag_app_world.c - the application of the world's members: what conflicts, what is tentative,
 * what a quorum certifies. */
#include "consensus/ghostdag/ghostdag_app_world.h"

#include "base/quorum.h"
#include "crypto/hash.h"

#include <stdlib.h>

int world_batch_find(const struct world *world, const ec_hash *digest)
{
	for (uint32_t i = 0; i < world->batches; i++)
		if (ec_hash_equal(&world->batch_digest[i], digest))
			return (int)i;
	return -1;
}

/* Up to a colon the texts of batches that conflict are equal; a batch conflicts with itself. */
static bool rivals(const struct world *world, uint32_t a, uint32_t b)
{
	const char *one = (const char *)world->batch[a].data;
	const char *two = (const char *)world->batch[b].data;
	const char *colon = memchr(one, ':', world->batch[a].size);
	size_t size = colon ? (size_t)(colon - one) + 1 : world->batch[a].size;
	return a == b || (colon && world->batch[b].size >= size && memcmp(one, two, size) == 0);
}

static bool runs(const struct world *world, const struct world_member *member, uint32_t batch,
                 ec_seq seq)
{
	for (ec_seq i = 1; i < seq; i++)
		if (member->at[i].ran && rivals(world, batch, member->at[i].batch - 1u))
			return false;
	return true;
}

static void apply(struct world *world, struct world_member *member, ec_seq seq,
                  const ec_hash *digest, const ec_hash *head)
{
	struct world_place *place = &member->at[seq];
	int batch = world_batch_find(world, digest);
	*place = (struct world_place){.digest = *digest, .head = *head};
	place->batch = (uint16_t)(batch + 1);
	place->ran = batch >= 0 && runs(world, member, (uint32_t)batch, seq);
	uint8_t ran = place->ran;
	const struct ec_part parts[] = {
		{member->at[seq - 1].state.b, 32}, {digest->b, 32}, {&ran, 1}};
	place->state = ec_sha256_parts(parts, 3);
	member->tip = seq;
}

void world_app_deliver(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node];
	ec_hash digest = world_digest(effect->body), head;
	if (effect->seq != member->tip + 1 || effect->seq >= WORLD_SEQS || member->fetching ||
	    effect->head.size != 32) {
		world_violate(world, "order: a delivery has a gap");
		return;
	}
	memcpy(head.b, effect->head.data, 32);
	if (effect->body.size && world_batch_find(world, &digest) < 0)
		world_violate(world, "validity: a batch that no client sent was delivered");
	if ((effect->body.size == 0) != (effect->node == EC_ALL))
		world_violate(world, "validity: a filler has a proposer, or a batch has none");
	apply(world, member, effect->seq, &digest, &head);
}

void world_app_undo(struct world *world, ec_node node, ec_seq seq)
{
	struct world_member *member = &world->member[node];
	if (seq < member->final || seq > member->tip) {
		world_violate(world, "finality: what is final is taken back");
		return;
	}
	world->undos++;
	for (ec_seq i = seq + 1; i <= member->tip; i++)
		if (member->at[i].batch)
			member->submitted[member->at[i].batch - 1] = false;
	member->tip = seq;
}

void world_app_final(struct world *world, ec_node node, ec_seq seq)
{
	struct world_member *member = &world->member[node];
	if (seq < member->final || seq > member->tip) {
		world_violate(world, "finality: final is what was not delivered, or it goes back");
		return;
	}
	world->finals++;
	while (member->final < seq) {
		const struct world_place *place = &member->at[++member->final];
		struct world_place *agreed = &world->agreed[member->final];
		if (world->agreed_known[member->final] &&
		    !ec_hash_equal(&agreed->state, &place->state))
			world_violate(world, "agreement: two members have different final states");
		if (!world->agreed_known[member->final])
			*agreed = *place;
		world->agreed_known[member->final] = true;
	}
	if (seq > member->said_final)
		member->said_final = seq;
}

void world_app_snap(struct world *world, ec_node node, ec_seq seq)
{
	struct world_member *member = &world->member[node];
	if (seq != member->final || seq % world->options.interval)
		world_violate(world, "contract: a SNAP of what is not the last FINAL");
	member->durable = seq;
	world_input(
		world, node,
		(struct ec_input){.kind = EC_SNAPPED, .seq = seq, .digest = member->at[seq].state});
}

void world_app_fetch(struct world *world, ec_node node, const struct ec_effect *effect)
{
	struct world_member *member = &world->member[node], *other = &world->member[effect->node];
	ec_seq seq = effect->seq;
	world->fetches++;
	bool good = other->up && other->final >= seq && !world->severed[node][effect->node] &&
	            ec_hash_equal(&other->at[seq].state, &effect->digest);
	if (good && seq > member->final) {
		memcpy(member->at, other->at, (seq + 1) * sizeof *member->at);
		member->final = member->durable = seq;
	}
	member->tip = member->final;
	world_input(world, node,
	            (struct ec_input){.kind = EC_FETCHED,
	                              .seq = member->final,
	                              .digest = member->at[member->final].state});
}

static bool has(const struct world_member *member, uint32_t batch, ec_seq end)
{
	for (ec_seq seq = 1; seq <= end; seq++)
		if (member->at[seq].batch == batch + 1)
			return true;
	return false;
}

bool world_app_has(const struct world *world, ec_node node, uint32_t batch)
{
	return has(&world->member[node], batch, world->member[node].tip);
}

bool world_app_has_final(const struct world *world, ec_node node, uint32_t batch)
{
	return has(&world->member[node], batch, world->member[node].final);
}

ec_seq world_ran(const struct world *world, ec_node node, uint32_t batch)
{
	const struct world_member *member = &world->member[node];
	for (ec_seq seq = 1; seq <= member->tip; seq++)
		if (member->at[seq].batch == batch + 1 && member->at[seq].ran)
			return seq;
	return 0;
}

static bool reaches(const struct world *world, ec_node a, ec_node b)
{
	return world->member[a].up && world->member[b].up && !world->severed[a][b];
}

static bool stands(const struct world_member *member, ec_seq seq, const struct world_place *place)
{
	return member->tip >= seq && ec_hash_equal(&member->at[seq].state, &place->state);
}

/* Whether a member would sign that state. */
static bool signs(const struct world *world, ec_node node, ec_seq seq,
                  const struct world_place *place)
{
	const struct world_member *member = &world->member[node];
	if (member->byzantine)
		return true;
	if (!member->up || member->fetching || member->tip < seq + 2)
		return false;
	if (world->pin_known >> node & 1 && !stands(member, world->pin_seq, &world->pin))
		return false;
	return stands(member, seq, place);
}

static void pin_tell(struct world *world, ec_node node)
{
	struct world_member *member = &world->member[node];
	world->pin_known |= (uint64_t)1 << node;
	if (!member->up || member->fetching)
		return;
	world->pin_told |= (uint64_t)1 << node;
	if (!member->byzantine)
		world_step(world, node,
		           (struct ec_input){.kind = EC_PINNED,
		                             .seq = world->pin_seq,
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
	if (!member->up || member->byzantine || member->tip < 2)
		return;
	ec_seq seq = (member->tip - 2) / 4 * 4;
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

void world_order_judge(struct world *world)
{
	struct dag *graph = world->graph;
	static ec_hash order[WORLD_SEQS];
	uint32_t top = dag_best(graph, 0);
	for (uint32_t at = top; dag_at(graph, at)->selected != DAG_NONE;
	     at = dag_at(graph, at)->selected)
		for (ec_seq seq = dag_at(graph, at)->past;
		     seq > dag_at(graph, dag_at(graph, at)->selected)->past; seq--)
			order[seq] = dag_at(graph, at)->id;
	for (ec_node node = 0; node < world->n; node++) {
		const struct world_member *member = &world->member[node];
		if (!member->up || member->byzantine)
			continue;
		if (member->tip != dag_at(graph, top)->past)
			world_violate(world, "order: a member does not follow the heaviest tip");
		for (ec_seq seq = 1; seq <= member->tip && !world->violation; seq++)
			if (!ec_hash_equal(&member->at[seq].head, &order[seq]))
				world_violate(world, "order: not that of the heaviest tip");
		if (!world->violation &&
		    !ec_hash_equal(&member->at[member->tip].state,
		                   &world->member[0].at[member->tip].state) &&
		    world->member[0].up && !world->member[0].byzantine)
			world_violate(world, "order: two members have one graph and two orders");
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
	world->offered[number] = offered;
	return number;
}
