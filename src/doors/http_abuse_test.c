/* http_abuse_test.c - what the HTTP door does to those who mean it ill, are slow, or leave. */
#include "doors/http_house.h"

/* Envelopes behind one another without waiting: those that are answered are answered in order, and
 * the connection ends rather than mixing them up. */
static void pipelined_envelopes_are_never_mixed_up(void **state)
{
	(void)state;
	enum { COUNT = 20 };
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	static char text[400 * COUNT];
	text[0] = 0;
	for (int i = 0; i < COUNT; i++)
		snprintf(text + strlen(text), 400,
		         "POST /v1/envelopes?wait=1 HTTP/1.1\r\n" COSE SALT
		         "Content-Length: 5\r\n\r\ne %03d",
		         i);
	say(wire, text);
	int answers = 0;
	while (heard(wire)) {
		char body[16], hex[80];
		snprintf(body, sizeof body, "e %03d", answers);
		ec_hash id = ec_sha256(body, 5);
		struct ec_text expected = ec_text_over(hex, sizeof hex);
		ec_text_add_hex(&expected, id.b, sizeof id.b);
		if (wire->status == 200 && !strstr(wire->body, hex))
			fail();
		answers++;
	}
	assert_true(answers >= 1);
	close(wire->fd);
	wire = wire_open(house);
	get(wire, "/healthz", 200);
	close(wire->fd);
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

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_envelopes_are_never_mixed_up),
		cmocka_unit_test(no_mixture_of_requests_stops_the_door),
		cmocka_unit_test(one_who_leaves_early_takes_nothing_along),
		cmocka_unit_test(the_slow_and_the_wild_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
