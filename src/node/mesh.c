/* mesh.c - the links between members: who is linked to whom.
 *
 * (I1) up[p] is NULL or a link in state UP with peer p; there is no other UP link with that peer.
 * (I2) Between the host's two ups of a peer is a lost.
 */
#include "node/mesh_inner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_BUSY_MS = 25, TICK_IDLE_MS = 500, TICK_COUNTED_MAX_MS = 1000, BACKLOG = 128 };
static const char NAME[] = "edgecord/link/2";
_Static_assert(sizeof NAME - 1 == NAME_SIZE, "the hello and its size");

void mesh_say(struct ec_mesh *mesh, enum ec_mesh_event event, uint32_t peer, const char *place,
              const char *why)
{
	char text[LINK_PLACE_SIZE + LINK_WHY_SIZE + 8];
	if (!mesh->lines_left)
		return;
	mesh->lines_left--;
	snprintf(text, sizeof text, "%s: %s", place, why);
	mesh->config.event(mesh->config.self, event, peer, text);
}

void mesh_handle_closed(struct ec_mesh *mesh)
{
	assert(mesh->handles > 0);
	if (--mesh->handles || !mesh->closing)
		return;
	void (*done)(void *self) = mesh->done;
	void *self = mesh->done_self;
	tls_context_free(mesh->tls);
	free(mesh);
	done(self);
}

/* Whether a new link goes before the one that is up with the same peer. */
static bool supersedes(const struct link *link, const struct link *up)
{
	const struct ec_mesh *mesh = link->mesh;
	if (link->dialled == up->dialled)
		return true;
	bool ours_lower = memcmp(mesh->key, tls_key(link->tls), EC_KEY_SIZE) < 0;
	return link->dialled == ours_lower;
}

void mesh_link_greeted(struct link *link)
{
	struct ec_mesh *mesh = link->mesh;
	assert(link->state == LINK_GREETING || link->state == LINK_WAITING);
	assert(link->peer < EC_MESH_PEERS_MAX);
	/* The roster may have changed since the certificate was judged. */
	if (mesh->config.peer_of(mesh->config.self, tls_key(link->tls)) != link->peer) {
		link_end(link, EC_MESH_REFUSED, "its key is not in the roster any more");
		return;
	}
	struct link *up = mesh->up[link->peer];
	if (up && memcmp(link->life, up->life, LINK_LIFE_SIZE) != 0) {
		mesh_link_wait(link);
		return;
	}
	if (up && !supersedes(link, up)) {
		link_end(link, EC_MESH_UP, NULL);
		return;
	}
	if (up)
		link_end(up, EC_MESH_LOST, "replaced by a newer link");
	mesh->pending -= !link->dialled;
	link->state = LINK_UP;
	mesh->up[link->peer] = link;
	mesh->counters.made++;
	struct target *target = target_of(mesh, tls_key(link->tls));
	if (target) {
		target->backoff_ms = 0;
		target->told = false;
	}
	mesh_say(mesh, EC_MESH_UP, link->peer, link->place, "link up");
	mesh->config.link(mesh->config.self, link->peer, true);
}

static void target_ended(struct link *link, enum ec_mesh_event *event)
{
	struct ec_mesh *mesh = link->mesh;
	for (uint32_t i = 0; i < mesh->targets; i++) {
		struct target *target = &mesh->target[i];
		if (target->dialling != link)
			continue;
		target->dialling = NULL;
		target_back_off(target);
		if (*event == EC_MESH_FAILED && target->told)
			*event = EC_MESH_UP; /* known: not said again */
		else if (*event == EC_MESH_FAILED)
			target->told = true;
	}
}

void mesh_link_ended(struct link *link, enum link_state before, enum ec_mesh_event event,
                     const char *why)
{
	struct ec_mesh *mesh = link->mesh;
	target_ended(link, &event);
	if (event == EC_MESH_REFUSED)
		mesh->counters.refused++;
	if (event != EC_MESH_UP && !mesh->closing)
		mesh_say(mesh, event, link->peer, link->place, why);
	if (before != LINK_UP)
		return;
	assert(mesh->up[link->peer] == link);
	mesh->up[link->peer] = NULL;
	mesh->counters.lost++;
	struct target *target = target_of(mesh, tls_key(link->tls));
	if (target && !target->wait_ms)
		target_back_off(target);
	if (!mesh->closing)
		mesh->config.link(mesh->config.self, link->peer, false);
}

