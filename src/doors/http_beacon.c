/* http_beacon.c - GET /v1/beacon: the beacon of a block, with its proof. */
#include "doors/http_request.h"

#include "doors/beacon.h"

static void beacon_came(void *self, const struct ec_beacon_answer *came)
{
	struct ec_http_request *request = self;
	struct ec_ledger *ledger =
		ec_member_ledger(ec_daemon_member(ec_http_daemon(request->http)));
	struct ec_json *json = &request->answer;
	char why[EC_BEACON_WHY_SIZE];
	uint32_t retry_ms;
	request->asked = false;
	enum ec_reason reason = ec_beacon_refusal(ledger, came, why, &retry_ms);
	if (reason != EC_REASON_NONE) {
		ec_http_problem(request, reason, retry_ms, why);
		return;
	}
	ec_json_open(json, '{');
	ec_json_put_uint(json, "block", came->seq);
	ec_json_put_hash(json, "value", &came->value);
	ec_json_key(json, "proof");
	ec_json_hex(json, came->proof.data, came->proof.size);
	ec_json_close(json, '}');
	ec_http_answer(request, 200, "application/json");
}

void ec_http_beacon(struct ec_http_request *request)
{
	bool good = true;
	uint64_t block = ec_http_number(request, EC_ARG_BLOCK, 0, INT64_MAX, &good);
	if (!good || (request->given[EC_ARG_BLOCK] && block == 0)) {
		ec_http_problem(request, EC_REASON_MALFORMED, 0,
		                "block is the number of a block, from 1");
		return;
	}
	request->asked = true;
	ec_daemon_beacon(ec_http_daemon(request->http), block, beacon_came, request);
}
