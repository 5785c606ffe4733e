/* wire.c - links: in order and once while up; a break loses a suffix of both directions. */
#include "sim/ledger.h"

#include <assert.h>
#include <stdlib.h>

void sim_item_drop(struct sim_item item)
{
	ec_drop(item.head);
	ec_drop(item.body);
	ec_drop(item.proof);
}

struct sim_item sim_item_copy(const struct sim_item *item)
{
	struct sim_item copy = *item;
	ec_keep(copy.head);
	ec_keep(copy.body);
	ec_keep(copy.proof);
	return copy;
}

struct ec_input sim_item_input(const struct sim_item *item)
{
	return (struct ec_input){.kind = EC_RECV,
	                         .from = item->from,
	                         .head = item->head,
	                         .body = item->body,
	                         .digest = item->digest,
	                         .proof = item->proof};
}

struct sim_item *sim_queue_at(struct sim_queue *queue, uint32_t index)
{
	assert(index < queue->count);
	return &queue->item[(queue->first + index) % queue->capacity];
}

static void queue_grow(struct sim_queue *queue)
{
	uint32_t capacity = queue->capacity ? 2 * queue->capacity : 16;
	struct sim_item *items = malloc(capacity * sizeof *items);
	assert(items);
	for (uint32_t i = 0; i < queue->count; i++)
		items[i] = *sim_queue_at(queue, i);
	free(queue->item);
	*queue = (struct sim_queue){.item = items, .count = queue->count, .capacity = capacity};
}

void sim_queue_push(struct sim_queue *queue, struct sim_item item)
{
	if (queue->count == queue->capacity)
		queue_grow(queue);
	queue->item[(queue->first + queue->count++) % queue->capacity] = item;
}

struct sim_item sim_queue_pop(struct sim_queue *queue)
{
	struct sim_item item = *sim_queue_at(queue, 0);
	queue->first = (queue->first + 1) % queue->capacity;
	queue->count--;
	return item;
}

void sim_queue_cut(struct sim_queue *queue, uint32_t keep)
{
	while (queue->count > keep) {
		sim_item_drop(*sim_queue_at(queue, queue->count - 1));
		queue->count--;
	}
}

void sim_queue_free(struct sim_queue *queue)
{
	sim_queue_cut(queue, 0);
	free(queue->item);
	*queue = (struct sim_queue){0};
}

/* Sees to it that the head of a link has an event. */
void sim_link_go(struct sim_world *world, uint32_t from, uint32_t to)
{
	struct sim_link *link = &world->link[from][to];
	if (world->plan.manual || link->blocked || link->queue.count == 0 || link->scheduled)
		return;
	if (world->adversary.on) {
		sim_adversary_go(world);
		return;
	}
	uint64_t at = sim_queue_at(&link->queue, 0)->arrives;
	link->scheduled = at > world->now ? at : world->now;
	sim_later(world, link->scheduled - world->now,
	          (struct sim_event){.kind = SIM_ARRIVE, .host = to, .peer = from});
}

static void echo_drop(struct sim_link *link)
{
	if (link->echoing)
		sim_item_drop(link->echo);
	link->echoing = false;
}

void sim_link_free(struct sim_link *link)
{
	echo_drop(link);
	sim_queue_free(&link->queue);
}

/* Now and then a message is heard a second time, behind others that came later. */
static void echo(struct sim_world *world, struct sim_link *link, const struct sim_item *item)
{
	uint32_t twice = world->plan.twice_permille;
	if (item->link || !twice || !ec_prng_chance(&world->prng, twice, 1000))
		return;
	if (link->echoing) {
		link->echo.arrives = item->arrives;
		world->counts.fired[SIM_DUPLICATE]++;
		sim_queue_push(&link->queue, link->echo);
	} else {
		link->echo = sim_item_copy(item);
	}
	link->echoing = !link->echoing;
}

