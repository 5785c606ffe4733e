/* mesh_dial.c - calling the members whose address is known, with growing pauses. */
#include "node/mesh_inner.h"

#include <stdio.h>
#include <stdlib.h>

/* The side with the higher key lets the other one call first. */
enum { COURTESY_MS = 300 };

struct target *target_of(struct ec_mesh *mesh, const uint8_t key[static EC_KEY_SIZE])
{
	for (uint32_t i = 0; i < mesh->targets; i++)
		if (memcmp(mesh->target[i].key, key, EC_KEY_SIZE) == 0)
			return &mesh->target[i];
	return NULL;
}

static uint32_t courtesy(const struct target *target)
{
	return memcmp(target->mesh->key, target->key, EC_KEY_SIZE) < 0 ? 0 : COURTESY_MS;
}

void target_back_off(struct target *target)
{
	struct ec_mesh *mesh = target->mesh;
	uint32_t base = target->backoff_ms ? target->backoff_ms : BACKOFF_MIN_MS;
	target->wait_ms = base / 2 + (uint32_t)ec_prng_below(&mesh->prng, base) + courtesy(target);
	target->backoff_ms = base * 2 < BACKOFF_MAX_MS ? base * 2 : BACKOFF_MAX_MS;
}

bool ec_mesh_address(struct ec_mesh *mesh, const uint8_t key[static EC_KEY_SIZE], const char *host,
                     uint16_t port)
{
	struct target *target = target_of(mesh, key);
	if (!target) {
		if (mesh->targets == EC_MESH_PEERS_MAX)
			return false;
		target = &mesh->target[mesh->targets++];
		*target = (struct target){.mesh = mesh};
		memcpy(target->key, key, EC_KEY_SIZE);
		target->wait_ms = courtesy(target);
	}
	snprintf(target->host, sizeof target->host, "%s", host);
	target->port = port;
	return true;
}

static void connected(uv_connect_t *request, int status)
{
	struct link *link = request->data;
	if (link->state == LINK_ENDED)
		return;
	if (status < 0)
		link_end(link, EC_MESH_FAILED, uv_strerror(status));
	else
		link_begin(link);
}

static void connect_to(struct target *target, const struct sockaddr *address)
{
	char place[LINK_PLACE_SIZE];
	snprintf(place, sizeof place, "%.60s:%u", target->host, target->port);
	struct link *link = link_new(target->mesh, true, place);
	if (!link)
		return;
	target->dialling = link;
	memcpy(link->wanted, target->key, EC_KEY_SIZE);
	link->connect.data = link;
	int error = uv_tcp_connect(&link->connect, &link->tcp, address, connected);
	if (error)
		link_end(link, EC_MESH_FAILED, uv_strerror(error));
}

static void resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct target *target = request->data;
	struct ec_mesh *mesh = target->mesh;
	target->resolving = false;
	if (status == 0 && !mesh->closing) {
		connect_to(target, list->ai_addr);
	} else if (!mesh->closing) {
		if (!target->told)
			mesh_say(mesh, EC_MESH_FAILED, UINT32_MAX, target->host,
			         uv_strerror(status));
		target->told = true;
		target_back_off(target);
	}
	uv_freeaddrinfo(list);
	mesh_handle_closed(mesh);
}

static void dial(struct target *target)
{
	struct sockaddr_storage address;
	char port[8];
	target_back_off(target);
	if (uv_ip4_addr(target->host, target->port, (struct sockaddr_in *)&address) == 0 ||
	    uv_ip6_addr(target->host, target->port, (struct sockaddr_in6 *)&address) == 0) {
		connect_to(target, (const struct sockaddr *)&address);
		return;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	snprintf(port, sizeof port, "%u", target->port);
	target->resolve.data = target;
	if (uv_getaddrinfo(target->mesh->config.loop, &target->resolve, resolved, target->host,
	                   port, &hints) == 0) {
		target->resolving = true;
		target->mesh->handles++;
	}
}

void mesh_dial(struct ec_mesh *mesh, uint32_t passed_ms)
{
	for (uint32_t i = 0; i < mesh->targets; i++) {
		struct target *target = &mesh->target[i];
		target->wait_ms -= passed_ms < target->wait_ms ? passed_ms : target->wait_ms;
		if (target->wait_ms || target->dialling || target->resolving ||
		    memcmp(target->key, mesh->key, EC_KEY_SIZE) == 0)
			continue;
		uint32_t peer = mesh->config.peer_of(mesh->config.self, target->key);
		if (peer < EC_MESH_PEERS_MAX && !mesh->up[peer])
			dial(target);
	}
}
