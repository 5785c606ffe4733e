/* client.h - the C client of the binary door: sockets only, no event loop of its own.
 *
 * Two ways to use it, which may be mixed on one client:
 *
 * Blocking, one question at a time:
 *
 *     struct ec_client *client = ec_client_open("127.0.0.1:7460", 5000, why, sizeof why);
 *     struct ec_door_answer answer;
 *     if (ec_client_submit(client, envelope, salt, 10000, &answer) && answer.kind == EC_DOOR_DONE)
 *             ... it is in block answer.seq ...
 *     ec_client_close(client);
 *
 * In a loop of the caller's, many at a time: ec_client_send() any number of requests, poll
 * ec_client_fd() for ec_client_events(), call ec_client_turn() when it is ready, and take what came
 * with ec_client_next() until it returns false.
 *
 * Addresses are "HOST:PORT", "HOST" (then EC_DOOR_PORT), or "[IPv6]:PORT".  Nothing that a gateway
 * says is proven until the caller checks it: a promise by ec_client_promised(), a receipt by
 * ec_proof_judge().  Not for use by two threads at once.  Reconnecting is the caller's: after any
 * function said that the connection is lost, close the client and open another.
 */
#ifndef EC_DOORS_CLIENT_H
#define EC_DOORS_CLIENT_H

#include "doors/wire.h"

struct ec_client;

enum {
	EC_CLIENT_OUT_MAX = 4 << 20, /* bytes of requests that may wait to be sent */
};

/* Connects, greets, and waits for the gateway's WELCOME.
 * In: address; timeout_ms: for all of it, at least 1.
 * Returns: a client, to be ended by ec_client_close(); NULL with a sentence in `why` (what was
 * tried, what came, what to do). */
struct ec_client *ec_client_open(const char *address, uint32_t timeout_ms, char *why,
                                 size_t why_size);

/* Closes the connection and frees everything.  NULL is allowed. */
void ec_client_close(struct ec_client *client);

/* What the gateway said about itself: genesis, key, envelope_max, network, group.  Borrowed until
 * ec_client_close(). */
const struct ec_door_answer *ec_client_welcome(const struct ec_client *client);

/* The socket, for poll(); stays the client's. */
int ec_client_fd(const struct ec_client *client);

/* What to poll it for: POLLIN, and POLLOUT while requests wait to be sent. */
short ec_client_events(const struct ec_client *client);

/* Queues a request and sends what the socket takes without waiting.
 * In: request; its token is the caller's choice and comes back in the answers.
 * Returns: false when the connection is lost, or when EC_CLIENT_OUT_MAX would be passed (then
 * ec_client_lost() is NULL, and the request was not queued). */
bool ec_client_send(struct ec_client *client, const struct ec_door_request *request);

/* As ec_client_send(), but leaves the sending to the next ec_client_turn(): many requests, one
 * system call. */
bool ec_client_push(struct ec_client *client, const struct ec_door_request *request);

/* Sends and receives what is possible without waiting.  Invalidates earlier answers.
 * Returns: false when the connection is lost; answers that came before may still be taken. */
bool ec_client_turn(struct ec_client *client);

/* The next answer that has come.  Out: answer; its byte strings are borrowed until the next
 * ec_client_turn(), ec_client_wait(), or ec_client_close().
 * Returns: false when there is none. */
bool ec_client_next(struct ec_client *client, struct ec_door_answer *answer);

/* Waits for the next answer, at most timeout_ms (0: looks once).
 * Returns: false when none came in time or the connection is lost (ec_client_lost() tells). */
bool ec_client_wait(struct ec_client *client, uint32_t timeout_ms, struct ec_door_answer *answer);

/* Why the connection is lost, as a sentence; NULL while it is not.  A gateway's BYE is in it. */
const char *ec_client_lost(const struct ec_client *client);

/* Sends one request with a token of the client's own and waits for its answer; answers to other
 * tokens that come meanwhile are dropped, and so is ACCEPTED.
 * Returns: true with any answer, REFUSED included; false when none came in time, when the request
 * could not be sent, or when the connection is lost.  Out: as ec_client_next(). */
bool ec_client_call(struct ec_client *client, const struct ec_door_request *request,
                    uint32_t timeout_ms, struct ec_door_answer *answer);

/* Submits one envelope and waits until it is in a block: ec_client_call() of a SUBMIT.
 * In: envelope: at most ec_client_welcome()->envelope_max bytes; salt: 32 bytes.
 * Out: answer: DONE, or REFUSED. */
bool ec_client_submit(struct ec_client *client, struct ec_bytes envelope, const uint8_t salt[32],
                      uint32_t timeout_ms, struct ec_door_answer *answer);

/* Asks for the receipt of an envelope.  Out: answer: PROOF (with lookup 0: found) or REFUSED. */
bool ec_client_receipt(struct ec_client *client, const ec_hash *id, uint32_t timeout_ms,
                       struct ec_door_answer *answer);

/* Asks for the beacon of a block; 0: of the newest that is certified.  It takes a round trip
 * between the members, at most 5 s.  Out: answer: PROOF, of lookup 0, whose value ec_proof_judge()
 * tells; or REFUSED: it is not there yet, never will be, or no more. */
bool ec_client_beacon(struct ec_client *client, uint64_t block, uint32_t timeout_ms,
                      struct ec_door_answer *answer);

/* Whether an ACCEPTED answer is signed by the gateway's identity key.
 * In: key: the key that the caller knows the gateway by (from the genesis, not from WELCOME). */
bool ec_client_promised(const struct ec_door_answer *answer, const uint8_t key[static EC_KEY_SIZE]);

#endif
