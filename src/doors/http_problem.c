/* http_problem.c - what a refused request is told: a problem detail (RFC 9457). */
#include "doors/http_request.h"

#include <stdio.h>

void ec_http_problem(struct ec_http_request *request, enum ec_reason reason, uint32_t retry_ms,
                     const char *detail)
{
	struct ec_json *json = &request->answer;
	char type[64];
	unsigned status = ec_reason_status(reason);
	snprintf(type, sizeof type, "urn:edgecord:problem:%s", ec_reason_name(reason));
	json->size = 0;
	json->comma = false;
	ec_json_open(json, '{');
	ec_json_put_text(json, "type", type);
	ec_json_put_text(json, "title", ec_reason_text(reason));
	ec_json_put_uint(json, "status", status);
	ec_json_put_text(json, "detail", detail);
	ec_json_put_text(json, "remedy", ec_reason_remedy(reason));
	if (retry_ms)
		ec_json_put_uint(json, "retry_ms", retry_ms);
	ec_json_close(json, '}');
	request->retry_ms = retry_ms;
	request->location_of = NULL;
	ec_http_counters(request->http)->refused++;
	ec_http_answer(request, status, "application/problem+json");
}

void ec_http_bytes(struct ec_http_request *request, const char *media, struct ec_bytes bytes)
{
	ec_json_raw_of(&request->answer, bytes.data, bytes.size);
	ec_http_answer(request, 200, media);
}
