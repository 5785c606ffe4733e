/* http_abuse_test.c - what the HTTP door does to those who mean it ill, are slow, or leave. */
#include "doors/http_house.h"

#include <poll.h>

/* What the answer to the i-th of the pipelined requests must hold. */
static void pipelined_make(int i, char *request, size_t size, char *expected, size_t expected_size)
{
	char body[16];
	snprintf(body, sizeof body, "e %03d", i);
	ec_hash id = ec_sha256(body, 5);
	struct ec_text text = ec_text_over(expected, expected_size);
	switch (i % 4) {
	case 0:
		snprintf(request, size, "GET /v1/state/a/%03d HTTP/1.1\r\nHost: x\r\n\r\n", i);
		snprintf(expected, expected_size, "\"text\":\"a/%03d\"", i);
		break;
	case 1: /* answered when it is in a block */
	case 2: /* answered at once */
		snprintf(request, size,
		         "POST /v1/envelopes%s HTTP/1.1\r\nHost: x\r\n" COSE SALT
		         "Content-Length: 5\r\n\r\n%s",
		         i % 4 == 1 ? "?wait=1" : "", body);
		ec_text_add_hex(&text, id.b, sizeof id.b);
		break;
	default:
		snprintf(request, size,
		         "POST /v1/envelopes?wait=1 HTTP/1.1\r\nHost: x\r\n" COSE SALT
		         "Content-Length: 7\r\n\r\nbad %03d",
		         i);
		snprintf(expected, expected_size, "urn:edgecord:problem:");
	}
}

/* Sends all from the `first` on, cut anywhere.  Returns: how many were answered as they must be;
 * then the connection ended with a request to send the next one again. */
static int pipelined(struct wire *wire, struct ec_prng *prng, int first, int count)
{
	static char text[400 * 40], expected[40][80];
	size_t size = 0;
	int answers = 0;
	for (int i = first; i < count; i++) {
		pipelined_make(i, text + size, 400, expected[i], sizeof expected[i]);
		size += strlen(text + size);
	}
	for (size_t at = 0, part; at < size; at += part) {
		part = first == 0 ? size : 1 + ec_prng_below(prng, 1500);
		part = part < size - at ? part : size - at;
		if (send(wire->fd, text + at, part, MSG_NOSIGNAL) != (ssize_t)part)
			break;
		if (first % 3 == 1)
			usleep(500);
	}
	for (int i = first; i < count && heard(wire); i++) {
		if (wire->status == 503) {
			is_problem(wire, "busy");
			assert_non_null(strcasestr(wire->head, "connection: close"));
			assert_false(heard(wire));
			return answers;
		}
		if (!strstr(wire->body, expected[i]))
			fail_msg("answer %d: %u %s", i, wire->status, wire->body);
		answers++;
	}
	assert_int_equal(first + answers, count);
	return answers;
}

/* Requests with and without bodies behind one another: each is answered, in order, or told to be
 * sent again; and each connection gets on. */
static void pipelined_requests_are_never_mixed_up(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct ec_prng prng;
	ec_prng_seed(&prng, 5);
	for (int round = 0; round < 10; round++) {
		for (int done = 0, more; done < 40; done += more) {
			struct wire *wire = wire_open(house);
			more = pipelined(wire, &prng, done, 40);
			assert_true(more > 0);
			close(wire->fd);
		}
	}
	house_close(house);
}

