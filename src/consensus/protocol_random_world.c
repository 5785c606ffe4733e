/* protocol_random_world.c - worlds at random, and a crash at every save. */
#include "consensus/protocol_random_world.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { KILLS_MAX = 60 };

#define KILL_NS ((uint64_t)3 * 1000 * 1000 * 1000) /* then a member asks for no more saves */

ec_node world_any(struct world *world)
{
	return (ec_node)ec_prng_below(&world->prng, world->n);
}

static uint32_t down_count(const struct world *world)
{
	uint32_t down = 0;
	for (ec_node node = 0; node < world->n; node++)
		down += !world->member[node].up;
	return down;
}

static void deliver_some(struct world *world, uint32_t most)
{
	for (uint32_t i = 1 + (uint32_t)ec_prng_below(&world->prng, most); i; i--)
		world_deliver(world, world_any(world), world_any(world));
}

static void wake_some(struct world *world)
{
	for (uint32_t i = 0; i < world->n; i++) {
		ec_node node = world_any(world);
		const struct world_member *member = &world->member[node];
		if (member->up && member->wake && member->wake <= world->now)
			world_wake(world, node);
	}
}

static void disk_toggle(struct world *world)
{
	ec_node node = world_any(world);
	world->member[node].stalled = !world->member[node].stalled;
	world_disk(world, node, (uint32_t)ec_prng_below(&world->prng, 4));
}

static void crash_or_restart(struct world *world, uint32_t down)
{
	ec_node node = world_any(world);
	if (!world->member[node].up)
		world_restart(world, node);
	else if (down_count(world) < down)
		world_crash(world, node);
}

static void link_trouble(struct world *world, uint32_t parts_in)
{
	ec_node a = world_any(world), b = world_any(world);
	if (ec_prng_chance(&world->prng, parts_in, 40))
		world_part(world, ec_prng_next(&world->prng));
	else if (a != b && ec_prng_chance(&world->prng, 1, 4))
		world_sever(world, a, b);
	else if (a != b && !world->severed[a][b])
		world_break(world, a, b, (uint32_t)ec_prng_below(&world->prng, 5),
		            (uint32_t)ec_prng_below(&world->prng, 5));
	if (ec_prng_chance(&world->prng, 1, 4))
		world_heal(world);
}

static void batch_offer(struct world *world, const struct world_random *random)
{
	if (world->batches < random->batches && random->batch)
		random->batch(world);
	else if (world->batches < random->batches)
		world_batches(world, 1, UINT64_MAX);
	world_submit(world);
}

static void go_on(struct world *world, const struct world_random *random)
{
	deliver_some(world, random->heard);
	if (random->time_ms && ec_prng_chance(&world->prng, random->time_in, 40))
		world->now += ec_prng_below(&world->prng, random->time_ms) * 1000000;
	wake_some(world);
}

static void move(struct world *world, const struct world_random *random)
{
	switch (ec_prng_below(&world->prng, 40)) {
	case 0:
		crash_or_restart(world, random->down);
		break;
	case 1:
	case 2:
		link_trouble(world, random->parts_in);
		break;
	case 3:
		disk_toggle(world);
		break;
	case 4:
		if (random->twice)
			world_twice(world);
		break;
	case 5:
	case 6:
	case 7:
		batch_offer(world, random);
		break;
	case 8:
		if (world->is.pins)
			world_pin(world);
		world_read(world, world_any(world));
		break;
	default:
		go_on(world, random);
	}
}

/* In the end nobody may be behind, and a life of anyone's records would be bound as it is. */
static void end_judge(struct world *world, const struct world_random *random)
{
	world_repair(world);
	if (!world->violation && !world_finish(world, random->finish_ms)) {
		if (!world->violation)
			world_print(world);
		world_violate(world, "liveness: not everything was delivered after healing");
	}
	for (ec_node node = 0; node < world->n && !world->violation; node++)
		if (world->of->promises_equal && !world->member[node].byzantine)
			world_audit(world, node);
	if (!world->violation && random->judge)
		random->judge(world);
}

