/* beacon.h - why there is no beacon, as both doors say it. */
#ifndef EC_DOORS_BEACON_H
#define EC_DOORS_BEACON_H

#include "doors/desk.h"

enum { EC_BEACON_WHY_SIZE = 192 };

/* What became of an ask for a beacon, for a client.  Out: why: a sentence; *retry_ms: after which
 * it may be asked for again, 0: that is no use.  Returns: EC_REASON_NONE when it is there; then
 * they say nothing. */
enum ec_reason ec_beacon_refusal(const struct ec_ledger *ledger,
                                 const struct ec_beacon_answer *answer,
                                 char why[static EC_BEACON_WHY_SIZE], uint32_t *retry_ms);

#endif
