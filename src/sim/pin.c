/* pin.c - a finality gadget, idealised: a quorum that stands at one state pins it at one moment.
 *
 * Every so often one member looks whom it reaches.  Where enough of them have one state at a
 * position that is buried a little, that is certified, and they all know it at once: none of them
 * goes back behind it, so that the next quorum, which has one of them in it, can certify only what
 * comes after.  Byzantine members sign anything, and count for anything.  Others hear of it as they
 * reach one who knows.  What a member knows it knows for ever, and tells its instance in each life.
 */
#include "sim/world.h"

#include "base/quorum.h"

#include <assert.h>

enum { BURIED = 2 };

static bool reaches(const struct sim_world *world, const struct sim_host *a,
                    const struct sim_host *b)
{
	const struct sim_link *there = &world->link[a->index][b->index];
	const struct sim_link *back = &world->link[b->index][a->index];
	return a == b || (there->up && back->up && !there->blocked && !back->blocked);
}

/* The instance that may be told, or counted: a voter's, of a revisable order. */
static struct sim_instance *standing(struct sim_host *host)
{
	struct sim_instance *instance = sim_current(host);
	bool runs = host->up && !host->byzantine && instance && instance->state &&
	            !instance->fetch.on && instance->protocol->order == EC_REVISABLE;
	return runs ? instance : NULL;
}

/* Whether a host has this state at seq by the same delivery: two orders may come to one state. */
static bool is(const struct sim_host *host, ec_seq seq, const ec_hash *digest, struct ec_bytes head)
{
	const ec_hash *own = sim_digest_at(host, seq);
	const struct sim_tentative *entry = sim_tentative_at(host, seq);
	return own && ec_hash_equal(own, digest) && (!entry || ec_bytes_equal(entry->head, head));
}

/* Whether a host would sign this state of its era. */
static bool signs(struct sim_world *world, struct sim_host *host, uint64_t era, ec_seq seq,
                  const ec_hash *digest, struct ec_bytes head)
{
	const struct sim_pin *pin = &world->pin;
	if (!standing(host) || host->app.era != era || sim_tip_seq(host) < seq + BURIED)
		return false;
	if (host->pin_known == pin->number && pin->era == era &&
	    !is(host, pin->seq, &pin->digest, pin->head))
		return false; /* of an order that leaves out what it knows to be pinned */
	return is(host, seq, digest, head);
}

static void tell(struct sim_world *world, struct sim_host *host)
{
	const struct sim_pin *pin = &world->pin;
	struct sim_instance *instance = standing(host);
	bool stands = is(host, pin->seq, &pin->digest, pin->head);
	host->pin_known = pin->number;
	if (!instance || host->app.era != pin->era || host->pin_told == pin->number ||
	    (!stands && !pin->head.size) || !sim_room(instance))
		return;
	host->pin_told = pin->number;
	sim_step(world, host, instance,
	         &(struct ec_input){.kind = EC_PINNED,
	                            .seq = pin->seq,
	                            .digest = pin->digest,
	                            .head = pin->head});
}

/* Who is reached by one who knows learns it, and may tell others in its turn. */
static void spread(struct sim_world *world)
{
	uint64_t know = 0;
	for (uint32_t h = 0; h < world->hosts; h++)
		know |= (uint64_t)(world->host[h]->pin_known == world->pin.number) << h;
	for (uint32_t h = 0; h < world->hosts && world->pin.number; h++) {
		struct sim_host *host = world->host[h];
		bool hears = know >> h & 1;
		for (uint32_t p = 0; p < world->hosts; p++)
			hears |= (know >> p & 1) && reaches(world, host, world->host[p]);
		if (hears && host->up)
			tell(world, host);
	}
}

/* In: a tentative position of `first`.  Returns: the hosts that sign what it has there; 0: too few.
 */
static uint64_t quorum(struct sim_world *world, struct sim_host *first, ec_seq seq)
{
	const struct sim_era *era = &world->era[first->app.era - 1];
	const struct sim_tentative *entry = sim_tentative_at(first, seq);
	uint64_t hosts = 0;
	uint32_t count = 0;
	for (uint32_t i = 0; i < era->roster.n; i++) {
		struct sim_host *host = sim_host_of(world, era->identity[i]);
		bool voter = era->roster.member[i].roles & EC_VOTER;
		bool signed_it = host->byzantine || (reaches(world, first, host) &&
		                                     signs(world, host, era->roster.era, seq,
		                                           &entry->after.digest, entry->head));
		count += voter && signed_it;
		if (signed_it && !host->byzantine)
			hosts |= (uint64_t)1 << host->index;
	}
	uint32_t enough = ec_voters(&era->roster) - era->entry->protocol->faults(&era->roster);
	return count >= enough && (hosts >> first->index & 1) ? hosts : 0;
}

static void certify(struct sim_world *world, struct sim_host *first, ec_seq seq, uint64_t hosts)
{
	char name[8];
	struct sim_pin *pin = &world->pin;
	const struct sim_tentative *entry = sim_tentative_at(first, seq);
	ec_drop(pin->head);
	*pin = (struct sim_pin){.number = pin->number + 1,
	                        .era = first->app.era,
	                        .seq = seq,
	                        .digest = entry->after.digest,
	                        .head = ec_keep(entry->head)};
	world->counts.fired[SIM_PINNED]++;
	sim_say(world, "a quorum that %s belongs to pins %llu", sim_name(first, name),
	        (unsigned long long)seq);
	for (uint32_t h = 0; h < world->hosts; h++)
		if (hosts >> h & 1)
			tell(world, world->host[h]);
}

void sim_pin(struct sim_world *world)
{
	struct sim_host *first = world->host[ec_prng_below(&world->prng, world->hosts)];
	struct sim_instance *instance = standing(first);
	spread(world);
	if (!instance || !first->up)
		return;
	ec_seq every = world->plan.pin_every, base = instance->base;
	ec_seq seq = base + (sim_tip_seq(first) - base) / every * every;
	ec_seq least = first->app.seq;
	if (world->pin.era == instance->era && world->pin.seq > least)
		least = world->pin.seq;
	for (; seq > least && !world->violated; seq -= every) {
		uint64_t hosts = quorum(world, first, seq);
		if (!hosts)
			continue;
		certify(world, first, seq, hosts);
		return;
	}
}
