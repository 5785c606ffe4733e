/* reason.h - why a door says no: one list for the binary door, HTTP, and those who read them. */
#ifndef EC_DOORS_REASON_H
#define EC_DOORS_REASON_H

/* reason, number on the wire, name, HTTP status, what a person is told, what to do about it */
/* clang-format off */
#define EC_REASONS(X) \
	X(NONE, 0, "none", 200, "nothing was refused", \
	  "go on") \
	X(MALFORMED, 1, "malformed", 400, "the request is not of its form", \
	  "mend the request; docs/doors.md and /openapi.json say what it may be") \
	X(INVALID, 2, "invalid", 422, "the envelope is not of its form", \
	  "make the envelope anew as docs/formats.md says, in deterministic CBOR") \
	X(TOO_LARGE, 3, "too-large", 413, "it is larger than this group takes", \
	  "send less at once: the genesis sets the limit") \
	X(BUSY, 4, "busy", 503, "a queue is full", \
	  "send the same again in a moment, or to another gateway") \
	X(NOT_READY, 5, "not-ready", 503, "this node cannot serve now", \
	  "try another gateway of this group, or this one later") \
	X(BEHIND, 6, "behind", 503, "this node has not reached the block that was asked for", \
	  "ask again in a moment, or ask another gateway") \
	X(NOT_CERTIFIED, 7, "not-certified", 503, "no quorum certified this state in time", \
	  "ask again, or ask with at=local for this node's word alone") \
	X(NOT_FOUND, 8, "not-found", 404, "there is nothing of this name", \
	  "check the name, the id and the group") \
	X(NOT_YET, 9, "not-yet", 404, "it is ordered, but no certificate covers it yet", \
	  "ask again in a moment") \
	X(PRUNED, 10, "pruned", 410, "it is older than what this node keeps", \
	  "ask another member, or one that archives") \
	X(METHOD, 11, "method", 405, "this resource does not take this method", \
	  "use a method that the header Allow names") \
	X(MEDIA, 12, "media-type", 415, "the body is of another type than this resource takes", \
	  "send Content-Type: application/cose") \
	X(VERSION, 13, "version", 505, "this door speaks another version of the protocol", \
	  "use a client of the node's version") \
	X(IDLE, 14, "idle", 408, "nothing came for too long", \
	  "connect again when there is something to say") \
	X(SLOW, 15, "slow", 408, "a request or an answer was taken too slowly", \
	  "connect again, and send and read without pauses") \
	X(CONNECTIONS, 16, "connections", 503, "too many connections are open", \
	  "try again later, or another gateway") \
	X(STOPPING, 17, "stopping", 503, "the node is stopping", \
	  "try another gateway; what was not answered may be sent again") \
	X(SIGNATURE, 18, "signature", 422, "the envelope's signature is not its author's", \
	  "sign the very bytes that are sent, with the key that the envelope names") \
	X(GROUP, 19, "wrong-group", 422, "the envelope is for another group", \
	  "send it to the group whose genesis it names, or make it for this one") \
	X(LENGTH, 20, "length-required", 411, "the body's length is not announced", \
	  "send Content-Length; chunked bodies are not taken") \
	X(ORDER_ONLY, 21, "order-only", 404, "this group only orders: it keeps no envelopes", \
	  "for receipts and results use a group whose genesis keeps a ledger") \
	X(ELSEWHERE, 22, "elsewhere", 503, "this node still fetches older blocks of its group", \
	  "ask another member, or this one later") \
	X(NO_ROOM, 23, "no-room", 503, "this node's disk is full, or nearly", \
	  "try another gateway of this group; this one goes on when there is room") \
	X(UNAUTHORIZED, 24, "unauthorized", 401, "the request does not say who asks", \
	  "send Authorization: Bearer and this node's token, or a signed envelope") \
	X(FORBIDDEN, 25, "forbidden", 403, "who asks may not write this", \
	  "have it written by who may, or be given the right to") \
	X(COMPARE, 26, "compare", 412, "it is not as the request demands", \
	  "read it, and ask anew from what it is now") \
	X(RULE, 27, "rule", 409, "the ledger took it and did nothing", \
	  "mend what the detail says, and ask anew") \
	X(FULL, 28, "full", 507, "a limit of the genesis is reached", \
	  "delete what is not needed any more, and ask anew")
/* clang-format on */

enum ec_reason {
#define EC_REASON_ENUM(reason, value, name, status, text, remedy) EC_REASON_##reason = value,
	EC_REASONS(EC_REASON_ENUM)
#undef EC_REASON_ENUM
		EC_REASON_COUNT
};

/* The short name; "unknown" when there is no such reason. */
const char *ec_reason_name(unsigned reason);

/* What is wrong, a clause for a person; of one that this program does not know, that. */
const char *ec_reason_text(unsigned reason);

/* What a person can do about it: a clause. */
const char *ec_reason_remedy(unsigned reason);

/* The status of the HTTP answer (RFC 9110); 500 when there is no such reason. */
unsigned ec_reason_status(unsigned reason);

#endif
