/* link.h - one connection of the load on a system beside Edgecord: it puts one key at a time. */
#ifndef EC_BENCH_LINK_H
#define EC_BENCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_ROOM = 32 << 10, LINK_KEY_MAX = 64, LINK_VALUE_MAX = 4096 };

/* How the bytes of a put look, and of what comes back. */
enum link_kind {
	LINK_GRPC,      /* etcd: KV/Put over HTTP/2, without TLS */
	LINK_ETCD_REST, /* etcd: /v3/kv/put over HTTP/1.1, kept alive */
	LINK_CRAFT,     /* bench/craft.c */
	LINK_KINDS
};

/* A connection; what waits to be sent stands in out[begin..end), what came in in[0..in_size). */
struct link {
	enum link_kind kind;
	int fd;
	bool answered; /* gRPC: the message of the stream under way has come */
	uint32_t stream;
	uint8_t in[LINK_ROOM], out[LINK_ROOM];
	size_t in_size, out_begin, out_end;
};

struct link_put {
	const char *key; /* ended by a zero */
	const uint8_t *value;
	size_t value_size; /* at most LINK_VALUE_MAX */
};

enum link_news { LINK_NOTHING, LINK_DONE, LINK_REFUSED, LINK_LOST };

/* Connects to 127.0.0.1 and greets.  Returns: false when nobody takes the call; errno says why. */
bool link_open(struct link *link, enum link_kind kind, uint16_t port);

/* Closes its socket. */
void link_close(struct link *link);

/* Queues one put and sends what the socket takes.  In: none is under way. */
void link_push(struct link *link, const struct link_put *put);

/* Sends what waits, reads what came.  Returns: what became of the put under way. */
enum link_news link_turn(struct link *link);

/* Of each kind: writes a put, or the greeting of a new connection, into out; reads what came. */
void grpc_greet(struct link *link);
void grpc_put(struct link *link, const struct link_put *put);
enum link_news grpc_news(struct link *link);
void rest_put(struct link *link, const struct link_put *put);
enum link_news rest_news(struct link *link);
void craft_put(struct link *link, const struct link_put *put);
enum link_news craft_news(struct link *link);

/* Adds bytes to out, which has room for any put.  In: size: how many. */
void link_add(struct link *link, const void *data, size_t size);

/* The first `size` bytes of what came have been read. */
void link_taken(struct link *link, size_t size);

#endif