static const char *run(const struct world_random *random, uint64_t seed, struct world_sums *sums)
{
	bool lies = random->of->protocol->byzantine;
	struct world_options is = {.n = (uint32_t)(lies ? 4 + seed % 4 : 3 + seed % 5)};
	void *options = calloc(1, random->of->protocol->options_size + 1);
	is.seed = seed;
	is.twins = seed % 10 == 0;
	is.options = options;
	if (random->draw)
		random->draw(seed, &is, options);
	struct world *world = world_new(random->of, is);
	free(options);
	world->mixes = true;
	for (uint32_t i = 0; i < random->moves && !world->violation; i++)
		move(world, random);
	end_judge(world, random);
	sums->delivered += (uint32_t)world->member[0].final;
	sums->steps += world->steps;
	sums->fetches += world->fetches;
	sums->undos += world->undos;
	sums->finals += world->finals;
	sums->saves += world->saves;
	sums->served += world->served;
	if (world->effects_most > sums->effects_most)
		sums->effects_most = world->effects_most;
	for (uint32_t kind = 0; kind < WORLD_KINDS; kind++)
		sums->sent[kind] += world->sent[kind];
	return world_free(world);
}

const char *world_environment(const struct ec_protocol *protocol, const char *what)
{
	char name[64];
	snprintf(name, sizeof name, "%s_%s", protocol->name, what);
	for (char *at = name; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return getenv(name);
}

const char *world_random(const struct world_random *random, struct world_sums *sums, bool *asked)
{
	static char sentence[160];
	const char *count = world_environment(random->of->protocol, "SEEDS");
	const char *first = world_environment(random->of->protocol, "SEED");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
	const char *violation = NULL;
	*asked = count || first;
	*sums = (struct world_sums){0};
	for (uint64_t left = count ? strtoull(count, NULL, 10) : random->seeds; left && !violation;
	     left--, seed++)
		violation = run(random, seed, sums);
	printf("%s: %u delivered, %u fetches, %u steps, %u saves, %u undos, %u finals, %u effects "
	       "a step at most\n",
	       random->of->protocol->name, sums->delivered, sums->fetches, sums->steps, sums->saves,
	       sums->undos, sums->finals, sums->effects_most);
	if (!violation)
		return NULL;
	snprintf(sentence, sizeof sentence, "seed %llu: %s", (unsigned long long)seed - 1,
	         violation);
	return sentence;
}

static void batches_offer(struct world *world, bool turns)
{
	if (turns)
		world_batches_in_turn(world, 6);
	else
		world_batches(world, 6, UINT64_MAX);
}

/* Returns: whether the member still had something to save. */
static bool kill_after(const struct world_killing *how, uint32_t saves, const char **violation)
{
	struct world *world = world_new(how->of, how->is);
	struct world_member *member = &world->member[how->node];
	bool more = true;
	member->stalled = true;
	batches_offer(world, how->turns);
	for (uint32_t left = saves; more && left;) {
		world_pass(world, 10);
		if (how->other != EC_ALL && how->other != how->node && member->applied >= 2 &&
		    world->member[how->other].up)
			world_crash(world, how->other);
		uint32_t now = member->saving < left ? member->saving : left;
		left -= now;
		world_disk(world, how->node, now);
		more = now || world->now < KILL_NS;
	}
	world_crash(world, how->node);
	world_pass(world, 100);
	world_repair(world);
	batches_offer(world, how->turns);
	if (!world->violation && !world_finish(world, 30000))
		world_violate(world, "liveness: not everything was delivered after a crash");
	*violation = world_free(world);
	return more;
}

const char *world_kill_at_every_save(const struct world_killing *how, uint32_t *saves)
{
	const char *violation = NULL;
	for (*saves = 0; *saves < KILLS_MAX; ++*saves)
		if (!kill_after(how, *saves, &violation) || violation)
			break;
	return violation;
}
