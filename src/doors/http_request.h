/* http_request.h - one HTTP request inside the door: what the routes see of it. */
#ifndef EC_DOORS_HTTP_REQUEST_H
#define EC_DOORS_HTTP_REQUEST_H

#include "doors/desk.h"
#include "doors/http.h"
#include "doors/json.h"
#include "doors/reason.h"

enum {
	EC_HTTP_PATH_MAX = 320,
	EC_HTTP_ARGUMENT_MAX = 208, /* a name in hexadecimal, and a little */
};

enum ec_http_method { EC_HTTP_GET, EC_HTTP_POST, EC_HTTP_PUT, EC_HTTP_DELETE, EC_HTTP_OTHER };

/* The arguments that any resource knows. */
enum ec_http_argument {
	EC_ARG_AT,
	EC_ARG_MIN_SEQ,
	EC_ARG_WAIT,
	EC_ARG_PROMISE,
	EC_ARG_PREFIX,
	EC_ARG_LIMIT,
	EC_ARG_AFTER,
	EC_ARG_SLOT,
	EC_ARG_BLOCK,
	EC_ARG_DEPTH,
	EC_ARG_REVISION,
	EC_ARG_INDEX,
	EC_ARG_LEASE,
	EC_ARG_IF_MOD,
	EC_ARG_TTL_S,
	EC_ARG_ID,
	EC_ARG_COUNT
};

struct lws;

struct ec_http_request {
	struct ec_http_request *next, *previous; /* of all that are alive */
	struct ec_http *http;
	struct lws *connection; /* NULL: gone; the request ends with its last callback */
	enum ec_http_method method;
	char path[EC_HTTP_PATH_MAX];
	char argument[EC_ARG_COUNT][EC_HTTP_ARGUMENT_MAX];
	bool given[EC_ARG_COUNT];
	char odd[32];        /* the name of the first argument that is not in order; empty: none */
	const char *odd_why; /* what is wrong with it; NULL: no resource knows it */
	bool has_salt, salt_good, media_good;
	bool first; /* of its connection */
	bool has_token, token_good, has_again, again_good;
	uint8_t token[EC_HTTP_TOKEN_SIZE];
	ec_hash again;                                  /* of the header Idempotency-Key */
	bool has_length, length_good, chunked, expects; /* expects: to be told to send its body */
	bool headless; /* HEAD: answered as GET, without the body */
	uint8_t salt[EC_SALT_SIZE];
	struct ec_bytes body; /* of a POST, while it comes in */
	size_t body_size, body_announced;
	uint64_t since_ms;
	/* Who may still call back. */
	bool submitted, asked, inside; /* inside: its connection is being served right now */
	void (*then)(struct ec_http_request *request, const struct ec_reply *reply);
	uint64_t number;  /* for `then` */
	uint32_t writing; /* of who writes to the store: its place in the memory of those, from 1 */
	/* The answer. */
	bool routed;            /* its body came, and the route saw it */
	bool bodiless;          /* the route saw it with its head */
	bool held;              /* nothing is read from the connection until it is answered */
	bool answered, parting; /* parting: the connection closes behind the answer */
	unsigned status;
	const char *media, *location_of; /* location_of: path before `location_id`; NULL: none */
	const char *allow;               /* the methods that the resource takes; NULL: not said */
	ec_hash location_id;
	uint32_t retry_ms;
	struct ec_json answer; /* any bytes */
};

struct ec_http_counters {
	uint64_t requests, refused; /* since the start */
	uint64_t by_status[6];      /* of answers: 2xx to 5xx at 2 to 5 */
	uint32_t waiting;           /* submissions that are not done */
};

/* The daemon that the door stands at. */
struct ec_daemon *ec_http_daemon(struct ec_http *http);

/* The door's desk, for questions about the state; owned by the door, like the two below. */
struct ec_desk *ec_http_desk(struct ec_http *http);

/* What it was opened with, the usual values in the place of zeros; `host` is read at the start
 * only.
 */
const struct ec_http_config *ec_http_config(struct ec_http *http);

/* The door's counters, to be counted up where it happens. */
struct ec_http_counters *ec_http_counters(struct ec_http *http);

/* Frees a request whose connection is gone and who waits for nothing any more. */
void ec_http_drop(struct ec_http_request *request);

