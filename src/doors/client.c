/* client.c - the C client of the binary door: two buffers, one socket, poll(). */
#include "doors/client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_ROOM = 64 << 10, HOST_MAX = 256 };

/* Bytes waiting: those from `begin` to `end` of `capacity`. */
struct queue {
	uint8_t *at;
	size_t begin, end, capacity;
};

struct ec_client {
	int fd;
	uint64_t token; /* of the last call */
	struct queue in, out;
	struct ec_door_answer welcome;
	uint8_t welcome_frame[512]; /* what its texts point into */
	bool is_lost;
	char lost[320];
};

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Makes room for `size` more bytes.  Returns: false when there is no memory. */
static bool queue_reserve(struct queue *queue, size_t size)
{
	if (queue->begin > 0) {
		memmove(queue->at, queue->at + queue->begin, queue->end - queue->begin);
		queue->end -= queue->begin;
		queue->begin = 0;
	}
	if (queue->end + size <= queue->capacity)
		return true;
	size_t capacity = queue->capacity ? queue->capacity : 4096;
	while (capacity < queue->end + size)
		capacity *= 2;
	uint8_t *at = realloc(queue->at, capacity);
	if (!at)
		return false;
	queue->at = at;
	queue->capacity = capacity;
	return true;
}

__attribute__((format(printf, 2, 3))) static void lose(struct ec_client *client, const char *format,
                                                       ...)
{
	if (client->is_lost)
		return;
	client->is_lost = true;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(client->lost, sizeof client->lost, format, arguments);
	va_end(arguments);
	for (char *at = client->lost; *at; at++)
		if (*at < 0x20 || *at > 0x7e) /* a gateway's words, which may reach a terminal */
			*at = '?';
}

