/* ledger_links.c - who a real member takes for a peer, and the links that follow from it.
 *
 * A link comes up between two that know each other: who has no seat yet, or none any more, is no
 * peer of the others, though they may be peers of its.
 */
#include "sim/ledger.h"

static const uint8_t *identity_key(const struct sim_world *world, uint32_t identity)
{
	return world->ledger->group.identity[identity].key;
}

uint32_t sim_ledger_peer(const struct sim_world *world, const struct sim_host *host, uint32_t other)
{
	uint32_t identity = world->host[other]->identity;
	return ec_member_peer(host->ledger->member, identity_key(world, identity));
}

bool sim_ledger_acquainted(const struct sim_world *world, uint32_t a, uint32_t b)
{
	const struct sim_host *one = world->host[a], *other = world->host[b];
	return one->identity == other->identity || (sim_ledger_peer(world, one, b) != UINT32_MAX &&
	                                            sim_ledger_peer(world, other, a) != UINT32_MAX);
}

uint32_t sim_ledger_identity(const struct sim_world *world, const struct sim_host *host,
                             uint32_t peer)
{
	for (uint32_t h = 0; h < world->hosts; h++)
		if ((host->ledger->linked >> h & 1) && host->ledger->peer[h] == peer)
			return world->host[h]->identity;
	return UINT32_MAX;
}

void sim_ledger_part(struct sim_world *world, struct sim_host *host, uint32_t peer)
{
	uint32_t identity = sim_ledger_identity(world, host, peer);
	for (uint32_t h = 0; h < world->hosts; h++) {
		if (world->host[h]->identity != identity)
			continue;
		sim_link_break(world, host->index, h, false);
		sim_later(world, sim_between(world, 50 * SIM_MS, 400 * SIM_MS),
		          (struct sim_event){.kind = SIM_LINK_UP, .host = host->index, .peer = h});
	}
}

uint64_t sim_ledger_known(const struct sim_world *world, const struct sim_host *host)
{
	uint64_t set = 0;
	for (uint32_t h = 0; h < world->hosts; h++)
		set |= (uint64_t)(sim_ledger_peer(world, host, h) != UINT32_MAX) << h;
	return set;
}

void sim_ledger_members(struct sim_world *world, struct sim_host *host)
{
	uint64_t before = host->ledger->known, now = sim_ledger_known(world, host);
	host->ledger->known = now;
	for (uint32_t h = 0; h < world->hosts; h++) {
		if ((before & ~now) >> h & 1)
			sim_link_break(world, host->index, h, false);
		if ((now & ~before) >> h & 1)
			sim_later(world, SIM_MS,
			          (struct sim_event){
					  .kind = SIM_LINK_UP, .host = host->index, .peer = h});
	}
}
