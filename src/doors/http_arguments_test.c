/* http_arguments_test.c - the HTTP door: arguments that do not apply. */
#include "doors/http_house.h"

/* What a resource does not take is refused with what it takes, never ignored. */
static void an_argument_that_does_not_apply_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *path, *detail;
	} wrong[] = {
		{"/v1/envelopes/" KEY "?at=latest",
	         "`at` is no argument of /v1/envelopes/, which takes none"},
		{"/v1/receipts/" KEY "?min_seq=3",
	         "`min_seq` is no argument of /v1/receipts/, which takes depth"},
		{"/v1/receipts/" KEY "?depth=2", "`depth` is 1, or left out"},
		{"/v1/receipts/" KEY "?depth=1&depth=1", "`depth` is given twice"},
		{"/v1/envelopes/" KEY "?depth=1",
	         "`depth` is no argument of /v1/envelopes/, which takes none"},
		{"/v1/proofs/a/001?depth=1",
	         "`depth` is no argument of /v1/proofs/, which takes none"},
		{"/v1/proofs/a/001?at=certified",
	         "`at` is no argument of /v1/proofs/, which takes none"},
		{"/v1/state/a/001?min-seq=3",
	         "`min-seq` is no argument of /v1/state/, which takes at, min_seq, prefix, limit, "
	         "after"},
		{"/v1/state/a/001?at", "at is local, certified or latest"},
		{"/v1/state/a/001?at=latest&at=local", "`at` is given twice"},
		{"/v1/state/a/001?after=a/000", "`after` goes with prefix=1 only"},
		{"/v1/state/a?prefix=yes", "`prefix` is 1, or left out"},
		{"/v1/trades?prefix=1",
	         "`prefix` is no argument of /v1/trades, which takes at, min_seq, limit, after, "
	         "slot"},
		{"/v1/bills/" KEY "?slot=1",
	         "`slot` is no argument of /v1/bills/, which takes at, min_seq, limit"},
		{"/v1/beacon?at=latest", "`at` is no argument of /v1/beacon, which takes block"},
		{"/v1/status?block=1", "`block` is no argument of /v1/status, which takes none"},
		{"/healthz?a%22%7fb=1", "`a\\\"?b` is no argument of /healthz, which takes none"},
		{"/metrics?=", "`?` is no argument of /metrics, which takes none"},
	};
	struct house *house = house_usual();
	struct wire *wire = wire_open(house);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		get(wire, wrong[i].path, 400);
		is_problem(wire, "malformed");
		if (!strstr(wire->body, wrong[i].detail))
			fail_msg("%s: %s", wrong[i].path, wire->body);
	}
	/* Beyond the longest that is looked at, and what follows it. */
	char path[500];
	snprintf(path, sizeof path, "/v1/state/a?prefix=1&after=%0300d&min_seq=99999", 0);
	get(wire, path, 400);
	assert_non_null(strstr(wire->body, "`after` has a value that is too long"));
	get(wire, "/v1/nothing?at=latest", 404);
	get(wire, "/v1/state/a/001?", 200);
	close(wire->fd);
	/* Of a submission, before its body is looked at. */
	wire = wire_open(house);
	say(wire, "POST /v1/envelopes?wiat=1 HTTP/1.1\r\n" COSE SALT "Content-Length: 3\r\n\r\n");
	assert_true(heard(wire));
	is_problem(wire, "malformed");
	assert_non_null(strstr(wire->body, "`wiat` is no argument of /v1/envelopes, which takes "
	                                   "wait, promise"));
	close(wire->fd);
	house_close(house);
}

int main(void)
{
	if (!ec_crypto_start())
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_argument_that_does_not_apply_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
