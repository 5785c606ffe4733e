/* http.c - the HTTP door: a request's way through libwebsockets on the daemon's loop.
 *
 * HTTP -> (HTTP_BODY)* -> HTTP_BODY_COMPLETION -> route -> answer, at once or when the ledger has
 * spoken -> written -> the next request of the connection.
 */
#include "doors/http_head.h"
#include "doors/http_pipe.h"

#include <assert.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CONNECTIONS = 1024,
	HEAD_S = 10,
	BODY_S = 30,
	IDLE_S = 60,
	ANSWER_S = 30, /* for the ledger to speak, and for the client to take it */
	HEAD_BYTES = 4096,
	ANSWER_HEAD_MAX = 1024,
	ANSWER_SHORT = 4096, /* such a body goes out in one write with its head */
	STOP_POLL_MS = 2,
	STOP_TURNS = 4,
};

struct ec_http {
	struct ec_daemon *daemon;
	struct ec_http_config config;
	struct ec_desk *desk;
	struct lws_context *context;
	struct lws_vhost *host;
	struct ec_http_request *first;
	struct ec_http_counters counters;
	uv_check_t turn_end; /* runs while answers wait for the end of the library's call */
	uv_timer_t stop_timer;
	struct http_pipe pipe;
	struct http_writing *writing;
	bool stopping;
	uint32_t stop_turns;
	void (*stopped)(void *self);
	void *stopped_self;
	void *loops[1];
};

/* What libwebsockets keeps for us a connection. */
struct session {
	struct ec_http_request *request;
};

struct http_writing *ec_http_writing(struct ec_http *http)
{
	return http->writing;
}

struct ec_daemon *ec_http_daemon(struct ec_http *http)
{
	return http->daemon;
}

struct ec_desk *ec_http_desk(struct ec_http *http)
{
	return http->desk;
}

const struct ec_http_config *ec_http_config(struct ec_http *http)
{
	return &http->config;
}

struct ec_http_counters *ec_http_counters(struct ec_http *http)
{
	return &http->counters;
}

static uint64_t now_ms(const struct ec_http *http)
{
	return uv_now(ec_daemon_loop(http->daemon));
}

void ec_http_drop(struct ec_http_request *request)
{
	assert(!request->connection && !request->submitted && !request->asked);
	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		request->http->first = request->next;
	ec_drop(request->body);
	ec_json_free(&request->answer);
	free(request);
}

static struct ec_http_request *request_new(struct ec_http *http, struct lws *wsi)
{
	struct ec_http_request *request = calloc(1, sizeof *request);
	if (!request)
		abort();
	request->http = http;
	request->connection = wsi;
	request->since_ms = now_ms(http);
	request->next = http->first;
	if (http->first)
		http->first->previous = request;
	http->first = request;
	http->counters.requests++;
	return request;
}

/* The connection is gone, or has its answer. */
static void request_leave(struct ec_http_request *request)
{
	request->connection = NULL;
	if (request->asked) {
		ec_desk_forget(request->http->desk, request);
		request->asked = false;
	}
	if (!request->submitted)
		ec_http_drop(request);
}

/* Returns: whether all of it was taken, by the socket or the library's own queue. */
static bool answer_send(struct ec_http_request *request)
{
	struct lws *wsi = request->connection;
	unsigned char room[LWS_PRE + ANSWER_HEAD_MAX + ANSWER_SHORT];
	unsigned char *begin = room + LWS_PRE, *at = begin, *head_end = begin + ANSWER_HEAD_MAX;
	size_t size = request->answer.size;
	if (!ec_http_head_make(request, &at, head_end))
		return false;
	if (request->headless)
		size = 0;
	if (size <= ANSWER_SHORT && lws_get_network_wsi(wsi) == wsi) {
		if (lws_finalize_http_header(wsi, &at, head_end))
			return false;
		if (size)
			memcpy(at, request->answer.at, size);
		size += (size_t)(at - begin);
		return lws_write(wsi, begin, size, LWS_WRITE_HTTP_HEADERS) >= 0;
	}
	if (lws_finalize_write_http_header(wsi, begin, &at, head_end))
		return false;
	unsigned char *body = malloc(LWS_PRE + size);
	if (!body)
		return false;
	if (size)
		memcpy(body + LWS_PRE, request->answer.at, size);
	bool sent = lws_write(wsi, body + LWS_PRE, size, LWS_WRITE_HTTP_FINAL) >= 0;
	free(body);
	return sent;
}

