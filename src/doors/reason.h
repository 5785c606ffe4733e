/* reason.h - why a door says no: one list for the binary door, HTTP, and those who read them. */
#ifndef EC_DOORS_REASON_H
#define EC_DOORS_REASON_H

/* reason, number on the wire, name, HTTP status, what a person is told */
/* clang-format off */
#define EC_REASONS(X)                                                                             \
	X(NONE, 0, "none", 200, "nothing was refused")                                             \
	X(MALFORMED, 1, "malformed", 400, "the request is not of its form")                        \
	X(INVALID, 2, "invalid", 422, "the envelope's form, signature or group is wrong")          \
	X(TOO_LARGE, 3, "too-large", 413, "it is larger than this group takes")                    \
	X(BUSY, 4, "busy", 503, "a queue is full; try again, or another gateway")                  \
	X(NOT_READY, 5, "not-ready", 503, "this node cannot serve now; try another gateway")       \
	X(BEHIND, 6, "behind", 503, "this node has not reached the sequence that was asked for")   \
	X(NOT_CERTIFIED, 7, "not-certified", 503, "no quorum certified this state in time")        \
	X(NOT_FOUND, 8, "not-found", 404, "there is nothing of this name")                         \
	X(NOT_YET, 9, "not-yet", 404, "it is ordered, but no certificate covers it yet")           \
	X(PRUNED, 10, "pruned", 410, "it is older than what this node keeps")                      \
	X(METHOD, 11, "method", 405, "this resource does not take this method")                    \
	X(MEDIA, 12, "media-type", 415, "the body is of another type than this resource takes")    \
	X(VERSION, 13, "version", 505, "this door speaks another version of the protocol")         \
	X(IDLE, 14, "idle", 408, "nothing came for too long")                                      \
	X(SLOW, 15, "slow", 408, "a request or an answer was taken too slowly")                    \
	X(CONNECTIONS, 16, "connections", 503, "too many connections are open")                    \
	X(STOPPING, 17, "stopping", 503, "the node is stopping")
/* clang-format on */

enum ec_reason {
#define EC_REASON_ENUM(reason, value, name, status, text) EC_REASON_##reason = value,
	EC_REASONS(EC_REASON_ENUM)
#undef EC_REASON_ENUM
		EC_REASON_COUNT
};

/* The short name; "unknown" when there is no such reason. */
const char *ec_reason_name(unsigned reason);

/* One sentence for a person. */
const char *ec_reason_text(unsigned reason);

/* The status of the HTTP answer (RFC 9110); 500 when there is no such reason. */
unsigned ec_reason_status(unsigned reason);

#endif