static void send_some(struct ec_client *client)
{
	struct queue *out = &client->out;
	while (!client->is_lost && out->begin < out->end) {
		ssize_t sent = send(client->fd, out->at + out->begin, out->end - out->begin,
		                    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (sent < 0) {
			lose(client, "the gateway cannot be written to: %s", strerror(errno));
			return;
		}
		out->begin += (size_t)sent;
	}
	if (out->begin == out->end)
		out->begin = out->end = 0;
}

/* Reads until the socket is empty, or a good deal has come. */
static void receive_some(struct ec_client *client)
{
	struct queue *in = &client->in;
	for (int rounds = 0; rounds < 16 && !client->is_lost; rounds++) {
		if (!queue_reserve(in, READ_ROOM)) {
			lose(client, "no memory for the gateway's answers");
			return;
		}
		size_t room = in->capacity - in->end;
		ssize_t got = recv(client->fd, in->at + in->end, room, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (got <= 0) {
			lose(client, "the gateway closed the connection%s%s", got < 0 ? ": " : "",
			     got < 0 ? strerror(errno) : "");
			return;
		}
		in->end += (size_t)got;
		if ((size_t)got < room)
			return;
	}
}

bool ec_client_turn(struct ec_client *client)
{
	/* What came before the end is kept: answers in it may still be taken. */
	send_some(client);
	receive_some(client);
	return !client->is_lost;
}

bool ec_client_next(struct ec_client *client, struct ec_door_answer *answer)
{
	struct queue *in = &client->in;
	size_t waiting = in->end - in->begin;
	if (waiting < EC_DOOR_FRAME_HEAD)
		return false;
	struct ec_reader head = ec_reader_over(in->at + in->begin, EC_DOOR_FRAME_HEAD);
	size_t size = ec_read_u32(&head);
	if (size > EC_DOOR_ANSWER_MAX) {
		in->begin = in->end;
		lose(client, "the gateway sent a frame of %zu bytes; at most %d are allowed", size,
		     EC_DOOR_ANSWER_MAX);
		return false;
	}
	if (waiting - EC_DOOR_FRAME_HEAD < size)
		return false;
	const uint8_t *frame = in->at + in->begin + EC_DOOR_FRAME_HEAD;
	in->begin += EC_DOOR_FRAME_HEAD + size;
	if (!ec_door_answer_read(frame, size, answer)) {
		in->begin = in->end;
		lose(client,
		     "the gateway sent %zu bytes that are no answer; is this the port of a "
		     "binary door?",
		     size);
		return false;
	}
	if (answer->kind == EC_DOOR_BYE)
		lose(client, "the gateway ended the connection: %s (%.*s)",
		     ec_reason_text(answer->reason), (int)answer->text.size,
		     (const char *)answer->text.data);
	return true;
}

bool ec_client_push(struct ec_client *client, const struct ec_door_request *request)
{
	if (client->is_lost)
		return false;
	size_t size = ec_door_request_write(request, NULL, 0);
	if (client->out.end - client->out.begin + size > EC_CLIENT_OUT_MAX)
		return false;
	if (!queue_reserve(&client->out, size)) {
		lose(client, "no memory for a request of %zu bytes", size);
		return false;
	}
	size_t wrote = ec_door_request_write(request, client->out.at + client->out.end, size);
	assert(wrote == size);
	client->out.end += wrote;
	return true;
}

bool ec_client_send(struct ec_client *client, const struct ec_door_request *request)
{
	if (!ec_client_push(client, request))
		return false;
	send_some(client);
	return !client->is_lost;
}

bool ec_client_wait(struct ec_client *client, uint32_t timeout_ms, struct ec_door_answer *answer)
{
	uint64_t until = now_ms() + timeout_ms;
	for (;;) {
		if (ec_client_next(client, answer))
			return true;
		if (client->is_lost)
			return false;
		uint64_t now = now_ms();
		struct pollfd ready = {.fd = client->fd, .events = ec_client_events(client)};
		int count = poll(&ready, 1, now < until ? (int)(until - now) : 0);
		if (count < 0 && errno != EINTR) {
			lose(client, "poll: %s", strerror(errno));
			return false;
		}
		if (count > 0)
			ec_client_turn(client);
		else if (count == 0 && now >= until)
			return false;
	}
}

bool ec_client_call(struct ec_client *client, const struct ec_door_request *request,
                    uint32_t timeout_ms, struct ec_door_answer *answer)
{
	uint64_t until = now_ms() + timeout_ms;
	struct ec_door_request mine = *request;
	mine.token = ++client->token;
	if (!ec_client_send(client, &mine))
		return false;
	for (;;) {
		uint64_t now = now_ms();
		if (!ec_client_wait(client, now < until ? (uint32_t)(until - now) : 0, answer))
			return false;
		if (answer->kind == EC_DOOR_BYE)
			return false;
		if (answer->token == mine.token && answer->kind != EC_DOOR_ACCEPTED)
			return true;
	}
}

bool ec_client_submit(struct ec_client *client, struct ec_bytes envelope, const uint8_t salt[32],
                      uint32_t timeout_ms, struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_SUBMIT, .envelope = envelope};
	memcpy(request.salt, salt, sizeof request.salt);
	return ec_client_call(client, &request, timeout_ms, answer);
}

bool ec_client_receipt(struct ec_client *client, const ec_hash *id, uint32_t timeout_ms,
                       struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_RECEIPT, .id = *id};
	return ec_client_call(client, &request, timeout_ms, answer);
}

bool ec_client_beacon(struct ec_client *client, uint64_t block, uint32_t timeout_ms,
                      struct ec_door_answer *answer)
{
	struct ec_door_request request = {.kind = EC_DOOR_BEACON, .block = block};
	return ec_client_call(client, &request, timeout_ms, answer);
}

bool ec_client_promised(const struct ec_door_answer *answer, const uint8_t key[static EC_KEY_SIZE])
{
	uint8_t promise[EC_DOOR_PROMISE_SIZE];
	if (answer->kind != EC_DOOR_ACCEPTED)
		return false;
	ec_door_promise(&answer->id, answer->deadline_ns, promise);
	return ec_verify(key, promise, sizeof promise, answer->signature);
}

const struct ec_door_answer *ec_client_welcome(const struct ec_client *client)
{
	return &client->welcome;
}

int ec_client_fd(const struct ec_client *client)
{
	return client->fd;
}

short ec_client_events(const struct ec_client *client)
{
	return client->out.begin < client->out.end ? POLLIN | POLLOUT : POLLIN;
}

const char *ec_client_lost(const struct ec_client *client)
{
	return client->is_lost ? client->lost : NULL;
}

