/* http_beacon_test.c - the HTTP door: beacons of blocks. */
#include "doors/http_house.h"

static void a_beacon_is_shown_with_its_proof(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	for (int when = FAKE_AT_ONCE; when <= FAKE_LATER; when++) {
		static const char *const path[] = {"/v1/beacon", "/v1/beacon?block=1"};
		house->daemon->beacon_when = when;
		for (int i = 0; i < 2; i++) {
			get(wire, path[i], 200);
			json_t *json = json_of(wire);
			assert_int_equal(json_integer_value(json_object_get(json, "block")), 1);
			assert_string_equal(json_string_value(json_object_get(json, "value")),
			                    "44010000000000000000000000000000"
			                    "00000000000000000000000000000000");
			assert_string_equal(json_string_value(json_object_get(json, "proof")),
			                    "70726f6f66");
			json_decref(json);
		}
	}
	close(wire->fd);
	house_close(house);
}

static void each_refusal_is_a_problem(void **state)
{
	(void)state;
	static const struct {
		const char *path, *name, *detail;
		enum ec_beacon_end end;
		unsigned status;
	} of[] = {
		{"/v1/beacon?block=900", "behind", "the newest that is certified is block 1", 0,
	         503},
		{"/v1/beacon?block=0", "malformed", "block is the number of a block, from 1", 0,
	         400},
		{"/v1/beacon?block=x", "malformed", "block is the number of a block, from 1", 0,
	         400},
		{"/v1/beacon?block=-1", "malformed", "block is the number of a block, from 1", 0,
	         400},
		{"/v1/beacon?block=99999999999999999999", "malformed", "block is", 0, 400},
		{"/v1/beacon?block=", "malformed", "block is the number of a block, from 1", 0,
	         400},
		{"/v1/beacon/1", "not-found", "no such resource", 0, 404},
		{"/v1/beacon", "not-found", "share no keys", EC_BEACON_NO_KEYS, 404},
		{"/v1/beacon", "pruned", "its keys with it", EC_BEACON_ERA_OVER, 410},
		{"/v1/beacon", "not-ready", "too few members", EC_BEACON_LATE, 503},
		{"/v1/beacon", "busy", "too many beacons", EC_BEACON_BUSY, 503},
	};
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		house->daemon->beacon_end = of[i].end;
		get(wire, of[i].path, of[i].status);
		is_problem(wire, of[i].name);
		if (!strstr(wire->body, of[i].detail))
			fail_msg("%s: %s", of[i].path, wire->body);
	}
	post(wire, "/v1/beacon", "", "", 405);
	assert_non_null(strcasestr(wire->head, "allow: GET, HEAD"));
	close(wire->fd);
	house_close(house);
}

/* Asks on a connection of its own, which it leaves once the daemon has heard of it. */
static void ask_and_leave(const struct house *house, uint32_t before)
{
	struct wire *wire = wire_open(house);
	say(wire, "GET /v1/beacon?block=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 5000 && house->daemon->beacons <= before; i++)
		usleep(1000);
	assert_int_equal(house->daemon->beacons, before + 1);
	close(wire->fd);
}

/* Answers come for those who left, and the door closes on others who wait. */
static void those_who_leave_do_no_harm(void **state)
{
	(void)state;
	enum { MANY = 20 };
	struct house *house = house_usual();
	for (int round = 0; round < 2; round++) {
		house->daemon->beacon_when = FAKE_NEVER;
		for (uint32_t i = 0; i < MANY; i++)
			ask_and_leave(house, i);
		house->daemon->beacon_when = FAKE_LATER;
		struct wire *wire = wire_open(house);
		get(wire, "/v1/beacon", 200);
		close(wire->fd);
		assert_int_equal(house->daemon->beacons, 0);
	}
	house->daemon->beacon_when = FAKE_NEVER;
	struct wire *wire = wire_open(house);
	say(wire, "GET /v1/beacon?block=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 5000 && !house->daemon->beacons; i++)
		usleep(1000);
	house_close(house);
	assert_false(heard(wire));
	close(wire->fd);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_beacon_is_shown_with_its_proof),
		cmocka_unit_test(each_refusal_is_a_problem),
		cmocka_unit_test(those_who_leave_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