void sim_post(struct sim_world *world, uint32_t from, uint32_t to, struct sim_item item,
              uint64_t extra_delay)
{
	struct sim_link *link = &world->link[from][to];
	const struct sim_host *host = world->host[to];
	bool begins = world->plan.manual && host->life == 0; /* its first life is to come */
	if (!link->up || !(host->up || begins)) {
		sim_item_drop(item);
		return;
	}
	uint64_t delay = sim_between(world, world->plan.delay_min_ns, world->plan.delay_max_ns);
	item.arrives = world->now + delay + extra_delay;
	if (item.arrives < link->last_arrival)
		item.arrives = link->last_arrival;
	link->last_arrival = item.arrives;
	world->counts.messages++;
	sim_queue_push(&link->queue, item);
	echo(world, link, &item);
	if (link->queue.count > world->plan.link_items_max) {
		world->counts.fired[SIM_QUEUE_OVERFLOW]++;
		sim_link_break(world, from, to, false);
		if (!world->plan.manual)
			sim_later(
				world, 200 * SIM_MS,
				(struct sim_event){.kind = SIM_LINK_UP, .host = to, .peer = from});
		return;
	}
	sim_link_go(world, from, to);
}

/* Real members are told that a link ended, behind what still arrives. */
static void down_push(struct sim_world *world, uint32_t from, uint32_t to)
{
	struct sim_link *link = &world->link[from][to];
	struct sim_item item = {.down = true, .from_host = from, .arrives = world->now};
	if (item.arrives < link->last_arrival)
		item.arrives = link->last_arrival;
	sim_queue_push(&link->queue, item);
	sim_link_go(world, from, to);
}

static void direction_break(struct sim_world *world, uint32_t from, uint32_t to, bool lose_all)
{
	struct sim_link *link = &world->link[from][to];
	uint32_t count = link->queue.count;
	uint32_t keep = lose_all ? 0 : (uint32_t)ec_prng_below(&world->prng, count + 1);
	if (!world->host[to]->up || link->blocked)
		keep = 0;
	world->counts.fired[SIM_SUFFIX_LOST] += keep < count;
	sim_queue_cut(&link->queue, keep);
	echo_drop(link);
	if (world->ledger && link->up && world->host[to]->up)
		down_push(world, from, to);
	link->up = false;
}

void sim_link_break(struct sim_world *world, uint32_t a, uint32_t b, bool lose_all)
{
	if (a == b)
		return;
	direction_break(world, a, b, lose_all);
	direction_break(world, b, a, lose_all);
}

static void direction_new(struct sim_world *world, uint32_t from, uint32_t to)
{
	struct sim_link *link = &world->link[from][to];
	link->up = true;
	link->blocked = false;
	sim_post(world, from, to, (struct sim_item){.link = true, .from_host = from}, 0);
	sim_link_go(world, from, to);
}

bool sim_link_may(const struct sim_world *world, uint32_t a, uint32_t b)
{
	const struct sim_link *there = &world->link[a][b], *back = &world->link[b][a];
	return a != b && world->host[a]->up && world->host[b]->up && !there->up && !there->cut &&
	       !back->cut && (!world->ledger || sim_ledger_acquainted(world, a, b));
}

void sim_link_new(struct sim_world *world, uint32_t a, uint32_t b)
{
	if (!sim_link_may(world, a, b))
		return;
	direction_new(world, a, b);
	direction_new(world, b, a);
}

void sim_arrive(struct sim_world *world, uint32_t to, uint32_t from)
{
	struct sim_link *link = &world->link[from][to];
	struct sim_host *host = world->host[to];
	link->scheduled = 0;
	if (link->blocked || link->queue.count == 0 || !host->up)
		return;
	struct sim_item *head = sim_queue_at(&link->queue, 0);
	struct sim_instance *instance = head->link ? NULL : sim_instance_at(host, head->era);
	uint64_t ready = head->arrives;
	if (host->busy_until > ready)
		ready = host->busy_until;
	if (instance && !sim_room(instance))
		ready = world->now + SIM_MS;
	uint32_t batch = head->body.size && !head->body_asked && ready <= world->now
	                         ? sim_batch_find(world, head->body)
	                         : UINT32_MAX;
	if (batch != UINT32_MAX && !host->arrived[batch]) { /* it came by its digest: ask for it */
		head->body_asked = true;
		world->counts.fired[SIM_BODY_BY_HOST]++;
		ready = world->now + 2 * world->plan.delay_min_ns + 1;
	}
	if (ready > world->now) {
		head->arrives = ready;
		sim_link_go(world, from, to);
		return;
	}
	struct sim_item item = sim_queue_pop(&link->queue);
	sim_receive(world, host, item);
	sim_link_go(world, from, to);
}