/* Pieces of requests in any order, on many connections: the door always serves the next one. */
static void no_mixture_of_requests_stops_the_door(void **state)
{
	(void)state;
	static const char *const piece[] = {
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/state/a/001?at=latest HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n0\r\n\r\n",
		"POST /v1/envelopes?wait=1 HTTP/1.1\r\n" COSE SALT "Content-Length: 5\r\n\r\n",
		"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 3\r\n\r\nbad",
		"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 4\r\n\r\nhold",
		"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 0\r\n\r\n",
		"POST /v1/envelopes HTTP/1.1\r\n" COSE "Content-Length: 9\r\n\r\n",
		"POST /nowhere HTTP/1.1\r\nContent-Length: 70\r\n\r\n",
		"POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Transfer-Encoding: chunked\r\n\r\n",
		"DELETE /v1/status HTTP/1.1\r\nContent-Length: 10\r\n\r\n",
		"hello",
		"\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	};
	enum { PIECES = sizeof piece / sizeof *piece, ROUNDS = 300 };
	struct house *house = house_usual();
	struct ec_prng prng;
	ec_prng_seed(&prng, 3);
	for (int round = 0; round < ROUNDS; round++) {
		struct wire *wire = wire_open(house);
		char text[6000] = "";
		for (uint64_t left = 1 + ec_prng_below(&prng, 8); left; left--)
			strcat(text, piece[ec_prng_below(&prng, PIECES)]);
		send(wire->fd, text, strlen(text), MSG_NOSIGNAL);
		if (ec_prng_chance(&prng, 1, 2))
			usleep(2000);
		close(wire->fd);
		wire = wire_open(house);
		get(wire, "/healthz", 200);
		close(wire->fd);
	}
	house_close(house);
}

/* Libwebsockets would speak WebSocket, HTTP/2 or nothing at all for as long as the other likes. */
static void no_other_protocol_is_spoken(void **state)
{
	(void)state;
	static const char *const wish[] = {
		"GET /v1/status HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n"
		"Connection: Upgrade, HTTP2-Settings\r\n"
		"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
		"GET /v1/status HTTP/1.1\r\nHost: x\r\n"
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		"CONNECT /v1/status HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	struct house *house = house_usual();
	for (size_t i = 0; i < sizeof wish / sizeof *wish; i++) {
		struct wire *wire = wire_open(house);
		struct pollfd one = {.events = POLLIN};
		char text[200];
		say(wire, wish[i]);
		one.fd = wire->fd;
		assert_int_equal(poll(&one, 1, 10000), 1);
		assert_true(recv(wire->fd, text, sizeof text, 0) <= 0);
		close(wire->fd);
	}
	house_close(house);
}

static void one_who_leaves_early_takes_nothing_along(void **state)
{
	(void)state;
	struct house *house = house_usual();
	for (int i = 0; i < 20; i++) {
		struct wire *wire = wire_open(house);
		const char *body = i % 2 ? "hold" : "late";
		char text[400];
		snprintf(text, sizeof text,
		         "POST /v1/envelopes?wait=1 HTTP/1.1\r\n" COSE SALT
		         "Content-Length: %d\r\n\r\n%s",
		         i % 3 ? 4 : 5, body);
		say(wire, text);
		if (i % 4 == 0)
			usleep(3000);
		close(wire->fd);
		wire = wire_open(house);
		say(wire, "GET /v1/state/a/001?at=latest HTTP/1.1\r\nHost: x\r\n\r\n");
		close(wire->fd);
	}
	struct wire *wire = wire_open(house);
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "after them", 200);
	close(wire->fd);
	house_close(house);
}

/* R1: heads and bodies that come in drops; garbage. */
static void the_slow_and_the_wild_are_cut(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	say(wire, "GET / HTTP/1.1\r\nX: ");
	assert_false(heard(wire));
	close(wire->fd);
	wire = wire_open(house);
	say(wire, "POST /v1/envelopes HTTP/1.1\r\n" COSE SALT "Content-Length: 1000\r\n\r\nx");
	assert_false(heard(wire));
	close(wire->fd);
	wire = wire_open(house);
	say(wire, "\x16\x03\x01\x02\x01\x01 this is no HTTP\r\n\r\n");
	heard(wire);
	close(wire->fd);
	wire = wire_open(house);
	get(wire, "/healthz", 200);
	close(wire->fd);
	house_close(house);
}

/* A crowd larger than the door's places: some say nothing, some drip a byte now and then, some rest
 * behind an answer.  Whoever asks is served once their time is up. */
static void a_crowd_keeps_nobody_out_for_long(void **state)
{
	(void)state;
	enum { CROWD = 90 };
	struct house *house = house_usual();
	int crowd[CROWD];
	for (int i = 0; i < CROWD; i++) {
		struct wire *wire = wire_open(house);
		crowd[i] = wire->fd;
		if (i % 3 == 1)
			say(wire, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ");
		if (i % 3 == 2)
			say(wire, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	for (int drip = 0; drip < 15; drip++) {
		for (int i = 1; i < CROWD; i += 3)
			send(crowd[i], "x", 1, MSG_NOSIGNAL);
		usleep(200000);
	}
	struct wire *wire = wire_open(house);
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "after the crowd", 200);
	close(wire->fd);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	house_close(house);
}

/* What somebody opens while the door closes stays open. */
static void the_end_of_the_door_closes_nothing_of_others(void **state)
{
	(void)state;
	enum { OTHERS = 16 };
	int other[OTHERS];
	struct house *house = house_open();
	house_leave(&house->leave);
	for (int i = 0; i < OTHERS; i++)
		other[i] = dup(STDERR_FILENO);
	house_live(house);
	for (int i = 0; i < OTHERS; i++)
		assert_int_equal(close(other[i]), 0);
	assert_int_equal(uv_loop_close(&house->loop), 0);
	fake_daemon_free(house->daemon);
	free(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_are_never_mixed_up),
		cmocka_unit_test(no_mixture_of_requests_stops_the_door),
		cmocka_unit_test(no_other_protocol_is_spoken),
		cmocka_unit_test(one_who_leaves_early_takes_nothing_along),
		cmocka_unit_test(the_slow_and_the_wild_are_cut),
		cmocka_unit_test(a_crowd_keeps_nobody_out_for_long),
		cmocka_unit_test(the_end_of_the_door_closes_nothing_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
