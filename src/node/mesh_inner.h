/* mesh_inner.h - what the mesh's files share; included by mesh*.c and link.c only. */
#ifndef EC_NODE_MESH_INNER_H
#define EC_NODE_MESH_INNER_H

#include "base/prng.h"
#include "node/link.h"

enum {
	HOST_SIZE = 256,
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 2000,
	PENDING_MAX = 64,  /* links called to us that are not yet up */
	LINES_SECOND = 20, /* events told a second; the rest is counted only */
	NAME_SIZE = 15,    /* of the protocol of links, in the hello */
	HELLO_SIZE = NAME_SIZE + 32 + LINK_LIFE_SIZE,
};

/* A member's address. */
struct target {
	struct ec_mesh *mesh;
	uint8_t key[EC_KEY_SIZE];
	char host[HOST_SIZE];
	uint16_t port;
	uint32_t wait_ms, backoff_ms;
	struct link *dialling;
	bool resolving, told; /* told: that it cannot be reached */
	uv_getaddrinfo_t resolve;
};

/* What a member said, besides its frames. */
struct peer {
	uint8_t twin[LINK_LIFE_SIZE]; /* the life that was refused last as its twin */
	bool twin_told;               /* of us: another node with our key is linked to it */
	bool foreign;                 /* it belongs to the network of: */
	ec_hash genesis;
};

struct ec_mesh {
	struct ec_mesh_config config;
	struct tls_context *tls;
	uint8_t key[EC_KEY_SIZE]; /* our own */
	uint8_t own_hello[HELLO_SIZE];
	uv_tcp_t listener;
	uv_timer_t timer;
	uint64_t ticked_ms;
	bool listening, closing;
	uint32_t handles; /* on the loop, not yet closed */
	struct link *links;
	struct link *up[EC_MESH_PEERS_MAX]; /* the link that is up, a peer */
	struct peer peer[EC_MESH_PEERS_MAX];
	struct target target[EC_MESH_PEERS_MAX];
	uint32_t targets, pending;
	uint32_t lines_left;
	struct ec_prng prng;
	struct ec_mesh_counters counters;
	void (*done)(void *self);
	void *done_self;
	uint8_t input[64 << 10]; /* what a socket read; used up before the next read */
	uint8_t stage[LINK_STAGE_SIZE];
};

/* Says an event, within the limit of lines a second. */
void mesh_say(struct ec_mesh *mesh, enum ec_mesh_event event, uint32_t peer, const char *place,
              const char *why);

/* A link finished its hello.  Decides between it and one that is up already. */
void mesh_link_greeted(struct link *link);

/* A link has ended; it stays allocated until its socket is closed. */
void mesh_link_ended(struct link *link, enum link_state before, enum ec_mesh_event event,
                     const char *why);

/* The clock of the mesh ticks at once, and as often as is due from then on. */
void mesh_tick_soon(struct ec_mesh *mesh);

/* Another life of a linked peer calls: waits, unread, to see which of them lives (mesh_twin.c). */
void mesh_link_wait(struct link *link);

/* Looks again at one that waits; `passed_ms` went by. */
void mesh_link_settle(struct link *link, uint32_t passed_ms);

/* The peer said goodbye: another node with our key is linked to it. */
void mesh_twin_told(struct link *link);

/* A handle of the mesh is closed for good. */
void mesh_handle_closed(struct ec_mesh *mesh);

/* Dials every member that has an address and no link, when its time has come. */
void mesh_dial(struct ec_mesh *mesh, uint32_t passed_ms);

/* The link to this target did not come about, or was lost: wait before the next try. */
void target_back_off(struct target *target);

/* The target with this key; NULL: none. */
struct target *target_of(struct ec_mesh *mesh, const uint8_t key[static EC_KEY_SIZE]);

#endif
