/* http_house.h - a fake daemon with an HTTP door, on a thread of its own: included by tests only.
 */
#ifndef EC_DOORS_HTTP_HOUSE_H
#define EC_DOORS_HTTP_HOUSE_H

#include "base/prng.h"
#include "doors/http.h"
#include "doors/fake_daemon.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#define SALT "Edgecord-Salt: 0102030405060708091011121314151617181920212223242526272829303132\r\n"
#define KEY  "0102030405060708091011121314151617181920212223242526272829303132"
#define COSE "Content-Type: application/cose\r\n"

struct house {
	uv_loop_t loop;
	uv_async_t leave;
	uv_thread_t thread;
	struct ec_daemon *daemon;
	struct ec_http *http;
	struct ec_secret identity;
};

static void http_stopped(void *self)
{
	struct house *house = self;
	fake_daemon_close(house->daemon);
}

static void house_leave(uv_async_t *async)
{
	struct house *house = async->data;
	uv_close((uv_handle_t *)async, NULL);
	ec_http_stop(house->http, http_stopped, house);
}

static void house_live(void *self)
{
	struct house *house = self;
	uv_run(&house->loop, UV_RUN_DEFAULT);
}

/* With a door that signs, if there is a writer. */
static struct house *house_of(const struct ec_http_writer *writer)
{
	char why[256] = "";
	struct house *house = calloc(1, sizeof *house);
	uint8_t seed[EC_SEED_SIZE] = {6};
	uv_loop_init(&house->loop);
	uv_async_init(&house->loop, &house->leave, house_leave);
	house->leave.data = house;
	house->daemon = fake_daemon_new(&house->loop);
	ec_secret_from_seed(&house->identity, seed);
	struct ec_http_config config = {.host = "127.0.0.1",
	                                .identity = &house->identity,
	                                .writer = writer,
	                                .connections = 60,
	                                .head_s = 1,
	                                .body_s = 1,
	                                .idle_s = 2};
	house->http = ec_http_open(house->daemon, &config, why, sizeof why);
	if (!house->http)
		print_error("%s\n", why);
	assert_non_null(house->http);
	return house;
}

static struct house *house_open(void)
{
	return house_of(NULL);
}

static struct house *house_usual(void)
{
	struct house *house = house_open();
	uv_thread_create(&house->thread, house_live, house);
	return house;
}

static void house_close(struct house *house)
{
	uv_async_send(&house->leave);
	uv_thread_join(&house->thread);
	assert_int_equal(uv_loop_close(&house->loop), 0);
	fake_daemon_free(house->daemon);
	free(house);
}

/* One connection and what came on it that was not read yet. */
struct wire {
	int fd;
	char bytes[400000];
	size_t size;
	/* The last answer. */
	unsigned status;
	char head[2048];
	char body[300000];
	size_t body_size;
};

static struct wire *wire_open(const struct house *house)
{
	static struct wire wire;
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(ec_http_port(house->http)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 10};
	wire.size = 0;
	wire.fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(wire.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(wire.fd, (struct sockaddr *)&to, sizeof to), 0);
	return &wire;
}

static void say(struct wire *wire, const char *text)
{
	assert_int_equal(send(wire->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads one answer whole.  Returns: false when the connection ended before one came. */
static bool heard(struct wire *wire)
{
	for (;;) {
		wire->bytes[wire->size] = 0;
		char *end = strstr(wire->bytes, "\r\n\r\n");
		if (end) {
			size_t head = (size_t)(end - wire->bytes) + 4;
			assert_true(head < sizeof wire->head);
			memcpy(wire->head, wire->bytes, head);
			wire->head[head] = 0;
			char *length = strcasestr(wire->head, "content-length:");
			assert_non_null(length);
			wire->body_size = strtoul(length + 15, NULL, 10);
			if (wire->size >= head + wire->body_size) {
				memcpy(wire->body, wire->bytes + head, wire->body_size);
				wire->body[wire->body_size] = 0;
				wire->size -= head + wire->body_size;
				memmove(wire->bytes, wire->bytes + head + wire->body_size,
				        wire->size);
				wire->status = (unsigned)atoi(wire->head + 9);
				return true;
			}
		}
		ssize_t got = recv(wire->fd, wire->bytes + wire->size,
		                   sizeof wire->bytes - wire->size - 1, 0);
		if (got <= 0)
			return false;
		wire->size += (size_t)got;
	}
}

static void ask(struct wire *wire, const char *path)
{
	char text[600];
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	say(wire, text);
	assert_true(heard(wire));
}

static void get(struct wire *wire, const char *path, unsigned status)
{
	ask(wire, path);
	if (wire->status != status)
		print_error("%s: %u\n%s\n%s\n", path, wire->status, wire->head, wire->body);
	assert_int_equal(wire->status, status);
}

__attribute__((unused)) static void post(struct wire *wire, const char *path, const char *headers,
                                         const char *body, unsigned status)
{
	static char text[20000];
	snprintf(text, sizeof text,
	         "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", path, headers,
	         strlen(body), body);
	say(wire, text);
	assert_true(heard(wire));
	if (wire->status != status)
		print_error("%s: %u\n%s\n%s\n", path, wire->status, wire->head, wire->body);
	assert_int_equal(wire->status, status);
}

__attribute__((unused)) static json_t *json_of(const struct wire *wire)
{
	json_t *json = json_loadb(wire->body, wire->body_size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

__attribute__((unused)) static void is_problem(struct wire *wire, const char *name)
{
	char type[80];
	json_t *json = json_of(wire);
	assert_non_null(strstr(wire->head, "application/problem+json"));
	snprintf(type, sizeof type, "urn:edgecord:problem:%s", name);
	assert_string_equal(json_string_value(json_object_get(json, "type")), type);
	assert_int_equal(json_integer_value(json_object_get(json, "status")), wire->status);
	assert_true(json_string_length(json_object_get(json, "detail")) > 5);
	assert_true(json_string_length(json_object_get(json, "remedy")) > 5);
	json_decref(json);
}

#endif
