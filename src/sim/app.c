/* app.c - the application: a hash chain over what was delivered, each batch executed once, with
 * snapshots that other members fetch. */
#include "sim/world.h"

#include "crypto/hash.h"

#include <assert.h>

bool sim_executed(const struct sim_app *app, uint32_t batch)
{
	return app->executed[batch / 64] >> batch % 64 & 1;
}

/* Of rivals the first in the order runs. */
static enum sim_fate rival_execute(const struct sim_world *world, const struct sim_host *host,
                                   struct sim_app *app, uint32_t rivals)
{
	uint64_t *won = &app->won[rivals / 64], bit = (uint64_t)1 << rivals % 64;
	bool forgets = world->both_win && host->identity % 2;
	if (!rivals)
		return SIM_RAN;
	enum sim_fate fate = *won & bit && !forgets ? SIM_REFUSED : SIM_RAN;
	*won |= bit;
	return fate;
}

enum sim_fate sim_execute(const struct sim_world *world, const struct sim_host *host,
                          struct sim_app *app, ec_seq seq, const ec_hash *digest, uint32_t batch)
{
	enum sim_fate fate = SIM_PASSED_OVER;
	if (batch != UINT32_MAX && (!sim_executed(app, batch) || world->executes_again)) {
		fate = rival_execute(world, host, app, world->batch[batch].rivals);
		app->executed[batch / 64] |= (uint64_t)1 << batch % 64;
	}
	bool refused = fate == SIM_REFUSED;
	const struct ec_part parts[] = {{app->digest.b, 32},
	                                {&seq, sizeof seq},
	                                {digest->b, 32},
	                                {&refused, refused}}; /* no byte where it is not */
	app->digest = ec_sha256_parts(parts, 4);
	app->seq = seq;
	if (fate == SIM_RAN && world->batch[batch].era && app->era < world->eras) {
		app->era++;
		app->era_seq = seq;
		app->era_digest = app->digest;
	}
	return fate;
}

/* How many correct members stand at seq or beyond. */
static uint32_t standing(const struct sim_world *world, ec_seq seq)
{
	uint32_t count = 0;
	for (uint32_t h = 0; h < world->hosts; h++)
		count += !world->host[h]->byzantine && world->host[h]->app.seq >= seq;
	return count;
}

void sim_deliver(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                 const struct ec_effect *effect)
{
	if (instance->era != host->app.era) {
		world->counts.fired[SIM_ERA_DISCARDED]++;
		return;
	}
	if (!host->byzantine && (instance->fetch.on || effect->seq != sim_tip_seq(host) + 1)) {
		sim_violate(world, "no gaps", "member %u delivered %llu at %llu%s", host->identity,
		            (unsigned long long)effect->seq, (unsigned long long)sim_tip_seq(host),
		            instance->fetch.on ? " while fetching" : "");
		return;
	}
	if (effect->seq != sim_tip_seq(host) + 1)
		return;
	uint32_t batch = effect->body.size ? sim_batch_find(world, effect->body) : UINT32_MAX;
	sim_trace_effect(world, host, effect);
	if (instance->protocol->order == EC_REVISABLE)
		sim_tail_deliver(world, host, effect, batch);
	else
		sim_settle(world, host, instance, effect, batch);
}

void sim_settle(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                const struct ec_effect *effect, uint32_t batch)
{
	ec_hash digest = sim_digest(world, effect->body);
	uint64_t era = host->app.era;
	enum sim_fate fate = sim_execute(world, host, &host->app, effect->seq, &digest, batch);
	if (batch != UINT32_MAX && !host->arrived[batch])
		sim_batch_arrive(world, host, batch);
	if (!host->byzantine) {
		sim_oracles_of(instance->protocol->order)
			->delivered(world, host, effect, batch, fate);
		const struct ec_protocol *protocol = instance->protocol;
		uint32_t liars = protocol->byzantine ? protocol->faults(&world->era[era - 1].roster)
		                                     : 0; /* a client believes who cannot lie */
		if (effect->seq > world->acknowledged && standing(world, effect->seq) > liars)
			world->acknowledged = effect->seq;
	}
	host->entering |= host->app.era != era;
	if (world->plan.persist_every && effect->seq % world->plan.persist_every == 0)
		host->durable = host->app;
}

void sim_keep(struct sim_host *host, const struct sim_app *app)
{
	if (host->kept_count == SIM_KEPT) {
		memmove(host->kept, host->kept + 1, (SIM_KEPT - 1) * sizeof host->kept[0]);
		host->kept_count--;
	}
	host->kept[host->kept_count++] = *app;
}

/* The copy at `seq`, of this state unless digest is NULL; NULL: it is not kept. */
static const struct sim_app *kept_find(const struct sim_host *host, ec_seq seq,
                                       const ec_hash *digest)
{
	for (uint32_t i = 0; i < host->kept_count; i++)
		if (host->kept[i].seq == seq &&
		    (!digest || ec_hash_equal(&host->kept[i].digest, digest)))
			return &host->kept[i];
	return NULL;
}

void sim_snap(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
              const struct ec_effect *effect)
{
	if (instance->era != host->app.era && effect->seq > host->app.era_seq)
		return; /* after the end of its era there is nothing to keep */
	sim_trace_effect(world, host, effect);
	if (effect->seq != host->app.seq) {
		if (!host->byzantine && !instance->fetch.on && !kept_find(host, effect->seq, NULL))
			sim_violate(world, "snapshots in order", "member %u asked for %llu at %llu",
			            host->identity, (unsigned long long)effect->seq,
			            (unsigned long long)host->app.seq);
		return;
	}
	sim_keep(host, &host->app);
	instance->snapping = effect->seq;
	if (!world->plan.manual)
		sim_later(world,
		          sim_between(world, SIM_MS / 5, (world->plan.calm ? 1 : 200) * SIM_MS),
		          (struct sim_event){.kind = SIM_SNAPPED,
		                             .host = host->index,
		                             .era = instance->era,
		                             .life = host->life,
		                             .count = effect->seq});
}

