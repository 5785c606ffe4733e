/* audit.c - purity and ownership: a copy of a step must do the same, and every reference is
 * someone's. */
#include "sim/ledger.h"

#include <assert.h>
#include <stdlib.h>

enum { SHOW_SIZE = 8192 };

void sim_twin_begin(struct sim_world *world, const struct sim_instance *instance,
                    const struct ec_input *input, struct ec_out *out)
{
	const struct ec_protocol *protocol = instance->protocol;
	size_t size = instance->limits.state;
	if (world->twin_size < size) {
		world->twin_state = realloc(world->twin_state, size);
		assert(world->twin_state);
		world->twin_size = size;
	}
	memcpy(world->twin_state, instance->state, size);
	uint32_t held = protocol->held(world->twin_state, world->held);
	for (uint32_t i = 0; i < held; i++)
		ec_keep(world->held[i]);
	*out = sim_out(world, &world->twin_out, instance);
	protocol->step(world->twin_state, input, out);
	world->counts.fired[SIM_TWIN_STEPS]++;
}

static bool effects_equal(const struct ec_effect *a, const struct ec_effect *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->node == b->node &&
	       a->seq == b->seq && a->stamp == b->stamp && a->ticket == b->ticket &&
	       ec_hash_equal(&a->digest, &b->digest) && ec_bytes_equal(a->head, b->head) &&
	       ec_bytes_equal(a->body, b->body);
}

static bool outs_equal(const struct ec_out *a, const struct ec_out *b)
{
	if (a->count != b->count || a->wake != b->wake || a->view != b->view ||
	    a->want != b->want || a->lead != b->lead)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!effects_equal(&a->effect[i], &b->effect[i]))
			return false;
	return true;
}

void sim_twin_end(struct sim_world *world, const struct sim_host *host,
                  const struct sim_instance *instance, struct ec_out *copy,
                  const struct ec_out *out)
{
	const struct ec_protocol *protocol = instance->protocol;
	char first[SHOW_SIZE], second[SHOW_SIZE];
	struct ec_text a = ec_text_over(first, sizeof first);
	struct ec_text b = ec_text_over(second, sizeof second);
	protocol->show(instance->state, &a);
	protocol->show(world->twin_state, &b);
	if (!outs_equal(out, copy) || strcmp(first, second) != 0)
		sim_violate(world, "purity", "a copy of a step of member %u did something else",
		            host->identity);
	for (uint32_t i = 0; i < copy->count; i++) {
		ec_drop(copy->effect[i].head);
		ec_drop(copy->effect[i].body);
	}
	uint32_t held = protocol->held(world->twin_state, world->held);
	for (uint32_t i = 0; i < held; i++)
		ec_drop(world->held[i]);
}

struct references {
	struct ec_bytes *at;
	size_t count, capacity;
};

static void refer(struct references *all, const struct ec_bytes *more, size_t count)
{
	while (all->count + count > all->capacity) {
		all->capacity = all->capacity ? 2 * all->capacity : 1024;
		all->at = realloc(all->at, all->capacity * sizeof *all->at);
		assert(all->at);
	}
	for (size_t i = 0; i < count; i++)
		if (more[i].buffer)
			all->at[all->count++] = more[i];
}

static void refer_item(struct references *all, const struct sim_item *item)
{
	const struct ec_bytes three[] = {item->head, item->body, item->proof};
	refer(all, three, 3);
}

static void refer_queue(struct references *all, struct sim_queue *queue)
{
	for (uint32_t i = 0; i < queue->count; i++)
		refer_item(all, sim_queue_at(queue, i));
}

static void refer_link(struct references *all, struct sim_link *link)
{
	refer_queue(all, &link->queue);
	if (link->echoing)
		refer_item(all, &link->echo);
}

static void refer_instance(struct sim_world *world, struct references *all,
                           const struct sim_instance *instance)
{
	refer(all, world->held, sim_disk_held(&instance->disk, world->held));
	if (!instance->state)
		return;
	refer(all, world->held, instance->protocol->held(instance->state, world->held));
	refer(all, world->held, ec_flush_held(instance->flush, world->held));
}

static int by_buffer(const void *a, const void *b)
{
	const struct ec_bytes *x = a, *y = b;
	return x->buffer < y->buffer ? -1 : x->buffer > y->buffer;
}

/* Counts of owners equal the references found, and no buffer lives that nobody refers to. */
static void compare(struct sim_world *world, struct references *all)
{
	size_t buffers = 0;
	if (all->count)
		qsort(all->at, all->count, sizeof *all->at, by_buffer);
	for (size_t i = 0; i < all->count && !world->violated;) {
		const struct ec_buffer *buffer = all->at[i].buffer;
		size_t found = 0;
		for (; i < all->count && all->at[i].buffer == buffer; i++)
			found++;
		buffers++;
		if (found != buffer->references)
			sim_violate(world, "ownership", "a buffer counts %u owners and has %zu",
			            buffer->references, found);
	}
	if (buffers != ec_pool_live(world->pool))
		sim_violate(world, "ownership", "%zu buffers live, %zu are owned",
		            ec_pool_live(world->pool), buffers);
}

void sim_check_references(struct sim_world *world)
{
	struct references all = {0};
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct sim_host *host = world->host[h];
		for (int i = 0; i < 2; i++)
			refer_instance(world, &all, &host->instance[i]);
		for (uint32_t i = 0; i < host->tail_count; i++) {
			refer(&all, &host->tail[i].head, 1);
			refer(&all, &host->tail[i].body, 1);
		}
		refer_queue(&all, &host->self);
		refer_queue(&all, &host->early);
		refer_queue(&all, &host->past);
		for (uint32_t p = 0; p < world->hosts; p++)
			refer_link(&all, &world->link[h][p]);
	}
	for (uint32_t i = 0; i < world->batches; i++)
		refer(&all, &world->batch[i].body, 1);
	for (uint32_t i = 0; world->ledger && i < world->ledger->envelopes; i++)
		refer(&all, &world->ledger->envelope[i].bytes, 1);
	refer(&all, &world->pin.head, 1);
	compare(world, &all);
	free(all.at);
}
