/* fault.c - what goes wrong in a world, and how it is put right. */
#include "sim/ledger.h"

static struct sim_host *anyone(struct sim_world *world)
{
	return world->host[ec_prng_below(&world->prng, world->hosts)];
}

void sim_restart(struct sim_world *world, struct sim_host *host)
{
	if (host->up)
		return;
	sim_start(world, host);
	for (uint32_t h = 0; h < world->hosts; h++)
		sim_link_new(world, host->index, h);
}

/* One with something on its way to the disk is the better victim. */
static void crash(struct sim_world *world)
{
	struct sim_host *host = anyone(world);
	for (int tries = 0; tries < 4 && host->up; tries++) {
		struct sim_instance *instance = sim_current(host);
		if (instance && sim_disk_unsynced(&instance->disk))
			break;
		host = anyone(world);
	}
	if (!host->up)
		return;
	char name[8];
	sim_say(world, "%s crashes", sim_name(host, name));
	sim_crash(world, host, UINT32_MAX);
	bool at_once = ec_prng_chance(&world->prng, 1, 3);
	sim_later(world,
	          at_once ? SIM_MS : sim_between(world, 2 * SIM_MS, world->plan.fault_max_ns),
	          (struct sim_event){.kind = SIM_RESTART, .host = host->index});
}

static void link_break(struct sim_world *world)
{
	struct sim_host *a = anyone(world), *b = anyone(world);
	if (a == b || !world->link[a->index][b->index].up)
		return;
	world->counts.fired[SIM_LINK_BREAK]++;
	sim_link_break(world, a->index, b->index, false);
	sim_later(world, sim_between(world, SIM_MS, 800 * SIM_MS),
	          (struct sim_event){.kind = SIM_LINK_UP, .host = a->index, .peer = b->index});
}

/* Hosts with a bit in `side` and those without do not hear each other; with `one_way`, only the
 * second do not hear the first.  Returns: whether any did before. */
static bool part(struct sim_world *world, uint64_t side, bool one_way)
{
	bool bites = false;
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			if (!(side >> a & 1) || (side >> b & 1))
				continue;
			struct sim_link *link = &world->link[a][b];
			bites |= link->up && !link->blocked;
			if (one_way) {
				link->blocked = true;
				continue;
			}
			sim_link_break(world, a, b, false);
			link->cut = true;
		}
	sim_later(world, sim_between(world, 10 * SIM_MS, world->plan.fault_max_ns),
	          (struct sim_event){.kind = SIM_HEAL});
	return bites;
}

void sim_heal(struct sim_world *world)
{
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			world->link[a][b].cut = false;
			if (world->link[a][b].blocked) {
				world->link[a][b].blocked = false;
				sim_link_go(world, a, b);
			}
		}
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < a; b++)
			sim_link_new(world, a, b);
}

static void stall(struct sim_world *world)
{
	struct sim_host *host = anyone(world);
	if (!host->up)
		return;
	world->counts.fired[SIM_DISK_STALL]++;
	for (int i = 0; i < 2; i++)
		host->instance[i].disk.stalled = true;
	sim_later(world, sim_between(world, 10 * SIM_MS, world->plan.fault_max_ns),
	          (struct sim_event){.kind = SIM_UNSTALL, .host = host->index, .life = host->life});
}

void sim_unstall(struct sim_world *world, struct sim_host *host)
{
	for (int i = 0; i < 2; i++) {
		struct sim_instance *instance = &host->instance[i];
		instance->disk.stalled = false;
		uint32_t unsynced = sim_disk_unsynced(&instance->disk);
		if (!(instance->state || host->ledger) || !unsynced || instance->syncing)
			continue;
		instance->syncing = true;
		sim_later(world, world->plan.sync_min_ns,
		          (struct sim_event){.kind = SIM_SYNCED,
		                             .host = host->index,
		                             .era = instance->era,
		                             .life = host->life,
		                             .count = unsynced});
	}
}

static void slow(struct sim_world *world)
{
	struct sim_host *host = anyone(world);
	if (!host->up || host->slow)
		return;
	host->slow = true;
	world->counts.fired[SIM_SLOW_NODE]++;
	sim_later(world, sim_between(world, 10 * SIM_MS, world->plan.fault_max_ns),
	          (struct sim_event){.kind = SIM_UNSLOW, .host = host->index});
}

/* The time of day leaps by up to a year; the clock of timers does not.  Members with a ledger read
 * it; at the level of consensus.h only the stamp of a batch has it. */
static void clock_jump(struct sim_world *world)
{
	struct sim_host *host = anyone(world);
	uint64_t by = sim_between(world, SIM_S, (uint64_t)365 * 86400 * SIM_S);
	host->day_offset += ec_prng_chance(&world->prng, 1, 2) ? by : -by;
	world->counts.fired[SIM_CLOCK_JUMP] += host->ledger && host->up;
}

static void delay_spike(struct sim_world *world)
{
	struct sim_host *a = anyone(world), *b = anyone(world);
	struct sim_link *link = &world->link[a->index][b->index];
	uint64_t until = world->now + sim_between(world, 10 * SIM_MS, 2 * SIM_S);
	if (a == b || !link->up || until < link->last_arrival)
		return;
	link->last_arrival = until;
	world->counts.fired[SIM_DELAY_SPIKE]++;
}

static void partition(struct sim_world *world, bool one_way)
{
	enum sim_count kind = one_way ? SIM_PARTITION_ONE_WAY : SIM_PARTITION;
	world->counts.fired[kind] += part(world, ec_prng_next(&world->prng), one_way);
}

static void isolate(struct sim_world *world)
{
	uint64_t side = (uint64_t)1 << anyone(world)->index;
	world->counts.fired[SIM_ISOLATED] += part(world, side, ec_prng_chance(&world->prng, 1, 4));
}

void sim_fault(struct sim_world *world)
{
	const struct sim_plan *plan = &world->plan;
	const uint32_t weights[] = {plan->crash,  plan->breaks, plan->partition, plan->block,
	                            plan->stall,  plan->slow,   plan->jump,      plan->isolate,
	                            plan->breaks, plan->ambush};
	enum { KINDS = sizeof weights / sizeof weights[0] };
	uint32_t sum = 0, kind = 0;
	for (uint32_t i = 0; i < KINDS; i++)
		sum += weights[i];
	if (sum == 0)
		return;
	uint64_t pick = ec_prng_below(&world->prng, sum);
	while (pick >= weights[kind])
		pick -= weights[kind++];
	switch (kind) {
	case 0:
		crash(world);
		break;
	case 1:
		link_break(world);
		break;
	case 2:
		partition(world, false);
		break;
	case 3:
		partition(world, true);
		break;
	case 4:
		stall(world);
		break;
	case 5:
		slow(world);
		break;
	case 6:
		clock_jump(world);
		break;
	case 7:
		isolate(world);
		break;
	case 9:
		sim_ambush_lay(world);
		break;
	default:
		delay_spike(world);
		break;
	}
}

void sim_heal_all(struct sim_world *world)
{
	world->healed = true;
	sim_say(world, "all faults end");
	for (uint32_t h = 0; h < world->hosts; h++) {
		world->host[h]->slow = false;
		sim_unstall(world, world->host[h]);
		sim_restart(world, world->host[h]);
	}
	sim_heal(world);
	sim_adversary_end(world);
}
