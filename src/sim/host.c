/* host.c - lives and steps: what a host owes a protocol, in the simulated world. */
#include "sim/ledger.h"

#include <assert.h>
#include <stdlib.h>

enum { PUMP_ROUNDS_MAX = 20000 };

uint64_t sim_clock(const struct sim_host *host, uint64_t time)
{
	assert(!time || time >= host->born);
	return time ? host->clock_zero + (time - host->born) * host->clock_permille / 1000 : 0;
}

uint64_t sim_until(const struct sim_world *world, const struct sim_host *host, uint64_t at)
{
	uint64_t now = sim_clock(host, world->now);
	return at > now ? ((at - now) * 1000 + host->clock_permille - 1) / host->clock_permille : 0;
}

struct sim_instance *sim_instance_at(struct sim_host *host, uint64_t era)
{
	struct sim_instance *instance = &host->instance[era & 1];
	return instance->exists && instance->era == era && instance->state ? instance : NULL;
}

struct sim_instance *sim_current(struct sim_host *host)
{
	struct sim_instance *instance = &host->instance[host->app.era & 1];
	return instance->exists && instance->era == host->app.era ? instance : NULL;
}

bool sim_room(const struct sim_instance *instance)
{
	return ec_flush_room(instance->flush) >= instance->limits.effects_per_step;
}

struct ec_out sim_out(struct sim_world *world, struct sim_effects *effects,
                      const struct sim_instance *instance)
{
	uint32_t capacity = instance->limits.effects_per_step;
	if (effects->capacity < capacity) {
		effects->effect = realloc(effects->effect, capacity * sizeof *effects->effect);
		assert(effects->effect);
		effects->capacity = capacity;
	}
	return (struct ec_out){
		.effect = effects->effect, .capacity = capacity, .pool = world->pool};
}

static void take_out(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                     const struct ec_input *input, const struct ec_out *out)
{
	for (uint32_t i = 0; i < out->count; i++)
		ec_flush_add(instance->flush, out->effect[i]);
	world->counts.views += out->view > instance->view;
	bool first = input->kind == EC_START; /* some count their views from 1 */
	if (world->plan.calm && instance->patient && !first && out->view > instance->view)
		sim_violate(world, "patience", "member %u went to view %llu though nothing fails",
		            host->identity, (unsigned long long)out->view);
	if (out->view > instance->view)
		sim_ambush(world, host, SIM_MOMENT_VIEW);
	instance->wake = out->wake;
	instance->view = out->view;
	instance->want = out->want;
	instance->lead = out->lead;
	bool sooner = !instance->wake_scheduled || out->wake < instance->wake_scheduled;
	if (!out->wake || world->plan.manual || !sooner)
		return;
	instance->wake_scheduled = out->wake;
	sim_later(world, sim_until(world, host, out->wake),
	          (struct sim_event){.kind = SIM_WAKE,
	                             .host = host->index,
	                             .era = instance->era,
	                             .life = host->life});
}

static void step_only(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                      struct ec_input *input)
{
	bool current = instance == sim_current(host);
	assert(instance->state && (input->kind == EC_RECORD || sim_room(instance)));
	input->now = sim_clock(host, world->now);
	input->since = current ? sim_clock(host, sim_since(host)) : 0;
	if (current)
		host->waiting = input->since != 0;
	struct ec_out out = sim_out(world, &world->out, instance), copy = {0};
	if (world->plan.twins_check)
		sim_twin_begin(world, instance, input, &copy);
	instance->protocol->step(instance->state, input, &out);
	world->counts.steps++;
	if (world->plan.twins_check)
		sim_twin_end(world, host, instance, &copy, &out);
	sim_check_limits(world, host, instance, &out);
	if (input->kind == EC_RECORD && out.count)
		sim_violate(world, "silent replay", "member %u emitted %u effects before START",
		            host->identity, out.count);
	take_out(world, host, instance, input, &out);
	host->busy_until = world->now + world->plan.step_ns * (host->slow ? 200 : 1);
}

void sim_step(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
              struct ec_input *input)
{
	step_only(world, host, instance, input);
	sim_pump(world, host);
}

void sim_save(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
              struct sim_record record)
{
	sim_disk_append(&instance->disk, record);
	if (world->plan.manual && !instance->disk.stalled)
		sim_saved(world, host, instance, 1);
	if (world->plan.manual || instance->syncing || instance->disk.stalled)
		return;
	instance->syncing = true;
	sim_later(world, sim_between(world, world->plan.sync_min_ns, world->plan.sync_max_ns),
	          (struct sim_event){.kind = SIM_SYNCED,
	                             .host = host->index,
	                             .era = instance->era,
	                             .life = host->life,
	                             .count = sim_disk_unsynced(&instance->disk)});
}

