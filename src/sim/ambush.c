/* ambush.c - faults that come at a moment, not at a time: when a member is the first to save some
 * words, to deliver a position, or when it changes its view.
 *
 * What it knows then nobody else may know.  All links break, perhaps all others lose power,
 * everyone is alone for a while (dusk), and then the others go on without it (dawn), until links
 * heal or the next ambush lets it back in and leaves another out.  What goes wrong in changes of
 * view needs two in a row: one alone was prepared for something, and one alone saw what was decided
 * without it.
 */
#include "sim/world.h"

static void lay(struct sim_world *world, enum sim_moment moment)
{
	static const uint32_t most[SIM_MOMENTS] = {
		[SIM_MOMENT_SAVE] = 12, [SIM_MOMENT_DELIVERY] = 1, [SIM_MOMENT_VIEW] = 2};
	world->ambush.moment = moment;
	world->ambush.left = 1 + (uint32_t)ec_prng_below(&world->prng, most[moment]);
}

void sim_ambush_lay(struct sim_world *world)
{
	if (!world->ambush.left)
		lay(world, (enum sim_moment)ec_prng_below(&world->prng, SIM_MOMENTS));
}

static void spring(struct sim_world *world, const struct sim_host *host)
{
	char name[8];
	uint64_t number = ++world->ambush.number;
	uint64_t dark = sim_between(world, 10 * SIM_MS, 3 * SIM_S);
	uint64_t alone = sim_between(world, 300 * SIM_MS, 5 * SIM_S);
	sim_say(world, "all part from all, %s for longer", sim_name(host, name));
	world->counts.fired[SIM_AMBUSH]++;
	sim_later(world, 0, (struct sim_event){.kind = SIM_DUSK, .host = host->index});
	sim_later(world, dark,
	          (struct sim_event){.kind = SIM_DAWN, .host = host->index, .count = number});
	sim_later(world, dark + alone, (struct sim_event){.kind = SIM_HEAL, .count = number});
}

void sim_ambush(struct sim_world *world, const struct sim_host *host, enum sim_moment moment)
{
	struct sim_ambush *ambush = &world->ambush;
	if (ambush->left && ambush->moment == moment && !world->healed && !host->byzantine &&
	    --ambush->left == 0)
		spring(world, host);
}

/* Words are known by a hash; of those that share a place in the table the last are known. */
void sim_ambush_saved(struct sim_world *world, const struct sim_host *host, struct ec_bytes head)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
	if (!world->plan.ambush)
		return;
	for (size_t i = 0; i < head.size; i++)
		hash = (hash ^ head.data[i]) * 0x100000001b3u;
	uint64_t *saved = &world->ambush.saved[hash % SIM_SAVED];
	if (*saved != hash)
		sim_ambush(world, host, SIM_MOMENT_SAVE);
	*saved = hash;
}

/* All but one lose power: their patience begins anew, too. */
static void power_off(struct sim_world *world, uint32_t alone)
{
	for (uint32_t h = 0; h < world->hosts; h++) {
		if (h == alone || !world->host[h]->up)
			continue;
		sim_crash(world, world->host[h], UINT32_MAX);
		sim_later(world, SIM_MS, (struct sim_event){.kind = SIM_RESTART, .host = h});
	}
}

void sim_dusk(struct sim_world *world, uint32_t alone)
{
	if (world->healed)
		return;
	bool lose_all = ec_prng_chance(&world->prng, 3, 4);
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++) {
			if (a < b)
				sim_link_break(world, a, b, lose_all);
			world->link[a][b].cut = true;
		}
	if (ec_prng_chance(&world->prng, 1, 2))
		power_off(world, alone);
	if (world->ambush.moment != SIM_MOMENT_DELIVERY)
		lay(world, SIM_MOMENT_DELIVERY);
	else if (ec_prng_chance(&world->prng, 1, 2))
		lay(world, SIM_MOMENT_SAVE);
}

void sim_dawn(struct sim_world *world, uint32_t alone, uint64_t number)
{
	if (number != world->ambush.number)
		return; /* another dusk came */
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < world->hosts; b++)
			if (a != alone && b != alone)
				world->link[a][b].cut = false;
	for (uint32_t a = 0; a < world->hosts; a++)
		for (uint32_t b = 0; b < a; b++)
			sim_link_new(world, a, b);
}
