/* tls.h - one side of a TLS 1.3 connection over memory: bytes in, bytes out, no sockets.
 *
 * Both sides show a self-signed Ed25519 certificate whose key is the identity key of a member.  The
 * names, dates and extensions in a certificate mean nothing here: the key alone is judged, by the
 * caller, and TLS proves that the other side owns it.  (Membership, not a date, ends a key: a clock
 * that is a year off cuts nobody off.)
 */
#ifndef EC_NODE_TLS_H
#define EC_NODE_TLS_H

#include "crypto/sign.h"

struct tls_context; /* what all connections of one identity share */
struct tls;         /* one side of one connection */

/* Makes a certificate for the identity key.  Returns: owned by the caller, outlives its
 * connections; NULL with a sentence in `why`. */
struct tls_context *tls_context_new(const struct ec_secret *identity, char *why, size_t why_size);

/* NULL is good. */
void tls_context_free(struct tls_context *context);

/* Whether to talk to the owner of this key.  Out: why not. */
typedef bool tls_judge(void *self, const uint8_t key[static EC_KEY_SIZE], char *why,
                       size_t why_size);

/* A connection before its handshake.  In: server: the side that was called; judge: asked once, in
 * the handshake, with `self`.  Returns: owned by the caller; NULL when there is no memory. */
struct tls *tls_new(struct tls_context *context, bool server, tls_judge *judge, void *self);

/* NULL is good; says no goodbye. */
void tls_free(struct tls *tls);

/* Bytes that came from the other side.  Returns: false when there is no memory. */
bool tls_feed(struct tls *tls, const void *data, size_t size);

/* Bytes to send to the other side.  Out: data, borrowed until the next call for this connection.
 * Returns: how many. */
size_t tls_out(struct tls *tls, const uint8_t **data);

/* So many of them were taken away.  In: at most as many as tls_out() had. */
void tls_out_taken(struct tls *tls, size_t size);

enum tls_state {
	TLS_WAITS, /* needs more bytes from the other side */
	TLS_GOOD,
	TLS_ENDED, /* the other side said goodbye */
	TLS_BAD,   /* tls_why() */
};

/* Goes on with the handshake; call after every feed until TLS_GOOD. */
enum tls_state tls_handshake(struct tls *tls);

/* Whether nothing is there, so that tls_read() would find TLS_WAITS, which costs as much as a read
 * that brings something. */
bool tls_waits(const struct tls *tls);

/* Reads what is there.  TLS_GOOD: *got > 0 bytes. */
enum tls_state tls_read(struct tls *tls, void *data, size_t size, size_t *got);

/* Encrypts 1 or more bytes.  Returns: false when the connection is broken. */
bool tls_write(struct tls *tls, const void *data, size_t size);

/* The other side's key, once the handshake is TLS_GOOD. */
const uint8_t *tls_key(const struct tls *tls);

/* A sentence for a person. */
const char *tls_why(const struct tls *tls);

#endif
