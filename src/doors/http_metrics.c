/* http_metrics.c - /metrics: the node's figures, the door's own, and those of its neighbours. */
#include "doors/http_request.h"
#include "doors/metric.h"
#include "doors/metrics.h"

#include <assert.h>
#include <inttypes.h>

static void put_answers(struct ec_text *text, const struct ec_http_counters *counters)
{
	static const char name[] = "edgecord_http_answers_total";
	ec_metric_head(text, name, "counter", "Answers of the HTTP door.");
	for (int class = 2; class <= 5; class ++)
		ec_text_add(text, "%s{class=\"%dxx\"} %" PRIu64 "\n", name, class,
		            counters->by_status[class]);
}

void ec_http_metrics(struct ec_http_request *request)
{
	const struct ec_http_config *config = ec_http_config(request->http);
	char room[EC_METRICS_SIZE_MAX];
	struct ec_text text = ec_text_over(room, sizeof room);
	ec_metrics_write(ec_http_daemon(request->http), &text);
	put_answers(&text, ec_http_counters(request->http));
	if (config->metrics)
		config->metrics(config->metrics_self, &text);
	assert(!text.cut);
	ec_json_raw_of(&request->answer, text.at, text.size);
	ec_http_answer(request, 200, "text/plain; version=0.0.4; charset=utf-8");
}
