/* mesh.h - the links between members: TLS 1.3 over TCP, one link a pair, whole frames in order.
 *
 *   either side dials -> TLS, both show their identity keys -> each says hello
 *   -> the link is up -> frames, pings -> one side breaks it -> dial again, 50 ms .. 2 s
 *
 * A hello is a frame of "edgecord/link/2", the genesis hash, and the 16 random bytes of this life
 * of the process.  A frame is a u32 length, little-endian, and that many bytes; length 0 is a ping,
 * length 2^32 - 1 the goodbye to a twin (below).  When both sides dial at once, the connection made
 * by the side with the lower key stays; of two made by the same side, the newer.
 *
 * A call with the key of a peer that is linked, but from another life, is that peer begun again, or
 * a second node with one key.  It waits until the link ends, or is silent for longer than two
 * pings: then it takes its place.  When the link is heard meanwhile there are two: the caller is
 * told goodbye, and the link stays.  One thread, the loop's.
 */
#ifndef EC_NODE_MESH_H
#define EC_NODE_MESH_H

#include "crypto/sign.h"

#include <uv.h>

struct ec_mesh;

enum { EC_MESH_PEERS_MAX = 128 };

enum ec_mesh_event {
	EC_MESH_UP,
	EC_MESH_LOST,
	EC_MESH_REFUSED, /* a stranger, another network, garbage, nothing, a frame too long */
	EC_MESH_TWIN,    /* two nodes with one key: a peer's, or our own */
	EC_MESH_FAILED,  /* a dial that led nowhere: told once until it works again */
};

struct ec_mesh_config {
	uv_loop_t *loop;
	struct ec_pool *pool;             /* of frames received */
	const struct ec_secret *identity; /* copied where needed */
	ec_hash genesis;                  /* both sides must serve the same */
	const char *host;                 /* to listen at; NULL: dials only */
	uint16_t port;                    /* 0: any, see ec_mesh_port() */
	uint32_t frame_bytes_max;         /* of a frame; 0: 8 MiB */
	size_t queue_bytes_max;           /* waiting to be sent on a link; 0: 32 MiB */
	uint32_t handshake_ms;            /* until a link is up, else it is closed; 0: 3000 */
	uint32_t ping_ms;                 /* of silence after which we ping; 0: 1000 */
	uint32_t dead_ms;                 /* of silence after which a link is lost; 0: 5000 */
	uint64_t seed;                    /* of jitter */

	/* The number of the member with this key, below EC_MESH_PEERS_MAX; UINT32_MAX: a stranger.
	 */
	uint32_t (*peer_of)(void *self, const uint8_t key[static EC_KEY_SIZE]);
	/* A link came up or is lost.  Between two ups is a lost. */
	void (*link)(void *self, uint32_t peer, bool up);
	/* A frame of 1 or more bytes; its owner passes. */
	void (*frame)(void *self, uint32_t peer, struct ec_bytes frame);
	/* So many members said lately that another node with our key is linked to them. */
	void (*twin)(void *self, uint32_t members);
	/* Something worth a line; peer may be UINT32_MAX. */
	void (*event)(void *self, enum ec_mesh_event event, uint32_t peer, const char *text);
	void *self;
};

/* Listens.  Returns: NULL with a sentence in `why`. */
struct ec_mesh *ec_mesh_open(const struct ec_mesh_config *config, char *why, size_t why_size);

/* Closes all; `done` once nothing is left on the loop: the mesh is freed then. */
void ec_mesh_close(struct ec_mesh *mesh, void (*done)(void *self), void *self);

/* The port that it listens at. */
uint16_t ec_mesh_port(const struct ec_mesh *mesh);

/* Where the member with this key listens: a name or address, and a port.  Dials while the key is
 * of a member.  A second call for a key changes its address.  Returns: false when there are
 * EC_MESH_PEERS_MAX already. */
bool ec_mesh_address(struct ec_mesh *mesh, const uint8_t key[static EC_KEY_SIZE], const char *host,
                     uint16_t port);

/* The members changed: breaks links whose key has become a stranger's, dials new ones. */
void ec_mesh_members(struct ec_mesh *mesh);

/* Puts a frame of 1..frame_bytes_max bytes in the queue of the peer's link; its owner passes.
 * Without a link it is dropped; a full queue breaks the link. */
void ec_mesh_send(struct ec_mesh *mesh, uint32_t peer, struct ec_bytes frame);

/* Encrypts and sends what is queued: at the end of a turn of the loop. */
void ec_mesh_flush(struct ec_mesh *mesh);

/* Closes the peer's link, if there is one; it is dialled again. */
void ec_mesh_break(struct ec_mesh *mesh, uint32_t peer, const char *why);

/* Stops or goes on reading from a peer, so that what it sends waits at its side. */
void ec_mesh_pause(struct ec_mesh *mesh, uint32_t peer, bool pause);

struct ec_mesh_counters {
	uint64_t made, lost, refused;
	uint64_t twins;                                      /* calls and goodbyes */
	uint64_t frames_out, bytes_out, frames_in, bytes_in; /* of frames; bytes as they came */
	uint64_t writes;                                     /* TLS writes: coalescing shows */
};

/* Since the mesh was opened. */
struct ec_mesh_counters ec_mesh_counters(const struct ec_mesh *mesh);

/* How many members said last that they belong to another network (their genesis is not ours), and
 * are not linked.  Out: the genesis that one of them named, when there is one. */
uint32_t ec_mesh_foreign(const struct ec_mesh *mesh, ec_hash *genesis);

#endif
