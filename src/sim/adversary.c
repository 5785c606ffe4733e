/* adversary.c - who is heard next is chosen by an adversary, one message at a time. */
#include "sim/adversary.h"

#include "sim/world.h"

enum { PICKS_A_CHANGE = 1000, BITES = 5 };

void sim_adversary_go(struct sim_world *world)
{
	struct sim_adversary *adversary = &world->adversary;
	if (adversary->picking)
		return;
	adversary->picking = true;
	sim_later(world, world->plan.pick_ns, (struct sim_event){.kind = SIM_PICK});
}

static bool waits(const struct sim_world *world, uint32_t from, uint32_t to)
{
	return world->link[from][to].queue.count && !world->link[from][to].blocked &&
	       world->host[to]->up;
}

/* Whether the first message of a link could arrive now. */
static bool ready(struct sim_world *world, uint32_t from, uint32_t to)
{
	struct sim_host *host = world->host[to];
	if (!waits(world, from, to) || host->busy_until > world->now)
		return false;
	const struct sim_item *head = sim_queue_at(&world->link[from][to].queue, 0);
	struct sim_instance *instance = head->link ? NULL : sim_instance_at(host, head->era);
	bool fetching = head->body_asked && head->arrives > world->now;
	return !fetching && !(instance && !sim_room(instance));
}

/* How many messages wait on links that are held back. */
static uint64_t held_count(const struct sim_world *world)
{
	uint64_t count = 0;
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			if (world->adversary.held[a][b] && waits(world, a, b))
				count += world->link[a][b].queue.count;
	return count;
}

/* A stretch in which something is held back, or one in which nothing is: in turns. */
static void stretch(struct sim_world *world)
{
	struct sim_adversary *adversary = &world->adversary;
	bool starves = world->plan.adversary == SIM_STARVE;
	uint32_t victim = (uint32_t)ec_prng_below(&world->prng, world->hosts);
	if (adversary->holds && held_count(world) >= BITES)
		world->counts.fired[starves ? SIM_STARVED : SIM_BURSTS]++;
	adversary->holds = !adversary->holds;
	uint64_t longest = !adversary->holds ? 500 * SIM_MS : starves ? 8 * SIM_S : 2 * SIM_S;
	adversary->until = world->now + sim_between(world, 20 * SIM_MS, longest);
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			bool half = ec_prng_chance(&world->prng, 1, 2);
			adversary->held[a][b] =
				adversary->holds && (starves ? a == victim || b == victim : half);
		}
}

/* Any link that may go on.  Returns: false when there is none. */
static bool any(struct sim_world *world, uint32_t *from, uint32_t *to)
{
	const struct sim_adversary *adversary = &world->adversary;
	uint32_t start = (uint32_t)ec_prng_below(&world->prng, adversary->links);
	for (uint32_t i = 0; i < adversary->links; i++) {
		uint16_t link = adversary->order[(start + i) % adversary->links];
		*from = link >> 8;
		*to = link & 0xff;
		if (!adversary->held[*from][*to] && ready(world, *from, *to))
			return true;
	}
	return false;
}

/* The first by priority.  Returns: its place; `links` when nobody is ready. */
static uint32_t first_ready(struct sim_world *world)
{
	const struct sim_adversary *adversary = &world->adversary;
	uint32_t i = 0;
	while (i < adversary->links &&
	       !ready(world, adversary->order[i] >> 8, adversary->order[i] & 0xff))
		i++;
	return i;
}

/* The first by priority, which at a change goes last.  Returns: false when there is none. */
static bool first(struct sim_world *world, uint32_t *from, uint32_t *to)
{
	struct sim_adversary *adversary = &world->adversary;
	uint32_t i = first_ready(world);
	if (i < adversary->links && ++adversary->picks >= adversary->change) {
		uint16_t moved = adversary->order[i];
		world->counts.fired[SIM_OVERTAKEN] +=
			world->link[moved >> 8][moved & 0xff].queue.count >= BITES;
		adversary->change += 1 + ec_prng_below(&world->prng, PICKS_A_CHANGE);
		memmove(adversary->order + i, adversary->order + i + 1,
		        (adversary->links - i - 1) * sizeof moved);
		adversary->order[adversary->links - 1] = moved;
		i = first_ready(world);
	}
	if (i == adversary->links)
		return false;
	*from = adversary->order[i] >> 8;
	*to = adversary->order[i] & 0xff;
	return true;
}

void sim_adversary_pick(struct sim_world *world)
{
	struct sim_adversary *adversary = &world->adversary;
	bool by_priority = world->plan.adversary == SIM_PRIORITY;
	uint32_t from, to;
	adversary->picking = false;
	if (!adversary->on)
		return;
	if (!by_priority && world->now >= adversary->until)
		stretch(world);
	if (by_priority ? first(world, &from, &to) : any(world, &from, &to)) {
		sim_queue_at(&world->link[from][to].queue, 0)->arrives = world->now;
		sim_arrive(world, to, from);
	}
	for (uint32_t i = 0; i < adversary->links && !adversary->picking; i++)
		if (waits(world, adversary->order[i] >> 8, adversary->order[i] & 0xff))
			sim_adversary_go(world);
}

void sim_adversary_begin(struct sim_world *world)
{
	struct sim_adversary *adversary = &world->adversary;
	adversary->on = world->plan.adversary != SIM_FAIR;
	for (uint32_t a = 0; a < world->hosts && adversary->on; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			if (a == b)
				continue;
			uint32_t at = (uint32_t)ec_prng_below(&world->prng, adversary->links + 1);
			adversary->order[adversary->links++] = adversary->order[at];
			adversary->order[at] = (uint16_t)(a << 8 | b);
		}
}

void sim_adversary_end(struct sim_world *world)
{
	if (!world->adversary.on)
		return;
	world->adversary.on = false;
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			sim_link_go(world, a, b);
}
