/* metrics_doors.c - the figures of the binary door and of the anchors. */
#include "doors/metrics_doors.h"

#include "doors/metric.h"

#include <inttypes.h>

void ec_metrics_door(const struct ec_door *door, struct ec_text *text)
{
	struct ec_hall_counters hall = ec_door_counters(door);
	ec_metric_gauge(text, "edgecord_door_connections", "Connections of the binary door.",
	                hall.lines);
	ec_metric_count(text, "edgecord_door_frames_total", "Requests that came over them.",
	                hall.frames);
	ec_metric_count(text, "edgecord_door_cut_total",
	                "Connections cut for silence, slowness or size.", hall.cut);
	ec_metric_count(text, "edgecord_door_turned_away_total",
	                "Connections for which there was no room.", hall.turned_away);
}

void ec_metrics_anchors(const struct ec_anchorer *anchorer, uint64_t certified,
                        struct ec_text *text)
{
	static const char name[] = "edgecord_anchors_total";
	struct ec_anchorer_counters counters;
	ec_anchorer_counters(anchorer, &counters);
	ec_metric_gauge(
		text, "edgecord_region_lag_entries",
		"Certified blocks that the cloud had not anchored at this node's last turn.",
		certified > counters.block ? (int64_t)(certified - counters.block) : 0);
	ec_metric_gauge(text, "edgecord_region_forked",
	                "Whether the cloud has anchored another history of this cell.",
	                counters.other);
	ec_metric_head(text, name, "counter", "This node's turns to anchor, by what came of them.");
	ec_text_add(text,
	            "%s{result=\"done\"} %" PRIu64 "\n%s{result=\"refused\"} %" PRIu64
	            "\n%s{result=\"unreached\"} %" PRIu64 "\n",
	            name, counters.anchored, name, counters.refused, name, counters.unreached);
}
