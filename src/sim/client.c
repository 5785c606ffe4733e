/* client.c - clients: batches that reach all hosts, wait there, and are submitted; and reads. */
#include "sim/ledger.h"

#include "crypto/hash.h"

#include <assert.h>
#include <stdio.h>

uint64_t sim_stamp(const struct sim_world *world, const struct sim_host *host)
{
	return SIM_DAY_ZERO + world->now + host->day_offset;
}

uint32_t sim_batch_new(struct sim_world *world, const char *text, uint64_t era)
{
	assert(world->batches < SIM_BATCHES_MAX && text[0]);
	struct sim_batch *batch = &world->batch[world->batches];
	*batch = (struct sim_batch){.body = ec_pool_copy(world->pool, text, strlen(text)),
	                            .digest = ec_sha256(text, strlen(text)),
	                            .era = era,
	                            .submitted_at = world->now};
	return world->batches++;
}

uint32_t sim_batch_find(const struct sim_world *world, struct ec_bytes body)
{
	for (uint32_t i = 0; i < world->batches; i++)
		if (body.data == world->batch[i].body.data)
			return i;
	for (uint32_t i = 0; i < world->batches; i++)
		if (ec_bytes_equal(body, world->batch[i].body))
			return i;
	return UINT32_MAX;
}

void sim_batch_arrive(struct sim_world *world, struct sim_host *host, uint32_t batch)
{
	if (!host->up || host->arrived[batch])
		return;
	host->arrived[batch] = world->now;
	assert(host->queue_count < SIM_BATCHES_MAX);
	host->queue[host->queue_count++] = (uint16_t)batch;
}

uint64_t sim_since(struct sim_host *host)
{
	while (host->queue_first < host->queue_count &&
	       sim_executed(sim_tip(host), host->queue[host->queue_first]))
		host->queue_first++;
	return host->queue_first == host->queue_count
	               ? 0
	               : host->arrived[host->queue[host->queue_first]];
}

/* A turn is a time in which what was submitted once need not be submitted again: a life, an era and
 * a view of it. */
static uint64_t turn_now(struct sim_host *host, const struct sim_instance *instance)
{
	bool anyone = instance->lead == EC_ALL; /* takes batches in every view */
	uint64_t view = (anyone ? 0 : instance->view) << 3 | instance->era;
	if (view != host->turn_view) {
		host->turn_view = view;
		host->turn++;
	}
	return host->turn;
}

bool sim_feed(struct sim_world *world, struct sim_host *host)
{
	struct sim_instance *instance = sim_current(host);
	if (!instance || !instance->state || instance->want == 0 || !sim_room(instance))
		return false;
	if (instance->lead != instance->self && instance->lead != EC_ALL)
		return false;
	uint64_t turn = turn_now(host, instance);
	sim_since(host);
	for (uint32_t i = host->queue_first; i < host->queue_count; i++) {
		uint32_t batch = host->queue[i];
		if (host->submitted[batch] == turn || sim_executed(sim_tip(host), batch))
			continue;
		host->submitted[batch] = turn;
		sim_step(world, host, instance,
		         &(struct ec_input){.kind = EC_SUBMIT,
		                            .body = world->batch[batch].body,
		                            .digest = world->batch[batch].digest,
		                            .stamp = sim_stamp(world, host)});
		return true;
	}
	return false;
}

/* In every second world one pair of neighbours in four may not both run. */
static uint32_t rivals(const struct sim_world *world, uint32_t batch)
{
	uint32_t pair = batch / 2 + 1, first = batch / 2 * 2;
	bool change = world->batch[first].era || world->batch[batch].era;
	return world->plan.seed % 2 && pair % 4 == 1 && !change ? pair : 0;
}

