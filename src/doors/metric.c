/* metric.c - one series in Prometheus' text format 0.0.4. */
#include "doors/metric.h"

#include <inttypes.h>

void ec_metric_head(struct ec_text *text, const char *name, const char *type, const char *help)
{
	ec_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void ec_metric_count(struct ec_text *text, const char *name, const char *help, uint64_t value)
{
	ec_metric_head(text, name, "counter", help);
	ec_text_add(text, "%s %" PRIu64 "\n", name, value);
}

void ec_metric_gauge(struct ec_text *text, const char *name, const char *help, int64_t value)
{
	ec_metric_head(text, name, "gauge", help);
	ec_text_add(text, "%s %" PRId64 "\n", name, value);
}

void ec_metric_seconds(struct ec_text *text, const char *name, const char *type, const char *help,
                       int64_t ns)
{
	ec_metric_head(text, name, type, help);
	ec_text_add(text, "%s %.9f\n", name, (double)ns / 1e9);
}
