/* tail.c - the tentative end of a revisable order: what was delivered and may be taken back.
 *
 * host->app is what is final; behind it stand the deliveries that are not, each with the state
 * that the application has after it.  FINAL moves the first of them into the application, by the
 * same way that a delivery of a total order takes.
 */
#include "sim/world.h"

#include <assert.h>
#include <stdlib.h>

const struct sim_app *sim_tip(const struct sim_host *host)
{
	return host->tail_count ? &host->tail[host->tail_count - 1].after : &host->app;
}

ec_seq sim_tip_seq(const struct sim_host *host)
{
	return host->app.seq + host->tail_count;
}

const struct sim_tentative *sim_tentative_at(const struct sim_host *host, ec_seq seq)
{
	bool there = seq > host->app.seq && seq <= sim_tip_seq(host);
	return there ? &host->tail[seq - host->app.seq - 1] : NULL;
}

const ec_hash *sim_digest_at(const struct sim_host *host, ec_seq seq)
{
	const struct sim_tentative *entry = sim_tentative_at(host, seq);
	if (entry)
		return &entry->after.digest;
	if (seq == host->app.seq)
		return &host->app.digest;
	bool known = seq && seq < host->app.seq && seq <= host->history_count &&
	             !ec_hash_zero(&host->history[seq - 1]);
	return known ? &host->history[seq - 1] : NULL;
}

void sim_tail_deliver(struct sim_world *world, struct sim_host *host,
                      const struct ec_effect *effect, uint32_t batch)
{
	struct sim_tentative entry = {.batch = batch,
	                              .node = effect->node,
	                              .stamp = effect->stamp,
	                              .digest = sim_digest(world, effect->body),
	                              .head = ec_keep(effect->head),
	                              .body = ec_keep(effect->body),
	                              .after = *sim_tip(host)};
	bool ended = entry.after.era != host->app.era; /* behind the end nothing is executed */
	if (!ended)
		sim_execute(world, host, &entry.after, effect->seq, &entry.digest, batch);
	if (host->tail_count == host->tail_capacity) {
		host->tail_capacity = host->tail_capacity ? 2 * host->tail_capacity : 64;
		host->tail = realloc(host->tail, host->tail_capacity * sizeof *host->tail);
		assert(host->tail);
	}
	host->tail[host->tail_count++] = entry;
}

static void entry_drop(const struct sim_tentative *entry)
{
	ec_drop(entry->head);
	ec_drop(entry->body);
}

void sim_tail_cut(struct sim_host *host, uint32_t keep)
{
	while (host->tail_count > keep) {
		const struct sim_tentative *entry = &host->tail[--host->tail_count];
		if (entry->batch != UINT32_MAX)
			host->submitted[entry->batch] = 0; /* it waits again */
		entry_drop(entry);
	}
	host->queue_first = 0;
}

void sim_tail_free(struct sim_host *host)
{
	sim_tail_cut(host, 0);
	free(host->tail);
	host->tail = NULL;
	host->tail_capacity = 0;
}

void sim_undo(struct sim_world *world, struct sim_host *host, ec_seq seq)
{
	if (seq < host->app.seq || seq > sim_tip_seq(host))
		return; /* judged by the oracle; a Byzantine member's own affair */
	world->counts.fired[SIM_UNDO] += sim_tip_seq(host) > seq;
	sim_tail_cut(host, (uint32_t)(seq - host->app.seq));
}

void sim_final(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
               ec_seq seq)
{
	if (seq < host->app.seq || seq > sim_tip_seq(host))
		return;
	uint32_t count = (uint32_t)(seq - host->app.seq), done = 0;
	while (done < count && host->app.era == instance->era && !world->violated) {
		const struct sim_tentative *entry = &host->tail[done++];
		const struct ec_effect effect = {.kind = EC_DELIVER,
		                                 .seq = host->app.seq + 1,
		                                 .node = entry->node,
		                                 .stamp = entry->stamp,
		                                 .head = entry->head,
		                                 .body = entry->body};
		if (effect.seq > world->decided_count)
			sim_ambush(world, host, SIM_MOMENT_DELIVERY);
		sim_settle(world, host, instance, &effect, entry->batch);
	}
	for (uint32_t i = 0; i < done; i++)
		entry_drop(&host->tail[i]);
	host->tail_count -= done;
	if (done)
		memmove(host->tail, host->tail + done, host->tail_count * sizeof *host->tail);
	if (host->app.era != instance->era) {
		world->counts.fired[SIM_ERA_DISCARDED] += host->tail_count;
		sim_tail_cut(host, 0);
	}
}
