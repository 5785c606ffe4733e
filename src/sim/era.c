/* era.c - rosters one after another: members that come, go and take new keys. */
#include "sim/world.h"

#include "crypto/hash.h"

#include <assert.h>

static const uint64_t SERVES_LAGGARDS_NS = 8000000000u;

static void member_make(struct sim_world *world, struct sim_era *era, uint32_t i, uint32_t identity)
{
	struct {
		uint64_t seed, era, identity;
	} name = {world->plan.seed, world->plan.keys_stay ? 0 : era->roster.era, identity};
	ec_hash seed = ec_sha256(&name, sizeof name);
	ec_secret_from_seed(&era->secret[i], seed.b);
	era->identity[i] = identity;
	era->member[i] =
		(struct ec_roster_member){.weight = 1, .roles = world->plan.roles[identity]};
	memcpy(era->member[i].key, era->secret[i].key, EC_KEY_SIZE);
}

/* Another seed for each world, era and protocol, as the domain is another. */
static void keys_share(const struct sim_world *world, struct sim_era *era)
{
	struct sim_keys_ask ask = {.roster = &era->roster, .crypto = sim_crypto_of(&world->plan)};
	const struct ec_part parts[] = {{"edgecord/sim/keys", 17}, {era->domain.b, 32}};
	ec_hash seed = ec_sha256_parts(parts, 2);
	memcpy(ask.seed, seed.b, sizeof ask.seed);
	if (era->entry->keys)
		era->shared = era->entry->keys(&ask, era->options, &era->keys, era->shares);
}

static void era_make(struct sim_world *world, uint64_t number, const bool *takes_part)
{
	struct sim_era *era = &world->era[number - 1];
	const struct sim_plan *plan = &world->plan;
	bool other = plan->other && number % 2 == 0;
	era->entry = other ? plan->other : plan->entry;
	const struct ec_protocol *protocol = era->entry->protocol;
	era->roster = (struct ec_roster){.era = number, .member = era->member};
	for (uint32_t i = 0; i < world->plan.members; i++)
		if (takes_part[i])
			member_make(world, era, era->roster.n++, i);
	const struct ec_part parts[] = {{"edgecord/sim", 12},
	                                {&world->plan.seed, 8},
	                                {&number, 8},
	                                {protocol->name, strlen(protocol->name)}};
	era->domain = ec_sha256_parts(parts, 4);
	era->has_options = era->entry->options != NULL;
	memcpy(era->options, other ? plan->other_options : plan->options, sizeof era->options);
	keys_share(world, era);
}

/* The last member stays out of the first era where more than one is planned and comes in the
 * second; in the third a correct one leaves, if the others are enough; keys change unless they
 * stay. */
void sim_eras_make(struct sim_world *world)
{
	const struct sim_plan *plan = &world->plan;
	bool takes_part[SIM_MEMBERS_MAX];
	assert(plan->eras >= 1 && plan->eras <= SIM_ERAS_MAX);
	for (uint32_t i = 0; i < plan->members; i++)
		takes_part[i] = true;
	for (uint64_t e = 1; plan->manual && e <= plan->eras; e++) {
		uint64_t set = plan->era_members[e - 1] ? plan->era_members[e - 1] : UINT64_MAX;
		for (uint32_t i = 0; i < plan->members; i++)
			takes_part[i] = set >> i & 1;
		era_make(world, e, takes_part);
		world->eras = (uint32_t)e;
	}
	if (plan->manual)
		return;
	uint32_t last = plan->members - 1;
	bool grows = plan->eras > 1 && plan->members > 4 && !plan->mischief[last];
	takes_part[last] = !grows;
	for (world->eras = 0; world->eras < plan->eras;) {
		era_make(world, ++world->eras, takes_part);
		if (world->eras == 1)
			takes_part[last] = true;
		if (world->eras == 2 && grows && !plan->mischief[last - 1])
			takes_part[last - 1] = false;
	}
}

void sim_era_enter(struct sim_world *world, struct sim_host *host)
{
	struct sim_app *app = &host->app;
	struct sim_era *era = &world->era[app->era - 1];
	struct sim_instance *old = &host->instance[(app->era + 1) & 1];
	struct sim_instance *instance = &host->instance[app->era & 1];
	ec_node self = sim_member_of(world, app->era, host->identity);
	char name[8];
	host->durable = *app;
	sim_keep(host, app);
	old->retired_at = world->now;
	host->pin_told = 0;
	if (!host->byzantine) {
		world->counts.fired[SIM_ERA]++;
		if (!era->entered_at)
			era->entered_at = world->now;
	}
	sim_say(world, "%s enters era %llu after %llu", sim_name(host, name),
	        (unsigned long long)app->era, (unsigned long long)app->seq);
	sim_instance_end(world, instance);
	host->read_again = true;
	if (self == EC_ALL)
		return;
	*instance = (struct sim_instance){
		.exists = true, .era = app->era, .self = self, .base = app->era_seq};
	sim_instance_start(world, host, instance, app->seq, &app->digest);
}

/* A host whose peers no longer run its era takes their word, certified in the real program, and a
 * snapshot of theirs. */
void sim_era_jump(struct sim_world *world, struct sim_host *host)
{
	for (uint32_t h = 0; h < world->hosts; h++) {
		const struct sim_host *helper = world->host[h];
		if (helper->byzantine || !helper->up || helper->durable.era <= host->app.era)
			continue;
		world->counts.fired[SIM_ERA_JUMP]++;
		for (int i = 0; i < 2; i++)
			sim_instance_end(world, &host->instance[i]);
		sim_tail_cut(host, 0);
		host->app = helper->durable;
		host->entering = false;
		sim_era_enter(world, host);
		sim_pump(world, host);
		return;
	}
}

void sim_era_look(struct sim_world *world)
{
	for (uint32_t h = 0; h < world->hosts && !world->violated; h++) {
		struct sim_host *host = world->host[h];
		if (!host->up)
			continue;
		struct sim_instance *old = &host->instance[(host->app.era + 1) & 1];
		if (old->exists && old->era < host->app.era &&
		    world->now >= old->retired_at + SERVES_LAGGARDS_NS)
			sim_instance_end(world, old);
		bool member = sim_current(host) != NULL;
		const struct sim_era *next =
			host->app.era < world->eras ? &world->era[host->app.era] : NULL;
		if (next && next->entered_at &&
		    (!member || world->now >= next->entered_at + SERVES_LAGGARDS_NS))
			sim_era_jump(world, host);
	}
}
