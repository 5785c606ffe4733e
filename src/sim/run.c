/* run.c - a planned world lives: events in order of time, two phases. */
#include "sim/ledger.h"

enum { AUDIT_EVERY = 2000 };

static void start_all(struct sim_world *world)
{
	for (uint32_t h = 0; h < world->hosts; h++) {
		struct sim_host *host = world->host[h];
		host->day_offset = sim_between(world, 0, 2 * SIM_S);
		sim_start(world, host);
	}
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < a; b++)
			sim_link_new(world, a, b);
}

/* The colluders' plan: the two halves of the correct members never hear each other. */
static void halves_part(struct sim_world *world)
{
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			const struct sim_host *x = world->host[a], *y = world->host[b];
			if (!x->byzantine && !y->byzantine && sim_side(x) != sim_side(y))
				world->link[a][b].blocked = world->link[a][b].cut = true;
		}
}

static void schedule(struct sim_world *world)
{
	const struct sim_plan *plan = &world->plan;
	sim_later(world, plan->chaos_ns, (struct sim_event){.kind = SIM_PHASE});
	sim_later(world, plan->client_ns, (struct sim_event){.kind = SIM_CLIENT});
	if (plan->fault_ns)
		sim_later(world, plan->fault_ns, (struct sim_event){.kind = SIM_FAULT});
	if (plan->eras > 1)
		sim_later(world, SIM_S, (struct sim_event){.kind = SIM_ERA_LOOK});
	if ((plan->protocol->reads || plan->ledger) && plan->reads_permille)
		sim_later(world, SIM_S, (struct sim_event){.kind = SIM_READ});
	if (plan->pinned)
		sim_later(world, SIM_S, (struct sim_event){.kind = SIM_PIN});
	for (uint32_t h = 0; h < world->hosts; h++)
		if (world->host[h]->mischief & (SIM_REPLAY | SIM_AMNESIA | SIM_JUNK))
			sim_later(world, SIM_S,
			          (struct sim_event){.kind = SIM_MISCHIEF, .host = h});
}

static void again(struct sim_world *world, const struct sim_event *event, uint64_t mean)
{
	sim_later(world, sim_between(world, mean / 4, mean * 7 / 4),
	          (struct sim_event){.kind = event->kind, .host = event->host});
}

static void client(struct sim_world *world, const struct sim_event *event)
{
	uint32_t made = world->ledger ? sim_ledger_submitted(world) : world->batches;
	if (made == world->plan.batches)
		return;
	sim_client(world);
	if (world->plan.entry->protocol->hands_over && !world->plan.calm &&
	    ec_prng_chance(&world->prng, 1, 20))
		sim_hand_over(world, (uint32_t)ec_prng_below(&world->prng, world->plan.members));
	again(world, event, world->plan.client_ns);
}

static void fault(struct sim_world *world, const struct sim_event *event)
{
	if (world->healed)
		return;
	sim_fault(world);
	again(world, event, world->plan.fault_ns);
}

static void synced(struct sim_world *world, struct sim_host *host, const struct sim_event *event)
{
	struct sim_instance *instance =
		host->ledger ? sim_current(host) : sim_instance_at(host, event->era);
	if (!instance)
		return;
	instance->syncing = false;
	if (instance->disk.stalled)
		return;
	sim_saved(world, host, instance, (uint32_t)event->count);
	uint32_t more = sim_disk_unsynced(&instance->disk);
	if (more && !instance->syncing) {
		instance->syncing = true;
		sim_later(world,
		          sim_between(world, world->plan.sync_min_ns, world->plan.sync_max_ns),
		          (struct sim_event){.kind = SIM_SYNCED,
		                             .host = event->host,
		                             .era = event->era,
		                             .life = event->life,
		                             .count = more});
	}
	sim_pump(world, host);
}

/* What belongs to one life of a host. */
static void of_a_life(struct sim_world *world, struct sim_host *host, const struct sim_event *event)
{
	struct sim_instance *instance = sim_instance_at(host, event->era);
	if (!host->up || host->life != event->life)
		return;
	if (event->kind == SIM_SYNCED)
		synced(world, host, event);
	if (event->kind == SIM_WAKE && host->ledger)
		sim_ledger_wake(world, host);
	if (event->kind == SIM_WAKE && instance)
		sim_wake(world, host, instance);
	if (event->kind == SIM_SNAPPED)
		sim_snapped(world, host, event->era, event->count);
	if (event->kind == SIM_FETCHING && instance)
		sim_fetching(world, host, instance);
	if (event->kind == SIM_UNSTALL)
		sim_unstall(world, host);
}

