/* bench_link.c - one connection of a load: the binary door's client, or HTTP/1.1 kept alive. */
#include "cli/bench.h"

#include "base/text.h"
#include "ledger/result.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, HTTP_ROOM = 256 << 10, TOKENS = 64 };

/* An HTTP connection: what waits to be sent, what came, whose answers are awaited. */
struct http {
	int fd;
	uint8_t out[HTTP_ROOM], in[HTTP_ROOM];
	size_t out_begin, out_end, in_begin, in_end;
	uint64_t token[TOKENS];
	uint32_t asked, answered;
	bool lost;
};

struct bench_link {
	struct ec_client *client; /* NULL: over HTTP */
	struct http *http;
};

static struct http *http_open(uint16_t port, char *why, size_t why_size)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		snprintf(why, why_size, "cannot connect to the HTTP door at port %u: %s", port,
		         strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct http *http = calloc(1, sizeof *http);
	if (!http)
		abort();
	http->fd = fd;
	return http;
}

struct bench_link *bench_link_open(const struct bench_options *options,
                                   const struct ec_network_node *node, char *why, size_t why_size)
{
	struct bench_link *link = calloc(1, sizeof *link);
	char address[32];
	if (!link)
		abort();
	snprintf(address, sizeof address, "127.0.0.1:%u", node->door_port);
	if (options->rest)
		link->http = http_open(node->http_port, why, why_size);
	else
		link->client = ec_client_open(address, CONNECT_MS, why, why_size);
	if (link->http || link->client)
		return link;
	free(link);
	return NULL;
}

void bench_link_close(struct bench_link *link)
{
	if (!link)
		return;
	ec_client_close(link->client);
	if (link->http)
		close(link->http->fd);
	free(link->http);
	free(link);
}

int bench_link_fd(const struct bench_link *link)
{
	return link->client ? ec_client_fd(link->client) : link->http->fd;
}

bool bench_link_wants_write(const struct bench_link *link)
{
	if (link->client)
		return ec_client_events(link->client) & POLLOUT;
	return link->http->out_begin < link->http->out_end;
}

static bool http_push(struct http *http, uint64_t token, struct ec_bytes envelope,
                      const uint8_t salt[static 32])
{
	char head[320], hex[65];
	struct ec_text digits = ec_text_over(hex, sizeof hex);
	ec_text_add_hex(&digits, salt, 32);
	int size = snprintf(head, sizeof head,
	                    "POST /v1/envelopes?wait=1 HTTP/1.1\r\nHost: localhost\r\n"
	                    "Content-Type: application/cose\r\nEdgecord-Salt: %s\r\n"
	                    "Content-Length: %zu\r\n\r\n",
	                    hex, envelope.size);
	if (http->out_begin == http->out_end)
		http->out_begin = http->out_end = 0;
	if (http->asked - http->answered == TOKENS ||
	    http->out_end + (size_t)size + envelope.size > HTTP_ROOM)
		return false;
	memcpy(http->out + http->out_end, head, (size_t)size);
	memcpy(http->out + http->out_end + size, envelope.data, envelope.size);
	http->out_end += (size_t)size + envelope.size;
	http->token[http->asked++ % TOKENS] = token;
	return true;
}

bool bench_link_push(struct bench_link *link, uint64_t token, struct ec_bytes envelope,
                     const uint8_t salt[static 32])
{
	if (link->http)
		return http_push(link->http, token, envelope, salt);
	struct ec_door_request request = {
		.kind = EC_DOOR_SUBMIT, .token = token, .envelope = envelope};
	memcpy(request.salt, salt, sizeof request.salt);
	return ec_client_push(link->client, &request);
}

static bool is_again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static bool http_turn(struct http *http)
{
	if (http->out_begin < http->out_end) {
		ssize_t sent = send(http->fd, http->out + http->out_begin,
		                    http->out_end - http->out_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && !is_again())
			http->lost = true;
		http->out_begin += sent > 0 ? (size_t)sent : 0;
	}
	memmove(http->in, http->in + http->in_begin, http->in_end - http->in_begin);
	http->in_end -= http->in_begin;
	http->in_begin = 0;
	ssize_t got =
		recv(http->fd, http->in + http->in_end, HTTP_ROOM - 1 - http->in_end, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && !is_again()))
		http->lost = true;
	http->in_end += got > 0 ? (size_t)got : 0;
	return !http->lost;
}

bool bench_link_turn(struct bench_link *link)
{
	return link->http ? http_turn(link->http) : ec_client_turn(link->client);
}

/* Takes one whole answer off what came. */
static bool http_next(struct http *http, uint64_t *token, bool *done, char *why, size_t why_size)
{
	char *text = (char *)http->in + http->in_begin;
	http->in[http->in_end] = 0;
	char *end = strstr(text, "\r\n\r\n");
	char *length = end ? strcasestr(text, "content-length:") : NULL;
	if (!length || length > end)
		return false;
	size_t body = strtoul(length + 15, NULL, 10), head = (size_t)(end - text) + 4;
	if (http->in_end - http->in_begin < head + body || http->asked == http->answered)
		return false;
	const char *result = memmem(text + head, body, "\"result\":\"done\"", 15);
	*token = http->token[http->answered++ % TOKENS];
	*done = strncmp(text + 9, "200", 3) == 0 && result;
	if (!*done)
		snprintf(why, why_size, "%.3s %.*s", text + 9, (int)(body < 200 ? body : 200),
		         text + head);
	http->in_begin += head + body;
	return true;
}

bool bench_link_next(struct bench_link *link, uint64_t *token, bool *done, char *why,
                     size_t why_size)
{
	struct ec_door_answer answer;
	if (link->http)
		return http_next(link->http, token, done, why, why_size);
	if (!ec_client_next(link->client, &answer) || answer.kind == EC_DOOR_BYE)
		return false;
	*token = answer.token;
	*done = answer.kind == EC_DOOR_DONE && answer.code == EC_RESULT_DONE;
	if (answer.kind == EC_DOOR_DONE && !*done)
		snprintf(why, why_size, "result %s", ec_result_name(answer.code));
	else if (!*done)
		snprintf(why, why_size, "%s: %.*s", ec_reason_name(answer.reason),
		         (int)answer.text.size, (const char *)answer.text.data);
	return true;
}
