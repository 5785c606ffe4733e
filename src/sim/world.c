/* world.c - a world is made, and taken down. */
#include "sim/world.h"

#include "crypto/hash.h"
#include "sim/crypto.h"
#include "sim/ledger.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sim_later(struct sim_world *world, uint64_t delay, struct sim_event event)
{
	event.time = world->now + delay;
	sim_events_add(&world->events, event);
}

uint64_t sim_between(struct sim_world *world, uint64_t low, uint64_t high)
{
	assert(low <= high);
	return low + ec_prng_below(&world->prng, high - low + 1);
}

void sim_violate(struct sim_world *world, const char *oracle, const char *format, ...)
{
	if (world->violated || world->over)
		return;
	world->violated = true;
	int size = snprintf(world->violation, sizeof world->violation, "%s: ", oracle);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(world->violation + size, sizeof world->violation - (size_t)size, format,
	          arguments);
	va_end(arguments);
	sim_say(world, "violation of %s", world->violation);
}

const char *sim_name(const struct sim_host *host, char text[static 8])
{
	snprintf(text, 8, "%c%s", (char)('a' + host->identity % 26), host->twin ? "2" : "");
	return text;
}

const struct ec_protocol *sim_protocol_of(const struct sim_world *world, uint64_t era)
{
	assert(era >= 1 && era <= world->eras);
	return world->era[era - 1].entry->protocol;
}

ec_node sim_member_of(const struct sim_world *world, uint64_t era, uint32_t identity)
{
	assert(era >= 1 && era <= world->eras);
	const struct sim_era *e = &world->era[era - 1];
	for (uint32_t i = 0; i < e->roster.n; i++)
		if (e->identity[i] == identity)
			return i;
	return EC_ALL;
}

bool sim_side(const struct sim_host *host)
{
	return host->byzantine ? host->twin : host->identity & 1;
}

struct sim_host *sim_host_of(struct sim_world *world, uint32_t identity)
{
	assert(identity < world->plan.members);
	return world->host[identity];
}

ec_hash sim_digest(const struct sim_world *world, struct ec_bytes body)
{
	if (body.size == 0)
		return (ec_hash){0};
	for (uint32_t i = 0; i < world->batches; i++)
		if (body.data == world->batch[i].body.data &&
		    body.size == world->batch[i].body.size)
			return world->batch[i].digest;
	return ec_sha256(body.data, body.size);
}

static struct sim_host *host_add(struct sim_world *world, uint32_t identity, bool twin)
{
	assert(world->hosts < SIM_HOSTS_MAX);
	struct sim_host *host = calloc(1, sizeof *host);
	assert(host);
	host->index = world->hosts;
	host->identity = identity;
	host->twin = twin;
	host->mischief = world->plan.mischief[identity];
	host->byzantine = host->mischief != 0;
	host->faces = UINT64_MAX;
	host->app.era = 1;
	host->durable = host->app;
	world->host[world->hosts++] = host;
	return host;
}

/* Each twin speaks to some of the others, by chance; together they leave nobody out.  Colluders
 * cut the correct members in two halves, and each half of the twins keeps to its own. */
static void faces_make(struct sim_world *world)
{
	uint32_t members = world->plan.members;
	for (uint32_t t = members; t < world->hosts; t++) {
		struct sim_host *twin = world->host[t], *first = world->host[twin->identity];
		first->faces = twin->faces = 0;
		for (uint32_t h = 0; h < world->hosts; h++) {
			const struct sim_host *peer = world->host[h];
			bool both = !world->plan.colluders && ec_prng_chance(&world->prng, 1, 4);
			bool other = ec_prng_chance(&world->prng, 1, 2);
			if (world->plan.colluders)
				other = sim_side(peer);
			first->faces |= (uint64_t)(both || !other) << h;
			twin->faces |= (uint64_t)(both || other) << h;
		}
	}
}

struct sim_world *sim_world_new(const struct sim_plan *plan)
{
	struct sim_world *world = calloc(1, sizeof *world);
	assert(world && plan->members >= 1 && plan->members <= SIM_MEMBERS_MAX);
	world->plan = *plan;
	world->now = 1; /* 0 means never */
	ec_prng_seed(&world->prng, plan->seed ^ 0x73696d756c617465u);
	world->pool = ec_pool_new(0);
	world->held = malloc(SIM_HELD_MAX * sizeof *world->held);
	assert(world->pool && world->held);
	for (uint32_t i = 0; i < plan->members; i++)
		host_add(world, i, false);
	for (uint32_t i = 0; i < plan->members; i++)
		if (plan->mischief[i] & SIM_EQUIVOCATE) {
			sim_twins_begin(world->host[i]);
			host_add(world, i, true);
		}
	faces_make(world);
	world->counts.fired[SIM_CALM] += plan->calm;
	sim_eras_make(world);
	if (plan->ledger)
		sim_ledger_begin(world);
	return world;
}

static void host_free(struct sim_world *world, struct sim_host *host)
{
	for (int i = 0; i < 2; i++)
		sim_instance_end(world, &host->instance[i]);
	sim_queue_free(&host->self);
	sim_queue_free(&host->early);
	sim_queue_free(&host->past);
	sim_ledger_host_end(host);
	sim_twins_end(host);
	sim_tail_free(host);
	free(host->history);
	free(host);
}

void sim_world_free(struct sim_world *world)
{
	for (uint32_t h = 0; h < world->hosts; h++)
		host_free(world, world->host[h]);
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			sim_link_free(&world->link[a][b]);
	for (uint32_t i = 0; i < world->outgoing_count; i++) {
		ec_drop(world->outgoing[i].head);
		ec_drop(world->outgoing[i].body);
	}
	for (uint32_t i = 0; i < world->batches; i++)
		ec_drop(world->batch[i].body);
	ec_drop(world->pin.head);
	sim_events_free(&world->events);
	sim_ledger_end(world);
	ec_pool_free(world->pool);
	free(world->decided);
	free(world->out.effect);
	free(world->twin_out.effect);
	free(world->twin_state);
	free(world->held);
	sim_trace_free(&world->trace);
	free(world);
}
