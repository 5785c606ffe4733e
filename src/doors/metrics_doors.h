/* metrics_doors.h - the figures of the binary door and of the anchors. */
#ifndef EC_DOORS_METRICS_DOORS_H
#define EC_DOORS_METRICS_DOORS_H

#include "base/text.h"
#include "doors/anchorer.h"
#include "doors/door.h"

/* Adds them; at most 2 KiB. */
void ec_metrics_door(const struct ec_door *door, struct ec_text *text);

/* In: the node's newest certified block. */
void ec_metrics_anchors(const struct ec_anchorer *anchorer, uint64_t certified,
                        struct ec_text *text);

#endif