/* Returns: what the library's callback returns: not 0 to close the connection. */
static int answer_write(struct session *session)
{
	struct ec_http_request *request = session->request;
	struct lws *wsi = request->connection;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_S);
	bool sent = answer_send(request), parting = request->parting, held = request->held;
	session->request = NULL;
	request_leave(request);
	if (!sent || parting)
		return -1;
	if (held)
		lws_rx_flow_control(wsi, 1);
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* Answers a request after its callback returned.  On HTTP/1 that is done at once, which spares two
 * rounds of the loop: nothing else of this connection is under way.  A stream of HTTP/2 waits until
 * its connection can take more. */
static void answer_later(struct ec_http_request *request)
{
	struct lws *wsi = request->connection;
	if (lws_get_network_wsi(wsi) != wsi)
		lws_callback_on_writable(wsi);
	else if (answer_write(lws_wsi_user(wsi)) != 0)
		lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_ASYNC);
}

void ec_http_answer(struct ec_http_request *request, unsigned status, const char *media)
{
	assert(request->connection && !request->answered && status >= 200 && status < 600);
	request->answered = true;
	request->status = status;
	request->media = media;
	request->http->counters.by_status[status / 100]++;
	if (!request->inside)
		answer_later(request);
}

static void route(struct ec_http_request *request)
{
	request->inside = true;
	ec_http_route(request);
	request->inside = false;
}

/* Leaves the request to be answered later.  What comes before that is of the next request, and
 * waits for its turn. */
static int hold(struct ec_http_request *request)
{
	lws_set_timeout(request->connection, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_S);
	lws_rx_flow_control(request->connection, 0);
	request->held = true;
	return 0;
}

/* Whether the library would take what follows a request for its body: one that nobody wants, or, of
 * a POST or a PUT without a length, all that comes. */
static bool leaves_body(const struct ec_http_request *request)
{
	bool brings = request->method == EC_HTTP_POST || request->method == EC_HTTP_PUT;
	return ec_http_head_has_body(request->connection) || (brings && !request->has_length);
}

/* A request that is whole with its head.  One that brings a body which nobody wants is answered,
 * and then closed, for the library must not be left to skip it (see body_ended). */
static int head_serve(struct session *session)
{
	struct ec_http_request *request = session->request;
	request->parting = leaves_body(request);
	request->bodiless = true;
	route(request);
	if (request->answered)
		return answer_write(session);
	return request->parting && ec_http_head_has_body(request->connection) ? -1 : hold(request);
}

/* The head of a request is here. */
static int head_came(struct ec_http *http, struct session *session, struct lws *wsi,
                     const char *path)
{
	if (session->request || http->stopping)
		return -1;
	struct ec_http_request *request = request_new(http, wsi);
	session->request = request;
	request->first = !lws_get_opaque_user_data(wsi); /* the session is new each time */
	lws_set_opaque_user_data(wsi, http);
	ec_http_head_read(request, path);
	if (request->method != EC_HTTP_POST && request->method != EC_HTTP_PUT)
		return head_serve(session);
	request->inside = true;
	bool welcome = ec_http_body_welcome(request);
	request->inside = false;
	if (!welcome) {
		request->parting = leaves_body(request);
		return answer_write(session);
	}
	if (request->body_announced == 0)
		return head_serve(session);
	if (request->expects && !ec_http_head_invite(wsi))
		return -1;
	request->body = ec_pool_take(ec_daemon_pool(http->daemon), request->body_announced);
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, (int)http->config.body_s);
	return 0;
}