/* Who is down hears of it later. */
static void body(struct sim_world *world, struct sim_host *host, const struct sim_event *event)
{
	if (!host->up) {
		sim_later(world, SIM_S, *event);
		return;
	}
	sim_batch_arrive(world, host, (uint32_t)event->count);
	sim_pump(world, host);
}

/* Who hears whom. */
static void parts(struct sim_world *world, const struct sim_event *event)
{
	if (event->kind == SIM_DUSK)
		sim_dusk(world, event->host);
	if (event->kind == SIM_DAWN)
		sim_dawn(world, event->host, event->count);
	if (event->kind == SIM_HEAL && event->count == world->ambush.number)
		sim_heal(world);
}

/* What happens every so often. */
static void look(struct sim_world *world, struct sim_host *host, const struct sim_event *event)
{
	if (event->kind == SIM_ERA_LOOK)
		sim_era_look(world);
	if (event->kind == SIM_PIN)
		sim_pin(world);
	if (event->kind == SIM_MISCHIEF)
		sim_mischief(world, host);
	again(world, event,
	      event->kind == SIM_ERA_LOOK ? SIM_S
	      : event->kind == SIM_PIN    ? 200 * SIM_MS
	                                  : 300 * SIM_MS);
}

static void happen(struct sim_world *world, const struct sim_event *event)
{
	struct sim_host *host = world->host[event->host];
	switch (event->kind) {
	case SIM_PICK:
		sim_adversary_pick(world);
		break;
	case SIM_ARRIVE:
		sim_arrive(world, event->host, event->peer);
		break;
	case SIM_SYNCED:
	case SIM_WAKE:
	case SIM_SNAPPED:
	case SIM_FETCHING:
	case SIM_UNSTALL:
		of_a_life(world, host, event);
		break;
	case SIM_BODY:
		body(world, host, event);
		break;
	case SIM_CLIENT:
		client(world, event);
		break;
	case SIM_RETRY:
		sim_ledger_retry(world, (uint32_t)event->count);
		break;
	case SIM_READ:
		sim_read(world, world->host[ec_prng_below(&world->prng, world->hosts)]);
		if (!world->healed)
			again(world, event, SIM_S * 1000 / world->plan.reads_permille);
		break;
	case SIM_FAULT:
		fault(world, event);
		break;
	case SIM_RESTART:
		sim_restart(world, host);
		break;
	case SIM_LINK_UP:
		sim_link_new(world, event->host, event->peer);
		break;
	case SIM_DUSK:
	case SIM_DAWN:
	case SIM_HEAL:
		parts(world, event);
		break;
	case SIM_UNSLOW:
		host->slow = false;
		break;
	case SIM_ERA_LOOK:
	case SIM_PIN:
	case SIM_MISCHIEF:
		look(world, host, event);
		break;
	case SIM_PHASE:
		if (!world->plan.colluders)
			sim_heal_all(world);
		break;
	}
}

void sim_run(struct sim_world *world)
{
	const struct sim_plan *plan = &world->plan;
	const struct sim_oracles *oracles = sim_oracles_of(plan->protocol->order);
	struct sim_event event;
	sim_adversary_begin(world);
	start_all(world);
	if (plan->colluders)
		halves_part(world);
	schedule(world);
	uint64_t end = plan->chaos_ns + (plan->colluders ? 0 : plan->calm_ns), events = 0;
	while (!world->violated && sim_events_take(&world->events, &event) && event.time <= end) {
		world->now = event.time;
		happen(world, &event);
		if (plan->audit && !plan->ledger && ++events % AUDIT_EVERY == 0) {
			sim_check_references(world);
			sim_check_replay(world, world->host[events / AUDIT_EVERY % world->hosts]);
		}
		if (world->over || (world->healed && oracles->agreed(world)))
			break;
	}
	if (!world->violated && !world->ledger)
		sim_check_references(world);
	oracles->end(world);
	if (!world->violated && world->ledger)
		sim_ledger_check_end(world);
}
