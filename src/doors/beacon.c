/* beacon.c - why there is no beacon, as both doors say it. */
#include "doors/beacon.h"

#include <inttypes.h>
#include <stdio.h>

/* Of a block that no quorum certified yet, as far as this node knows. */
static enum ec_reason not_yet(const struct ec_ledger *ledger, uint64_t seq,
                              char why[static EC_BEACON_WHY_SIZE])
{
	uint64_t certified = ec_ledger_certified(ledger), at = ec_ledger_at(ledger).seq;
	if (certified == 0)
		snprintf(why, EC_BEACON_WHY_SIZE, "no block is certified yet");
	else
		snprintf(why, EC_BEACON_WHY_SIZE,
		         "block %" PRIu64 " has no beacon before a quorum certified it; the newest "
		         "that is certified is block %" PRIu64,
		         seq, certified);
	return seq > at ? EC_REASON_BEHIND : EC_REASON_NOT_YET;
}

static enum ec_reason say(char why[static EC_BEACON_WHY_SIZE], enum ec_reason reason,
                          const char *text)
{
	snprintf(why, EC_BEACON_WHY_SIZE, "%s", text);
	return reason;
}

enum ec_reason ec_beacon_refusal(const struct ec_ledger *ledger,
                                 const struct ec_beacon_answer *answer,
                                 char why[static EC_BEACON_WHY_SIZE], uint32_t *retry_ms)
{
	*retry_ms = EC_RETRY_NOT_READY_MS;
	switch (answer->end) {
	case EC_BEACON_DONE:
		return EC_REASON_NONE;
	case EC_BEACON_NOT_YET:
		return not_yet(ledger, answer->seq, why);
	case EC_BEACON_BUSY:
		*retry_ms = EC_RETRY_BUSY_MS;
		return say(why, EC_REASON_BUSY, "too many beacons are asked for here");
	case EC_BEACON_ELSEWHERE:
		return say(why, EC_REASON_ELSEWHERE, "this node does not have that block yet");
	case EC_BEACON_LATE:
		return say(why, EC_REASON_NOT_READY,
		           "too few members gave their share in 5 s; is a quorum up?");
	case EC_BEACON_NO_KEYS:
		*retry_ms = 0;
		return say(why, EC_REASON_NOT_FOUND,
		           "the members share no keys in the era of this block: it has no beacon; "
		           "`edgecord node switch --keys` has them make some for a next era");
	case EC_BEACON_ERA_OVER:
		*retry_ms = 0;
		return say(why, EC_REASON_PRUNED,
		           "the era of this block ended, and its keys with it; a proof that was "
		           "fetched before is good for ever");
	case EC_BEACON_PRUNED:
		*retry_ms = 0;
		return say(why, EC_REASON_PRUNED, "this node keeps no block that old");
	default:
		return say(why, EC_REASON_NOT_READY, "this node cannot serve now");
	}
}