static void called(uv_stream_t *listener, int status)
{
	struct ec_mesh *mesh = listener->data;
	struct sockaddr_storage address;
	int size = sizeof address;
	char host[64] = "?", place[LINK_PLACE_SIZE];
	struct link *link = status < 0 ? NULL : link_new(mesh, false, "?");
	if (!link)
		return;
	if (uv_accept(listener, (uv_stream_t *)&link->tcp) != 0 ||
	    uv_tcp_getpeername(&link->tcp, (struct sockaddr *)&address, &size) != 0) {
		link_end(link, EC_MESH_LOST, "it was gone before it was let in");
		return;
	}
	if (address.ss_family == AF_INET6)
		uv_ip6_name((const struct sockaddr_in6 *)&address, host, sizeof host);
	else
		uv_ip4_name((const struct sockaddr_in *)&address, host, sizeof host);
	/* IPv4 and IPv6 have the port at one place. */
	snprintf(place, sizeof place, "%s:%u", host,
	         ntohs(((const struct sockaddr_in *)&address)->sin_port));
	memcpy(link->place, place, sizeof place);
	if (mesh->pending > PENDING_MAX)
		link_end(link, EC_MESH_REFUSED, "too many calls wait to be let in");
	else
		link_begin(link);
}

/* Whether something is due soon, so that the clock ticks faster. */
static bool busy(const struct ec_mesh *mesh)
{
	for (const struct link *link = mesh->links; link; link = link->next)
		if (link->state != LINK_UP)
			return true;
	for (uint32_t i = 0; i < mesh->targets; i++)
		if (mesh->target[i].wait_ms)
			return true;
	return mesh->config.ping_ms < TICK_IDLE_MS;
}

static void tick(uv_timer_t *timer)
{
	struct ec_mesh *mesh = timer->data;
	uint64_t now = uv_now(mesh->config.loop);
	uint64_t passed = now - mesh->ticked_ms;
	/* A long sleep of the whole process says nothing about the others. */
	if (passed > TICK_COUNTED_MAX_MS)
		passed = TICK_COUNTED_MAX_MS;
	if (now / 1000 != mesh->ticked_ms / 1000)
		mesh->lines_left = LINES_SECOND;
	mesh->ticked_ms = now;
	for (struct link *link = mesh->links, *next; link; link = next) {
		next = link->next;
		link_tick(link, (uint32_t)passed);
	}
	mesh_dial(mesh, (uint32_t)passed);
	ec_mesh_flush(mesh);
	uv_timer_start(timer, tick, busy(mesh) ? TICK_BUSY_MS : TICK_IDLE_MS, 0);
}

void mesh_tick_soon(struct ec_mesh *mesh)
{
	uv_timer_start(&mesh->timer, tick, 0, 0);
}

static void timer_closed(uv_handle_t *handle)
{
	mesh_handle_closed(handle->data);
}

static bool listen_at(struct ec_mesh *mesh, char *why, size_t why_size)
{
	const struct ec_mesh_config *config = &mesh->config;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	char port[8];
	snprintf(port, sizeof port, "%u", config->port);
	int error = getaddrinfo(config->host, port, &hints, &list);
	if (error) {
		snprintf(why, why_size, "cannot listen for peers at %s:%s: %s", config->host, port,
		         gai_strerror(error));
		return false;
	}
	uv_tcp_init(config->loop, &mesh->listener);
	mesh->listener.data = mesh;
	mesh->listening = true;
	mesh->handles++;
	error = uv_tcp_bind(&mesh->listener, list->ai_addr, 0);
	if (!error)
		error = uv_listen((uv_stream_t *)&mesh->listener, BACKLOG, called);
	freeaddrinfo(list);
	if (error)
		snprintf(why, why_size, "cannot listen for peers at %s:%s: %s", config->host, port,
		         uv_strerror(error));
	return !error;
}

static void defaults_set(struct ec_mesh_config *config)
{
	if (!config->frame_bytes_max)
		config->frame_bytes_max = 8 << 20;
	if (!config->queue_bytes_max)
		config->queue_bytes_max = 32 << 20;
	if (!config->handshake_ms)
		config->handshake_ms = 3000;
	if (!config->ping_ms)
		config->ping_ms = 1000;
	if (!config->dead_ms)
		config->dead_ms = 5000;
}

