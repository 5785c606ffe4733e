/* http_metrics.c - /metrics: the node's figures and the door's own. */
#include "doors/http_request.h"
#include "doors/metrics.h"

#include <assert.h>
#include <inttypes.h>

void ec_http_metrics(struct ec_http_request *request)
{
	const struct ec_http_counters *counters = ec_http_counters(request->http);
	char room[EC_METRICS_SIZE_MAX];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_metrics_write(ec_http_daemon(request->http), &text);
	ec_text_add(&text, "# HELP edgecord_http_answers_total Answers of the HTTP door.\n"
	                   "# TYPE edgecord_http_answers_total counter\n");
	for (int class = 2; class <= 5; class ++)
		ec_text_add(&text, "edgecord_http_answers_total{class=\"%dxx\"} %" PRIu64 "\n",
		            class, counters->by_status[class]);
	assert(!text.cut);
	ec_json_raw_of(&request->answer, text.at, text.size);
	ec_http_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8");
}
