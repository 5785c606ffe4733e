/* metric.h - one series in Prometheus' text format 0.0.4: help, type, value. */
#ifndef EC_DOORS_METRIC_H
#define EC_DOORS_METRIC_H

#include "base/text.h"

/* Help and type alone, for lines that follow; type: counter, gauge, histogram. */
void ec_metric_head(struct ec_text *text, const char *name, const char *type, const char *help);

/* A counter with its value.  In: name: ends with _total. */
void ec_metric_count(struct ec_text *text, const char *name, const char *help, uint64_t value);

/* What may go up and down, with its value. */
void ec_metric_gauge(struct ec_text *text, const char *name, const char *help, int64_t value);

/* A time, shown in seconds.  In: name: ends with _seconds, or _seconds_total of a counter; type:
 * counter or gauge. */
void ec_metric_seconds(struct ec_text *text, const char *name, const char *type, const char *help,
                       int64_t ns);

#endif
