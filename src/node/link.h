/* link.h - one connection of the mesh: TCP, TLS, the hello, then frames; inside the mesh only.
 *
 *   CONNECTING -> SHAKING (TLS) -> GREETING (hello both ways) [-> WAITING] -> UP -> ENDED
 *                     any of them -> ENDED, where it waits for the loop to close its socket
 */
#ifndef EC_NODE_LINK_H
#define EC_NODE_LINK_H

#include "node/mesh.h"
#include "node/tls.h"

enum link_state {
	LINK_CONNECTING,
	LINK_SHAKING,
	LINK_GREETING,
	LINK_WAITING, /* a link with another life of the same peer is up */
	LINK_UP,
	LINK_ENDED
};

enum {
	LINK_STAGE_SIZE = 64 << 10,
	LINK_WHY_SIZE = 360,
	LINK_PLACE_SIZE = 112,
	LINK_LIFE_SIZE = 16,
};

/* The length that says goodbye to a twin: no frame is so long. */
#define LINK_TWIN UINT32_MAX

/* Frames waiting to be sent: a ring that grows. */
struct link_queue {
	struct ec_bytes *frame;
	uint32_t first, count, capacity; /* capacity: a power of two */
	size_t bytes;
	size_t sent; /* of the first frame and its length, already encrypted */
};

struct link {
	struct ec_mesh *mesh;
	struct link *next; /* in the mesh's list of all links */
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	uint8_t *cipher; /* being written by the loop; NULL: nothing is */
	struct tls *tls;
	enum link_state state;
	bool dialled, paused;
	uint32_t peer;                        /* its number once known, else UINT32_MAX */
	uint32_t age_ms, silent_ms, quiet_ms; /* since made, since heard, since spoken */
	uint32_t waited_ms;                   /* WAITING: while the other one was read */
	uint8_t life[LINK_LIFE_SIZE];         /* of the other side, out of its hello */
	uint8_t length[4];                    /* of the frame that comes */
	uint32_t length_have;
	struct ec_bytes frame; /* being received */
	size_t frame_have;
	struct link_queue queue;
	char place[LINK_PLACE_SIZE]; /* address, then key, of the other side: for people */
	uint8_t wanted[EC_KEY_SIZE]; /* dialled: whom we want to reach */
};

/* A new link without a socket; it is in the mesh's list.  NULL when there is no memory. */
struct link *link_new(struct ec_mesh *mesh, bool dialled, const char *place);

/* The socket is connected: begins TLS and reads. */
void link_begin(struct link *link);

/* Queues a frame; its owner passes.  An empty one is a ping. */
void link_send(struct link *link, struct ec_bytes frame);

/* Encrypts and writes what is queued, as far as the socket takes it. */
void link_flush(struct link *link);

/* Stops or goes on reading, while it is up; what came already is still given on when it goes on. */
void link_pause(struct link *link, bool pause);

/* Ends it and tells the mesh (mesh_link_ended).  Safe at any time, once or more. */
void link_end(struct link *link, enum ec_mesh_event event, const char *why);

/* `passed_ms` went by: pings, and ends what is silent or too slow. */
void link_tick(struct link *link, uint32_t passed_ms);

#endif