static void save(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                 const struct ec_effect *effect)
{
	sim_save(world, host, instance,
	         (struct sim_record){.seq = effect->seq,
	                             .cut = effect->flags & EC_CUT,
	                             .head = ec_keep(effect->head),
	                             .body = ec_keep(effect->body),
	                             .digest = sim_digest(world, effect->body)});
}

/* `count` of the oldest unsynced records: the disk has them, their effects may follow. */
void sim_saved(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
               uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!host->ledger)
			sim_trace_save(world, host, instance,
			               &instance->disk.record[instance->disk.durable]);
		sim_disk_sync(&instance->disk, 1);
	}
	if (host->ledger)
		sim_ledger_saved(world, host, count);
	else
		ec_flush_durable(instance->flush, count);
}

/* What an instance of an era that ended revises is discarded with it. */
static void revise(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                   const struct ec_effect *effect)
{
	if (instance->era != host->app.era)
		return;
	sim_trace_effect(world, host, effect);
	if (!host->byzantine)
		sim_oracles_of(instance->protocol->order)->revised(world, host, instance, effect);
	if (instance->protocol->order != EC_REVISABLE)
		return;
	if (effect->kind == EC_UNDO)
		sim_undo(world, host, effect->seq);
	else
		sim_final(world, host, instance, effect->seq);
}

static void perform(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                    const struct ec_effect *effect)
{
	if (effect->kind != EC_SAVE && effect->kind != EC_SEND)
		sim_send_all(world, host, instance);
	switch (effect->kind) {
	case EC_SEND:
		sim_check_secrets(world, host, instance, effect);
		world->outgoing[world->outgoing_count] = *effect;
		ec_keep(effect->head);
		ec_keep(effect->body);
		if (++world->outgoing_count == SIM_OUTGOING_MAX)
			sim_send_all(world, host, instance);
		break;
	case EC_SAVE:
		sim_send_all(world, host, instance);
		save(world, host, instance, effect);
		sim_ambush_saved(world, host, effect->head);
		break;
	case EC_DELIVER:
		if (effect->seq > world->decided_count && instance->protocol->order == EC_TOTAL)
			sim_ambush(world, host, SIM_MOMENT_DELIVERY);
		sim_deliver(world, host, instance, effect);
		break;
	case EC_SNAP:
		sim_snap(world, host, instance, effect);
		break;
	case EC_FETCH:
		sim_fetch(world, host, instance, effect);
		break;
	case EC_SERVE:
		sim_serve(world, host, instance, effect);
		break;
	case EC_BLAME:
		sim_check_blame(world, host, instance, effect);
		break;
	case EC_UNDO:
	case EC_FINAL:
		revise(world, host, instance, effect);
		break;
	case EC_NOTE:
		sim_trace_effect(world, host, effect);
		break;
	}
}

static bool drain(struct sim_world *world, struct sim_host *host, struct sim_instance *instance)
{
	struct ec_effect effect;
	bool moved = false;
	while (instance->state && ec_flush_next(instance->flush, &effect)) {
		perform(world, host, instance, &effect);
		ec_drop(effect.head);
		ec_drop(effect.body);
		moved = true;
	}
	if (instance->state)
		sim_send_all(world, host, instance);
	return moved;
}

/* The host's own messages come back to it. */
static bool hear_oneself(struct sim_world *world, struct sim_host *host)
{
	if (!host->self.count)
		return false;
	struct sim_instance *instance = sim_instance_at(host, sim_queue_at(&host->self, 0)->era);
	if (instance && !sim_room(instance))
		return false;
	struct sim_item item = sim_queue_pop(&host->self);
	if (instance) {
		struct ec_input input = sim_item_input(&item);
		step_only(world, host, instance, &input);
	}
	sim_item_drop(item);
	return true;
}

static void refuse(struct sim_world *world, const struct sim_host *host,
                   const struct sim_item *item)
{
	char words[128], a[8], b[8];
	struct ec_text text = ec_text_over(words, sizeof words);
	const struct sim_host *from = world->host[item->from_host];
	world->counts.refused++;
	if (!world->trace.on && from->byzantine)
		return;
	sim_protocol_of(world, item->era)->show_head(item->head, &text);
	sim_say(world, "%s refuses %s of %s", sim_name(host, a), words, sim_name(from, b));
	if (!from->byzantine && !world->plan.manual)
		sim_violate(world, "honest messages pass", "check() of %s refused %s of %s", a,
		            words, b);
}

static bool genuine(const struct sim_world *world, const struct sim_instance *instance,
                    const struct sim_item *item)
{
	const struct sim_era *era = &world->era[item->era - 1];
	return item->proof.size == 0 ||
	       ec_proof_verify(instance->config.crypto, era->member[item->from].key, &era->domain,
	                       item->head, &item->digest, item->proof);
}

