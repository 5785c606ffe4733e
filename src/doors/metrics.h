/* metrics.h - the figures of a node in Prometheus' text format 0.0.4. */
#ifndef EC_DOORS_METRICS_H
#define EC_DOORS_METRICS_H

#include "base/text.h"
#include "node/daemon.h"

enum { EC_METRICS_SIZE_MAX = 64 << 10 };

/* Adds all of them to `text`, of EC_METRICS_SIZE_MAX bytes. */
void ec_metrics_write(struct ec_daemon *daemon, struct ec_text *text);

#endif
