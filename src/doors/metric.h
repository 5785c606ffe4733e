/* metric.h - one series in Prometheus' text format 0.0.4: help, type, value. */
#ifndef EC_DOORS_METRIC_H
#define EC_DOORS_METRIC_H

#include "base/text.h"

/* Help and type alone, for lines that follow; type: counter, gauge, histogram. */
void ec_metric_head(struct ec_text *text, const char *name, const char *type, const char *help);

/* With its value.  In: a counter's name ends with _total, that of a time with _seconds, or both. */
void ec_metric_count(struct ec_text *text, const char *name, const char *help, uint64_t value);
void ec_metric_gauge(struct ec_text *text, const char *name, const char *help, int64_t value);
void ec_metric_seconds(struct ec_text *text, const char *name, const char *type, const char *help,
                       int64_t ns);

#endif
