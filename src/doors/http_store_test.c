/* http_store_test.c - the HTTP door: keys of the store, ranges, and watches that wait. */
#include "doors/http_house.h"

static void put(struct wire *wire, int count)
{
	static int number;
	for (int i = 0; i < count; i++) {
		char envelope[32];
		snprintf(envelope, sizeof envelope, "put %d", number++);
		post(wire, "/v1/envelopes?wait=1", COSE SALT, envelope, 200);
		assert_non_null(strstr(wire->body, "\"detail\":\"07\""));
	}
}

static json_int_t number_of(const json_t *json, const char *key)
{
	assert_true(json_is_integer(json_object_get(json, key)));
	return json_integer_value(json_object_get(json, key));
}

static void a_key_and_where_it_stands(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	put(wire, 3);
	static const char *const paths[] = {"/v1/store/keys/k/002", "/v1/store/keys/0x6b2f303032",
	                                    "/v1/store/keys/k/002?at=local",
	                                    "/v1/store/keys/k/002?at=certified&min_seq=2"};
	for (size_t i = 0; i < 4; i++) {
		get(wire, paths[i], 200);
		json_t *json = json_of(wire);
		assert_int_equal(number_of(json, "revision"), 3);
		assert_int_equal(number_of(json, "mod"), 2);
		assert_string_equal(json_string_value(json_object_get(json, "key")), "k/002");
		assert_string_equal(json_string_value(json_object_get(json, "value")), "value 002");
		json_decref(json);
	}
	get(wire, "/v1/store/keys/k/004", 404);
	is_problem(wire, "not-found");
	assert_non_null(strstr(wire->body, "there is no such key at revision 3"));
	close(wire->fd);
	house_close(house);
}

static void a_range_page_by_page(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	char path[80] = "/v1/store/keys/?prefix=1&limit=2";
	size_t seen = 0;
	put(wire, 5);
	for (bool more = true; more;) {
		get(wire, path, 200);
		json_t *json = json_of(wire);
		seen += json_array_size(json_object_get(json, "items"));
		more = json_is_true(json_object_get(json, "more"));
		if (more)
			snprintf(path, sizeof path, "/v1/store/keys/?prefix=1&limit=2&after=%s",
			         json_string_value(json_object_get(json, "next")));
		json_decref(json);
	}
	assert_int_equal(seen, 5);
	close(wire->fd);
	house_close(house);
}

/* It is asked for before there is anything, and answered by what comes. */
static void a_watch_waits_and_goes_on(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire watcher = *wire_open(house), *writer = wire_open(house);
	char path[160] = "/v1/store/watch/?revision=1";
	json_int_t revision = 0, index = 0;
	for (int round = 0; revision < 6; round++) {
		char text[256];
		snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
		say(&watcher, text);
		put(writer, round < 6 ? 1 : 0);
		assert_true(heard(&watcher));
		assert_int_equal(watcher.status, 200);
		json_t *json = json_of(&watcher), *change;
		size_t i;
		json_array_foreach(json_object_get(json, "changes"), i, change)
		{
			bool second = revision && revision % 2 == 0 && index == 0;
			assert_int_equal(number_of(change, "revision"), revision + !second);
			assert_int_equal(number_of(change, "index"), second);
			revision = number_of(change, "revision");
			index = second;
		}
		snprintf(path, sizeof path, "/v1/store/watch/?revision=%lld&index=%lld",
		         number_of(json, "next_revision"), number_of(json, "next_index"));
		json_decref(json);
	}
	close(watcher.fd);
	close(writer->fd);
	house_close(house);
}

/* Who leaves while he waits is forgotten. */
static void a_watcher_leaves(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire watcher = *wire_open(house), *other = wire_open(house);
	say(&watcher, "GET /v1/store/watch/ HTTP/1.1\r\nHost: x\r\n\r\n");
	close(watcher.fd);
	put(other, 2);
	get(other, "/v1/store/watch/oth?revision=1", 200);
	assert_non_null(strstr(other->body, "\"key\":\"other\""));
	assert_null(strstr(other->body, "\"key\":\"k/"));
	close(other->fd);
	house_close(house);
}

static void what_is_asked_wrongly(void **state)
{
	(void)state;
	static const struct {
		const char *path, *name, *detail;
		unsigned status;
	} wrong[] = {
		{"/v1/store/watch/?revision=2", "pruned", "kept from revision 3 on", 410},
		{"/v1/store/watch/?index=2", "malformed", "next_index", 400},
		{"/v1/store/watch/?revision=x", "malformed", "next_revision", 400},
		{"/v1/store/watch/?limit=0", "malformed", "limit is 1 to 4096", 400},
		{"/v1/store/watch/?at=latest", "malformed", "which takes limit, revision, index",
	         400},
		{"/v1/store/keys/", "malformed", "1 to 80 bytes", 400},
		{"/v1/store/keys/a?limit=5", "malformed", "go with prefix=1 only", 400},
		{"/v1/store/keys/a?prefix=1&limit=4097", "malformed", "limit is 1 to 4096", 400},
		{"/v1/store/else", "not-found", "the store has", 404},
	};
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	put(wire, 5);
	house->daemon->store_compacted = 2;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		get(wire, wrong[i].path, wrong[i].status);
		is_problem(wire, wrong[i].name);
		if (!strstr(wire->body, wrong[i].detail))
			fail_msg("%s: %s", wrong[i].path, wire->body);
	}
	post(wire, "/v1/store/keys/a", "", "", 405);
	is_problem(wire, "method");
	close(wire->fd);
	wire = wire_open(house);
	house->daemon->genesis.services = 0;
	get(wire, "/v1/store/keys/a", 404);
	assert_non_null(strstr(wire->body, "has no store"));
	close(wire->fd);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_and_where_it_stands), cmocka_unit_test(a_range_page_by_page),
		cmocka_unit_test(a_watch_waits_and_goes_on), cmocka_unit_test(a_watcher_leaves),
		cmocka_unit_test(what_is_asked_wrongly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
