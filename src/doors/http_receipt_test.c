/* http_receipt_test.c - the HTTP door: receipts that need not be certified. */
#include "doors/http_house.h"

/* The path of an envelope's receipt, with the arguments behind it. */
static const char *path_of(const ec_hash *id, const char *arguments)
{
	static char path[128];
	struct ec_text text = ec_text_over(path, sizeof path);
	ec_text_add(&text, "/v1/receipts/");
	ec_text_add_hex(&text, id->b, sizeof id->b);
	ec_text_add(&text, "%s", arguments);
	return path;
}

/* Until a certificate covers it, what members signed; afterwards the same as without. */
static void by_depth_what_some_signed_is_enough(void **state)
{
	(void)state;
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	const ec_hash id = ec_sha256("an envelope", 11);
	house->daemon->no_certificates = true;
	post(wire, "/v1/envelopes?wait=1", COSE SALT, "an envelope", 200);
	get(wire, path_of(&id, ""), 404);
	is_problem(wire, "not-yet");
	assert_non_null(strstr(wire->body, "depth=1"));
	get(wire, path_of(&id, "?depth=1"), 200);
	assert_non_null(strstr(wire->head, "application/cbor"));
	assert_int_equal(wire->body_size, 33);
	house->daemon->no_certificates = false;
	do {
		ask(wire, path_of(&id, ""));
		assert_true(wire->status == 200 || wire->status == 404);
	} while (wire->status == 404);
	get(wire, path_of(&id, "?depth=1"), 200);
	assert_int_equal(wire->body_size, 32);
	assert_memory_equal(wire->body, id.b, 32);
	close(wire->fd);
	house_close(house);
}

static void what_is_not_there_is_refused_as_without(void **state)
{
	(void)state;
	static const struct {
		const char *path, *name;
		unsigned status;
	} of[] = {
		{"/v1/receipts/" KEY "?depth=1", "not-found", 404},
		{"/v1/receipts/"
	         "ee00000000000000000000000000000000000000000000000000000000000000?depth=1",
	         "elsewhere", 503},
		{"/v1/receipts/12?depth=1", "malformed", 400},
		{"/v1/receipts/?depth=1", "malformed", 400},
		{"/v1/receipts/" KEY "?depth", "malformed", 400},
	};
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		get(wire, of[i].path, of[i].status);
		is_problem(wire, of[i].name);
	}
	house->daemon->genesis.flags = EC_GENESIS_ORDER_ONLY;
	get(wire, of[0].path, 404);
	is_problem(wire, "order-only");
	post(wire, of[0].path, "", "", 405);
	is_problem(wire, "method");
	close(wire->fd);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_depth_what_some_signed_is_enough),
		cmocka_unit_test(what_is_not_there_is_refused_as_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
