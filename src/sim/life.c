/* life.c - a host comes up, loses its power, and comes up again. */
#include "sim/ledger.h"

#include <assert.h>
#include <stdlib.h>

enum { FLUSH_STEPS = 4 };

void sim_state_free(struct sim_world *world, const struct ec_protocol *protocol, void *state)
{
	if (!state)
		return;
	uint32_t held = protocol->held(state, world->held);
	assert(held <= SIM_HELD_MAX);
	for (uint32_t i = 0; i < held; i++)
		ec_drop(world->held[i]);
	free(state);
}

static uint32_t instance_down(struct sim_world *world, struct sim_instance *instance)
{
	uint32_t lost = 0;
	if (!instance->state)
		return 0;
	lost = ec_flush_clear(instance->flush);
	free(instance->flush);
	sim_state_free(world, instance->protocol, instance->state);
	instance->flush = NULL;
	instance->state = NULL;
	instance->syncing = false;
	instance->disk.stalled = false;
	instance->wake = instance->wake_scheduled = 0;
	instance->view = 0;
	instance->fetch = (struct sim_fetch){0};
	instance->snapping = 0;
	return lost;
}

void sim_instance_end(struct sim_world *world, struct sim_instance *instance)
{
	instance_down(world, instance);
	sim_disk_wipe(&instance->disk);
	*instance = (struct sim_instance){0};
}

static void configure(struct sim_world *world, struct sim_instance *instance)
{
	const struct sim_plan *plan = &world->plan;
	const struct sim_era *era = &world->era[instance->era - 1];
	bool holds = era->shared >> instance->self & 1;
	instance->protocol = era->entry->protocol;
	instance->config = (struct ec_config){.self = instance->self,
	                                      .notes = plan->notes,
	                                      .bug = era->entry == plan->entry ? plan->bug : 0,
	                                      .base = instance->base,
	                                      .roster = &era->roster,
	                                      .crypto = sim_crypto_of(plan),
	                                      .keys = era->keys.coin.n ? &era->keys : NULL,
	                                      .domain = era->domain,
	                                      .shares = holds ? &era->shares[instance->self] : NULL,
	                                      .options = era->has_options ? era->options : NULL};
	for (int i = 0; i < 4; i++) {
		uint64_t word = ec_prng_next(&world->prng);
		memcpy(instance->config.seed + 8 * i, &word, 8);
	}
}

static void replay(struct sim_world *world, struct sim_host *host, struct sim_instance *instance)
{
	for (uint32_t i = 0; i < instance->disk.count && !world->violated; i++) {
		const struct sim_record *record = &instance->disk.record[i];
		char words[128], name[8];
		sim_words(world, instance->protocol, record->head, record->body, words,
		          sizeof words);
		sim_say(world, "%s replays %s", sim_name(host, name), words);
		sim_step(world, host, instance,
		         &(struct ec_input){.kind = EC_RECORD,
		                            .seq = record->seq,
		                            .head = record->head,
		                            .body = record->body,
		                            .digest = record->digest});
	}
}

void sim_instance_start(struct sim_world *world, struct sim_host *host,
                        struct sim_instance *instance, ec_seq seq, const ec_hash *digest)
{
	assert(instance->exists && !instance->state);
	configure(world, instance);
	const struct ec_protocol *protocol = instance->protocol;
	instance->limits = protocol->limits(&instance->config);
	instance->patient = protocol->terms(&instance->config).timeout_ns > 0;
	uint32_t capacity = FLUSH_STEPS * instance->limits.effects_per_step;
	instance->state = calloc(1, instance->limits.state);
	instance->flush = malloc(ec_flush_size(capacity));
	assert(instance->state && instance->flush);
	ec_flush_init(instance->flush, capacity);
	protocol->init(instance->state, &instance->config);
	host->starting = true;
	replay(world, host, instance);
	host->starting = false;
	sim_step(world, host, instance,
	         &(struct ec_input){.kind = EC_START, .seq = seq, .digest = *digest});
}