/* Whether what libwebsockets 4.1 gives as a body may be the request's own head: so it is when the
 * head came together with an earlier request.  No envelope begins like this; a value of the store
 * may, which then is taken on a connection of its own. */
static bool is_own_head(const struct ec_http_request *request, const void *data, size_t size)
{
	const char *head = request->method == EC_HTTP_PUT ? "PUT " : "POST ", *at = data;
	size_t head_size = strlen(head);
	for (; size && (*at == '\r' || *at == '\n'); at++)
		size--; /* which may stand before a head */
	return !request->first && memcmp(at, head, size < head_size ? size : head_size) == 0;
}

/* Answers without having looked at the body, and closes. */
static int body_misread(struct ec_http_request *request)
{
	request->inside = request->parting = true;
	ec_http_problem(request, EC_REASON_BUSY, 1,
	                "a request with a body came before the answer to the one before it; send "
	                "it again on a connection of its own");
	return answer_write(lws_wsi_user(request->connection));
}

/* A part of a body; what was announced bounds it. */
static int body_came(struct ec_http *http, struct session *session, const void *data, size_t size)
{
	struct ec_http_request *request = session->request;
	if (!request || request->routed)
		return -1;
	if (size > request->body.size - request->body_size)
		return -1;
	if (now_ms(http) - request->since_ms > (uint64_t)http->config.body_s * 1000)
		return -1;
	if (size && request->body_size == 0 && is_own_head(request, data, size))
		return body_misread(request);
	if (size)
		memcpy(ec_writable(request->body) + request->body_size, data, size);
	request->body_size += size;
	return 0;
}

/* Sends what was answered inside a call of the library, in the same turn of the loop. */
static void answers_due(uv_check_t *check)
{
	struct ec_http *http = check->data;
	uv_check_stop(check);
	for (struct ec_http_request *request = http->first, *next; request; request = next) {
		next = request->next;
		if (request->connection && request->answered && request->held)
			answer_later(request);
	}
}

/* The whole body is here.  Libwebsockets 4.1 would say so once more for every byte that follows,
 * and read what follows from the wrong place, had the transaction ended inside this call: so
 * nothing is read until the answer is sent, and that happens after this call. */
static int body_ended(struct ec_http *http, struct session *session)
{
	struct ec_http_request *request = session->request;
	if (request && request->bodiless)
		return 0; /* it was routed with its head */
	if (!request || request->routed || request->body_size != request->body.size)
		return -1;
	request->routed = true;
	route(request);
	hold(request);
	if (request->answered)
		uv_check_start(&http->turn_end, answers_due);
	return 0;
}

static int happened(struct lws *wsi, enum lws_callback_reasons what, void *user, void *in,
                    size_t size)
{
	struct session *session = user;
	struct ec_http_request *request = session ? session->request : NULL;
	struct lws_context *context = lws_get_context(wsi);
	struct ec_http *http = context ? lws_context_user(context) : NULL;
	switch (what) {
	case LWS_CALLBACK_HTTP:
		return head_came(http, session, wsi, in ? in : "");
	case LWS_CALLBACK_HTTP_BODY:
		return body_came(http, session, in, size);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return body_ended(http, session);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return request && request->answered ? answer_write(session) : 0;
	case LWS_CALLBACK_CLOSED_HTTP:
		if (request) {
			request_leave(request);
			session->request = NULL;
		}
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_RAW_ADOPT: /* after CONNECT */
		return -1;           /* no time limit of this door would hold there */
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = happened, .per_session_data_size = sizeof(struct session)},
	{0},
};

