/* http.h - the HTTP door of a node: REST over libwebsockets on the daemon's loop.
 *
 *   POST /v1/envelopes[?wait=1]   an envelope (application/cose); header Edgecord-Salt
 *   GET  /v1/envelopes/ID         what became of it
 *   GET  /v1/receipts/ID          its proof (application/cbor); with ?depth=1 a certificate need
 *                                 not cover it, where the order may be revised
 *   GET  /v1/state/NAME           a value, or with ?prefix=1 many; ?at= &min_seq= &limit= &after=
 *   GET  /v1/proofs/NAME          a proof of what the state holds (application/cbor)
 *   GET  /v1/beacon[?block=N]     32 random bytes, with their proof
 *   GET  /v1/store/...            keys, ranges, watches, leases
 *   PUT, DELETE /v1/store/keys/KEY, POST /v1/store/txn, /v1/store/leases[/ID], DELETE of these
 *                                 writes, signed by this node where its operator wants that
 *   GET  /v1/trades, /v1/bills/KEY[/DAY]
 *   GET  /v1/status               the node
 *   GET  /metrics, /healthz, /readyz, /openapi.json
 *
 * Every error is a problem detail (RFC 9457, application/problem+json).  An envelope is idempotent:
 * its id is made from what its author signed, and the ledger takes each once.
 */
#ifndef EC_DOORS_HTTP_H
#define EC_DOORS_HTTP_H

#include "node/daemon.h"

struct ec_http;
struct ec_text;

enum { EC_HTTP_TOKEN_SIZE = 32, EC_HTTP_PREFIX_MAX = 80 };

/* What a node signs for those who write to the store over HTTP (docs/decisions/016). */
struct ec_http_writer {
	struct ec_secret key;              /* in whose name */
	uint8_t token[EC_HTTP_TOKEN_SIZE]; /* who knows it may ask */
	uint8_t prefix[EC_HTTP_PREFIX_MAX];
	size_t prefix_size; /* only keys that begin so are written; 0: all */
};

struct ec_http_config {
	const char *host;                    /* an IPv4 or IPv6 address to listen on */
	uint16_t port;                       /* 0: any free one */
	const struct ec_secret *identity;    /* signs promises; outlives the door */
	const struct ec_http_writer *writer; /* outlives the door; NULL: it signs for nobody */
	uint32_t connections;                /* at once; 0: 1024 */
	uint32_t head_s, body_s, idle_s;     /* limits in seconds; 0: 10, 30, 60 */
	/* Adds what /metrics shows beside the node and this door; may be NULL. */
	void (*metrics)(void *self, struct ec_text *text);
	void *metrics_self;
};

/* Opens the door on the daemon's loop.  Returns: NULL with a sentence in `why`. */
struct ec_http *ec_http_open(struct ec_daemon *daemon, const struct ec_http_config *config,
                             char *why, size_t why_size);

/* Closes all connections, withdraws from the daemon, frees the door, then calls `done`.  Call
 * before ec_daemon_stop(). */
void ec_http_stop(struct ec_http *http, void (*done)(void *self), void *self);

/* The port that it listens on, also when the configuration said any. */
uint16_t ec_http_port(const struct ec_http *http);

#endif