static void nothing(void *self)
{
	(void)self;
}

struct ec_mesh *ec_mesh_open(const struct ec_mesh_config *config, char *why, size_t why_size)
{
	struct ec_mesh *mesh = calloc(1, sizeof *mesh);
	if (!mesh) {
		snprintf(why, why_size, "no memory for the links");
		return NULL;
	}
	mesh->config = *config;
	defaults_set(&mesh->config);
	mesh->tls = tls_context_new(config->identity, why, why_size);
	if (!mesh->tls) {
		free(mesh);
		return NULL;
	}
	memcpy(mesh->key, config->identity->key, EC_KEY_SIZE);
	mesh->config.identity = NULL;
	memcpy(mesh->own_hello, NAME, NAME_SIZE);
	memcpy(mesh->own_hello + NAME_SIZE, config->genesis.b, 32);
	ec_random(mesh->own_hello + NAME_SIZE + 32, LINK_LIFE_SIZE);
	ec_prng_seed(&mesh->prng, config->seed);
	mesh->lines_left = LINES_SECOND;
	uv_timer_init(config->loop, &mesh->timer);
	mesh->timer.data = mesh;
	mesh->handles++;
	if (config->host && !listen_at(mesh, why, why_size)) {
		ec_mesh_close(mesh, nothing, NULL);
		return NULL;
	}
	mesh->ticked_ms = uv_now(config->loop);
	uv_timer_start(&mesh->timer, tick, 0, 0);
	return mesh;
}

void ec_mesh_close(struct ec_mesh *mesh, void (*done)(void *self), void *self)
{
	mesh->closing = true;
	mesh->done = done;
	mesh->done_self = self;
	for (struct link *link = mesh->links; link; link = link->next)
		link_end(link, EC_MESH_LOST, "we stop");
	for (uint32_t i = 0; i < mesh->targets; i++)
		if (mesh->target[i].resolving)
			uv_cancel((uv_req_t *)&mesh->target[i].resolve);
	if (mesh->listening)
		uv_close((uv_handle_t *)&mesh->listener, timer_closed);
	uv_close((uv_handle_t *)&mesh->timer, timer_closed);
}

uint16_t ec_mesh_port(const struct ec_mesh *mesh)
{
	struct sockaddr_storage address;
	int size = sizeof address;
	if (!mesh->listening ||
	    uv_tcp_getsockname(&mesh->listener, (struct sockaddr *)&address, &size) != 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6
	                     ? ((const struct sockaddr_in6 *)&address)->sin6_port
	                     : ((const struct sockaddr_in *)&address)->sin_port);
}

void ec_mesh_members(struct ec_mesh *mesh)
{
	for (uint32_t p = 0; p < EC_MESH_PEERS_MAX; p++) {
		struct link *link = mesh->up[p];
		mesh->peer[p] = (struct peer){0};
		if (link && mesh->config.peer_of(mesh->config.self, tls_key(link->tls)) != p)
			link_end(link, EC_MESH_LOST, "its key is not in the roster any more");
	}
	mesh_tick_soon(mesh);
}

void ec_mesh_send(struct ec_mesh *mesh, uint32_t peer, struct ec_bytes frame)
{
	assert(peer < EC_MESH_PEERS_MAX);
	assert(frame.size >= 1 && frame.size <= mesh->config.frame_bytes_max);
	if (mesh->up[peer])
		link_send(mesh->up[peer], frame);
	else
		ec_drop(frame);
}

void ec_mesh_flush(struct ec_mesh *mesh)
{
	for (struct link *link = mesh->links; link; link = link->next)
		if (link->queue.count)
			link_flush(link);
}

void ec_mesh_break(struct ec_mesh *mesh, uint32_t peer, const char *why)
{
	assert(peer < EC_MESH_PEERS_MAX);
	if (mesh->up[peer])
		link_end(mesh->up[peer], EC_MESH_LOST, why);
}

void ec_mesh_pause(struct ec_mesh *mesh, uint32_t peer, bool pause)
{
	assert(peer < EC_MESH_PEERS_MAX);
	if (mesh->up[peer])
		link_pause(mesh->up[peer], pause);
}

struct ec_mesh_counters ec_mesh_counters(const struct ec_mesh *mesh)
{
	return mesh->counters;
}