/* Whether `host` speaks to `peer` at all: to itself by no link, and twins of one side only. */
static bool speaks_to(const struct sim_host *host, const struct sim_host *peer)
{
	return host->identity != peer->identity && (host->faces >> peer->index & 1);
}

void sim_send_to(struct sim_world *world, struct sim_host *host, uint32_t identity,
                 const struct sim_item *item)
{
	for (uint32_t h = 0; h < world->hosts; h++) {
		if (world->host[h]->identity != identity || !speaks_to(host, world->host[h]))
			continue;
		struct sim_item copy = sim_item_copy(item);
		uint64_t delay = 0;
		if (world->link[host->index][h].up)
			sim_twins_say(world, host, item);
		if (host->byzantine && !sim_mangle(world, host, &copy, &delay))
			sim_item_drop(copy);
		else
			sim_post(world, host->index, h, copy, delay);
	}
}

/* The same lie for everyone else. */
static struct sim_item lie(struct sim_world *world, struct sim_host *host,
                           const struct sim_item *item)
{
	struct sim_item said = sim_item_copy(item);
	if ((host->mischief & SIM_MUTATE) && ec_prng_chance(&world->prng, 1, 24))
		sim_mutate(world, host, &said);
	sim_lie(world, host, &said);
	return said;
}

static void send_one(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                     const struct ec_effect *effect, struct sim_item *item)
{
	struct sim_item said = lie(world, host, item);
	const struct sim_era *era = &world->era[instance->era - 1];
	for (ec_node node = 0; node < era->roster.n; node++) {
		if (effect->node != EC_ALL && effect->node != node)
			continue;
		if (node != instance->self) {
			sim_send_to(world, host, era->identity[node], &said);
			continue;
		}
		sim_queue_push(&host->self, sim_item_copy(item));
	}
	sim_item_drop(said);
}

/* Out: proofs[i] for each outgoing message that asks for one. */
static void sign_outgoing(struct sim_world *world, const struct sim_instance *instance,
                          struct ec_bytes *proofs)
{
	ec_hash leaves[SIM_OUTGOING_MAX];
	struct ec_bytes made[SIM_OUTGOING_MAX];
	uint32_t count = 0, next = 0;
	const struct sim_era *era = &world->era[instance->era - 1];
	for (uint32_t i = 0; i < world->outgoing_count; i++) {
		const struct ec_effect *effect = &world->outgoing[i];
		if (effect->flags & EC_SIGN)
			leaves[count++] =
				ec_proof_leaf(&era->domain, effect->head, &effect->digest);
	}
	if (count)
		ec_proof_make(instance->config.crypto, &era->secret[instance->self], &era->domain,
		              leaves, count, world->pool, made);
	for (uint32_t i = 0; i < world->outgoing_count; i++)
		proofs[i] = world->outgoing[i].flags & EC_SIGN ? made[next++] : EC_NO_BYTES;
}

void sim_send_all(struct sim_world *world, struct sim_host *host, struct sim_instance *instance)
{
	struct ec_bytes proofs[SIM_OUTGOING_MAX];
	if (!world->outgoing_count)
		return;
	sim_trace_sends(world, host, instance);
	for (uint32_t i = 0; i < world->outgoing_count; i++)
		world->outgoing[i].digest = sim_digest(world, world->outgoing[i].body);
	sign_outgoing(world, instance, proofs);
	for (uint32_t i = 0; i < world->outgoing_count; i++) {
		const struct ec_effect *effect = &world->outgoing[i];
		struct sim_item item = {.from_host = host->index,
		                        .era = instance->era,
		                        .from = instance->self,
		                        .head = effect->head,
		                        .body = effect->body,
		                        .proof = proofs[i],
		                        .digest = effect->digest};
		send_one(world, host, instance, effect, &item);
		sim_item_drop(item);
	}
	world->outgoing_count = 0;
}