/* ---- Answers: exactly one of them a request, while its connection is there ---- */

/* With what stands in request->answer.  In: status 200..599; media: a text that lasts. */
void ec_http_answer(struct ec_http_request *request, unsigned status, const char *media);

/* 200 with these bytes, copied. */
void ec_http_bytes(struct ec_http_request *request, const char *media, struct ec_bytes bytes);

/* A problem detail (RFC 9457) instead of what stands in request->answer: the reason's name, status
 * and remedy, with this sentence about the case.  In: retry_ms: when to come again, told in the
 * body and in Retry-After; 0: not said. */
void ec_http_problem(struct ec_http_request *request, enum ec_reason reason, uint32_t retry_ms,
                     const char *detail);

/* The route of a whole request: answers it, now or later. */
void ec_http_route(struct ec_http_request *request);

/* Whether the request may bring a body, of at most so many bytes; else answers it. */
bool ec_http_body_welcome(struct ec_http_request *request);

/* Whether the length that is announced of a body will do; else answers it. */
bool ec_http_length_welcome(struct ec_http_request *request);

/* Asks the desk with the arguments of the request (at, min_seq, limit); `then` answers. */
void ec_http_ask(struct ec_http_request *request, struct ec_question *question,
                 void (*then)(struct ec_http_request *request, const struct ec_reply *reply));

/* Whether there is a resource of the request's path, whatever it names. */
bool ec_http_is_resource(const struct ec_http_request *request);

/* Whether the resource takes all arguments that came; else answers, naming those that it takes. */
bool ec_http_arguments_good(struct ec_http_request *request);

extern const char *const ec_http_argument_name[EC_ARG_COUNT];

/* Adds what a read says of itself: `at`, `seq`, `certified`, and whether there is `more`. */
void ec_http_put_reply(struct ec_http_request *request, const struct ec_reply *reply);

/* Reads an argument as a number.  Returns: `otherwise` when it is not given; false in *good when it
 * is not a number up to `max`. */
uint64_t ec_http_number(const struct ec_http_request *request, enum ec_http_argument argument,
                        uint64_t otherwise, uint64_t max, bool *good);

/* GET /v1/trades: many, from ?slot= or all, after ?after=. */
void ec_http_trades(struct ec_http_request *request);

/* GET /v1/bills/KEY, the sums of all that are kept, and /v1/bills/KEY/DAY, one whole.  In: rest:
 * what follows "/v1/bills/". */
void ec_http_bills(struct ec_http_request *request, const char *rest);

/* GET /v1/store/keys/KEY, many with prefix=1, and /v1/store/watch/PREFIX, which waits for changes.
 * In: rest: what follows "/v1/store/". */
void ec_http_store(struct ec_http_request *request, const char *rest);

/* PUT, DELETE and POST under /v1/store/ (http_store_write.c): answers them, now or later. */
void ec_http_store_write(struct ec_http_request *request, const char *rest);

/* Whether such a request is one that the resource takes, and this node signs for who asks; asked
 * before its body is taken.  Returns: false after a problem was answered. */
bool ec_http_store_welcome(struct ec_http_request *request, const char *rest);

/* GET /v1/store/leases/ID.  In: text: the id. */
void ec_http_lease(struct ec_http_request *request, const char *text);

/* What a door remembers of those writes: NULL where it signs for nobody.  Owned by the door. */
struct http_writing *ec_http_writing(struct ec_http *http);

/* One for a door that signs.  In: writer: outlives it.  Ended by free(). */
struct http_writing *http_writing_new(const struct ec_http_writer *writer);

/* A name in a path or an argument: text as it stands, or 0x and hexadecimal.  In: size_max: at most
 * EC_NAME_MAX.  Out: name, of size_max bytes.  Returns: its size; 0 after a problem was answered.
 */
size_t ec_http_name(struct ec_http_request *request, const char *text, size_t size_max,
                    uint8_t *name);

/* GET /v1/beacon: of ?block=, or of the newest block that is certified (http_beacon.c). */
void ec_http_beacon(struct ec_http_request *request);

/* GET /metrics, in Prometheus' text format 0.0.4. */
void ec_http_metrics(struct ec_http_request *request);

extern const char ec_http_openapi[];

#endif