/* A clock that only this life reads, by up to a tenth too fast or too slow. */
static void clock_start(struct sim_world *world, struct sim_host *host)
{
	uint32_t off = world->plan.drift_permille;
	host->born = world->now;
	host->clock_zero = sim_between(world, 1, 1000 * SIM_S);
	host->clock_permille = 1000;
	if (!off || ec_prng_chance(&world->prng, 1, 3))
		return;
	host->clock_permille = (uint32_t)sim_between(world, 1000 - off, 1000 + off);
	world->counts.fired[SIM_CLOCK_DRIFT] += host->clock_permille != 1000;
}

/* All bodies that it had reach it anew: its peers spread them. */
static void batches_return(struct sim_world *world, struct sim_host *host)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < world->batches; i++) {
		if (!host->arrived[i])
			continue;
		host->arrived[i] = world->now;
		host->queue[count++] = (uint16_t)i;
	}
	host->queue_first = 0;
	host->queue_count = count;
}

/* What a life begins with is on disk, and others can have it. */
static void beginning_keep(struct sim_host *host)
{
	for (uint32_t i = 0; i < host->kept_count; i++)
		if (host->kept[i].seq == host->app.seq)
			return;
	if (host->app.seq)
		sim_keep(host, &host->app);
}

void sim_start(struct sim_world *world, struct sim_host *host)
{
	assert(!host->up);
	host->up = true;
	host->life++;
	host->turn++;
	host->busy_until = world->now;
	clock_start(world, host);
	sim_tail_cut(host, 0);
	host->app = host->durable;
	beginning_keep(host);
	host->waiting = false;
	host->pin_told = 0;
	host->read_count = 0;
	host->read_again = false;
	if (host->ledger) {
		sim_ledger_start(world, host);
		return;
	}
	batches_return(world, host);
	struct sim_instance *old = &host->instance[(host->app.era + 1) & 1];
	if (old->exists && old->era < host->app.era)
		sim_instance_start(world, host, old, host->app.era_seq, &host->app.era_digest);
	struct sim_instance *instance = &host->instance[host->app.era & 1];
	if (!sim_current(host)) {
		ec_node self = sim_member_of(world, host->app.era, host->identity);
		if (self == EC_ALL)
			return;
		sim_instance_end(world, instance);
		instance->exists = true;
		instance->era = host->app.era;
		instance->self = self;
		instance->base = host->app.era_seq;
	}
	sim_instance_start(world, host, instance, host->app.seq, &host->app.digest);
}

static uint32_t survivors(struct sim_world *world, const struct sim_disk *disk, uint32_t keep)
{
	uint32_t unsynced = sim_disk_unsynced(disk);
	if (keep != UINT32_MAX)
		return keep < unsynced ? keep : unsynced;
	if (unsynced == 0)
		return 0;
	if (ec_prng_chance(&world->prng, 1, 2)) {
		world->counts.fired[SIM_TORN_PREFIX]++;
		return (uint32_t)ec_prng_below(&world->prng, unsynced + 1);
	}
	bool holes;
	uint32_t kept = sim_disk_torn(disk, &world->prng, &holes);
	world->counts.fired[SIM_TORN_SUBSET] += holes;
	return kept;
}

uint32_t sim_crash(struct sim_world *world, struct sim_host *host, uint32_t keep)
{
	uint32_t lost = 0;
	assert(host->up);
	if (world->plan.audit && !host->ledger)
		sim_check_replay(world, host);
	for (int i = 0; i < 2; i++) {
		struct sim_instance *instance = &host->instance[i];
		uint32_t kept = survivors(world, &instance->disk, keep);
		uint32_t writes = sim_disk_cut_power(&instance->disk, kept);
		world->counts.fired[SIM_CRASH_LOST_WRITES] += writes > 0;
		lost += writes + instance_down(world, instance);
	}
	if (host->ledger)
		sim_ledger_stop(host);
	world->counts.fired[SIM_CRASH]++;
	for (uint32_t h = 0; h < world->hosts; h++)
		sim_link_break(world, host->index, h, world->plan.manual);
	host->up = false;
	for (uint32_t h = 0; h < world->hosts; h++)
		sim_queue_cut(&world->link[h][host->index].queue, 0);
	sim_queue_cut(&host->self, 0);
	sim_queue_cut(&host->early, 0);
	host->entering = false;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < host->kept_count; i++)
		if (host->kept[i].seq <= host->durable.seq)
			host->kept[kept++] = host->kept[i];
	host->kept_count = kept;
	return lost;
}
