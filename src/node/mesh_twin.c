/* mesh_twin.c - two nodes with one key: who is linked, who waits, who is told. */
#include "node/mesh_inner.h"

#include <assert.h>
#include <stdio.h>

enum {
	/* What is heard only within this time was on its way already when the other life called. */
	HEARD_MS = 200,
	/* A peer that lives is heard once a ping, and that much later at most. */
	LATE_MS = 600,
};

void mesh_link_wait(struct link *link)
{
	link->state = LINK_WAITING;
	link->paused = true;
	uv_read_stop((uv_stream_t *)&link->tcp);
	mesh_tick_soon(link->mesh);
}

/* Takes the place of a link that is no more. */
static void take_place(struct link *link)
{
	mesh_link_greeted(link);
	link_pause(link, false);
}

/* `link` is a twin of whoever is linked by `up`: tells it, and whoever reads our log. */
static void twin_refuse(struct link *link, const struct link *up)
{
	static const uint8_t goodbye[4] = {0xff, 0xff, 0xff, 0xff};
	struct ec_mesh *mesh = link->mesh;
	struct peer *peer = &mesh->peer[link->peer];
	char why[LINK_WHY_SIZE];
	_Static_assert(LINK_TWIN == UINT32_MAX, "as the bytes say");
	mesh->counters.twins++;
	/* A hello that the socket did not take yet would be torn by it. */
	if (!link->queue.count)
		tls_write(link->tls, goodbye, sizeof goodbye);
	bool again = memcmp(peer->twin, link->life, LINK_LIFE_SIZE) == 0;
	memcpy(peer->twin, link->life, LINK_LIFE_SIZE);
	snprintf(why, sizeof why,
	         "two nodes with one key: it calls while %s, with the same key, is linked and "
	         "alive; it is refused; stop one of them, and give no two nodes one key file",
	         up->place);
	if (!again)
		mesh_say(mesh, EC_MESH_TWIN, link->peer, link->place, why);
	link_end(link, EC_MESH_UP, NULL);
}

void mesh_link_settle(struct link *link, uint32_t passed_ms)
{
	struct ec_mesh *mesh = link->mesh;
	struct link *up = mesh->up[link->peer];
	assert(link->state == LINK_WAITING && up != link);
	/* Of a link that we do not read nothing is heard. */
	if (up && !up->paused)
		link->waited_ms += passed_ms;
	if (!up || memcmp(up->life, link->life, LINK_LIFE_SIZE) == 0) {
		take_place(link);
	} else if (up->silent_ms + HEARD_MS < link->waited_ms) {
		twin_refuse(link, up);
	} else if (link->waited_ms >= 2 * mesh->config.ping_ms + LATE_MS) {
		link_end(up, EC_MESH_LOST, "silent, while the same member calls anew");
		take_place(link);
	}
}

void mesh_twin_told(struct link *link)
{
	struct ec_mesh *mesh = link->mesh;
	uint32_t members = 0;
	mesh->counters.twins++;
	bool again = mesh->peer[link->peer].twin_told;
	mesh->peer[link->peer].twin_told = true;
	link_end(link, again ? EC_MESH_UP : EC_MESH_TWIN,
	         "two nodes with one key: another node with our identity key is linked to it, and "
	         "was first; stop one of the two, and give no two nodes one key file");
	for (uint32_t p = 0; p < EC_MESH_PEERS_MAX; p++)
		members += mesh->peer[p].twin_told;
	mesh->config.twin(mesh->config.self, members);
}

uint32_t ec_mesh_foreign(const struct ec_mesh *mesh, ec_hash *genesis)
{
	uint32_t count = 0;
	for (uint32_t p = 0; p < EC_MESH_PEERS_MAX; p++) {
		if (!mesh->peer[p].foreign || mesh->up[p])
			continue;
		*genesis = mesh->peer[p].genesis;
		count++;
	}
	return count;
}