void sim_snapped(struct sim_world *world, struct sim_host *host, uint64_t era, ec_seq seq)
{
	struct sim_instance *instance = sim_instance_at(host, era);
	const struct sim_app *snapshot = kept_find(host, seq, NULL);
	if (!instance || !snapshot)
		return;
	if (!sim_room(instance)) {
		sim_later(world, SIM_MS,
		          (struct sim_event){.kind = SIM_SNAPPED,
		                             .host = host->index,
		                             .era = era,
		                             .life = host->life,
		                             .count = seq});
		return;
	}
	if (snapshot->seq > host->durable.seq)
		host->durable = *snapshot;
	sim_step(world, host, instance,
	         &(struct ec_input){
			 .kind = EC_SNAPPED, .seq = snapshot->seq, .digest = snapshot->digest});
}

static void fetch_later(struct sim_world *world, const struct sim_host *host,
                        const struct sim_instance *instance, uint64_t delay)
{
	if (!world->plan.manual)
		sim_later(world, delay,
		          (struct sim_event){.kind = SIM_FETCHING,
		                             .host = host->index,
		                             .era = instance->era,
		                             .life = host->life});
}

void sim_fetch(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
               const struct ec_effect *effect)
{
	sim_trace_effect(world, host, effect);
	if (instance->fetch.on && !host->byzantine) {
		sim_violate(world, "one fetch", "member %u fetches while it fetches",
		            host->identity);
		return;
	}
	instance->fetch = (struct sim_fetch){
		.on = true, .seq = effect->seq, .digest = effect->digest, .hint = effect->node};
	fetch_later(world, host, instance, sim_between(world, SIM_MS, 20 * SIM_MS));
}

void sim_fetched(struct sim_world *world, struct sim_host *host, struct sim_instance *instance,
                 const struct sim_app *snapshot)
{
	instance->fetch.on = false;
	sim_tail_cut(host, 0);
	world->counts.fired[snapshot ? SIM_FETCH : SIM_FETCH_FAILED]++;
	if (snapshot && snapshot->seq > host->app.seq) {
		host->app = *snapshot;
		sim_keep(host, snapshot);
	}
	if (snapshot && snapshot->seq > host->durable.seq)
		host->durable = *snapshot;
	if (host->app.era > instance->era && sim_instance_at(host, host->app.era) == NULL)
		host->entering = true;
	struct sim_app stands = host->app;
	if (stands.era != instance->era) { /* it ended: the old instance stands at its end */
		stands.seq = host->app.era_seq;
		stands.digest = host->app.era_digest;
	}
	sim_step(
		world, host, instance,
		&(struct ec_input){.kind = EC_FETCHED, .seq = stands.seq, .digest = stands.digest});
}

/* The next member to ask: the one that the protocol named, then any other, each once. */
static struct sim_host *helper_next(struct sim_world *world, const struct sim_host *host,
                                    struct sim_instance *instance)
{
	const struct sim_era *era = &world->era[instance->era - 1];
	uint32_t n = era->roster.n, start = (uint32_t)ec_prng_below(&world->prng, n);
	struct sim_fetch *fetch = &instance->fetch;
	if (fetch->asked == 0 && fetch->hint < n)
		start = fetch->hint;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t identity = era->identity[(start + i) % n];
		if (identity == host->identity || (fetch->tried >> identity & 1))
			continue;
		fetch->tried |= (uint64_t)1 << identity;
		return sim_host_of(world, identity);
	}
	return NULL;
}

static bool reachable(const struct sim_world *world, const struct sim_host *a,
                      const struct sim_host *b)
{
	const struct sim_link *there = &world->link[a->index][b->index];
	const struct sim_link *back = &world->link[b->index][a->index];
	return a->up && b->up && there->up && back->up && !there->blocked && !back->blocked;
}

void sim_fetching(struct sim_world *world, struct sim_host *host, struct sim_instance *instance)
{
	struct sim_fetch *fetch = &instance->fetch;
	if (!fetch->on)
		return;
	if (!sim_room(instance)) {
		fetch_later(world, host, instance, SIM_MS);
		return;
	}
	struct sim_host *helper = helper_next(world, host, instance);
	if (!helper) {
		sim_fetched(world, host, instance, NULL);
		return;
	}
	uint32_t position = fetch->asked++;
	if (!reachable(world, host, helper)) {
		fetch_later(world, host, instance, 300 * SIM_MS);
		return;
	}
	struct sim_app snapshot = {0};
	const struct sim_app *kept = kept_find(helper, fetch->seq, &fetch->digest);
	if (kept && !world->healed &&
	    ec_prng_chance(&world->prng, world->plan.absent_permille, 1000)) {
		world->counts.fired[SIM_FETCH_ABSENT]++;
		kept = NULL;
	}
	if (kept)
		snapshot = *kept;
	if (helper->mischief & SIM_LIE) { /* one bit of what it sends is wrong */
		snapshot.seq = fetch->seq;
		snapshot.digest = fetch->digest;
		snapshot.digest.b[ec_prng_below(&world->prng, 32)] ^= 1;
		world->counts.fired[SIM_LIAR_1 + (position < 9 ? position : 8)]++;
	}
	if (snapshot.seq == fetch->seq && ec_hash_equal(&snapshot.digest, &fetch->digest))
		sim_fetched(world, host, instance, &snapshot);
	else
		fetch_later(
			world, host, instance,
			2 * sim_between(world, world->plan.delay_min_ns, world->plan.delay_max_ns));
}