static bool listen_on(struct ec_http *http)
{
	const struct ec_http_config *config = &http->config;
	struct lws_context_creation_info info = {
		.port = config->port,
		.iface = config->host,
		.protocols = protocols,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.user = http,
		.foreign_loops = http->loops,
		.pcontext = &http->context,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_DISABLE_IPV6 |
	                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
	                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
	                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.fd_limit_per_thread = config->connections + 16,
		.max_http_header_data = HEAD_BYTES,
		.timeout_secs = config->head_s,
		.keepalive_timeout = (int)config->idle_s,
	};
	if (strchr(config->host, ':'))
		info.options &= ~(uint64_t)LWS_SERVER_OPTION_DISABLE_IPV6;
	http_pipe_before(&http->pipe);
	http->context = lws_create_context(&info);
	http_pipe_after(&http->pipe);
	http->host = http->context ? lws_create_vhost(http->context, &info) : NULL;
	return http->host && lws_get_vhost_listen_port(http->host) > 0;
}

static void nothing(void *self)
{
	(void)self;
}

struct ec_http *ec_http_open(struct ec_daemon *daemon, const struct ec_http_config *config,
                             char *why, size_t why_size)
{
	struct ec_http *http = calloc(1, sizeof *http);
	if (!http)
		abort();
	http->daemon = daemon;
	http->config = *config;
	http->config.connections = config->connections ? config->connections : CONNECTIONS;
	http->config.head_s = config->head_s ? config->head_s : HEAD_S;
	http->config.body_s = config->body_s ? config->body_s : BODY_S;
	http->config.idle_s = config->idle_s ? config->idle_s : IDLE_S;
	http->loops[0] = ec_daemon_loop(daemon);
	http->writing = config->writer ? http_writing_new(config->writer) : NULL;
	http->desk = ec_desk_open(daemon);
	if (!http->desk)
		abort();
	uv_timer_init(ec_daemon_loop(daemon), &http->stop_timer);
	uv_check_init(ec_daemon_loop(daemon), &http->turn_end);
	http->stop_timer.data = http->turn_end.data = http;
	lws_set_log_level(0, NULL);
	if (!listen_on(http)) {
		snprintf(why, why_size,
		         "cannot serve HTTP on %s port %u; is another program "
		         "listening there, is the address this machine's, and is the "
		         "package libwebsockets-evlib-uv installed?",
		         config->host, config->port);
		ec_http_stop(http, nothing, NULL);
		return NULL;
	}
	return http;
}

static void turn_end_closed(uv_handle_t *handle)
{
	struct ec_http *http = handle->data;
	http->stopped(http->stopped_self);
	free(http->writing);
	free(http);
}

static void timer_closed(uv_handle_t *handle)
{
	struct ec_http *http = handle->data;
	uv_close((uv_handle_t *)&http->turn_end, turn_end_closed);
}

static void desk_stopped(void *self)
{
	struct ec_http *http = self;
	uv_close((uv_handle_t *)&http->stop_timer, timer_closed);
}

/* On a loop that is not its own the library wants to be told again when what it closed is gone: a
 * turn of the loop for connections, one for the rest, one to spare.  It clears our pointer then. */
static void stop_poll(uv_timer_t *timer)
{
	struct ec_http *http = timer->data;
	if (++http->stop_turns < STOP_TURNS)
		return;
	if (http->context)
		lws_context_destroy(http->context);
	assert(!http->context);
	http_pipe_release(&http->pipe);
	uv_timer_stop(timer);
	ec_desk_stop(http->desk, desk_stopped, http);
}

void ec_http_stop(struct ec_http *http, void (*done)(void *self), void *self)
{
	http->stopping = true;
	http->stopped = done;
	http->stopped_self = self;
	if (http->context)
		lws_context_destroy(http->context);
	http_pipe_hold(&http->pipe);
	for (struct ec_http_request *request = http->first, *next; request; request = next) {
		next = request->next;
		if (request->submitted)
			ec_daemon_forget(http->daemon, request);
		request->submitted = false;
		if (!request->connection)
			ec_http_drop(request);
	}
	uv_timer_start(&http->stop_timer, stop_poll, STOP_POLL_MS, STOP_POLL_MS);
}

uint16_t ec_http_port(const struct ec_http *http)
{
	return (uint16_t)lws_get_vhost_listen_port(http->host);
}