static void receive_message(struct sim_world *world, struct sim_host *host,
                            struct sim_instance *instance, const struct sim_item *item)
{
	struct ec_input input = sim_item_input(item);
	uint32_t batch = item->body.size ? sim_batch_find(world, item->body) : UINT32_MAX;
	if (!genuine(world, instance, item) ||
	    !instance->protocol->check(&instance->config, &input)) {
		refuse(world, host, item);
		return;
	}
	world->counts.fired[SIM_MUTANT_PASSED] += item->mutant;
	if (batch != UINT32_MAX && !host->arrived[batch])
		sim_batch_arrive(world, host, batch);
	step_only(world, host, instance, &input);
}

/* What waited for this era is heard before anything newer. */
static bool hear_early(struct sim_world *world, struct sim_host *host)
{
	if (!host->early.count || sim_queue_at(&host->early, 0)->era > host->app.era)
		return false;
	struct sim_instance *instance = sim_instance_at(host, sim_queue_at(&host->early, 0)->era);
	if (instance && !sim_room(instance))
		return false;
	struct sim_item item = sim_queue_pop(&host->early);
	if (instance)
		receive_message(world, host, instance, &item);
	sim_item_drop(item);
	return true;
}

/* `since` left 0, or, in a script, the wake time has come. */
static bool wake_at_once(struct sim_world *world, struct sim_host *host)
{
	struct sim_instance *instance = sim_current(host);
	if (!instance || !instance->state || !sim_room(instance))
		return false;
	bool due = world->plan.manual && instance->wake &&
	           instance->wake <= sim_clock(host, world->now);
	if (!due && (host->waiting || !sim_since(host)))
		return false;
	struct ec_input input = {.kind = EC_WAKE};
	step_only(world, host, instance, &input);
	return true;
}

void sim_pump(struct sim_world *world, struct sim_host *host)
{
	for (uint32_t round = 0; host->up && !host->ledger && !host->starting && !world->violated;
	     round++) {
		if (round == PUMP_ROUNDS_MAX) {
			sim_violate(world, "progress", "member %u never comes to rest",
			            host->identity);
			return;
		}
		bool moved = false;
		for (int i = 0; i < 2; i++)
			if (host->instance[i].state)
				moved |= drain(world, host, &host->instance[i]);
		if (host->entering) {
			host->entering = false;
			sim_era_enter(world, host);
			moved = true;
		}
		if (!moved && !hear_oneself(world, host) && !hear_early(world, host) &&
		    !sim_read_again(world, host) && !sim_feed(world, host) &&
		    !wake_at_once(world, host))
			return;
	}
}

void sim_wake(struct sim_world *world, struct sim_host *host, struct sim_instance *instance)
{
	uint64_t now = sim_clock(host, world->now);
	instance->wake_scheduled = 0;
	if (!instance->wake)
		return;
	uint64_t at = instance->wake;
	if (at <= now && sim_room(instance)) {
		sim_step(world, host, instance, &(struct ec_input){.kind = EC_WAKE});
		return;
	}
	instance->wake_scheduled = at > now ? at : now + SIM_MS;
	sim_later(world, sim_until(world, host, instance->wake_scheduled),
	          (struct sim_event){.kind = SIM_WAKE,
	                             .host = host->index,
	                             .era = instance->era,
	                             .life = host->life});
}

static void receive_link(struct sim_world *world, struct sim_host *host, uint32_t from_host)
{
	for (int i = 0; i < 2; i++) {
		struct sim_instance *instance = &host->instance[i];
		if (!instance->state || !sim_room(instance))
			continue;
		ec_node from =
			sim_member_of(world, instance->era, world->host[from_host]->identity);
		struct ec_input input = {.kind = EC_LINK, .from = from};
		if (from != EC_ALL)
			step_only(world, host, instance, &input);
	}
}

void sim_receive(struct sim_world *world, struct sim_host *host, struct sim_item item)
{
	if (host->ledger) {
		sim_ledger_receive(world, host, &item);
		sim_item_drop(item);
		return;
	}
	if (item.link) {
		receive_link(world, host, item.from_host);
		sim_pump(world, host);
		return;
	}
	struct sim_instance *instance = sim_instance_at(host, item.era);
	if (instance) {
		receive_message(world, host, instance, &item);
	} else if (item.era > host->app.era) {
		world->counts.fired[SIM_ERA_EARLY]++;
		sim_queue_push(&host->early, item);
		if (host->early.count > SIM_EARLY_MAX) {
			sim_queue_cut(&host->early, SIM_EARLY_MAX);
			sim_link_break(world, item.from_host, host->index, false);
			sim_later(world, 200 * SIM_MS,
			          (struct sim_event){.kind = SIM_LINK_UP,
			                             .host = host->index,
			                             .peer = item.from_host});
		}
		return;
	}
	sim_item_drop(item);
	sim_pump(world, host);
}