/* A new batch, and when its body comes to whom: soon to most, to some never by itself. */
void sim_client(struct sim_world *world)
{
	if (world->ledger) {
		sim_ledger_client(world);
		return;
	}
	char text[48];
	uint32_t n = world->batches, eras = world->eras;
	uint64_t era = 0;
	for (uint32_t e = 2; e <= eras; e++) /* the orders to change are spread over the run */
		if (n == (e - 1) * world->plan.batches / (eras + 1))
			era = e;
	snprintf(text, sizeof text, era ? "era %u of %u" : "batch %u of %u",
	         era ? (unsigned)era : n + 1, era ? eras : world->plan.batches);
	uint32_t batch = sim_batch_new(world, text, era);
	world->batch[batch].rivals = rivals(world, batch);
	uint32_t gateway = (uint32_t)ec_prng_below(&world->prng, world->hosts);
	uint32_t gateways = 1 + (uint32_t)(batch % 2);
	for (uint32_t h = 0; h < world->hosts; h++) {
		bool lost = h != gateway && !world->healed &&
		            ec_prng_chance(&world->prng, world->plan.body_lost_permille, 1000);
		if (sim_plan_sealed(&world->plan)) /* the others only when its client tries again */
			lost = (h + world->hosts - gateway) % world->hosts >= gateways;
		if (world->plan.colluders) /* each half is told of its own batches only */
			lost = sim_side(world->host[h]) != (batch & 1);
		world->counts.fired[SIM_BODY_LATE] += lost;
		uint64_t delay =
			sim_between(world, world->plan.delay_min_ns, 2 * world->plan.delay_max_ns);
		if (world->healed)
			delay += lost ? 20 * SIM_S : 0;
		sim_later(world, lost && !world->healed ? world->plan.chaos_ns : delay,
		          (struct sim_event){.kind = SIM_BODY, .host = h, .count = batch});
	}
}

void sim_read(struct sim_world *world, struct sim_host *host)
{
	struct sim_instance *instance = sim_current(host);
	if (world->ledger) {
		sim_ledger_read(world, host);
		return;
	}
	if (!host->up || !instance || !instance->state || !instance->protocol->reads ||
	    !sim_room(instance) || host->read_count == SIM_READS_MAX)
		return;
	uint64_t ticket = ++world->tickets;
	host->reads[host->read_count++] = (struct sim_read){
		.ticket = ticket, .since = world->now, .seen = world->acknowledged};
	sim_step(world, host, instance, &(struct ec_input){.kind = EC_READ, .ticket = ticket});
}

void sim_hand_over(struct sim_world *world, uint32_t heir)
{
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct sim_host *host = world->host[h];
		struct sim_instance *instance = sim_current(host);
		if (world->ledger) {
			world->counts.fired[SIM_ASKED_TO_LEAD] += sim_ledger_hand_over(world, host);
			continue;
		}
		if (!host->up || !instance || !instance->state || !sim_room(instance))
			continue;
		ec_node node = sim_member_of(world, instance->era, heir);
		if (node == EC_ALL || instance->lead != instance->self || node == instance->self)
			continue;
		world->counts.fired[SIM_ASKED_TO_LEAD]++;
		sim_step(world, host, instance, &(struct ec_input){.kind = EC_LEAD, .from = node});
	}
}

bool sim_read_again(struct sim_world *world, struct sim_host *host)
{
	struct sim_instance *instance = sim_current(host);
	if (!host->read_again)
		return false;
	if (!instance || !instance->state || !instance->protocol->reads)
		host->read_count = 0; /* they are read through the order, or elsewhere */
	if (host->read_count && !sim_room(instance))
		return false;
	host->read_again = false;
	if (host->read_count)
		sim_step(world, host, instance,
		         &(struct ec_input){.kind = EC_READ,
		                            .ticket = host->reads[host->read_count - 1].ticket});
	return true;
}

void sim_serve(struct sim_world *world, struct sim_host *host, const struct sim_instance *instance,
               const struct ec_effect *effect)
{
	uint32_t left = 0;
	if (instance->era != host->app.era)
		return; /* others may be far on in the next era */
	sim_trace_effect(world, host, effect);
	for (uint32_t i = 0; i < host->read_count; i++) {
		const struct sim_read *read = &host->reads[i];
		if (read->ticket > effect->ticket) {
			host->reads[left++] = *read;
			continue;
		}
		if (!host->byzantine && effect->seq < read->seen)
			sim_violate(world, "linearizable reads",
			            "member %u serves ticket %llu at %llu, %llu was acknowledged",
			            host->identity, (unsigned long long)read->ticket,
			            (unsigned long long)effect->seq,
			            (unsigned long long)read->seen);
	}
	host->read_count = left;
}