/* Takes "HOST:PORT", "HOST" or "[IPv6]:PORT" apart.  Returns: false when it is none of them. */
static bool address_split(const char *address, char host[static HOST_MAX], char port[static 8])
{
	const char *colon = strrchr(address, ':'), *bracket = strrchr(address, ']');
	if (colon && bracket && colon < bracket)
		colon = NULL;
	size_t host_size = colon ? (size_t)(colon - address) : strlen(address);
	const char *begin = address;
	if (bracket && address[0] == '[') {
		begin++;
		host_size = (size_t)(bracket - begin);
	}
	if (host_size == 0 || host_size >= HOST_MAX || (colon && strlen(colon + 1) >= 8))
		return false;
	memcpy(host, begin, host_size);
	host[host_size] = 0;
	snprintf(port, 8, "%d", EC_DOOR_PORT);
	if (colon)
		snprintf(port, 8, "%s", colon + 1);
	char *end;
	unsigned long number = strtoul(port, &end, 10);
	return *end == 0 && number >= 1 && number <= 65535;
}

/* Connects one socket within the time that is left.  Returns: -1 with errno set. */
static int connect_one(const struct addrinfo *to, uint64_t until)
{
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	int error = 0, one = 1;
	if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
		error = errno;
		uint64_t now = now_ms();
		struct pollfd ready = {.fd = fd, .events = POLLOUT};
		socklen_t size = sizeof error;
		if (error == EINPROGRESS &&
		    poll(&ready, 1, now < until ? (int)(until - now) : 0) == 1)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		else if (error == EINPROGRESS)
			error = ETIMEDOUT;
	}
	if (error) {
		close(fd);
		errno = error;
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static int connect_any(const char *address, uint64_t until, char *why, size_t why_size)
{
	char host[HOST_MAX], port[8];
	if (!address_split(address, host, port)) {
		snprintf(why, why_size, "'%s' is no address; write HOST:PORT, as in 127.0.0.1:%d",
		         address, EC_DOOR_PORT);
		return -1;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	int code = getaddrinfo(host, port, &hints, &found);
	if (code != 0) {
		snprintf(why, why_size, "the host of '%s' is not known: %s", address,
		         gai_strerror(code));
		return -1;
	}
	int fd = -1;
	for (const struct addrinfo *to = found; to && fd < 0; to = to->ai_next)
		fd = connect_one(to, until);
	if (fd < 0)
		snprintf(why, why_size,
		         "cannot connect to %s: %s; is the node running, and is "
		         "this the port of its binary door?",
		         address, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

/* Keeps the gateway's WELCOME, with its texts. */
static bool welcome_keep(struct ec_client *client, const struct ec_door_answer *answer)
{
	uint8_t *frame = client->welcome_frame;
	size_t size = ec_door_answer_write(answer, frame, sizeof client->welcome_frame);
	return size <= sizeof client->welcome_frame &&
	       ec_door_answer_read(frame + EC_DOOR_FRAME_HEAD, size - EC_DOOR_FRAME_HEAD,
	                           &client->welcome);
}

/* Returns: whether the gateway answered with WELCOME. */
static bool greet(struct ec_client *client, uint64_t until)
{
	struct ec_door_request hello = {.kind = EC_DOOR_HELLO, .version = EC_DOOR_VERSION};
	struct ec_door_answer answer;
	uint64_t now = now_ms();
	if (!ec_client_send(client, &hello))
		return false;
	if (!ec_client_wait(client, now < until ? (uint32_t)(until - now) : 0, &answer)) {
		lose(client, "no answer to the greeting in time");
		return false;
	}
	if (answer.kind != EC_DOOR_WELCOME || !welcome_keep(client, &answer)) {
		lose(client, "the greeting was answered with %s", ec_door_kind_name(answer.kind));
		return false;
	}
	return true;
}

struct ec_client *ec_client_open(const char *address, uint32_t timeout_ms, char *why,
                                 size_t why_size)
{
	uint64_t until = now_ms() + timeout_ms;
	int fd = connect_any(address, until, why, why_size);
	if (fd < 0)
		return NULL;
	struct ec_client *client = calloc(1, sizeof *client);
	if (!client) {
		close(fd);
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	client->fd = fd;
	if (!greet(client, until)) {
		snprintf(why, why_size, "%s: %s", address, ec_client_lost(client));
		ec_client_close(client);
		return NULL;
	}
	return client;
}

void ec_client_close(struct ec_client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client->in.at);
	free(client->out.at);
	free(client);
}
