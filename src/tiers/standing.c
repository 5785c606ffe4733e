/* standing.c - how a member's history stands to what the cloud has anchored of its cell.
 *
 * A cell whose members were all put back to an old backup goes on from there, and nothing inside
 * the cell can notice.  The cloud's anchor can: stamps ascend along a history, so a block below the
 * anchored one that is stamped later is of another history, as is another header at its number.
 * Only a cell that has not made a block since looks like a member that is late; there patience
 * decides, and the answer is a suspicion. */
#include "tiers/standing.h"

static bool is_other(const struct ec_anchored *cloud, const struct ec_history_end *ours)
{
	if (ours->seq >= cloud->last.seq)
		return ours->found && !ec_hash_equal(&ours->header, &cloud->last.header);
	return cloud->stamp_ns > 0 && ours->stamp_ns > cloud->stamp_ns;
}

enum ec_standing ec_standing_judge(const struct ec_anchored *cloud,
                                   const struct ec_history_end *ours, struct ec_lag *lag)
{
	if (cloud->known && ours->seq > 0 && is_other(cloud, ours))
		return EC_STANDING_OTHER;
	if (!cloud->known || ours->seq >= cloud->last.seq) {
		*lag = (struct ec_lag){0};
		return ours->seq > (cloud->known ? cloud->last.seq : 0) ? EC_STANDING_NEWER
		                                                        : EC_STANDING_EVEN;
	}
	if (!ours->ready || ours->seq >= lag->block)
		*lag = (struct ec_lag){.block = cloud->last.seq};
	else if (lag->turns < EC_STANDING_TURNS_MAX)
		lag->turns++;
	return lag->turns == EC_STANDING_TURNS_MAX ? EC_STANDING_LOST : EC_STANDING_BEHIND;
}
